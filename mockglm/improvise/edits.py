"""Texts of files: read from the output of tools, searched for typos, changed in a reply.

The forms of changes in a reply are search/replace blocks, unified diffs and whole files.
"""

from __future__ import annotations

import builtins
import difflib
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from mockglm.improvise.conversation import Conversation
from mockglm.improvise.goals import Goal, read_goals
from mockglm.improvise.language import has_any, shorten
from mockglm.improvise.tables import pattern, table
from mockglm.validation.types import decode_json

NUMBERED = pattern("edits", "numbered")
WRAPPER = pattern("edits", "wrapper")
NOTE = pattern("edits", "note")
WORD = re.compile(r"[A-Za-z]{3,}")
RESULT_NAMES = frozenset(("content", "output", "result", "stdout", "text"))
MAX_TEXT = 40_000
MAX_WORD, MIN_WORD = 24, 5
"""Letters of a word with a typo; short words are near to too many others for all but swaps."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "er")
FORMS = {name: pattern("forms", name) for name in ("blocks", "diff", "whole")}
"""Forms of changes, by the words with which prompts prescribe them."""
FORM_HINTS = ("<<<<<<<", "diff", "file", "content")
SHOWN_FILE = r"(?:^|\n){name}\n+```[^\n]*\n(.*?)\n?```"
MAX_QUOTE = 400


class TextChange(Struct, frozen=True):
    """A change of one file: the old text and the new one."""

    path: str
    old: str
    new: str


def read_file_text(printed: str) -> str:
    """Read the text of a file from the output of a tool, without line numbers and tags."""
    printed = printed[:MAX_TEXT]
    value = decode_json(printed.encode()) if printed.lstrip()[:1] in ("{", "[") else None
    _, _, text = max(_texts(value), default=(False, 0, printed))
    text = NOTE.sub("", text)
    numbered = NUMBERED.findall(text)
    if numbered and len(numbered) >= sum(bool(line.strip()) for line in text.splitlines()) / 2:
        lines = [NUMBERED.sub("", line) for line in text.splitlines() if NUMBERED.match(line)]
        return "\n".join(lines)
    return WRAPPER.sub("", text).strip("\n")


def _texts(value: Any, *, is_result: bool = False) -> Iterator[tuple[bool, int, str]]:
    """Yield the texts of a JSON value behind True for those under the name of a result."""
    if isinstance(value, str):
        yield is_result, len(value), value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, is_result=is_result or key in RESULT_NAMES)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, is_result=is_result)


def find_typo(text: str) -> tuple[str, str] | None:
    """Find the first misspelled word, and return it with its correction.

    Words of the table, of Python, and those that occur several times count as known.
    """
    counted = Counter(WORD.findall(text))
    known = _vocabulary() | {word.lower() for word, count in counted.items() if count > 1}
    for word in counted:
        lower = word.lower()
        is_compound = any(char.isupper() for char in word[1:])
        if _is_known(lower, known) or len(word) > MAX_WORD or is_compound:
            continue
        right = next((near for near in _list_near_words(lower) if _is_known(near, known)), None)
        if right is not None:
            return word, right.capitalize() if word[0].isupper() else right
    return None


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    words = table("vocabulary")["words"].split()
    return frozenset((*words, *keyword.kwlist, *(name.lower() for name in dir(builtins))))


def _is_known(word: str, known: frozenset[str]) -> bool:
    """True for a known word, also with an ending."""
    return word in known or any(word.removesuffix(e) in known for e in ENDINGS if word.endswith(e))


def _list_near_words(word: str) -> Iterator[str]:
    """List the words with two letters swapped, or with one letter more, fewer or changed."""
    pairs = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in pairs if len(b) > 1 and b[0] != b[1])
    if len(word) >= MIN_WORD:
        yield from (a + b[1:] for a, b in pairs if b)
        yield from (a + char + b for a, b in pairs for char in LETTERS)
        yield from (a + char + b[1:] for a, b in pairs if b and a for char in LETTERS)


def make_change(
    path: str, text: str, *, old: str, new: str, is_all: bool = False
) -> TextChange | None:
    """Make a change that replaces a text, with its whole line if the text is not unique."""
    if old not in text:
        return None
    line = next((line for line in text.splitlines() if old in line), "")
    if text.count(old) > 1 and not is_all and text.count(line) == 1:
        return TextChange(path, line, line.replace(old, new))
    return TextChange(path, old, new)


def edit_in_text(conversation: Conversation) -> str | None:
    """Reply with a change in the prescribed form; None if there is no form or no change."""
    prompt = f"{conversation.system}\n{conversation.text}"
    forms = FORMS.items() if has_any(prompt, FORM_HINTS) else ()
    form = next((name for name, held in forms if held.search(prompt)), None)
    goals = read_goals(conversation.request) if form else ()
    return next((text for goal in goals if (text := _write(goal, form or "", conversation))), None)


def _write(goal: Goal, form: str, conversation: Conversation) -> str | None:
    words, path = table("phrases")["agent"][conversation.language], goal.path
    if goal.kind in ("read", "project") and "." not in path:
        path = _find_name(path or "README", conversation)
    if goal.kind == "create":
        name = "created" if goal.content else "no_content"
        made = _render_form(form, path, "", f"{goal.content}\n") if goal.content else ""
        return f"{words[name].format(path=path)}\n\n{made}".strip()
    text = _shown_file(path, conversation)
    if goal.kind == "run":
        return f"{words['no_tool']}\n\n```bash\n{goal.text}\n```"
    if not path or goal.kind not in ("change", "fix", "read", "project"):
        return None
    if not text:
        return str(words["not_shown"]).format(path=path)
    if goal.kind in ("read", "project"):
        return str(words["quoted"]).format(path=path, text=shorten(text, MAX_QUOTE))
    pair = find_typo(text) if goal.kind == "fix" else (goal.old, goal.new)
    change = make_change(path, text, old=pair[0], new=pair[1]) if pair else None
    if pair is None or change is None:
        name = "absent" if pair else "no_typo"
        return str(words[name]).format(path=path, old=pair[0] if pair else "")
    said = str(words["changed"]).format(path=path, old=pair[0], new=pair[1])
    changed = text.replace(change.old, change.new, 1)
    return f"{said}\n\n{_render_form(form, path, text, changed)}"


def _find_name(start: str, conversation: Conversation) -> str:
    """Find the name of a file in the messages by its beginning, as `README.md` by `README`."""
    said = "\n".join(one.text for one in conversation.chat.messages or ())
    named = re.search(rf"\b{re.escape(start)}\.\w{{1,5}}\b", said, re.I)
    return named[0] if named else start


def _shown_file(path: str, conversation: Conversation) -> str:
    """The text of a file in the newest message that contains it, or an empty text."""
    shown = re.compile(SHOWN_FILE.format(name=re.escape(path)), re.S)
    users = [one.text for one in conversation.chat.messages or () if one.role != "assistant"]
    found = (shown.search(text) for text in reversed(users) if path and path in text)
    return next((f"{match[1]}\n" for match in found if match), "")


def _render_form(form: str, path: str, *texts: str) -> str:
    """Render the change from an old text to a new one; an empty old text is no file."""
    old, new = texts
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if form == "whole":
        return f"{path}\n```\n{new}```"
    if form == "diff":
        lines = difflib.unified_diff(before, after, path if old else "/dev/null", path)
        return f"```diff\n{''.join(lines)}```"
    pairs = [(old, new)]
    if old and len(before) == len(after):
        pairs = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    blocks = [f"<<<<<<< SEARCH\n{a}=======\n{b}>>>>>>> REPLACE" for a, b in pairs]
    return "\n\n".join(f"{path}\n```\n{block}\n```" for block in blocks)
