"""What a running server sends has the grammar of what was recorded of the service."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mockglm.exchange import Response
from tests.conftest import Serve
from tests.grammars.derive import SOURCES, derive, grammar, load
from tests.grammars.script import ask, script
from tests.grammars.shape import IDS, example, shape
from tests.grammars.sources import Recording, read

GRAMMARS = {f"{source}/{name}": row for source in SOURCES for name, row in load(source).items()}
WITH_HEADERS = "go-z-ai-cassettes/"
"""The source whose recorder left out no header."""
CURRENT = sorted(name for name, row in GRAMMARS.items() if row["era"] == "2026")

CHUNK = (
    '{"id":"20260313050448e162ecc8207a4c47","created":1773349488,"object":"chat.completion.chunk",'
    '"model":"glm-4.7-flash","choices":[{"index":0,"delta":{"role":"assistant","content":"%s"}}]}'
)


def seen(answer: Response) -> dict[str, Any]:
    """The grammar of an answer of ours, all of which is known."""
    recording = Recording(
        name="ours", body=answer.body, status=answer.status, headers=answer.headers
    )
    return grammar(recording)


def kept(facts: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """As much of the facts as the recorded grammar speaks of; it orders no keys it did not keep."""
    told = {key: facts[key] for key in recorded if key not in ("request", "ordered")}
    if "headers" in recorded:
        names = recorded["headers"]
        told["headers"] = {key: row for key, row in facts["headers"].items() if key in names}
    return told


def told(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The answer's side of a recorded grammar."""
    return {key: row for key, row in recorded.items() if key not in ("request", "ordered")}


def written(facts: Mapping[str, Any], *, is_ordered: bool = True) -> str:
    """Facts as text, so that the order of keys counts where it is evidence."""
    return json.dumps(facts, indent=1, ensure_ascii=False, sort_keys=not is_ordered)


def test_there_are_grammars_of_every_kind_of_answer() -> None:
    kinds = {row.get("kinds") or next(iter(row["body"])) for row in GRAMMARS.values()}
    assert kinds >= {"RCF", "RTF", "RCTF", "choices", "error"}
    assert len(CURRENT) > 40


@pytest.mark.parametrize("name", CURRENT)
def test_a_scripted_answer_has_the_grammar_of_its_recording(name: str, serve: Serve) -> None:
    recorded = GRAMMARS[name]
    facts = seen(serve(ask(recorded), script(recorded)))
    is_ordered = recorded.get("ordered", True)
    assert written(kept(facts, recorded), is_ordered=is_ordered) == written(
        told(recorded), is_ordered=is_ordered
    )


@pytest.mark.parametrize("name", [name for name in CURRENT if name.startswith(WITH_HEADERS)])
def test_an_answer_has_no_header_that_the_service_does_not_send(name: str, serve: Serve) -> None:
    recorded = GRAMMARS[name]
    facts = seen(serve(ask(recorded), script(recorded)))
    assert facts["headers"] == recorded["headers"]


@pytest.mark.skipif("GLM_SAMPLES" not in os.environ, reason="GLM_SAMPLES names no recordings")
@pytest.mark.parametrize("source", sorted(SOURCES))
def test_the_grammars_are_those_of_the_recordings(source: str) -> None:
    folder = Path(os.environ["GLM_SAMPLES"]) / source
    assert folder.is_dir()
    assert written(derive(folder)) == written(load(source))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_no_text_of_a_recording_is_kept(source: str) -> None:
    def leaves(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in leaves(item)]
        if isinstance(value, list):
            return [leaf for item in value for leaf in leaves(item)]
        return [value] if isinstance(value, str) else []

    texts = [leaf for row in load(source).values() for leaf in leaves(row)]
    assert [text for text in texts if len(text) > 48] == []


def test_a_shape_keeps_constants_and_the_order_of_keys_and_no_text() -> None:
    value = {"role": "user", "content": "a secret", "id": "7", "seen": [True, None, 1, 0.5, ""]}
    form = shape(value)
    assert json.dumps(form) == json.dumps(
        {
            "role": "user",
            "content": "<text>",
            "id": "<text>",
            "seen": ["<boolean>", "<null>", "<integer>", "<number>", "<empty>"],
        }
    )


@pytest.mark.parametrize("form", sorted(IDS))
def test_an_example_of_an_id_has_its_form(form: str) -> None:
    assert shape(example({"id": form})) == {"id": form}


@pytest.mark.parametrize(
    ("text", "form"),
    [('{"a": 1}', "<JSON object>"), ("{}", "<JSON object>"), ('{"a":', "<text>"), ("1", "<text>")],
)
def test_arguments_are_a_json_object_or_text(text: str, form: str) -> None:
    assert shape({"arguments": text}) == {"arguments": form}


def test_neighbours_of_one_kind_are_one_and_each_shape_is_kept_once() -> None:
    body = "".join(f"data: {CHUNK % text}\n\n" for text in ("a", "b", "", "c"))
    facts = grammar(Recording(name="", body=body.encode()))
    contents = [chunk["choices"][0]["delta"]["content"] for chunk in facts["chunks"]["C"]]
    assert (facts["kinds"], contents) == ("C", ["<text>", "<empty>"])
    assert facts["framing"] == "data lines, without [DONE]"


def test_a_created_that_does_not_fit_the_id_is_reported() -> None:
    body = "data: " + (CHUNK % "a").replace("1773349488", "1773349588") + "\n\n"
    assert grammar(Recording(name="", body=body.encode()))["created"] == "100 s after the id"


def test_a_chunk_without_object_is_of_2025() -> None:
    body = "data: " + (CHUNK % "a").replace('"object":"chat.completion.chunk",', "") + "\n\n"
    assert grammar(Recording(name="", body=body.encode()))["era"] == "2025"


def test_a_reconstruction_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "end.RECONSTRUCTED.sse").write_text("data: {}\n\n", "utf-8")
    (tmp_path / "note.txt").write_text("data: {}\n\n", "utf-8")
    (tmp_path / "batch.json").write_text('{"object":"batch"}', "utf-8")
    assert list(read(tmp_path)) == []


GO_VCR = """\
version: 1
interactions:
- request: {body: '{"model":"glm-4.6"}', url: 'https://api.z.ai/api/paas/v4/chat/completions'}
  response:
    body: '{"error":{"code":"1113","message":"No."}}'
    headers: {Content-Type: ['application/json; charset=UTF-8'], Server: [nginx]}
    code: 429
- request: {body: '', url: 'https://api.z.ai/api/paas/v4/models'}
  response: {body: '{}', headers: {}, code: 200}
"""


def test_only_the_chats_of_a_cassette_are_read(tmp_path: Path) -> None:
    (tmp_path / "busy.yaml").write_text(GO_VCR, "utf-8")
    assert derive(tmp_path) == {
        "busy.yaml#0": {
            "era": "2026",
            "request": {"model": "glm-4.6"},
            "status": 429,
            "headers": {"content-type": "application/json; charset=UTF-8"},
            "body": {"error": {"code": "1113", "message": "<text>"}},
        }
    }


VCRPY = """\
interactions:
- request:
    parsed_body: {model: glm-4.7}
    uri: https://api.z.ai/api/paas/v4/chat/completions
  response:
    headers: {content-type: ['application/json']}
    parsed_body: {error: {message: No., code: '1302'}}
    status: {code: 429, message: Too Many Requests}
version: 1
"""


def test_a_body_that_was_parsed_by_its_recorder_has_no_order(tmp_path: Path) -> None:
    (tmp_path / "busy.yaml").write_text(VCRPY, "utf-8")
    facts = derive(tmp_path)["busy.yaml#0"]
    assert (facts["ordered"], facts["status"]) == (False, 429)
