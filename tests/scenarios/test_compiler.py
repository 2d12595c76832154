from __future__ import annotations

from typing import Any

import pytest

from mockglm.clock import Pace
from mockglm.matching import When, canonical
from mockglm.scenarios import RecordedRequest
from tests.scenarios.loading import load, one, problems, step


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("{}", When()),
        ("{model: glm-4.6}", When(model="glm-4.6")),
        ("{model: 4.6}", When(model="4.6")),
        ("{model: [glm-4.*, glm-5]}", When(model=["glm-4.*", "glm-5"])),
        ("{stream: true, thinking: false}", When(stream=True, thinking=False)),
        ("{user: 天气}", When(user="天气")),
        ("{user: [天气, /北.京/i]}", When(user=["天气", "/北.京/i"])),
        (
            "{system: a, assistant: b, tool: [c]}",
            When(system="a", assistant="b", tool=["c"]),
        ),
        ("{text: 42}", When(text="42")),
        ("{after_tool: weather}", When(after_tool="weather")),
        ("{tools: [f, g]}", When(tools=["f", "g"])),
        (
            "{body: {temperature: 0.5, stop: ['1'], seed: null}}",
            When(body={"temperature": 0.5, "stop": ["1"], "seed": None}),
        ),
        ("{header: {X-Id: 1, Accept: /json/}}", When(header={"X-Id": "1", "Accept": "/json/"})),
        ("{key: id.*}", When(key="id.*")),
        ("{chance: 0.25}", When(chance=0.25)),
    ],
)
def test_a_pattern_is_compiled(text: str, when: When) -> None:
    interaction = one(f"interactions: [{{when: {text}, reply: {{}}}}]")
    assert interaction.when == when
    assert interaction.request is None
    assert not interaction.is_recorded


def test_an_interaction_without_a_pattern_matches_any_request() -> None:
    assert one("interactions: [{reply: {}}]").when == When()


def test_a_recorded_request_has_its_canonical_key() -> None:
    interaction = one(
        """
        interactions:
        - request:
            path: /chat/completions
            query: a=1
            body: {model: glm-4.6, messages: [{role: user, content: 你好}], stream: true}
          response: {body: x}
        """
    )
    body = (
        '{"model":"glm-4.6","messages":[{"role":"user","content":"你好"}],"stream":true}'.encode()
    )
    key = canonical.key("POST", "/chat/completions", query="a=1", body=body)
    assert interaction.request == RecordedRequest("POST", "/chat/completions", "a=1", body, key)
    assert interaction.when is None
    assert interaction.is_recorded


def test_ignore_and_replace_change_the_canonical_key() -> None:
    scenario = load(
        """
        ignore: [$.seed]
        replace: {"[0-9]{4}-[0-9]{2}-[0-9]{2}": DATE}
        interactions:
        - request: {path: /p, body: {seed: 1, on: 2026-09-09}}
          reply: {}
        - request: {path: /p, body: {seed: 2, on: 2026-09-10}}
          reply: {}
        - request: {path: /p, body: {seed: 2, on: today}}
          reply: {}
        """
    )
    first, second, third = (one.request and one.request.key for one in scenario.interactions)
    assert first == second != third
    assert scenario.ignore == ("$.seed",)
    assert scenario.replace == (("[0-9]{4}-[0-9]{2}-[0-9]{2}", "DATE"),)


def test_when_and_request_combine_with_reply_and_response() -> None:
    text = (
        "interactions: [{when: {user: a}, response: {body: b}}, {request: {path: /p}, reply: {}}]"
    )
    first, second = load(text).interactions
    assert first.when is not None
    assert first.steps[0].response is not None
    assert second.request is not None
    assert second.steps[0].renderer is not None


def test_other_keys_of_an_interaction_are_kept() -> None:
    interaction = one("interactions: [{reply: {}, times: 3, validate: false, speed: 0}]")
    assert (interaction.times, interaction.validate, interaction.speed) == (3, False, 0.0)


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ("{}", None),
        ("{pace: model}", "model"),
        ("{pace: {}}", Pace()),
        ("{pace: {first: 1, every: .5, jitter: 0.1}}", Pace(1.0, 0.5, 0.1)),
    ],
)
def test_pace_is_in_seconds_or_the_models(text: str, pace: Any) -> None:
    assert step(text).pace == pace


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("reset", ["reset"]),
        ("{at: 3 frames, do: reset}", ["reset"]),
        ("[no-done, {do: stall, at: 3 frames, for: 30s}]", ["no-done", "stall"]),
        ("stall.3-frames.for-30s", ["stall"]),
        ("[]", []),
    ],
)
def test_faults_are_kept_in_order(text: str, names: list[str]) -> None:
    assert [laid.fault.name for laid in step(f"{{fault: {text}}}").faults] == names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{}", ["4: `reply` or `response` is missing"]),
        ("{reply: []}", ["12: `reply` or `response` is missing"]),
        ("{reply: a}", ["12: expected a mapping or a list of mappings, found `a`"]),
        (
            "{reply: {}, response: {}}",
            ["26: `response` beside `reply`: an interaction has one of them"],
        ),
        (
            "{when: {}, request: {path: /p}, reply: {}}",
            ["24: `request` beside `when`: an interaction has one of them"],
        ),
        ("{request: {}, reply: {}}", ["14: `path` is missing"]),
        ("{whne: {}, reply: {}}", ["5: unknown key `whne`, did you mean `when`?"]),
        ("{when: {usr: a}, reply: {}}", ["12: unknown key `usr`, did you mean `user`?"]),
        (
            "{when: {chance: 2}, reply: {}}",
            ["20: expected a number from 0 to 1, found `2`"],
        ),
        ("{reply: {}, times: 0}", ["23: expected a whole number of at least 1, found `0`"]),
        ("{reply: {}, speed: -1}", ["23: expected a number of at least 0, found `-1`"]),
        ("{reply: {}, validate: no}", ["26: expected true or false, found `no`"]),
        (
            "{reply: {fault: rest}}",
            ["20: fault rest: there is no such fault; did you mean reset?"],
        ),
        ("{reply: {fault: {at: 3 frames}}}", ["20: fault : there is no such fault;"]),
        (
            "{reply: {fault: [reset, {do: reset, at: never}]}}",
            ["28: fault reset: 'never' is not a position; expected N frames"],
        ),
        (
            f"{{reply: {{fault: [{'reset, ' * 8}drip]}}}}",
            ["77: there are 9 faults; at most 8 can apply to one response"],
        ),
        ("{reply: {fault: [[reset]]}}", ["21: expected text or a mapping, found a list"]),
    ],
)
def test_mistakes_of_an_interaction_have_their_place(text: str, found: list[str]) -> None:
    told = problems(f"format: 1\ninteractions:\n- {text}\n".replace("- {", "-  {"))
    assert len(told) == len(found)
    for line, beginning in zip(told, found, strict=True):
        assert line.startswith(f"test.yaml:3:{beginning}")


def test_every_wrong_key_of_a_pattern_is_reported() -> None:
    text = """\
    format: 1
    interactions:
    - when:
        user: [a, /(/]
        model: ""
        text: a
        header: {}
      reply: {}
    """
    places = [problem.split(": ")[:2] for problem in problems(text)]
    assert places == [
        ["test.yaml:4:11", "user"],
        ["test.yaml:5:12", "model"],
        ["test.yaml:7:13", "header"],
    ]


def test_wrong_paths_and_patterns_of_the_file_are_reported() -> None:
    text = "format: 1\nignore: [a, $.b, '$']\nreplace: {'(': a, b: c}\ninteractions: []\n"
    told = problems(text)
    assert [problem.split(" ")[0] for problem in told] == [
        "test.yaml:2:10:",
        "test.yaml:2:18:",
        "test.yaml:3:16:",
    ]


def test_all_mistakes_of_a_file_are_reported_together() -> None:
    text = """\
    format: 2
    abuot: x
    interactions:
    - when: {user: /(/}
      reply:
        - error: 1302
        - {error: 1308, tmies: 2}
    - reply: {content: [], chunks: 0}
    - when: {model: a}
    - request: {path: /p}
      response: {events: "x", body: y}
    accounts:
    - {key: k, plan: [{window: long, requests: 1}]}
    models: [{id: m, like: glm-4.7x}]
    """
    assert problems(text) == [
        "test.yaml:1:9: expected 1, found `2`",
        "test.yaml:2:1: unknown key `abuot`, did you mean `about`?",
        *[line for line in problems(text) if line.startswith("test.yaml:4:16: user:")],
        "test.yaml:7:21: unknown key `tmies`, did you mean `times`?",
        "test.yaml:8:20: expected text, found a list",
        "test.yaml:8:32: expected a whole number of at least 1 or a list of text or a mapping,"
        " found `0`",
        "test.yaml:9:3: `reply` or `response` is missing",
        "test.yaml:11:22: `events` beside `body`: a response has one body",
        "test.yaml:13:28: `long` is not a duration; expected 30s, 5m, 5h or 7d",
        "test.yaml:14:24: unknown model `glm-4.7x`, did you mean `glm-4.7`?",
    ]


def test_wrong_rows_do_not_hide_mistakes_of_others() -> None:
    text = """\
    format: 1
    ignore: [[a], b]
    replace: {a: [b], '(': c}
    models: [{id: a}, {id: b, like: zzz}]
    accounts: [{kye: a}, {key: k}, {key: k}]
    overload: [{model: []}, {model: a, for: x}]
    """
    places = [":".join(problem.split(":")[1:3]) for problem in problems(text)]
    assert places == [
        "2:10",
        "2:15",
        "3:14",
        "3:24",
        "4:10",
        "4:33",
        "5:12",
        "5:13",
        "5:38",
        *[
            "6:20",
            "6:41",
        ],
    ]


def test_two_speeds_whose_product_is_infinite_are_refused() -> None:
    text = "format: 1\nspeed: 1e308\ninteractions: [{reply: {}, speed: 1e308}]"
    (problem,) = problems(text)
    assert problem.endswith("3:35: too fast together with the `speed` of the file")
