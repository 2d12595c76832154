"""HAR files: of Chromium, of the specification, of Polly.js; each plays what was recorded."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockglm.cassettes import read_exchanges
from mockglm.convert import convert, read_foreign
from mockglm.errors import FileError
from mockglm.exchange import Exchange, Response
from tests.serving import KEY, serving

CHROMIUM = Path("/usr/bin/chromium")
URL = "https://api.z.ai/api/paas/v4/chat/completions"
REQUEST = '{"model":"glm-4.6","messages":[{"role":"user","content":"天气"}],"stream":true}'
FRAMES = ['data: {"choices":[]}\n\n', 'data: {"id":"2","choices":[]}\n\n', "data: [DONE]\n\n"]
STREAM = {"name": "Content-Type", "value": "text/event-stream;charset=UTF-8"}


def entry(content: dict[str, Any], *, url: str = URL, **response: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-07-01T12:00:00.000+02:00",
        "request": {
            "method": "POST",
            "url": url,
            "headers": [{"name": ":authority", "value": "api.z.ai"}],
            "postData": {"mimeType": "application/json", "text": REQUEST},
        },
        "response": {"status": 200, "headers": [STREAM], "content": content, **response},
        "timings": {"blocked": 3, "send": 0, "wait": 250, "receive": 1000},
    }


def write(path: Path, *entries: dict[str, Any], **log: Any) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries, **log}}), "utf-8")
    return path


def response(exchange: Exchange) -> Response:
    assert exchange.response is not None
    return exchange.response


def test_a_stream_without_times_is_sent_at_once(tmp_path: Path) -> None:
    foreign = read_foreign(write(tmp_path / "a.har", entry({"text": "".join(FRAMES)})))
    (exchange,) = foreign.exchanges
    assert (foreign.by, foreign.origin) == ("HAR", "https://api.z.ai/api/paas/v4")
    assert foreign.at == "2026-07-01T10:00:00Z"
    assert exchange.request.body.decode() == REQUEST
    assert exchange.request.headers == ()
    assert response(exchange).chunks == ((0.25, "".join(FRAMES).encode()),)
    note = "POST /chat/completions: a stream without times: it is sent at once"
    assert foreign.notes == (note,)


def test_events_of_chromium_give_the_frames_their_times(tmp_path: Path) -> None:
    messages = [{"time": 100 + at, "data": "x"} for at in (0.0, 0.5, 0.75)]
    text = {"text": base64.b64encode("".join(FRAMES).encode()).decode(), "encoding": "base64"}
    foreign = read_foreign(write(tmp_path / "a.har", entry(text, _eventSourceMessages=messages)))
    times = tuple(zip((0.25, 0.75, 1.0), map(str.encode, FRAMES), strict=True))
    assert response(foreign.exchanges[0]).chunks == times
    assert foreign.notes == ()


def test_frames_are_made_of_events_if_there_is_no_body(tmp_path: Path) -> None:
    messages = [{"time": 1.0, "data": '{"choices":[]}'}, {"time": 1.5, "data": "[DONE]"}]
    foreign = read_foreign(write(tmp_path / "a.har", entry({}, _eventSourceMessages=messages)))
    assert response(foreign.exchanges[0]).body == b'data: {"choices":[]}\n\ndata: [DONE]\n\n'
    assert "frames made of its events" in foreign.notes[0]


def test_other_addresses_are_left_out_and_counted(tmp_path: Path) -> None:
    other = entry({"text": "<html>"}, url="https://chat.z.ai/index.html")
    failed = entry({}, status=0)
    path = write(tmp_path / "a.har", other, entry({"text": "x"}), failed)
    foreign = read_foreign(path)
    assert len(foreign.exchanges) == 1
    left_out = "2 entries left out: to other addresses, or without a response"
    assert foreign.notes[0] == left_out
    with pytest.raises(FileError, match="none of its 1 entries is a request to the API"):
        read_foreign(write(tmp_path / "b.har", other))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "no HAR: no `log` with `entries`"),
        ('{"log": {"entries": [1]}}', "an entry of the HAR: "),
        ('{"log": {"entries": [{"request": {}}]}}', "an entry of the HAR: 'url' is missing"),
    ],
)
def test_a_file_that_is_no_har_is_reported(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.har").write_text(text, "utf-8")
    with pytest.raises(FileError, match=message):
        read_foreign(tmp_path / "a.har")


def write_port(entry: dict[str, Any]) -> None:
    """The port of the scheme, a body in base64, and -1 for times that do not apply."""
    entry["request"]["url"] = URL.replace("api.z.ai", "api.z.ai:443")
    text = base64.b64encode("".join(FRAMES).encode()).decode()
    entry["response"]["content"] = {"text": text, "encoding": "base64"}
    entry["timings"] = {"blocked": -1, "dns": -1, "send": 50, "wait": 200, "receive": 100}


def write_nulls(entry: dict[str, Any]) -> None:
    entry["request"]["postData"]["params"] = entry["response"]["content"]["encoding"] = None
    entry["timings"] = entry["comment"] = None


def write_own_members(entry: dict[str, Any]) -> None:
    """Members of a tool begin with an underscore, by the specification."""
    entry |= {"_securityState": "secure", "pageref": "page_1", "cache": {}}


@pytest.mark.parametrize("change", [write_port, write_nulls, write_own_members])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
def test_forms_that_the_specification_allows_are_read(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], mark: bytes
) -> None:
    changed, failed = entry({"text": "".join(FRAMES)}), entry({})
    change(changed)
    failed["response"] = None
    path = write(tmp_path / "a.har", changed, failed)
    path.write_bytes(mark + path.read_bytes())
    foreign = read_foreign(path)
    (exchange,) = foreign.exchanges
    assert foreign.origin == "https://api.z.ai/api/paas/v4"
    assert response(exchange).body == "".join(FRAMES).encode()
    assert exchange.request.body.decode() == REQUEST
    assert foreign.notes[0] == "1 entry left out: to other addresses, or without a response"


def test_pieces_of_polly_are_joined(tmp_path: Path) -> None:
    pieces = [base64.b64encode(frame.encode()).decode() for frame in FRAMES]
    content = {"text": json.dumps(pieces), "encoding": "base64"}
    foreign = read_foreign(write(tmp_path / "a.json", entry(content), _recordingName="chat"))
    assert foreign.by == "Polly.js"
    assert response(foreign.exchanges[0]).body == "".join(FRAMES).encode()
    hexadecimal = [frame.encode().hex() for frame in FRAMES]
    content = {"text": json.dumps(hexadecimal), "_isBinary": True}  # type: ignore[dict-item]
    foreign = read_foreign(write(tmp_path / "a.json", entry(content), _recordingName="chat"))
    assert response(foreign.exchanges[0]).body == "".join(FRAMES).encode()


def test_text_that_mitmproxy_took_for_latin_1_is_restored(tmp_path: Path) -> None:
    changed = entry({"text": "".join(FRAMES)})
    changed["request"]["postData"]["text"] = REQUEST.encode().decode("latin-1")
    (exchange,) = read_foreign(write(tmp_path / "a.har", changed)).exchanges
    assert exchange.request.body.decode() == REQUEST


def test_a_cassette_becomes_a_har_and_a_cassette_again(tmp_path: Path) -> None:
    messages = [{"time": 100 + at, "data": "x"} for at in (0.0, 0.5, 0.75)]
    stream = entry({"text": "".join(FRAMES)}, _eventSourceMessages=messages)
    quota = entry({"text": "{}"}, url="https://api.z.ai/api/monitor/usage/quota/limit")
    write(tmp_path / "a.har", quota, stream)
    assert not convert([tmp_path / "a.har"], tmp_path / "one").problems
    assert not convert([tmp_path / "one"], tmp_path / "two", kind="har").problems
    har = json.loads((tmp_path / "two" / "a.har").read_text("utf-8"))
    urls = [one["request"]["url"] for one in har["log"]["entries"]]
    assert urls == ["https://api.z.ai/api/monitor/usage/quota/limit", URL]
    assert not convert([tmp_path / "two"], tmp_path / "three").problems
    first, last = (tuple(read_exchanges(tmp_path / name / "a.yaml")) for name in ("one", "three"))
    assert first == last


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A HAR that Chromium wrote while a page read a stream of mockglm, and the stream."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    path = tmp_path_factory.mktemp("har") / "browser.har"
    read = """async ([path, body, key]) => {
        const response = await fetch(path, {
            method: 'POST', body,
            headers: {'Authorization': `Bearer ${key}`, 'Content-Type': 'application/json'},
        });
        return await response.text();
    }"""
    with serving() as served, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        context = browser.new_context(record_har_path=path, record_har_content="embed")
        page = context.new_page()
        page.goto(f"{served.host}/__mockglm__/sessions")
        text = page.evaluate(read, ["/s/hello/api/paas/v4/chat/completions", REQUEST, KEY])
        context.close()
        browser.close()
    return path, text.encode()


def test_a_har_of_chromium_replays_byte_for_byte(
    recorded: tuple[Path, bytes], tmp_path: Path
) -> None:
    path, body = recorded
    done = convert([path], tmp_path)
    assert done.problems == ()
    assert KEY not in done.written[0].read_text("utf-8")
    with serving(done.written[0], speed=0) as served:
        headers = {"Authorization": f"Bearer {KEY}"}
        url = f"{served.base('')}/chat/completions"
        with httpx.Client(trust_env=False, headers=headers) as client:
            assert client.post(url, content=REQUEST).content == body


@pytest.mark.parametrize("method", ["GET; touch x #", "", "PO ST"])
def test_a_method_that_is_none_is_refused(tmp_path: Path, method: str) -> None:
    changed = entry({"text": "x"})
    changed["request"]["method"] = method
    with pytest.raises(FileError, match="is no method of HTTP"):
        read_foreign(write(tmp_path / "a.har", changed))


@pytest.mark.parametrize("time", ["nan", "inf"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, time: str) -> None:
    waited = entry({"text": "x"})
    waited["timings"]["wait"] = time
    event = entry({}, _eventSourceMessages=[{"time": time, "data": "x"}])
    for changed in (waited, event):
        with pytest.raises(FileError, match="is no time"):
            read_foreign(write(tmp_path / "a.har", changed))


def test_secrets_of_a_url_are_not_kept(tmp_path: Path) -> None:
    url = URL.replace("://", "://me:hunter2@") + "?api_key=sk-topsecret1234567890"
    path = write(tmp_path / "a.har", entry({"text": "".join(FRAMES)}, url=url))
    assert "hunter2" not in str(read_foreign(path))
    assert "topsecret" not in str(read_foreign(path).notes)
    for kind in ("cassette", "har", "curl"):
        source = path if kind == "cassette" else tmp_path / "cassette"
        done = convert([source], tmp_path / kind, kind=kind)
        text = done.written[0].read_text("utf-8") + str(done.notes)
        assert "hunter2" not in text
        assert "topsecret" not in text


def test_a_time_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    waited = entry({"text": "x"})
    waited["timings"]["wait"] = 86_400_000.5
    events = [{"time": at, "data": "x"} for at in (0, 90_000)]
    for name, changed in (("a", waited), ("b", entry({}, _eventSourceMessages=events))):
        done = convert([write(tmp_path / f"{name}.har", changed)], tmp_path / "to")
        assert done.written == ()
        assert "the longest is 86400 s" in done.problems[0].message


def test_a_file_that_lint_would_refuse_is_not_written(tmp_path: Path) -> None:
    request = {"method": "POST", "url": URL, "body": REQUEST}
    answered = {"code": 200, "body": "x", "duration": "25h"}
    (tmp_path / "a.yaml").write_text(
        json.dumps({"version": 2, "interactions": [{"request": request, "response": answered}]}),
        "utf-8",
    )
    done = convert([tmp_path / "a.yaml"], tmp_path / "to")
    assert done.written == ()
    assert "it would become a file with a mistake: " in done.problems[0].message
    assert list((tmp_path / "to").iterdir()) == []
