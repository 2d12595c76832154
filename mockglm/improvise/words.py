"""Words of Chinese and English text: its language, what it is about, how it is shortened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from mockglm.improvise.concepts import CONCEPTS, STOP

__all__ = [
    "Language",
    "excerpt",
    "language",
    "sentences",
    "shorten",
    "spoken",
    "subject",
    "topic",
    "words",
]

Language = Literal["zh", "en"]

LATIN = re.compile(r"[A-Za-z]+|\d+")
HAN = re.compile(r"[\u3400-\u9fff]+")
OTHER = re.compile(r"(?:(?![\u3400-\u9fff])[^\W\d_])+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SENTENCE = re.compile(r".+?(?:[。！？!?]+|\.(?=\s|$)|\n|$)", re.S)
POLITE = re.compile(
    r"^(?:(?:请问|请|麻烦|帮我|帮忙|给我|替我|你能|你可以|能不能|可以"
    r"|我想要|我想|我要|一下|你好|您好"
    r"|hi|hello|hey|please|could you|can you|would you|will you|i want to|i would like to"
    r"|i'd like to|i need to|help me to|help me|let's|tell me about|tell me|show me)"
    r"[\s,，:：!！]*)+",
    re.I,
)
FRAME = re.compile(
    r"^(?:(?:介绍|解释|讲解|讲讲|说说|聊聊|谈谈|分析|翻译|什么是|啥是|为什么|怎么样?|如何"
    r"|列出|列举|推荐|写|画|做|来|生成)"
    r"(?:一下|下)?|用(?:一|两|几|\d+)(?:句话|个字|段话)|[\d一二两三几]+[个条点种项篇首段张份]|关于|有关"
    r"|(?:what|who|where)(?:'s| is| are| was| were)(?: the)? "
    r"|how (?:do|can|should|would) (?:i|you|we) |how to |why (?:is|are|do|does) "
    r"|(?:explain|describe|discuss|introduce|translate|list|write|create|give|show|draw|make"
    r"|suggest|recommend)(?: me)? |(?:an?|the|some|\d+) "
    r"|(?:short |long |markdown |simple )*(?:essay|article|report|poem|haiku|song|story|joke"
    r"|table|list|post|email|letter|paragraph|sentence)s?"
    r" (?:on|about|of|for) )+",
    re.I,
)
FRAME_END = re.compile(
    r"(?:是什么意思|是什么|怎么样|怎么办|有哪些|如何"
    r"|的(?:文章|作文|报告|诗|故事|表格|列表|代码|介绍))$"
)
CUT = re.compile(r"^\S{1,100}\s")
"""The rest of a word that was cut."""
MARKS = " \t\u3000。！？!?.,，;；:：~～…"
PARTICLES = "吗呢吧啊呀"
"""What ends a Chinese question or exclamation, one of them."""


def language(*texts: str) -> Language:
    """The language of the first text that has one: Chinese when it has as many Han characters as
    words in other letters. Chinese when none has."""
    return next(filter(None, map(spoken, texts)), "zh")


def spoken(text: str) -> Language | None:
    """The language of a text; None when it has no words."""
    han = sum(map(len, HAN.findall(text)))
    latin = len(OTHER.findall(text))
    if not han and not latin:
        return None
    return "zh" if han >= latin else "en"


@lru_cache(maxsize=1024)
def words(text: str) -> frozenset[str]:
    """What two texts are compared by: stems of Latin words, pairs of Han characters, and the
    concepts behind them, which Chinese and English share."""
    latin = (word.lower() for word in LATIN.findall(CAMEL.sub(" ", text.replace("_", " "))))
    found = {_stem(word) for word in latin if word not in STOP}
    runs = HAN.findall(text)
    found |= {run[i : i + 2] for run in runs for i in range(max(len(run) - 1, 1))} - STOP
    found |= {concept for run in runs for concept in _concepts(run)}
    return frozenset(found | {BY_WORD[word] for word in found if word in BY_WORD})


def _stem(word: str) -> str:
    """A word without the commonest endings."""
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending) + ("y" if ending == "ies" else "")
            break
    return word.removesuffix("e") if len(word) > 3 else word


def _concepts(run: str) -> frozenset[str]:
    return frozenset(concept for word, concept in HAN_WORDS.items() if word in run)


BY_WORD: Mapping[str, str] = {
    _stem(word): f"#{concept}"
    for concept, spoken in CONCEPTS.items()
    for word in spoken.split()
    if word.isascii()
}
HAN_WORDS: Mapping[str, str] = {
    word: f"#{concept}"
    for concept, spoken in CONCEPTS.items()
    for word in spoken.split()
    if not word.isascii()
}


def shorten(text: str, length: int = 60) -> str:
    """The text in one line of at most so many characters, cut at a word if it can be."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head = line[: length - 1]
    space = head.rfind(" ")
    return (head[:space] if space > length // 2 else head).rstrip(" ,，、;；:：") + "…"


def topic(text: str, length: int = 40) -> str:
    """What a text asks about: without the polite words before it and the marks after it."""
    first = next((line for line in text.splitlines() if line.strip()), "").strip()
    asked = POLITE.sub("", first)
    return shorten(_endless(asked) or _endless(first) or first, length)


def _endless(line: str) -> str:
    """A line without the marks and the particle at its end."""
    bare = line.rstrip(MARKS)
    return bare[:-1] if bare.endswith(tuple(PARTICLES)) else bare


def subject(text: str, length: int = 40) -> str:
    """The thing that a text is about, when the verb before it and the frame around it can be told
    apart: 量子计算 for 介绍一下量子计算, `GLM` for `What is GLM?`."""
    asked = topic(text, 200)
    bare = FRAME_END.sub("", FRAME.sub("", asked)).strip(" ：:，,")
    return shorten(bare if len(bare) > 1 else asked, length)


def excerpt(text: str, length: int = 2400) -> str:
    """The first and the last part of a long text, where what is asked usually stands."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]}\n{CUT.sub('', text[-length // 2 :])}"


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, each with the mark that ends it."""
    return tuple(found.strip() for found in SENTENCE.findall(text) if found.strip())
