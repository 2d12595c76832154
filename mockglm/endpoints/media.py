"""Media that mockglm makes and serves: pictures, sounds, a video and texts, at `/media/NAME`.

A name says all that a medium needs, so that nothing has to be kept; only texts are. The same name
gives the same bytes.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections import OrderedDict
from functools import lru_cache
from hashlib import blake2b
from math import pi, sin
from pathlib import Path

from mockglm.endpoints.call import Call
from mockglm.endpoints.storage import StorageBudget
from mockglm.exchange import Response

MAX_SIDE = 2048
"""Pixels of the longest side of a picture."""
MAX_TEXTS = 200
MAX_TEXT_BYTES = 16 * 1024 * 1024
SAMPLE_RATE = 24_000
"""Samples of a sound in a second (docs.bigmodel.cn, glm-tts)."""

_PICTURE = re.compile(r"image-([1-9]\d{0,3})x([1-9]\d{0,3})-([0-9a-f]{16})\.png")
_VIDEO = re.compile(r"video-[0-9a-f]{16}\.mp4")
_STRIPES = 8
_TONE = 440
_LOUDNESS = 6000


class Texts:
    """The texts of a session that can be fetched; the oldest are dropped."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, bytes] = OrderedDict()
        self.size = 0

    def add(self, name: str, text: str, budget: StorageBudget) -> None:
        """Keep a text. Raises UsageError beyond the bound of all sessions."""
        budget.reserve(self, len(text))
        self.size -= len(self._texts.pop(name, b""))
        self._texts[name] = text.encode("utf-8", "replace")
        self.size += len(self._texts[name])
        while len(self._texts) > MAX_TEXTS or (self.size > MAX_TEXT_BYTES and len(self._texts) > 1):
            self.size -= len(self._texts.popitem(last=False)[1])

    def get(self, name: str) -> bytes | None:
        return self._texts.get(name)


def get_medium(call: Call) -> Response:
    """Answer with a medium by its name; 404 for a name that mockglm does not give."""
    name = call.variables["name"]
    picture = _PICTURE.fullmatch(name)
    if picture and max(int(picture[1]), int(picture[2])) <= MAX_SIDE:
        return call.render_bytes(draw_picture(int(picture[1]), int(picture[2]), name), "image/png")
    if _VIDEO.fullmatch(name):
        return call.render_bytes(load_video(), "video/mp4")
    text = call.state(Texts).get(name)
    if text is not None:
        return call.render_bytes(text, "text/markdown; charset=utf-8")
    return Response(404, (("Content-Type", "text/plain"),), ((0.0, b"no such medium"),))


def name_picture(size: str, digest: str) -> str:
    """The name of a picture of a size such as `1280x720`; 1024x1024 for any other text."""
    found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", size)
    is_small = found is not None and max(int(found[1]), int(found[2])) <= MAX_SIDE
    return f"image-{size if is_small else '1024x1024'}-{digest}.png"


def name_video(digest: str) -> str:
    return f"video-{digest}.mp4"


@lru_cache(maxsize=4)
def draw_picture(width: int, height: int, seed: str) -> bytes:
    """A PNG of diagonal stripes in colours that depend on a seed."""
    palette = blake2b(seed.encode(), digest_size=3 * _STRIPES).digest()
    period = bytes(column * _STRIPES // 256 % _STRIPES for column in range(256))
    pattern = period * (width // 256 + 2)
    rows = b"".join(b"\0" + pattern[row % 256 : row % 256 + width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


@lru_cache(maxsize=1)
def load_video() -> bytes:
    """A second of H.264 in MP4."""
    return (Path(__file__).parent / "video.mp4").read_bytes()


@lru_cache(maxsize=8)
def make_sound(samples: int) -> bytes:
    """A tone as PCM: 16 bits, little-endian, one channel."""
    period = SAMPLE_RATE // _TONE
    wave = [int(_LOUDNESS * sin(2 * pi * index / period)) for index in range(period)]
    cycle = struct.pack(f"<{period}h", *wave)
    return (cycle * (samples // period + 1))[: 2 * samples]


def wrap_wave(pcm: bytes) -> bytes:
    """A WAV file of PCM."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(pcm)) + pcm
    return struct.pack("<4sI", b"RIFF", len(body)) + body
