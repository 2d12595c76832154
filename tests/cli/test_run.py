"""`mockglm run` with real clients, signals and exit codes, each in processes of their own."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from mockglm.scenarios import load
from tests.cli.commands import MOCKGLM, PATIENCE, running

MESSAGES = '[{"role": "user", "content": "你好"}]'
CLIENTS: Mapping[str, str] = {
    "openai": "import openai\n"
    "with openai.OpenAI() as client:\n"
    f"    done = client.chat.completions.create(model='glm-4.6', messages={MESSAGES})\n"
    "    print(done.choices[0].message.content)",
    "zai": "import zai\n"
    "with zai.ZaiClient() as client:\n"
    f"    done = client.chat.completions.create(model='glm-4.6', messages={MESSAGES})\n"
    "    print(done.choices[0].message.content)",
    "zhipuai": "import zhipuai\n"
    "with zhipuai.ZhipuAI() as client:\n"
    f"    done = client.chat.completions.create(model='glm-4.6', messages={MESSAGES})\n"
    "    print(done.choices[0].message.content)",
    "anthropic": "import anthropic\n"
    "with anthropic.Anthropic() as client:\n"
    f"    done = client.messages.create(model='glm-4.6', max_tokens=99, messages={MESSAGES})\n"
    "    print(done.content[0].text)",
}
"""Programs that configure nothing."""

HELLO = """\
format: 1
interactions:
  - when: {user: 你好}
    reply: {content: 晴}
  - when: {user: 再见}
    reply: {content: 雨}
"""
SLEEPER = (
    "import signal, time\n"
    # A shell in the background has its children ignore SIGINT.
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "print('ready', flush=True)\n"
    "time.sleep(60)"
)


def run(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MOCKGLM, "run", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
    )


def python(code: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", code)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_without_configuration_gets_the_reply(client: str, tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(HELLO, "utf-8")
    done = run("hello.yaml", *python(CLIENTS[client]), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "晴\n"), done.stderr
    assert done.stderr.endswith(
        "mockglm: 1 request: 1 answered\nnever used: 1 of 2 interactions\n  hello.yaml:5\n"
    )


def test_a_shipped_scenario_is_selected_by_name_with_its_faults() -> None:
    done = run("hello+stall", *python("import os; print(os.environ['OPENAI_BASE_URL'])"))
    assert done.stdout.endswith("/s/hello+stall/api/paas/v4\n")


def test_a_miss_is_explained(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(HELLO.replace("你好", "您好"), "utf-8")
    done = run("hello.yaml", *python(CLIENTS["openai"]), cwd=tmp_path)
    assert done.returncode == 1
    assert "mockglm: 1 request: 1 missed\nmissed: POST /chat/completions: " in done.stderr


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("sh", "-c", "exit 7"), 7),
        (("sh", "-c", "kill -9 $$"), 137),
        (("no-such-command",), 127),
        ((os.devnull,), 126),
    ],
)
def test_the_exit_code_is_that_of_the_command(command: tuple[str, ...], status: int) -> None:
    done = run("--", *command)
    assert done.returncode == status
    assert done.stdout == ""


def test_arguments_behind_the_separator_belong_to_the_command() -> None:
    done = run("hello", "--", "printf", "%s,", "--audit", "--", "x")
    assert done.stdout == "--audit,--,x,"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no command to run: write it behind --, as mockglm run -- python agent.py"),
        (("helo", "--", "true"), "there is no file and no scenario 'helo'; did you mean hello?"),
        (("--upstream", "http://x", "--", "true"), "--upstream needs --record FILE"),
    ],
)
def test_wrong_usage_is_explained(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (2, f"mockglm: {message}\n")


def test_the_audit_reports_mistakes_and_fails_a_command_that_succeeded() -> None:
    code = (
        "import openai\n"
        "with openai.OpenAI(max_retries=0) as client:\n"
        "    try:\n"
        f"        client.chat.completions.create(model='glm-4.6', messages={MESSAGES})\n"
        "    except openai.RateLimitError:\n"
        "        pass"
    )
    done = run("rate-limit", "--audit", *python(code))
    assert done.returncode == 1
    assert "audit: gave-up: did not retry after 1302" in done.stderr
    assert run("rate-limit", *python(code)).returncode == 0


def test_requests_are_recorded_and_then_replayed(tmp_path: Path) -> None:
    key = "d" * 32 + "." + "e" * 16
    with running() as service:
        live = ("--record", "new.yaml", "--upstream", service.url, "--allow-upstream", "127.0.0.1")
        env = {"ZAI_API_KEY": key}
        first = run(*live, *python(CLIENTS["openai"]), cwd=tmp_path, env=env)
        assert first.returncode == 0, first.stderr
        assert "mockglm: 1 request: 1 recorded" in first.stderr
        again = run(*live, *python(CLIENTS["openai"]), cwd=tmp_path, env=env)
        assert again.stdout == first.stdout
        assert "mockglm: 1 request: 1 answered" in again.stderr
    assert len(load(tmp_path / "new.yaml").interactions) == 1
    written = (tmp_path / "new.yaml").read_text("utf-8")
    assert key not in written + first.stderr + again.stderr


def test_isolation_refuses_proxies_and_redirects_urls() -> None:
    code = (
        "import httpx, os\n"
        "print(os.environ['MY_URL'], os.environ['MY_KEY'])\n"
        "try:\n"
        "    httpx.get('https://example.org', timeout=9)\n"
        "except httpx.ProxyError as error:\n"
        "    print('refused')"
    )
    key = "d" * 32 + "." + "e" * 16
    env = {"MY_URL": "https://open.bigmodel.cn/api/anthropic", "MY_KEY": key}
    done = run("--isolated", *python(code), env=env)
    first, second = done.stdout.splitlines()
    assert first.startswith("http://127.0.0.1:")
    assert "/api/anthropic " in first
    assert key not in first
    assert second == "refused"
    assert "isolated: " in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_and_the_server(number: signal.Signals) -> None:
    command = [MOCKGLM, "run", *python(SLEEPER)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        said = process.communicate(timeout=PATIENCE)[1]
    # Python ends with this code after KeyboardInterrupt, a shell after any signal.
    assert process.returncode == 128 + number
    assert "mockglm: 0 requests" in said


def test_control_c_in_a_terminal_reaches_the_command_once() -> None:
    code = (
        "import signal, time\n"
        "count = []\n"
        "signal.signal(signal.SIGINT, lambda *_: count.append(1))\n"
        "print('ready', flush=True)\n"
        "while not count: time.sleep(0.01)\n"
        "time.sleep(0.2)\n"
        "print('interrupted', len(count), flush=True)"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(MOCKGLM, [MOCKGLM, "run", *python(code)])
    try:
        shown = _read_until(terminal, b"ready")
        os.write(terminal, b"\x03")
        shown += _read_until(terminal, b"0 requests")
    finally:
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    assert b"interrupted 1" in shown
    assert os.waitstatus_to_exitcode(status) == 0


def _read_until(terminal: int, text: bytes) -> bytes:
    """Read from a terminal until a text has been shown."""
    shown = b""
    deadline = time.monotonic() + PATIENCE
    while text not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
    return shown
