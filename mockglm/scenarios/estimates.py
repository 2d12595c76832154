"""The size of values in templates: measured, or estimated before an operation makes them.

An estimate is an upper bound in characters, and 0 for an operation whose result is not much larger
than what it is given: all values that a template makes are bounded, so that such a result needs no
estimate. It is a ValueError for an operation that would take too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, ItemsView, KeysView, Mapping, Sequence, ValuesView
from typing import Any

LARGEST = 8 * 2**20
"""Characters of the largest value that a template makes, and of the text it fills in."""

ITEM = 64
"""Characters that a list, a mapping, and each item of one, counts for."""

BITS = 100_000
"""Bits of the largest whole number, 30,103 digits: arithmetic takes longer than its numbers do."""

SLOW = 100_000
"""Characters for a filter that takes longer than its text does."""

WORDS = 10_000
"""Words of `lipsum`."""

LONGEST_DATE = 1_000
"""Characters of a format for `strftime`, whose buffer has 256 for each."""

TOO_LARGE = LARGEST + 1

_COLLECTIONS = (list, tuple, set, frozenset, KeysView, ValuesView, ItemsView)
_DIGITS = re.compile(r"\d+")

Arguments = Sequence[Any]
Keywords = Mapping[str, Any]


def weigh(value: Any) -> int:
    """The characters of a value, with those of everything in it as often as it is in it; more
    than LARGEST for anything larger."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, int):
        return TOO_LARGE if value.bit_length() > BITS else ITEM
    if not isinstance(value, (dict, *_COLLECTIONS)):
        return ITEM
    size = 0
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, str | bytes):
            size += ITEM + len(value)
        elif isinstance(value, dict):
            size += ITEM * (len(value) + 1)
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, _COLLECTIONS):
            size += ITEM
            stack.extend(value)
        else:
            size += ITEM
        if size + ITEM * len(stack) > LARGEST:
            return TOO_LARGE
    return size


def estimate_operator(name: str, left: Any, right: Any) -> int:
    """An estimate for a binary operator."""
    if name == "*":
        return _estimate_product(left, right)
    if name == "**" and isinstance(left, int) and isinstance(right, int):
        return _check_bits(left.bit_length() * abs(right))
    if name == "%" and isinstance(left, str | bytes):
        return _estimate_format(left, (right,), {})
    return 0


def estimate_call(function: Any, args: Arguments, kwargs: Keywords) -> int:
    """An estimate for a call of a function or method."""
    name = getattr(function, "__name__", "")
    if name == "generate_lorem_ipsum":
        return _check_words(args, kwargs)
    # The sandbox puts a function around `format`, which has the method as its `__wrapped__`.
    owner = getattr(getattr(function, "__wrapped__", function), "__self__", None)
    if isinstance(owner, str | bytes) and name in _METHODS:
        return _METHODS[name](owner, args, kwargs)
    if name == "to_bytes":
        return max(_find_whole_numbers(args, kwargs), default=0)
    if name == "strftime" and any(weigh(one) > LONGEST_DATE for one in args):
        raise ValueError(f"more than {LONGEST_DATE:,} characters in a format of dates")
    return 0


def is_selecting(function: Any) -> bool:
    """Recognise a call that makes nothing: its result is a part of a mapping, or an argument."""
    return getattr(function, "__name__", "") == "get"


def estimate_filter(name: str, value: Any, args: Arguments, kwargs: Keywords) -> int:
    """An estimate for a filter."""
    estimate = _FILTERS.get(name)
    return estimate(value, args, kwargs) if estimate else 0


def _check_bits(bits: int) -> int:
    if bits > BITS:
        raise ValueError(f"a number of more than {BITS:,} bits")
    return 0


def _estimate_product(left: Any, right: Any) -> int:
    if isinstance(left, int) and isinstance(right, int):
        return _check_bits(left.bit_length() + right.bit_length())
    if isinstance(right, int):
        return weigh(left) * right
    return weigh(right) * left if isinstance(left, int) else 0


def _estimate_format(text: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    """Each field can be as wide as a number in the format says, or an argument, or as long as all
    arguments are."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    numbers = [TOO_LARGE if len(digits) > 7 else int(digits) for digits in _DIGITS.findall(text)]
    if "*" in text or ":{" in text:
        numbers += _find_whole_numbers(args, kwargs)
    field = max(numbers, default=0) + sum(map(weigh, args)) + sum(map(weigh, kwargs.values()))
    return len(text) + (text.count("%") + text.count("{")) * field


def _estimate_format_filter(value: Any, args: Arguments, kwargs: Keywords) -> int:
    return _estimate_format(str(value), args, kwargs)


def _estimate_padding(value: Any, args: Arguments, kwargs: Keywords) -> int:
    return max(_find_whole_numbers(args, kwargs), default=0)


def _estimate_groups(value: Any, args: Arguments, kwargs: Keywords) -> int:
    return ITEM * max(_find_whole_numbers(args, kwargs), default=0)


def _estimate_rounding(value: Any, args: Arguments, kwargs: Keywords) -> int:
    digits = max(map(abs, _find_whole_numbers(args, kwargs)), default=0)
    return _check_bits(digits * 4)


def _estimate_tabs(value: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    tabs = value.count("\t") if isinstance(value, str) else value.count(b"\t")
    return tabs * max(_find_whole_numbers(args, kwargs), default=0)


def _estimate_replacement(value: Any, args: Arguments, kwargs: Keywords) -> int:
    text = value if isinstance(value, str | bytes) else str(value)
    given = dict(zip(("old", "new"), args, strict=False)) | dict(kwargs)
    old, new = given.get("old"), given.get("new")
    if isinstance(text, bytes) or not isinstance(old, str) or not isinstance(new, str):
        return len(text) * max(weigh(new), 1)
    return len(text) + text.count(old) * len(new)


def _estimate_join(value: Any, args: Arguments, kwargs: Keywords) -> int:
    """An estimate for the filter, whose separator is an argument."""
    separator = args[0] if args else kwargs.get("d", "")
    return weigh(value) + _count_items(value) * weigh(separator)


def _estimate_join_method(value: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    return _estimate_join(args[0], (value,), {}) if args else 0


def _estimate_translation(value: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    table = args[0] if args else {}
    texts = table.values() if isinstance(table, Mapping) else ()
    return len(value) * max(map(weigh, texts), default=1)


def _estimate_indent(value: Any, args: Arguments, kwargs: Keywords) -> int:
    width = args[0] if args else kwargs.get("width", 4)
    lines = str(value).count("\n") + 1
    return lines * (width if isinstance(width, int) else weigh(width))


def _estimate_sum(value: Any, args: Arguments, kwargs: Keywords) -> int:
    """Lists are copied for each list that is added."""
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    return 0 if isinstance(start, int | float) else _check_slow(value, (), {})


def _check_slow(value: Any, args: Arguments, kwargs: Keywords) -> int:
    if weigh(value) > SLOW:
        raise ValueError(f"more than {SLOW:,} characters for a filter that is slow")
    return 0


def _check_words(args: Arguments, kwargs: Keywords) -> int:
    given = dict(zip(("n", "html", "min", "max"), args, strict=False)) | dict(kwargs)
    counts = [given.get("n", 5), max(given.get("min", 20), given.get("max", 100))]
    if not all(isinstance(one, int) for one in counts):
        return 0
    if counts[0] * counts[1] > WORDS:
        raise ValueError(f"more than {WORDS:,} words")
    return 0


def _count_items(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 0


def _find_whole_numbers(args: Arguments, kwargs: Keywords) -> list[int]:
    """The whole numbers among arguments, also in a tuple or mapping of them."""
    found: list[int] = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, int):
            found.append(value)
        elif isinstance(value, tuple | dict):
            items = value.values() if isinstance(value, dict) else value
            found.extend(item for item in items if isinstance(item, int))
    return found


_METHODS: Mapping[str, Callable[[Any, Arguments, Keywords], int]] = {
    "center": _estimate_padding,
    "expandtabs": _estimate_tabs,
    "format": _estimate_format,
    "format_map": _estimate_format,
    "join": _estimate_join_method,
    "ljust": _estimate_padding,
    "replace": _estimate_replacement,
    "rjust": _estimate_padding,
    "striptags": _check_slow,
    "translate": _estimate_translation,
    "zfill": _estimate_padding,
}
"""The methods of texts whose result can be much larger than the text."""

SELECTING_FILTERS = frozenset(("attr", "d", "default", "first", "last", "max", "min", "random"))
"""The filters that make nothing: their result is a part of their value, or an argument."""

_FILTERS: Mapping[str, Callable[[Any, Arguments, Keywords], int]] = {
    "batch": _estimate_groups,
    "center": _estimate_padding,
    "format": _estimate_format_filter,
    "indent": _estimate_indent,
    "join": _estimate_join,
    "pprint": _check_slow,
    "replace": _estimate_replacement,
    "round": _estimate_rounding,
    "slice": _estimate_groups,
    "striptags": _check_slow,
    "sum": _estimate_sum,
    "urlize": _check_slow,
    "wordwrap": _check_slow,
    "xmlattr": _check_slow,
}
"""The filters whose result can be much larger than their value, or that can be slow."""
