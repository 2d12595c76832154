"""Texts of replies: small talk, computed and sample answers, reports of results, and thoughts."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

from mockglm.clock import Ids
from mockglm.improvise.conversation import Conversation
from mockglm.improvise.language import LATIN, Language, shorten, topic
from mockglm.improvise.side_tasks import do_side_task
from mockglm.improvise.tables import hinted_patterns, patterns, phrase, table
from mockglm.models import Model

SMALL_TALK = patterns("small_talk")
MAX_QUOTE = 400
NO_THOUGHT_EFFORTS = ("none", "minimal")
"""Values of `reasoning_effort` that skip the thought (docs.bigmodel.cn, 对话补全)."""
PATTERNS = patterns("replies")
HINTED = hinted_patterns("replies")
MAX_SUM = 60
OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def answer_exactly(text: str, language: Language, ids: Ids) -> str | None:
    """Compute the answer; None if the text asks for nothing that can be computed."""
    return _echo(text, ids) or _calculate(text) or _write_code(text, language, ids) or None


def _echo(text: str, ids: Ids) -> str:
    """The text to repeat word for word, as in `Reply with only: PONG`."""
    match = HINTED["echo"].search(text.strip())
    sent = next(part for part in match.groups() if part).strip() if match else ""
    wanted = PATTERNS["after"].sub("", sent).lstrip(":： ").strip()
    quoted = PATTERNS["quoted"].match(wanted)
    if quoted:
        return quoted[1]
    longest = 12 if sent.startswith((":", "：")) else 3
    is_long = len(wanted.split()) > longest or len(wanted) > 6 * longest
    if is_long or not wanted or PATTERNS["description"].match(wanted):
        repeated = HINTED["repeat"].search(text)
        return (repeated["en"] or repeated["zh"]).strip() if repeated else ""
    bare = wanted[:-1] if wanted[-1] in ".。" else wanted
    return ids.pick(re.split(r"\s+or\s+|或者?|还是", bare), "either").strip("\"'“”")


def _calculate(text: str) -> str:
    worded, plain = HINTED["worded_sum"].search(text), HINTED["sum"].search(text)
    if worded:
        found = " + ".join(filter(None, worded.groups()))
    elif plain and len(plain[0]) <= MAX_SUM and PATTERNS["calculation"].search(text):
        found = plain[0].strip()
    else:
        return ""
    try:
        spelled = re.sub(r"[×xX]", "*", found).replace("÷", "/").replace(",", "")
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
    if not HINTED["coding"].search(text):
        return ""
    said = {word.lower() for word in LATIN.findall(text)}
    programs = table("programs")["programs"]
    spoken = (one for one in programs if said.intersection(one["names"].split()))
    program = next(spoken, programs[0])
    named = PATTERNS["code_name"].search(text)
    name = next(filter(None, named.groups())) if named else "example"
    block = program["code"].format(name=name)
    return phrase("code", language, ids, code=f"```{program['names'].split()[0]}\n{block}\n```")


def speak(conversation: Conversation, model: Model, ids: Ids) -> str:
    """Answer the last text of the user, and acknowledge its media."""
    language, count = conversation.language, conversation.media
    seen = phrase("seen", language, ids, count=count) if count else ""
    if not conversation.text:
        return seen or phrase("silence", language, ids)
    # A text beside media is about them.
    side = None if count else do_side_task(conversation)
    said = side or _answer(conversation.request, model, language, ids=ids)
    return f"{seen} {said}".lstrip()


def _answer(text: str, model: Model, language: Language, *, ids: Ids) -> str:
    talk = next((name for name, form in SMALL_TALK.items() if form.search(text)), None)
    if talk is not None:
        return phrase(talk, language, ids, model=model.id)
    kind = "question" if PATTERNS["asking"].search(text) else "statement"
    exact = answer_exactly(text, language, ids)
    return exact or phrase(kind, language, ids, topic=topic(text))


def report(conversation: Conversation, ids: Ids) -> str:
    """Report the results of tools."""
    language, results = conversation.language, conversation.results
    if len(results) == 1:
        return report_result(results[0].text, language, ids, is_error=results[0].is_error)
    kind = "errors" if all(one.is_error for one in results) else "several"
    lines = [f"- {one.name or 'tool'}: {shorten(one.text, MAX_QUOTE) or '—'}" for one in results]
    return "\n".join((phrase(f"results.{kind}", language, ids), *lines))


def report_result(text: str, language: Language, ids: Ids, *, is_error: bool) -> str:
    kind = "failed" if is_error else "one" if text.strip() else "empty"
    return phrase(f"results.{kind}", language, ids, result=shorten(text, MAX_QUOTE))


def is_thinking(conversation: Conversation, model: Model) -> bool:
    """True if the model thinks, always or by the request."""
    if model.thinking != "optional":
        return model.thinking == "always"
    thinking = conversation.chat.thinking
    if thinking is not None and thinking.type == "disabled":
        return False
    effort = conversation.chat.reasoning_effort
    return not (effort in NO_THOUGHT_EFFORTS and effort in model.efforts)


def think(conversation: Conversation, model: Model, ids: Ids) -> str:
    """The thought about the question, as long as `reasoning_effort` sets."""
    language = conversation.language
    held = table("phrases")["thought"]["middle"][language]
    start = int(ids.chance("middle") * len(held))
    about = topic(conversation.request, 80) or "…"
    said = [phrase("thought.opening", language, ids, topic=about), *held[start:], *held[:start]]
    lengths, effort = table("efforts"), conversation.chat.reasoning_effort
    if effort in model.efforts:
        effort = lengths["equivalent"].get(model.family, {}).get(effort, effort)
    else:
        effort = "max" if model.efforts else "usual"
    return ("" if language == "zh" else " ").join(said[: lengths["sentences"].get(effort, 1)])
