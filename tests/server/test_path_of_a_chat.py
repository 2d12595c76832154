"""The files of the package that one scripted, streamed chat passes through on a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MAX_FILES = 20

SCRIPT = """
import http.client, json, sys, threading
from pathlib import Path

import mockglm
from mockglm.app import App
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer

FILE = b"format: 1\\ninteractions: [{when: {user: hello}, reply: {content: Hello}}]"
BODY = {"model": "glm-4.6", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
ROOT = Path(mockglm.__file__).parent
calls = {}
is_recording = False


def record(frame, event, argument):
    if is_recording and event == "call":
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            name = path.relative_to(ROOT).as_posix()
            calls[name] = calls.get(name, 0) + 1


def chat(client):
    headers = {"Authorization": "Bearer key", "Content-Type": "application/json"}
    client.request("POST", "/api/paas/v4/chat/completions", json.dumps(BODY), headers)
    assert client.getresponse().read().endswith(b"data: [DONE]\\n\\n")


background = BackgroundServer(App(Sessions(Settings(speed=0), [parse(FILE, "file.yaml")])))
threading.setprofile(record)
background.start()
threading.setprofile(None)
client = http.client.HTTPConnection("127.0.0.1", background.port, timeout=30)
chat(client)
chat(client)
is_recording = True
chat(client)
is_recording = False
client.close()
background.stop()
print(json.dumps(calls))
"""


def test_a_streamed_chat_passes_through_at_most_20_files() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    calls = json.loads(done.stdout)
    assert {"serving/protocol.py", "server/pipeline.py", "completions/renderer.py"} <= calls.keys()
    assert len(calls) <= MAX_FILES, sorted(calls)
