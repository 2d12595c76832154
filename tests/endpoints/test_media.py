"""Search, documents, pictures, videos, sounds, voices and agents, through the SDKs."""

from __future__ import annotations

import io
import json
import struct
import wave
import zlib
from typing import Any

import httpx
import pytest
import zai

from tests.conftest import Base
from tests.endpoints.conftest import Ask
from tests.serving import KEY, serving

HEADERS = {"Authorization": f"Bearer {KEY}"}
PDF = b"%PDF-1.7 \xff\xfe"


def fetch(url: str) -> httpx.Response:
    """Fetch a medium without a key, as an <img> does."""
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200
    return answer


def check_picture(url: str, size: tuple[int, int]) -> None:
    png = fetch(url).content
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == size
    at = png.index(b"IDAT")
    length = int.from_bytes(png[at - 4 : at], "big")
    pixels = zlib.decompress(png[at + 4 : at + 4 + length])
    assert len(pixels) == size[1] * (size[0] + 1)


def test_search_has_the_number_of_results(sdk: Any, old_sdk: Any) -> None:
    for client in (sdk, old_sdk):
        found = client.web_search.web_search(
            search_engine="search_std", search_query="GLM 模型", count=3, search_intent=True
        )
        assert [one.refer for one in found.search_result] == ["ref_1", "ref_2", "ref_3"]
        assert found.search_intent[0].query == "GLM 模型"


def test_older_search_answers_as_json_and_as_a_stream(sdk: Any) -> None:
    messages = [{"role": "user", "content": "GLM"}]
    found = sdk.tools.web_search(model="web-search-pro", messages=messages)
    kinds = [one.type for one in found.choices[0].message.tool_calls]
    assert kinds == ["search_intent", "search_result"]
    stream = sdk.tools.web_search(model="web-search-pro", messages=messages, stream=True)
    assert [chunk.choices[0].finish_reason for chunk in stream] == ["stop"]


def test_reader_answers_with_a_page(sdk: Any) -> None:
    page = sdk.web_reader.web_reader(url="https://example.com/a", return_format="markdown")
    assert page.reader_result.title == "example.com"
    assert "https://example.com/a" in page.reader_result.content


def test_layout_has_boxes_in_pixels(sdk: Any) -> None:
    parsed = sdk.layout_parsing.create(
        model="glm-ocr", file="https://example.com/a.pdf", need_layout_visualization=True
    )
    (page,) = parsed.layout_details
    assert page[0].content == parsed.md_results
    assert page[0].bbox_2d[2] > 100
    check_picture(parsed.layout_visualization[0], (1240, 1754))


def test_parsed_file_is_its_text_and_a_link_to_it(sdk: Any) -> None:
    task = sdk.file_parser.create(file=("a.md", b"# Title"), file_type="MD", tool_type="lite")
    assert task.success
    text = sdk.file_parser.content(task_id=task.task_id, format_type="text")
    assert text.json()["content"] == "# Title"
    linked = sdk.file_parser.content(task_id=task.task_id, format_type="download_link").json()
    assert fetch(linked["parsing_result_url"]).text == "# Title"
    at_once = sdk.file_parser.create_sync(
        file=("a.pdf", PDF), file_type="PDF", tool_type="prime-sync"
    )
    assert at_once.content == "# a.pdf\n"


def test_parser_without_a_file_type_answers_200_with_code_500(ask: Ask) -> None:
    files, data = {"file": ("a.txt", b"hello")}, {"tool_type": "prime-sync"}
    answer = ask("/files/parser/sync", method="POST", files=files, data=data)
    message = (
        "Required request parameter 'file_type' for method parameter type String is not present"
    )
    assert (answer.status_code, answer.json()) == (200, {"msg": message, "code": 500})
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"


@pytest.mark.usefixtures("stopped_clock")
def test_parser_takes_its_time_on_the_clock() -> None:
    with serving(speed=1) as server:
        answer = httpx.post(
            f"{server.url}/files/parser/create",
            files={"file": ("a.md", b"text")},
            data={"tool_type": "lite"},
            headers=HEADERS,
            trust_env=False,
        )
        url = f"{server.url}/files/parser/result/{answer.json()['task_id']}/text"
        running = httpx.get(url, headers=HEADERS, trust_env=False).json()
        assert running["status"] == "processing"
        server.session().clock.advance(5)
        assert httpx.get(url, headers=HEADERS, trust_env=False).json()["status"] == "succeeded"


def test_handwriting_is_words_with_places(sdk: Any) -> None:
    read = sdk.ocr.handwriting_ocr(file=("a.png", b"png"), tool_type="hand_write")
    assert read.words_result_num == len(read.words_result) == 1


def test_picture_has_the_requested_size(sdk: Any, old_sdk: Any) -> None:
    for client in (sdk, old_sdk):
        made = client.images.generations(model="cogview-4", prompt="a cat", size="1280x720")
        check_picture(made.data[0].url, (1280, 720))
    made = sdk.images.generations(model="glm-image", prompt="a cat")
    check_picture(made.data[0].url, (1024, 1024))


def test_asynchronous_picture_and_video_are_results(sdk: Any) -> None:
    task = sdk.images.async_generations(model="glm-image", prompt="a cat", size="512x512")
    assert task.task_status == "PROCESSING"
    result = sdk.images.retrieve_images_result(id=task.id)
    assert result.task_status == "SUCCESS"
    check_picture(result.image_result[0].url, (512, 512))
    task = sdk.videos.generations(model="cogvideox-3", prompt="a cat")
    result = sdk.videos.retrieve_videos_result(id=task.id)
    video = fetch(result.video_result[0].url)
    assert (video.headers["Content-Type"], video.content[4:8]) == ("video/mp4", b"ftyp")
    check_picture(result.video_result[0].cover_image_url, (1024, 1024))


def test_link_is_secure_behind_a_proxy_that_is(ask: Ask) -> None:
    body = {"model": "cogview-4", "prompt": "a cat"}
    headers = {"Host": "glm.example", "X-Forwarded-Proto": "https"}
    url = ask("/images/generations", body, headers=headers).json()["data"][0]["url"]
    assert url.startswith("https://glm.example/s/@")


def test_parsed_text_can_be_linked_again(sdk: Any) -> None:
    task = sdk.file_parser.create(file=("a.md", b"# A"), file_type="MD", tool_type="lite")
    links = [
        sdk.file_parser.content(task_id=task.task_id, format_type="download_link").json()
        for _ in range(2)
    ]
    assert links[0] == links[1]
    assert fetch(links[0]["parsing_result_url"]).text == "# A"


@pytest.mark.parametrize("name", ["image-9999x1-0123456789abcdef.png", "image.png", "x"])
def test_other_media_are_404(name: str, base: Base) -> None:
    url = base("").removesuffix("/api/paas/v4") + f"/media/{name}"
    assert httpx.get(url, trust_env=False).status_code == 404


def test_speech_is_a_sound_that_can_be_transcribed(sdk: Any) -> None:
    wav = sdk.audio.speech(model="glm-tts", input="你好" * 10, response_format="wav").content
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (24_000, 48_000)
    text = sdk.audio.transcriptions.create(model="glm-asr-2512", file=("a.wav", wav))
    assert "2.0" in text.text
    pcm = sdk.audio.speech(model="glm-tts", input="你好" * 10).content
    assert wav.endswith(pcm)


def test_speech_and_transcription_can_be_streams(sdk: Any, ask: Ask) -> None:
    stream = sdk.audio.speech(model="glm-tts", input="你好" * 5, stream=True)
    contents = [chunk.choices[0].delta.content for chunk in stream]
    assert len(contents) == 2
    files = {"file": ("a.wav", b"RIFF")}
    data = {"model": "glm-asr-2512", "stream": "true"}
    answer = ask("/audio/transcriptions", method="POST", files=files, data=data)
    assert answer.headers["Content-Type"] == "text/event-stream;charset=UTF-8"
    lines = [line[6:] for line in answer.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line) for line in lines[:-1]]
    assert {one["type"] for one in events[:-1]} == {"transcript.text.delta"}
    assert events[-1]["type"] == "transcript.text.done"
    assert "".join(one["delta"] for one in events[:-1]) == events[-1]["text"]


def test_voice_is_cloned_listed_and_deleted(sdk: Any, ask: Ask) -> None:
    file = sdk.files.create(file=("a.wav", b"RIFF"), purpose="voice-clone-input")
    clone = sdk.voice.clone(
        voice_name="mine", text="a", input="b", file_id=file.id, model="glm-tts-clone"
    )
    assert sdk.files.content(clone.file_id).content[:4] == b"RIFF"
    listed = sdk.voice.list().voice_list
    assert listed[0].voice == clone.voice
    assert "tongtong" in [one.voice_name for one in listed]
    assert len(sdk.voice.list(voice_type="PRIVATE").voice_list) == 1
    assert sdk.voice.delete(voice=clone.voice).voice == clone.voice
    assert "Content-Type" not in ask("/voice/list").headers
    assert ask("/voice/delete", {"voice": clone.voice}).json()["error"]["code"] == "1214"


@pytest.fixture
def agent_url(base: Base) -> str:
    """The base URL of agents in this test's own session."""
    return base("").removesuffix("/paas/v4")


MESSAGES = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]


def test_agent_answers_with_a_text(agent_url: str) -> None:
    client: Any = zai.ZhipuAiClient(api_key=KEY, base_url=agent_url, max_retries=0)
    try:
        answer = client.agents.invoke(agent_id="general_translation", messages=MESSAGES)
        assert (answer.status, answer.choices[0].finish_reason) == ("success", "stop")
        assert answer.usage.total_tokens == 4
        chunks = list(
            client.agents.invoke(agent_id="general_translation", messages=MESSAGES, stream=True)
        )
        assert chunks[-1].choices[0].finish_reason == "stop"
        failed = client.agents.async_result(agent_id="a", async_id="none")
        assert (failed.status, failed.error.code) == ("failed", "400")
    finally:
        client.close()
    headers = {**HEADERS, "Accept-Language": "en"}
    body = {"agent_id": "general_translation", "conversation_id": answer.conversation_id}
    url = f"{agent_url}/v1/agents/conversation"
    found = httpx.post(url, json=body, headers=headers, trust_env=False).json()
    assert found["choices"][0]["messages"][0]["content"]["text"] == "hello"


ACCOUNTS = """
format: 1
interactions:
  - when: {path: /audio/transcriptions}
    reply: {content: What was said}
  - when: {path: /api/v1/agents, body: {agent_id: scripted}}
    reply: {content: An answer}
accounts: [{key: poor.key, balance: 0}, {key: "*"}]
"""


def test_agents_fail_with_status_200() -> None:
    with serving(ACCOUNTS, profile="zai") as server:
        body = {"agent_id": "general_translation", "messages": MESSAGES}
        headers = {"Authorization": "Bearer poor.key"}
        url = f"{server.host}/api/v1/agents"
        answer = httpx.post(url, json=body, headers=headers, trust_env=False)
        assert answer.status_code == 200
        message = "Your account balance is insufficient. Please recharge and try again."
        assert answer.json() == {
            "id": answer.headers["X-Log-Id"],
            "agent_id": "general_translation",
            "status": "failed",
            "error": {"code": "1113", "message": message},
        }


def test_described_reply_is_the_text_of_an_endpoint() -> None:
    with serving(ACCOUNTS) as server:
        files, data = {"file": ("a.wav", b"RIFF")}, {"model": "glm-asr-2512"}
        url = f"{server.url}/audio/transcriptions"
        said = httpx.post(url, files=files, data=data, headers=HEADERS, trust_env=False)
        assert said.json()["text"] == "What was said"
        body = {"agent_id": "scripted", "messages": MESSAGES}
        answer = httpx.post(
            f"{server.host}/api/v1/agents", json=body, headers=HEADERS, trust_env=False
        )
        said = answer.json()["choices"][0]["messages"][0]["content"]["text"]
        assert said == "An answer"
        assert [entry.source for entry in server.session().journal] == [
            "file.yaml:4",
            "file.yaml:6",
        ]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/web_search", {"search_query": "a"}, "1213"),
        ("/web_search", {"search_query": "a", "search_engine": "x"}, "1214"),
        ("/web_search", {"search_query": "a", "search_engine": "search_std", "count": 51}, "1214"),
        ("/reader", {"url": "nothing"}, "1214"),
        ("/reader", {"url": "http://[", "return_format": "text"}, "1214"),
        ("/layout_parsing", {"model": "glm-ocr"}, "1213"),
        ("/images/generations", {"model": "cogview-4"}, "1213"),
        ("/images/generations", {"model": "dall-e-3", "prompt": "a"}, "1211"),
        ("/videos/generations", {"model": "cogvideox-3"}, "1213"),
        ("/audio/speech", {"model": "glm-tts"}, "1213"),
        ("/audio/speech", {"model": "glm-tts", "input": "a", "response_format": "mp3"}, "1214"),
        ("/voice/clone", {"model": "glm-tts-clone", "voice_name": "a"}, "1213"),
        ("/tools", {"tool": "x", "messages": [{}]}, "1214"),
    ],
)
def test_wrong_request_is_refused(ask: Ask, path: str, body: dict[str, Any], code: str) -> None:
    answer = ask(path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_older_sdk_calls_its_methods(old_sdk: Any) -> None:
    messages = [{"role": "user", "content": "GLM"}]
    found = old_sdk.tools.web_search(model="web-search-pro", messages=messages)
    assert found.choices[0].message.tool_calls
    task = old_sdk.videos.generations(model="cogvideox-2", prompt="a cat")
    result = old_sdk.videos.retrieve_videos_result(id=task.id)
    assert fetch(result.video_result[0].url).content[4:8] == b"ftyp"
    judged = old_sdk.moderations.create(model="moderation", input={"type": "text", "text": "a"})
    assert judged.result_list[0]["risk_level"] == "PASS"
    wav = old_sdk.audio.speech(
        model="glm-tts", input="a", response_format="wav", encode_format="base64"
    ).content
    assert wav[:4] == b"RIFF"
    said = old_sdk.audio.transcriptions.create(
        model="glm-asr-2512", file=("a.wav", wav), stream=False
    )
    assert said.text
    task = old_sdk.file_parser.create(file=("a.md", b"# A"), file_type="MD", tool_type="lite")
    text = old_sdk.file_parser.content(task_id=task.task_id, format_type="text")
    assert json.loads(text.content)["content"] == "# A"
