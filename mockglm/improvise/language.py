"""Chinese and English text: its language, its subject, the words it is compared by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar, overload

from mockglm.improvise.tables import table

Language = Literal["zh", "en"]
Value = TypeVar("Value")

LATIN = re.compile(r"[A-Za-z]+|\d+")
HAN = re.compile(r"[\u3400-\u9fff]+")
OTHER = re.compile(r"(?:(?![\u3400-\u9fff])[^\W\d_])+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SENTENCE = re.compile(r".+?(?:[。！？!?]+|\.(?=\s|$)|\n|$)", re.S)
CUT = re.compile(r"^\S{1,100}\s")
MARKS = " \t\u3000。！？!?.,，;；:：~～…"
PARTICLES = tuple("吗呢吧啊呀")


class Memo(Generic[Value]):
    """A property that is computed once; `cached_property` takes a lock before Python 3.12."""

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type[Any]) -> Memo[Value]: ...

    @overload
    def __get__(self, owner: object, kind: type[Any]) -> Value: ...

    def __get__(self, owner: object | None, kind: type[Any]) -> Memo[Value] | Value:
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._compute(owner)
        return value


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


def has_any(text: str, words: Iterable[str]) -> bool:
    """True if a text contains one of some words, in lower case or not."""
    lower = text.lower()
    # A loop takes half the time of `any`.
    for word in words:  # noqa: SIM110
        if word in lower:
            return True
    return False


def any_of(words: Iterable[str]) -> str:
    """A pattern of alternatives; Latin words match as whole words, Chinese ones are patterns."""
    spelled = (rf"(?<![A-Za-z]){re.escape(w)}(?![A-Za-z])" if w.isascii() else w for w in words)
    return f"(?:{'|'.join(spelled)})"


@lru_cache(maxsize=1)
def _frames() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    held = table("language")
    forms, zh, en = "|".join(held["forms_en"]), any_of(held["verbs_zh"]), any_of(held["verbs_en"])
    frame = (
        rf"^(?:{zh}(?:一下|下)?|用(?:一|两|几|\d+)(?:句话|个字|段话)|[\d一二两三几]+[个条点种项篇首段]"
        rf"|关于|有关|(?:what|who|where)(?:'s| is| are| was| were)(?: the)? |how to "
        rf"|how (?:do|can|should|would) (?:i|you|we) |why (?:is|are|do|does) |{en}(?: me)? "
        rf"|(?:an?|the|some|\d+) |(?:short |long |markdown )*(?:{forms})s? (?:on|about|of|for) )+"
    )
    polite = rf"^(?:{any_of(held['polite'])}[\s,，:：!！]*)+"
    ending = rf"{any_of(held['endings_zh'])}$"
    return re.compile(polite, re.I), re.compile(frame, re.I), re.compile(ending)


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
    first = next((line for line in text.splitlines() if line.strip()), "").strip()
    asked = _frames()[0].sub("", first[:2000])
    return shorten(_strip_marks(asked) or _strip_marks(first) or first, length)


def _strip_marks(line: str) -> str:
    bare = line.rstrip(MARKS)
    return bare[:-1] if bare.endswith(PARTICLES) else bare


def subject(text: str, length: int = 40) -> str:
    """The thing that a text is about: 量子计算 for 介绍一下量子计算, `GLM` for `What is GLM?`."""
    _, frame, ending = _frames()
    asked = topic(text, 200)
    bare = ending.sub("", frame.sub("", asked)).strip(" ：:，,")
    return shorten(bare if len(bare) > 1 else asked, length)


def excerpt(text: str, length: int = 2400) -> str:
    """The first and the last part of a long text, where a request usually stands."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]}\n{CUT.sub('', text[-length // 2 :])}"


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, each with the mark that ends it."""
    return tuple(found.strip() for found in SENTENCE.findall(text) if found.strip())
