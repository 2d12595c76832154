"""report.json."""

from __future__ import annotations

import json

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.report.document import redact_document
from mockglm.redaction import Redactor
from tests.conformance.reference import KEY, STARTED
from tests.conformance.report.reports import make_report


def test_a_redacted_document_has_no_secret() -> None:
    document = {"a": [f"Bearer {KEY}", 1, None], "b": {"c": KEY}}
    assert KEY not in json.dumps(redact_document(document, Redactor([KEY])))


def test_a_document_has_the_keys_of_its_schema() -> None:
    document = make_report("SSE-05")[0]
    assert document.keys() >= {
        "schema", "tool", "set", "started", "target", "model", "requests", "tokens", "summary",
        "checks",
    }  # fmt: skip
    assert document["schema"] == "mockglm.report/1"
    assert document["started"] == STARTED
    assert sum(document["summary"].values()) == len(CHECKS)
