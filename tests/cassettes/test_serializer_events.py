from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.cassettes.serializer import dump_chunk, dump_events
from mockglm.scenarios.verbatim import Chunk, parse_events
from tests.scenarios.loading import one


def read(body: str) -> Sequence[Chunk]:
    """The pieces of the response that has this body in a file."""
    (step,) = one(f"interactions:\n- response:\n{body}").steps
    assert step.response is not None
    return step.response.chunks


DATA = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.lists(st.integers(0, 10**6).map(lambda ms: ms / 1000), max_size=6, unique=True).map(
    sorted
)


@st.composite
def framed(draw: st.DrawFn) -> tuple[Chunk, ...]:
    """Pieces of whole frames, at whole milliseconds."""
    texts = st.lists(DATA, min_size=1, max_size=3)
    return tuple(
        (at, b"".join(f"data: {text}\n\n".encode() for text in draw(texts))) for at in draw(TIMES)
    )


@given(framed())
def test_frames_as_lines_are_read_back_as_the_same_pieces(pieces: tuple[Chunk, ...]) -> None:
    text = dump_events(pieces)
    if text is None:
        return
    assert parse_events(text) == (pieces, {})
    block = "".join(f"      {line}\n" for line in text.split("\n")[:-1])
    if block:
        assert read(f"    events: |2\n{block}") == pieces


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"data: a\n\n", "0.500 a\n"),
        ("data: 你好 😀\n\n".encode(), "0.500 你好 😀\n"),
        (b"data: a\n\ndata: b\n\n", "0.500 a\n0.500 b\n"),
        (b"data: data: x\n\n", "0.500 data: x\n"),
        (b"data: \n\n", "0.500 \n"),
        (b"data:a\n\n", None),
        (b"data: a\n", None),
        (b"data: a\r\n\r\n", None),
        (b": comment\n\ndata: a\n\n", None),
        (b"event: x\ndata: a\n\n", None),
        (b'event: ping\ndata: {"type":"ping"}\n\n', '0.500 {"type":"ping"}\n'),
        (b'data: {"type":"ping"}\n\n', None),
        (b'event: error\ndata: {"type":"ping"}\n\n', None),
        (b'event: x\ndata: {"type":"x"}\n\n', None),
        (b"data: a\ndata: b\n\n", None),
        (b"data: a\n\n\n", None),
        (b"\xef\xbb\xbfdata: a\n\n", None),
        ("data: \ufeffa\n\n".encode(), None),
        ("data: a\u2028b\n\n".encode(), None),
        ("data: a\x85b\n\n".encode(), None),
        (b"data: a\x00\n\n", None),
        (b"data: a\x7f\n\n", None),
        (b"data: \xff\n\n", None),
        (b"", None),
    ],
)
def test_only_whole_printable_frames_are_written_as_lines(data: bytes, text: str | None) -> None:
    assert dump_events([(0.5, data)]) == text


@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=12)), max_size=5))
def test_bytes_as_chunks_are_read_back_as_the_same_pieces(
    written: list[tuple[int, bytes]],
) -> None:
    pieces = tuple(sorted((ms / 1000, data) for ms, data in written))
    chunks = ", ".join(dump_chunk(at, data) for at, data in pieces)
    assert read(f"    chunks: [{chunks}]\n") == pieces
