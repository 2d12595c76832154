"""What stands in a file beside interactions: models, accounts, overload, where it is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from mockglm.accounts import Account, Overload, Price, Prices, Unit, Window
from mockglm.faults.options import DAY, duration
from mockglm.models import MODELS, Model, like
from mockglm.scenario import format, shape
from mockglm.scenario.compiling import pace
from mockglm.scenario.notes import Place, near
from mockglm.scenario.values import Recording

__all__ = ["accounts", "models", "overload", "recording"]

YEAR = 366 * DAY
"""The longest window of a plan, and the longest overload that ends, in seconds."""


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
    balance, unit = _balance(row.balance, place.at("balance"))
    if row.prices and not isinstance(row.balance, float):
        place.at("prices").note("`prices` are what a balance in yuan goes down by")
    return Account(
        key=row.key,
        balance=balance,
        unit=unit,
        prices=_prices(row.prices),
        concurrency=tuple((concurrency or {}).items()),
        plan=tuple(plan),
        models=None if row.models is None else tuple(row.models),
        denied=(row.denied,) if isinstance(row.denied, str) else tuple(row.denied),
        state=row.state,
    )


def _balance(written: float | format.Package | None, place: Place) -> tuple[float | None, Unit]:
    if not isinstance(written, format.Package):
        return written, "yuan"
    if (written.tokens is None) == (written.requests is None):
        place.note("write {tokens: N} or {requests: N}, one of the two")
    if written.tokens is not None:
        return written.tokens, "tokens"
    return written.requests, "requests"


def _prices(written: Mapping[str, format.Price]) -> Prices:
    return tuple(
        (model, Price(price.input, price.output, price.cached)) for model, price in written.items()
    )


def _span(text: str | None, place: Place) -> float | None:
    return None if text is None else _seconds(text, place)


def _seconds(text: str, place: Place) -> float:
    try:
        return duration(text, YEAR)
    except ValueError as error:
        place.note(str(error))
        return 0.0
