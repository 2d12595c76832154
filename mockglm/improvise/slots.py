"""The parameters of a function that words of a text may go into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockglm.improvise.arguments.make import Path
from mockglm.improvise.arguments.refs import REFS, follow
from mockglm.improvise.arguments.samples import split
from mockglm.improvise.arguments.shapes import shaped
from mockglm.improvise.findings import Findings

__all__ = ["Slot", "slots", "spread"]

DEEPEST = 4
"""Levels of objects in which parameters are filled from the text."""
MOST = 5
"""Calls of one function at once."""
MOST_FILLED = 100
"""Parameters of a function that are filled from the text."""
LONGEST_NAME = 64
"""Characters of a parameter's name that is a word; the service allows a function's so many."""

KINDS: Mapping[str, str] = {
    "email": "email mail recipient_email to_email",
    "url": "url uri link href website webpage endpoint",
    "path": "path file filename filepath file_path dir directory folder cwd notebook_path",
    "place": "city location place destination origin departure arrival town region from_city "
    "to_city address area district 城市 地点 位置 目的地",
    "date": "date day deadline due start_date end_date checkin checkout 日期",
    "time": "time clock hour at 时间",
    "fence": "code source snippet",
    "command": "command cmd shell",
    "code": "script",
    "id": "id sku order_number flight_number tracking_number ticket_number 编号 订单号 航班号",
    "old": "old",
    "new": "new replacement",
    "person": "person recipient contact attendee assignee to from name user username "
    "收件人 姓名 人名 名字",
}
"""The kind of finding a string parameter takes, by a word of its name."""

SEEKING = frozenset(("pattern", "regex", "query", "q", "keyword", "keywords", "search", "glob"))

FORMATS: Mapping[str, str] = {
    "email": "email",
    "uri": "url",
    "url": "url",
    "date": "date",
    "date-time": "instant",
    "time": "time",
}


class Slot(Struct, frozen=True, dict=True):
    """A parameter that a word may go into: its path, schema, and whether it must have a value."""

    path: Path
    schema: Mapping[str, Any]
    is_required: bool
    is_list: bool = False

    @property
    def name(self) -> str:
        return str(self.path[-1])

    @cached_property
    def type(self) -> str:
        named = self.schema.get("type", "string" if "enum" not in self.schema else "enum")
        names = [named] if isinstance(named, str) else [one for one in named if one != "null"]
        return str(names[0]) if names else "string"

    @property
    def is_number(self) -> bool:
        return self.type in ("integer", "number")

    @property
    def seeks(self) -> bool:
        """Whether what is looked for goes into it."""
        return self.type == "string" and bool({*split(self.name), self.name} & SEEKING)

    @property
    def description(self) -> str:
        return str(self.schema.get("description") or "")

    @cached_property
    def kind(self) -> str:
        """The kind of finding it takes; empty when only prose or a quote will do."""
        known = FORMATS.get(str(self.schema.get("format", "")))
        if known or self.type != "string":
            return known or ""
        parts = {*split(self.name), self.name.lower()}
        parts |= {part.removesuffix("s") for part in parts}
        by_name = (kind for kind, held in KIND_WORDS.items() if parts & held)
        kind = next(by_name, "")
        return kind or next((kind for word, kind in HAN_KINDS if word in self.description), "")


KIND_WORDS = {kind: frozenset(held.split()) for kind, held in KINDS.items()}
HAN_KINDS = tuple(
    (word, kind) for kind, held in KINDS.items() for word in held.split() if not word.isascii()
)


def slots(parameters: Any) -> tuple[Slot, ...]:
    """The parameters of a function that hold a single value, or a list of such; nested ones too."""
    held = _walk(parameters, parameters, (), is_required=True)
    return tuple(islice(held, MOST_FILLED))


def spread(held: Sequence[Slot], findings: Findings) -> tuple[Findings, ...]:
    """The findings for each call of a function: several when one parameter could take several.

    北京和上海 for one `city` makes two calls; for `from` and `to` it makes one.
    """
    for kind in ("place", "url", "email", "path"):
        several = findings.of(kind)[:MOST]
        takers = [slot for slot in held if slot.kind == kind]
        if len(several) > 1 and len(takers) == 1 and not takers[0].is_list:
            kinds = findings.kinds
            return tuple(replace(findings, kinds={**kinds, kind: (one,)}) for one in several)
    numeric = [slot for slot in held if slot.is_number]
    alone = len(held) == 1 and len(numeric) == 1 and not numeric[0].is_list
    if alone and len(findings.numbers) > 1:
        return tuple(replace(findings, numbers=(one,)) for one in findings.numbers[:MOST])
    return (findings,)


def _walk(schema: Any, root: Any, path: Path, *, is_required: bool) -> Iterator[Slot]:
    plain = _plain(schema, root)
    held = plain.get("properties")
    if not held and path:
        yield from _leaf(plain, root, path, is_required=is_required)
        return
    if len(path) >= DEEPEST:
        return
    needed = plain.get("required", ())
    for name, sub in (held or {}).items():
        if len(name) <= LONGEST_NAME:
            is_needed = is_required and name in needed
            yield from _walk(sub, root, (*path, name), is_required=is_needed)


def _leaf(plain: Mapping[str, Any], root: Any, path: Path, *, is_required: bool) -> Iterator[Slot]:
    """A single value, a list of such, or what is in the first object of a list."""
    items = _plain(plain.get("items", True), root) if plain.get("type") == "array" else plain
    if items is not plain and items.get("properties"):
        yield from _walk(plain["items"], root, (*path, 0), is_required=is_required)
    elif items.get("type") not in ("object", "array"):
        yield Slot(path, items, is_required, is_list=items is not plain)


def _plain(schema: Any, root: Any, depth: int = 0) -> Mapping[str, Any]:
    """The schema behind a reference, an `allOf` of one, or a union with null."""
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return {}
    schema = shaped(schema)
    branches = [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
    solid = [one for one in branches if not _is_null(one)]
    target = follow(schema, root) if any(key in schema for key in REFS) else None
    target = solid[0] if target is None and solid else target
    if target is None:
        return dict(schema)
    return {**_plain(target, root, depth + 1), **{k: v for k, v in schema.items() if k in KEPT}}


KEPT = ("description", "type", "properties", "required", "enum", "format")


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"
