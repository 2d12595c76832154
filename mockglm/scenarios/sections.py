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
from mockglm.scenarios import reader, schema
from mockglm.scenarios.compiler import compile_pace
from mockglm.scenarios.problems import NodePath, suggestion
from mockglm.scenarios.values import Provenance

YEAR = 366 * DAY
"""The longest window of a plan, and the longest overload that ends, in seconds."""


def compile_models(written: Iterable[schema.ModelSpec], place: NodePath) -> Mapping[str, Model]:
    """The file's own models, by id; one may be like one before it."""
    found: dict[str, Model] = {}
    for index, row in reader.valid_items(written):
        base = found.get(row.like) or MODELS.get(row.like)
        if row.id in found:
            place.at(index, "id").report(f"`{row.id}` is here twice")
        if base is None:
            hint = suggestion(row.like, MODELS)
            place.at(index, "like").report(f"no model `{row.like}` to be like{hint}")
            continue
        found[row.id] = replace(like(row.id, base), **_changes(row))
    return MappingProxyType(found)


def compile_accounts(written: Iterable[schema.AccountSpec], place: NodePath) -> tuple[Account, ...]:
    """The accounts; each key is one's alone."""
    found: dict[str, Account] = {}
    for index, row in reader.valid_items(written):
        if row.key in found:
            place.at(index, "key").report("this key is another account's too")
        found[row.key] = _account(row, place.at(index))
    return tuple(found.values())


def compile_overloads(
    written: Iterable[schema.OverloadSpec], place: NodePath
) -> tuple[Overload, ...]:
    """The models that are overloaded, and for how long."""
    rows = reader.valid_items(written)
    return tuple(Overload(row.model, _span(row.for_, place.at(at, "for"))) for at, row in rows)


def compile_provenance(written: schema.RecordingSpec | None) -> Provenance | None:
    return None if written is None else Provenance(written.at, written.from_, written.by)


def _changes(row: schema.ModelSpec) -> dict[str, Any]:
    given = {
        name: value
        for name, value in msgspec.structs.asdict(row).items()
        if name not in ("id", "like") and value is not UNSET
    }
    return given | (
        {"pace": compile_pace(row.pace)} if isinstance(row.pace, schema.PaceSpec) else {}
    )


def _account(row: schema.AccountSpec, place: NodePath) -> Account:
    concurrency = row.concurrency
    if isinstance(concurrency, int):
        concurrency = {"*": concurrency}
    plan = (
        Window(_seconds(window.window, place.at("plan", index, "window")), window.requests)
        for index, window in enumerate(row.plan)
    )
    balance, unit = _balance(row.balance, place.at("balance"))
    if row.prices and not isinstance(row.balance, float):
        place.at("prices").report("`prices` are what a balance in yuan goes down by")
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


def _balance(
    written: float | schema.PackageSpec | None, place: NodePath
) -> tuple[float | None, Unit]:
    if not isinstance(written, schema.PackageSpec):
        return written, "yuan"
    if (written.tokens is None) == (written.requests is None):
        place.report("write {tokens: N} or {requests: N}, one of the two")
    if written.tokens is not None:
        return written.tokens, "tokens"
    return written.requests, "requests"


def _prices(written: Mapping[str, schema.PriceSpec]) -> Prices:
    return tuple(
        (model, Price(price.input, price.output, price.cached)) for model, price in written.items()
    )


def _span(text: str | None, place: NodePath) -> float | None:
    return None if text is None else _seconds(text, place)


def _seconds(text: str, place: NodePath) -> float:
    try:
        return duration(text, YEAR)
    except ValueError as error:
        place.report(str(error))
        return 0.0
