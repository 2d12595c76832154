"""What is said: the text of an answer to what the user said, or to what tools returned."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.errands import errand
from mockglm.improvise.luck import pick
from mockglm.improvise.phrases import COUNTED, PHRASES, RESULTS
from mockglm.improvise.scene import Result, Scene
from mockglm.improvise.shapes import shape
from mockglm.improvise.words import Language, excerpt, shorten, subject
from mockglm.models import Model
from mockglm.validation.types import decode_json

__all__ = ["announce", "report", "speak"]

SMALL_TALK: Mapping[str, re.Pattern[str]] = {
    "greeting": re.compile(
        r"^(?:你好|您好|嗨|哈喽|早上好|上午好|下午好|晚上好|在吗"
        r"|hi|hello|hey|good (?:morning|afternoon|evening))"
        r"(?:[\s,，]*(?:there|glm|智谱|啊|呀|吗|everyone|world))*[\s!！.。,，~～?？]*$",
        re.I,
    ),
    "thanks": re.compile(
        r"^(?:谢谢|多谢|感谢|thanks?|thank you|thx)(?![a-z]).{0,20}$", re.I | re.S
    ),
    "farewell": re.compile(
        r"^(?:再见|拜拜|回头见|bye|goodbye|see you)(?![a-z]).{0,12}$", re.I | re.S
    ),
    "identity": re.compile(
        r"你是谁|你是什么模型|你叫什么|介绍一下你自己"
        r"|who are you|what(?:'s| is) your name|what model are you",
        re.I,
    ),
}
ASKING = re.compile(
    r"[?？]\s*$|^(?:what|who|whom|whose|when|where|why|how|which|is|are|do|does|can|could|should"
    r"|explain|describe|tell me)\b|什么|怎么|如何|为什么|哪|多少|吗|呢|是否|解释|介绍|讲讲|说说",
    re.I,
)
FAILED = re.compile(r"^\s*(?:\{\s*\"error\"|error\b|traceback|exception|错误|失败|出错)", re.I)
NAME_ASKED = re.compile(
    r"我(?:的名字)?(?:叫|是)(?:什么|啥|谁)|what(?:'s| is) my name|who am i\b", re.I
)
NAMED = re.compile(
    r"我(?:的名字)?(?:叫|是)([\u4e00-\u9fff]{2,4}|[A-Za-z]+)(?![\u4e00-\u9fff]{0,8}[？?])"
    r"|\b(?:[Mm]y name is|[Ii] am|[Ii]'m|[Cc]all me) ([A-Z][\w-]+)"
)
ALONE = 60
"""Characters of a text beside media that is no more than what to do with them."""
ROLE_PLAY = ("charglm", "emohaa")
MARKS: Mapping[Language, tuple[str, str, str, str]] = {
    "zh": ("（", "，", "）", "："),
    "en": (" (", ", ", ")", ": "),
}
QUOTED = 200
"""Characters of a result that are quoted."""


def speak(scene: Scene, model: Model, ids: Ids) -> str:
    """The answer to the last text of the user, media acknowledged."""
    seen = _acknowledge(scene)
    if not scene.text:
        return seen or pick(PHRASES["silence"][scene.language], ids, "silence")
    said = _said(scene, model, ids)
    return f"{seen}{'' if scene.language == 'zh' else ' '}{said}" if seen else said


def announce(scene: Scene, ids: Ids) -> str:
    """What is said before calling; nothing when the call is demanded, as recorded
    (charmbracelet/fantasy, 2026-03)."""
    if scene.chat.tool_choice not in (None, "auto"):
        return ""
    return pick(PHRASES["calling"][scene.language], ids, "calling")


def report(scene: Scene, ids: Ids) -> str:
    """The answer that uses what tools returned."""
    texts = [_readable(result.text) for result in scene.results]
    if len(texts) == 1:
        return _single(texts[0], scene, ids)
    failed = [bool(FAILED.search(result.text)) for result in scene.results]
    kind = "none" if all(failed) else "mixed" if any(failed) else "several"
    opening = pick(RESULTS[kind][scene.language], ids, kind)
    lines = (
        _line(result, text, scene.language)
        for result, text in zip(scene.results, texts, strict=True)
    )
    return "\n".join((opening, *lines))


def _said(scene: Scene, model: Model, ids: Ids) -> str:
    if model.id.startswith(ROLE_PLAY) or model.family in ROLE_PLAY:
        return _phrase("character", scene, ids)
    text = excerpt(scene.text)
    side = None if scene.media and len(text) < ALONE else errand(scene)
    if side is not None:
        return side
    talk = next((name for name, form in SMALL_TALK.items() if form.search(text)), None)
    if talk is not None:
        return pick(PHRASES[talk][scene.language], ids, talk).format(model=model.id)
    name = _recalled(scene)
    if name:
        return pick(PHRASES["recalled"][scene.language], ids, "recalled").format(topic=name)
    shaped = shape(text, scene.language, ids)
    if shaped is not None:
        return shaped
    if scene.media:
        return pick(PHRASES["seen"][scene.language], ids, "seen")
    return _phrase("question" if ASKING.search(text) else "statement", scene, ids)


def _recalled(scene: Scene) -> str:
    """The name that the user gave before, when that is asked for; else nothing."""
    if not NAME_ASKED.search(scene.text):
        return ""
    given = (NAMED.search(said) for said in reversed(scene.says))
    return next((match[1] or match[2] for match in given if match), "")


def _phrase(name: str, scene: Scene, ids: Ids) -> str:
    return pick(PHRASES[name][scene.language], ids, name).format(topic=subject(scene.text))


def _acknowledge(scene: Scene) -> str:
    """`收到 2 张图片。` for what came beside the text."""
    counted = [
        COUNTED[kind][scene.language].format(count=count, s="" if count == 1 else "s")
        for kind, count in scene.media.items()
    ]
    if not counted:
        return ""
    if scene.language == "zh":
        return f"收到 {'、'.join(counted)}。"
    return f"I received {' and '.join(counted)}."


def _single(text: str, scene: Scene, ids: Ids) -> str:
    if not text:
        return pick(RESULTS["empty"][scene.language], ids, "empty")
    kind = "failed" if FAILED.search(scene.results[0].text) else "one"
    return pick(RESULTS[kind][scene.language], ids, kind).format(result=text)


def _line(result: Result, text: str, language: Language) -> str:
    """One result of several, with the values it is of."""
    values = [str(value) for value in _loaded(result.arguments).values() if _is_short(value)]
    before, between, after, colon = MARKS[language]
    about = f"{before}{between.join(values[:2])}{after}" if values else ""
    return f"- {result.name or 'tool'}{about}{colon}{text or '—'}"


def _is_short(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and 0 < len(str(value)) <= 40


def _loaded(sent: Any) -> Mapping[str, Any]:
    """Arguments as an object, whatever the client made of them."""
    held = decode_json(sent.encode()) if isinstance(sent, str) else sent
    return held if isinstance(held, Mapping) else {}


def _readable(text: str) -> str:
    """A result in one line: a JSON object as `key: value`, a list by its items."""
    value = decode_json(text.encode())
    return shorten(text if value is None else _flat(value), QUOTED)


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_inner(sub)}" for key, sub in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(_inner, value[:10]))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _inner(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
