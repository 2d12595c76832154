"""Answers of a shape that the text asks for: code, a list, a table, a sum, a count."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from mockglm.clock import Ids
from mockglm.improvise.luck import pick
from mockglm.improvise.phrases import CODE, PHRASES
from mockglm.improvise.words import LATIN, Language, shorten, subject
from mockglm.improvise.words import words as stems

__all__ = ["program", "shape"]

MOST = 8
"""Points of the longest list."""
LONGEST_COUNT = 1000

Shape = Callable[[str, Language, Ids], str | None]

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
KIND = re.compile(
    r"(?:a|an|the|one|in|as|with|if|when|based|valid|json|code|markdown|html|sql|using|from|to|about)\b"
    r"|json|代码|结果|答案|译文|翻译|数字|标题|一个|总结|与|和|基于|根据|以|用|在",
    re.I,
)
"""How a description of the answer begins, rather than the answer itself."""
WORDS, WORDS_AFTER_COLON = 3, 12
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
LISTED = re.compile(
    r"(?:list|give(?: me)?|name|suggest|write)\s+(?:me\s+)?(?P<a>\d+|some|a few|three|five|ten)\b"
    r"|\b(?:bullet points?|bulleted list|numbered list|step by step|steps? to)\b"
    r"|(?:列出|列举|给出|给我|推荐|说出|写出)\s*(?P<b>[\d一二两三四五六七八九十几]+)\s*[个条点种项]"
    r"|列表|清单|分点|要点|步骤|列出|列举",
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
FORMS: Mapping[str, re.Pattern[str]] = {
    "table": re.compile(
        r"\btables?\b.{0,200}\bmarkdown\b|\bmarkdown table\b|\b(?:as|in) a table\b|表格", re.I
    ),
    "poem": re.compile(r"\b(?:poem|haiku|verse)\b|诗", re.I),
    "joke": re.compile(r"\bjokes?\b|笑话", re.I),
    "translation": re.compile(r"\btranslate\b|翻译|译成", re.I),
    "essay": re.compile(
        r"\b(?:essay|article|report|blog post|readme|in markdown)\b|文章|作文|报告|写一篇|markdown",
        re.I,
    ),
}
"""The phrase that is a form of text, and how it is asked for."""

NUMERALS: Mapping[str, int] = {
    **{char: value for value, char in enumerate("一二三四五六七八九十", 1)},
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


def shape(text: str, language: Language, ids: Ids) -> str | None:
    """The answer in the first shape that the text asks for; None when it asks for none."""
    answers = (make(text, language, ids) for make in SHAPES)
    return next((answer for answer in answers if answer is not None), None)


def program(text: str, paths: Sequence[str]) -> str:
    """Sample code for the first of the files that holds any; nothing when none does."""
    endings = (path.rpartition(".")[2] for path in paths)
    name = next((SUFFIXES[ending] for ending in endings if ending in SUFFIXES), "")
    return CODE[name].format(name=_identifier(text)) + "\n" if name else ""


def _echo(text: str, _: Language, ids: Ids) -> str | None:
    """What the text wants said, word for word: `Reply with only: PONG`."""
    match = ECHO.search(text.strip())
    if match is None:
        return None
    sent = next(part for part in match.groups() if part).strip()
    wanted = AFTER.sub("", sent).lstrip(":： ").strip()
    quoted = QUOTED.match(wanted)
    if quoted:
        return quoted[1]
    longest = WORDS_AFTER_COLON if sent[0] in ":：" else WORDS
    is_long = len(wanted.split()) > longest or len(wanted) > 6 * longest
    return None if is_long or not wanted or KIND.match(wanted) else _chosen(wanted, ids)


def _chosen(wanted: str, ids: Ids) -> str:
    """The text without its full stop; of `yes or no` one."""
    bare = wanted[:-1] if wanted[-1] in ".。" else wanted
    return pick(re.split(r"\s+or\s+|或者?|还是", bare), ids, "either").strip("\"'“”")


def _count(text: str, _: Language, __: Ids) -> str | None:
    match = COUNT.search(text)
    if match is None:
        return None
    first, last = (int(part) for part in match.groups() if part)
    step = 1 if last >= first else -1
    last = first + step * min(abs(last - first), LONGEST_COUNT)
    return ", ".join(map(str, range(first, last + step, step)))


def _sum(text: str, _: Language, __: Ids) -> str | None:
    match = SUM.search(text)
    if match is None or len(match[0]) > 60 or DATED.search(text) or not CALCULATION.search(text):
        return None
    sent = match[0].strip()
    spelled = re.sub(r"[×xX]", "*", sent).replace("÷", "/").replace(",", "")
    value = _evaluate(spelled)
    return None if value is None else f"{sent} = {value:.10g}"


def _evaluate(expression: str) -> float | None:
    try:
        return _value(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ZeroDivisionError, OverflowError, KeyError, TypeError):
        return None


def _value(node: ast.expr) -> float:
    """The value of plain arithmetic; TypeError for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    raise TypeError(ast.dump(node))


def _translated(text: str, language: Language, ids: Ids) -> str | None:
    """What is to be translated, as it is."""
    match = TRANSLATED.match(text)
    return (
        None
        if match is None
        else pick(PHRASES["translation"][language], ids, "phrase").format(
            topic=shorten(match[1], 200)
        )
    )


def _coded(text: str, language: Language, ids: Ids) -> str | None:
    if not CODING.search(text):
        return None
    said = {word.lower() for word in LATIN.findall(text)}
    known = (name for name in CODE if ALIASES.get(name, frozenset({name})) & said)
    name = next(known, "python")
    block = CODE[name].format(name=_identifier(text))
    opening, ending = (pick(PHRASES[key][language], ids, key) for key in ("coding", "ending"))
    return f"{opening}\n\n```{name}\n{block}\n```\n\n{ending}"


ALIASES: Mapping[str, frozenset[str]] = {
    "javascript": frozenset({"javascript", "js", "node"}),
    "typescript": frozenset({"typescript", "ts"}),
    "bash": frozenset({"bash", "shell", "sh"}),
    "go": frozenset({"go", "golang"}),
}
SUFFIXES: Mapping[str, str] = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "java": "java",
    "go": "go",
    "rs": "rust",
    "sql": "sql",
    "sh": "bash",
    "html": "html",
}
TOO_COMMON = frozenset(
    ("writ", "function", "cod", "program", "script", "python", "java", "javascript")
)


def _identifier(text: str) -> str:
    """A name for the code from the text's own words."""
    plain = [word for word in stems(text) if word.isascii() and word.isalpha()]
    telling = sorted(word for word in plain if word not in TOO_COMMON and word not in CODE)
    return max(telling, key=len, default="example")


def _listed(text: str, language: Language, ids: Ids) -> str | None:
    match = LISTED.search(text)
    if match is None or FORMS["table"].search(text):
        return None
    named = (match["a"] or match["b"] or "3").lower()
    count = int(named) if named.isdecimal() and named.isascii() else NUMERALS.get(named, 3)
    points = PHRASES["points"][language][: min(count, MOST)]
    lines = [f"{number}. {point}" for number, point in enumerate(points, 1)]
    return "\n".join((_phrase(PHRASES["listing"][language], text, ids), "", *lines))


def _formed(text: str, language: Language, ids: Ids) -> str | None:
    """A form of text that needs nothing but its subject."""
    name = next((name for name, asked in FORMS.items() if asked.search(text)), None)
    return None if name is None else _phrase(PHRASES[name][language], text, ids)


def _phrase(texts: Sequence[str], text: str, ids: Ids) -> str:
    return pick(texts, ids, "phrase").format(topic=subject(text))


SHAPES: tuple[Shape, ...] = (_echo, _count, _sum, _translated, _coded, _listed, _formed)
