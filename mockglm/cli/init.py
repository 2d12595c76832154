"""`mockglm init` writes a first scenario, a first test and what editors and hooks need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from mockglm.cli.options import examples
from mockglm.errors import UsageError

SCENARIO = """\
# yaml-language-server: $schema=../mockglm.schema.json
format: 1
about: The first request meets the rate limit; then a tool is called and its result is used.
interactions:
  - when: {user: 天气}
    reply:
      - error: 1302
      - {reasoning: 用户想知道天气。, tool_calls: [{name: get_weather, arguments: {city: 北京}}]}
  - when: {after_tool: get_weather}
    reply: {content: 北京今天晴。}
"""

CONFTEST = '''\
"""The mock of the GLM API that the tests of this folder get as `glm`."""

import pytest


@pytest.fixture
def glm_config():
    """Refuse what the service refuses; profile "zai" would answer like api.z.ai."""
    return {"profile": "bigmodel", "policy": "default"}
'''

TEST = '''\
"""A first test: the client under test is called where it says so."""

import httpx


def ask(base_url, api_key, text):
    """Replace this by the client under test."""
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": f"Bearer {api_key}"}
    for _ in range(3):
        response = httpx.post(f"{base_url}/chat/completions", json=body, headers=headers)
        if response.status_code != 429:
            break
    return response.json()["choices"][0]


def test_the_rate_limit_is_survived(glm):
    glm.play("SCENARIO")
    assert ask(glm.base_url, glm.api_key, "北京天气?")["finish_reason"] == "tool_calls"
    assert [request.code or request.finish for request in glm.requests] == ["1302", "tool_calls"]
'''

HOOKS = """\
repos:
  - repo: local
    hooks:
      - id: mockglm-lint
        name: mockglm lint
        entry: mockglm lint scenarios
        language: system
        files: ^scenarios/.*\\.ya?ml$
        pass_filenames: false
"""


@click.command(epilog=examples("mockglm init", "mockglm init tests/glm"))
@click.argument(
    "folder", default=".", type=click.Path(file_okay=False, path_type=Path), metavar="[FOLDER]"
)
def init_command(*, folder: Path) -> None:
    """Write a first scenario, a test that plays it, the JSON Schema for editors, and a
    configuration of pre-commit into FOLDER, the current one by default. Existing files are kept."""
    for name, text in _files().items():
        path = folder / name
        if path.exists():
            click.echo(f"kept     {path}")
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from error
        click.echo(f"written  {path}")
    where = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"\nserve it: {where}mockglm serve scenarios\ntest it:  {where}pytest")


def _files() -> Mapping[str, str]:
    from mockglm.scenarios import build_json_schema

    schema = json.dumps(build_json_schema(), ensure_ascii=False, indent=2) + "\n"
    return {
        "scenarios/weather.yaml": SCENARIO,
        "tests/conftest.py": CONFTEST,
        "tests/test_weather.py": TEST.replace("SCENARIO", "../scenarios/weather.yaml"),
        "mockglm.schema.json": schema,
        ".pre-commit-config.yaml": HOOKS,
    }
