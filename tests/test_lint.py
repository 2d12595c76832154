"""What is wrong with files that load all the same."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockglm.cassettes import dump, file_head
from mockglm.cli.lint import lint_command as verb
from mockglm.errors import UsageError
from mockglm.lint import LintLimits, lint_files
from mockglm.scenarios import shipped_scenarios
from tests.cassettes.exchanges import exchange

KEY = "0123456789abcdef0123456789abcdef.SecretSecret1234"
NOW = 1_795_334_400.0  # 2026-11-22T08:00:00Z
HEAD = file_head("https://open.bigmodel.cn/api/paas/v4", "2026-11-01T08:00:00Z", "mockglm")
LIMITS = LintLimits(now=NOW)
NEVER = "4:1: never plays: line 3 answers all it would"


def found(folder: Path, text: str, limits: LintLimits = LIMITS) -> list[str]:
    """The problems of one file, as `line:column: message`."""
    path = folder / "a.yaml"
    path.write_text(text, "utf-8")
    return [str(problem).removeprefix(f"{path}:") for problem in lint_files([path], limits)]


def test_the_scenarios_that_are_shipped_are_clean() -> None:
    assert lint_files(shipped_scenarios().values(), LIMITS) == ()


def test_a_cassette_as_it_was_recorded_is_clean(tmp_path: Path) -> None:
    text = HEAD + dump(exchange("一")) + dump(exchange("一", size=2)) + dump(exchange("二"))
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("format: 2\n", ["1:9: expected 1, found `2`"]),
        ("a: [\n", ["2:1: while parsing a flow node, did not find expected node content"]),
        ("format: 1\n", ["1:1: the file has no interactions"]),
        ("format: 1\naccounts: [{key: a, balance: 0}]\n", []),
        (HEAD + "- request: {path: /a}\n  response: {}\n", ["7:1: the response is empty"]),
        (HEAD + "- request: {path: /a}\n  response: {status: 204}\n", []),
    ],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, text: str, problems: list[str]
) -> None:
    assert found(tmp_path, text) == problems


def test_a_key_is_found_where_it_stands(tmp_path: Path) -> None:
    text = f"format: 1\ninteractions:\n- reply:\n    content: 密 {KEY}\n"
    assert found(tmp_path, text) == ["4:18: this is an API key: remove it, and revoke it"]


def test_keys_of_accounts_are_allowed_unless_real(tmp_path: Path) -> None:
    text = f"format: 1\naccounts: [{{key: {KEY}}}]\n"
    assert found(tmp_path, text) == []
    real = LintLimits(now=NOW, secrets=(KEY,))
    assert found(tmp_path, text, real) == ["2:18: this is an API key: remove it, and revoke it"]


@pytest.mark.parametrize(
    "chunks",
    [
        f"- {{at: 0, base64: {base64.b64encode(KEY.encode()).decode()}}}",
        f'- [0, "{KEY[:40]}"]\n    - [1, "{KEY[40:]}"]',
        f'- [0, "{KEY.replace(".", chr(92) + "x2e")}"]',
    ],
)
def test_a_key_that_cannot_be_seen_is_found(tmp_path: Path, chunks: str) -> None:
    written = f"- when: {{user: a}}\n  response:\n    chunks:\n    {chunks}\n"
    text = f"format: 1\ninteractions:\n{written}"
    assert found(tmp_path, text) == ["3:1: this contains an API key: remove it, and revoke it"]


def test_a_key_that_is_known_is_found_whatever_its_shape(tmp_path: Path) -> None:
    text = "format: 1\ninteractions:\n- reply: {content: my-own-key-12}\n"
    limits = LintLimits(now=NOW, secrets=("my-own-key-12",))
    assert found(tmp_path, text, limits) == ["3:20: this is an API key: remove it, and revoke it"]
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("at", "days", "problems"),
    [
        ("2026-11-01T08:00:00Z", 30, []),
        ("2026-11-01T08:00:00Z", 20, ["recorded 21 days ago, more than 20: record it again"]),
        ("2026-11-01", 20, ["recorded 21 days ago, more than 20: record it again"]),
        ("unknown", 20, ["the age is unknown: `unknown` is not a date"]),
        ("unknown", None, []),
    ],
)
def test_a_recording_has_an_age(
    tmp_path: Path, at: str, days: float | None, problems: list[str]
) -> None:
    text = HEAD.replace("2026-11-01T08:00:00Z", at) + dump(exchange())
    limits = LintLimits(now=NOW, days=days)
    assert found(tmp_path, text, limits) == [f"2:1: {problem}" for problem in problems]


def test_duplicates_are_named(tmp_path: Path) -> None:
    text = HEAD + dump(exchange("一")) + dump(exchange("二")) + dump(exchange("一"))
    assert found(tmp_path, text) == ["39:1: the same as line 7, word for word"]


@pytest.mark.parametrize(
    ("first", "problems"),
    [
        ("- {when: {user: a}, reply: {content: b}}", [NEVER]),
        ("- {when: {user: a}, times: 1, reply: {content: b}}", []),
        ("- {when: {user: a}, reply: [{content: b}, {content: c, times: 1}]}", []),
        ("- {when: {user: a, chance: 0.5}, reply: {content: b}}", []),
        ("- {when: {user: b}, reply: {content: b}}", []),
    ],
)
def test_interactions_that_can_never_play_are_named(
    tmp_path: Path, first: str, problems: list[str]
) -> None:
    text = f"format: 1\ninteractions:\n{first}\n- {{when: {{user: a}}, reply: {{content: c}}}}\n"
    assert found(tmp_path, text) == problems


def test_a_name_belongs_to_one_file(tmp_path: Path) -> None:
    text = "format: 1\ninteractions: [{reply: {content: a}}]\n"
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "c.yaml").write_text(text, "utf-8")
    (problem,) = lint_files([tmp_path], LIMITS)
    assert problem.message == f"the name `c` is taken by {tmp_path / 'a' / 'c.yaml'}"


def test_a_path_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        lint_files([tmp_path / "a.yaml"], LIMITS)


@pytest.mark.parametrize(
    ("key", "places"), [("sk-live-abcdef12345", ["9:24", "16:26"]), ("short", ["7:1"])]
)
def test_a_key_of_a_query_is_found_wherever_it_stands(
    tmp_path: Path, key: str, places: list[str]
) -> None:
    asked = f"- request:\n    path: /a\n    query: a=1&Api_Key={key}\n"
    answered = "  response:\n    status: 401\n    headers:\n      Content-Type: text/plain\n"
    text = f"{HEAD}{asked}    body: b\n{answered}    at: 0.1\n    body: no such key as {key}\n"
    verb = "is" if len(places) > 1 else "contains"
    assert found(tmp_path, text) == [
        f"{place}: this {verb} an API key: remove it, and revoke it" for place in places
    ]
    assert found(tmp_path, text.replace(key, "REDACTED")) == []


def test_problems_can_be_had_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("format: 2\n", "utf-8")
    ended = CliRunner().invoke(verb, ["a.yaml", "--json"])
    problem = {"path": "a.yaml", "line": 1, "column": 9, "message": "expected 1, found `2`"}
    assert ended.exit_code == 1
    assert json.loads(ended.output) == {"schema": "mockglm.lint/1", "problems": [problem]}
    Path("a.yaml").write_text("format: 1\ninteractions: [{reply: {content: a}}]\n", "utf-8")
    ended = CliRunner().invoke(verb, ["a.yaml", "--json"])
    assert ended.exit_code == 0
    assert json.loads(ended.output)["problems"] == []


def test_the_verb_ends_1_where_something_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ZAI_API_KEY=my-own-key-12\n", "utf-8")
    path = tmp_path / "a.yaml"
    path.write_text("format: 1\ninteractions: [{reply: {content: my-own-key-12}}]\n", "utf-8")
    ended = CliRunner().invoke(verb, ["a.yaml"])
    assert (ended.exit_code, ended.output) == (
        1,
        "a.yaml:2:34: this is an API key: remove it, and revoke it\n",
    )
    path.write_text("format: 1\ninteractions: [{reply: {content: a}}]\n", "utf-8")
    ended = CliRunner().invoke(verb, ["a.yaml", "--max-age", "1"])
    assert (ended.exit_code, ended.output) == (0, "")
