from __future__ import annotations

import pytest
from msgspec.structs import replace

from mockglm.accounts import LEVELS, STATES, Account, CreditRate, Overload, Price, Window
from mockglm.clock import Pace
from mockglm.error_codes import CODES
from mockglm.models import MODELS
from mockglm.scenarios import Provenance
from tests.scenarios.loading import load, problems


def test_a_minimal_file_has_no_sections() -> None:
    scenario = load("")
    assert scenario.name == "test"
    assert scenario.path == "test.yaml"
    assert scenario.about == ""
    assert scenario.interactions == ()
    assert scenario.accounts == ()
    assert scenario.overload == ()
    assert scenario.models == {}
    assert not scenario.keys_listed
    assert scenario.speed is None
    assert scenario.provenance is None
    assert scenario.ignore == ()
    assert scenario.replace == ()


def test_a_model_has_the_other_properties_of_its_like() -> None:
    models = load(
        """
        models:
        - {id: glm-9, like: glm-4.6}
        - id: glm-9-fast
          like: glm-9
          context: 1000
          ceiling: 10
          thinking: always
          thought: tags
          overflow: truncate
          temperature: 0.5
          pace: {first: 1, every: 2}
        """
    ).models
    base = replace(MODELS["glm-4.6"], id="glm-9", is_listed=False, created=0)
    assert models == {
        "glm-9": base,
        "glm-9-fast": replace(
            base,
            id="glm-9-fast",
            context=1000,
            ceiling=10,
            thinking="always",
            thought="tags",
            overflow="truncate",
            temperature=0.5,
            pace=Pace(1.0, 2.0),
        ),
    }


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("{key: a.b}", Account(key="a.b")),
        ("{key: 1302, balance: 0}", Account(key="1302", balance=0.0)),
        ("{key: k, balance: -1.5}", Account(key="k", balance=-1.5)),
        ("{key: k, balance: {tokens: 20000}}", Account(key="k", balance=20000, unit="tokens")),
        ("{key: k, balance: {requests: 0}}", Account(key="k", balance=0, unit="requests")),
        (
            "{key: k, balance: 1, prices: {'glm-4.*': {input: 2, output: 8, cached: 0.4}}}",
            Account(key="k", balance=1.0, prices=(("glm-4.*", Price(2.0, 8.0, 0.4)),)),
        ),
        ("{key: k, concurrency: 2}", Account(key="k", concurrency=(("*", 2),))),
        (
            "{key: k, concurrency: {glm-5.3: 1, 'glm-4.*': 0}}",
            Account(key="k", concurrency=(("glm-5.3", 1), ("glm-4.*", 0))),
        ),
        (
            "{key: k, plan: [{window: 5h, requests: 40}, {window: 7d, requests: 400}]}",
            Account(key="k", plan=(Window(18000.0, 40), Window(604800.0, 400))),
        ),
        ("{key: k, plan: [{window: 90, requests: 0}]}", Account(key="k", plan=(Window(90.0, 0),))),
        (
            "{key: k, plan: [{window: 5h, credits: 9}], rates: {a: {input: 1, output: 2}}}",
            Account(
                key="k",
                plan=(Window(18000.0, 9, "credits"),),
                rates=(("a", CreditRate(1.0, 1.0, 2.0)),),
            ),
        ),
        ("{key: k, plan: max}", Account(key="k", plan=LEVELS["max"], level="max")),
        ("{key: k, models: []}", Account(key="k", models=())),
        ("{key: k, models: [glm-4.*]}", Account(key="k", models=("glm-4.*",))),
        ("{key: k, denied: glm-5.3}", Account(key="k", denied=("glm-5.3",))),
        ("{key: k, denied: [a, b]}", Account(key="k", denied=("a", "b"))),
        ("{key: k, state: expired}", Account(key="k", state="expired")),
    ],
)
def test_an_account_is_compiled(text: str, account: Account) -> None:
    assert load(f"accounts: [{text}]").accounts == (account,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "{key: k, balance: {}}",
            "test.yaml:2:30: expected either {tokens: N} or {requests: N}",
        ),
        (
            "{key: k, balance: {tokens: 1, requests: 1}}",
            "test.yaml:2:30: expected either {tokens: N} or {requests: N}",
        ),
        (
            "{key: k, balance: {yuan: 1}}",
            "test.yaml:2:31: unknown key `yuan`; known here are tokens, requests",
        ),
        (
            "{key: k, prices: {glm-5: {input: 1, output: 1}}}",
            "test.yaml:2:29: `prices` need a balance in yuan",
        ),
        (
            "{key: k, plan: [{window: 5h, requests: 1, credits: 1}]}",
            "test.yaml:2:28: expected either `requests: N` or `credits: N`",
        ),
        (
            "{key: k, plan: [{window: 5h, requests: 1}], rates: {a: {input: 1, output: 1}}}",
            "test.yaml:2:63: `rates` need a plan that counts credits",
        ),
    ],
)
def test_an_impossible_balance_or_plan_is_reported(text: str, problem: str) -> None:
    assert problem in problems(f"format: 1\naccounts: [{text}]")


def test_every_state_answers_a_code_of_the_table() -> None:
    assert set(STATES.values()) <= set(CODES)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("for: 30s", 30.0),
        ("for: 30", 30.0),
        ("for: 1.5 m", 90.0),
        ("for: 500ms", 0.5),
        ("for: 2w", 1209600.0),
    ],
)
def test_an_overload_has_its_duration(text: str, seconds: float | None) -> None:
    scenario = load(f"overload: [{{model: glm-*, {text}}}]")
    assert scenario.overload == (Overload("glm-*", seconds),)


def test_the_rest_of_the_file_is_kept() -> None:
    scenario = load(
        """
        about: 两次并发超限，然后成功。
        keys: listed
        speed: 2
        recorded: {at: 2026-09-09 05:38:28, from: https://api.z.ai/api/paas/v4, by: mockglm 0.1.0}
        """
    )
    assert scenario.about == "两次并发超限，然后成功。"
    assert scenario.keys_listed
    assert scenario.speed == 2.0
    assert scenario.provenance == Provenance(
        "2026-09-09 05:38:28", "https://api.z.ai/api/paas/v4", "mockglm 0.1.0"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models: [{id: a, like: glm-46}]", "24: unknown model `glm-46`, did you mean"),
        ("models: [{id: a, like: zzz}]", "24: unknown model `zzz`"),
        (
            "models: [{id: a, like: glm-5}, {id: a, like: glm-5}]",
            "37: duplicate model `a`",
        ),
        ("models: [{like: glm-5}]", "10: `id` is missing"),
        ("accounts: [{key: a}, {key: a}]", "28: another account has this key, too"),
        ("accounts: [{key: a, concurrency: -1}]", "34: expected a whole number of at least 0 or"),
        ("accounts: [{key: a, state: gone}]", "28: expected one of absent, active, expired,"),
        ("overload: [{model: a, for: 400d}]", "28: `400d` is too long; 366 d is the most"),
        (
            "overload: [{model: a, for: ever}]",
            "28: `ever` is not a duration; expected 30s, 5m, 5h or",
        ),
        ("overload: [{model: a, fro: 1s}]", "23: unknown key `fro`, did you mean `for`?"),
        ("keys: lsited", "7: expected one of any, listed, found `lsited`, did you mean `listed`?"),
        ("recorded: {at: x, by: y}", "11: `from` is missing"),
        ("speed: fast", "8: expected a number of at least 0, found `fast`"),
        ("interactions: {}", "15: expected a list of mappings, found a mapping"),
    ],
)
def test_mistakes_of_other_sections_have_their_place(text: str, problem: str) -> None:
    found = problems(f"format: 1\n{text}\n")
    assert len(found) == 1
    assert found[0].startswith(f"test.yaml:2:{problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("about: x", "1:1: `format` is missing"),
        ("format: 2", "1:9: expected 1, found `2`"),
        ("[]", "1:1: expected a mapping, found a list"),
        ("hello", "1:1: expected a mapping, found `hello`"),
        ("", "1:1: the file is empty"),
    ],
)
def test_files_of_another_format_are_reported(text: str, problem: str) -> None:
    assert problems(text) == [f"test.yaml:{problem}"]
