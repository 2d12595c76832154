"""The strict reader agrees with httpx-sse, openai and zai-sdk on valid streams, however cut."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import httpx2
import httpx_sse
import openai
import pytest
import zai
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm import sse

TYPE = "text/event-stream;charset=UTF-8"
DONE = "[DONE]"
URL = "http://127.0.0.1:9/api/paas/v4"

ENDS = st.sampled_from(["\n", "\r\n", "\r"])
# zai-sdk reads lines as str.splitlines() does, so that U+2028 and its like end one.
EXOTIC_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)
PLAIN_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n" + EXOTIC_ENDS), max_size=12
)


@dataclass(frozen=True)
class Stream:
    """A body of valid events, and the sizes of the pieces it comes in."""

    body: bytes
    cuts: Sequence[int]

    def pieces(self) -> Iterator[bytes]:
        at = 0
        for size in self.cuts:
            yield self.body[at : at + size]
            at += size
        yield self.body[at:]

    def client(self, library: Any = httpx) -> Any:
        """A client of httpx or httpx2 to which every response is this stream."""

        def answer(request: Any) -> Any:
            return library.Response(200, headers={"Content-Type": TYPE}, content=self.pieces())

        return library.Client(transport=library.MockTransport(answer))


@st.composite
def streams(draw: st.DrawFn, *, events: st.SearchStrategy[list[str]], done: bool) -> Stream:
    """Events in the lines of any of the three ends, with comments, as pieces of any size."""
    end = draw(ENDS)
    lines = []
    for block in draw(st.lists(events, max_size=5)):
        lines += [*block, ""]
    if done:
        lines += [f"data: {DONE}", ""]
    body = "".join(line + end for line in lines).encode()
    cuts = draw(st.lists(st.integers(1, max(len(body) // 3, 1)), max_size=8))
    return Stream(body, cuts)


def chunk(content: str, *, is_ascii: bool) -> str:
    """A chunk as the service sends it."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": content}}
    value = {
        "id": "20260331220108527fb37f4c4c4549",
        "created": 1774965668,
        "object": "chat.completion.chunk",
        "model": "glm-5",
        "choices": [choice],
    }
    return json.dumps(value, ensure_ascii=is_ascii)


def chunk_events(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """The lines of one event with a chunk; a comment or the name `message` may stand before."""
    data = st.builds(chunk, texts, is_ascii=st.booleans())
    before = st.sampled_from([[], [": keep-alive"], [":"], ["event: message"], ["id: 7"]])
    return st.builds(lambda ahead, one, gap: [*ahead, f"data:{gap}{one}"], before, data, SPACE)


SPACE = st.sampled_from(["", " "])


def any_events() -> st.SearchStrategy[list[str]]:
    """The lines of one event: some data, and any of the other fields in any order."""
    data = st.builds(lambda gap, text: f"data:{gap}{text}", SPACE, ANY_TEXT)
    names = st.text("abcdefgh", min_size=1, max_size=5)
    other = st.one_of(
        st.builds("event: {}".format, names),
        st.builds("id: {}".format, st.text("0123456789", min_size=1, max_size=3)),
        st.builds("retry: {}".format, st.integers(0, 9999)),
        st.builds(":{}".format, ANY_TEXT),
        data,
    )
    return st.builds(lambda one, rest: [*rest, one], data, st.lists(other, max_size=3))


def contents(stream: Stream) -> list[str]:
    """The contents of all chunks as the strict reader has them."""
    events, defects = sse.read(stream.body)
    assert defects == ()
    values = [json.loads(event.data) for event in events if event.data != DONE]
    return [value["choices"][0]["delta"]["content"] for value in values]


@given(streams(events=any_events(), done=False))
def test_httpx_sse_reads_the_same_events(stream: Stream) -> None:
    events, _ = sse.read(stream.body)
    with stream.client() as client, httpx_sse.connect_sse(client, "GET", URL) as source:
        heard = [(one.event, one.data, one.id) for one in source.iter_sse()]
    assert heard == [(one.event or "message", one.data, one.id or "") for one in events]


def heard_by(client: Any) -> list[str]:
    """The contents of the chunks that a client of the API hears."""
    with client:
        answer = client.chat.completions.create(
            model="glm-5", messages=[{"role": "user", "content": "你好"}], stream=True
        )
        return [one.choices[0].delta.content for one in answer]


def heard_by_openai(stream: Stream) -> list[str]:
    http_client = stream.client(httpx2)
    return heard_by(openai.OpenAI(base_url=URL, api_key="a.b", http_client=http_client))


def heard_by_zai(stream: Stream) -> list[str]:
    return heard_by(zai.ZaiClient(base_url=URL, api_key="a.b", http_client=stream.client()))


@settings(max_examples=50)
@given(streams(events=chunk_events(ANY_TEXT), done=True))
def test_openai_reads_the_same_chunks(stream: Stream) -> None:
    assert heard_by_openai(stream) == contents(stream)


@settings(max_examples=50)
@given(streams(events=chunk_events(PLAIN_TEXT), done=True))
def test_zai_sdk_reads_the_same_chunks(stream: Stream) -> None:
    assert heard_by_zai(stream) == contents(stream)


@pytest.mark.parametrize("text", EXOTIC_ENDS)
def test_zai_sdk_alone_ends_a_line_at_other_characters(text: str) -> None:
    stream = Stream(f"data: {chunk(text, is_ascii=False)}\n\ndata: {DONE}\n\n".encode(), ())
    assert heard_by_openai(stream) == contents(stream) == [text]
    # JSON escapes the ASCII ones.
    if not text.isascii():
        with pytest.raises(json.JSONDecodeError):
            heard_by_zai(stream)
