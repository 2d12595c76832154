"""Every exception of the package, and the hint that many of them end with.

MockGLMError
├── FileError        a scenario or cassette cannot be used: each mistake with its place
├── StoreError       the store of session state cannot be used
│   ├── ScenariosDifferError   replicas serve different files
│   └── UnreadableStateError   the state of one session cannot be read
├── StreamError      a recorded stream has no meaning that could be joined
├── FaultError       a fault that this answer or this transport cannot do
├── UpstreamError    the service to record from cannot be used
└── UsageError       an option, a name or a path that does not fit
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class MockGLMError(Exception):
    """The root of all that mockglm raises on purpose."""


class Problem(Struct, frozen=True, order=True):
    """One mistake in a file: its place (line and column from 1), what is wrong, what was meant.

    What was not written in a file has no line: that is 0.
    """

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.message}"


class FileError(MockGLMError):
    """A file cannot be used. `problems` holds every mistake found, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class StoreError(MockGLMError):
    """The store of session state cannot be reached."""


class ScenariosDifferError(StoreError):
    """The store was declared for other scenarios than this process serves; both are digests."""

    def __init__(self, own: str, declared: str) -> None:
        super().__init__(
            f"this replica serves other scenarios ({own[:8]}) than were declared last "
            f"({declared[:8]}); all replicas need the same files"
        )


class UnreadableStateError(StoreError):
    """The state of a session cannot be read: it was damaged, or written by another version."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"the state of the session cannot be read: {error}")


class StreamError(MockGLMError):
    """A recorded stream has no meaning that could be joined. `at` is the byte it fails at."""

    def __init__(self, message: str, at: int) -> None:
        self.at = at
        super().__init__(f"byte {at}: {message}")


class FaultError(MockGLMError):
    """A fault cannot be done here. `name` is the fault's, as the catalogue has it."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f"fault {name}: {reason}")


class UpstreamError(MockGLMError):
    """The service to record from cannot be used. `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(f"{message}\n{hint}" if hint else message)


class UsageError(MockGLMError):
    """An option, a name or a path that does not fit; the message names the nearest that does."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; "" where none is like it."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), n=1)), "")
