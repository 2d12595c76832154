"""Chinese and English text: its language, its topic, the words it is compared by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from mockglm.improvise.tables import patterns, table

Language = Literal["zh", "en"]

LATIN = re.compile(r"[A-Za-z]+|\d+")
HAN = re.compile(r"[\u3400-\u9fff]+")
OTHER = re.compile(r"(?:(?![\u3400-\u9fff])[^\W\d_])+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
POLITE = patterns("language")["polite"]
MARKS = " \t\u3000。！？!?.,，;；:：~～…吗呢吧啊呀"
"""Marks and particles at the end of a request."""


def detect_language(*texts: str) -> Language:
    """The language of the first text that has one: Chinese when it has as many Han characters as
    words in other letters, and when none has one."""
    for text in texts:
        han, latin = sum(map(len, HAN.findall(text))), len(OTHER.findall(text))
        if han or latin:
            return "zh" if han >= latin else "en"
    return "zh"


@lru_cache(maxsize=1024)
def word_set(text: str) -> frozenset[str]:
    """The words two texts are compared by: stems of Latin words, pairs of Han characters, and the
    concepts behind them (`#read`), which Chinese and English share."""
    stop, by_word, by_han = _concepts()
    latin = (word.lower() for word in LATIN.findall(CAMEL.sub(" ", text.replace("_", " "))))
    found = {_stem(word) for word in latin if word not in stop}
    runs = HAN.findall(text)
    found |= {run[i : i + 2] for run in runs for i in range(max(len(run) - 1, 1))} - stop
    found |= {concept for run in runs for word, concept in by_han.items() if word in run}
    return frozenset(found | {by_word[word] for word in found if word in by_word})


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending) + ("y" if ending == "ies" else "")
            break
    return word.removesuffix("e") if len(word) > 3 else word


@lru_cache(maxsize=1)
def _concepts() -> tuple[frozenset[str], Mapping[str, str], Mapping[str, str]]:
    held = table("concepts")
    pairs = [(w, f"#{name}") for name, words in held["concepts"].items() for w in words.split()]
    by_word = {_stem(word): concept for word, concept in pairs if word.isascii()}
    by_han = {word: concept for word, concept in pairs if not word.isascii()}
    return frozenset(held["stop"].split()), by_word, by_han


def any_of(words: Iterable[str]) -> str:
    """A pattern of alternatives; Latin words match as whole words, Chinese ones are patterns."""
    spelled = (rf"(?<![A-Za-z]){re.escape(w)}(?![A-Za-z])" if w.isascii() else w for w in words)
    return f"(?:{'|'.join(spelled)})"


def shorten(text: str, length: int = 60) -> str:
    """The text in one line of at most so many characters, cut at a word if it can be."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head = line[: length - 1]
    space = head.rfind(" ")
    return (head[:space] if space > length // 2 else head).rstrip(" ,，、;；:：") + "…"


def topic(text: str, length: int = 40) -> str:
    """The first line without the polite words before it and the marks after it."""
    first = text.strip().partition("\n")[0].strip()
    return shorten(POLITE.sub("", first[:2000]).rstrip(MARKS) or first, length)


def excerpt(text: str, length: int = 2400) -> str:
    """The first and the last part of a long text, where a request usually stands."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]}\n{text[-length // 2 :]}"
