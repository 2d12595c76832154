"""Changes of files in the text of a reply, for prompts that prescribe a form and offer no tools.

The forms are search/replace blocks, unified diffs and whole files.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping

from mockglm.clock import Ids
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.language import excerpt
from mockglm.improvise.planner import plan_reply
from mockglm.improvise.tables import hinted_patterns
from mockglm.improvise.tools import PlanStep

HINTED = hinted_patterns("text_edits")
SHOWN_FILE = r"(?:^|\n){name}\n+```[^\n]*\n(.*?)\n?```"
MAX_LISTED = 40_000
"""Characters of the messages that are searched for names of files."""

Form = Callable[[str, str, str], str]


def edit_in_text(conversation: Conversation, ids: Ids) -> str | None:
    """Reply with a change in the prescribed form; None if there is no form or nothing to do."""
    prompt = f"{conversation.system}\n{conversation.text}"
    form = next((write for name, write in FORMS.items() if HINTED[name].search(prompt)), None)
    if form is None:
        return None
    project = _ShownProject(conversation, form)
    planned = plan_reply(conversation, project.answer, ids)
    return "\n\n".join((planned, *project.changes)) if isinstance(planned, str) else None


class _ShownProject:
    """The files that messages show; changes of them are written in a form."""

    def __init__(self, conversation: Conversation, form: Form) -> None:
        held = conversation.chat.messages or ()
        self.messages = [one.text for one in held if one.role != "assistant"]
        self.form = form
        self.changes: list[str] = []

    def answer(self, step: PlanStep) -> ToolResult | None:
        text = self.shown_text(step.path)
        match step.kind:
            case "list":
                text = excerpt("\n".join(self.messages), MAX_LISTED)
            case "edit":
                count = -1 if "all" in step.values else 1
                new = text.replace(step.values["old"], step.values["new"], count)
                self.changes.append(self.form(step.path, text, new))
            case "write":
                text = f"{step.values['content']}\n"
                self.changes.append(self.form(step.path, "", text))
        is_done = text and step.kind in ("list", "read", "edit", "write")
        return ToolResult("", {}, text) if is_done else None

    def shown_text(self, path: str) -> str:
        """The text of a file in the newest message that contains it, or an empty text."""
        shown = re.compile(SHOWN_FILE.format(name=re.escape(path)), re.S)
        found = (shown.search(text) for text in reversed(self.messages) if path and path in text)
        return next((f"{match[1]}\n" for match in found if match), "")


def _write_diff(path: str, old: str, new: str) -> str:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    lines = difflib.unified_diff(before, after, path if old else "/dev/null", path)
    return f"```diff\n{''.join(lines)}```"


def _write_blocks(path: str, old: str, new: str) -> str:
    # The whole file, for a single line may occur several times in it.
    return f"{path}\n```\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n```"


FORMS: Mapping[str, Form] = {
    "blocks": _write_blocks,
    "diff": _write_diff,
    "whole": lambda path, _, new: f"{path}\n```\n{new}```",
}
"""Forms of changes, by the patterns of the words with which prompts prescribe them."""
