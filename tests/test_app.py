"""The application over a real socket: what answers, and what its journal says of it."""

from __future__ import annotations

import httpx

from tests.serving import KEY, post, serving

TWICE = """
format: 1
interactions:
  - when: {user: 天气}
    reply:
      - error: 1302
      - error: 1302
      - {reasoning: 用户想知道天气。, content: 北京今天晴。}
"""


def test_a_sequence_answers_step_by_step_and_its_last_step_stays() -> None:
    with serving(TWICE) as served:
        answers = [served.ask("天气如何？") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 200, 200]
    assert answers[0].json() == {
        "error": {"code": "1302", "message": "您的账户已达到速率限制，请您控制请求频率"}
    }
    assert answers[3].json()["choices"][0]["message"] == {
        "content": "北京今天晴。",
        "reasoning_content": "用户想知道天气。",
        "role": "assistant",
    }


def test_a_session_of_a_label_does_not_see_another_ones_sequence() -> None:
    with serving() as served:
        first = [served.ask(base=served.base("rate-limit@a")).status_code for _ in range(3)]
        second = [served.ask(base=served.base("rate-limit@b")).status_code for _ in range(3)]
    assert first == second == [429, 429, 200]


def test_a_miss_names_the_nearest_interaction_and_its_differences() -> None:
    with serving(TWICE) as served:
        missed = served.ask("你好")
    assert missed.status_code == 422
    assert missed.headers["x-mockglm-miss"] == "1"
    message = missed.json()["error"]["message"]
    assert "file.yaml:4" in message
    assert "天气" in message
    assert "你好" in message


def test_an_unknown_scenario_is_an_error_with_the_nearest_name() -> None:
    with serving() as served:
        missed = served.ask(base=served.base("ratelimit"))
    assert missed.status_code == 422
    assert "did you mean rate-limit?" in missed.json()["error"]["message"]


def test_the_journal_entry_is_complete_when_the_client_has_the_response() -> None:
    with serving(TWICE) as served:
        for _ in range(3):
            served.ask("天气")
        entries = list(served.session().journal)
    assert [(one.source, one.code, one.finish, one.outcome) for one in entries] == [
        ("file.yaml:4", "1302", "", "done"),
        ("file.yaml:4", "1302", "", "done"),
        ("file.yaml:4", "", "stop", "done"),
    ]


def test_a_client_that_leaves_is_noticed_and_its_stream_is_gone() -> None:
    slow = "format: 1\ninteractions: [{reply: {content: 一二三四五六七八, pace: {every: 600}}}]\n"
    body = {"model": "glm-4.6", "stream": True, "messages": [{"role": "user", "content": "数"}]}
    with serving(slow, speed=1) as served:
        asked = {**body}
        with (
            httpx.Client(trust_env=False) as client,
            client.stream(
                "POST",
                f"{served.url}/chat/completions",
                json=asked,
                headers={"Authorization": KEY},
            ) as answer,
        ):
            next(answer.iter_raw())
        journal = served.session().journal
        served.wait_until(lambda: [entry.outcome for entry in journal] == ["gone"])


def test_the_head_of_a_response_has_only_headers_of_the_service() -> None:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}
    with serving() as served:
        request = post(body, "/s/hello/api/paas/v4/chat/completions", "Connection: close")
        raw, end = served.raw(request)
    head, _, _ = raw.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]]
    assert end == "FIN"
    assert names == [
        "date",
        "content-type",
        "strict-transport-security",
        "vary",
        "vary",
        "vary",
        "x-log-id",
        "content-length",
        "connection",
    ]


def test_a_broken_body_is_an_error_of_the_service() -> None:
    with serving() as served:
        url = f"{served.url}/chat/completions"
        answer = httpx.post(url, content=b"{", headers={"Authorization": KEY}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1210")


def test_without_a_key_there_is_no_answer() -> None:
    with serving() as served:
        answer = httpx.post(f"{served.url}/chat/completions", content=b"{", trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "1001")
    assert answer.headers["content-type"] == "application/json"


def test_no_key_is_in_the_journal() -> None:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": f"my key is {KEY}"}]}
    echo = "format: 1\ninteractions: [{reply: {content: '{{ user }}', template: true}}]\n"
    with serving(echo) as served:
        url = f"{served.url}/chat/completions"
        headers = {"Authorization": f"Bearer {KEY}", "X-Note": KEY}
        answer = httpx.post(url, json=body, headers=headers, trust_env=False)
        (entry,) = served.session().journal
    assert KEY in answer.text
    assert KEY.partition(".")[2] not in repr(entry)
