"""Against another mock: the kit runs to its end and names what is not GLM's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.api_keys import NAMES
from mockglm.conformance.command import main
from tests.conformance.aimock import PACKAGE, playing
from tests.conformance.packages import install
from tests.serving import KEY

DIFFERENCES = {
    "CHK-06": "another has the role in a first chunk of its own, not beside the text",
    "USE-01": "usage only for who asks for it, in a chunk without choices",
    "ERR-03": "any model is answered",
    "ERR-06": "the role developer is taken",
    "AUT-01": "the code is a word",
    "AUT-02": "the code is a word",
    "AUT-04": "no token is known",
}
SAME = {"SSE-05", "SSE-06", "CHK-01", "JSN-01", "TOL-01", "TOL-03", "RSN-02", "FIN-01", "TRN-02"}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("aimock")
    modules = install(folder, PACKAGE)
    patch = pytest.MonkeyPatch()
    with patch.context() as context, playing(modules, folder) as url:
        for name in NAMES:
            context.delenv(name, raising=False)
        context.setenv("ZAI_API_KEY", KEY)
        code = main([url], {"model": "glm-4.6", "deterministic": True, "report": folder / "out"})
    assert code == 1
    return json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))


def test_it_runs_to_its_end(report: Any) -> None:
    assert report["cause"] is None
    assert report["requests"] == 26
    assert len(report["checks"]) == 94


@pytest.mark.parametrize("id", DIFFERENCES)
def test_a_difference_is_named(report: Any, id: str) -> None:
    found = next(check for check in report["checks"] if check["id"] == id)
    assert found["verdict"] == "fail", DIFFERENCES[id]
    assert found["findings"]
    assert found["advice"]


def test_what_both_have_is_no_difference(report: Any) -> None:
    passed = {check["id"] for check in report["checks"] if check["verdict"] == "pass"}
    assert passed >= SAME
