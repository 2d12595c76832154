"""The README as a stranger would follow it: every block is run as it is written.

All but the first two commands run in an environment that has the wheel and its dependencies alone.
Only the port is another one, so that tests do not meet, the service to record is a server of ours,
and `scripts/test` runs a few tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.programs import needs_curl
from tests.serving import KEY, serving

ROOT = Path(__file__).parents[1]
PORT = "8600"
LIVE = "https://open.bigmodel.cn/api/paas/v4"
USER = {"role": "user", "content": "你好"}
READY = "mockglm (serving|recording)"
NETWORK = ("PIP_", "SSL_", "HTTP", "http", "ALL_", "all_", "NO_", "no_", "HOME", "LANG", "TMPDIR")
"""Beginnings of the variables that say how a package index is reached."""


def blocks(language: str, name: str = "README.md") -> list[str]:
    """The fenced blocks of a language, in order."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def block(language: str, containing: str) -> str:
    """The one block of a language that has this text in it."""
    found = [one for one in blocks(language) if containing in one]
    assert len(found) == 1, (containing, found)
    return found[0]


@contextmanager
def running(command: str, folder: Path, environ: Mapping[str, str]) -> Iterator[int]:
    """Run a block that serves, at a free port, until the with block ends."""
    port = _free()
    env = {**environ, "MOCKGLM_SERVE_PORT": str(port), "MOCKGLM_RECORD_PORT": str(port)}
    process = subprocess.Popen(
        ["/bin/sh", "-ec", f"trap 'kill $(jobs -p)' TERM; ({command}) & wait"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        heard = []
        for line in process.stdout:
            heard.append(line)
            if re.search(READY, line):
                break
        assert re.search(READY, heard[-1]), "".join(heard)
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.communicate(timeout=60)


def run(command: str, folder: Path, environ: Mapping[str, str], port: int = 0) -> str:
    """Run a block that asks, and return what it prints."""
    done = subprocess.run(
        ["/bin/sh", "-ec", command.replace(PORT, str(port))],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(port: int, messages: list[dict[str, Any]], path: str = "") -> httpx.Response:
    url = f"http://127.0.0.1:{port}{path}/api/paas/v4/chat/completions"
    body = {"model": "glm-4.6", "messages": messages}
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(url, json=body, headers=headers, trust_env=False, timeout=60)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is committed: without environments, caches and the like."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    patterns = (".git", *(line.rstrip("/") for line in ignored))
    target = tmp_path_factory.mktemp("clean") / "mockglm"
    return shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*patterns))


@pytest.fixture(scope="module")
def bare() -> Mapping[str, str]:
    """The environment of a machine that has a Python and a way to a package index."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(NETWORK)}
    # pip compiles nothing ("0" is its way to say so), for most modules are never imported.
    pip = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "0"}
    return {**kept, **pip, "PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin"}


@pytest.fixture(scope="module")
def here(
    checkout: Path, bare: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """An environment made by the command of the README, with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", with_pip=True)
    environ = {**bare, "PATH": f"{folder / 'env' / 'bin'}{os.pathsep}{bare['PATH']}"}
    install, serve = blocks("sh")[1].splitlines()
    assert (install, serve) == ("pip install .", "mockglm serve")
    command = ["/bin/sh", "-ec", install]
    subprocess.run(command, cwd=checkout, env=environ, check=True, capture_output=True)
    return environ


def test_the_two_commands_need_nothing_but_python(checkout: Path, bare: Mapping[str, str]) -> None:
    serve, test = blocks("sh")[0].splitlines()
    with running(serve, checkout, bare) as port:
        answer = ask(port, [{"role": "user", "content": "你好"}])
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    # A few tests: this one is among them all.
    environ = {**bare, "PYTEST_ADDOPTS": "tests/test_clock.py"}
    command = ["/bin/sh", "-ec", test]
    done = subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True)
    assert re.search(r" \d+ passed in ", done.stdout), done.stdout + done.stderr
    assert done.returncode == 0
    assert (checkout / ".venv" / "bin" / "mockglm").exists()


@needs_curl
def test_the_first_answer_comes_from_an_installed_checkout(
    checkout: Path, here: Mapping[str, str], tmp_path: Path
) -> None:
    serve = blocks("sh")[1].splitlines()[1]
    with running(serve, checkout, here) as port:
        answer = json.loads(run(blocks("sh")[2], tmp_path, here, port))
        base = _anthropic_base().replace(PORT, str(port))
        body = {"model": "glm-4.6", "max_tokens": 100, "messages": [USER]}
        message = httpx.post(f"{base}/v1/messages", json=body, headers={"x-api-key": KEY})
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert message.json()["type"] == "message"
    assert not list(checkout.glob("*.egg-info"))


@needs_curl
def test_the_command_is_led_to_the_server(tmp_path: Path, here: Mapping[str, str]) -> None:
    listed = json.loads(run(block("sh", "mockglm run"), tmp_path, here))
    assert "glm-4.6" in {model["id"] for model in listed["data"]}


def test_the_scenario_plays(tmp_path: Path, here: Mapping[str, str]) -> None:
    (tmp_path / "weather.yaml").write_text(block("yaml", "about"), encoding="utf-8")
    user = {"role": "user", "content": "北京天气怎么样？"}
    with running(block("sh", "serve weather.yaml"), tmp_path, here) as port:
        first, second = ask(port, [user]), ask(port, [user])
        called = second.json()["choices"][0]["message"]
        result = {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": "晴"}
        last = ask(port, [user, called, result])
        named = ask(port, [user], "/s/rate-limit@me")
    assert first.json()["error"]["code"] == "1302"
    assert called["reasoning_content"] == "用户想知道天气。"
    assert last.json()["choices"][0]["message"]["content"] == "北京今天晴。"
    assert named.json()["error"]["code"] == "1302"


@needs_curl
def test_the_fault_breaks_the_stream(tmp_path: Path, here: Mapping[str, str]) -> None:
    with running("mockglm serve", tmp_path, here) as port:
        heard = run(block("sh", "hello+glue"), tmp_path, here, port)
    assert re.search(r'^data: .*data: \{"id"', heard, re.MULTILINE)


@pytest.mark.parametrize(("command", "row"), [("scenarios", "rate-limit "), ("faults", "glue ")])
def test_the_list_contains_what_the_readme_names(
    command: str, row: str, tmp_path: Path, here: Mapping[str, str]
) -> None:
    lines = run(block("sh", f"mockglm {command}"), tmp_path, here)
    assert re.search(rf"^{row}", lines, re.MULTILINE)


def test_the_recording_replays_and_is_judged(tmp_path: Path, here: Mapping[str, str]) -> None:
    user = [{"role": "user", "content": "讲个笑话"}]
    with serving(profile="zai") as live:
        record = block("sh", "mockglm record").replace(
            LIVE, f"{live.url} --allow-upstream 127.0.0.1"
        )
        with running(record, tmp_path, here) as port:
            recorded = ask(port, user)
    with running(block("sh", "serve chat.yaml"), tmp_path, here) as port:
        assert ask(port, user).content == recorded.content
        assert ask(port, [{"role": "user", "content": "别的"}]).status_code == 422
    report = run(block("sh", "mockglm check chat.yaml"), tmp_path, here)
    assert re.search(r"^(?!.*failed).*\d+ passed; 1 recorded exchange", report, re.MULTILINE)


def test_the_test_passes(tmp_path: Path, here: Mapping[str, str]) -> None:
    (tmp_path / "test_client.py").write_text(block("python", "glm.reply"), encoding="utf-8")
    assert re.search(r"^1 passed in ", run("pytest -q", tmp_path, here), re.MULTILINE)


def test_the_wheel_brings_its_dependencies_alone(tmp_path: Path, here: Mapping[str, str]) -> None:
    listed = json.loads(run("python -m pip list --format json", tmp_path, here))
    names = {one["name"].lower() for one in listed}
    assert names >= {"mockglm", "pytest", "httpx", "msgspec"}
    assert names & {"hypothesis", "mypy", "openai", "pytest-randomly", "zai-sdk"} == set()


def test_the_endpoint_is_judged(tmp_path: Path, here: Mapping[str, str]) -> None:
    with serving(policy="strict", accept=frozenset([KEY])) as live:
        check = block("sh", f"mockglm check {LIVE}").replace(LIVE, live.url)
        told = run(check, tmp_path, {**here, "ZAI_API_KEY": KEY})
    assert re.search(r"(?<!\d )0 failed|^(?!.*failed).*\d+ passed", told, re.MULTILINE)


def test_every_block_is_run_here() -> None:
    """A block that is added to the README has to be run by a test of this module."""
    assert [len(blocks(language)) for language in ("sh", "yaml", "python")] == [12, 1, 1]


def test_the_chinese_readme_has_the_same_blocks() -> None:
    for language in ("sh", "yaml", "python"):
        assert blocks(language, "README.zh.md") == blocks(language)


def test_every_link_leads_somewhere() -> None:
    for name in ("README.md", "README.zh.md"):
        links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text(encoding="utf-8"))
        missing = [link for link in links if not (ROOT / link).exists()]
        assert missing == []


def _anthropic_base() -> str:
    (found,) = re.findall(
        r"`(http://[^`]*/api/anthropic)`", (ROOT / "README.md").read_text("utf-8")
    )
    return str(found)


def _free() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
