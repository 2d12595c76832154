"""Baselines: the known failures of an endpoint, kept by its owner, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mockglm.conformance.checks import ALL_CHECKS
from mockglm.errors import FileError, Problem, nearest


def load_baseline(path: Path) -> Mapping[str, str]:
    """The reasons by the id of the check. Raises FileError with every mistake in the file."""
    # Imported here: few runs have a baseline.
    import yaml

    from mockglm import yaml_documents

    node = yaml_documents.compose(str(path), yaml_documents.read_file(path))
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        text = "must be a mapping of check ids to reasons"
        raise FileError([_problem(path, node.start_mark, text)])
    problems = list(_find_problems(path, node.value))
    if problems:
        raise FileError(problems)
    return {key.value: value.value for key, value in node.value}


def dump_baseline(failing: Iterable[tuple[str, str]]) -> str:
    """A baseline of pairs of id and finding, to be edited: each reason is the finding of today."""
    lines = (f"{id}: {_quoted(finding)}\n" for id, finding in failing)
    return "# Known failures; each needs a reason, and is removed when it passes.\n" + "".join(
        lines
    )


def _find_problems(path: Path, pairs: list[tuple[object, object]]) -> Iterator[Problem]:
    for key, value in pairs:
        id, reason = getattr(key, "value", None), getattr(value, "value", None)
        mark = getattr(key, "start_mark", None)
        if not isinstance(id, str) or id not in ALL_CHECKS:
            near = nearest(str(id), ALL_CHECKS)
            hint = f"; did you mean {near}?" if near else ""
            yield _problem(path, mark, f"there is no check {id}{hint}")
        if not isinstance(reason, str) or not reason.strip():
            yield _problem(path, mark, f"{id} needs a reason")


def _problem(path: Path, mark: object, text: str) -> Problem:
    line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
    return Problem(str(path), line + 1, column + 1, text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\n", " ") + "'"
