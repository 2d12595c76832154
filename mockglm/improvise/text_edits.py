"""Changes of files in a text reply, in a form that the prompt prescribes.

The forms are search/replace blocks, unified diffs and whole files.
"""

from __future__ import annotations

import difflib
import re

from mockglm.improvise.commands import Command, read_commands
from mockglm.improvise.conversation import Conversation
from mockglm.improvise.edits import find_typo, make_change
from mockglm.improvise.language import shorten
from mockglm.improvise.tables import table

BLOCKS = re.compile(r"<<<<<<< SEARCH")
DIFF = re.compile(r"unified diff|diff -U|```diff\b", re.I)
WHOLE = re.compile(r"(?:entire|whole|complete|full) (?:content|file)|\*?file listing\*?", re.I)
MAX_QUOTE = 400
SHOWN_FILE = r"(?:^|\n){name}\n+```[^\n]*\n(.*?)\n?```"


def edit_in_text(conversation: Conversation) -> str | None:
    """Reply with a change in the prescribed form; None if there is no form or no change."""
    prompt = f"{conversation.system}\n{conversation.text}"
    forms = (BLOCKS, DIFF, WHOLE)
    form = next((one for one in forms if one.search(prompt)), None)
    if form is None:
        return None
    commands = [one for one in read_commands(conversation.request) if one.kind in KINDS_WITH_FORM]
    written = (_write(one, form, conversation) for one in commands)
    return next((text for text in written if text), None)


KINDS_WITH_FORM = ("change", "fix", "create", "read")


def _write(command: Command, form: re.Pattern[str], conversation: Conversation) -> str | None:
    words = table("phrases")["agent"][conversation.language]
    if command.kind == "create":
        if not command.content:
            return str(words["no_content"]).format(path=command.path)
        said = str(words["created"]).format(path=command.path)
        return f"{said}\n\n{_render_form(command.path, '', command.content + chr(10), form=form)}"
    text = _shown_file(command.path, conversation)
    if not text:
        return None
    if command.kind == "read":
        return str(words["quoted"]).format(path=command.path, text=shorten(text, MAX_QUOTE))
    pair = find_typo(text) if command.kind == "fix" else (command.old, command.new)
    if pair is None:
        return str(words["no_typo"]).format(path=command.path)
    change = make_change(command.path, text, old=pair[0], new=pair[1])
    if change is None:
        return str(words["absent"]).format(path=command.path, old=pair[0])
    said = str(words["changed"]).format(path=command.path, old=pair[0], new=pair[1])
    changed = text.replace(change.old, change.new, 1)
    return f"{said}\n\n{_render_form(command.path, text, changed, form=form)}"


def _shown_file(path: str, conversation: Conversation) -> str:
    """The text of a file in the newest message that contains it, or an empty text."""
    shown = re.compile(SHOWN_FILE.format(name=re.escape(path)), re.S)
    users = [one.text for one in conversation.chat.messages or () if one.role != "assistant"]
    found = (shown.search(text) for text in reversed(users) if path and path in text)
    return next((f"{match[1]}\n" for match in found if match), "")


def _render_form(path: str, old: str, new: str, *, form: re.Pattern[str]) -> str:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if form is WHOLE:
        return f"{path}\n```\n{new}```"
    if form is DIFF:
        lines = difflib.unified_diff(before, after, path if old else "/dev/null", path)
        return f"```diff\n{''.join(lines)}```"
    changed = (
        [(a, b) for a, b in zip(before, after, strict=False) if a != b] if old else [("", new)]
    )
    pairs = changed if len(before) == len(after) or not old else [(old, new)]
    blocks = [f"<<<<<<< SEARCH\n{a}=======\n{b}>>>>>>> REPLACE" for a, b in pairs]
    return "\n\n".join(f"{path}\n```\n{block}\n```" for block in blocks)
