"""The table of endpoints: paths, the functions that answer them, and the evidence for their form.

Paths are those of docs.bigmodel.cn (OpenAPI of 2026-07) and docs.z.ai (autumn 2026). Of the former
those that the latter lacks were answered with 1211 by api.z.ai (SamyRai/go-z-ai cassettes, 2026-07).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

Mark = Literal["captured", "reported", "documented", "assumed"]
"""The evidence for the form of an answer: recorded bytes; a report; the documentation; none."""

Access = Literal["key", "monitor", "open"]
"""`key` needs an accepted key, `monitor` too, with refusals of its own form; `open` needs none."""


class EndpointRow(Struct, frozen=True, kw_only=True):
    """One endpoint.

    `path` is below a base, or whole if it is below none (`is_whole`); `{name}` stands for one
    segment. `answer` is a function of the module; its request is decoded as the type `request` of
    that module, if one is named. `models` are those of the endpoint; without any it takes no model.
    A billed endpoint needs a balance and takes a slot; `is_form` says that its body is multipart.
    `is_chat` is answered by the pipeline of chats; others can be given a described reply only if
    they have a text (`has_text`). `on_zai` is false if only open.bigmodel.cn has it.
    `refuse` is the function that renders refusals, if they have a form of their own.
    `mark` is the evidence, `source` says where it is from; `seconds` is the time of an answer.
    """

    method: str
    path: str
    module: str
    answer: str
    mark: Mark
    source: str
    request: str = ""
    models: Sequence[str] = ()
    access: Access = "key"
    is_whole: bool = False
    is_billed: bool = False
    is_form: bool = False
    is_chat: bool = False
    has_text: bool = False
    refuse: str = ""
    on_zai: bool = True
    seconds: float = 0.0


_GO = "SamyRai/go-z-ai cassettes, 2026-07"
_PI = "RarogCmex/pi-bigmodel, open.bigmodel.cn, 2026-10"
_OPENAPI = "OpenAPI of docs.bigmodel.cn, 2026-07"

_EMBEDDINGS = ("embedding-3", "embedding-2")
_PICTURES = ("glm-image", "cogview-4-250304", "cogview-4", "cogview-3-flash", "cogview-3-plus")
_VIDEOS = (
    *("cogvideox-3", "cogvideox-2", "cogvideox-flash", "cogvideox", "viduq1-text", "viduq1-image"),
    *("viduq1-start-end", "vidu2-image", "vidu2-start-end", "vidu2-reference"),
)
_TOKENIZERS = (
    *("glm-5.3", "glm-5.2", "glm-5.1", "glm-5", "glm-4.7", "glm-4.6", "glm-4.6v", "glm-4.5"),
    *("glm-4.5-air", "glm-4-0520", "glm-4-long", "glm-4-air", "glm-4-flash"),
)

# ruff: noqa: E501  a table: one row an endpoint
# fmt: off
TABLE: Sequence[EndpointRow] = (
    EndpointRow(method="POST", path="/embeddings", module="embeddings", answer="create_embeddings", request="EmbeddingsRequest", models=_EMBEDDINGS, is_billed=True, on_zai=False, seconds=0.2, mark="documented", source=f"{_OPENAPI}; the limit of 64 items is captured in public reports of 2026"),
    EndpointRow(method="POST", path="/rerank", module="rerank", answer="rank_documents", request="RerankRequest", models=("rerank", "rerank-2"), is_billed=True, on_zai=False, seconds=0.2, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/tokenizer", module="tokenizer", answer="count", models=_TOKENIZERS, is_billed=True, seconds=0.1, mark="documented", source=f"{_OPENAPI}; 1113 is captured ({_GO})"),
    EndpointRow(method="POST", path="/moderations", module="moderations", answer="moderate", request="ModerationRequest", models=("moderation",), is_billed=True, on_zai=False, seconds=0.2, mark="documented", source=f"{_OPENAPI}; 1211 of api.z.ai is captured ({_GO})"),
    EndpointRow(method="POST", path="/async/chat/completions", module="async_chat", answer="submit_chat", is_chat=True, is_billed=True, mark="captured", source=_PI),
    EndpointRow(method="POST", path="/files", module="files", answer="upload_file", is_form=True, mark="captured", source=_PI),
    EndpointRow(method="GET", path="/files", module="files", answer="list_files", on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="DELETE", path="/files/{id}", module="files", answer="delete_file", on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="GET", path="/files/{id}/content", module="files", answer="get_content", on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/batches", module="batches", answer="create_batch", request="BatchRequest", on_zai=False, mark="captured", source=_PI),
    EndpointRow(method="GET", path="/batches", module="batches", answer="list_batches", on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="GET", path="/batches/{id}", module="batches", answer="get_batch", on_zai=False, mark="captured", source=f"{_PI}; its other statuses documented"),
    EndpointRow(method="POST", path="/batches/{id}/cancel", module="batches", answer="cancel_batch", on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="GET", path="/api/monitor/usage/quota/limit", module="monitor", answer="get_quota", access="monitor", is_whole=True, mark="captured", source="public fixtures, both hosts, 2026-08 to 2026-10"),
    EndpointRow(method="GET", path="/api/monitor/usage/model-usage", module="monitor", answer="get_model_usage", access="monitor", is_whole=True, mark="reported", source="SamyRai/go-z-ai, checked live 2026-08"),
    EndpointRow(method="GET", path="/api/monitor/usage/tool-usage", module="monitor", answer="get_tool_usage", access="monitor", is_whole=True, mark="reported", source="SamyRai/go-z-ai, checked live 2026-08"),
    EndpointRow(method="GET", path="/async-result/{id}", module="tasks", answer="get_result", mark="captured", source=f"{_PI} (chats); others documented"),
    EndpointRow(method="POST", path="/web_search", module="web", answer="search_web", request="SearchRequest", is_billed=True, seconds=0.8, mark="captured", source=_PI),
    EndpointRow(method="POST", path="/tools", module="web", answer="call_tool", request="ToolRequest", is_billed=True, seconds=0.8, mark="documented", source="zai-sdk"),
    EndpointRow(method="POST", path="/reader", module="web", answer="read_page", request="ReaderRequest", is_billed=True, has_text=True, seconds=1.0, mark="documented", source=f"{_OPENAPI}; 1113 is captured ({_GO})"),
    EndpointRow(method="POST", path="/layout_parsing", module="documents", answer="parse_layout", request="LayoutRequest", models=("glm-ocr",), is_billed=True, has_text=True, seconds=2.0, mark="documented", source=f"{_OPENAPI}; boxes in pixels are reported (zai-org/GLM-OCR PR#73)"),
    EndpointRow(method="POST", path="/files/parser/create", module="documents", answer="create_task", is_form=True, is_billed=True, has_text=True, on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="GET", path="/files/parser/result/{id}/{format}", module="documents", answer="get_task", on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/files/parser/sync", module="documents", answer="parse_at_once", is_form=True, has_text=True, seconds=2.0, mark="documented", source=f"{_OPENAPI}; its refusal is captured ({_GO})"),
    EndpointRow(method="POST", path="/files/ocr", module="documents", answer="read_handwriting", is_form=True, is_billed=True, has_text=True, on_zai=False, seconds=1.0, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/images/generations", module="images", answer="generate_image", request="ImageRequest", models=_PICTURES, is_billed=True, seconds=8.0, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/async/images/generations", module="images", answer="submit_image", request="ImageRequest", models=("glm-image",), is_billed=True, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/videos/generations", module="images", answer="submit_video", request="VideoRequest", models=_VIDEOS, is_billed=True, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/audio/transcriptions", module="audio", answer="transcribe", models=("glm-asr-2512", "glm-asr"), is_form=True, is_billed=True, has_text=True, seconds=0.5, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/audio/speech", module="audio", answer="speak", request="SpeechRequest", models=("glm-tts", "cogtts"), is_billed=True, on_zai=False, seconds=0.8, mark="documented", source=f"{_OPENAPI}, zai-sdk; 1211 of api.z.ai is captured ({_GO})"),
    EndpointRow(method="POST", path="/voice/clone", module="voices", answer="clone_voice", request="CloneRequest", models=("glm-tts-clone", "cogtts-clone"), is_billed=True, on_zai=False, seconds=2.0, mark="documented", source=_OPENAPI),
    EndpointRow(method="POST", path="/voice/delete", module="voices", answer="delete_voice", request="VoiceRequest", on_zai=False, mark="documented", source=_OPENAPI),
    EndpointRow(method="GET", path="/voice/list", module="voices", answer="list_voices", mark="captured", source=_GO),
    EndpointRow(method="POST", path="/api/v1/agents", module="agents", answer="invoke_agent", request="AgentRequest", is_whole=True, is_billed=True, has_text=True, refuse="render_failure", seconds=1.0, mark="documented", source=f"{_OPENAPI}; failures are captured ({_GO})"),
    EndpointRow(method="POST", path="/api/v1/agents/async-result", module="agents", answer="get_agent_result", request="AgentResultRequest", is_whole=True, mark="captured", source=f"{_GO} (a failure); others documented"),
    EndpointRow(method="POST", path="/api/v1/agents/conversation", module="agents", answer="get_conversation", request="AgentResultRequest", is_whole=True, mark="documented", source=_OPENAPI),
    EndpointRow(method="GET", path="/media/{name}", module="media", answer="get_medium", access="open", is_whole=True, mark="assumed", source="mockglm's own; the service has URLs of object storage"),
)
# fmt: on


STATEFUL = frozenset(
    (
        *("agents", "async_chat", "batches", "documents", "files", "images", "media", "tasks"),
        "voices",
    )
)
"""The modules of endpoints whose answers depend on what earlier requests left."""


def index_by_shape(rows: Sequence[EndpointRow]) -> Mapping[int, Sequence[EndpointRow]]:
    """Index rows by the number of segments of their path."""
    found: dict[int, list[EndpointRow]] = {}
    for row in rows:
        found.setdefault(row.path.count("/"), []).append(row)
    return found
