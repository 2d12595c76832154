"""`/voice/clone`, `/voice/delete` and `/voice/list`.

The list is recorded (SamyRai/go-z-ai cassettes, api.z.ai, 2026-07), without a content type. The
rest is documented. Assumed: 1214 for a file or a voice that is not there; the ids and times of
voices, of which those of official ones have the form that was recorded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from uuid import NAMESPACE_DNS, uuid5

import msgspec
from msgspec import Struct

from mockglm.clock import local
from mockglm.completions import common_headers
from mockglm.endpoints.call import Call
from mockglm.endpoints.files import find_file, keep_file
from mockglm.endpoints.media import SAMPLE_RATE, make_sound, wrap_wave
from mockglm.exchange import Response

MAX_VOICES = 1000
MAX_NAME = 256
TIME = "%Y-%m-%d %H:%M:%S"


class Voice(Struct, frozen=True):
    """A voice as the list has it; `key` is the owner of a clone."""

    create_time: str
    voice: str
    voice_name: str
    voice_type: str


_NAMES = ("luodo", "kazi", "douji", "jam", "tongtong", "xiaochen", "chuichui")

OFFICIAL: Sequence[Voice] = tuple(
    Voice("2025-09-08 18:30:00", str(uuid5(NAMESPACE_DNS, name)), name, "OFFICIAL")
    for name in _NAMES
)
"""The voices of glm-tts that docs.bigmodel.cn names."""


class CloneRequest(Struct):
    """The body of a request for a clone."""

    model: str = ""
    voice_name: str = ""
    input: str = ""
    file_id: str = ""
    text: str | None = None
    request_id: str | None = None


class VoiceRequest(Struct):
    """The body of a request to delete a clone."""

    voice: str = ""
    request_id: str | None = None


class Voices:
    """The cloned voices of a session by their id, each with its key."""

    def __init__(self) -> None:
        self.clones: OrderedDict[str, tuple[str, Voice]] = OrderedDict()


def clone_voice(call: Call, request: CloneRequest) -> Response:
    """Keep a voice, and a sound of it as a file."""
    for field in ("voice_name", "input", "file_id"):
        call.require(getattr(request, field), field)
    call.check("voice_name", holds=len(request.voice_name) <= MAX_NAME)
    find_file(call, request.file_id)
    voice = f"voice_clone_{call.digest}"
    clones = call.state(Voices).clones
    created = local(int(call.now), TIME)
    clones[voice] = call.key, Voice(created, voice, request.voice_name, "PRIVATE")
    if len(clones) > MAX_VOICES:
        clones.popitem(last=False)
    sound = wrap_wave(make_sound(SAMPLE_RATE))
    file = keep_file(call, f"{voice}.wav", "voice-clone-output", content=sound)
    body = {
        "voice": voice,
        "file_id": file.id,
        "file_purpose": file.purpose,
        "request_id": request.request_id or call.id,
    }
    return call.render(body, is_sorted=False)


def delete_voice(call: Call, request: VoiceRequest) -> Response:
    """Delete a cloned voice of the key."""
    clones = call.state(Voices).clones
    key, _ = clones.get(request.voice, ("", None))
    call.require(request.voice, "voice")
    call.check("voice", holds=key == call.key)
    del clones[request.voice]
    updated = local(int(call.now), TIME)
    return call.render({"voice": request.voice, "update_time": updated}, is_sorted=False)


def list_voices(call: Call) -> Response:
    """List the clones of the key, then the official voices; without a content type."""
    own = [one for key, one in reversed(call.state(Voices).clones.values()) if key == call.key]
    kind, name = call.query("voiceType"), call.query("voiceName")
    found = [
        one for one in (*own, *OFFICIAL) if kind in ("", one.voice_type) and name in one.voice_name
    ]
    body = msgspec.json.encode({"voice_list": found})
    return Response(200, common_headers(call.id), ((0.0, body),))
