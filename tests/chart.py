"""Render deploy/helm/mockglm into deploy/kubernetes, by `helm template` or by helm-python-sdk.

Helm is no dependency of the tests: they validate what is rendered here. --check changes nothing and
ends with 1 if something would change.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
CHART = DEPLOY / "helm/mockglm"
RENDERED = {"mockglm.yaml": "plain.yaml", "complete.yaml": "complete.yaml"}


def render(values: Path) -> list[dict[str, Any]]:
    if shutil.which("helm"):
        command = ["helm", "template", "glm", str(CHART), "--values", str(values)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    else:
        from helm_python import Chart  # type: ignore[import-not-found]

        with Chart.load(CHART) as chart:
            given = yaml.safe_load(values.read_text("utf-8"))
            text = "\n---\n".join(chart.render(given, name="glm").values())
    documents = filter(None, yaml.safe_load_all(text))
    return sorted(documents, key=lambda one: (one["kind"], one["metadata"]["name"]))


def main() -> int:
    changed = False
    for name, values in RENDERED.items():
        path = DEPLOY / "kubernetes" / name
        head = f"# The chart with the values of {values}; written by scripts/render-chart.\n"
        text = head + yaml.safe_dump_all(
            render(DEPLOY / "helm" / values), allow_unicode=True, sort_keys=False
        )
        if path.exists() and path.read_text("utf-8") == text:
            continue
        changed = True
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
    return int(changed and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
