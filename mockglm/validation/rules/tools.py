"""The validation rules of tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mockglm.validation.facts import RequestFacts
from mockglm.validation.rules.rule import Fields, ValidationRule
from mockglm.validation.types import decode_json

BODIES = ("function", "web_search", "retrieval", "mcp")
# The last three are glm-4-alltools' (MetaGLM/zhipuai-sdk-python-v4).
KINDS = frozenset((*BODIES, "code_interpreter", "drawing_tool", "web_browser"))
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MOST = 128
OBJECTS = frozenset((b"", b"{", b"n"))
"""The first bytes of a valid schema: absent, an object, null."""
VISION_TOOLS = frozenset(("glm-5.4", "glm-5.3", "glm-5v", "glm-4.6v", "glm-4.5v", "autoglm"))
"""Families of vision models that take functions: those documented, and glm-4.5v, which called some
in recordings of 2025-10."""
SEARCH_COUNT = range(1, 51)
TRANSPORTS = ("sse", "streamable-http")
PLACEHOLDERS = ("{{knowledge}}", "{{question}}")
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


def _without_description(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        if tool.function and tool.function.description is None:
            return {"field": f"tools[{number}].function.description"}
    return None


def _without_parameters(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        if tool.function and not tool.function.schema:
            return {"field": f"tools[{number}].function.parameters"}
    return None


def _vision_tool(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        if tool.type in KINDS and tool.type != "function":
            return {"field": f"tools[{number}].type"}
    return None


def _blind_tool(facts: RequestFacts) -> bool:
    return facts.model.family not in VISION_TOOLS and bool(facts.tools)


def _search_option(name: str, allowed: tuple[str, ...]) -> Callable[[RequestFacts], Fields | None]:
    """Return a check of one option of the web_search tools; an absent option is allowed."""

    def find_violation(facts: RequestFacts) -> Fields | None:
        for number, tool in enumerate(facts.tools):
            value = (tool.web_search or {}).get(name)
            if value is not None and value not in allowed:
                return {"field": f"tools[{number}].web_search.{name}"}
        return None

    return find_violation


def _search_count(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        count = (tool.web_search or {}).get("count")
        if count is not None and count not in SEARCH_COUNT:
            return {"field": f"tools[{number}].web_search.count"}
    return None


def _retrieval_without_id(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        if tool.retrieval is not None and not tool.retrieval.get("knowledge_id"):
            return {"field": f"tools[{number}].retrieval.knowledge_id"}
    return None


def _retrieval_template(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        template = (tool.retrieval or {}).get("prompt_template")
        if isinstance(template, str) and not all(one in template for one in PLACEHOLDERS):
            return {"field": f"tools[{number}].retrieval.prompt_template"}
    return None


def _mcp_without_label(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        if tool.mcp is not None and not tool.mcp.get("server_label"):
            return {"field": f"tools[{number}].mcp.server_label"}
    return None


def _mcp_transport(facts: RequestFacts) -> Fields | None:
    for number, tool in enumerate(facts.tools):
        transport = (tool.mcp or {}).get("transport_type")
        if transport is not None and transport not in TRANSPORTS:
            return {"field": f"tools[{number}].mcp.transport_type"}
    return None


def _forced_choice(facts: RequestFacts) -> bool:
    choice = facts.chat.tool_choice
    if isinstance(choice, str):
        return choice != "auto"
    # A function by its name was answered on glm-4.5, 4.7 and 4.7-flash; one report of a refusal is
    # of glm-4.6 on the Coding Plan base.
    return facts.model.family == "glm-4.6" and facts.model.is_coding_plan


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


SEARCH_OPTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "search-engine": (
        "search_engine",
        (
            "search_std",
            "search_pro",
            "search_pro_sogou",
            "search_pro_quark",
            # docs.z.ai's own
            "search_pro_jina",
            "search-prime",
        ),
    ),
    "search-recency": (
        "search_recency_filter",
        ("oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"),
    ),
    "search-content": ("content_size", ("medium", "high")),
    "search-sequence": ("result_sequence", ("before", "after")),
}
"""Options of web_search with listed values: the rule, the option, the values."""

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
        name="no-description",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: the description of a function is required",
        find_violation=_without_description,
    ),
    ValidationRule(
        name="no-parameters",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: the parameters of a function are required",
        find_violation=_without_parameters,
    ),
    ValidationRule(
        name="vision-tool",
        code="1214",
        applies_to="vision",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: the tools of a vision model are functions",
        find_violation=_vision_tool,
    ),
    ValidationRule(
        name="blind-tool",
        code="1214",
        applies_to="vision",
        fields={"field": "tools"},
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: glm-5.3-flash, glm-5v-turbo, glm-4.6v and autoglm-phone"
        " take functions",
        find_violation=_blind_tool,
    ),
    *(
        ValidationRule(
            name=name,
            code="1214",
            applies_to="tools",
            evidence="documented",
            source=f"docs.bigmodel.cn 对话补全: web_search.{option}",
            find_violation=_search_option(option, allowed),
        )
        for name, (option, allowed) in SEARCH_OPTIONS.items()
    ),
    ValidationRule(
        name="search-count",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: web_search.count is 1 to 50",
        find_violation=_search_count,
    ),
    ValidationRule(
        name="retrieval-without-id",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: retrieval.knowledge_id is required; an unknown one is"
        " answered (RarogCmex/pi-bigmodel, 2026-10)",
        find_violation=_retrieval_without_id,
    ),
    ValidationRule(
        name="retrieval-template",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: prompt_template holds {{knowledge}} and {{question}}",
        find_violation=_retrieval_template,
    ),
    ValidationRule(
        name="mcp-without-label",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: mcp.server_label is required",
        find_violation=_mcp_without_label,
    ),
    ValidationRule(
        name="mcp-transport",
        code="1214",
        applies_to="tools",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: mcp.transport_type is sse or streamable-http",
        find_violation=_mcp_transport,
    ),
    ValidationRule(
        name="forced-choice",
        code="1210",
        applies_to="tool_choice",
        zh="Tool choice must be auto",
        en="Tool choice must be auto",
        evidence="contested",
        source="https://github.com/vectorize-io/hindsight/issues/4246; against it, for a named"
        " function, 200 on glm-4.7-flash (charmbracelet/fantasy cassettes, 2026-03), glm-4.5 and"
        " glm-4.7 (2025-11 and 2025-12)",
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
