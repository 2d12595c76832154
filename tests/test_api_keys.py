"""The key is found in the environment or in `.env`, in any notation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mockglm.api_keys import find_api_key
from mockglm.errors import UsageError

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
def test_assignment_of_the_file_is_read(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_bytes(line.encode())
    assert find_api_key({}, tmp_path) == KEY


def test_environment_comes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ZAI_API_KEY=of-the-file\n", encoding="utf-8")
    assert find_api_key({"ZHIPUAI_API_KEY": f" {KEY}\n"}, tmp_path) == KEY
    assert find_api_key({"ZAI_API_KEY": " "}, tmp_path) == "of-the-file"


def test_missing_key_is_an_empty_text(tmp_path: Path) -> None:
    assert (
        find_api_key({})
        == find_api_key({}, tmp_path)
        == find_api_key({}, tmp_path / "nowhere")
        == ""
    )


def test_file_that_is_no_text_has_no_key(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00ZAI_API_KEY")
    assert find_api_key({}, tmp_path) == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("first-key-1\nsecond-key-2", "more than one line"),
        ("first-key-1\r\nsecond-key-2", "more than one line"),
        ("first-key-1\x00", "characters that no key has"),
        ("first-key-1\x7f", "characters that no key has"),
        ("first-key-1é", "characters that no key has"),
    ],
)
def test_key_that_no_header_can_have_is_refused_without_its_value(
    tmp_path: Path, value: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason) as refused:
        find_api_key({"ZHIPUAI_API_KEY": value}, tmp_path)
    assert "key of the environment" in str(refused.value)
    assert "ZHIPUAI_API_KEY" in str(refused.value)
    assert "first-key-1" not in str(refused.value)


def test_key_of_the_file_that_no_header_can_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('ZAI_API_KEY="first-key-1\x01"\n', "utf-8")
    with pytest.raises(UsageError, match=r"key of \.env has .* ZAI_API_KEY") as refused:
        find_api_key({}, tmp_path)
    assert "first-key-1" not in str(refused.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["record", "a.yaml", "--upstream", "https://api.z.ai/api/paas/v4", "--port", "0"],
        ["check", "http://127.0.0.1:9/v4"],
        ["verify", "a.yaml", "--upstream", "https://api.z.ai/api/paas/v4"],
    ],
    ids=["record", "check", "verify"],
)
def test_key_of_two_lines_ends_the_command_at_its_start(
    tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "a.yaml").write_text("format: 1\ninteractions: []\n", "utf-8")
    environment = {**os.environ, "ZAI_API_KEY": "first-key-1\nsecond-key-2"}
    ended = subprocess.run(
        [sys.executable, "-m", "mockglm", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "more than one line: write one key to ZAI_API_KEY" in said
    assert "-key-" not in said
    assert "Traceback" not in said
