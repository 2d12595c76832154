"""The cassettes of tests, recorded with the key of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from mockglm import recorder
from mockglm.api_keys import KEY_VARIABLES, find_api_key
from mockglm.errors import UsageError
from mockglm.recorder import Mode, Recording, Upstream
from mockglm.scenarios import Scenario


class KeyedUpstream(Upstream):
    """The service, called with the key of the environment whatever key the client sends: the
    fixture's own key has the form of a real one."""

    def authorization(self, header: str) -> str:
        return f"Bearer {self.key}"


class Recordings:
    """The cassettes that tests of one process record into; several tests may share one.

    The first test that opens a cassette decides what its mode means: the recordings that later ones
    find were made in this run. `load` reads a file, again only if it has changed.
    """

    def __init__(
        self, load: Callable[[Path], Scenario], environment: Mapping[str, str] = os.environ
    ) -> None:
        self._load = load
        self._environment = environment
        self._opened: dict[tuple[Path, Mode], list[tuple[str, Recording]]] = {}

    def open(
        self, path: Path, mode: Mode, *, upstream: str, allowed: Iterable[str] = (), owner: str
    ) -> Recording:
        """Open a cassette to replay it, and to record into it as the mode says.

        The owner is the test, the same for each of its attempts. Raises UsageError where there is
        neither a recording to replay nor a service and a key to record with, UpstreamError for a
        service that is not allowed, FileError for a cassette that cannot be read.
        """
        if mode == "none":
            return self._replayed(path)
        service = partial(self._service, path, mode, upstream=upstream, allowed=allowed)
        earlier = self._opened.setdefault((path.resolve(), mode), [])
        if earlier:
            played = earlier[0][1].played
            is_alone = all(one == owner for one, opened in earlier if _has_recorded(opened))
            again: Mode = "all" if is_alone and not played else "new"
            opened = replace(recorder.open_recording(path, again, service), played=played)
        else:
            opened = recorder.open_recording(path, mode, service)
        if opened.recorder is not None:
            earlier.append((owner, opened))
        return opened

    def _replayed(self, path: Path) -> Recording:
        if path.exists():
            return Recording((self._load(path),), None)
        raise UsageError(
            f"there is no cassette {path}; record it with --glm-cassettes once "
            "--glm-upstream https://open.bigmodel.cn/api/paas/v4"
        )

    def _service(
        self, path: Path, mode: Mode, *, upstream: str, allowed: Iterable[str]
    ) -> KeyedUpstream:
        key = find_api_key(self._environment, Path.cwd())
        if not upstream or not key:
            missing = (
                "--glm-upstream URL" if not upstream else f"a key in {KEY_VARIABLES[0]} or .env"
            )
            raise UsageError(f"recording {path} ({mode}) needs {missing}")
        return KeyedUpstream(upstream, allowed=allowed, key=key)


def _has_recorded(opened: Recording) -> bool:
    """True if a cassette has new recordings, which its next opening must not overwrite."""
    cassette = opened.recorder.cassette if opened.recorder else None
    return cassette is not None and cassette.count > 0
