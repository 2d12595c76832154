"""report.html: the report as one page that needs no network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockglm import design
from mockglm.conformance.report.drawing import WIDTH, draw_timeline
from mockglm.conformance.report.marks import COUNTED, FAILURES, MARKS, TITLES, WORDS
from mockglm.conformance.report.texts import TEXTS

if TYPE_CHECKING:
    import jinja2

JSON = Mapping[str, Any]

TEMPLATES = Path(__file__).parent
"""The folder of the page and of the style that pages of reports share."""
_VERDICTS = (
    *("error", "fail", "not_testable", "stale", "warn"),
    *("not_exercised", "expected", "pass", "not_applicable"),
)
"""From worst to best."""
_OPEN = ("error", "fail", "stale")
"""The verdicts of checks that come first, with their findings open."""


def render_page(report: JSON, exchanges: Sequence[JSON]) -> str:
    """The page: checks with their findings, then every exchange with its times and bytes."""
    checks = report["checks"]
    others = [check for check in checks if check["verdict"] not in _OPEN]
    return load_template("page.html").render(
        **page_parts("settings.js", "page.js"),
        report=report,
        title=TITLES.get(report["set"], "GLM"),
        started=datetime.fromtimestamp(report["started"], UTC).strftime("%Y-%m-%d %H:%M UTC"),
        result=_result(report),
        shares=[(level, _share(checks, level)) for level in ("MUST", "SHOULD")],
        failures=[check for check in checks if check["verdict"] in _OPEN],
        categories=_group(checks),
        others=_group(others),
        exchanges=exchanges,
        timelines={found["name"]: draw_timeline(found) for found in exchanges},
        summary=[(v, report["summary"][v]) for v in _VERDICTS if v in report["summary"]],
        width=WIDTH,
        marks=MARKS,
        words=WORDS,
    )


def page_parts(*scripts: str) -> dict[str, Any]:
    """The style and the scripts of a page, with the hashes by which its policy admits them."""
    style = "\n".join(
        path.read_text("utf-8") for path in (design.FOLDER / "design.css", TEMPLATES / "style.css")
    )
    script = "\n".join((TEMPLATES / name).read_text("utf-8") for name in scripts)
    return {
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "texts": TEXTS,
    }


def load_template(name: str, folder: Path = TEMPLATES) -> jinja2.Template:
    """Load the template of a page, which can include those beside it and the shared style."""
    # Imported here: few runs write a page.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES, design.FOLDER]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _group(checks: Sequence[JSON]) -> list[tuple[str, list[JSON]]]:
    groups = groupby(checks, key=lambda check: check["category"])
    return [(name, list(found)) for name, found in groups]


def _result(report: JSON) -> str:
    if (report["cause"] and report["cause"]["blocking"]) or report["summary"].get("error"):
        return "unjudged"
    is_failed = any(report["summary"].get(verdict) for verdict in FAILURES)
    return "failed" if is_failed else "passed"


def _share(checks: Sequence[JSON], level: str) -> dict[str, float]:
    verdicts = [check["verdict"] for check in checks if check["level"] == level]
    counted = [verdict for verdict in verdicts if verdict in COUNTED]
    passed = counted.count("pass")
    percent = round(100 * passed / len(counted), 1) if counted else 0
    return {"passed": passed, "counted": len(counted), "percent": percent}
