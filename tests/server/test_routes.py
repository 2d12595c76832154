"""The paths of a running server, and what its gateway says where no model is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from mockglm.server.routes import Route, parse_route
from tests.conftest import Base
from tests.serving import KEY, Served, serving

ASK = {"model": "glm-4.6", "messages": [{"role": "user", "content": "你好"}]}
HELLO = "你好！有什么可以帮你的吗？"
SPRING = re.compile(
    rb'\{"timestamp":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00",'
    rb'"status":(\d+),"error":"([^"]+)","path":"([^"]+)"\}'
)
NOWHERE = b'{"code":500,"msg":"404 NOT_FOUND"}'
NO_KEY = "Header中未收到Authorization参数，无法进行身份验证。"
GATEWAY_TYPE = "application/json;charset=UTF-8"

BASES = ("/api/paas/v4", "/api/coding/paas/v4", "/v4", "/v1")


@pytest.fixture
def bare(server: Served) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=server.host, trust_env=False, timeout=60) as client:
        yield client


@pytest.mark.parametrize("base", BASES)
def test_every_base_answers_with_a_scenario_and_without(
    base: str, server: Served, http: httpx.Client
) -> None:
    for prefix, expected in (("", None), ("/s/hello", HELLO)):
        answer = http.post(f"{server.host}{prefix}{base}/chat/completions", json=ASK)
        content = answer.json()["choices"][0]["message"]["content"]
        assert content
        assert expected in (None, content)


def test_the_models_listed_are_those_the_service_lists(server: Served, http: httpx.Client) -> None:
    answer = http.get(f"{server.url}/models")
    assert (answer.status_code, answer.headers["content-type"]) == (200, GATEWAY_TYPE)
    listed = answer.json()
    assert list(listed) == ["object", "data"]
    assert listed["data"][0] == {
        "id": "glm-4.5",
        "object": "model",
        "created": 1753632000,
        "owned_by": "z-ai",
    }
    assert [model["id"] for model in listed["data"]] == [
        "glm-4.5",
        "glm-4.5-air",
        "glm-4.6",
        "glm-4.7",
        "glm-5",
        "glm-5-turbo",
        "glm-5.1",
        "glm-5.2",
        "glm-5.3",
        "glm-5.3-flash",
        "glm-5.3-flashx",
    ]


def test_the_models_of_a_file_are_listed_too(http: httpx.Client) -> None:
    with serving("format: 1\nmodels: [{id: my-glm, like: glm-4.6}]\ninteractions: []\n") as served:
        listed = http.get(f"{served.url}/models").json()["data"]
    assert listed[-1]["id"] == "my-glm"


def test_the_models_without_a_key_are_200_with_a_number_for_a_code(bare: httpx.Client) -> None:
    answer = bare.get("/api/paas/v4/models")
    expected = {"code": 1001, "msg": NO_KEY, "success": False}
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize(
    ("method", "path", "seen"),
    [
        ("GET", "/api/paas/v4/nothing", "/v4/nothing"),
        ("POST", "/api/paas/v4/v1/chat/completions", "/v4/v1/chat/completions"),
        ("POST", "/api/coding/paas/v4/embedding", "/v4/embedding"),
        ("POST", "/api/paas/v4/chat/completions/", "/v4/chat/completions/"),
        ("POST", "/api/paas/v4", "/v4"),
        ("POST", "/s/hello/api/paas/v4/nothing", "/v4/nothing"),
    ],
)
def test_an_unknown_path_is_404_in_springs_words(
    method: str, path: str, seen: str, server: Served, http: httpx.Client
) -> None:
    answer = http.request(method, f"{server.host}{path}")
    found = SPRING.fullmatch(answer.content)
    assert found is not None
    assert (answer.status_code, found.groups()) == (404, (b"404", b"Not Found", seen.encode()))


def test_an_unknown_path_without_a_key_is_401(bare: httpx.Client) -> None:
    answer = bare.get("/api/paas/v4/nothing")
    expected = {"error": {"code": "1001", "message": NO_KEY}}
    assert (answer.status_code, answer.json()) == (401, expected)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/chat/completions", "POST"),
        ("PUT", "/chat/completions", "POST"),
        ("POST", "/models", "GET"),
        ("DELETE", "/models", "GET"),
    ],
)
def test_another_method_is_405(
    method: str, path: str, allowed: str, server: Served, http: httpx.Client
) -> None:
    answer = http.request(method, f"{server.url}{path}")
    found = SPRING.fullmatch(answer.content)
    assert found is not None
    assert found.groups() == (b"405", b"Method Not Allowed", f"/v4{path}".encode())
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/", "/api/openai/v1/chat/completions", "/api/v1/x", "/apiv4"])
def test_an_unknown_path_is_200_with_404_in_the_body(path: str, bare: httpx.Client) -> None:
    answer = bare.post(path)
    assert (answer.status_code, answer.content) == (200, NOWHERE)
    assert answer.headers["content-type"] == GATEWAY_TYPE


def test_a_head_request_has_a_head_and_no_body(server: Served) -> None:
    raw, end = server.raw(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (body, end) == (b"", "FIN")


def test_a_preflight_request_is_allowed(bare: httpx.Client) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = bare.options("/api/paas/v4/chat/completions", headers=asked)
    assert (answer.status_code, answer.content) == (200, b"")
    allowed = {name: value for name, value in answer.headers.items() if name.startswith("access")}
    assert allowed == {
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-methods": "GET,POST,DELETE",
        "access-control-allow-headers": "authorization,content-type",
        "access-control-max-age": "1800",
    }


def test_a_preflight_request_for_private_networks_is_allowed(bare: httpx.Client) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Private-Network": "true"}
    answer = bare.options("/api/paas/v4/chat/completions", headers=asked)
    assert answer.headers["access-control-allow-private-network"] == "true"


def test_cors_headers_of_a_scenario_are_kept(http: httpx.Client) -> None:
    said = "{status: 200, headers: {Access-Control-Allow-Origin: '*'}, json: {}}"
    with serving(f"format: 1\ninteractions: [{{response: {said}}}]\n") as served:
        headers = {"Origin": "https://app.example"}
        answer = http.post(f"{served.url}/chat/completions", json=ASK, headers=headers)
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize("stream", [False, True])
def test_cors_headers_are_sent_to_pages_only(
    stream: bool, server: Served, http: httpx.Client
) -> None:
    url = f"{server.base('hello')}/chat/completions"
    asked = {**ASK, "stream": stream}
    answer = http.post(url, json=asked, headers={"Origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-expose-headers"] == "X-Log-Id, X-MockGLM-Miss"
    assert "access-control-allow-origin" not in http.post(url, json=asked).headers


def test_a_label_has_a_sequence_of_its_own(base: Base, http: httpx.Client) -> None:
    url = f"{base('rate-limit')}/chat/completions"
    statuses = [http.post(url, json=ASK).status_code for _ in range(3)]
    assert statuses == [429, 429, 200]
    other = url.replace("/api/", "-other/api/")
    assert http.post(other, json=ASK).status_code == 429


def test_a_label_alone_is_a_session_of_all_that_is_loaded(http: httpx.Client) -> None:
    once = (
        "format: 1\ninteractions: [{when: {user: 你好}, reply: [{content: 一}, {content: 二}]}]\n"
    )
    with serving(once) as served:
        said = [served.ask(base=served.base(name)).json() for name in ("@a", "@a", "@b")]
    assert [one["choices"][0]["message"]["content"] for one in said] == ["一", "二", "一"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rate-limits", "there is no scenario 'rate-limits'; did you mean rate-limit?"),
        ("zzz", "there is no scenario 'zzz'; `mockglm scenarios` lists them"),
        ("hello+rest", "fault rest: there is no such fault; did you mean reset?"),
        (
            "hello" + "+done-twice" * 21,
            "fault done-twice: there are 21 faults; at most 8 can apply to one response",
        ),
    ],
)
def test_an_unknown_scenario_name_is_reported_with_the_nearest(
    name: str, message: str, server: Served, http: httpx.Client
) -> None:
    answer = http.post(f"{server.base(name)}/chat/completions", json=ASK)
    assert (answer.status_code, answer.headers["x-mockglm-miss"]) == (422, "1")
    assert answer.json() == {"error": {"code": "422", "message": message}}


def test_an_impossible_scenario_name_is_reported(server: Served, http: httpx.Client) -> None:
    asking = {"Origin": "https://app.example"}
    answer = http.post(f"{server.base('Hello')}/chat/completions", json=ASK, headers=asking)
    assert answer.status_code == 422
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.json()["error"]["message"] == (
        "there is no path /s/Hello/api/paas/v4/chat/completions; write "
        "/s/NAME[+FAULT]…[@LABEL]/…, all names of a-z, 0-9, dots, dashes and underscores"
    )


def test_faults_in_the_path_are_laid_over_every_answer(base: Base, http: httpx.Client) -> None:
    url = f"{base('hello+no-done+usage-missing')}/chat/completions"
    for _ in range(2):
        answer = http.post(url, json={**ASK, "stream": True})
        events = [line for line in answer.text.split("\n\n") if line]
        last = json.loads(events[-1].removeprefix("data: "))
        assert last["choices"][0]["finish_reason"] == "stop"
        assert "usage" not in last


def test_faults_in_the_path_add_their_cost_linearly(base: Base, http: httpx.Client) -> None:
    url = f"{base('hello' + '+done-twice' * 8)}/chat/completions"
    answer = http.post(url, json={**ASK, "stream": True})
    assert answer.text.count("data: [DONE]\n\n") == 9


def test_a_fault_in_the_path_reaches_the_connection(server: Served, label: str) -> None:
    body = json.dumps({**ASK, "stream": True}).encode()
    head = (
        f"POST /s/hello+reset@{label}/api/paas/v4/chat/completions HTTP/1.1\r\n"
        f"Host: localhost\r\nAuthorization: {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    raw, end = server.raw(head.encode() + body)
    assert (raw.count(b"data: "), end) == (1, "RST")


@pytest.mark.parametrize(
    ("profile", "accepted", "message"),
    [
        ("bigmodel", None, "余额不足或无可用资源包,请充值。"),
        ("bigmodel", "zh-CN,zh;q=0.9,en;q=0.8", "余额不足或无可用资源包,请充值。"),
        ("bigmodel", "en-US,en", "Insufficient balance or no resource package. Please recharge."),
        ("zai", None, "Insufficient balance or no resource package. Please recharge."),
        ("zai", "en", "Insufficient balance or no resource package. Please recharge."),
    ],
)
def test_the_language_of_messages_is_the_hosts_or_the_clients(
    profile: str, accepted: str | None, message: str
) -> None:
    headers = {"Authorization": KEY} | ({"Accept-Language": accepted} if accepted else {})
    with serving(profile=profile) as served:
        url = f"{served.base('no-balance')}/chat/completions"
        answer = httpx.post(url, json=ASK, headers=headers, trust_env=False)
    assert answer.json() == {"error": {"code": "1113", "message": message}}


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/v4/models", Route("", (), "", "/v4", "/models")),
        ("/s/a.b/v1", Route("a.b", (), "", "/v1", "")),
        ("/s/@x/api/paas/v4/m", Route("", (), "x", "/api/paas/v4", "/m")),
        ("/s/a+b+c@x/v4/m", Route("a", ("b", "c"), "x", "/v4", "/m")),
        ("/s/+b/v4/m", Route("", ("b",), "", "/v4", "/m")),
        ("/s/a", Route("a", (), "", "", "/")),
        ("/v4x/models", Route("", (), "", "", "/v4x/models")),
        ("/api/coding/paas/v4/m", Route("", (), "", "/api/coding/paas/v4", "/m")),
    ],
)
def test_a_path_names_scenario_faults_label_and_base(path: str, leads: Route) -> None:
    assert parse_route(path) == leads
