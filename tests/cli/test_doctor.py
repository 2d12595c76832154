"""`mockglm doctor`: each problem is named, and no key is shown."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mockglm.cli.doctor import check_base_urls, check_keys, check_port, check_proxies
from tests.cli.commands import MOCKGLM, PATIENCE, running

SECRET = "c" * 32 + "." + "d" * 16


def doctor(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    names = ("_PROXY", "_KEY", "_BASE_URL", "_API_BASE")
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith(names) and not name.startswith("MOCKGLM_")
    }
    return subprocess.run(
        [MOCKGLM, "doctor", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=clean | variables,
    )


def test_a_good_setup_has_no_problem() -> None:
    done = doctor("--json", ZAI_API_KEY=SECRET)
    assert done.returncode == 0, done.stdout
    found = {one["subject"]: one["message"] for one in json.loads(done.stdout)}
    assert found["ZAI_API_KEY"] == "a key"
    assert found["port 0"] == "free"


def test_a_misspelled_variable_is_named_with_the_nearest() -> None:
    done = doctor(MOCKGLM_SERVE_PROT="1", MOCKGLM_TOKEN="x", MOCKGLM_SERVE_LOG="none")
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("problem")]
    hint = "did you mean MOCKGLM_SERVE_PORT?"
    assert lines == [f"problem  MOCKGLM_SERVE_PROT: no option has this variable; {hint}"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (f" {SECRET}", "white space before or behind the key"),
        (f'"{SECRET}"', "quotation marks belong to the value"),
        (f"Bearer {SECRET}", "the value begins with Bearer, which clients add"),
        (f"{SECRET}\n{SECRET}", "more than one line"),
        ("密钥", "characters that no key has"),
        ("c" * 32, "the part behind the dot is missing"),
    ],
)
def test_a_key_of_the_wrong_form_is_described_but_not_shown(key: str, message: str) -> None:
    (found,) = check_keys({"ZAI_API_KEY": key})
    assert found.is_problem
    assert found.message.startswith(message)
    assert "cccc" not in found.message
    assert "密钥" not in found.message


@pytest.mark.parametrize(
    ("environment", "problems"),
    [
        ({"HTTP_PROXY": "http://proxy:3128"}, ["HTTP_PROXY"]),
        ({"https_proxy": "x", "NO_PROXY": "localhost"}, ["https_proxy"]),
        ({"HTTPS_PROXY": "x", "no_proxy": "a, 127.0.0.1"}, []),
        ({"ALL_PROXY": "x", "NO_PROXY": "*"}, []),
        ({}, []),
    ],
)
def test_a_proxy_between_clients_and_this_machine_is_named(
    environment: Mapping[str, str], problems: list[str]
) -> None:
    assert [one.subject for one in check_proxies(environment)] == problems


def test_a_base_url_is_followed_to_where_it_leads(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        variables = {
            "ZAI_BASE_URL": "https://open.bigmodel.cn/api/paas/v4",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "ANTHROPIC_BASE_URL": "open.bigmodel.cn",
            "ZAI_API_BASE": "http://[::1",
            "OPENAI_API_BASE": "http://127.0.0.1:99999",
        }
        found = {one.subject: one for one in check_base_urls(variables)}
    assert found["ZAI_BASE_URL"].message == "leads clients to open.bigmodel.cn"
    assert not found["ZAI_BASE_URL"].is_problem
    assert found["OPENAI_BASE_URL"].message.startswith(f"nothing answers at 127.0.0.1:{port}")
    for name in ("ANTHROPIC_BASE_URL", "ZAI_API_BASE", "OPENAI_API_BASE"):
        assert found[name].message == "its value is no URL"


def test_a_taken_port_is_described() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = check_port(taken.getsockname()[1])
    assert found.is_problem
    assert "--port 0 picks a free port" in found.message


def test_a_server_of_mockglm_is_recognised_and_gives_the_clock() -> None:
    with running() as server:
        port = int(server.host.rpartition(":")[2])
        assert check_port(port).message == "a mockglm serves there"
        done = doctor("--upstream", server.url)
    assert "clock: within 60 s of 127.0.0.1" in done.stdout
    gone = doctor("--upstream", server.url)
    assert (gone.returncode, "cannot be reached" in gone.stdout) == (1, True)
