"""The body of an answer as frames and JSON objects, and edits that leave all else as it was."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm import sse
from mockglm.errors import FaultError
from mockglm.exchange import Response

JSON: TypeAlias = dict[str, Any]
Pieces: TypeAlias = Sequence[tuple[float, bytes]]

CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
"""A character of several bytes in UTF-8."""

LARGEST_ANSWER = 8 * 2**20
"""Bytes of the largest body that a fault makes: further faults read and write all of it again."""

MAX_PIECES = 200_000
"""The most that a fault cuts an answer into."""

MAX_FRAMES = 10_000
"""The most frames that a fault makes of one; to read and write one takes far longer than a byte."""

_BREAKS = re.compile(rb"[\r\n][\r\n]+")
_BLANK = re.compile(rb"\n\n+")
_DATA = re.compile(rb"(?:^|[\r\n])(?:\xef\xbb\xbf)?data: ?([^\r\n]*)")


class Edit(Struct, frozen=True):
    """Bytes `start` to `end` of a body become `data`."""

    start: int
    end: int
    data: bytes


class Frame(Struct, frozen=True):
    """A block of a body, its blank line in. `low` to `high` is what its only data line holds,
    empty where it has none or several."""

    start: int
    end: int
    low: int
    high: int

    def read(self, body: bytes) -> bytes:
        """Return the data of the frame."""
        return body[self.low : self.high]


class Document(Struct, frozen=True):
    """A JSON object of an answer and the frame that holds it; a JSON answer is all one frame.

    `value` belongs to whoever asked for the documents and may be changed.
    """

    frame: Frame
    value: JSON


class TooLargeError(Exception):
    """Edits that would make more of an answer than a server should hold."""

    def __init__(self) -> None:
        super().__init__(f"the answer would have more than {LARGEST_ANSWER} bytes")


def check_size(name: str, *, size: int = 0, frames: int = 0, pieces: int = 0) -> None:
    """Raise FaultError where a fault would make more of an answer than a server should hold."""
    if size > LARGEST_ANSWER:
        raise FaultError(name, str(TooLargeError()))
    if frames > MAX_FRAMES:
        raise FaultError(name, f"one frame would become more than {MAX_FRAMES}")
    if pieces > MAX_PIECES:
        raise FaultError(name, f"the answer would come in more than {MAX_PIECES} pieces")


def split_frames(body: bytes) -> list[Frame]:
    """The blocks of a stream in order, an unterminated last one too."""
    starts = [0, *_block_ends(body)]
    ends = [*starts[1:], len(body)]
    blocks = zip(starts, ends, strict=True)
    return [_frame(body, start, end) for start, end in blocks if start < end]


def frames_from(answer: Response, start: int) -> list[Frame]:
    """The frames of a stream from a byte of the body on."""
    return [frame for frame in split_frames(answer.body) if frame.start >= start]


LAST_DATA = (b"[DONE]", b'{"type":"message_stop"}')
"""The data of a stream's last frame, by surface."""


def done(answer: Response) -> list[Frame]:
    """The frames that say that a stream is complete."""
    body = answer.body
    return [frame for frame in split_frames(body) if frame.read(body) in LAST_DATA]


def is_framed(answer: Response) -> bool:
    """True if the body is a stream; errors of the Anthropic surface are only labelled as one."""
    return answer.is_stream and not (answer.status >= 400 and answer.body.startswith(b"{"))


def documents(answer: Response, start: int = 0) -> list[Document]:
    """The JSON objects of an answer, of a stream from a byte of the body on; frames that hold none
    are passed over."""
    body = answer.body
    whole = [Frame(0, len(body), 0, len(body))]
    blocks = frames_from(answer, start) if is_framed(answer) else whole
    found = ((frame, _object(frame.read(body))) for frame in blocks)
    return [Document(frame, value) for frame, value in found if value is not None]


def is_opaque(answer: Response) -> bool:
    """True if the body is framed or encoded already, so that its bytes cannot be edited."""
    return answer.raw or bool(answer.header("content-encoding"))


def objects(value: Any) -> Iterator[JSON]:
    """The JSON objects of what should be a list of them."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def choices(value: JSON) -> Iterator[JSON]:
    """The choices of a chunk or a JSON answer."""
    return objects(value.get("choices"))


def messages(value: JSON) -> Iterator[JSON]:
    """The deltas of a chunk, the messages of a JSON answer."""
    for each in choices(value):
        yield from objects([each.get("delta"), each.get("message")])


def calls(value: JSON) -> Iterator[JSON]:
    """The tool calls, or pieces of them, of a chunk or a JSON answer."""
    for message in messages(value):
        yield from objects(message.get("tool_calls"))


def recast(answer: Response, changes: Iterable[tuple[Document, Sequence[JSON]]]) -> Response:
    """Each of these documents becomes those objects: none drops its frame, further ones follow it
    in frames of their own. A JSON answer is never without its one object. The last word counts
    where a document is named twice."""
    held = {document.frame.start: (document, values) for document, values in changes}
    body = answer.body
    if is_framed(answer):
        most = _most(answer)
        return apply_edits(answer, (_edit(body, *change, limit=most) for change in held.values()))
    values = (values[0] if values else document.value for document, values in held.values())
    return apply_edits(answer, (Edit(0, len(body), _encode(value)) for value in values))


def rewrite_documents(answer: Response, found: Iterable[Document]) -> Response:
    """The answer with these documents as their values have become."""
    return recast(answer, [(document, [document.value]) for document in found])


def apply_edits(answer: Response, edits: Iterable[Edit]) -> Response:
    """The answer with its body changed; the edits do not overlap.

    New bytes come when the last of those they replace was due, inserted ones with the byte after
    them. All other bytes stay in their piece, at its time. Raises TooLargeError, before the work is
    done, where the new bytes are too many.
    """
    bounded = _bounded(edits, _most(answer))
    queue = deque(sorted(bounded, key=lambda edit: (edit.start, edit.end)))
    pieces: list[tuple[float, bytes]] = []
    low = 0
    for at, piece in answer.chunks:
        text = _patch(piece, low, queue)
        if text or not piece:
            pieces.append((at, text))
        low += len(piece)
    if queue:
        due = pieces[-1][0] if pieces else answer.head or 0.0
        pieces.append((due, b"".join(edit.data for edit in queue)))
    return replace(answer, chunks=tuple(pieces))


def split_chunks(pieces: Pieces, start: int) -> tuple[Pieces, Pieces]:
    """The pieces before a byte of the body and those from it on (an empty piece is a wait)."""
    before: list[tuple[float, bytes]] = []
    after: list[tuple[float, bytes]] = []
    low = 0
    for at, piece in pieces:
        cut = min(max(start - low, 0), len(piece))
        if cut or low + len(piece) < start:
            before.append((at, piece[:cut]))
        if cut < len(piece) or low == start:
            after.append((at, piece[cut:]))
        low += len(piece)
    return tuple(before), tuple(after)


_encode = msgspec.json.encode


def _most(answer: Response) -> int:
    """The most new bytes that edits may bring; a large answer may be written anew."""
    return max(LARGEST_ANSWER, answer.size)


def _bounded(edits: Iterable[Edit], most: int) -> Iterator[Edit]:
    """The edits, as long as their bytes are not too many."""
    size = 0
    for edit in edits:
        size += len(edit.data)
        if size > most:
            raise TooLargeError
        yield edit


def _block_ends(body: bytes) -> Iterator[int]:
    """The bytes at which blank lines end."""
    # Literal bytes are found ten times as fast as an expression.
    if b"\r" in body:
        # One line end of two characters ends no block.
        yield from (match.end() for match in _BREAKS.finditer(body) if match[0] != b"\r\n")
        return
    at = body.find(b"\n\n")
    while match := _BLANK.match(body, at) if at >= 0 else None:
        yield match.end()
        at = body.find(b"\n\n", match.end())


def _frame(body: bytes, start: int, end: int) -> Frame:
    if body.startswith(b"data:", start) and body.find(b"data:", start + 5, end) < 0:
        low = start + 6 if body.startswith(b"data: ", start) else start + 5
        ends = (body.find(line_end, low, end) for line_end in (b"\n", b"\r"))
        return Frame(start, end, low, min((at for at in ends if at >= 0), default=end))
    lines = list(_DATA.finditer(body[start:end]))
    if len(lines) != 1:
        return Frame(start, end, start, start)
    low, high = lines[0].span(1)
    return Frame(start, end, start + low, start + high)


def _object(text: bytes) -> JSON | None:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _edit(body: bytes, document: Document, values: Sequence[JSON], *, limit: int) -> Edit:
    frame = document.frame
    if not values:
        return Edit(frame.start, frame.end, b"")
    more = bytearray()
    is_named = body.startswith(b"event:", frame.start)
    for value in values[1:]:
        if is_named:
            more += b"event: %b\n" % str(value.get("type", "")).encode()
        more += sse.frame(_encode(value))
        if len(more) > limit:
            raise TooLargeError
    closing = body[frame.high : frame.end]
    return Edit(frame.low, frame.end, _encode(values[0]) + closing + more)


def _patch(piece: bytes, low: int, queue: deque[Edit]) -> bytes:
    """A piece that begins at byte `low`, with the edits that end in it; those are taken."""
    high = low + len(piece)
    kept, cursor = [], low
    while queue and queue[0].start < high:
        edit = queue[0]
        kept.append(piece[cursor - low : max(edit.start, cursor) - low])
        cursor = max(cursor, min(edit.end, high))
        if edit.end > high:
            break
        kept.append(edit.data)
        queue.popleft()
    kept.append(piece[cursor - low :])
    return b"".join(kept)
