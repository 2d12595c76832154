"""Plans of a coding agent: short sequences of steps, each chosen by the results so far.

A plan is a generator that yields steps and receives their results. It runs again for each request,
over the results in the conversation, and the first step without a result is the call to make.
Nothing is written or deleted unless the user requested it and gave the content, and a file is read
before it is changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import lru_cache
from typing import Any

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.files import find_typo, make_change, read_file_text
from mockglm.improvise.language import any_of, shorten
from mockglm.improvise.parameters import find_values
from mockglm.improvise.replies import MAX_QUOTE, report_result
from mockglm.improvise.tables import patterns, table
from mockglm.improvise.tools import PlanStep

Answer = Callable[[PlanStep], "ToolCall | ToolResult | None"]
Plan = Generator[PlanStep, "ToolResult | None", str]
Reading = Generator[PlanStep, "ToolResult | None", tuple[str, str | None]]
PATTERNS = patterns("planner")
MAX_GOALS = 5
QUOTED = re.compile(r"```.*?```|`[^`]*`|\"[^\"]*\"|“[^”]*”|「[^」]*」", re.S)
"""Quoted texts, which are kept whole and whose words are no commands."""
NEEDS_PATH = ("change", "create", "delete", "fix", "read")
"""Kinds of goals whose file may be named in another part of the message."""


def read_goals(text: str) -> Sequence[PlanStep]:
    """Read the goals of a message in order; none if it needs no tools.

    A file that a message without a verb names is read.
    """
    path, text = find_values(text).first("path"), remove_unwanted(text)
    goals: list[PlanStep] = []
    for goal in filter(None, (_read_goal(part, text) for part in _split_parts(text))):
        is_elsewhere = path and not goal.path and goal.kind in NEEDS_PATH
        filled = PlanStep(goal.kind, {**goal.values, "path": path}) if is_elsewhere else goal
        goals += [] if filled in goals else [filled]
    mentioned = [PlanStep("read", {"path": path})] if path else []
    return goals[:MAX_GOALS] or mentioned


def remove_unwanted(text: str) -> str:
    """Remove the rest of a clause that forbids something or only considers it: `do not`, 不要."""
    # Words in quotes forbid nothing.
    masked = QUOTED.sub(lambda quote: "_" * len(quote[0]), text)
    kept, at = "", 0
    for found in PATTERNS["unwanted"].finditer(masked):
        kept, at = kept + text[at : found.start()], found.end()
    return kept + text[at:]


@lru_cache(maxsize=32)
def _words_pattern(section: str, name: str) -> re.Pattern[str]:
    return re.compile(any_of(table("requests")[section][name]), re.I)


@lru_cache(maxsize=1)
def _split_pattern() -> re.Pattern[str]:
    verbs = any_of(verb for listed in table("requests")["verbs"].values() for verb in listed)
    marks = table("requests")["split"]["marks"]
    return re.compile(rf"(?:{marks})\s*(?:(?:please|then|also|请)\s*)*(?={verbs})", re.I)


def _split_parts(text: str) -> Iterator[str]:
    """Split a message into parts that begin with a verb; quotes are kept whole."""
    quoted = [span.span() for span in QUOTED.finditer(text)]
    start = 0
    for mark in _split_pattern().finditer(text):
        if not any(low <= mark.start() < high for low, high in quoted):
            yield text[start : mark.start()]
            start = mark.end()
    yield text[start:]


def _read_goal(part: str, text: str) -> PlanStep | None:
    values, bare = find_values(part), QUOTED.sub(" ", part)
    path = values.first("path")
    where = {"path": path} if path else {}

    def says(name: str, section: str = "verbs") -> bool:
        return _words_pattern(section, name).search(bare) is not None

    if values.of("old") and values.of("new"):
        change: dict[str, Any] = {"old": values.first("old"), "new": values.first("new")}
        change |= {"all": True} if says("everywhere", "things") else {}
        return PlanStep("change", where | change)
    content = _find_content(part) or _find_content(text[text.find(part) :])
    is_question = PATTERNS["question"].search(part) is not None
    if says("create") and (content or not is_question) and find_values(text).of("path"):
        return PlanStep("create", {**where, "content": content})
    if says("delete") and path:
        return PlanStep("delete", where)
    spans = (*values.of("code"), *values.of("fence"), *values.of("quote"))
    command = spans[0] if spans and says("run") else values.first("command")
    if command:
        return PlanStep("run", {"command": command})
    if says("fix"):
        return PlanStep("fix", where)
    url, sought = values.first("url"), values.first("sought")
    if url:
        return PlanStep("fetch", {"url": url})
    if sought and says("search") and not says("web", "things"):
        return PlanStep("search", {"query": sought, **where})
    if says("list") and says("files", "things") and not PATTERNS["file_name"].search(path):
        return PlanStep("list", {"path": path or "."})
    if path:
        return PlanStep("read", where) if says("read") or is_question else None
    return PlanStep("read", {"path": "README"}) if says("project", "things") else None


def _find_content(part: str) -> str:
    """Find the content of a file that a text contains; empty if there is none."""
    match = PATTERNS["fence"].search(part) or PATTERNS["content"].search(part)
    content = next(filter(None, match.groups()), "") if match else ""
    return content.rstrip(" .。,，;；") if match and match.lastgroup == "rest" else content


def plan_reply(conversation: Conversation, answer: Answer, ids: Ids) -> ToolCall | str | None:
    """Plan the next call or the final text of a coding agent; None if no tools are needed.

    `answer` finds the result of a step, or the call to make for it; None if it cannot be done.
    """
    planner = _Planner(conversation, answer, ids)
    said: list[str] = []
    for goal in read_goals(conversation.request):
        outcome = planner.run(planner.plan(goal))
        if isinstance(outcome, ToolCall):
            return outcome
        said.append(outcome)
    return "\n\n".join(said) or None


class _Planner:
    """Runs the plans of one request over the results in its conversation."""

    def __init__(self, conversation: Conversation, answer: Answer, ids: Ids) -> None:
        self.language, self.answer, self.ids = conversation.language, answer, ids
        self.phrases = table("phrases")["agent"][self.language]

    def run(self, plan: Plan) -> ToolCall | str:
        """Return the first call of a plan without a result, else its text."""
        result: ToolResult | None = None
        try:
            while True:
                found = self.answer(plan.send(result))
                if isinstance(found, ToolCall):
                    return found
                result = found
        except StopIteration as end:
            return str(end.value)

    def say(self, name: str, **values: object) -> str:
        return str(self.phrases[name]).format(**values)

    def report(self, result: ToolResult | None, done: str = "") -> str:
        if result is None:
            return self.say("no_tool")
        if done and not result.is_error:
            return done
        text = read_file_text(result.text)
        return report_result(text, self.language, self.ids, is_error=result.is_error)

    def plan(self, goal: PlanStep) -> Plan:
        match goal.kind:
            case "change" | "fix":
                return (yield from self.plan_change(goal))
            case "create":
                return (yield from self.plan_create(goal))
            case "read":
                return (yield from self.plan_read(goal))
        return self.report((yield goal))

    def plan_change(self, goal: PlanStep) -> Plan:
        path, text = yield from self.open_file(goal.path)
        if text is None:
            return self.say("unreadable", path=path or "?")
        pair = find_typo(text) if goal.kind == "fix" else (goal.values["old"], goal.values["new"])
        if pair is None:
            return self.say("no_typo", path=path)
        names = {"path": path, "old": pair[0], "new": pair[1]}
        change = make_change(text, *pair, is_all="all" in goal.values)
        if change is None:
            return self.say("already" if pair[1] and pair[1] in text else "absent", **names)
        values = {**goal.values, "path": path, "old": change[0], "new": change[1]}
        result = yield PlanStep("edit", values)
        if result is None:
            return self.say("would_change", **names)
        return self.report(result, self.say("changed", **names))

    def plan_create(self, goal: PlanStep) -> Plan:
        if not goal.values["content"]:
            return self.say("no_content", path=goal.path)
        read = yield PlanStep("read", {"path": goal.path})
        if read is not None and not read.is_error:
            return self.say("exists", path=goal.path)
        result = yield PlanStep("write", goal.values)
        return self.report(result, self.say("created", path=goal.path))

    def plan_read(self, goal: PlanStep) -> Plan:
        path, text = yield from self.open_file(goal.path)
        if text is None:
            return self.say("unreadable", path=path)
        return self.say("quoted", path=path, text=shorten(text, MAX_QUOTE))

    def open_file(self, path: str) -> Reading:
        """Find and read a file; return its path, and its text or None.

        A file whose name has no suffix, or is not given, is found in a listing.
        """
        # `README` may be `README.md`.
        if not path or ("." not in path.strip("./") and "/" not in path):
            listed = yield PlanStep("list", {"path": "."})
            text = listed.text if listed and not listed.is_error else ""
            form = rf"(?i)(?:^|/){re.escape(path)}[^/]*$" if path else PATTERNS["source"]
            near = [name for name in PATTERNS["listed"].findall(text) if re.search(form, name)]
            # The name without a suffix may be a word of the text.
            usual = "README.md" if path == "README" else path
            path = min(near, key=lambda name: ("." not in name, len(name)), default=usual)
        result = (yield PlanStep("read", {"path": path})) if path else None
        return path, None if result is None or result.is_error else read_file_text(result.text)
