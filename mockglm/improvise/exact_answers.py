"""Answers that can be computed: an echo, a count, a sum, code with a name."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

from mockglm.clock import Ids
from mockglm.improvise.language import LATIN, Language
from mockglm.improvise.tables import HintedPattern, pattern, phrase, table

MAX_COUNT, MAX_SUM = 1000, 60
REPEAT = HintedPattern("exact_answers", "repeat")
ECHO = HintedPattern("exact_answers", "echo")
AFTER = pattern("exact_answers", "after")
QUOTED = pattern("exact_answers", "quoted")
DESCRIPTION = pattern("exact_answers", "description")
"""The beginning of a text that describes the answer instead of being it."""
COUNT = HintedPattern("exact_answers", "count")
SUM = HintedPattern("exact_answers", "sum")
DATED = pattern("exact_answers", "dated")
CALCULATION = pattern("exact_answers", "calculation")
WORDED_SUM = HintedPattern("exact_answers", "worded_sum")
CODING = HintedPattern("exact_answers", "coding")
CODE_NAME = pattern("exact_answers", "code_name")
OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def answer_exactly(text: str, language: Language, ids: Ids) -> str | None:
    """Compute the answer; None if the text asks for nothing that can be computed."""
    found = _echo(text, ids) or _count(text) or _calculate(text)
    return found or _write_code(text, language, ids) or None


def _echo(text: str, ids: Ids) -> str:
    """The text to repeat word for word, as in `Reply with only: PONG`."""
    match = ECHO.search(text.strip())
    sent = next(part for part in match.groups() if part).strip() if match else ""
    wanted = AFTER.sub("", sent).lstrip(":： ").strip()
    quoted = QUOTED.match(wanted)
    if quoted:
        return quoted[1]
    longest = 12 if sent.startswith((":", "：")) else 3
    is_long = len(wanted.split()) > longest or len(wanted) > 6 * longest
    if is_long or not wanted or DESCRIPTION.match(wanted):
        repeated = REPEAT.search(text)
        return (repeated["en"] or repeated["zh"]).strip() if repeated else ""
    bare = wanted[:-1] if wanted[-1] in ".。" else wanted
    return ids.pick(re.split(r"\s+or\s+|或者?|还是", bare), "either").strip("\"'“”")


def _count(text: str) -> str:
    match = COUNT.search(text)
    if match is None:
        return ""
    first, last = (int(part) for part in match.groups() if part)
    step = 1 if last >= first else -1
    last = first + step * min(abs(last - first), MAX_COUNT)
    return ", ".join(map(str, range(first, last + step, step)))


def _calculate(text: str) -> str:
    worded, plain = WORDED_SUM.search(text), SUM.search(text)
    if worded:
        found = " + ".join(filter(None, worded.groups()))
    elif plain and CALCULATION.search(text) and not DATED.search(text):
        found = plain[0].strip()
    else:
        return ""
    try:
        spelled = re.sub(r"[×xX]", "*", found[:MAX_SUM]).replace("÷", "/").replace(",", "")
        value = _evaluate(ast.parse(spelled, mode="eval").body)
    except (SyntaxError, ZeroDivisionError, OverflowError, KeyError, TypeError):
        return ""
    return f"{found} = {value if isinstance(value, int) else f'{value:.10g}'}"


def _evaluate(node: ast.expr) -> float:
    """Evaluate plain arithmetic. Raises TypeError for anything else."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub()):
            return -_evaluate(node.operand)
        case ast.BinOp():
            return OPERATIONS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    raise TypeError(ast.dump(node))


def _write_code(text: str, language: Language, ids: Ids) -> str:
    if not CODING.search(text):
        return ""
    said = {word.lower() for word in LATIN.findall(text)}
    programs = table("programs")["programs"]
    program = next(
        (one for one in programs if said.intersection(one["names"].split())), programs[0]
    )
    named = CODE_NAME.search(text)
    name = next(filter(None, named.groups())) if named else "example"
    block = program["code"].format(name=name)
    return phrase("code", language, ids, code=f"```{program['names'].split()[0]}\n{block}\n```")
