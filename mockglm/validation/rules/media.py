"""The validation rules of pictures, videos, files and sound."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mockglm.validation.facts import RequestFacts
from mockglm.validation.rules.rule import Fields, ValidationRule
from mockglm.validation.types import ContentPart

DOCS = "docs.bigmodel.cn 对话补全"
ILLEGAL: Fields = {"field": "messages"}

PICTURES: Mapping[str, int] = {
    "glm-5.4": 50,
    "glm-5.3": 50,
    "glm-5v": 50,
    "glm-4.6v": 50,
    "glm-4.5v": 50,
    "glm-4v-plus-0111": 5,
    "glm-4v-flash": 1,
}
"""The most pictures of a request, by the model's id or family."""

MAX_FILES = 50
LARGEST_PICTURE = 5 * 1024 * 1024
WIDEST = 6000
FIRST_VIDEO = ("glm-4v-plus", "glm-4v-plus-0111")
"""Models that want a video to be the first part."""

PICTURE_KINDS = ("/9j/", "iVBORw0KGgo")
"""The first characters of JPEG and PNG in base64."""
VIDEO_KINDS = frozenset(("mp4", "mkv", "mov"))
FILE_KINDS = frozenset(("pdf", "txt", "doc", "docx", "jsonl", "xls", "xlsx", "ppt", "pptx"))
SOUND_KINDS = ("wav", "mp3")

DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,")
SUFFIX = re.compile(r"https?://[^/?#]+/(?:[^?#]*/)?[^/?#]+\.([a-z][a-z0-9]{1,4})(?:[?#]|$)", re.I)
UPLOADED = re.compile(r"\d{10}")
"""In the id of every file is the second of its upload."""
# Most pictures say their size within the first kilobyte; with a large profile in front, later.
HEAD = 64 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
# SOF0 to SOF15 without DHT (c4), JPG (c8) and DAC (cc).
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _parts(facts: RequestFacts, *types: str) -> Iterator[ContentPart]:
    return (part for _, _, part in facts.parts if part.type in types)


def _url(sent: Any) -> str:
    url = sent.get("url") if isinstance(sent, dict) else sent
    return url if isinstance(url, str) else ""


def _picture_data(facts: RequestFacts) -> Iterator[str]:
    """Return the base64 text of every picture that came with the request."""
    for part in _parts(facts, "image_url"):
        url = _url(part.image_url)
        if url and not url[:8].lower().startswith(("http://", "https://")):
            yield DATA.sub("", url, count=1)


def _too_many_pictures(facts: RequestFacts) -> bool:
    model = facts.model
    most = PICTURES.get(model.id, PICTURES.get(model.family))
    return most is not None and sum(1 for _ in _parts(facts, "image_url")) > most


def _picture_inline(facts: RequestFacts) -> bool:
    return facts.model.id == "glm-4v-flash" and any(_picture_data(facts))


def _picture_kind(facts: RequestFacts) -> bool:
    return not all(data.startswith(PICTURE_KINDS) for data in _picture_data(facts))


def _large_picture(facts: RequestFacts) -> bool:
    return any(len(data) * 3 // 4 > LARGEST_PICTURE for data in _picture_data(facts))


def _wide_picture(facts: RequestFacts) -> bool:
    return any(max(_measure(data)) > WIDEST for data in _picture_data(facts))


def _measure(data: str) -> tuple[int, int]:
    """Return the width and height of a PNG or JPEG in base64; zeros if they cannot be read."""
    try:
        head = binascii.a2b_base64(data[:HEAD].rstrip("=")[: HEAD // 4 * 4] + "==")
    except (binascii.Error, ValueError):
        return 0, 0
    if head.startswith(PNG):
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    return _measure_jpeg(head) if head.startswith(JPEG) else (0, 0)


def _measure_jpeg(head: bytes) -> tuple[int, int]:
    at = len(JPEG)
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in FRAME_MARKERS:
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return 0, 0


def _late_video(facts: RequestFacts) -> bool:
    if facts.model.id not in FIRST_VIDEO:
        return False
    return any(index and part.type == "video_url" for _, index, part in facts.parts)


def _video_kind(facts: RequestFacts) -> bool:
    videos = _parts(facts, "video_url")
    return any(_has_other_suffix(_url(part.video_url), VIDEO_KINDS) for part in videos)


def _file_beside_picture(facts: RequestFacts) -> bool:
    types = {part.type for _, _, part in facts.parts}
    return not types.isdisjoint(("file", "file_url")) and not types.isdisjoint(
        ("image_url", "video_url")
    )


def _too_many_files(facts: RequestFacts) -> bool:
    return sum(1 for _ in _parts(facts, "file", "file_url")) > MAX_FILES


def _unknown_file(facts: RequestFacts) -> bool:
    for part in _parts(facts, "file"):
        sent = part.file
        id = sent.get("file_id") if isinstance(sent, dict) else None
        if isinstance(id, str) and not UPLOADED.search(id):
            return True
    return False


def _file_kind(facts: RequestFacts) -> bool:
    urls = [_url(part.file_url) for part in _parts(facts, "file_url")]
    for part in _parts(facts, "file"):
        if isinstance(part.file, dict):
            urls.append(_url(part.file.get("file_url")))
    return any(_has_other_suffix(url, FILE_KINDS) for url in urls)


def _sound_kind(facts: RequestFacts) -> bool:
    sounds = (part.input_audio for part in _parts(facts, "input_audio"))
    return any(isinstance(sent, dict) and sent.get("format") not in SOUND_KINDS for sent in sounds)


def _has_other_suffix(url: str, kinds: frozenset[str]) -> bool:
    """Report an address whose suffix is none of the kinds; one without a suffix may be any."""
    found = SUFFIX.match(url)
    return found is not None and found[1].lower() not in kinds


MEDIA = (
    ValidationRule(
        name="unknown-file",
        code="1210",
        applies_to="parts",
        zh="文件解析失败，请检查文件可访问性和格式",
        en="文件解析失败，请检查文件可访问性和格式",
        evidence="captured",
        source="live test of the bigmodel-cn skill, 2026-09: a file that was not uploaded with"
        " purpose user_data; that ids begin with the second of the upload is in"
        " RarogCmex/pi-bigmodel, 2026-10",
        find_violation=_unknown_file,
    ),
    ValidationRule(
        name="too-many-pictures",
        code="1210",
        applies_to="parts",
        zh="图片输入格式/解析错误",
        en="图片输入格式/解析错误",
        evidence="documented",
        source=f"{DOCS}: 50 pictures, 5 for glm-4v-plus-0111, 1 for glm-4v-flash",
        find_violation=_too_many_pictures,
    ),
    ValidationRule(
        name="picture-inline",
        code="1210",
        applies_to="parts",
        zh="图片输入格式/解析错误",
        en="图片输入格式/解析错误",
        evidence="documented",
        source=f"{DOCS}: glm-4v-flash takes no base64",
        find_violation=_picture_inline,
    ),
    ValidationRule(
        name="picture-kind",
        code="1210",
        applies_to="parts",
        zh="图片输入格式/解析错误",
        en="图片输入格式/解析错误",
        evidence="documented",
        source=f"{DOCS}: jpg, png, jpeg",
        find_violation=_picture_kind,
    ),
    ValidationRule(
        name="large-picture",
        code="1210",
        applies_to="parts",
        zh="图片输入格式/解析错误",
        en="图片输入格式/解析错误",
        evidence="documented",
        source=f"{DOCS}: 5 MB at most",
        find_violation=_large_picture,
    ),
    ValidationRule(
        name="wide-picture",
        code="1210",
        applies_to="parts",
        zh="图片输入格式/解析错误",
        en="图片输入格式/解析错误",
        evidence="documented",
        source=f"{DOCS}: 6000 × 6000 at most",
        find_violation=_wide_picture,
    ),
    ValidationRule(
        name="late-video",
        code="1214",
        applies_to="parts",
        fields=ILLEGAL,
        evidence="documented",
        source=f"{DOCS}: a video for glm-4v-plus is the first part",
        find_violation=_late_video,
    ),
    ValidationRule(
        name="video-kind",
        code="1214",
        applies_to="parts",
        fields=ILLEGAL,
        evidence="documented",
        source=f"{DOCS}: mp4, mkv, mov",
        find_violation=_video_kind,
    ),
    ValidationRule(
        name="file-beside-picture",
        code="1214",
        applies_to="parts",
        fields=ILLEGAL,
        evidence="documented",
        source=f"{DOCS}: files are not mixed with pictures or videos",
        find_violation=_file_beside_picture,
    ),
    ValidationRule(
        name="too-many-files",
        code="1214",
        applies_to="parts",
        fields=ILLEGAL,
        evidence="documented",
        source=f"{DOCS}: 50 files at most",
        find_violation=_too_many_files,
    ),
    ValidationRule(
        name="file-kind",
        code="1210",
        applies_to="parts",
        zh="文件解析失败，请检查文件可访问性和格式",
        en="文件解析失败，请检查文件可访问性和格式",
        evidence="documented",
        source=f"{DOCS}: pdf, txt, doc, docx, jsonl, xlsx, pptx",
        find_violation=_file_kind,
    ),
    ValidationRule(
        name="sound-kind",
        code="1214",
        applies_to="parts",
        fields=ILLEGAL,
        evidence="documented",
        source=f"{DOCS}: input_audio.format is wav or mp3",
        find_violation=_sound_kind,
    ),
)
