"""The examples of load tests: what they name is there, and their programs can be read."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from mockglm.scenarios import load
from tests.serving import serving

FOLDER = Path(__file__).parents[2] / "examples/load"


def test_the_service_answers_the_requests_of_the_users() -> None:
    with serving(FOLDER / "service.yaml") as served:
        assert served.ask("what is the weather like?").json()["choices"]
        assert served.ask("tell me something", stream=True).text.endswith("data: [DONE]\n\n")


def test_the_service_slows_down_and_is_overloaded() -> None:
    scenario = load(FOLDER / "service.yaml")
    assert scenario.load is not None
    assert scenario.load.slowdown > 0
    assert scenario.load.overload is not None


def test_the_gateway_leads_to_mockglm() -> None:
    config = yaml.safe_load((FOLDER / "litellm.yaml").read_text("utf-8"))
    (model,) = config["model_list"]
    assert httpx.URL(model["litellm_params"]["api_base"]).path == "/api/paas/v4"
    assert model["model_name"] in (FOLDER / "locustfile.py").read_text("utf-8")


def test_the_users_of_locust_have_tasks() -> None:
    tree = ast.parse((FOLDER / "locustfile.py").read_text("utf-8"))
    (user,) = (one for one in tree.body if isinstance(one, ast.ClassDef))
    tasks = [one.name for one in user.body if isinstance(one, ast.FunctionDef)]
    assert tasks == ["stream", "chat"]


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_script_of_k6_can_be_read(tmp_path: Path) -> None:
    # As a module, for it imports those of k6.
    script = tmp_path / "script.mjs"
    text = (FOLDER / "script.js").read_text("utf-8")
    script.write_text(text, encoding="utf-8")
    assert subprocess.run(["node", "--check", str(script)], check=False).returncode == 0
    assert set(re.findall(r'from "([^"]+)"', text)) == {"k6", "k6/http", "k6/metrics"}
