"""YAML files that are not read, or not to their end."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockglm import yaml_documents
from mockglm.errors import FileError
from mockglm.scenarios import parse


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": lambda path: os.mkfifo(path),
    "socket": bind,
    "device": lambda path: path.symlink_to("/dev/zero"),
}


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(FileError) as caught:
        read()
    return str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="there are only files")
@pytest.mark.parametrize("kind", KINDS)
def test_only_a_regular_file_is_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    path = Path("x.yaml")
    KINDS[kind](path)
    message = refused(lambda: yaml_documents.read_file(path))
    assert message == "x.yaml:1:1: cannot be read: not a regular file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = tmp_path / "x.yaml", tmp_path / "file"
    file.touch()
    os.mkfifo(path)
    # As if it had been a file when it was looked at.
    status = file.stat()
    monkeypatch.setattr(Path, "stat", lambda self: status)
    message = refused(lambda: yaml_documents.read_file(path))
    assert message == f"{path}:1:1: cannot be read: not a regular file"


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.symlink_to(path)
    message = refused(lambda: yaml_documents.read_file(path))
    assert message == f"{path}:1:1: cannot be read: {os.strerror(40)}"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    message = refused(lambda: yaml_documents.read_file(tmp_path))
    assert message == f"{tmp_path}:1:1: cannot be read: Is a directory"


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_documents, "MAX_SIZE", 2**20)
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * 2**20)
    assert len(yaml_documents.read_file(path)) == 2**20
    path.write_bytes(b"#" * (2**20 + 1))
    message = f"{path}:1:1: the file is larger than 1 MiB"
    assert refused(lambda: yaml_documents.read_file(path)) == message


def test_a_text_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_documents, "MAX_SIZE", 2**20)
    message = "x.yaml:1:1: the file is larger than 1 MiB"
    source = b"\xff" * (2**20 + 1)
    assert refused(lambda: yaml_documents.compose("x.yaml", source)) == message
    assert refused(lambda: yaml_documents.construct("x.yaml", source)) == message


def test_a_file_of_many_short_values_is_refused_at_their_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(yaml_documents, "MAX_VALUES", 1_000)
    source = b"a: 1\nb: [" + b"x," * 10_000 + b"x]"
    message = (
        "x.yaml:2:4: more than 3,501 values: a file may have 1,000, "
        "and one more for every 8 bytes of it"
    )
    assert refused(lambda: yaml_documents.compose("x.yaml", source)) == message
    assert refused(lambda: yaml_documents.construct("x.yaml", source)) == message


def test_many_interactions_are_within_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    # A hundredth of 100,000 and of the bound; the bound by bytes is what it is.
    monkeypatch.setattr(yaml_documents, "MAX_VALUES", yaml_documents.MAX_VALUES // 100)
    one = "  - when: {{model: glm-4.6, text: 问题{0}}}\n    reply: {{content: 答案{0}。}}\n"
    text = "format: 1\ninteractions:\n" + "".join(map(one.format, range(1_000)))
    assert len(parse(text.encode(), "x.yaml").interactions) == 1_000


LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        LAUGHS.replace("[", "{<<: [")
        .replace("]", "]}")
        .replace("x,", "{y: 1},")
        .replace("x]", "]"),
        "a: &x [*x]",
        "a: &x {b: *x}",
        "? &x [*x]\n: 1",
    ],
)
def test_aliases_that_multiply_or_lead_in_a_circle_are_refused(text: str) -> None:
    message = refused(lambda: yaml_documents.construct("x.yaml", text.encode()))
    assert message.endswith(": aliases (`*name`) make this too large")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a: !!binary aGk=", {"a": b"hi"}),
        ("a: yes", {"a": True}),
        ("", None),
    ],
)
def test_the_yaml_of_other_recorders_is_read_with_its_tags(text: str, value: Any) -> None:
    assert yaml_documents.construct("x.yaml", text.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "a: !!int ''",
        "a: !!float ''",
        "a: !!bool x",
        "a: !!timestamp x",
        "a: 2026-13-41",
        "a: !!binary 'x'",
        "a: !mine x",
        "a: !!python/object/apply:os.system [x]",
        "? [a]\n: 1",
        "a: !!int " + "9" * 5_000,
        "a: !!map x",
        "[" * 5_000,
        "a: &x b\na: *y",
        "\x07",
    ],
)
def test_an_error_of_a_value_is_a_mistake_of_the_file(text: str) -> None:
    message = refused(lambda: yaml_documents.construct("x.yaml", text.encode()))
    assert message.startswith(("x.yaml:1:", "x.yaml:2:"))
