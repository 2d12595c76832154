"""The examples pass, and the steps of the GitHub action do what a workflow relies on."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from mockglm.testing.config import KEY
from mockglm.testing.environment import (
    ANTHROPIC_URL_VARIABLES,
    API_KEY_VARIABLES,
    BASE_URL_VARIABLES,
    CHAT_URL_VARIABLES,
    NO_PROXY_VARIABLES,
)
from tests.testing.inner_runs import ISOLATED

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "examples"
UNPROXIED: Mapping[str, str] = MappingProxyType(dict.fromkeys(NO_PROXY_VARIABLES, ""))


def run(*command: str | Path, cwd: Path = PROJECT, **environment: str) -> str:
    """The output of a command, run in the project with the programs of this environment first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}")


@needs("node")
def test_node_example_passes() -> None:
    assert "# pass 5" in run("node", "--test", "--test-reporter=tap", "examples/node/")


@needs("go")
def test_go_example_passes() -> None:
    assert "ok" in run("go", "test", "-count=1", "./...", cwd=EXAMPLES / "go")


@needs("curl")
def test_curl_example_shows_all_three_oddities() -> None:
    output = run("sh", "examples/curl/weather.sh")
    assert '"code":"1305"' in output
    assert "北京今天晴，二十五度。" in output
    assert '"code":"1113"' in output
    assert "curl ends 56" in output


def test_unittest_example_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    result = unittest.TestResult()
    unittest.TestLoader().discover(str(EXAMPLES / "unittest")).run(result)
    assert result.testsRun == 2
    assert result.wasSuccessful()


@pytest.mark.usefixtures("one_server")
def test_pytest_example_passes(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*ISOLATED, str(EXAMPLES / "pytest"))
    result.assert_outcomes(passed=3)


def test_readme_lists_every_example() -> None:
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert {name for name in folders if f"| `{name}/` |" in listed} == folders


@pytest.fixture(scope="module")
def action() -> Any:
    return yaml.safe_load((PROJECT / "action.yml").read_text("utf-8"))


@contextmanager
def acting(
    action: Any, folder: Path, proxies: Mapping[str, str] = UNPROXIED, **inputs: str
) -> Iterator[subprocess.CompletedProcess[str]]:
    """Run the serving step of the action as a runner does; its server ends with the block."""
    (folder / "mockglm").mkdir(exist_ok=True)
    (folder / "mockglm" / "bin").unlink(missing_ok=True)
    (folder / "mockglm" / "bin").symlink_to(Path(sys.executable).parent)
    (step,) = (step for step in action["runs"]["steps"] if step.get("id") == "serve")
    done = step_run(action, step, folder, inputs, after='echo "started $!"', proxies=proxies)
    started = re.search(r"^started (\d+)$", done.stdout, re.MULTILINE)
    try:
        yield done
    finally:
        if started:
            os.kill(int(started[1]), signal.SIGTERM)


def step_run(
    action: Any,
    step: Any,
    folder: Path,
    inputs: Mapping[str, str],
    *,
    after: str = "",
    proxies: Mapping[str, str] = UNPROXIED,
) -> subprocess.CompletedProcess[str]:
    """Run the script of a step by the shell that a runner uses, with its environment."""
    assert step["shell"] == "bash"
    defaults = {name: str(item["default"]) for name, item in action["inputs"].items()}
    given = {**defaults, **inputs}
    known = {f"inputs.{name}": value for name, value in given.items()}
    known["github.action_path"] = str(PROJECT)
    known["steps.python.outputs.python-path"] = str(folder / "python")
    environment = {
        name: FILLED.sub(lambda m: known[m[1]], text) for name, text in step["env"].items()
    }
    runner = {
        "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_ENV": str(folder / "env"),
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", f"{step['run']}\n{after}\n"],
        cwd=PROJECT,
        env={**os.environ, **environment, **runner, **proxies},
        capture_output=True,
        text=True,
        timeout=600,
    )


FILLED = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
PYTHON = """\
#!/bin/sh
# A Python whose environments have a pip that prints its arguments.
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "pip $*"\\n' >"$3/bin/pip"
chmod +x "$3/bin/pip"
"""


def _variables(path: Path) -> dict[str, str]:
    lines = path.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_action_is_well_formed(action: Any) -> None:
    steps = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert [("uses" in step) != ({"run", "shell"} <= set(step)) for step in steps] == [True] * 3
    named = {one for step in steps for one in FILLED.findall(str({**step, "run": ""}))}
    given = {f"inputs.{name}" for name in action["inputs"]} | {"github.action_path"}
    assert named == given | {"steps.python.outputs.python-path"}
    assert {step["id"] for step in steps if "id" in step} == {"python", "serve"}
    assert all("${{" not in step.get("run", "") for step in steps), "inputs are no shell"
    (output,) = FILLED.findall(action["outputs"]["base-url"]["value"])
    assert output == "steps.serve.outputs.base-url"


LOCKED = "pip install --quiet --require-hashes --no-deps"
LOCKS = " ".join(
    f"--requirement {PROJECT}/requirements/{name}.txt" for name in ("build", "runtime")
)


@needs("bash")
@pytest.mark.parametrize(
    ("version", "installed"),
    [
        ("", f"{LOCKED} {LOCKS}\npip install --quiet --no-deps --no-build-isolation {PROJECT}\n"),
        ("0.1.0", "pip install --quiet mockglm==0.1.0\n"),
    ],
)
def test_action_installs_itself_or_the_requested_version(
    action: Any, tmp_path: Path, version: str, installed: str
) -> None:
    (tmp_path / "python").write_text(PYTHON, "utf-8")
    (tmp_path / "python").chmod(0o755)
    (step,) = (step for step in action["runs"]["steps"] if step.get("name") == "Install")
    done = step_run(action, step, tmp_path, {"version": version})
    assert done.stdout == installed, done.stderr


@needs("bash")
def test_action_serves_and_sets_the_variables_of_sdks(action: Any, tmp_path: Path) -> None:
    with acting(action, tmp_path, paths="examples/weather.yaml") as done:
        assert done.returncode == 0, done.stdout + done.stderr
        outputs = _variables(tmp_path / "output")
        base = outputs["base-url"]
        assert outputs == {
            "base-url": base,
            "anthropic-url": base.replace("paas/v4", "anthropic"),
            "origin": base.removesuffix("/api/paas/v4"),
        }
        with urlopen(f"{base.removesuffix('/api/paas/v4')}/__mockglm__/scenarios") as response:
            assert b'"weather"' in response.read()
        assert _variables(tmp_path / "env") == {
            **dict.fromkeys(BASE_URL_VARIABLES, base),
            **dict.fromkeys(CHAT_URL_VARIABLES, f"{base}/chat/completions"),
            **dict.fromkeys(ANTHROPIC_URL_VARIABLES, base.replace("paas/v4", "anthropic")),
            **dict.fromkeys(API_KEY_VARIABLES, KEY),
            **dict.fromkeys(NO_PROXY_VARIABLES, "127.0.0.1"),
        }


NODE_CLIENT = """
const { OPENAI_BASE_URL, OPENAI_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY } = process.env;
const messages = [{ role: "user", content: "hi" }];
const ask = async (url, headers) => {
  const body = JSON.stringify({ model: "glm-4.6", max_tokens: 20, messages });
  const type = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers: { ...type, ...headers }, body });
  console.log(response.status);
};
await ask(`${OPENAI_BASE_URL}/chat/completions`, { authorization: `Bearer ${OPENAI_API_KEY}` });
await ask(`${ANTHROPIC_BASE_URL}/v1/messages`, { "x-api-key": ANTHROPIC_API_KEY });
"""


@needs("bash")
@needs("node")
def test_action_leads_clients_of_node_to_the_server(action: Any, tmp_path: Path) -> None:
    with acting(action, tmp_path):
        variables = _variables(tmp_path / "env")
        command = ("node", "--input-type=module", "--eval", NODE_CLIENT)
        assert run(*command, cwd=tmp_path, **variables).split() == ["200", "200"]


@needs("bash")
def test_action_runs_twice_in_a_job_and_extends_the_exceptions_of_a_proxy(
    action: Any, tmp_path: Path
) -> None:
    first = dict.fromkeys(NO_PROXY_VARIABLES, "example.org")
    second = dict.fromkeys(NO_PROXY_VARIABLES, "127.0.0.1,example.org")
    with acting(action, tmp_path, proxies=first):
        before = _variables(tmp_path / "env")
        (tmp_path / "env").unlink()
        with acting(action, tmp_path, proxies=second):
            after = _variables(tmp_path / "env")
    assert before["ZAI_BASE_URL"] != after["ZAI_BASE_URL"]
    assert {before[name] for name in NO_PROXY_VARIABLES} == {"example.org,127.0.0.1"}
    assert not after.keys() & set(NO_PROXY_VARIABLES)


def test_action_leaves_the_python_of_the_job(action: Any) -> None:
    (step,) = (step for step in action["runs"]["steps"] if "setup-python" in step.get("uses", ""))
    assert step["with"]["update-environment"] is False
    assert step["id"] == "python"


def test_image_installs_from_the_lock() -> None:
    text = (PROJECT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    copied = [
        name for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    assert [name for name in copied if not (PROJECT / name).exists()] == []
    locked, itself = re.findall(r"pip install (.*?)(?= +&& |$)", text, re.MULTILINE)
    named = set(re.findall(r"--requirement (\S+)", locked))
    assert named == {"requirements/build.txt", "requirements/service.txt"}
    assert "--require-hashes" in locked
    assert itself.endswith("--no-deps --no-build-isolation .")
    assert "requirements" in copied


def test_user_of_the_image_owns_its_folder() -> None:
    text = (PROJECT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    (user,) = re.findall(r"^USER (.*)$", text, re.MULTILINE)
    folder = re.findall(r"^WORKDIR (.*)$", text, re.MULTILINE)[-1]
    made = text.index(f"install --directory --owner=mockglm --group=mockglm {folder}\n")
    assert text.index(f"useradd --system mockglm --uid {user} ") < made
    assert made < text.index(f"USER {user}\n")


@needs("bash")
def test_action_fails_with_the_reason_when_nothing_can_be_served(
    action: Any, tmp_path: Path
) -> None:
    with acting(action, tmp_path, paths="nowhere.yaml") as done:
        assert done.returncode == 1
        assert "nowhere.yaml does not exist" in done.stdout


@pytest.mark.parametrize("name", ["test.yml", "node.yml"])
def test_workflow_uses_inputs_and_outputs_of_the_action(action: Any, name: str) -> None:
    text = (EXAMPLES / "github-actions" / name).read_text("utf-8")
    steps = yaml.safe_load(text)["jobs"]["test"]["steps"]
    (used,) = (step for step in steps if step.get("uses", "").startswith("OWNER/mockglm@"))
    assert set(used["with"]) <= set(action["inputs"])
    outputs = re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", text)
    assert {id for id, _ in outputs} <= {used.get("id")}
    assert {output for _, output in outputs} <= set(action["outputs"])


CONTAINER = """
import os
import subprocess
import sys
from pathlib import Path


class DockerContainer:
    def __init__(self, image):
        assert image == "mockglm"
        self.files, self.variables, self.strategy = {}, {}, None

    def with_volume_mapping(self, host, container):
        self.files[container] = host
        return self

    def with_command(self, command):
        self.command = command
        return self

    def with_env(self, name, value):
        self.variables[name] = value
        return self

    def with_exposed_ports(self, port):
        self.port = port
        return self

    def waiting_for(self, strategy):
        self.strategy = strategy
        return self

    def __enter__(self):
        assert (self.strategy.port, self.strategy.path) == (self.port, "/__mockglm__/ready")
        named = {Path(name).name: str(host) for name, host in self.files.items()}
        words = [named.get(word, word) for word in self.command]
        words[words.index("--host") + 1] = "127.0.0.1"
        words[words.index("--port") + 1] = "0"
        command = [Path(sys.executable).with_name("mockglm"), *words]
        environment = {**os.environ, **self.variables}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.mapped = self.process.stdout.readline().split(":")[-1].split("/")[0]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def get_container_host_ip(self):
        return "127.0.0.1"

    def get_exposed_port(self, port):
        assert port == self.port
        return int(self.mapped)
"""
STRATEGIES = """
class HttpWaitStrategy:
    def __init__(self, port, path):
        self.port, self.path = port, path
"""
CONTAINER_OF_NODE = """
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

export const Wait = { forHttp: (path, port) => ({ path, port }) };

export class GenericContainer {
  constructor(image) { assert.equal(image, "mockglm"); }
  withCopyFilesToContainer(files) { this.files = files; return this; }
  withCommand(command) { this.command = command; return this; }
  withEnvironment(variables) { this.variables = variables; return this; }
  withExposedPorts(port) { this.port = port; return this; }
  withWaitStrategy(strategy) { this.strategy = strategy; return this; }
  async start() {
    assert.deepEqual(this.strategy, { path: "/__mockglm__/ready", port: this.port });
    const names = Object.fromEntries(
      this.files.map(({ source, target }) => [target.split("/").at(-1), source]));
    const words = this.command.map((word) => names[word] ?? word);
    words[words.indexOf("--host") + 1] = "127.0.0.1";
    words[words.indexOf("--port") + 1] = "0";
    const server = spawn("mockglm", words, {
      env: { ...process.env, ...this.variables }, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(server.stdout.setEncoding("utf8"), "data");
    const { port } = new URL(line.trim().split("\\n")[0].split(" ").at(-1));
    return {
      getHost: () => "127.0.0.1",
      getMappedPort: () => Number(port),
      stop: async () => { server.kill(); await once(server, "exit"); },
    };
  }
}
"""


def test_container_example_of_python_passes_without_an_engine(tmp_path: Path) -> None:
    core = tmp_path / "testcontainers" / "core"
    core.mkdir(parents=True)
    (core / "container.py").write_text(CONTAINER, "utf-8")
    (core / "wait_strategies.py").write_text(STRATEGIES, "utf-8")
    command = (sys.executable, "-m", "pytest", "-q", *ISOLATED, EXAMPLES / "testcontainers")
    assert "1 passed" in run(*command, PYTHONPATH=str(tmp_path))


@needs("node")
def test_container_example_of_node_passes_without_an_engine(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    package = tmp_path / "node_modules" / "testcontainers"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"type": "module", "main": "index.js"}', "utf-8")
    (package / "index.js").write_text(CONTAINER_OF_NODE, "utf-8")
    folder = tmp_path / "examples" / "testcontainers"
    command = ("node", "--test", "--test-reporter=tap", "weather.test.mjs")
    assert "# pass 1" in run(*command, cwd=folder)
