"""The cassettes that come with mockglm: their requests, and the program that records them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import trustme

from mockglm.app import App
from mockglm.cassettes import CassetteWriter
from mockglm.recorder import Recorder, Upstream
from mockglm.redaction import Redactor
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer

__all__ = ["FOLDER", "SHIPPED", "Ask", "main"]

FOLDER = Path(__file__).parents[2] / "cassettes"
KEY = "0123456789abcdef0123456789abcdef.SecretSecret1234"
CHAT = "/chat/completions"


@dataclass(frozen=True)
class Ask:
    """A request, and the scenario that answers it."""

    scenario: str
    body: Mapping[str, Any] = field(default_factory=dict)
    path: str = CHAT
    method: str = "POST"


def chat(scenario: str, text: str, **more: Any) -> Ask:
    """A completion asked for with one message."""
    message = {"role": "user", "content": text}
    return Ask(scenario, {"model": "glm-4.6", "messages": [message], **more})


def both(scenario: str, text: str, **more: Any) -> tuple[Ask, Ask]:
    """The same, as a stream and as JSON."""
    return chat(scenario, text, stream=True, **more), chat(scenario, text, **more)


def tool(name: str, **parameters: str) -> dict[str, Any]:
    """A function with parameters that are texts."""
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def loop(stream: bool) -> Iterable[Ask]:
    """A question that is answered with a call, and the result of it."""
    text, tools = "北京今天天气怎么样？", [tool("get_weather", city="城市")]
    asked: dict[str, Any] = {"tools": tools, "stream": True} if stream else {"tools": tools}
    yield chat("tool-call", text, **asked)
    function = {"name": "get_weather", "arguments": '{"city":"北京"}'}
    call = {"id": "call_0123456789abcdef01234567", "type": "function", "function": function}
    messages = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "晴，25 度"},
    ]
    yield Ask("tool-call", {"model": "glm-4.6", "messages": messages, **asked})


POEM = tool("write_file", path="文件", content="内容")
TWO = "北京和上海今天天气怎么样？"
JSON = {"response_format": {"type": "json_object"}}
SHIPPED: Mapping[str, tuple[Ask, ...]] = {
    "recorded-chat": (
        *both("hello", "你好"),
        *both("thinking", "9.11 和 9.9 哪个大？", thinking={"type": "enabled"}),
        *both("json-mode", "北京天气，用 JSON 回答。", **JSON),
        *both("finish-length", "讲个故事。", max_tokens=8),
        Ask("hello", path="/models", method="GET"),
    ),
    "recorded-tools": (
        *loop(stream=True),
        *loop(stream=False),
        *both("tool-parallel", TWO, tools=[tool("get_weather", city="城市")]),
        chat("tool-stream", "写一首诗。", stream=True, tool_stream=True, tools=[POEM]),
    ),
    "recorded-errors": (
        *(chat("rate-limit", "可以了吗？") for _ in range(3)),
        *both("no-balance", "你好"),
        *both("error-content", "你好"),
        *both("finish-sensitive", "你好"),
        chat("disconnect", "讲个长一点的故事。", stream=True),
        Ask("hello", {"model": "no-such-model", "messages": [{"role": "user", "content": "你好"}]}),
    ),
}
"""The requests of each cassette."""


def main(folder: Path = FOLDER) -> None:
    """Record every cassette into a folder."""
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        ca = trustme.CA()
        issued = ca.issue_cert("127.0.0.1")
        files = {part: str(Path(name) / part) for part in ("ca", "certfile", "keyfile")}
        ca.cert_pem.write_to_path(files["ca"])
        issued.cert_chain_pems[0].write_to_path(files["certfile"])
        issued.private_key_pem.write_to_path(files["keyfile"])
        service = BackgroundServer(
            App(Sessions(Settings())), certfile=files["certfile"], keyfile=files["keyfile"]
        )
        service.start()
        for title, asks in SHIPPED.items():
            _record(
                folder / f"{title}.yaml", f"https://127.0.0.1:{service.port}", files["ca"], asks
            )
            sys.stdout.write(f"{title}\n")
        service.stop()


def _record(path: Path, host: str, ca: str, asks: Iterable[Ask]) -> None:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    cassette = CassetteWriter(path, origin="https://127.0.0.1/api/paas/v4", at=at, overwrite=True)
    redactor = Redactor((KEY,))
    recorders = {
        name: Recorder(
            Upstream(f"{host}/s/{name}/api/paas/v4", allowed=("127.0.0.1",), ca=ca),
            cassette,
            redactor,
        )
        for name in {ask.scenario for ask in asks}
    }
    sessions = Sessions(Settings(on_miss="record"))
    closing = [recorder.close for recorder in recorders.values()]
    app = App(sessions, recorder=lambda session: recorders[session.lstrip("@")])
    proxy = BackgroundServer(app, grace=0.2, on_shutdown=closing)
    proxy.start()
    with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client:
        for ask in asks:
            url = f"http://127.0.0.1:{proxy.port}/s/@{ask.scenario}/api/paas/v4{ask.path}"
            try:
                client.request(ask.method, url, json=ask.body or None, timeout=60)
            except httpx.RemoteProtocolError:
                continue  # one of them is there because it breaks off
    proxy.stop()


if __name__ == "__main__":
    main()
