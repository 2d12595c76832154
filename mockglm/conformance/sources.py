"""The sources of the requirements: documents, standards, SDKs, recordings and reports."""

from __future__ import annotations

from mockglm.conformance.registry import Citation

CHAT = Citation("doc", "docs.bigmodel.cn, API reference, 对话补全 (mid-2026)")
CODES = Citation("doc", "docs.bigmodel.cn/cn/faq/api-code (2026-10)")
TOOL_STREAM = Citation("doc", "docs.z.ai/guides/tools/stream-tool (2026-10)")
JSON = Citation("spec", "RFC 8259 §2")

SDK_STREAM = Citation("sdk", "zai-sdk 0.2.3 core/_streaming.py:53-112")
SDK_CHUNK = Citation("sdk", "zai-sdk 0.2.3 types/chat/chat_completion_chunk.py:32-153")
SDK_COMPLETION = Citation("sdk", "zai-sdk 0.2.3 types/chat/chat_completion.py:19-120")
SDK_ERRORS = Citation("sdk", "zai-sdk 0.2.3 core/_http_client.py, _make_status_error")
SDK_TOKEN = Citation("sdk", "zai-sdk 0.2.3 core/_jwt_token.py")

STREAM = Citation("seen", "charmbracelet/fantasy, glm-4.7-flash, text as a stream, 2026-03-13")
CHOICE_INDEX = Citation(
    "sdk",
    "openai (Python) 3.57.0 chat.completions.stream: IndexError if every index is 1, and no finish"
    " reason if that of the last chunk is",
)
NAMED_EVENTS = Citation(
    "sdk", "openai (Python) 3.57.0 _streaming.py: another form of data for names thread.…"
)

TOOLS = Citation("seen", "charmbracelet/fantasy, glm-4.7-flash, tools, 2026-03-13")
THOUGHT = Citation("seen", "pydantic/pydantic-ai test_zai, glm-4.7 and glm-5.3, 2026-06 to 2026-08")
AGENT = Citation("seen", "charmbracelet/crush TestCoderAgent, glm-4.6, 2025-09 to 2026-04")
GATEWAY = Citation("seen", "SamyRai/go-z-ai cassettes, both hosts, 2026-07-10")


def cite_whatwg(fragment: str) -> Citation:
    """The section of the HTML standard on server-sent events, at a fragment."""
    page = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
    return Citation("spec", f"{page}#{fragment}")


def cite_rfc9110(section: str) -> Citation:
    """A section of RFC 9110."""
    return Citation("spec", f"RFC 9110 §{section}")


def cite_rfc9112(section: str) -> Citation:
    """A section of RFC 9112."""
    return Citation("spec", f"RFC 9112 §{section}")


def cite_recording(where: str) -> Citation:
    """A recording or a pasted answer of the live service."""
    return Citation("seen", where)


def cite_issues(*where: str) -> Citation:
    """Public reports, as owner/repository#number."""
    return Citation("issue", ", ".join(where))


# The Anthropic surface, which no page of the service describes field by field.

MESSAGE_STREAM = cite_recording(
    "dyyz1993/llm-flux-gateway, glm-4-air, a whole stream of text, open.bigmodel.cn, 2026-01-03"
)
MESSAGE = cite_recording("public proxy log of open.bigmodel.cn, glm-5.2, JSON, 2026-08-06")
MESSAGE_CALL = cite_recording("dyyz1993/llm-flux-gateway, glm-4.7, a call in JSON, 2026-01-07")
MESSAGE_BLOCKS = cite_recording(
    "Claude Code 2.0.76 transcript, glm-4.7, thinking and a call, 2026-02-04"
)
MESSAGE_REFUSALS = cite_recording("public captures of api.z.ai: 1302, 1305, 1210, 2026-06 to 08")
ANTHROPIC_EVENTS = Citation("sdk", "anthropic 2.14.0 _streaming.py, events by their names")
ANTHROPIC_BLOCKS = Citation("sdk", "anthropic 2.14.0 lib/streaming/_messages.py, accumulate_event")
