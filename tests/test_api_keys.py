"""The key is found in the environment or in `.env`, however it is written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm.api_keys import find_api_key

KEY = "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp"


@pytest.mark.parametrize(
    "line",
    [
        f"ZAI_API_KEY={KEY}",
        f"ZAI_API_KEY={KEY} # mine",
        f"  export ZAI_API_KEY = {KEY}  ",
        f"ZAI_API_KEY='{KEY}' # mine",
        f'ZAI_API_KEY=" {KEY} "',
        f"GLM_API_KEY=other\nZAI_API_KEY={KEY}",
        f"\ufeffZAI_API_KEY={KEY}",
        f"# the key\r\nZAI_API_KEY={KEY}\r\n",
        f"ZAI_API_KEY=\nZHIPUAI_API_KEY={KEY}",
    ],
)
def test_a_line_of_the_file_is_read(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_bytes(line.encode())
    assert find_api_key({}, tmp_path) == KEY


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ZAI_API_KEY=of-the-file\n", encoding="utf-8")
    assert find_api_key({"ZHIPUAI_API_KEY": f" {KEY}\n"}, tmp_path) == KEY
    assert find_api_key({"ZAI_API_KEY": " "}, tmp_path) == "of-the-file"


def test_there_may_be_no_key(tmp_path: Path) -> None:
    assert (
        find_api_key({})
        == find_api_key({}, tmp_path)
        == find_api_key({}, tmp_path / "nowhere")
        == ""
    )


def test_a_file_that_is_no_text_has_no_key(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00ZAI_API_KEY")
    assert find_api_key({}, tmp_path) == ""
