"""report.html: the report as one page that needs no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockglm.conformance.report.marks import MARKS, TITLES, WORDS

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
_WIDTH = 960
"""Width of a timeline in units of the drawing."""
_TICKS = 1_500
"""Pieces of an answer that its timeline draws."""


def render_page(report: JSON, exchanges: Sequence[JSON]) -> str:
    """The page: checks with their findings, then every exchange with its times and bytes."""
    template = load_template("page.html")
    groups = groupby(report["checks"], key=lambda check: check["category"])
    return template.render(
        report=report,
        title=TITLES.get(report["set"], "GLM"),
        started=datetime.fromtimestamp(report["started"], UTC).strftime("%Y-%m-%d %H:%M UTC"),
        categories=[(name, list(checks)) for name, checks in groups],
        exchanges=[{**found, "timeline": draw_timeline(found)} for found in exchanges],
        summary=[(v, report["summary"][v]) for v in _VERDICTS if v in report["summary"]],
        names={found["name"] for found in exchanges},
        width=_WIDTH,
        marks=MARKS,
        words=WORDS,
    )


def load_template(name: str, folder: Path = TEMPLATES) -> jinja2.Template:
    """Load the template of a page, which can include those beside it and the shared style."""
    # Imported here: few runs write a page.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)


def draw_timeline(exchange: JSON) -> dict[str, Any]:
    """The arrival of the head and of each piece, as places on a line of the page's width."""
    times = [at for at, _ in exchange["pieces"]]
    last = max([exchange["head"] or 0.0, *times])
    scale = _WIDTH / last if last else 0.0
    return {
        "text": _format_total(len(times), last),
        "head": round((exchange["head"] or 0.0) * scale, 1),
        "ticks": list(_ticks(times[:_TICKS], scale)),
        "marks": [(round(last * i / 4 * scale, 1), _format_time(last * i / 4)) for i in range(5)],
    }


def _format_total(count: int, last: float) -> str:
    return f"{count} piece{'' if count == 1 else 's'} in {_format_time(last)}"


def _format_time(time: float) -> str:
    return f"{time * 1000:.0f} ms" if time < 1 else f"{time:.2f} s"


def _ticks(times: Sequence[float], scale: float) -> Iterator[float]:
    """The places of the pieces, each place once."""
    for place, _ in groupby(round(at * scale, 1) for at in times):
        yield place
