"""The configuration of a test's session: the keywords of `glm_config`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from msgspec import Struct

from mockglm.errors import UsageError, nearest
from mockglm.generations import parse_day
from mockglm.server import Profile, Settings
from mockglm.validation import Policy

KEY = "0123456789abcdef0123456789abcdef.mockglmmockglm00"
"""A key in the form of a real one, so that an SDK can sign a JWT with it."""

CHOICES: Mapping[str, tuple[str, ...]] = {"profile": get_args(Profile), "policy": get_args(Policy)}


class Config(Struct, frozen=True, kw_only=True):
    """The behaviour of one session.

    * `profile`: the site that is mocked, `bigmodel` or `zai`; `policy`: the rules that refuse a
      request, `default`, `strict` or `lenient`; `seed`: the seed of everything random.
    * `as_of`: the day or month whose form responses have, as 2025-11; None is the present form.
    * `speed`: 0 answers at once, 1 at the pace of the model. Durations of faults are never scaled.
    * `api_key`: the value of `glm.api_key`; `accept`: the keys that are accepted, None for any.
    * `strict`: standing rules and scenarios that matched no request fail the test too.
    * `allow_misses`, `allow_unused`: requests that nothing matched, and queued replies that were
      not used, do not fail the test.
    * `guard`: calls of open.bigmodel.cn or api.z.ai from this process are blocked and fail the
      test.
    """

    profile: Profile = "bigmodel"
    policy: Policy = "default"
    seed: str = "mockglm"
    as_of: str | None = None
    speed: float = 0.0
    api_key: str = KEY
    accept: Iterable[str] | None = None
    strict: bool = False
    allow_misses: bool = False
    allow_unused: bool = False
    guard: bool = True

    @classmethod
    def read(cls, *written: Mapping[str, Any]) -> Config:
        """Merge mappings; later ones win. Raises UsageError for unknown names and values."""
        merged = {name: value for part in written for name, value in part.items()}
        names = cls.__struct_fields__
        for name, value in merged.items():
            if name not in names:
                raise UsageError(f"glm_config has no {name!r}{_hint(name, names)}")
            if name == "as_of" and value is not None:
                _check_day(value)
            if name in CHOICES and value not in CHOICES[name]:
                raise UsageError(f"{name}={value!r}: expected {' or '.join(CHOICES[name])}")
        return cls(**merged)

    @property
    def settings(self) -> Settings:
        """The settings of a session with this configuration, where a miss is an error."""
        return Settings(
            profile=self.profile,
            policy=self.policy,
            accept=None if self.accept is None else frozenset(self.accept),
            speed=self.speed,
            on_miss="error",
            seed=self.seed,
            as_of=None if self.as_of is None else parse_day(self.as_of),
        )


def _check_day(text: object) -> None:
    try:
        parse_day(str(text))
    except ValueError as error:
        raise UsageError(f"as_of={text!r}: {error}") from error


def _hint(name: str, names: Iterable[str]) -> str:
    near = nearest(name, names)
    return f"; did you mean {near!r}?" if near else f"; known are {', '.join(names)}"
