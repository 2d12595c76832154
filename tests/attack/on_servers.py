"""Attacks on a server: heads, bodies, faults, patterns, templates, control requests, feeds."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, suppress
from typing import Any

import httpx

from tests.attack.attack import Attack, expect
from tests.attack.process import MIB, Process
from tests.serving import KEY, post

GET = b"GET /api/paas/v4/models HTTP/1.1\r\nHost: a\r\n\r\n"
FOREIGN_HOSTS = (
    *("evil.example", "127.0.0.1.evil.example", "[::1].evil.example", "localhost:80.evil.example"),
    *("127.0.0.1/evil.example", "[localhost].evil.example", "evil.example:80@127.0.0.1"),
)
FOREIGN_ORIGINS = ("http://evil.example", "null", "http://127.0.0.1:80@evil.example", "file://")
BAD_CONTROL = (
    ("/clock", '{"advance":' + "9" * 400 + "}"),
    ("/interactions", '{"when":{"user":"/a{99999999999}/"},"reply":{}}'),
    ("/interactions", json.dumps({"when": {"user": "/" + "(" * 5000 + "/"}, "reply": {}})),
    ("/interactions", '{"when":{"body":' + '{"a":' * 500 + "1" + "}" * 502 + ',"reply":{}}'),
    ("/replies", "[" + "{}," * 1_400_000 + "{}]"),
    ("/replies", "[" * 100_000),
    ("/interactions", '{"when":{"user":"/(?P<a>x)(?P<a>y)/"},"reply":{}}'),
    ("/clock", '{"advance":"' + "1" * 5000 + 'd"}'),
)
SMUGGLED = (
    b"POST /v4/files HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v4/files HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /v4/files HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST /v4/files HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
    b"POST /v4/files HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    b"POST /v4/files HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\t/\tHTTP/1.1\r\n\r\n",
)


def double_faults(process: Process) -> str:
    response = process.chat(path=f"/s/hello{'+done-twice' * 21}/v4/chat/completions", stream=True)
    expect(400 <= response.status_code < 500, response)
    return f"{response.status_code}, {len(response.content)} bytes"


def repeat_faults(process: Process) -> str:
    response = process.chat(path=f"/s/hello{'+duplicate' * 3000}/v4/chat/completions")
    expect(response.status_code == 414, response)
    return "414"


def send_large_headers(process: Process) -> str:
    head = b"GET / HTTP/1.1\r\nX: " + b"v" * MIB
    statuses = {process.send(head)[9:12] for _ in range(50)}
    expect(statuses <= {b"431", b""}, statuses)
    return "431 for each of 50 with 1 MiB"


def send_many_headers(process: Process) -> str:
    got = process.send(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 60_000 + b"\r\n")
    expect(got[9:12] in (b"431", b""), got[:80])
    return "431"


def send_head_without_end(process: Process) -> str:
    got, sent = b"", 0
    with process.connect() as sock, suppress(ConnectionError):
        sock.sendall(b"GET / HTTP/1.1\r\nX: ")
        while sent < 64 * MIB:
            sock.sendall(b"x" * 65536)
            sent += 65536
            if sent == MIB:
                got = sock.recv(64)
    expect(got[9:12] == b"431", f"{sent} bytes were sent, {got!r}")
    return f"431; {sent // MIB} MiB were sent all the same"


def send_pipeline_unread(process: Process) -> str:
    sent, data = 0, GET * 10_000
    with process.connect(timeout=2) as sock, suppress(ConnectionError, TimeoutError):
        while sent < 27 * MIB:
            sent += sock.send(data)
    return f"{sent // 1024} KiB of requests, nothing read"


def hold_bodies(process: Process) -> str:
    head = b"POST /v4/files HTTP/1.1\r\nContent-Length: 16000000\r\n\r\n"
    refused = 0
    with ExitStack() as stack:
        socks = [stack.enter_context(process.connect()) for _ in range(50)]
        for sock in socks:
            with suppress(ConnectionError):
                sock.sendall(head + b"x" * 15_900_000)
        for sock in socks:
            with suppress(ConnectionError, TimeoutError):
                sock.sendall(b"x" * 100_000)
                refused += sock.recv(64)[9:12] == b"503"
    expect(refused, "all 50 bodies of 16 MB were held")
    return f"{refused} of 50 bodies of 16 MB get 503"


def leave_feed_unread(process: Process) -> str:
    with process.connect() as sock:
        sock.sendall(b"GET /__mockglm__/events?session=* HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        sock.recv(64)
        for number in range(100):
            process.chat("x" * 4_000_000 + str(number))
    return "100 bodies of 4 MB, nothing of the feed read"


def search_large_pattern(process: Process) -> str:
    pattern = "[^" + "".join(map(chr, range(0x4E00, 0x4E00 + 1900))) + "]{4000}"
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
    function = {"name": "f", "parameters": {**schema, "required": ["a"]}}
    tools = [{"type": "function", "function": function}]
    response = process.chat(
        "call f for Paris, London, Rome, Oslo and Bern", tools=tools, tool_choice="auto"
    )
    expect(response.status_code < 500, response)
    return f"{response.status_code} for a schema of {len(json.dumps(schema)) // 1024} KiB"


def explode_expression(process: Process) -> str:
    rule = {"when": {"user": "/^(a|a)*$/"}, "reply": {"content": "x"}}
    expect(process.control("/interactions", json=rule).status_code == 200, "no rule")
    response = process.chat("a" * 26 + "b")
    process.control("/interactions", method="DELETE")
    expect(response.status_code < 500, response)
    return f"{response.status_code}"


def run_templates(process: Process) -> str:
    statuses = []
    loops = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"
    for text in (loops, "{{ 'a' * 10**9 }}", "{{ (7**(10**6))|string }}", "{{ [1]|slice(10**8) }}"):
        reply = {"template": True, "content": text}
        queued = process.control("/replies", json=reply)
        answered = process.chat().status_code if queued.status_code == 200 else queued.status_code
        statuses.append(answered)
    expect(all(400 <= one < 500 for one in statuses), statuses)
    return f"{statuses}"


def ask_for_environment(process: Process) -> str:
    texts = (
        "{{ ('{0.__globals__[os].environ}'|attr('format'))(lipsum) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ self._TemplateReference__context }}",
    )
    bodies = []
    for text in texts:
        queued = process.control("/replies", json={"template": True, "content": text})
        bodies.append(process.chat().text if queued.status_code == 200 else queued.text)
    expect(not any("PATH" in body or "<class" in body for body in bodies), bodies)
    return f"none of {len(texts)} ways leads out of the sandbox"


def send_bad_control(process: Process) -> str:
    headers = {"Content-Type": "application/json"}
    statuses = [
        process.control(path, content=body.encode(), headers=headers).status_code
        for path, body in BAD_CONTROL
    ]
    expect(set(statuses) <= {400, 413}, statuses)
    return f"400 or 413 for each of {len(statuses)} bad values"


def use_foreign_names(process: Process) -> str:
    headers = [{"Host": host} for host in FOREIGN_HOSTS]
    headers += [{"Origin": origin} for origin in FOREIGN_ORIGINS]
    statuses = [
        process.control("/sessions", method="GET", headers=one).status_code for one in headers
    ]
    expect(set(statuses) <= {400, 403}, statuses)
    return f"403 for {len(FOREIGN_HOSTS)} hosts and {len(FOREIGN_ORIGINS)} origins"


def offer_upgrades(process: Process) -> str:
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAA")
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}
    last = post(body, "/v4/chat/completions", "Connection: close, Upgrade", "Upgrade: h2c")
    got = process.send(post(body, "/v4/chat/completions", *offer) * 1000 + last)
    count = got.count(b"HTTP/1.1 200 OK")
    expect(count == 1001, f"{count} of 1,001 answered")
    return "1,001 answered, and the connection is closed"


def interrupt_stream(process: Process) -> str:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    got = process.send(post(body, "/v4/chat/completions") + b"\x16\x03\x01 no HTTP\r\n\r\n")
    first, end, last = got.partition(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    expect(end and first.count(b"HTTP/1.1 ") == 1 and last[9:12] == b"400", got[-200:])
    return "the stream is whole, 400 follows"


def smuggle(process: Process) -> str:
    # A second request behind must not be read as one if the first is ambiguous.
    got = [process.send(data + GET, timeout=3) for data in SMUGGLED]
    failed = [data for data, one in zip(SMUGGLED, got, strict=True) if one[9:10] == b"5"]
    expect(not failed, failed)
    counts = [one.count(b"HTTP/1.1 200") for one in got]
    expect(max(counts) <= 1, counts)
    return f"{len(SMUGGLED)} ways, none passed"


def nest_bodies(process: Process) -> str:
    url, headers = f"{process.url}/chat/completions", {"Authorization": f"Bearer {KEY}"}
    bodies = (b"[" * 100_000, b'{"a":' * 100_000, b" " * 15_000_000, b"9" * 1_000_000, b"\xff" * 9)
    statuses = [
        httpx.post(url, content=body, headers=headers, timeout=60, trust_env=False).status_code
        for body in bodies
    ]
    expect(all(400 <= one < 500 for one in statuses), statuses)
    return f"{statuses}"


def send_schemas(process: Process) -> str:
    circle = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    schemas: tuple[Any, ...] = (
        circle,
        {"type": "array", "minItems": 10**9},
        {"type": "number", "multipleOf": 1e-300},
        {"enum": list(range(200_000))},
        {"type": "string", "pattern": "(a+)+$", "minLength": 10**6},
        {"allOf": [{"anyOf": [{"type": "string"}] * 30}] * 30},
        {"type": "object", "patternProperties": {f"^{n}(a|b)*$": {} for n in range(5000)}},
    )
    for schema in schemas:
        parameters = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
        tools = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
        response = process.chat("call f", tools=tools)
        expect(response.status_code < 500, response)
    return f"{len(schemas)} schemas"


def read_journal_with_tokens(process: Process) -> str:
    with httpx.Client(trust_env=False, timeout=60) as client:
        for number in range(1000):
            token = f"eyJhbGciOiJIUzI1NiJ9.eyJuIjoi{number:06d}fQ.c2lnbmF0dXJlc2lnbmF0dXJl"
            client.get(f"{process.url}/models", headers={"Authorization": f"Bearer {token}"})
    process.chat("x" * 8_000_000)
    last = process.control("/journal?last=1", method="GET").json()[-1]["ordinal"]
    size = len(process.control(f"/journal/{last}", method="GET").content)
    expect(size > 8_000_000, f"{size} bytes")
    return f"{size // MIB} MiB read after 1,000 tokens"


def open_sessions(process: Process) -> str:
    with httpx.Client(trust_env=False, timeout=60) as client:
        for number in range(3000):
            client.get(f"{process.host}/s/hello@l{number}/v4/models")
    return "served"


def idle(process: Process) -> str:
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(process.connect())
        response = process.chat()
    expect(response.status_code == 200, response)
    return "an answer beside 500 idle connections"


def reset_closing(process: Process) -> str:
    request = post({"model": "glm-4.6", "messages": []}, "/s/hello+reset/v4/chat/completions")
    for _ in range(200):
        with process.connect() as sock, suppress(OSError):
            sock.sendall(request)
            sock.shutdown(socket.SHUT_RDWR)
    return "200 connections closed while they are reset"


ON_SERVERS = (
    Attack("21 doubling faults in a URL", double_faults),
    Attack("3,000 faults in a URL", repeat_faults),
    Attack("50 headers of 1 MiB", send_large_headers),
    Attack("60,000 headers", send_many_headers),
    Attack("a head without an end", send_head_without_end),
    Attack("a pipeline that is not read", send_pipeline_unread),
    Attack("an offer of h2c 1,000 times", offer_upgrades, seconds=10),
    Attack("garbage behind a stream", interrupt_stream),
    Attack("ambiguous framing", smuggle),
    Attack("bodies that are no JSON", nest_bodies, seconds=10, memory=400),
    Attack("hostile schemas", send_schemas, seconds=10),
    Attack("a schema with a large pattern", search_large_pattern),
    Attack("an expression that explodes", explode_expression),
    Attack("templates without an end", run_templates, seconds=20, memory=300),
    Attack("templates that look for secrets", ask_for_environment),
    Attack("bad values for the control API", send_bad_control, memory=600),
    Attack("the control API under foreign names", use_foreign_names),
    Attack("connections that close while reset", reset_closing),
    Attack("500 idle connections", idle),
    Attack("3,000 sessions", open_sessions, seconds=20),
    Attack("8 MB of journal after 1,000 tokens", read_journal_with_tokens, seconds=15, memory=300),
)
"""Attacks on a server that improvises."""

LARGE = (
    Attack("a feed that is not read", leave_feed_unread, seconds=60, memory=700),
    Attack("800 MB of bodies in flight", hold_bodies, seconds=30, memory=1200),
)
"""Attacks that need hundreds of megabytes."""
