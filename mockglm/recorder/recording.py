"""A cassette and a service made ready: what of it is played, and who records what is not in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from mockglm.cassettes import CassetteWriter, load, prepare_folder
from mockglm.recorder.modes import Mode, plan
from mockglm.recorder.recorder import Recorder, Tell, Watch
from mockglm.recorder.upstream import Upstream
from mockglm.redaction import Redactor
from mockglm.scenarios import Scenario


class Recording(Struct, frozen=True):
    """What a mode makes of a cassette: what of it is played, and the recorder, None if nothing is
    recorded."""

    played: tuple[Scenario, ...]
    recorder: Recorder | None

    @property
    def plays(self) -> bool:
        return bool(self.played)


def begin(
    path: Path,
    mode: Mode,
    service: Callable[[], Upstream],
    *,
    tell: Tell = lambda line: None,
    watch: Watch = lambda passed: None,
) -> Recording:
    """Make ready to play a cassette, and to record into it as the mode has it; `service` is called
    only if something is recorded.

    Raises FileError for a cassette that cannot be read, UsageError for a folder that cannot be
    written to, UpstreamError for a service that cannot be asked, and what `service` raises.
    """
    there = load(path)
    planned = plan(mode, there is None or not there.interactions)
    played = (there,) if there is not None and planned.plays else ()
    if not planned.records:
        return Recording(played, None)
    upstream = service()
    upstream.open()
    prepare_folder(path.parent)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    cassette = CassetteWriter(path, origin=upstream.base, at=at, anew=planned.anew)
    redactor = Redactor((upstream.key,) if upstream.key else ())
    return Recording(played, Recorder(upstream, cassette, redactor, tell=tell, watch=watch))
