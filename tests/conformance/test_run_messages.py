"""Runs by the set for the Anthropic surface: the mock passes it, whatever it answers from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockglm.api_keys import KEY_VARIABLES
from mockglm.conformance.capabilities import find_capabilities
from mockglm.conformance.checks import CHECKS, MESSAGE_CHECKS
from mockglm.conformance.plan import make_plan
from mockglm.conformance.probes import MESSAGE_PROBES, PROBES
from mockglm.conformance.run import COULD_NOT_JUDGE, VIOLATION, WRONG_USAGE
from mockglm.conformance.sets import ANTHROPIC_SET, CHAT_SET, set_of_url
from mockglm.conformance.view import ExchangeView
from tests.conformance.commands import PATIENT, command, read_report, verdicts
from tests.conformance.endpoint import Endpoint
from tests.conformance.message_reference import MESSAGE_ANSWERS
from tests.conformance.reference import KEY as REFERENCE_KEY
from tests.conformance.reference import spring
from tests.serving import KEY, Served, serving

FAILING = """
format: 1
interactions:
  - when: {user: break off this stream}
    reply: {content: one two three four, fault: {at: 4 frames, do: error}}
  - when: {user: service is overloaded}
    reply: {error: 1305}
"""
MOCK = ("--deterministic", "--failing", "--strict", "--report", "out")
BEYOND_LIMITS = {"OVR-01", "OVR-02", "OVR-03"}
THINKING = {"THK-01", "THK-02", "THK-03"}
MODELS = {
    "glm-4.6": set(),
    "glm-4.7": set(),
    "glm-5.2": set(),
    "glm-5.3": set(),
    "glm-4-flash-250414": THINKING,
    "glm-z1-air": THINKING,
}
"""Models, and the checks of what each cannot do."""


@pytest.fixture(scope="module")
def patch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """The key that the mock accepts, and an empty folder to write to."""
    with pytest.MonkeyPatch.context() as found:
        for name in KEY_VARIABLES:
            found.delenv(name, raising=False)
        found.setenv("ZAI_API_KEY", KEY)
        found.chdir(tmp_path_factory.mktemp("runs"))
        yield found


@pytest.fixture(scope="module")
def scripted(patch: object) -> Iterator[Served]:
    """A mock that plays the scenario `conformance`."""
    with serving(PATIENT, policy="strict", accept=frozenset([KEY]), speed=1) as served:
        yield served


@pytest.fixture(scope="module")
def improvising(patch: object) -> Iterator[Served]:
    """A mock that improvises its answers."""
    with serving(
        FAILING, policy="strict", accept=frozenset([KEY]), speed=10, on_miss="improvise"
    ) as served:
        yield served


def base(served: Served, name: str = "file") -> str:
    return f"{served.host}/s/{name}/api/anthropic"


def not_passed() -> dict[str, str]:
    return {id: verdict for id, verdict in verdicts().items() if verdict != "pass"}


@pytest.mark.parametrize("model", MODELS)
def test_a_scripted_mock_passes_everything(scripted: Served, model: str) -> None:
    assert command("check", base(scripted), "--model", model, *MOCK) == 0
    assert not_passed() == dict.fromkeys(MODELS[model], "not_applicable")
    assert verdicts().keys() == MESSAGE_CHECKS.keys() - BEYOND_LIMITS


def test_requests_beyond_the_limits_are_sent_on_demand(scripted: Served) -> None:
    options = ("--model", "glm-4.6", "-k", "OVR", "--disruptive", "--report", "out")
    assert command("check", base(scripted), *options) == 0
    assert verdicts() == dict.fromkeys(BEYOND_LIMITS, "pass")


@pytest.mark.parametrize("model", MODELS)
def test_an_improvising_mock_passes_everything_within_the_plan(
    improvising: Served, model: str
) -> None:
    session = improvising.session("file")
    before = session.requests
    assert command("check", base(improvising, "file"), "--model", model, *MOCK) == 0
    assert not_passed() == dict.fromkeys(MODELS[model], "not_applicable")

    report, sent = read_report(), session.requests - before
    plan = make_plan(MESSAGE_CHECKS.values(), find_capabilities(model, failing=True))
    assert report["set"] == "glm-anthropic-2026.11"
    # The listing of models and refusals of a key are part of the run, too.
    assert sent <= report["requests"] <= plan.ceiling.requests <= 30
    assert 0 < report["tokens"] <= plan.ceiling.tokens <= 6_000


def test_user_ids_name_the_run_and_headers_carry_the_key(scripted: Served) -> None:
    session = scripted.session("file")
    before = session.requests
    assert command("check", base(scripted), "--model", "glm-4.6", "-k", "KEY-01 or KEY-02") == 0

    entries = [session.journal.get(n) for n in range(before + 1, session.requests + 1)]
    views = [ExchangeView("", entry.exchange) for entry in entries if entry]
    assert [
        view.request_json["metadata"]["user_id"].partition("-message")[2] for view in views
    ] == [
        "",
        "-bearer",
    ]
    assert all("request_id" not in view.request_json for view in views)


def test_a_mock_without_the_switch_for_failures_exercises_the_rest(scripted: Served) -> None:
    assert command("check", base(scripted), "--model", "glm-4.6", "--report", "out") == 0
    assert not_passed() == {
        "ENV-06": "not_applicable",
        "ENV-07": "not_applicable",
        "MSG-07": "not_applicable",
    }


def test_a_fault_fails_the_run_and_is_in_every_report(
    scripted: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    target = base(scripted, "conformance+event-name.9-frames")
    assert command("check", target, "--model", "glm-4.6", "--report", "out") == VIOLATION
    printed = capsys.readouterr().out
    assert "GLM Anthropic conformance, glm-anthropic-2026.11" in printed
    assert "✗ EVT-03 MUST   The event field of each event is the type of its data." in printed
    assert "-H \"x-api-key: $ZAI_API_KEY\" -H 'anthropic-version: 2023-06-01'" in printed
    assert KEY not in printed
    junit = Path("out/junit.xml").read_text(encoding="utf-8")
    assert 'classname="glm-anthropic" name="EVT-03"' in junit
    assert KEY not in Path("out/report.json").read_text(encoding="utf-8")
    kept = (path.read_text("utf-8") for path in Path("out/exchanges").iterdir())
    assert not any(KEY in text for text in kept)


def test_kept_exchanges_get_the_same_verdicts(scripted: Served) -> None:
    kept = ("--record-to", "kept")
    assert command("check", base(scripted), "--model", "glm-4.6", *MOCK, *kept) == 0
    live = verdicts()
    assert command("check", "--replay-from", "kept", *MOCK) == 0
    replayed = verdicts()
    assert replayed.keys() == live.keys()
    assert {id for id in live if live[id] != replayed[id]} <= {"KEY-05", "ENV-02"}

    assert command("check", "kept", "--report", "out") == 0
    report = read_report()
    assert report["set"] == "glm-anthropic-2026.11"
    assert report["summary"]["pass"] >= 35
    assert command("check", "kept", "--set", "glm-v4") == WRONG_USAGE


def test_known_failures_are_accepted(scripted: Served) -> None:
    target = base(scripted, "conformance+event-name.9-frames")
    options = ("--model", "glm-4.6", "-k", "EVT")
    assert command("check", target, *options, "--write-baseline", "known.yaml") == VIOLATION
    assert Path("known.yaml").read_text(encoding="utf-8").count("EVT-03: ") == 1
    assert command("check", target, *options, "--baseline", "known.yaml") == 0
    assert command("check", base(scripted), *options, "--baseline", "known.yaml") == VIOLATION


def test_a_soak_repeats_the_stream_of_the_surface(scripted: Served) -> None:
    options = ("--model", "glm-4.6", "-k", "EVT-03", "--soak", "3", "--report", "out")
    assert command("check", base(scripted), *options) == 0
    report = read_report()
    assert report["soak"] == {"count": 3, "sent": 3, "rates": []}
    assert report["requests"] == 4


def test_reports_of_both_sets_are_compared(
    scripted: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ("--model", "glm-4.6")
    assert command("check", base(scripted), *model, "--report", "messages") == 0
    chat = scripted.base("file")
    assert command("check", chat, *model, "-k", "SSE", "--report", "chat") == 0
    capsys.readouterr()
    assert command("matrix", "messages/report.json", "chat/report.json") == 0
    assert "| EVT-03 MUST | The event field" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://open.bigmodel.cn/api/anthropic", ANTHROPIC_SET),
        ("https://api.z.ai/api/anthropic/", ANTHROPIC_SET),
        ("https://api.z.ai/api/paas/v4", CHAT_SET),
        ("http://localhost:8000/v1", CHAT_SET),
        ("http://localhost:8000/anthropic/v1", CHAT_SET),
    ],
)
def test_the_path_of_the_target_chooses_the_set(url: str, expected: object) -> None:
    assert set_of_url(url) is expected


def test_a_set_is_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    url = "http://127.0.0.1:9/gateway"
    for name in ("glm-anthropic", "glm-anthropic-2026.11"):
        assert command("check", url, "--set", name, "--plan") == 0
        assert "message-stream" in capsys.readouterr().out
    assert command("check", url, "--plan") == 0
    assert "message-stream" not in capsys.readouterr().out
    assert command("check", url, "--set", "glm-antropic", "--plan") == WRONG_USAGE
    assert "there is no set glm-antropic; did you mean glm-anthropic?" in capsys.readouterr().err


def test_the_checks_of_a_set_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check", "--list", "--set", "glm-anthropic") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(MESSAGE_CHECKS)
    assert command("check", "--list") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CHECKS)
    assert command("check", "--explain", "evt-03") == 0
    assert "EVT-03  MUST" in capsys.readouterr().out


def test_the_plan_is_cheap() -> None:
    for model in (*MODELS, "claude-sonnet-4-5"):
        plan = make_plan(MESSAGE_CHECKS.values(), find_capabilities(model, failing=True))
        assert plan.ceiling.requests <= 30
        assert plan.ceiling.tokens <= 6_000


def test_the_probes_are_in_the_bodies_of_this_surface() -> None:
    assert {probe.name for probe in MESSAGE_PROBES} <= PROBES.keys()
    for probe in MESSAGE_PROBES:
        body = probe.body("glm-5.3", find_capabilities("glm-5.3"), "mockglm-x")
        fields = json.loads(body) if body else {}
        assert not fields.keys() & {"thinking", "request_id", "do_sample"}
        assert fields.get("output_config", {}).get("effort") in (None, "low", "high")


def messages_url(endpoint: Endpoint) -> str:
    return endpoint.url.replace("/paas/v4", "/anthropic")


def test_an_overload_is_waited_for_once(endpoint: Endpoint) -> None:
    busy = [MESSAGE_ANSWERS["message-overload"]]
    endpoint.answer_with(lambda name: busy.pop() if busy else MESSAGE_ANSWERS[name])
    options = ("--model", "glm-4.6", "-k", "KEY-01", "--pause", "0", "--report", "out")
    assert command("check", messages_url(endpoint), *options) == 0
    assert endpoint.probes == ["message", "message"]


def test_an_overload_that_stays_cannot_be_judged(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer_with(lambda name: MESSAGE_ANSWERS["message-overload"])
    options = ("--model", "glm-4.6", "--pause", "0")
    assert command("check", messages_url(endpoint), *options) == COULD_NOT_JUDGE
    assert "The endpoint is overloaded, or got too many requests" in capsys.readouterr().out
    assert endpoint.probes == ["message", "message"]


def test_the_probe_for_an_overload_is_not_repeated(endpoint: Endpoint) -> None:
    endpoint.answer_with(MESSAGE_ANSWERS.__getitem__)
    options = ("--model", "glm-4.6", "--failing", "-k", "ENV-06 or KEY-02")
    assert command("check", messages_url(endpoint), *options) == 0
    assert endpoint.probes == ["message-overload", "message-bearer"]


def test_another_endpoint_gets_two_requests(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer_with(lambda name: spring(404, "Not Found"))
    assert command("check", messages_url(endpoint), "--model", "glm-4.6") == VIOLATION
    printed = capsys.readouterr().out
    assert "This is not a chat endpoint; it answered 404" in printed
    assert "That of the Anthropic surface ends before /v1/messages" in printed
    assert endpoint.probes == ["message", "message-stream"]


def test_a_wrong_key_stops_the_run(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint.answer_with(lambda name: MESSAGE_ANSWERS["message-bad-key"])
    assert command("check", messages_url(endpoint), "--model", "glm-4.6") == COULD_NOT_JUDGE
    assert "The key was refused: 401" in capsys.readouterr().out
    assert endpoint.probes == ["message"]
    (_, headers), *_ = endpoint.requests
    assert (headers["x-api-key"], headers["anthropic-version"]) == (REFERENCE_KEY, "2023-06-01")
    assert "authorization" not in headers
