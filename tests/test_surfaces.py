"""Surfaces: found by path and by response; a third one needs nothing of the pipeline."""

from __future__ import annotations

from typing import Any, cast

import pytest
from msgspec.structs import replace

from mockglm.clock import AT_ONCE, Pace
from mockglm.completions import ParsedReply, Renderer, ResponseFields
from mockglm.exchange import APIError, Reply, Request, Response
from mockglm.messages import render_error
from mockglm.server import handle
from mockglm.surfaces import ANTHROPIC, CHAT, SURFACES, Endpoint, Surface, find_surface, recognise
from mockglm.validation import Chat, Message, Refusal
from tests.server.asking import sessions
from tests.serving import KEY

SCRIPT = """
format: 1
interactions:
  - when: {user: weather}
    reply: [{error: 1302}, {content: It is sunny.}]
"""


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        ("/chat/completions", CHAT),
        ("/models", CHAT),
        ("/embeddings", CHAT),
        ("/v1/messages", ANTHROPIC),
        ("/v1/messages/count_tokens", ANTHROPIC),
        ("/v1/models", ANTHROPIC),
        ("/v1/messages/batches", ANTHROPIC),
        ("", ANTHROPIC),
    ],
)
def test_a_path_is_of_one_surface(path: str, surface: Surface) -> None:
    assert find_surface(path) is surface


def test_paths_and_bases_are_of_one_surface() -> None:
    paths = [path for one in SURFACES for path in one.endpoints]
    bases = [base for one in SURFACES for base in one.bases]
    assert len(paths) == len(set(paths))
    assert len(bases) == len(set(bases))
    assert all(one.base in one.bases and one.path in one.endpoints for one in SURFACES)


def test_a_response_is_recognised_by_its_beginning() -> None:
    fields = [(CHAT, b'{"choices":[]}'), (ANTHROPIC, b'{"id":"m","type":"message"}')]
    fields += [(CHAT, b'data: {"id":"x"}\n\n'), (ANTHROPIC, b"event: ping\ndata: {}\n\n")]
    for surface, body in fields:
        assert recognise(Response(200, (), ((0.0, body),))) is surface
    assert recognise(render_error(APIError("1302"), "log")) is ANTHROPIC


def _decode(body: bytes) -> Chat | Refusal:
    if not body:
        return Refusal(code="1210", name="empty")
    return Chat(model="glm-4.6", messages=[Message("user", body.decode())])


def _render(
    renderer: Renderer, /, fields: ResponseFields, pace: Pace = AT_ONCE, **_: Any
) -> Response:
    return Response(200, (), ((0.0, f"{fields.model}: {renderer.reply.content}".encode()),))


def _render_error(error: APIError, log_id: str, **_: Any) -> Response:
    return Response(error.status or 400, (), ((0.0, f"no: {error.code}".encode()),))


def _parse(response: Response) -> ParsedReply:
    return ParsedReply(Reply(content=response.body.decode()))


PLAIN_TEXT = Surface(
    name=cast(Any, "text"),
    base="/api/text",
    bases=("/api/text",),
    path="/say",
    endpoints={"/say": Endpoint("POST", "chat")},
    credential=lambda request: request.header("x-key"),
    decode=_decode,
    needs_plan=lambda chat: False,
    validate=CHAT.validate,
    render_json=_render,
    render_stream=_render,
    render_error=_render_error,
    parse=_parse,
    list_models=CHAT.list_models,
    not_found=CHAT.not_found,
)
"""A surface whose requests and responses are plain text."""


def test_a_third_surface_goes_through_the_pipeline_as_it_is() -> None:
    session = sessions(SCRIPT).get()

    def say(text: str, key: str = KEY) -> tuple[str, str]:
        request = Request("POST", "/say", headers=(("x-key", key),), body=text.encode())
        entry = handle(session, request, surface=PLAIN_TEXT).entry
        assert entry.response is not None
        return entry.response.body.decode(), str(entry.source)

    assert say("weather, please")[0] == "no: 1302"
    body, source = say("weather, please")
    assert (body, source) == ("glm-4.6: It is sunny.", "file.yaml:4")
    assert say("") == ("no: 1210", "refused")
    assert say("weather, please", key="")[0].startswith("no: ")


def test_a_pattern_names_the_surface_it_wants() -> None:
    script = SCRIPT.replace("{user: weather}", "{surface: anthropic}")
    session = sessions(script).get()
    request = Request("POST", "/say", headers=(("x-key", KEY),), body=b"weather")
    entry = handle(session, request, surface=replace(PLAIN_TEXT, name="chat")).entry
    assert str(entry.source) == "miss"
