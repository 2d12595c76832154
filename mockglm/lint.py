"""Lint: problems of scenario and cassette files that load all the same: keys in them, age,
emptiness, what can never be played."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from mockglm.errors import FileError, Problem
from mockglm.exchange import Response
from mockglm.redaction import MIN_LENGTH, Redactor, secret_parameters
from mockglm.scenarios import FileListener, Interaction, Scenario, find_files, parse, yaml_nodes
from mockglm.scenarios.problems import Problems, describe_error
from mockglm.yaml_documents import read_file

DAY = 86400
UNKNOWN = "unknown"
"""The time or base URL of a recording whose tool did not keep it."""


class LintLimits(Struct, frozen=True):
    """The limits of lint: the oldest a recording may be, in days (None for any age), at
    which time (unix seconds), and the keys that are known by their value."""

    now: float
    days: float | None = None
    secrets: tuple[str, ...] = ()


def lint_files(
    paths: Iterable[str | Path], limits: LintLimits, on_file: FileListener | None = None
) -> tuple[Problem, ...]:
    """Every problem of files, and of those in folders and below, in order of file and place.

    `on_file` is called before each file. Raises UsageError for a path that is not there.
    """
    names: dict[str, Path] = {}
    found: list[Problem] = []
    files = list(find_files(paths))
    for number, path in enumerate(files):
        if on_file:
            on_file(path, number, len(files))
        other = names.setdefault(path.stem, path)
        if other != path:
            found.append(Problem(str(path), 1, 1, f"the name `{path.stem}` is taken by {other}"))
        found.extend(sorted(_problems(path, limits)))
    return tuple(found)


def _problems(path: Path, limits: LintLimits) -> set[Problem]:
    try:
        return set(_file(path, limits))
    # One file that has lint fail does not keep it from the others.
    except Exception as error:
        return {Problem(str(path), 1, 1, describe_error(error))}


def _file(path: Path, limits: LintLimits) -> Iterator[Problem]:
    redactor = Redactor(limits.secrets)
    known = {secret.encode() for secret in limits.secrets}
    try:
        source = read_file(path)
    except FileError as error:
        yield from error.problems
        return
    try:
        scenario = parse(source, path)
    except FileError as error:
        yield from _secrets(path, source, redactor)
        yield from error.problems
        return
    yield from _parameters(scenario, redactor)
    # An account's key is there to be used by clients of this file.
    listed = {account.key.encode() for account in scenario.accounts} - known
    yield from _secrets(path, source, redactor, listed=listed)
    yield from _hidden(scenario, source, redactor)
    yield from _provenance(scenario, source)
    yield from _age(scenario, source, limits)
    yield from _empty(scenario)
    yield from _doubled(scenario, source)


def _parameters(scenario: Scenario, redactor: Redactor) -> Iterator[Problem]:
    """Learn what queries call a key; what is too short to be found by its value is told here."""
    for interaction in scenario.interactions:
        for secret in secret_parameters(interaction.request.query) if interaction.request else ():
            redactor.learn(secret)
            if len(secret) < MIN_LENGTH:
                yield _at(interaction, "this contains an API key: remove it, and revoke it")


def _secrets(
    path: Path, source: bytes, redactor: Redactor, *, listed: Container[bytes] = ()
) -> Iterator[Problem]:
    """Keys as anybody sees them who opens the file, but for those that it lists."""
    for start, end in redactor.places(source):
        if source[start:end] in listed:
            continue
        line = source.count(b"\n", 0, start) + 1
        column = start - source.rfind(b"\n", 0, start)
        yield Problem(str(path), line, column, "this is an API key: remove it, and revoke it")


def _hidden(scenario: Scenario, source: bytes, redactor: Redactor) -> Iterator[Problem]:
    """Keys that only decoding shows: in base64, in escapes, cut across frames."""
    if redactor.places(source):
        return
    for interaction in scenario.interactions:
        bodies = [step.response.body for step in interaction.steps if step.response is not None]
        if interaction.request is not None:
            bodies.append(interaction.request.body)
        if any(map(redactor.places, bodies)):
            yield _at(interaction, "this contains an API key: remove it, and revoke it")


def _provenance(scenario: Scenario, source: bytes) -> Iterator[Problem]:
    """A source that says nothing, by docs/cassette-format.md: no time and not `unknown`, no URL."""
    found = scenario.provenance
    if found is None:
        return
    line = _line(source, b"recorded:")
    if found.at != UNKNOWN and _days(found.at, 0) is None:
        yield Problem(scenario.path, line, 1, f"recorded at `{found.at}`: not a time of ISO 8601")
    if found.origin != UNKNOWN and not found.origin.startswith(("http://", "https://")):
        yield Problem(scenario.path, line, 1, f"recorded from `{found.origin}`: not a base URL")


def _age(scenario: Scenario, source: bytes, limits: LintLimits) -> Iterator[Problem]:
    if scenario.provenance is None or limits.days is None:
        return
    line = _line(source, b"recorded:")
    days = _days(scenario.provenance.at, limits.now)
    if days is None:
        message = f"the age is unknown: `{scenario.provenance.at}` is not a date"
        yield Problem(scenario.path, line, 1, message)
    elif days > limits.days:
        message = f"recorded {days:.0f} days ago, more than {limits.days:g}: record it again"
        yield Problem(scenario.path, line, 1, message)


def _empty(scenario: Scenario) -> Iterator[Problem]:
    limits = scenario.accounts or scenario.overload or scenario.load
    has_rules = limits or scenario.models or scenario.keys_listed
    if not scenario.interactions and (scenario.provenance or not has_rules):
        yield Problem(scenario.path, 1, 1, "the file has no interactions")
    for interaction in scenario.interactions:
        if interaction.request is not None and _is_nothing(interaction.steps[0].response):
            yield _at(interaction, "the response is empty")


def _doubled(scenario: Scenario, source: bytes) -> Iterator[Problem]:
    """Interactions that an earlier one leaves nothing to do, or that were written twice."""
    seen: dict[str, Interaction] = {}
    for written, interaction in zip(_written(source), scenario.interactions, strict=True):
        left = written if interaction.request is not None else written.get("when")
        first = seen.setdefault(repr(left), interaction)
        if first is interaction or not _is_endless(first):
            continue
        if interaction.request is not None:
            yield _at(interaction, f"the same as line {_number(first)}, word for word")
        else:
            yield _at(interaction, f"never plays: line {_number(first)} answers all it would")


def _written(source: bytes) -> list[dict[str, Any]]:
    root = yaml_nodes.compose_nodes(Problems("", source))
    assert isinstance(root, yaml.MappingNode)
    values = yaml_nodes.to_python(root)
    return list(values.get("interactions") or ())


def _is_endless(interaction: Interaction) -> bool:
    """True if it answers without end: neither `times` nor `chance` bounds it."""
    when = interaction.when
    is_chancy = when is not None and when.chance is not None
    return interaction.times is None and interaction.steps[-1].times is None and not is_chancy


def _is_nothing(answer: Response | None) -> bool:
    return answer is not None and answer.status == 200 and answer.end == "done" and not answer.body


def _days(at: str, now: float) -> float | None:
    try:
        then = datetime.fromisoformat(at)
        return (now - then.replace(tzinfo=then.tzinfo or UTC).timestamp()) / DAY
    except (ValueError, OverflowError):
        return None


def _line(source: bytes, key: bytes) -> int:
    """The line a key of the file is in."""
    lines = source.split(b"\n")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(key)), 1)


def _at(interaction: Interaction, message: str) -> Problem:
    path, _, _ = interaction.location.rpartition(":")
    return Problem(path, _number(interaction), 1, message)


def _number(interaction: Interaction) -> int:
    return int(interaction.location.rpartition(":")[2])
