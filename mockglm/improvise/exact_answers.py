"""Answers that can be computed: an echo, a count, a sum, code with a name, a list."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

from mockglm.clock import Ids
from mockglm.improvise.language import LATIN, Language, shorten, subject, word_set
from mockglm.improvise.tables import table

MAX_POINTS = 8
MAX_COUNT = 1000
ECHO = re.compile(
    r"(?:reply|respond|answer|output|say|return)(?: me)?(?: with)?(?: the)?(?: word| text)?"
    r"(?: only| just| exactly| nothing but)+(?: with)?(?: the)?(?: word| text)?(?P<a>\s*[:：]?.+)"
    r"|^(?:please |请)?(?:say|repeat(?: after me)?|echo)(?P<b>\s*[:：]?.+)"
    r"|(?:只|仅)(?:需要?|要)?(?:回复|回答|输出|返回|说)(?:一个词|一个字)?(?P<c>\s*[:：]?.+)"
    r"|(?:回复|重复|复述|跟我说)(?P<d>\s*[:：].+|[“\"「'].{1,200}[”\"」'][。.!！]?$)"
    r"|\b(?:answer|reply|respond)(?: with)?(?: a)?(?: simple)? (?P<e>yes or no|true or false)\b"
    r"|(?:回答|回复|答)[“\"「]?(?P<f>是或否|是还是否|对或错|是或不是)",
    re.I,
)
AFTER = re.compile(
    r"(?:[,，]\s*+|(?<!\s)\s++)?"
    r"(?:(?:and )?nothing else[.。!！]*+|不要(?:说|输出|回复)?(?:其他|别的).*+)\s*+$",
    re.I,
)
QUOTED = re.compile(r"[\"“'‘「`](.+?)[\"”'’」`][.。!！]?$")
DESCRIPTION = re.compile(
    r"(?:a|an|the|one|in|as|with|if|when|based|valid|json|code|markdown|html|sql|using|from|to|about)\b"
    r"|json|代码|结果|答案|译文|翻译|数字|标题|一个|总结|与|和|基于|根据|以|用|在",
    re.I,
)
"""The beginning of a text that describes the answer instead of being it."""
COUNT = re.compile(
    r"count (?:up )?(?:from )?(\d+) (?:to|through|-) ?(\d+)"
    r"|从\s*(\d+)\s*(?:数|写|列|输出)?到\s*(\d+)",
    re.I,
)
_NUMERAL = r"\d++(?:[.,]\d++)*+"
SUM = re.compile(
    rf"(?<!\d)(?<!\d[.,])[-+]?{_NUMERAL}"
    rf"(?:\s*(?:\*\*|[-+*/×÷^%xX])\s*[-+]?\(?{_NUMERAL}\)?)+"
)
DATED = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}")
CALCULATION = re.compile(
    r"=|等于|计算|算|多少|what(?:'s| is)|calculate|compute|evaluate|^[\d\s.+*/×÷()-]+[?？]?$", re.I
)
WORDED_SUM = re.compile(
    r"(?:sum|total) of (\d+) and (\d+)|(?:add|plus) (\d+) (?:and|to) (\d+)"
    r"|(\d+)\s*(?:加|plus)\s*(\d+)",
    re.I,
)
LISTED = re.compile(
    r"(?:list|give(?: me)?|name|suggest|write)\s+(?:me\s+)?(?P<a>\d+|some|a few|three|five|ten)\b"
    r"|(?:列出|列举|给出|给我|推荐|说出|写出)\s*(?P<b>[\d一二两三四五六七八九十几]+)\s*[个条点种项]",
    re.I,
)
TRANSLATED = re.compile(
    r"^(?:please |can you |请|帮我|把)*"
    r"(?:translate\b[^:：\n]*|翻译[^:：\n]*|[^:：\n]{0,20}译成[^:：\n]*)[:：\n]\s*(.+)",
    re.I | re.S,
)
CODING = re.compile(
    r"\b(?:write|implement|create|give me|show me|generate)\b.{0,200}"
    r"\b(?:code|function|program|script|class|query|component|snippet|regex)\b"
    r"|\b(?:quicksort|fizzbuzz|hello world)\b"
    r"|(?:写|实现|生成|给我|来).{0,200}(?:代码|函数|程序|脚本|算法|类|组件|SQL|排序)",
    re.I,
)
CODE_NAME = re.compile(
    r"(?:named|called|叫做?|名为|名叫)\s*[`\"“']?([A-Za-z_]\w{0,40})"
    r"|[`\"“']([A-Za-z_]\w{1,40})(?:\(\))?[`\"”']|\b([a-z]+_\w{1,40})\b"
)
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
    answers = (form(text, language, ids) for form in EXACT)
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


EXACT = (_echo, _count, _sum, _find_translation, _write_code, _write_list)
