from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm import scenarios, yaml_documents
from mockglm.errors import FileError, UsageError
from mockglm.exchange import APIError, Request
from mockglm.matching import RequestView, When
from mockglm.scenarios import files, schema
from mockglm.validation import Chat

Write = Callable[[str, str], Path]

EMPTY = "format: 1\n"
RECORDED = "format: 1\nrecorded: {at: x, from: y, by: z}\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file below the test's own folder."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_scenario_is_called_as_its_file(write: Write) -> None:
    path = write("rate-limit.v2.yaml", EMPTY)
    assert scenarios.load(path).name == "rate-limit.v2"
    assert scenarios.load(str(path)).path == str(path)


def test_a_single_file_may_be_called_anything(write: Write) -> None:
    assert scenarios.load(write("TestA.test_b[1].yaml", EMPTY)).name == "TestA.test_b[1]"


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        scenarios.load(tmp_path / "a.yaml")
    assert str(caught.value) == f"{tmp_path}/a.yaml:1:1: cannot be read: No such file or directory"


def test_files_are_loaded_in_the_order_given(write: Write) -> None:
    paths = [write("b.yaml", EMPTY), write("a.yaml", EMPTY)]
    assert [one.name for one in scenarios.load_all(paths)] == ["b", "a"]


def test_a_folder_is_loaded_in_the_order_of_paths(write: Write, tmp_path: Path) -> None:
    for name in ("f/c.yaml", "f/a.yml", "f/b/z.yaml", "f/readme.md", "f/.x.yaml", "f/.y/z.yaml"):
        write(name, EMPTY)
    first = write("z1.yaml", EMPTY)
    names = [one.name for one in scenarios.load_all([first, tmp_path / "f"])]
    assert names == ["z1", "a", "z", "c"]


def test_hand_written_files_come_before_recorded_ones(write: Write) -> None:
    paths = [
        write("a.yaml", RECORDED),
        write("b.yaml", EMPTY),
        write("c.yaml", RECORDED),
        write("d.yaml", EMPTY),
    ]
    assert [one.name for one in scenarios.load_all(paths)] == ["b", "d", "a", "c"]


def test_files_of_one_name_are_loaded_all(write: Write) -> None:
    paths = [write("x/a.yaml", EMPTY), write("y/a.yml", EMPTY)]
    assert [one.path for one in scenarios.load_all(paths)] == list(map(str, paths))


@pytest.mark.parametrize("stem", ["A", "-a", ".a", "a b", "天气", "a+b", "TestA.test_b-x"])
def test_files_are_loaded_whatever_their_name(stem: str, write: Write) -> None:
    assert [one.name for one in scenarios.load_all([write(f"{stem}.yaml", EMPTY)])] == [stem]


def test_a_file_given_twice_is_loaded_once(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("f/a.yaml", EMPTY)
    write("f/b.yaml", EMPTY)
    monkeypatch.chdir(tmp_path)
    paths: list[str | Path] = ["f/b.yaml", "f", tmp_path / "f" / "a.yaml"]
    assert list(scenarios.find_files(paths)) == [Path("f/b.yaml"), Path("f/a.yaml")]


def test_the_mistakes_of_all_files_are_reported_together(write: Write) -> None:
    paths = [write("a.yaml", "format: 2"), write("b.yaml", EMPTY), write("c.yaml", "x: 1")]
    with pytest.raises(FileError) as caught:
        scenarios.load_all(paths)
    assert [(problem.path, problem.message) for problem in caught.value.problems] == [
        (str(paths[0]), "expected 1, found `2`"),
        (str(paths[2]), "`format` is missing"),
        (str(paths[2]), caught.value.problems[2].message),
    ]


def test_a_missing_path_is_reported_with_the_nearest(write: Write, tmp_path: Path) -> None:
    near = write("hello.yaml", EMPTY)
    with pytest.raises(UsageError) as caught:
        scenarios.load_all([tmp_path / "helo.yaml"])
    assert str(caught.value) == f"{tmp_path}/helo.yaml does not exist, did you mean `{near}`?"


def test_a_folder_without_scenarios_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        scenarios.load_all([tmp_path])
    assert str(caught.value) == f"{tmp_path} contains no *.yaml or *.yml files"


def test_an_interaction_is_parsed_from_python_values() -> None:
    made = scenarios.parse_interaction(
        {"when": {"user": ("天气", "/晴/")}, "reply": [{"error": 1302}, {"content": 1.5}]},
        "test_x.py",
        12,
    )
    assert made.when == When(user=["天气", "/晴/"])
    assert made.location == "test_x.py:12"
    first, second = (step.renderer for step in made.steps)
    assert first is not None
    assert second is not None
    assert first.reply.error == APIError("1302")
    assert second.reply.content == "1.5"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"reply": {"contnt": ""}}, "unknown key `contnt`, did you mean `content`?"),
        ({"reply": {"error": 1308}}, "the message of 1308 needs `number`, `unit`, `reset`"),
    ],
)
def test_mistakes_in_python_values_are_reported_alike(
    written: dict[str, object], problem: str
) -> None:
    with pytest.raises(FileError) as caught:
        scenarios.parse_interaction(written, "test_x.py", 12)
    assert str(caught.value) == f"test_x.py:12:1: {problem}"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"reply": {"contnt": ""}}, "body.reply: unknown key `contnt`, did you mean `content`?"),
        ({"reply": [{}, {"error": 1308}]}, "body.reply[1].error: the message of 1308 needs"),
        ({"reply": {"fault": ["reset", "rest"]}}, "body.reply.fault[1]: fault rest: there is no"),
        ({"repl": {}}, "body: unknown key `repl`, did you mean `reply`?"),
    ],
)
def test_mistakes_in_values_of_no_file_name_the_value(
    written: dict[str, object], problem: str
) -> None:
    with pytest.raises(FileError) as caught:
        scenarios.parse_interaction(written, "body")
    assert str(caught.value).startswith(problem)


def test_values_of_no_file_have_the_given_name() -> None:
    assert scenarios.parse_interaction({"reply": {}}, "body").short_location == "body"


STRUCTS = [getattr(schema, name) for name in schema.__all__]
KEYS = sorted({field.encode_name for struct in STRUCTS for field in msgspec.structs.fields(struct)})
ODD = ["1302", "1308", "$.a", "(", "/(/", "{{", "{{ 1 }}", "stop", "none", "close", "reset", "5h"]
WORDS = st.sampled_from([*KEYS, *ODD, "do"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2000) | st.floats(0, 2) | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, VALUES, max_size=5))
def test_any_mapping_loads_or_is_reported(written: dict[str, object]) -> None:
    text = json.dumps({"format": 1, **written})
    with suppress(FileError):
        assert scenarios.parse(text.encode(), "a.yaml").path == "a.yaml"


@given(st.dictionaries(WORDS, VALUES, max_size=3))
def test_any_interaction_is_parsed_or_reported(written: dict[str, object]) -> None:
    with suppress(FileError):
        assert scenarios.parse_interaction(written, "a.py", 7).location == "a.py:7"


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_load_or_are_reported(source: bytes) -> None:
    with suppress(FileError):
        assert scenarios.parse(source, "a.yaml").path == "a.yaml"


def named(*paths: str) -> list[scenarios.Scenario]:
    """Scenarios with the names that loading these paths would give them."""
    stems = (path.rpartition("/")[2].removesuffix(".yaml") for path in paths)
    return [
        scenarios.Scenario(name=stem, path=path) for stem, path in zip(stems, paths, strict=True)
    ]


NAMED = named("x/a.yaml", "x/b.yaml", "y/b.yaml", "x/TestC.test_d.yaml", "e-1.v2.yaml")


def test_unique_names_that_fit_a_url_are_indexed() -> None:
    assert files.index_by_name(NAMED) == {"a": NAMED[0], "e-1.v2": NAMED[4]}


@pytest.mark.parametrize("stem", ["A", "-a", ".a", "a b", "天气", "a+b", "a@b", "_a", ""])
def test_a_name_that_does_not_fit_a_url_is_not_indexed(stem: str) -> None:
    assert files.index_by_name(named(f"x/{stem}.yaml")) == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b", "2 files are called 'b': x/b.yaml, y/b.yaml; rename one, or load it alone"),
        (
            "TestC.test_d",
            "no URL can name x/TestC.test_d.yaml; rename it, a name has a-z, 0-9, `.`, `_` and "
            "`-`, a-z or 0-9 first",
        ),
        ("a", ""),
        ("nowhere", ""),
    ],
)
def test_the_reason_why_no_url_names_a_scenario(name: str, reason: str) -> None:
    assert files.unknown_name(name, NAMED) == reason


def test_a_message_lists_three_of_many_files_with_one_name() -> None:
    many = named(*(f"{folder}/a.yaml" for folder in "vwxyz"))
    assert files.unknown_name("a", many).startswith(
        "5 files are called 'a': v/a.yaml, w/a.yaml, x/a.yaml, …; rename one"
    )


def compiled(text: str) -> list[Any]:
    """Everything that is compiled of a file's interactions, but for templates."""
    return [
        (
            (one.location, one.when, one.request, one.times, one.validate, one.speed),
            [(step.renderer, step.response, step.pace, step.faults) for step in one.steps],
        )
        for one in scenarios.parse(text.encode(), "a.yaml").interactions
    ]


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function after which each interaction of a file is a part of its own."""
    return lambda: monkeypatch.setattr(yaml_documents, "SPLIT_SIZE", 1)


@pytest.mark.parametrize("name", sorted(scenarios.shipped_scenarios()))
def test_a_file_that_is_read_part_by_part_is_compiled_as_whole(
    name: str, split: Callable[[], None]
) -> None:
    text = scenarios.shipped_scenarios()[name].read_text("utf-8")
    whole = compiled(text)
    split()
    assert compiled(text) == whole


SPLIT = """\
format: 1
interactions:
  - when: {user: one}
    reply: {content: first}
  # A comment with a dash:
  # - when
  -
    when: {user: two}
    response:
      events: |
        0.1 a
        - 0.2 b
defaults: {reasoning: thought}
"""

UNSPLIT = [
    SPLIT.replace("{user: one}", "{usr: one}"),
    SPLIT.replace("{user: two}", "{usr: two}"),
    SPLIT.replace("0.2 b", "0.2 b\n  - repl: {}\n  - reply: {fault: glu}"),
    SPLIT.replace("- 0.2 b", "0.2 b\n  - when: {user: '\n  - three'}\n    reply: {fault: glu}"),
    SPLIT.replace("- 0.2 b", "0.2 b\n  - reply: {content: [1,\n  - 2]}"),
    SPLIT.replace("{user: one}", "&a {user: one}").replace("{user: two}", "*a"),
    SPLIT.replace("- 0.2 b", "0.2 b\n  - !!str x"),
    SPLIT.replace("defaults", "...\ndefaults"),
    SPLIT.replace("defaults", "interactions"),
    SPLIT.replace("{content: first}", "{content: 'first\u2028second', fault: glu}"),
]


@pytest.mark.parametrize("text", [SPLIT, *UNSPLIT])
def test_mistakes_have_the_same_places_in_a_file_that_is_read_part_by_part(
    text: str, split: Callable[[], None]
) -> None:
    with pytest.raises(FileError) as whole:
        compiled(text)
    split()
    with pytest.raises(FileError) as parted:
        compiled(text)
    assert parted.value.problems == whole.value.problems


def test_most_files_are_read_part_by_part(split: Callable[[], None]) -> None:
    split()
    document = yaml_documents.split_list(SPLIT.encode(), "interactions")
    assert document is not None
    assert [(line, part.count(b"when:")) for line, part in document.parts] == [(2, 1), (6, 1)]
    assert document.rest.count(b"\n") == SPLIT.count("\n")


def test_a_template_that_fails_names_its_line_in_a_file_that_is_read_part_by_part(
    split: Callable[[], None],
) -> None:
    split()
    text = """\
format: 1
interactions:
  - reply: {content: one}
  - reply: {template: true, content: "{{ 1 // 0 }}"}
"""
    step = scenarios.parse(text.encode(), "a.yaml").interactions[1].steps[0]
    with pytest.raises(FileError, match=r"a\.yaml:4:"):
        step.render(RequestView(Chat(), Request("POST", "/chat/completions")), 0.0)
