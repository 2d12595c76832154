"""Sizes of values in templates: measured, or estimated before an operation computes them.

An estimate is an upper bound in characters. It is 0 for an operation whose result is not much
larger than its operands, as these are bounded themselves. Estimating raises ValueError for an
operation that would take too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, ItemsView, KeysView, Mapping, Sequence, ValuesView
from typing import Any

MAX_SIZE = 8 * 2**20
"""Characters of the largest value in a template, and of the text it writes."""

ITEM_SIZE = 64
"""Characters counted for a list or mapping, and for each of its items."""

MAX_BITS = 100_000
"""Bits of the largest integer, which has 30,103 digits; arithmetic with larger ones is slow."""

MAX_SLOW_INPUT = 100_000
"""Characters of the input of a filter whose time grows faster than its input."""

MAX_WORDS = 10_000
"""Words that `lipsum` may generate."""

MAX_DATE_FORMAT = 1_000
"""Characters of a format of `strftime`, which reserves 256 bytes for each."""

TOO_LARGE = MAX_SIZE + 1

_COLLECTIONS = (list, tuple, set, frozenset, KeysView, ValuesView, ItemsView)
_DIGITS = re.compile(r"\d+")

Arguments = Sequence[Any]
Keywords = Mapping[str, Any]


def measure_size(value: Any) -> int:
    """The characters of a value and of all values in it, as often as it contains them.

    Counting stops at MAX_SIZE; the result is TOO_LARGE then.
    """
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, int):
        return TOO_LARGE if value.bit_length() > MAX_BITS else ITEM_SIZE
    if not isinstance(value, (dict, *_COLLECTIONS)):
        return ITEM_SIZE
    size = 0
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, str | bytes):
            size += ITEM_SIZE + len(value)
        elif isinstance(value, dict):
            size += ITEM_SIZE * (len(value) + 1)
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, _COLLECTIONS):
            size += ITEM_SIZE
            stack.extend(value)
        else:
            size += ITEM_SIZE
        if size + ITEM_SIZE * len(stack) > MAX_SIZE:
            return TOO_LARGE
    return size


def estimate_operator(name: str, left: Any, right: Any) -> int:
    """Estimate the result of a binary operator."""
    if name == "*":
        return _estimate_product(left, right)
    if name == "**" and isinstance(left, int) and isinstance(right, int):
        return _check_bits(left.bit_length() * abs(right))
    if name == "%" and isinstance(left, str | bytes):
        return _estimate_format(left, (right,), {})
    return 0


def estimate_call(function: Any, args: Arguments, kwargs: Keywords) -> int:
    """Estimate the result of calling a function or method."""
    name = getattr(function, "__name__", "")
    if name == "generate_lorem_ipsum":
        return _check_words(args, kwargs)
    # Jinja2's sandbox wraps `format` in a function, with the method as its `__wrapped__`.
    owner = getattr(getattr(function, "__wrapped__", function), "__self__", None)
    if isinstance(owner, str | bytes) and name in _METHODS:
        return _METHODS[name](owner, args, kwargs)
    if name == "to_bytes":
        return max(_find_integers(args, kwargs), default=0)
    if name == "strftime" and any(measure_size(one) > MAX_DATE_FORMAT for one in args):
        raise ValueError(f"more than {MAX_DATE_FORMAT:,} characters in a format of dates")
    return 0


def is_selecting(function: Any) -> bool:
    """Recognise a call that only selects: its result is part of a mapping, or an argument."""
    return getattr(function, "__name__", "") == "get"


def estimate_filter(name: str, value: Any, *, args: Arguments, kwargs: Keywords) -> int:
    """Estimate the result of a filter."""
    estimate = _FILTERS.get(name)
    return estimate(value, args, kwargs) if estimate else 0


def _check_bits(bits: int) -> int:
    if bits > MAX_BITS:
        raise ValueError(f"a number of more than {MAX_BITS:,} bits")
    return 0


def _estimate_product(left: Any, right: Any) -> int:
    if isinstance(left, int) and isinstance(right, int):
        return _check_bits(left.bit_length() + right.bit_length())
    if isinstance(right, int):
        return measure_size(left) * right
    return measure_size(right) * left if isinstance(left, int) else 0


def _estimate_format(text: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    # The width of a field is a number in the format or an argument, its text any argument.
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    numbers = [TOO_LARGE if len(digits) > 7 else int(digits) for digits in _DIGITS.findall(text)]
    if "*" in text or ":{" in text:
        numbers += _find_integers(args, kwargs)
    field = (
        max(numbers, default=0)
        + sum(map(measure_size, args))
        + sum(map(measure_size, kwargs.values()))
    )
    return len(text) + (text.count("%") + text.count("{")) * field


def _estimate_format_filter(value: Any, args: Arguments, kwargs: Keywords) -> int:
    return _estimate_format(str(value), args, kwargs)


def _estimate_padding(value: Any, args: Arguments, kwargs: Keywords) -> int:
    return max(_find_integers(args, kwargs), default=0)


def _estimate_groups(value: Any, args: Arguments, kwargs: Keywords) -> int:
    return ITEM_SIZE * max(_find_integers(args, kwargs), default=0)


def _estimate_rounding(value: Any, args: Arguments, kwargs: Keywords) -> int:
    digits = max(map(abs, _find_integers(args, kwargs)), default=0)
    return _check_bits(digits * 4)


def _estimate_tabs(value: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    tabs = value.count("\t") if isinstance(value, str) else value.count(b"\t")
    return tabs * max(_find_integers(args, kwargs), default=0)


def _estimate_replacement(value: Any, args: Arguments, kwargs: Keywords) -> int:
    text = value if isinstance(value, str | bytes) else str(value)
    given = dict(zip(("old", "new"), args, strict=False)) | dict(kwargs)
    old, new = given.get("old"), given.get("new")
    if isinstance(text, bytes) or not isinstance(old, str) or not isinstance(new, str):
        return len(text) * max(measure_size(new), 1)
    return len(text) + text.count(old) * len(new)


def _estimate_join(value: Any, args: Arguments, kwargs: Keywords) -> int:
    # Of the filter, not the method: its separator is an argument.
    separator = args[0] if args else kwargs.get("d", "")
    return measure_size(value) + _count_items(value) * measure_size(separator)


def _estimate_join_method(value: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    return _estimate_join(args[0], (value,), {}) if args else 0


def _estimate_translation(value: str | bytes, args: Arguments, kwargs: Keywords) -> int:
    table = args[0] if args else {}
    texts = table.values() if isinstance(table, Mapping) else ()
    return len(value) * max(map(measure_size, texts), default=1)


def _estimate_indent(value: Any, args: Arguments, kwargs: Keywords) -> int:
    width = args[0] if args else kwargs.get("width", 4)
    lines = str(value).count("\n") + 1
    return lines * (width if isinstance(width, int) else measure_size(width))


def _estimate_sum(value: Any, args: Arguments, kwargs: Keywords) -> int:
    # Adding lists copies the sum for each of them.
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    return 0 if isinstance(start, int | float) else _check_slow(value, (), {})


def _check_slow(value: Any, args: Arguments, kwargs: Keywords) -> int:
    if measure_size(value) > MAX_SLOW_INPUT:
        raise ValueError(f"more than {MAX_SLOW_INPUT:,} characters for a filter that is slow")
    return 0


def _check_words(args: Arguments, kwargs: Keywords) -> int:
    given = dict(zip(("n", "html", "min", "max"), args, strict=False)) | dict(kwargs)
    counts = [given.get("n", 5), max(given.get("min", 20), given.get("max", 100))]
    if not all(isinstance(one, int) for one in counts):
        return 0
    if counts[0] * counts[1] > MAX_WORDS:
        raise ValueError(f"more than {MAX_WORDS:,} words")
    return 0


def _count_items(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 0


def _find_integers(args: Arguments, kwargs: Keywords) -> list[int]:
    """Find the integers among arguments, and in tuples and mappings among them."""
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
"""Methods of texts whose result can be much larger than the text."""

SELECTING_FILTERS = frozenset(("attr", "d", "default", "first", "last", "max", "min", "random"))
"""Filters that only select: their result is part of their value, or an argument."""

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
"""Filters whose result can be much larger than their value, or that can be slow."""
