"""The place where interactions can be appended is found without parsing what is a cassette."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.cassettes import CassetteWriter, loader, structure
from mockglm.errors import FileError
from mockglm.scenarios import load, yaml_nodes
from tests.cassettes.exchanges import exchange

HEAD = "format: 1\n"
ITEM = "- {when: {user: a}, reply: {content: b}}\n"
PLAIN = {
    "as it is recorded": f"{HEAD}interactions:\n{ITEM}",
    "without a line feed at the end": f"{HEAD}interactions:\n{ITEM.rstrip()}",
    "with comments": f"{HEAD}interactions: # of the weather\n# one\n\n  # two\n{ITEM}# end\n\n",
    "with a margin": f"{HEAD}interactions:\n    {ITEM}",
    "with the line ends of Windows": f"{HEAD}interactions:\n{ITEM}".replace("\n", "\r\n"),
    "with a byte order mark": f"\ufeff{HEAD}interactions:\n{ITEM}",
}
PARSED = {
    "with the key in quotes": f'{HEAD}"interactions":\n{ITEM}',
    "with a marker": f"---\n{HEAD}interactions:\n{ITEM}",
    "with a dash on a line of its own": f"{HEAD}interactions:\n-\n  reply: {{content: b}}\n",
}


def append(path: Path, text: str = "一") -> None:
    recorder = CassetteWriter(path, origin="https://api.z.ai/v4", at="2026-11-22T08:00:00Z")
    recorder.append([exchange(text)])
    recorder.close()


def forbid_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise AssertionError("the file is parsed")

    monkeypatch.setattr(structure, "prepare_append", fail)


@pytest.mark.parametrize("name", PLAIN)
def test_cassette_is_appended_to_without_parsing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(PLAIN[name], "utf-8")
    with monkeypatch.context() as patch:
        forbid_parsing(patch)
        append(path)
    assert len(load(path).interactions) == 2


@pytest.mark.parametrize("name", PARSED)
def test_file_of_another_form_is_parsed_and_appended_to(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(PARSED[name], "utf-8")
    append(path)
    assert len(load(path).interactions) == 2


def test_large_cassette_is_appended_to_without_parsing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"{HEAD}interactions:\n" + ITEM * 80_000, "utf-8")
    assert path.stat().st_size > 2 * structure.CHUNK
    with monkeypatch.context() as patch:
        forbid_parsing(patch)
        append(path)
    text = path.read_text("utf-8")
    assert text.startswith(f"{HEAD}interactions:\n{ITEM}")
    assert text.count(ITEM) == 80_000
    assert text.endswith("[DONE]\n")


def test_recorded_cassette_is_loaded_with_one_parse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(PLAIN["as it is recorded"], "utf-8")
    compose = Mock(wraps=yaml_nodes.compose_nodes)
    monkeypatch.setattr(yaml_nodes, "compose_nodes", compose)
    loaded = loader.load(path)
    assert loaded is not None
    assert (len(loaded.interactions), compose.call_count) == (1, 1)


@given(st.integers(3, 12), st.sampled_from(["", "  "]), st.data())
def test_key_behind_the_interactions_is_found_across_chunks(
    tmp_path_factory: pytest.TempPathFactory, size: int, margin: str, data: st.DataObject
) -> None:
    items = data.draw(st.lists(st.sampled_from([f"{margin}- a", f"{margin}  b", "", "# d"])))
    last = data.draw(st.sampled_from(["", "x: y\n", "...\n"]))
    text = f"interactions:\n{margin}- a\n" + "".join(f"{item}\n" for item in items) + last
    path = tmp_path_factory.mktemp("file") / "a.yaml"
    path.write_text(text, "utf-8")
    copy = path.with_name("copy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "CHUNK", len(f"interactions:\n{margin}") + size)
        if last:
            with pytest.raises(FileError):
                structure.copy_for_appending(path, copy, "")
            return
        forbid_parsing(patch)
        point = structure.copy_for_appending(path, copy, "")
    assert point == structure.AppendPoint(margin.encode(), True)
    assert copy.read_text("utf-8") == text
