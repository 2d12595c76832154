"""The validation rules of tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mockglm.validation.rules.rule import Fields, RequestFacts, ValidationRule
from mockglm.validation.types import decode_json

BODIES = ("function", "web_search", "retrieval", "mcp")
# The last three are glm-4-alltools' (MetaGLM/zhipuai-sdk-python-v4).
KINDS = frozenset((*BODIES, "code_interpreter", "drawing_tool", "web_browser"))
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MOST = 128
OBJECTS = frozenset((b"", b"{", b"n"))
"""The first bytes of a valid schema: absent, an object, null."""
VALUES = frozenset(("default", "example", "examples", "enum", "const"))
"""Keywords of a schema that hold values, which may look like schemas."""


def _typeless_tool(facts: RequestFacts) -> Fields | None:
    return _first(n for n, tool in enumerate(facts.tools) if not tool.type)


def _unknown_tool(facts: RequestFacts) -> Fields | None:
    return _first(n for n, tool in enumerate(facts.tools) if tool.type and tool.type not in KINDS)


def _empty_tool(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        if tool.type in BODIES and getattr(tool, tool.type) is None:
            return {"at": str(number), "kind": tool.type}
    return None


def _schema_no_object(facts: RequestFacts) -> bool:
    return not OBJECTS.issuperset([schema[:1] for schema in facts.schemas])


def _tuple_schema(facts: RequestFacts) -> bool:
    # Looking for the word costs a fraction of reading every schema.
    suspects = [schema for schema in facts.schemas if b'"items"' in schema]
    return any(_has_tuple(decode_json(schema)) for schema in suspects)


def _too_many_tools(facts: RequestFacts) -> bool:
    return len(facts.tools) > MOST


def _bad_name(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        if tool.function and not NAME.fullmatch(tool.function.name or ""):
            return {"field": f"tools[{number}].function.name"}
    return None


def _forced_choice(facts: RequestFacts) -> bool:
    return bool(facts.chat.tool_choice != "auto")


def _pieces_unstreamed(facts: RequestFacts) -> bool:
    return facts.chat.tool_stream is True and not facts.chat.stream


def _has_tuple(schema: Any) -> bool:
    """True if `items` is a list anywhere in a schema; without recursion, for it may be deep."""
    rest = [schema]
    while rest:
        node = rest.pop()
        if isinstance(node, list):
            rest.extend(node)
        elif isinstance(node, dict):
            if isinstance(node.get("items"), list):
                return True
            rest.extend(value for key, value in node.items() if key not in VALUES)
    return False


def _first(numbers: Iterator[int]) -> Fields | None:
    number = next(numbers, None)
    return None if number is None else {"at": str(number)}


TOOLS = (
    ValidationRule(
        name="typeless-tool",
        code="1214",
        applies_to="tools",
        zh="tools[{at}].type:type cannot be empty.",
        en="tools[{at}].type:type cannot be empty.",
        evidence="captured",
        source="https://github.com/musistudio/claude-code-router/issues/1004",
        find_violation=_typeless_tool,
    ),
    ValidationRule(
        name="unknown-tool",
        code="1214",
        applies_to="tools",
        zh="tools[{at}].type:type is illegal",
        en="tools[{at}].type:type is illegal",
        evidence="captured",
        source="https://github.com/QuantumNous/new-api/issues/7047",
        find_violation=_unknown_tool,
    ),
    ValidationRule(
        name="empty-tool",
        code="1214",
        applies_to="tools",
        zh="tools[{at}].{kind} can not be null",
        en="tools[{at}].{kind} can not be null",
        evidence="reported",
        source="gateways that pass on Codex's bare {type: web_search}, 2026",
        find_violation=_empty_tool,
    ),
    ValidationRule(
        name="schema-no-object",
        code="1210",
        applies_to="tools",
        evidence="reported",
        source="https://github.com/MinLL/SkyrimNet-GamePlugin/issues/381",
        find_violation=_schema_no_object,
        essential=True,
    ),
    ValidationRule(
        name="tuple-schema",
        code="1210",
        applies_to="tools",
        evidence="reported",
        source="live probe of 2026-09-10: items a list, with additionalItems false",
        find_violation=_tuple_schema,
    ),
    ValidationRule(
        name="too-many-tools",
        code="1214",
        applies_to="tools",
        fields={"field": "tools"},
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: at most 128 functions",
        find_violation=_too_many_tools,
    ),
    ValidationRule(
        name="bad-name",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: 1 to 64 of a-z A-Z 0-9 _ -",
        find_violation=_bad_name,
    ),
    ValidationRule(
        name="forced-choice",
        code="1210",
        applies_to="tool_choice",
        zh="Tool choice must be auto",
        en="Tool choice must be auto",
        evidence="contested",
        source="https://github.com/vectorize-io/hindsight/issues/4246; against it"
        " charmbracelet/fantasy cassettes, 200 for a named function (glm-4.7-flash, 2026-03)",
        find_violation=_forced_choice,
    ),
    ValidationRule(
        name="pieces-unstreamed",
        code="1210",
        applies_to="tool_stream",
        evidence="documented",
        source="docs.z.ai/guides/tools/stream-tool: tool_stream goes with stream",
        find_violation=_pieces_unstreamed,
    ),
)
