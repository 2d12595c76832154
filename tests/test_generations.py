"""The form of responses by host, base path and day, over sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

import httpx
import pytest

from mockglm.generations import HEADS, OBJECT_SINCE, Profile, parse_day
from tests.serving import KEY, Served, serving

GENERAL = "/api/paas/v4"
CODING = "/api/coding/paas/v4"
ANTHROPIC = "/api/anthropic"
DAYS = (
    *("2025-09", "2025-11-03", "2025-12-11", "2025-12-16", "2025-12-23", "2026-01-18"),
    *("2026-01-19", "2026-03", "2026-06-30", "2026-07", "2026-09-01"),
)
FILE = """
format: 1
as_of: {day}
interactions:
  - {{when: {{user: own}}, reply: {{content: 好, headers: {{Server: mine}}}}}}
  - when: {{user: verbatim}}
    response: {{status: 200, headers: {{X-Log-Id: "1"}}, json: {{object: mine}}}}
  - {{when: {{user: hello}}, reply: {{reasoning: 想, content: 好}}}}
"""
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Profile, Served]]:
    """A server of each site with a scenario for each of the days."""
    folder = tmp_path_factory.mktemp("days")
    files = [folder / f"on-{day}.yaml" for day in DAYS]
    for day, file in zip(DAYS, files, strict=True):
        file.write_text(FILE.format(day=day), "utf-8")
    with serving(*files) as bigmodel, serving(*files, profile="zai") as zai:
        yield {"bigmodel": bigmodel, "zai": zai}


def ask(served: Served, day: str, base: str = GENERAL, **fields: Any) -> httpx.Response:
    return served.ask("hello", base=f"{served.host}/s/on-{day}{base}", **fields)


def first_chunk(response: httpx.Response) -> dict[str, Any]:
    chunk: dict[str, Any] = json.loads(response.text.partition("\n\n")[0].removeprefix("data: "))
    return chunk


@pytest.mark.parametrize(
    ("profile", "day", "names"),
    [
        ("bigmodel", "2025-09", {"server", "set-cookie"}),
        ("zai", "2025-12-23", {"server", "set-cookie"}),
        ("zai", "2026-03", {"keep-alive"}),
        ("zai", "2026-06-30", {"keep-alive"}),
        ("bigmodel", "2026-03", {"keep-alive", "set-cookie"}),
        ("zai", "2026-07", {"server"}),
        ("bigmodel", "2026-07", {"set-cookie"}),
        ("zai", "2026-09-01", {"alt-svc", "ga-traceid"}),
        ("bigmodel", "2026-09-01", {"set-cookie"}),
    ],
)
def test_the_head_is_of_its_host_and_day(
    hosts: Mapping[Profile, Served], profile: Profile, day: str, names: set[str]
) -> None:
    for stream in (False, True):
        response = ask(hosts[profile], day, stream=stream)
        rows = {"server", "set-cookie", "keep-alive", "alt-svc", "ga-traceid"}
        assert set(response.headers).intersection(rows) == names


def test_values_of_heads_are_those_that_were_captured(hosts: Mapping[Profile, Served]) -> None:
    zai = hosts["zai"]
    old, nginx, new = (ask(zai, day).headers for day in ("2025-11-03", "2026-07", "2026-09-01"))
    assert (old["server"], nginx["server"]) == ("ZenZGA/2.4", "nginx")
    cookie, _, attributes = old["set-cookie"].partition(";")
    assert len(bytes.fromhex(cookie.removeprefix("acw_tc="))) == 32
    assert attributes == "path=/;HttpOnly;Max-Age=1800"
    assert new["alt-svc"] == 'h3=":443"; ma=3600'
    assert len(bytes.fromhex(new["ga-traceid"])) == 16
    assert ask(zai, "2026-09-01").headers["ga-traceid"] != new["ga-traceid"]
    assert ask(zai, "2026-03").headers["keep-alive"] == "timeout=6"


@pytest.mark.parametrize(
    ("profile", "base", "before", "since"),
    [
        ("zai", GENERAL, "2025-12-11", "2025-12-16"),
        ("zai", CODING, "2026-01-18", "2026-01-19"),
        ("bigmodel", CODING, "2025-12-16", "2025-12-23"),
        ("bigmodel", GENERAL, "2025-12-16", "2025-12-23"),
    ],
)
def test_object_is_there_from_a_day_on_that_the_base_decides(
    hosts: Mapping[Profile, Served], profile: Profile, base: str, before: str, since: str
) -> None:
    for day, has_object in ((before, False), (since, True)):
        plain = ask(hosts[profile], day, base).json()
        assert ("object" in plain) == has_object
        chunk = first_chunk(ask(hosts[profile], day, base, stream=True))
        assert ("object" in chunk) == has_object
        rest = [key for key in plain if key != "object"]
        assert rest == ["choices", "created", "id", "model", "request_id", "usage"]


@pytest.mark.parametrize(("day", "has_details"), [("2025-12-23", False), ("2026-01-18", True)])
def test_usage_has_the_tokens_of_the_thought_since_2026(
    hosts: Mapping[Profile, Served], day: str, has_details: bool
) -> None:
    usage = ask(hosts["zai"], day).json()["usage"]
    assert ("completion_tokens_details" in usage) == has_details
    streamed = ask(hosts["zai"], day, stream=True).text
    assert ("completion_tokens_details" in streamed) == has_details


def test_every_rendered_response_has_the_head_of_the_day(hosts: Mapping[Profile, Served]) -> None:
    url = f"{hosts['zai'].host}/s/on-2026-09-01"
    message = {
        "model": "glm-5.2",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hello"}],
    }
    with httpx.Client(trust_env=False, timeout=60) as client:
        found = [
            client.post(f"{url}{GENERAL}/chat/completions", json={}),
            client.get(f"{url}{GENERAL}/models", headers=AUTHORIZATION),
            client.post(f"{url}{GENERAL}/embeddings", json={}, headers=AUTHORIZATION),
            client.post(f"{url}{ANTHROPIC}/v1/messages", json=message, headers=AUTHORIZATION),
        ]
    assert [one.status_code for one in found] == [401, 200, 400, 200]
    assert all("ga-traceid" in one.headers for one in found)


def test_headers_of_a_file_and_verbatim_responses_stay(hosts: Mapping[Profile, Served]) -> None:
    served = hosts["bigmodel"]
    base = f"{served.host}/s/on-2025-11-03{GENERAL}"
    assert served.ask("own", base=base).headers.get_list("server") == ["mine"]
    verbatim = served.ask("verbatim", base=base)
    assert (verbatim.json(), "server" in verbatim.headers) == ({"object": "mine"}, False)
    miss = served.ask("nobody expects this", base=base)
    assert (miss.headers["x-mockglm-miss"], "server" in miss.headers) == ("1", False)


def test_the_setting_of_the_server_holds_for_files_without_a_day() -> None:
    other = "format: 1\nas_of: 2026-07\ninteractions: [{when: {user: x}, reply: {content: x}}]"
    with serving(other, as_of=parse_day("2025-10-15"), on_miss="improvise") as served:
        assert served.ask(base=served.base("hello")).headers["server"] == "ZenZGA/2.4"
        assert "server" not in served.ask().headers
    with serving() as present:
        response = present.ask()
    assert "object" in response.json()
    assert {"server", "set-cookie", "alt-svc", "keep-alive"}.isdisjoint(response.headers)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2025-13", "expected a day as 2025-11-03 or a month as 2025-11"),
        ("yesterday", "expected a day as 2025-11-03 or a month as 2025-11"),
        ("2024-07", "there are no recordings of days before 2025-09-01"),
    ],
)
def test_a_day_without_recordings_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_day(text)


def test_a_month_is_its_first_day() -> None:
    assert parse_day("2025-11") == parse_day("2025-11-01") == date(2025, 11, 1)


def test_rows_of_a_host_follow_one_another() -> None:
    for one, next_one in pairwise(HEADS):
        assert one.profile != next_one.profile or one.since < next_one.since
    assert len(OBJECT_SINCE) == 4


LONG = [{"role": "user", "content": "长" * 330_000}]


@pytest.fixture(scope="module")
def truncating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that cuts prompts of one model, and of glm-4.7 as of a day of 2025-12."""
    path = tmp_path_factory.mktemp("models") / "as-of.yaml"
    path.write_text("format: 1\nas_of: 2025-12-23", "utf-8")
    own = """
format: 1
models:
  - {id: mine, like: glm-4.6, overflow: truncate}
  - {id: small, like: mine, context: 4096}
"""
    with serving(own, path, on_miss="improvise") as served:
        yield served


def usage(served: Served, base: str, **fields: Any) -> tuple[int, int]:
    answer = served.ask(base=base, messages=LONG, **fields).json()
    found = answer["usage"]
    return found["prompt_tokens"], found["prompt_tokens_details"]["cached_tokens"]


def test_a_prompt_gives_way_to_the_output_in_silence(truncating: Served) -> None:
    """194,557 + 8,192 + 3 is 202,752: glm-4.7 on the Coding Plan base, 2025-12."""
    base = f"{truncating.host}/s/as-of{CODING}"
    for _ in range(2):
        assert usage(truncating, base, model="glm-4.7", max_tokens=8192) == (194_557, 0)
    assert usage(truncating, base, model="glm-4.7", max_tokens=65_536) == (137_213, 0)
    journal = truncating.session("as-of").journal
    *_, entry = journal
    assert entry.notes == ("the prompt was cut at its front, from 206256 tokens to 137213",)


def test_a_short_prompt_is_not_cut_and_is_cached(truncating: Served) -> None:
    base = f"{truncating.host}/s/as-of{CODING}"
    found = [truncating.ask(base=base, model="glm-4.7", max_tokens=8192).json() for _ in range(2)]
    first, second = (one["usage"]["prompt_tokens_details"]["cached_tokens"] for one in found)
    assert first < second


@pytest.mark.parametrize(
    ("scenario", "base", "model"),
    [
        ("as-of", GENERAL, "glm-4.7"),
        ("as-of", CODING, "glm-4.6"),
        ("file", CODING, "glm-4.7"),
    ],
)
def test_only_what_was_captured_is_cut_by_itself(
    truncating: Served, scenario: str, base: str, model: str
) -> None:
    url = f"{truncating.host}/s/{scenario}{base}"
    answer = truncating.ask(base=url, messages=LONG, model=model, max_tokens=8192)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1261")


def test_a_file_lets_any_model_cut_its_prompts_on_both_surfaces(truncating: Served) -> None:
    base = f"{truncating.host}/s/file"
    assert usage(truncating, base + GENERAL, model="mine", max_tokens=8192) == (194_557, 0)
    # Without max_tokens the documented default counts.
    assert usage(truncating, base + GENERAL, model="mine") == (137_213, 0)
    body = {"model": "mine", "max_tokens": 8192, "messages": LONG}
    answer = httpx.post(
        f"{base}{ANTHROPIC}/v1/messages",
        json=body,
        headers=AUTHORIZATION,
        timeout=60,
        trust_env=False,
    ).json()
    assert answer["stop_reason"] == "end_turn"
    assert answer["usage"]["input_tokens"] == 194_557


def test_a_prompt_is_never_cut_to_nothing(truncating: Served) -> None:
    assert usage(truncating, f"{truncating.host}/s/file{GENERAL}", model="small") == (1, 0)
