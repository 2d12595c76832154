"""The files of a report: report.json, report.html and badge.json in one folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mockglm.conformance.report.badge import badge
from mockglm.conformance.report.page import page

__all__ = ["write"]

JSON = Mapping[str, Any]


def write(folder: Path, report: JSON, exchanges: Sequence[JSON]) -> None:
    """Write every form of the report; the folder is made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    _dump(folder / "report.json", report)
    _dump(folder / "badge.json", badge(report))
    (folder / "report.html").write_text(page(report, exchanges), encoding="utf-8")


def _dump(path: Path, value: JSON) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
