"""Bad requests at every endpoint: GLM's envelope, no failure of the server, and bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockglm.endpoints import TABLE
from mockglm.endpoints import storage as storage_module
from tests.endpoints.conftest import Ask
from tests.serving import KEY, Served, serving

EXAMPLES = int(os.environ.get("MOCKGLM_EXAMPLES", "200"))
"""Bad requests of one run; 10,000 were sent before a release."""

FIELDS = (
    *("model", "input", "query", "documents", "messages", "dimensions", "top_n", "request_id"),
    *("search_query", "search_engine", "count", "url", "file", "prompt", "size", "image_url"),
    *("voice", "voice_name", "file_id", "agent_id", "async_id", "conversation_id", "stream"),
    *("input_file_id", "endpoint", "metadata", "tool", "text", "speed", "response_format"),
)
# The table of all characters takes Hypothesis long to make.
LETTERS = 'ab0 .-/你\0😀"'
MODELS = sorted({model for row in TABLE for model in row.models})
QUERIES = ("", "?limit=x", "?purpose=batch&limit=101", "?startTime=0&a=%FF")
WORDS = ("", "a", "你好", "0", "-1", "/v4/chat/completions", "search_std", "1024x1024", "\0", "😀")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.sampled_from((*WORDS, *MODELS)),
    st.text(LETTERS, max_size=20),
)
names = st.text(LETTERS, max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(LETTERS, max_size=5), inner, max_size=3),
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8)


@st.composite
def bodies(draw: st.DrawFn, models: tuple[str, ...]) -> tuple[bytes, str]:
    """A body with its content type: an object, any JSON, any bytes, or a form."""
    kind = draw(st.sampled_from(("object", "object", "value", "bytes", "form")))
    if kind == "bytes":
        return draw(st.binary(max_size=60)), "application/json"
    if kind == "form":
        return draw(forms()), "multipart/form-data; boundary=x"
    value = draw(objects if kind == "object" else values)
    if isinstance(value, dict) and models:
        value["model"] = draw(st.sampled_from(models))
    return json.dumps(value).encode("utf-8", "surrogatepass"), "application/json"


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A multipart body, whole or cut off."""
    part = st.tuples(st.sampled_from((*FIELDS, "purpose")), st.binary(max_size=40))
    parts = draw(st.lists(part, max_size=4))
    lines = [
        b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), b'; filename="a"' if name == "file" else b"", value)
        for name, value in parts
    ]
    body = b"".join(lines) + b"--x--\r\n"
    return body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, bytes, str]:
    """A method, a path, a body and its content type."""
    row = draw(st.sampled_from(TABLE))
    names = st.sampled_from(("a", "0" * 30, "%E4%BD%A0", "..", "text"))
    path = "/".join(draw(names) if "{" in part else part for part in row.path.split("/"))
    method = draw(st.sampled_from((row.method, row.method, row.method, "POST", "GET", "DELETE")))
    query = draw(
        st.sampled_from(("", "?limit=x", "?purpose=batch&limit=101", "?startTime=0&a=%FF"))
    )
    body, kind = draw(bodies(tuple(row.models)))
    return method, ("" if row.is_whole else "/api/paas/v4") + path + query, body, kind


@pytest.fixture(scope="module")
def connection(server: Served) -> Iterator[HTTPConnection]:
    client = HTTPConnection("127.0.0.1", server.background.port, timeout=30)
    yield client
    client.close()


def send(client: HTTPConnection, request: tuple[str, str, bytes, str]) -> tuple[int, Any, bytes]:
    method, path, body, kind = request
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind}
    client.request(method, "/s/@hostile" + path, body, headers)
    answer = client.getresponse()
    return answer.status, answer.headers, answer.read()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(request=requests())
def test_bad_requests_get_the_envelope_of_the_service(
    request: tuple[str, str, bytes, str], connection: HTTPConnection
) -> None:
    status, headers, body = send(connection, request)
    assert status in (200, 400, 403, 404, 405, 413, 429), body
    assert headers["X-MockGLM-Miss"] is None, body
    if status in (400, 403, 429):
        assert set(json.loads(body)["error"]) == {"code", "message"}


UPLOADS = """
import http.client, resource

from mockglm.app import App
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer

PIECE, PIECES = bytes(1 << 20), 64

def pieces():
    yield b'--x\\r\\nContent-Disposition: form-data; name="file"; filename="a"\\r\\n\\r\\n'
    for _ in range(PIECES):
        yield PIECE

def upload():
    client = http.client.HTTPConnection("127.0.0.1", background.port, timeout=60)
    headers = {"Authorization": "key", "Content-Type": "multipart/form-data; boundary=x"}
    client.request("POST", "/api/paas/v4/files", pieces(), headers, encode_chunked=True)
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer.status

background = BackgroundServer(App(Sessions(Settings(speed=0))))
background.start()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
statuses = {upload() for _ in range(2)}
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
background.stop()
print(statuses, (after - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_uploads_of_64_mib_are_refused_in_bounded_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UPLOADS], capture_output=True, text=True, check=True
    )
    statuses, mib = done.stdout.strip().rsplit(" ", 1)
    assert statuses == "{413}"
    assert int(mib) < 64


def test_files_beyond_the_bound_of_all_sessions_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage_module, "MAX_BYTES", 1024 * 1024)
    with serving() as server:

        def upload(label: str) -> httpx.Response:
            return httpx.post(
                f"{server.base('@' + label)}/files",
                files={"file": ("a", bytes(600_000))},
                data={"purpose": "agent"},
                headers={"Authorization": "key"},
                trust_env=False,
            )

        assert upload("one").status_code == 200
        refused = upload("two")
        assert refused.status_code == 422
        assert "at most 1 MiB" in refused.json()["error"]["message"]
        server.sessions.forget("@one")
        assert upload("two").status_code == 200


def test_picture_of_any_size_is_small(ask: Ask) -> None:
    body = {"model": "cogview-4", "prompt": "a", "size": "2048x2048"}
    url = ask("/images/generations", body).json()["data"][0]["url"]
    assert len(httpx.get(url, trust_env=False).content) < 1_000_000


LONG = "word " * 40_000
STREAM = {"agent_id": "a", "messages": [{"role": "user", "content": LONG}], "stream": True}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/web_search", {"search_query": LONG, "search_engine": "search_std", "count": 50}),
        ("/embeddings", {"model": "embedding-3", "input": LONG}),
        ("/reader", {"url": "https://example.com/" + LONG}),
        ("/layout_parsing", {"model": "glm-ocr", "file": LONG}),
        ("/moderations", {"model": "moderation", "input": LONG}),
    ],
)
def test_long_text_does_not_make_a_longer_answer(ask: Ask, path: str, body: Any) -> None:
    answer = ask(path, body)
    assert answer.status_code == 200
    assert len(answer.content) < 3 * len(LONG)


def test_stream_of_a_long_text_has_few_events(server: Served, label: str) -> None:
    url, headers = f"{server.host}/s/@{label}/api/v1/agents", {"Authorization": "key"}
    answer = httpx.post(url, json=STREAM, headers=headers, trust_env=False)
    assert answer.text.endswith("data: [DONE]\n\n")
    assert answer.text.count("data: ") < 1100


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rerank", {"model": "rerank", "query": "a", "documents": ["a"] * 1001}),
        ("/rerank", {"model": "rerank", "query": "a", "documents": [LONG] * 6}),
        ("/images/generations", {"model": "cogview-4", "prompt": ""}),
        ("/async/images/generations", {"model": "glm-image", "prompt": "a", "request_id": LONG}),
        ("/batches", {"input_file_id": "a", "endpoint": "a", "metadata": {"a": LONG}}),
    ],
)
def test_parameter_that_would_be_kept_or_take_long_is_refused(
    ask: Ask, path: str, body: Any
) -> None:
    assert ask(path, body).status_code == 400
