"""The settings of a run, read from options and environment before anything is sent."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from mockglm import api_keys
from mockglm.conformance import store
from mockglm.conformance.baseline import load_baseline
from mockglm.conformance.sets import CHAT_SET, CheckSet, find_set, set_of_url
from mockglm.conformance.target import Target, parse_base_url, parse_headers, parse_key
from mockglm.conformance.transport import ReadLimits, load_certificates
from mockglm.errors import UsageError

if TYPE_CHECKING:
    from ssl import SSLContext

_LONGEST = 86_400
"""Seconds of a day."""


class RunSettings(Struct, frozen=True, kw_only=True):
    """The options of a run.

    `baseline` has reasons by the id of the check. `replay` is a folder with the exchanges of a
    run; `recorded` are any recordings, judged instead of the target. `trust` of None is the usual
    certificates.
    """

    target: Target
    check_set: CheckSet = CHAT_SET
    disruptive: bool = False
    strict: bool = False
    soak: int = 0
    max_requests: int | None = None
    max_tokens: int | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)
    baseline: Mapping[str, str] = field(default_factory=dict)
    replay: Path | None = None
    recorded: tuple[Path, ...] = ()
    trust: SSLContext | None = None
    report: Path | None = None
    record_to: Path | None = None
    write_baseline: Path | None = None
    junit: Path | None = None


def read_settings(
    values: Mapping[str, Any], environ: Mapping[str, str], folder: Path
) -> RunSettings:
    """The settings of options by their names; the key is the environment's or of `folder`/.env.

    Raises FileError for a wrong baseline, UsageError for options that do not fit each other and
    for outputs that cannot be written.
    """
    if values["record_to"] and (values["replay_from"] or values["recording"]):
        raise UsageError("nothing is sent, so that there is nothing to be kept in --record-to")
    settings = RunSettings(
        target=_read_target(values, api_keys.find_api_key(environ, folder)),
        check_set=_read_set(values),
        disruptive=values["disruptive"],
        strict=values["strict"],
        soak=values["soak"],
        max_requests=values["max_requests"],
        max_tokens=values["max_tokens"],
        limits=_read_limits(values["timeout"], values["pause"]),
        baseline=load_baseline(Path(values["baseline"])) if values["baseline"] else {},
        replay=_path(values["replay_from"]),
        recorded=tuple(map(Path, values["recording"])),
        trust=load_certificates(Path(values["ca"])) if values["ca"] else None,
        report=_path(values["report"]),
        record_to=_path(values["record_to"]),
        write_baseline=_path(values["write_baseline"]),
        junit=_path(values["junitxml"]),
    )
    if not values["plan"]:
        _prepare_outputs(settings)
    return settings


def _read_set(values: Mapping[str, Any]) -> CheckSet:
    """The set of checks: the one that is named, or that of the URL or of the recordings."""
    if values["set"]:
        return find_set(values["set"])
    recorded = values["recording"] or (values["replay_from"] and [values["replay_from"]])
    if recorded:
        return store.recorded_set(*map(Path, recorded))
    return set_of_url(values["url"] or "")


def _read_target(values: Mapping[str, Any], key: str) -> Target:
    return Target(
        url=parse_base_url(values["url"]) if values["url"] else "",
        model=values["model"],
        key=parse_key(key) if values["url"] else key,
        run=secrets.token_hex(3),
        deterministic=values["deterministic"],
        failing=values["failing"],
        headers=parse_headers(values["header"]),
    )


def _read_limits(timeout: float, pause: float) -> ReadLimits:
    if not 0 < timeout <= _LONGEST or not 0 <= pause <= _LONGEST:
        raise UsageError(f"--timeout and --pause are seconds, at most {_LONGEST}")
    return ReadLimits(whole=timeout, pause=pause)


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _prepare_outputs(settings: RunSettings) -> None:
    """Make the folders of a run, so that it does not fail to write after it has cost something."""
    for folder in (settings.report, settings.record_to):
        if folder:
            _make_folder(folder)
    for file in (settings.write_baseline, settings.junit):
        if file:
            _check_file(file)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be made a folder: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"{path} cannot be written to")


def _check_file(path: Path) -> None:
    _make_folder(path.parent)
    if path.is_dir():
        raise UsageError(f"{path} is a folder, and a file is to be written")
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageError(f"{path} cannot be written to")
