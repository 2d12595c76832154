"""The files of deploy/: valid for Kubernetes, and in step with options and metrics."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from mockglm.cli.serve import serve_command
from mockglm.control.api import OPEN_PATHS
from mockglm.exchange import Request, Response
from mockglm.journal import Entry
from mockglm.metrics import Metrics
from mockglm.scenarios import load

DEPLOY = Path(__file__).parents[1] / "deploy"
CHART = DEPLOY / "helm/mockglm"
RENDERED = ("mockglm.yaml", "complete.yaml")
VERSIONS = ("1.29", "1.33")
CUSTOM = {"ServiceMonitor"}
"""Kinds that are not Kubernetes' own; their schemas are those of their operators."""


def documents(name: str) -> list[dict[str, Any]]:
    text = (DEPLOY / "kubernetes" / name).read_text("utf-8")
    return list(yaml.safe_load_all(text))


def find(name: str, kind: str) -> dict[str, Any]:
    (found,) = (one for one in documents(name) if one["kind"] == kind)
    return found


def container(name: str) -> dict[str, Any]:
    (found,) = find(name, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", RENDERED)
def test_manifests_are_valid_by_the_schemas_of_kubernetes(name: str, version: str) -> None:
    for one in documents(name):
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, version, strict=True)


def test_a_mistake_in_a_manifest_is_found() -> None:
    deployment = find("mockglm.yaml", "Deployment")
    deployment["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


def test_the_chart_makes_all_that_a_shared_service_needs() -> None:
    kinds = {one["kind"] for one in documents("complete.yaml")}
    assert kinds == {
        *("ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy"),
        *("PodDisruptionBudget", "Secret", "Service", "ServiceMonitor"),
    }
    assert "replicas" not in find("complete.yaml", "Deployment")["spec"]
    assert find("mockglm.yaml", "Deployment")["spec"]["replicas"] == 2


@pytest.mark.parametrize("name", RENDERED)
def test_containers_are_not_root_and_write_nothing(name: str) -> None:
    pod = find(name, "Deployment")["spec"]["template"]["spec"]
    rights = container(name)["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert rights["readOnlyRootFilesystem"]
    assert not rights["allowPrivilegeEscalation"]
    assert rights["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("name", RENDERED)
def test_probes_ask_for_paths_without_a_token(name: str) -> None:
    probes = [value for key, value in container(name).items() if key.endswith("Probe")]
    paths = {probe["httpGet"]["path"].removeprefix("/__mockglm__") for probe in probes}
    assert paths == {"/live", "/ready"}
    assert paths <= set(OPEN_PATHS)


@pytest.mark.parametrize("name", RENDERED)
def test_arguments_are_options_of_serve(name: str, tmp_path: Path) -> None:
    options = parse([str(one) for one in container(name)["args"]], tmp_path)
    assert (options["host"], options["has_metrics"], options["drain"]) == ("0.0.0.0", True, 5)
    grace = find(name, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > options["drain"] + options["grace"]
    variables = {one["name"] for one in container(name)["env"]}
    assert variables == {"MOCKGLM_TOKEN", "MOCKGLM_SERVE_STATE"}


def parse(arguments: list[str], folder: Path) -> Mapping[str, Any]:
    assert arguments[0] == "serve"
    given = [str(folder) if one == "/scenarios" else one for one in arguments[1:]]
    with serve_command.make_context("serve", given) as context:
        return dict(context.params)


def test_the_templates_use_values_that_there_are() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    used = set()
    for path in (CHART / "templates").iterdir():
        used |= set(re.findall(r"\.Values((?:\.\w+)+)", path.read_text("utf-8")))
    assert len(used) > 20
    for name in used:
        level = values
        for part in name.removeprefix(".").split("."):
            assert part in level, name
            level = level[part]


@pytest.mark.skipif(
    not (shutil.which("helm") or find_spec("helm_python")), reason="helm is not installed"
)
def test_manifests_are_those_of_the_chart() -> None:
    command = [sys.executable, "-m", "tests.chart", "--check"]
    assert subprocess.run(command, cwd=DEPLOY.parent, check=False).returncode == 0


def compose() -> Mapping[str, Any]:
    loaded = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return dict(loaded["services"])


def test_compose_runs_two_replicas_with_a_store_and_prometheus(tmp_path: Path) -> None:
    services = compose()
    assert {"mockglm", "valkey", "prometheus"} <= services.keys()
    mockglm = services["mockglm"]
    assert mockglm["deploy"]["replicas"] == 2
    assert mockglm["read_only"]
    options = parse(mockglm["command"], tmp_path)
    assert options["state"] == "redis://valkey:6379/0"
    assert options["has_metrics"]


def test_files_that_compose_mounts_are_there() -> None:
    for service in compose().values():
        for volume in service.get("volumes", ()):
            assert (DEPLOY / volume.partition(":")[0]).exists(), volume
    for path in (DEPLOY / "scenarios").iterdir():
        assert load(path).interactions
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    assert config["scrape_configs"][0]["metrics_path"] == "/__mockglm__/metrics"


def test_the_dashboard_shows_metrics_that_there_are() -> None:
    metrics = Metrics()
    request = Request("POST", "/chat/completions")
    response = Response(200, (), ((1.0, b"x"),))
    metrics(
        Entry(1, "", 0.0, request, "m", first=1.0, total=1.0, outcome="done", response=response)
    )
    metrics.observe_store("load", 0.001)
    text = metrics.render().decode()
    names = set(re.findall(r"^(\w+)(?:\{| )", text, re.MULTILINE))
    labels = set(re.findall(r"[{,](\w+)=", text))
    used = [expression for panel in panels() for expression in expressions(panel)]
    assert len(used) > 10
    for expression in used:
        assert set(re.findall(r"mockglm_\w+", expression)) <= names
        grouped = re.findall(r"by \(([^)]*)\)", expression)
        assert {one.strip() for group in grouped for one in group.split(",")} <= {
            *labels,
            "instance",
        }


def panels() -> Iterator[Mapping[str, Any]]:
    yield from json.loads((DEPLOY / "grafana/mockglm.json").read_text("utf-8"))["panels"]


def expressions(panel: Mapping[str, Any]) -> Iterator[str]:
    for target in panel["targets"]:
        yield target["expr"]
