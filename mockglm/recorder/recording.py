"""A cassette opened in a mode: its recordings to replay, and the recorder that adds to them.

The modes are those of vcrpy (https://vcrpy.readthedocs.io/en/latest/usage.html#record-modes). A
response that was recorded in this run is not replayed in it: a client that sends the same request
again, as one that polls does, reaches the service again, and both responses are kept in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct

from mockglm.cassettes import CassetteWriter, load, prepare_folder
from mockglm.recorder.recorder import OnRecorded, PrintLine, Recorder
from mockglm.recorder.upstream import Upstream
from mockglm.redaction import Redactor
from mockglm.scenarios import Scenario

Mode = Literal["once", "new", "all", "none"]

MODES: Mapping[str, str] = {
    "once": "Record a cassette that is missing or empty; otherwise only replay it.",
    "new": "Replay each recording once, and record all other requests.",
    "all": "Record all requests, and begin the cassette again.",
    "none": "Only replay.",
}
"""The effect of each mode; `once` is the default."""

assert tuple(MODES) == get_args(Mode)


class RecordingPlan(Struct, frozen=True):
    """The effect of a mode: recordings are replayed, other requests are recorded, the cassette is
    begun again."""

    replays: bool
    records: bool
    overwrites: bool = False


class Recording(Struct, frozen=True):
    """An opened cassette: the scenarios to replay, and the recorder, if anything is recorded."""

    played: tuple[Scenario, ...]
    recorder: Recorder | None

    @property
    def replays(self) -> bool:
        return bool(self.played)


def plan_recording(mode: Mode, *, is_empty: bool) -> RecordingPlan:
    """Return the effect of a mode on a cassette, which is empty, or not there, or neither."""
    if mode == "all":
        return RecordingPlan(replays=False, records=True, overwrites=True)
    if mode == "none":
        return RecordingPlan(replays=True, records=False)
    return RecordingPlan(replays=not is_empty, records=is_empty or mode == "new")


def open_recording(
    path: Path,
    mode: Mode,
    make_upstream: Callable[[], Upstream],
    *,
    print_line: PrintLine = lambda line: None,
    on_recorded: OnRecorded = lambda recorded: None,
) -> Recording:
    """Open a cassette to replay it and to record into it, as the mode says.

    `make_upstream` is called only if something is recorded. Raises FileError for a cassette that
    cannot be read, UsageError for a folder that cannot be written to, UpstreamError for a service
    that cannot be used, and what `make_upstream` raises.
    """
    existing = load(path)
    plan = plan_recording(mode, is_empty=existing is None or not existing.interactions)
    played = (existing,) if existing is not None and plan.replays else ()
    if not plan.records:
        return Recording(played, None)
    upstream = make_upstream()
    upstream.open_client()
    prepare_folder(path.parent)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    how = f"mockglm record --mode {mode}"
    cassette = CassetteWriter(path, origin=upstream.base, at=at, how=how, overwrite=plan.overwrites)
    redactor = Redactor((upstream.key,) if upstream.key else ())
    recorder = Recorder(
        upstream, cassette, redactor, print_line=print_line, on_recorded=on_recorded
    )
    return Recording(played, recorder)
