"""The other sections of a file: models, accounts, overload and provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from mockglm.accounts import (
    LEVELS,
    Account,
    CreditRate,
    Level,
    LoadCurve,
    Overload,
    Price,
    Prices,
    Rates,
    Unit,
    Window,
)
from mockglm.faults.options import DAY, duration
from mockglm.generations import parse_day
from mockglm.models import MODELS, Model, like
from mockglm.scenarios import reader, schema
from mockglm.scenarios.compiler import compile_pace
from mockglm.scenarios.problems import NodePath, suggestion
from mockglm.scenarios.values import Provenance

MAX_DURATION = 366 * DAY
"""Seconds of the longest window of a plan and of the longest overload."""


def compile_models(spec: Iterable[schema.ModelSpec], place: NodePath) -> Mapping[str, Model]:
    """The models of the file by id; each may be like one before it."""
    found: dict[str, Model] = {}
    for index, row in reader.valid_items(spec):
        base = found.get(row.like) or MODELS.get(row.like)
        if row.id in found:
            place.at(index, "id").report(f"duplicate model `{row.id}`")
        if base is None:
            hint = suggestion(row.like, MODELS)
            place.at(index, "like").report(f"unknown model `{row.like}`{hint}")
            continue
        found[row.id] = replace(like(row.id, base), **_model_changes(row))
    return MappingProxyType(found)


def compile_accounts(spec: Iterable[schema.AccountSpec], place: NodePath) -> tuple[Account, ...]:
    """The accounts of the file, each with a key of its own."""
    found: dict[str, Account] = {}
    for index, row in reader.valid_items(spec):
        if row.key in found:
            place.at(index, "key").report("another account has this key, too")
        found[row.key] = _compile_account(row, place.at(index))
    return tuple(found.values())


def compile_overloads(spec: Iterable[schema.OverloadSpec], place: NodePath) -> tuple[Overload, ...]:
    """The overloaded models, each with its duration."""
    rows = reader.valid_items(spec)
    return tuple(
        Overload(row.model, _compile_duration(row.for_, place.at(at, "for"))) for at, row in rows
    )


def compile_load(spec: schema.LoadSpec | None) -> LoadCurve | None:
    if spec is None:
        return None
    return LoadCurve(free=spec.free, slowdown=spec.slowdown, overload=spec.overload)


def compile_day(text: str | None, place: NodePath) -> date | None:
    try:
        return None if text is None else parse_day(text)
    except ValueError as error:
        place.report(str(error))
        return None


def compile_provenance(spec: schema.RecordingSpec | None) -> Provenance | None:
    if spec is None:
        return None
    return Provenance(spec.at, spec.from_, spec.by, spec.model or "", spec.how or "")


def _model_changes(row: schema.ModelSpec) -> dict[str, Any]:
    given = {
        name: value
        for name, value in msgspec.structs.asdict(row).items()
        if name not in ("id", "like") and value is not UNSET
    }
    return given | (
        {"pace": compile_pace(row.pace)} if isinstance(row.pace, schema.PaceSpec) else {}
    )


def _compile_account(row: schema.AccountSpec, place: NodePath) -> Account:
    concurrency = row.concurrency
    if isinstance(concurrency, int):
        concurrency = {"*": concurrency}
    plan, level = _compile_plan(row.plan, place.at("plan"))
    if row.rates and not any(window.counts == "credits" for window in plan):
        place.at("rates").report("`rates` need a plan that counts credits")
    balance, unit = _compile_balance(row.balance, place.at("balance"))
    if row.prices and not isinstance(row.balance, float):
        place.at("prices").report("`prices` need a balance in yuan")
    return Account(
        key=row.key,
        balance=balance,
        unit=unit,
        prices=_compile_prices(row.prices),
        concurrency=tuple((concurrency or {}).items()),
        plan=plan,
        level=level,
        rates=_compile_rates(row.rates),
        models=None if row.models is None else tuple(row.models),
        denied=(row.denied,) if isinstance(row.denied, str) else tuple(row.denied),
        state=row.state,
    )


def _compile_balance(
    spec: float | schema.PackageSpec | None, place: NodePath
) -> tuple[float | None, Unit]:
    if not isinstance(spec, schema.PackageSpec):
        return spec, "yuan"
    if (spec.tokens is None) == (spec.requests is None):
        place.report("expected either {tokens: N} or {requests: N}")
    if spec.tokens is not None:
        return spec.tokens, "tokens"
    return spec.requests, "requests"


def _compile_plan(
    spec: list[schema.WindowSpec] | Level, place: NodePath
) -> tuple[tuple[Window, ...], Level | Literal[""]]:
    """The windows of a plan and its name, if it is one on sale."""
    if isinstance(spec, str):
        return LEVELS[spec], spec
    return tuple(_compile_window(one, place.at(index)) for index, one in enumerate(spec)), ""


def _compile_window(spec: schema.WindowSpec, place: NodePath) -> Window:
    if (spec.requests is None) == (spec.credits is None):
        place.report("expected either `requests: N` or `credits: N`")
    seconds = _parse_duration(spec.window, place.at("window"))
    if spec.credits is not None:
        return Window(seconds, spec.credits, "credits")
    return Window(seconds, spec.requests or 0)


def _compile_rates(spec: Mapping[str, schema.RateSpec]) -> Rates:
    return tuple(
        (model, CreditRate(one.input, one.input if one.cached is None else one.cached, one.output))
        for model, one in spec.items()
    )


def _compile_prices(spec: Mapping[str, schema.PriceSpec]) -> Prices:
    return tuple(
        (model, Price(price.input, price.output, price.cached)) for model, price in spec.items()
    )


def _compile_duration(text: str | None, place: NodePath) -> float | None:
    return None if text is None else _parse_duration(text, place)


def _parse_duration(text: str, place: NodePath) -> float:
    try:
        return duration(text, MAX_DURATION)
    except ValueError as error:
        place.report(str(error))
        return 0.0
