"""What a coding agent is told: the command to run, what to replace by what, what to look for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["COMMAND", "orders"]

NOT_PROGRAMS = (
    "the|a|an|all|my|our|your|some|any|this|that|these|those|it|them|tests?|again|commands?|code"
    "|script|scripts|program|away|out|in|on|into|with|through"
)
END = (
    "and|then|to|in|for|so|please|again|after|before|on|from|with|but|or|until|when|if|which"
    "|command|commands|directory|folder|output"
)
WORD = rf" +(?!(?:{END})\b)(?:\"[^\"\n]*\"|'[^'\n]*'|[-\w./:=@*~+%&|]*[-\w/*~+%=])"
PROGRAMS: Mapping[str, str] = {
    "git": "status|log|diff|add|commit|push|pull|checkout|switch|branch|clone|init|stash|merge"
    "|rebase|show|reset|fetch|tag|remote|blame",
    "npm|pnpm|yarn|bun": "install|ci|test|run|start|build|init|publish|audit|ls",
    "pip3?|uv|conda|brew|apt|apt-get": "install|uninstall|list|freeze|show|sync|run|update|upgrade",
    "cargo|go|make|gradle|mvn|dotnet": "build|test|check|clean|fmt|vet|install|mod|package",
    "docker|docker-compose|kubectl|terraform": "ps|build|run|compose|get|apply|logs|exec|images"
    "|pull|push|describe|plan|up|down",
    "python3?|node|bash|sh|ruby|php|deno|java": r"-\S+|[\w/.-]+\.\w+",
    "npx|uvx": r"[\w@/.-]+",
}
"""Programs that people name without saying `run`, and what must follow to tell them from words."""
ALONE = "pytest|ruff|mypy|eslint|tsc|jest|vitest|tox|nox|flake8"

_known = "|".join(f"(?:{names}) +(?:{first})" for names, first in PROGRAMS.items())
COMMAND = (
    rf"(?<![\w./-])((?:(?:{_known})(?![\w])|(?:{ALONE})(?![\w.]))(?:{WORD})*)"
    rf"|(?:\b(?:[Rr]un|[Ee]xecute) +|(?:运行|执行|跑)(?:一下|命令|下)? *+[:：]? *+)"
    rf"(?!(?:{NOT_PROGRAMS})\b)([a-z][\w.+-]*(?:{WORD})*)"
)
"""A command, as a pattern with it in a group."""

STOP = r"(?=\s+(?:in|inside|within|throughout|under|across|everywhere)\b|[.,;!?]?\s*$|[,;]\s|\n)"
THING = r"(?:the |variable |function |class |method |text |string |word |name |line )*"
SAID = r"(.{1,120}?)"
EDITS = (
    re.compile(rf"\b(?:replace|substitute) {THING}{SAID} (?:with|by) {SAID}{STOP}", re.I),
    re.compile(rf"\b(?:change|rename|update) {THING}{SAID} (?:in)?to {THING}{SAID}{STOP}", re.I),
    re.compile(
        r"(?:把|将)(?>[^，。；\n]{0,40}?(?:里面|里|中)的?)?\s*+"
        r"(?>(.{1,120}?)\s*+(?:改成|改为|改名为|替换成|替换为|换成|修改为))\s*+"
        r"([^，。；\n]{1,120}+)(?=[，。；\n]|$)"
    ),
)
SOUGHT = (
    re.compile(
        r"\b(?:search(?: \w+){0,3}? for|look(?:ing)? (?:up|for)|grep(?: for)?|google|find)\s+"
        rf"(?:out |all |every |the |any )*{SAID}{STOP}",
        re.I,
    ),
    re.compile(
        r"(?:搜索|搜一下|搜|查找|检索|查一下|找一下|找)(?:一下|有关|关于|所有|全部|出)*\s*"
        r"([^，。；！？,;!?\n]{2,60}?)(?=的(?:资料|信息)|[，。；！？,;!?\n]|$)"
    ),
)
FILES: Mapping[str, str] = {
    "python": "**/*.py",
    "typescript": "**/*.ts",
    "javascript": "**/*.js",
    "markdown": "**/*.md",
    "rust": "**/*.rs",
    "java": "**/*.java",
    "yaml": "**/*.yaml",
    "json": "**/*.json",
    "css": "**/*.css",
    "html": "**/*.html",
    "go": "**/*.go",
}
GLOB = re.compile(
    rf"\b({'|'.join(FILES)})\b[\w ]{{0,40}} files?\b|({'|'.join(FILES)})\s*文件", re.I
)
QUOTES = " `\"'“”‘’「」"


def orders(text: str) -> Mapping[str, tuple[str, ...]]:
    """What is told, by the kind of parameter it goes into; a kind is left out that nothing is."""
    found: dict[str, tuple[str, ...]] = {}
    edit = _first(EDITS, text)
    if edit is not None:
        found["old"], found["new"] = ((part.strip(QUOTES),) for part in edit.groups())
    sought = _first(SOUGHT, text)
    if sought is not None:
        found["sought"] = (sought[1].strip(QUOTES),)
    glob = GLOB.search(text)
    if glob is not None:
        found["glob"] = (FILES[(glob[1] or glob[2]).lower()],)
    return found


def _first(patterns: Iterable[re.Pattern[str]], text: str) -> re.Match[str] | None:
    return next(filter(None, (pattern.search(text) for pattern in patterns)), None)
