"""What stands in a file beside interactions: models, accounts, overload, where it is from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import UNSET

from mockglm.accounts import Account, Overload, Window
from mockglm.models import MODELS, Model, like
from mockglm.scenario import format, shape
from mockglm.scenario.compiling import pace
from mockglm.scenario.notes import Place, near
from mockglm.scenario.values import Recording

__all__ = ["accounts", "models", "overload", "recording"]

_UNITS: Mapping[str, float] = {
    "ms": 0.001,
    "s": 1,
    "": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 7 * 86400,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|)")


def models(written: Iterable[format.Model], place: Place) -> Mapping[str, Model]:
    """The file's own models, by id; one may be like one before it."""
    found: dict[str, Model] = {}
    for index, row in shape.right(written):
        base = found.get(row.like) or MODELS.get(row.like)
        if row.id in found:
            place.at(index, "id").note(f"`{row.id}` is here twice")
        if base is None:
            hint = near(row.like, MODELS)
            place.at(index, "like").note(f"no model `{row.like}` to be like{hint}")
            continue
        found[row.id] = replace(like(row.id, base), **_changes(row))
    return MappingProxyType(found)


def accounts(written: Iterable[format.Account], place: Place) -> tuple[Account, ...]:
    """The accounts; each key is one's alone."""
    found: dict[str, Account] = {}
    for index, row in shape.right(written):
        if row.key in found:
            place.at(index, "key").note("this key is another account's too")
        found[row.key] = _account(row, place.at(index))
    return tuple(found.values())


def overload(written: Iterable[format.Overload], place: Place) -> tuple[Overload, ...]:
    """The models that are overloaded, and for how long."""
    rows = shape.right(written)
    return tuple(Overload(row.model, _span(row.for_, place.at(at, "for"))) for at, row in rows)


def recording(written: format.Recording | None) -> Recording | None:
    return None if written is None else Recording(written.at, written.from_, written.by)


def _changes(row: format.Model) -> dict[str, Any]:
    given = {
        name: value
        for name, value in msgspec.structs.asdict(row).items()
        if name not in ("id", "like") and value is not UNSET
    }
    return given | ({"pace": pace(row.pace)} if isinstance(row.pace, format.Pace) else {})


def _account(row: format.Account, place: Place) -> Account:
    concurrency = row.concurrency
    if isinstance(concurrency, int):
        concurrency = {"*": concurrency}
    plan = (
        Window(_seconds(window.window, place.at("plan", index, "window")), window.requests)
        for index, window in enumerate(row.plan)
    )
    return Account(
        key=row.key,
        balance=row.balance,
        concurrency=tuple((concurrency or {}).items()),
        plan=tuple(plan),
        models=None if row.models is None else tuple(row.models),
        denied=(row.denied,) if isinstance(row.denied, str) else tuple(row.denied),
        state=row.state,
    )


def _span(text: str | None, place: Place) -> float | None:
    return None if text is None else _seconds(text, place)


def _seconds(text: str, place: Place) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        place.note(f"`{text}` is no duration; write 30s, 5m, 5h or 7d")
        return 0.0
    return float(match[1]) * _UNITS[match[2]]
