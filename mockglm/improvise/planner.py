"""Plans of a coding agent: short sequences of steps, each chosen by the results so far.

A plan is a generator that yields steps and receives their results. It runs again for each request,
over the results in the conversation, and the first step without a result is the call to make.
Nothing is written or deleted unless the user requested it and gave the content, and a file is read
before it is changed.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.edits import MAX_QUOTE, find_typo, make_change, read_file_text
from mockglm.improvise.goals import Goal, read_goals
from mockglm.improvise.language import shorten
from mockglm.improvise.tables import pattern, table
from mockglm.improvise.tools import PlanStep, StepCaller, ToolOffer

Plan = Generator[PlanStep, "ToolResult | None", str]
Reading = Generator[PlanStep, "ToolResult | None", tuple[str, str | None]]
MAX_RESULTS = 7
"""Results after which no more calls are made, so that an agent ends after eight turns."""
LISTED = re.compile(r"[\w@./+-]*[\w@+-]+\.\w{1,8}\b|\bREADME\b|\bMakefile\b")
PREFERRED = re.compile(r"(?:^|/)readme|\.(?:py|js|ts|md|txt|go|rs|java|c|rb|sh|html)$", re.I)
README = re.compile(r"(?:^|/)readme(?:\.\w+)?$", re.I)
FINISH_COMMAND = pattern("planner", "finish_command")


class PlannedReply(Struct, frozen=True):
    """The outcome of planning: calls to make now, or the final text."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


def plan_reply(
    conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids
) -> PlannedReply | None:
    """Plan the next calls or the final text of a coding agent; None if no tools are needed."""
    return _Planner(conversation, offers, ids).reply()


class _Planner:
    """Runs the plans of one request over the results in its conversation."""

    def __init__(self, conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids) -> None:
        self.conversation = conversation
        self.caller = StepCaller(conversation, offers, ids)
        self.unused_results = list(conversation.results)
        self.phrases = table("phrases")["agent"][conversation.language]

    def reply(self) -> PlannedReply | None:
        said: list[str] = []
        for goal in read_goals(self.conversation.request):
            call = self.run(self.plan(goal), said)
            if call is not None:
                return PlannedReply(calls=(call,))
        return PlannedReply("\n\n".join(said)) if said else None

    def run(self, plan: Plan, said: list[str]) -> ToolCall | None:
        """Return the first call of a plan without a result; else add its text and return None."""
        try:
            step = next(plan)
            while True:
                call, result = self.answer(step)
                if call is not None:
                    return call
                step = plan.send(result)
        except StopIteration as end:
            said.append(end.value)
        return None

    def answer(self, step: PlanStep) -> tuple[ToolCall | None, ToolResult | None]:
        """Find the result of a step, or the call to make for it; neither if no tool can do it.

        A step that failed by its path is tried once more with a corrected one.
        """
        is_over = len(self.conversation.results) >= MAX_RESULTS
        result: ToolResult | None = None
        corrected: PlanStep | None = step
        for _ in range(2):
            call = self.caller.make(corrected) if corrected else None
            if call is None:
                break
            found = self.next_result(call.name)
            if found is None:
                return (None, result) if is_over else (call, None)
            result = found
            corrected = self.caller.correct(step, result)
        return None, result

    def next_result(self, name: str) -> ToolResult | None:
        """Take the next result of a tool, and drop those of other tools before it."""
        while self.unused_results:
            result = self.unused_results.pop(0)
            if result.name in ("", name):
                return result
        return None

    def say(self, name: str, **values: object) -> str:
        text: str = self.phrases[name]
        return text.format(**values)

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
        result = yield step
        if result is None:
            return self.say("no_tool")
        text = read_file_text(result.text)
        name = "empty" if not text.strip() else "failed" if result.is_error else "result"
        return self.say(name, result=shorten(text, MAX_QUOTE))

    def plan_change(self, goal: Goal) -> Plan:
        path, text = yield from self.open_file(goal.path)
        if text is None:
            return self.say("unreadable", path=path or "?")
        pair = find_typo(text) if goal.kind == "fix" else (goal.old, goal.new)
        if pair is None:
            return self.say("no_typo", path=path)
        names = {"path": path, "old": pair[0], "new": pair[1]}
        change = make_change(path, text, old=pair[0], new=pair[1], is_all=goal.is_everywhere)
        if change is None:
            return self.say("already" if pair[1] and pair[1] in text else "absent", **names)
        values: dict[str, object] = {"path": path, "old": change.old, "new": change.new}
        result = yield PlanStep("edit", values | ({"all": True} if goal.is_everywhere else {}))
        if result is None:
            return self.say("would_change", **names)
        name = "failed" if result.is_error else "changed"
        return self.say(name, **names, result=shorten(result.text, MAX_QUOTE))

    def plan_create(self, goal: Goal) -> Plan:
        if not goal.content:
            return self.say("no_content", path=goal.path)
        if self.caller.find("write") is not None:
            read = yield PlanStep("read", {"path": goal.path})
            if read is not None and not read.is_error:
                return self.say("exists", path=goal.path)
        result = yield PlanStep("write", {"path": goal.path, "content": goal.content})
        name = "no_tool" if result is None else "failed" if result.is_error else "created"
        return self.say(name, path=goal.path, result=shorten(result.text if result else ""))

    def plan_read(self, goal: Goal) -> Plan:
        path, text = yield from self.open_file(goal.path, readme=goal.kind == "project")
        path = path or goal.path or "README"
        if text is None:
            return self.say("unreadable", path=path)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return self.say("quoted", path=path, text=shorten("\n".join(lines), MAX_QUOTE))

    def open_file(self, path: str, *, readme: bool = False) -> Reading:
        """Find and read a file; return its path, and its text or None.

        A file whose name has no suffix, or is not given, is found in a listing.
        """
        # `README` may be `README.md`.
        if not path or ("." not in path.strip("./") and "/" not in path):
            listed = yield PlanStep("list", {"path": "."})
            names = LISTED.findall(listed.text) if listed and not listed.is_error else []
            wanted = "readme" if readme else path.lower()
            near = [name for name in names if name.rpartition("/")[2].lower().startswith(wanted)]
            if not wanted:
                near = sorted(filter(PREFERRED.search, names), key=_preference)[:1]
            is_readme = readme or wanted == "readme"
            path = min(near, key=len, default="README.md" if is_readme else path)
        result = (yield PlanStep("read", {"path": path})) if path else None
        return path, None if result is None or result.is_error else read_file_text(result.text)


def _step_of(goal: Goal) -> PlanStep:
    """The only step of a goal that needs one."""
    where = {"path": goal.path} if goal.path else {}
    match goal.kind:
        case "delete":
            return PlanStep("delete", {"path": goal.path})
        case "run":
            return PlanStep("run", {"command": goal.text})
        case "fetch":
            return PlanStep("fetch", {"url": goal.text})
        case "search":
            return PlanStep("search", {"query": goal.text, **where})
    query = {"query": goal.text} if goal.text else {}
    return PlanStep("list", {"path": goal.path or ".", **query})


def _preference(name: str) -> tuple[bool, int]:
    return not README.search(name), len(name)


def find_finish_command(conversation: Conversation) -> str:
    """Find the command that a prompt wants at the end of the work; empty if there is none."""
    found = FINISH_COMMAND.search(conversation.text) or FINISH_COMMAND.search(conversation.system)
    return found[1] if found else ""
