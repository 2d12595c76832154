"""Attacks on a recorder with a key of its own: by web pages, by clients, and by the service."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx

from mockglm.scenarios import load
from tests.attack.attack import Attack, Result, expect, judge
from tests.attack.process import MIB, MOCKGLM, Process, running
from tests.attack.service import Service, serving

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0.Qw7ErTy9UiOp2AsD"
OPAQUE = "sk-live/Zx81+pQ77=Canary"
CANARIES = ("Qw7ErTy9UiOp2AsD", OPAQUE)
CASSETTE = "recorded.yaml"
SEED = 7
"""The seed of the moments at which recorders are killed."""
ROOT = Path(__file__).parents[2]
PAGES = (
    {"Origin": "http://evil.example", "Content-Type": "text/plain"},
    {"Origin": "null"},
    {"Host": "evil.example:8600", "Origin": "http://evil.example:8600"},
    {"Host": "[::1].evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
)
LEAVING = (
    *("/../../../admin", "/%2e%2e/%2e%2e/admin", "/..%2fadmin", "/..\\admin", "/..%5cadmin"),
    *("/%252e%252e/admin", "/..;x=1/admin", "/..%00/admin", "/files%2f..%2f..%2fadmin"),
)


def use_from_pages(service: Service, process: Process) -> str:
    url = f"{process.url}/chat/plain"
    for method in ("POST", "GET", "OPTIONS"):
        for headers in PAGES:
            response = httpx.request(method, url, headers=headers, trust_env=False, timeout=60)
            expect(response.status_code == 403, (method, headers, response))
    expect(not service.requests, service.requests)
    return f"403 for {3 * len(PAGES)} requests of pages"


def leave_the_base(service: Service, process: Process) -> str:
    before = len(service.requests)
    for path in LEAVING:
        line = f"GET /api/paas/v4{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        got = process.send(line.encode())
        expect(got[9:12] == b"403", (path, got[:200]))
    line = "GET http://evil.example/api/paas/v4/x HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    process.send(line.encode() + b"Connection: close\r\n\r\n")
    paths = [request.split(b" ")[1] for request in service.requests[before:]]
    expect(all(path.startswith(b"/api/paas/v4/") for path in paths), paths)
    return f"403 for {len(LEAVING)} paths"


def send_any_header(service: Service, process: Process) -> str:
    for name in ("User-Agent", "Cookie", "x-api-key", "Authorization"):
        head = (
            f"POST /api/paas/v4/plain HTTP/1.1\r\nHost: 127.0.0.1\r\n{name}: caf\xe9-0123456789\r\n"
        )
        got = process.send(head.encode("latin-1") + b"Connection: close\r\n\r\n")
        expect(got[9:12] == b"200", (name, got[:200]))
    response = post(process, "/control")
    expect(response.status_code == 200 and response.content == b"{}", response)
    return "200 for bytes beyond ASCII and for a DEL of the service"


def send_any_body(service: Service, process: Process) -> str:
    for name in ("deep", "surrogates"):
        response = post(process, f"/{name}", content=b"[" * 3000 + b"]" * 3000)
        expect(response.status_code == 200, response)
        expect(name in file(process), f"{name} is not in the cassette")
    load(process.folder / CASSETTE)
    return "recorded: JSON 3,000 deep, lone surrogates, NUL, 1e400"


def inflate(service: Service, process: Process) -> str:
    size = 0
    try:
        with httpx.stream("POST", f"{process.url}/bomb", trust_env=False, timeout=60) as response:
            for piece in response.iter_raw():
                size += len(piece)
    except httpx.RemoteProtocolError:
        pass
    expect(size <= 64 * MIB, f"{size} bytes")
    expect("/bomb" not in file(process), "the bomb is in the cassette")
    return f"512 MiB in gzip are cut after {size // MIB} MiB"


def flood(service: Service, process: Process) -> str:
    size = 0
    try:
        with httpx.stream("POST", f"{process.url}/flood", trust_env=False, timeout=60) as response:
            for piece in response.iter_raw():
                size += len(piece)
    except httpx.RemoteProtocolError:
        pass
    expect(size <= 64 * MIB, f"{size} bytes")
    status = post(process, "/head").status_code
    expect(status == 502, status)
    return f"frames are cut after {size // MIB} MiB, a head without an end gets 502"


def answer_twice(service: Service, process: Process) -> str:
    bodies = [post(process, "/twice", json={"n": number}).content for number in range(20)]
    expect(set(bodies) == {b'{"n":1}'}, bodies)
    return "20 requests get their own response"


def leak(service: Service, process: Process) -> str:
    spellings = [spelled for secret in (KEY, OPAQUE) for spelled in spell(secret)]
    for number, text in enumerate(spellings):
        body = f'{{"n":{number},"messages":[{{"role":"user","content":"{text}"}}]}}'
        for path in (
            "/echo",
            f"/echo?api_key={quote(OPAQUE, safe='')}",
            f"/files/{quote(KEY)}/echo",
        ):
            headers = {
                "Authorization": f"Bearer {OPAQUE}",
                "Cookie": f"sid={quote(OPAQUE, safe='')}",
            }
            post(process, path, content=body.encode(), headers=headers)
    kept = file(process) + process.said
    found = [canary for canary in CANARIES if canary in kept or canary in _decoded(kept)]
    expect(not found, f"{found} is in the cassette or the log")
    return f"{len(spellings)} spellings in 3 places are in no file and no log"


def edit(service: Service, process: Process, *, count: int = 200) -> str:
    path = process.folder / CASSETTE
    before = len(load(path).interactions)
    for number in range(count):
        with path.open("a", encoding="utf-8") as opened:
            opened.write(f"# edit {number}\n")
        response = post(process, "/plain", json={"edit": number})
        expect(response.status_code == 200, response)
    text = "".join(one.read_text("utf-8", "replace") for one in path.parent.iterdir())
    lost = [number for number in range(count) if f"# edit {number}\n" not in text]
    expect(not lost, f"edits {lost} are lost")
    added = len(load(path).interactions) - before
    expect(added == count, f"{added} of {count} exchanges are recorded")
    return f"{count} edits and {count} exchanges are kept"


def spell(secret: str) -> Iterator[str]:
    """The spellings of a secret that a JSON text can have."""
    yield secret
    yield secret.replace("/", "\\/")
    yield "".join(f"\\u{ord(char):04x}" for char in secret)
    yield f"\\u{ord(secret[0]):04X}{secret[1:]}"
    yield quote(secret, safe="")
    yield "".join(f"%{ord(char):02x}" for char in secret)
    yield b64encode(secret.encode()).decode()
    yield urlsafe_b64encode(b"x" + secret.encode()).decode()
    yield json.dumps(json.dumps({"key": secret}))[1:-1]


def post(process: Process, path: str, **options: object) -> httpx.Response:
    given = {"content": b"{}", **options} if "json" not in options else options
    return httpx.post(f"{process.url}{path}", trust_env=False, timeout=60, **given)  # type: ignore[arg-type]


def file(process: Process) -> str:
    path = process.folder / CASSETTE
    return path.read_text("utf-8") if path.exists() else ""


def _decoded(text: str) -> str:
    """The text with its escapes undone, as a reader of JSON or YAML would."""
    from urllib.parse import unquote

    return unquote(text.replace("\\/", "/").encode("latin-1", "replace").decode("unicode_escape"))


@contextmanager
def recording(service: Service) -> Iterator[Process]:
    """A recorder in front of the service, with a key of its own."""
    options = ("--upstream", service.url, "--allow-upstream", "127.0.0.1", "--mode", "new")
    with running("record", CASSETTE, *options, env={"ZAI_API_KEY": KEY}) as process:
        yield process


def attack_recorders(*, is_quick: bool) -> Iterator[Result]:
    """Attack a recorder, and kill others while they record."""
    with serving() as service, recording(service) as process:
        edits = 20 if is_quick else 400
        for attack in (
            Attack("a recorder used by web pages", partial(use_from_pages, service)),
            Attack("paths that leave the base URL", partial(leave_the_base, service)),
            Attack("headers of any bytes", partial(send_any_header, service)),
            Attack("bodies of any content", partial(send_any_body, service)),
            Attack("a second response behind the first", partial(answer_twice, service)),
            Attack("keys in many spellings", partial(leak, service), seconds=30),
            Attack("edits while recording", partial(edit, service, count=edits), seconds=30),
            Attack("a gzip bomb", partial(inflate, service), seconds=15, memory=400),
            Attack("a response without an end", partial(flood, service), seconds=60, memory=600),
        ):
            yield judge(attack, process)
    yield refuse_key_of_two_lines()
    yield kill(5 if is_quick else 200)


def refuse_key_of_two_lines() -> Result:
    """Start a recorder with a file of two keys in the variable of one."""
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            [MOCKGLM, "record", "a.yaml", "--upstream", "https://api.z.ai/api/paas/v4"],
            env={"ZAI_API_KEY": f"{KEY}\n{OPAQUE}", "PATH": ""},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    said = ended.stdout + ended.stderr
    is_held = ended.returncode != 0 and not any(canary in said for canary in CANARIES)
    return Result("a key of two lines", said.strip().splitlines()[0][:200], is_held)


def kill(times: int) -> Result:
    """Kill recorders at random moments while clients stream through them."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = (f"{folder}/a.yaml", str(times), str(SEED))
        command = [sys.executable, "-m", "tests.recorder.killing", *arguments]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    name = f"{times} kills while recording"
    if ended.returncode:
        return Result(name, ended.stderr.strip().splitlines()[-1][:300], is_held=False)
    whole, cut = ended.stdout.split()
    return Result(name, f"{whole} finished exchanges whole, {cut} marked as cut, 0 lost", True)
