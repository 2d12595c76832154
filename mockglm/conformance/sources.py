"""The sources that requirements are taken from, each named once."""

from __future__ import annotations

from mockglm.conformance.catalogue import Source

__all__ = [
    "AGENT",
    "CHAT",
    "CODES",
    "GATEWAY",
    "JSON",
    "SAFETY",
    "SDK_CHUNK",
    "SDK_COMPLETION",
    "SDK_ERRORS",
    "SDK_STREAM",
    "SDK_TOKEN",
    "STREAM",
    "THOUGHT",
    "TOOLS",
    "TOOL_STREAM",
    "http",
    "issue",
    "recorded",
    "whatwg",
]

CHAT = Source("doc", "docs.bigmodel.cn, API reference, 对话补全 (mid-2026)")
CODES = Source("doc", "docs.bigmodel.cn/cn/faq/api-code (2026-10)")
SAFETY = Source("doc", "open.bigmodel.cn/dev/howuse/securityaudit")
TOOL_STREAM = Source("doc", "docs.z.ai/guides/tools/stream-tool (2026-10)")
JSON = Source("spec", "RFC 8259 §2")

SDK_STREAM = Source("sdk", "zai-sdk 0.2.3 core/_streaming.py:53-112")
SDK_CHUNK = Source("sdk", "zai-sdk 0.2.3 types/chat/chat_completion_chunk.py:32-153")
SDK_COMPLETION = Source("sdk", "zai-sdk 0.2.3 types/chat/chat_completion.py:19-120")
SDK_ERRORS = Source("sdk", "zai-sdk 0.2.3 core/_http_client.py, _make_status_error")
SDK_TOKEN = Source("sdk", "zai-sdk 0.2.3 core/_jwt_token.py")

STREAM = Source("seen", "charmbracelet/fantasy, glm-4.7-flash, text as a stream, 2026-03-13")
TOOLS = Source("seen", "charmbracelet/fantasy, glm-4.7-flash, tools, 2026-03-13")
THOUGHT = Source("seen", "pydantic/pydantic-ai test_zai, glm-4.7 and glm-5.3, 2026-06 to 2026-08")
AGENT = Source("seen", "charmbracelet/crush TestCoderAgent, glm-4.6, 2025-09 to 2026-04")
GATEWAY = Source("seen", "SamyRai/go-z-ai cassettes, both hosts, 2026-07-10")


def whatwg(fragment: str) -> Source:
    """A place in the section on server-sent events of the HTML standard."""
    page = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
    return Source("spec", f"{page}#{fragment}")


def http(section: str) -> Source:
    """A section of RFC 9110."""
    return Source("spec", f"RFC 9110 §{section}")


def recorded(where: str) -> Source:
    """A recording or a pasted answer of the live service."""
    return Source("seen", where)


def issue(*where: str) -> Source:
    """Public reports, as owner/repository#number."""
    return Source("issue", ", ".join(where))
