"""`/audio/transcriptions` and `/audio/speech`.

The forms are those of docs.bigmodel.cn and of zai-sdk. Assumed: the order of the keys; that a
stream of text ends with `[DONE]`; that a stream of speech has one chunk for half a second; the
length of speech, a tone. The text of a transcription is that of a described reply, or tells the
length.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mockglm.endpoints.call import Call, split
from mockglm.endpoints.media import SAMPLE_RATE, make_sound, wrap_wave
from mockglm.exchange import Response

MAX_INPUT = 1024
"""Characters of the longest text to be spoken (docs.bigmodel.cn)."""
MAX_FILE = 25 * 1024 * 1024
MAX_SECONDS = 60
SECONDS_A_CHARACTER = 0.1
_WAVE_HEADER = 44


class SpeechRequest(Struct):
    """The body of a request for speech."""

    model: str = ""
    input: str = ""
    voice: str | None = None
    response_format: str | None = None
    encode_format: str | None = None
    speed: float | None = None
    volume: float | None = None
    stream: bool | None = None
    request_id: str | None = None


def transcribe(call: Call) -> Response:
    """Answer with the text of a sound, as JSON or as a stream."""
    assert call.form is not None, "the body of a transcription is a form"
    fields = call.form.fields
    sound = _read_sound(call)
    text = call.text if call.text is not None else _describe(sound)
    shown = {"created": int(call.now), "id": call.id, "model": fields.get("model", "")}
    if fields.get("stream") == "true":
        return call.render_events(_events(shown, text))
    body = {**shown, "request_id": fields.get("request_id") or call.id, "text": text}
    return call.render(body)


def _read_sound(call: Call) -> bytes:
    assert call.form is not None, "the body of a transcription is a form"
    file, encoded = call.form.file("file"), call.form.fields.get("file_base64", "")
    if file is None and not encoded:
        call.refuse("1213", field="file")
    try:
        sound = file.content if file else b64decode(encoded)
    except ValueError:
        call.refuse("1214", field="file_base64")
    call.check("file", holds=bool(sound))
    call.check_documented("file", holds=len(sound) <= MAX_FILE)
    return sound


def _describe(sound: bytes) -> str:
    """A text for a sound: a WAV file of 16 bits and one channel tells its rate."""
    rate = int.from_bytes(sound[28:32], "little") if sound[:4] == b"RIFF" else 0
    seconds = (len(sound) - _WAVE_HEADER) / rate if rate else 0
    return f"一段 {seconds:.1f} 秒的录音。" if rate else "一段录音。"


def _events(shown: dict[str, Any], text: str) -> Iterator[dict[str, Any]]:
    for piece in split(text):
        yield {**shown, "type": "transcript.text.delta", "delta": piece}
    yield {**shown, "type": "transcript.text.done", "text": text}


def speak(call: Call, request: SpeechRequest) -> Response:
    """Answer with a tone that is the longer, the longer the text is."""
    call.require(request.input, "input")
    call.check_documented("input", holds=len(request.input) <= MAX_INPUT)
    call.check("response_format", holds=request.response_format in (None, "pcm", "wav"))
    call.check("encode_format", holds=request.encode_format in (None, "base64", "hex"))
    call.check_documented("speed", holds=0.5 <= (request.speed or 1) <= 2)
    call.check_documented("volume", holds=0 < (request.volume or 1) <= 10)
    seconds = min(max(len(request.input) * SECONDS_A_CHARACTER, 0.5), MAX_SECONDS)
    pcm = make_sound(int(seconds * SAMPLE_RATE))
    if request.stream:
        return call.render_events(_speech_events(call, pcm, request))
    if request.response_format == "wav":
        return call.render_bytes(wrap_wave(pcm), "audio/wav")
    return call.render_bytes(pcm, "audio/pcm")


def _speech_events(call: Call, pcm: bytes, request: SpeechRequest) -> Iterator[dict[str, Any]]:
    encode = bytes.hex if request.encode_format == "hex" else _encode
    size = SAMPLE_RATE
    last = (len(pcm) - 1) // size
    for index in range(last + 1):
        content = encode(pcm[index * size : (index + 1) * size])
        choice: dict[str, Any] = {"index": 0, "delta": {"role": "assistant", "content": content}}
        if index == last:
            choice["finish_reason"] = "stop"
        request_id = request.request_id or call.id
        yield {"choices": [choice], "created": int(call.now), "request_id": request_id}


def _encode(piece: bytes) -> str:
    return b64encode(piece).decode()
