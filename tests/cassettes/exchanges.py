"""Exchanges for tests: any that a file can have, and a plain one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from mockglm.cassettes import KEPT_HEADERS, normalise
from mockglm.exchange import End, Exchange, Request, Response
from mockglm.sse import frame

__all__ = ["answers", "bodies", "exchange", "exchanges", "requests", "values"]


def _nested(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=3) | st.dictionaries(TEXTS, items, max_size=3)


ODD = ["", "你好", "😀", "no", "null", "1.10", "a: b", "- a", "# a", " a", "a ", "\ta", "a\n b\n"]
ODD += ["\n", "a\n\n", "a\n  \nb", "\ufeff", "\u2028", "\x85", "\x7f", "~", "2026-11-22", "0x1f"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(ODD)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
values = st.dictionaries(TEXTS, st.recursive(SCALARS, _nested), max_size=4)
TIMES = st.lists(st.floats(0, 5), max_size=6).map(sorted)
PIECES = st.one_of(
    st.binary(max_size=40),
    TEXTS.map(str.encode),
    st.lists(TEXTS, max_size=3).map(lambda texts: b"".join(frame(text.encode()) for text in texts)),
    values.map(lambda value: frame(json.dumps(value, ensure_ascii=False).encode())),
)
HEADERS = st.tuples(
    st.sampled_from(sorted(KEPT_HEADERS)),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])),
)


def bodies() -> st.SearchStrategy[bytes]:
    """Bodies of requests: JSON however it is written, text, and what is neither."""
    written = st.sampled_from(
        [{}, {"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")}]
    )
    texts = st.builds(
        lambda value, how: json.dumps(value, **how).encode(), values | SCALARS, written
    )
    return texts | TEXTS.map(str.encode) | st.binary(max_size=40)


def requests() -> st.SearchStrategy[Request]:
    """Requests of any kind."""
    paths = st.sampled_from(["/chat/completions", "/embeddings", "/files/一?"])
    return st.builds(
        Request,
        st.sampled_from(["POST", "GET", "DELETE"]),
        paths,
        st.sampled_from(["", "a=1&b=", "q=%E4%BD%A0"]),
        body=bodies(),
    )


@st.composite
def answers(draw: st.DrawFn) -> Response:
    """Answers of any bytes, cut anywhere, as they are kept."""
    times = draw(TIMES)
    head = draw(st.floats(0, times[0] if times else 5))
    pieces = tuple((at, draw(PIECES)) for at in times)
    whole = draw(st.none() | bodies())
    ends: tuple[End, ...] = ("done", "close", "reset", "hang")
    answer = Response(
        draw(st.integers(200, 599)),
        tuple(draw(st.lists(HEADERS, max_size=4))),
        pieces if whole is None else ((head, whole),),
        draw(st.sampled_from(ends)),
        head,
    )
    return normalise(answer)


def exchanges() -> st.SearchStrategy[Exchange]:
    """Exchanges as they are kept."""
    return st.builds(Exchange, requests(), answers(), st.just(0.0))


def exchange(text: str = "你好", *, size: int = 1) -> Exchange:
    """A streamed completion that asks for and says a text, so many times."""
    asked = {"model": "glm-4.6", "stream": True, "messages": [{"role": "user", "content": text}]}
    chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]}
    data = json.dumps(chunk, ensure_ascii=False).encode()
    pieces = [(round(0.4 + 0.02 * index, 3), frame(data)) for index in range(size)]
    pieces.append((round(0.5 + 0.02 * size, 3), frame(b"[DONE]")))
    return Exchange(
        Request("POST", "/chat/completions", body=json.dumps(asked, ensure_ascii=False).encode()),
        Response(
            200, (("Content-Type", "text/event-stream;charset=UTF-8"),), tuple(pieces), head=0.4
        ),
        0.0,
    )
