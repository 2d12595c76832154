"""Answers that can be computed: an echo, a count, a sum, code with a name, a list."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from mockglm.clock import Ids
from mockglm.improvise.language import LATIN, Language, has_any, shorten, subject, word_set
from mockglm.improvise.tables import pattern, table

MAX_POINTS = 8
MAX_COUNT = 1000
ECHO = pattern("exact_answers", "echo")
AFTER = pattern("exact_answers", "after")
QUOTED = pattern("exact_answers", "quoted")
DESCRIPTION = pattern("exact_answers", "description")
"""The beginning of a text that describes the answer instead of being it."""
COUNT = pattern("exact_answers", "count")
SUM = pattern("exact_answers", "sum")
DATED = pattern("exact_answers", "dated")
CALCULATION = pattern("exact_answers", "calculation")
WORDED_SUM = pattern("exact_answers", "worded_sum")
LISTED = pattern("exact_answers", "listed")
TRANSLATED = pattern("exact_answers", "translated")
CODING = pattern("exact_answers", "coding")
CODE_NAME = pattern("exact_answers", "code_name")
TOO_COMMON = {"writ", "function", "cod", "program", "script", "python", "java", "javascript"}
NUMERALS = {char: value for value, char in enumerate("一二三四五六七八九十", 1)} | {
    "两": 2,
    "几": 3,
    "three": 3,
    "five": 5,
    "ten": 10,
}
OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def answer_exactly(text: str, language: Language, ids: Ids) -> str | None:
    """Compute the answer; None if the text asks for nothing that can be computed."""
    fitting = (form for form, hints in EXACT.items() if has_any(text, hints))
    answers = (form(text, language, ids) for form in fitting)
    return next((answer for answer in answers if answer is not None), None)


def _echo(text: str, _: Language, ids: Ids) -> str | None:
    """The text to repeat word for word, as in `Reply with only: PONG`."""
    match = ECHO.search(text.strip())
    if match is None:
        return None
    sent = next(part for part in match.groups() if part).strip()
    wanted = AFTER.sub("", sent).lstrip(":： ").strip()
    quoted = QUOTED.match(wanted)
    if quoted:
        return quoted[1]
    longest = 12 if sent[0] in ":：" else 3
    is_long = len(wanted.split()) > longest or len(wanted) > 6 * longest
    if is_long or not wanted or DESCRIPTION.match(wanted):
        return None
    bare = wanted[:-1] if wanted[-1] in ".。" else wanted
    return ids.pick(re.split(r"\s+or\s+|或者?|还是", bare), "either").strip("\"'“”")


def _count(text: str, _: Language, __: Ids) -> str | None:
    match = COUNT.search(text)
    if match is None:
        return None
    first, last = (int(part) for part in match.groups() if part)
    step = 1 if last >= first else -1
    last = first + step * min(abs(last - first), MAX_COUNT)
    return ", ".join(map(str, range(first, last + step, step)))


def _sum(text: str, _: Language, __: Ids) -> str | None:
    worded = WORDED_SUM.search(text)
    if worded and len(worded[0]) < 60:
        one, two = (int(part) for part in worded.groups() if part)
        return f"{one} + {two} = {one + two}"
    match = SUM.search(text)
    if match is None or len(match[0]) > 60 or DATED.search(text) or not CALCULATION.search(text):
        return None
    sent = match[0].strip()
    value = _evaluate(re.sub(r"[×xX]", "*", sent).replace("÷", "/").replace(",", ""))
    return None if value is None else f"{sent} = {value:.10g}"


def _evaluate(expression: str) -> float | None:
    try:
        return _evaluate_node(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ZeroDivisionError, OverflowError, KeyError, TypeError):
        return None


def _evaluate_node(node: ast.expr) -> float:
    """Evaluate plain arithmetic. Raises TypeError for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate_node(node.operand)
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](_evaluate_node(node.left), _evaluate_node(node.right))
    raise TypeError(ast.dump(node))


def _find_translation(text: str, language: Language, ids: Ids) -> str | None:
    """The text to translate, unchanged."""
    match = TRANSLATED.match(text)
    if match is None:
        return None
    return _phrase("translation", language, ids).format(topic=shorten(match[1], 200))


def _write_code(text: str, language: Language, ids: Ids) -> str | None:
    if not CODING.search(text):
        return None
    held = table("programs")
    said = {word.lower() for word in LATIN.findall(text)}
    aliases = ((name, held["aliases"].get(name, name).split()) for name in held["programs"])
    name = next((name for name, words in aliases if said.intersection(words)), "python")
    block = held["programs"][name].format(name=_identifier(text))
    opening, ending = (_phrase(key, language, ids) for key in ("coding", "ending"))
    return f"{opening}\n\n```{name}\n{block}\n```\n\n{ending}"


def _identifier(text: str) -> str:
    """The name of the code in the text, else the longest word."""
    named = CODE_NAME.search(text)
    if named:
        return next(part for part in named.groups() if part)
    plain = sorted(word for word in word_set(text) if word.isascii() and word.isalpha())
    held = table("programs")["programs"]
    return max(
        (w for w in plain if w not in TOO_COMMON and w not in held), key=len, default="example"
    )


def _write_list(text: str, language: Language, ids: Ids) -> str | None:
    match = LISTED.search(text)
    if match is None:
        return None
    named = (match["a"] or match["b"]).lower()
    is_number = named.isdecimal() and named.isascii() and len(named) < 6
    count = int(named) if is_number else NUMERALS.get(named, 3)
    item = _phrase("points", language, ids)
    lines = [f"{number}. {item} {number}" for number in range(1, min(count, MAX_POINTS) + 1)]
    return "\n".join((_phrase("listing", language, ids).format(topic=subject(text)), "", *lines))


def _phrase(name: str, language: Language, ids: Ids) -> str:
    return str(ids.pick(table("phrases")[name][language], name))


EXACT: Mapping[Callable[[str, Language, Ids], str | None], Sequence[str]] = {
    _echo: (
        *("repl", "respon", "answer", "output", "say", "return", "repeat", "echo"),
        *("回复", "回答", "输出", "返回", "说", "重复", "复述", "答"),
    ),
    _count: ("count", "从"),
    _sum: "0123456789",
    _find_translation: ("translat", "译"),
    _write_code: (
        *("write", "implement", "create", "give", "show", "generat"),
        *("quicksort", "fizzbuzz", "hello world", "写", "实现", "生成", "来", "给我"),
    ),
    _write_list: (
        *("list", "give", "name", "suggest", "write"),
        *("列出", "列举", "给出", "给我", "推荐", "说出", "写出"),
    ),
}
"""Functions that compute answers, and texts of which a request for one has at least one."""
