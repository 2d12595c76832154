"""Bodies that a service encoded although it was asked not to are decoded within bounds."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.limits import Limits
from mockglm.recorder.content_coding import SLICE, find_decoder
from tests.recorder.service import Call, Proxy, Service, chunk, head, recording

JSON = "application/json"
BODY = b'{"a":1}' * 1000
DEFLATE = zlib.compress(BODY)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


ENCODED = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "x-gzip": ("X-GZip", gzip.compress(BODY)),
    "gzip of two members": ("gzip", gzip.compress(BODY[:100]) + gzip.compress(BODY[100:])),
    "gzip with padding": ("gzip", gzip.compress(BODY) + b"\0" * 10),
    "deflate": ("deflate", DEFLATE),
    "deflate without a header": ("deflate", raw_deflate(BODY)),
    "identity": ("identity", BODY),
}


def encoding(coding: str, *pieces: bytes) -> Service:
    def send(call: Call) -> None:
        call.send(head(200, JSON, Content_Encoding=coding) + b"".join(map(chunk, pieces)))
        call.send(chunk(b""))

    return Service(send)


def notes(proxy: Proxy) -> list[tuple[str, ...]]:
    return [entry.notes for entry in proxy.sessions.get().journal]


@pytest.mark.parametrize("name", ENCODED)
def test_known_coding_is_undone_for_client_and_cassette(tmp_path: Path, name: str) -> None:
    coding, data = ENCODED[name]
    with (
        encoding(coding, data[:1], data[1:20], data[20:]) as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
    ):
        response = proxy.post()
    assert response.content == BODY
    assert "content-encoding" not in response.headers
    assert proxy.answers[0].body == BODY


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "none"])
def test_other_coding_is_left_to_the_client_and_not_recorded(tmp_path: Path, coding: str) -> None:
    with (
        encoding(coding, b"\x0b\x02\x80abc") as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
        proxy.client() as client,
        client.stream("POST", "/chat/completions", json={}) as response,
    ):
        assert response.headers["content-encoding"] == coding
        assert b"".join(response.iter_raw()) == b"\x0b\x02\x80abc"
    assert proxy.told[0].startswith(f"mockglm: not recorded: the response is {coding}-encoded")
    assert not proxy.path.exists()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_bomb_is_cut_at_the_bound_and_not_recorded(tmp_path: Path, coding: str) -> None:
    limits = Limits(response=1_000_000)
    zeros = bytes(200_000_000)
    bomb = gzip.compress(zeros, 1) if coding == "gzip" else zlib.compress(zeros, 1)
    del zeros
    with (
        encoding(coding, bomb) as service,
        recording(service.url, tmp_path / "a.yaml", limits=limits) as proxy,
        proxy.client() as client,
        client.stream("POST", "/chat/completions", json={}) as response,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()
        assert response.num_bytes_downloaded <= 1.1 * limits.response
        reason = "the response has more than 1,000,000 bytes"
        assert notes(proxy) == [("not recorded", reason, "cut")]
    assert proxy.told[0] == f"mockglm: not recorded: {reason}"
    assert not proxy.path.exists()


def test_body_of_another_coding_is_cut(tmp_path: Path) -> None:
    with (
        encoding("gzip", b"no gzip at all") as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        proxy.post()
    assert [(answer.body, answer.end) for answer in proxy.answers] == [(b"", "close")]


@given(st.binary(max_size=3000), st.sampled_from(sorted(ENCODED)), st.integers(1, 500))
def test_any_body_in_any_pieces_is_decoded_in_small_slices(
    data: bytes, name: str, size: int
) -> None:
    coding = ENCODED[name][0].lower()
    packed = {"identity": data, "deflate": zlib.compress(data)}.get(coding, gzip.compress(data))
    decoder = find_decoder(coding)
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]
    slices = [decoded for piece in pieces for decoded in decoder.decode(piece)]
    assert b"".join(slices) == data
    assert all(len(decoded) <= max(SLICE, size) for decoded in slices)


def test_slices_of_a_bomb_are_small() -> None:
    decoder = find_decoder("gzip")
    slices = [len(decoded) for decoded in decoder.decode(gzip.compress(bytes(10_000_000)))]
    assert (sum(slices), max(slices)) == (10_000_000, SLICE)
