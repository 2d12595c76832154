"""A run against another mock: it goes to its end and names the differences to GLM."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm.api_keys import KEY_VARIABLES
from tests.conformance.aimock import PACKAGE, playing
from tests.conformance.commands import command, read_report
from tests.conformance.packages import install
from tests.serving import KEY

DIFFERENCES = {
    "CHK-06": "the role has a chunk of its own, before the text",
    "USE-01": "usage comes on demand alone, in a chunk without choices",
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
        for name in KEY_VARIABLES:
            context.delenv(name, raising=False)
        context.setenv("ZAI_API_KEY", KEY)
        options = ("--model", "glm-4.6", "--deterministic", "--report", str(folder / "out"))
        code = command("check", url, *options)
    assert code == 1
    return read_report(folder / "out")


def test_a_run_against_aimock_goes_to_its_end(report: Any) -> None:
    assert report["cause"] is None
    assert report["requests"] == 26
    assert len(report["checks"]) == 97


def test_each_difference_is_a_finding_with_advice(report: Any) -> None:
    checks = {check["id"]: check for check in report["checks"]}
    for id, difference in DIFFERENCES.items():
        assert checks[id]["verdict"] == "fail", difference
        assert checks[id]["findings"], difference
        assert checks[id]["advice"], difference


def test_shared_behaviour_passes(report: Any) -> None:
    passed = {check["id"] for check in report["checks"] if check["verdict"] == "pass"}
    assert passed >= SAME
