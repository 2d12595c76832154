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
from mockglm.improvise.capabilities import ToolOffer
from mockglm.improvise.commands import Command, read_commands
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.edits import find_typo, make_change, read_file_text
from mockglm.improvise.language import shorten
from mockglm.improvise.steps import PlanStep, StepCaller
from mockglm.improvise.tables import table

Plan = Generator[PlanStep, "ToolResult | None", str]
MAX_RESULTS = 7
"""Results after which no more calls are made, so that an agent ends after eight turns."""
MAX_QUOTE = 400
LISTED = re.compile(r"[\w@./+-]*[\w@+-]+\.\w{1,8}\b|\bREADME\b|\bMakefile\b")
PREFERRED = re.compile(r"(?:^|/)readme|\.(?:py|js|ts|md|txt|go|rs|java|c|rb|sh|html)$", re.I)
README = re.compile(r"(?:^|/)readme(?:\.\w+)?$", re.I)
FINISH_COMMAND = re.compile(
    r"(?:finish|submit|complete|done)\b[^`\n]{0,160}(?:`|```\w*\n)(echo [\w -]+)", re.I
)


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
        commands = read_commands(self.conversation.request)
        said: list[str] = []
        for command in commands:
            call = self.run(PLANS[command.kind](self, command), said)
            if call is not None:
                return PlannedReply(calls=(call,))
        return PlannedReply("\n\n".join(said)) if said else None

    def run(self, plan: Plan, said: list[str]) -> ToolCall | None:
        """Return the first call of a plan without a result; else add its text and return None."""
        result: ToolResult | None = None
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
        """Find the result of a step, or the call to make for it; neither if no tool can do it."""
        call = self.caller.make(step)
        if call is None:
            return None, None
        result = self.next_result(call.name)
        if result is None:
            is_over = len(self.conversation.results) >= MAX_RESULTS
            return (None, None) if is_over else (call, None)
        better = self.caller.correct(step, result)
        again = self.caller.make(better) if better else None
        if again is None or len(self.conversation.results) >= MAX_RESULTS:
            return None, result
        second = self.next_result(again.name)
        return (again, None) if second is None else (None, second)

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

    def read(self, path: str) -> Generator[PlanStep, ToolResult | None, str | None]:
        """Read a file; None if it cannot be read."""
        result = yield PlanStep("read", {"path": path})
        return None if result is None or result.is_error else read_file_text(result.text)

    def find_file(
        self, path: str, *, readme: bool = False
    ) -> Generator[PlanStep, ToolResult | None, str]:
        """Find a file by an incomplete name in a listing; return an empty path if none fits."""
        result = yield PlanStep("list", {"path": "."})
        names = LISTED.findall(result.text) if result and not result.is_error else []
        wanted = "readme" if readme else path.lower()
        near = [
            name for name in names if wanted and name.rpartition("/")[2].lower().startswith(wanted)
        ]
        if near or path:
            return min(near, key=len, default="")
        return min((n for n in names if PREFERRED.search(n)), key=_preference, default="")

    def open_file(
        self, path: str
    ) -> Generator[PlanStep, ToolResult | None, tuple[str, str | None]]:
        """Find and read a file; return its path and text."""
        text = (yield from self.read(path)) if path and not _is_bare(path) else None
        if text is None and (not path or _is_bare(path)):
            path = (yield from self.find_file(path)) or path
            text = (yield from self.read(path)) if path else None
        return path, text

    def plan_change(self, command: Command) -> Plan:
        path, text = yield from self.open_file(command.path)
        if text is None:
            return self.say("unreadable", path=path or "?")
        old, new, is_all = command.old, command.new, command.is_everywhere
        return (yield from self.edit(path, text, old=old, new=new, is_all=is_all))

    def plan_fix(self, command: Command) -> Plan:
        path, text = yield from self.open_file(command.path)
        if text is None:
            return self.say("unreadable", path=path or "?")
        typo = find_typo(text)
        if typo is None:
            return self.say("no_typo", path=path)
        return (yield from self.edit(path, text, old=typo[0], new=typo[1]))

    def edit(self, path: str, text: str, *, old: str, new: str, is_all: bool = False) -> Plan:
        change = make_change(path, text, old=old, new=new, is_all=is_all)
        if change is None:
            is_done = bool(new) and new in text
            return self.say("already" if is_done else "absent", path=path, old=old, new=new)
        values: dict[str, object] = {"path": path, "old": change.old, "new": change.new}
        values |= {"all": True} if is_all else {}
        result = yield PlanStep("edit", values)
        if result is None:
            return self.say("would_change", path=path, old=old, new=new)
        if result.is_error:
            return self.say("failed", result=shorten(result.text, MAX_QUOTE))
        return self.say("changed", path=path, old=old, new=new)

    def plan_create(self, command: Command) -> Plan:
        if not command.content:
            return self.say("no_content", path=command.path)
        if self.caller.find("write") is not None:
            text = yield from self.read(command.path)
            if text is not None:
                return self.say("exists", path=command.path)
        result = yield PlanStep("write", {"path": command.path, "content": command.content})
        if result is None:
            return self.say("no_tool")
        if result.is_error:
            return self.say("failed", result=shorten(result.text, MAX_QUOTE))
        return self.say("created", path=command.path)

    def plan_delete(self, command: Command) -> Plan:
        result = yield PlanStep("delete", {"path": command.path})
        if result is None:
            return self.say("no_tool")
        return self.say(
            "failed" if result.is_error else "result", result=shorten(result.text, MAX_QUOTE)
        )

    def plan_run(self, command: Command) -> Plan:
        result = yield PlanStep("run", {"command": command.text})
        return self.report(result)

    def plan_search(self, command: Command) -> Plan:
        where = {"path": command.path} if command.path else {}
        result = yield PlanStep("search", {"query": command.text, **where})
        return self.report(result)

    def plan_list(self, command: Command) -> Plan:
        values = {"path": command.path or "."}
        result = yield PlanStep("list", values | ({"query": command.text} if command.text else {}))
        return self.report(result)

    def plan_fetch(self, command: Command) -> Plan:
        result = yield PlanStep("fetch", {"url": command.text})
        return self.report(result)

    def plan_read(self, command: Command) -> Plan:
        path, text = yield from self.open_file(command.path)
        return self.quote(path or command.path, text)

    def plan_project(self, _: Command) -> Plan:
        path = yield from self.find_file("", readme=True)
        text = (yield from self.read(path)) if path else None
        return self.quote(path or "README", text)

    def quote(self, path: str, text: str | None) -> str:
        if text is None:
            return self.say("unreadable", path=path)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return self.say("quoted", path=path, text=shorten("\n".join(lines), MAX_QUOTE))

    def report(self, result: ToolResult | None) -> str:
        if result is None:
            return self.say("no_tool")
        text = read_file_text(result.text)
        if not text.strip():
            return self.say("empty")
        return self.say("failed" if result.is_error else "result", result=shorten(text, MAX_QUOTE))


PLANS = {
    "change": _Planner.plan_change,
    "create": _Planner.plan_create,
    "delete": _Planner.plan_delete,
    "run": _Planner.plan_run,
    "fix": _Planner.plan_fix,
    "search": _Planner.plan_search,
    "list": _Planner.plan_list,
    "read": _Planner.plan_read,
    "fetch": _Planner.plan_fetch,
    "project": _Planner.plan_project,
}


def _is_bare(path: str) -> bool:
    """True for a name without a suffix, as `README` for `README.md`."""
    return "." not in path.strip("./") and "/" not in path


def _preference(name: str) -> tuple[bool, int]:
    return not README.search(name), len(name)


def find_finish_command(conversation: Conversation) -> str:
    """Find the command that a prompt wants at the end of the work; empty if there is none."""
    found = FINISH_COMMAND.search(conversation.text) or FINISH_COMMAND.search(conversation.system)
    return found[1] if found else ""
