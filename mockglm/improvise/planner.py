"""Plans of a coding agent: short sequences of steps, each chosen by the results so far.

A plan is a generator that yields steps and receives their results. It runs again for each request,
over the results in the conversation, and the first step without a result is the call to make.
Nothing is written or deleted unless the user requested it and gave the content, and a file is read
before it is changed.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Protocol

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.files import find_typo, make_change, read_file_text
from mockglm.improvise.goals import Goal, read_goals
from mockglm.improvise.language import shorten
from mockglm.improvise.replies import MAX_QUOTE, report_result
from mockglm.improvise.tables import pattern, table
from mockglm.improvise.tools import PlanStep

Plan = Generator[PlanStep, "ToolResult | None", str]
Reading = Generator[PlanStep, "ToolResult | None", tuple[str, str | None]]
LISTED = re.compile(r"(?<![\w@./+-])[\w@./+-]+\.\w{1,8}\b|\bREADME\b|\bMakefile\b")
PREFERRED = re.compile(r"(?:^|/)readme|\.(?:py|js|ts|md|txt|go|rs|java|c|rb|sh|html)$", re.I)
README = re.compile(r"(?:^|/)readme(?:\.\w+)?$", re.I)
FINISH_COMMAND = pattern("planner", "finish_command")


class Project(Protocol):
    """The files of the user, which the steps of a plan read and change."""

    @property
    def has_writer(self) -> bool:
        """True if a file is written as it is given, even over another one."""

    def answer(self, step: PlanStep) -> tuple[ToolCall | None, ToolResult | None]:
        """Find the result of a step, or the call to make for it; neither if it cannot be done."""


class PlannedReply(Struct, frozen=True):
    """The outcome of planning: calls to make now, or the final text."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


def plan_reply(conversation: Conversation, project: Project, ids: Ids) -> PlannedReply | None:
    """Plan the next calls or the final text of a coding agent; None if no tools are needed."""
    planner = _Planner(conversation, project, ids)
    said: list[str] = []
    for goal in read_goals(conversation.request):
        outcome = planner.run(planner.plan(goal))
        if isinstance(outcome, ToolCall):
            return PlannedReply(calls=(outcome,))
        said.append(outcome)
    return PlannedReply("\n\n".join(said)) if said else None


class _Planner:
    """Runs the plans of one request over the results in its conversation."""

    def __init__(self, conversation: Conversation, project: Project, ids: Ids) -> None:
        self.language, self.project, self.ids = conversation.language, project, ids
        self.phrases = table("phrases")["agent"][self.language]

    def run(self, plan: Plan) -> ToolCall | str:
        """Return the first call of a plan without a result, else its text."""
        try:
            step = next(plan)
            while True:
                call, result = self.project.answer(step)
                if call is not None:
                    return call
                step = plan.send(result)
        except StopIteration as end:
            return str(end.value)

    def say(self, name: str, **values: object) -> str:
        return str(self.phrases[name]).format(**values)

    def report(self, result: ToolResult | None, done: str = "") -> str:
        """Report a failure, or that something was done."""
        if result is None:
            return self.say("no_tool")
        if done and not result.is_error:
            return done
        text = read_file_text(result.text)
        return report_result(text, self.language, self.ids, is_error=result.is_error)

    def plan(self, goal: Goal) -> Plan:
        match goal.kind:
            case "change" | "fix":
                return self.plan_change(goal)
            case "create":
                return self.plan_create(goal)
            case "read" | "project":
                return self.plan_read(goal)
        return self.plan_step(_step_of(goal))

    def plan_step(self, step: PlanStep) -> Plan:
        """Do one step, and report its result."""
        return self.report((yield step))

    def plan_change(self, goal: Goal) -> Plan:
        path, text = yield from self.open_file(goal.path)
        if text is None:
            return self.say("unreadable", path=path or "?")
        pair = find_typo(text) if goal.kind == "fix" else (goal.old, goal.new)
        if pair is None:
            return self.say("no_typo", path=path)
        names = {"path": path, "old": pair[0], "new": pair[1]}
        change = make_change(text, *pair, is_all=goal.is_everywhere)
        if change is None:
            return self.say("already" if pair[1] and pair[1] in text else "absent", **names)
        values = {"path": path, "old": change[0], "new": change[1]}
        result = yield PlanStep("edit", values | ({"all": True} if goal.is_everywhere else {}))
        if result is None:
            return self.say("would_change", **names)
        return self.report(result, self.say("changed", **names))

    def plan_create(self, goal: Goal) -> Plan:
        if not goal.content:
            return self.say("no_content", path=goal.path)
        if self.project.has_writer:
            read = yield PlanStep("read", {"path": goal.path})
            if read is not None and not read.is_error:
                return self.say("exists", path=goal.path)
        result = yield PlanStep("write", {"path": goal.path, "content": goal.content})
        return self.report(result, self.say("created", path=goal.path))

    def plan_read(self, goal: Goal) -> Plan:
        path, text = yield from self.open_file(goal.path, is_readme=goal.kind == "project")
        path = path or goal.path or "README"
        if text is None:
            return self.say("unreadable", path=path)
        return self.say("quoted", path=path, text=shorten(text, MAX_QUOTE))

    def open_file(self, path: str, *, is_readme: bool = False) -> Reading:
        """Find and read a file; return its path, and its text or None.

        A file whose name has no suffix, or is not given, is found in a listing.
        """
        # `README` may be `README.md`.
        if not path or ("." not in path.strip("./") and "/" not in path):
            listed = yield PlanStep("list", {"path": "."})
            names = LISTED.findall(listed.text) if listed and not listed.is_error else []
            wanted = "readme" if is_readme else path.lower()
            near = [name for name in names if name.rpartition("/")[2].lower().startswith(wanted)]
            if not wanted:
                near = sorted(filter(PREFERRED.search, names), key=_preference)[:1]
            path = min(near, key=len, default="README.md" if wanted == "readme" else path)
        result = (yield PlanStep("read", {"path": path})) if path else None
        return path, None if result is None or result.is_error else read_file_text(result.text)


def _step_of(goal: Goal) -> PlanStep:
    """The only step of a goal that needs one."""
    where = {"path": goal.path} if goal.path else {}
    match goal.kind:
        case "delete":
            return PlanStep("delete", where)
        case "run":
            return PlanStep("run", {"command": goal.text})
        case "fetch":
            return PlanStep("fetch", {"url": goal.text})
        case "search":
            return PlanStep("search", {"query": goal.text, **where})
    return PlanStep("list", {"path": goal.path or "."})


def _preference(name: str) -> tuple[bool, int]:
    return not README.search(name), len(name)


def find_finish_command(conversation: Conversation) -> str:
    """Find the command that a prompt wants at the end of the work; empty if there is none."""
    found = FINISH_COMMAND.search(conversation.text) or FINISH_COMMAND.search(conversation.system)
    return found[1] if found else ""
