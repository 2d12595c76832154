"""Reports over the reference, for tests of their forms."""

from __future__ import annotations

from typing import Any

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.report.document import make_document, make_entry, make_head
from mockglm.conformance.report.exchanges import describe_exchange
from mockglm.conformance.verdicts import judge_run
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import STARTED, evidence, exchange


def make_report(*ids: str, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A report over the reference with the first mutant of each of these checks."""
    mutants = [MUTANTS[id][0] for id in ids]
    found = evidence({m.probe: exchange(m.probe, m.answer()) for m in mutants})
    views = {view.name: view for view in found}
    url = "http://127.0.0.1:9/api/paas/v4"
    entries = [make_entry(judge_run(check, found), views, url) for check in CHECKS.values()]
    head = make_head(target=url, model="glm-4.6", started=STARTED, requests=26, tokens=300, **more)
    return make_document(head, entries), [describe_exchange(view) for view in found]
