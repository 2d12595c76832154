"""report.html of a measurement: tables, and plots as inline SVG; it needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mockglm.conformance.report.page import load_template
from mockglm.measurement.lines import describe_in_flight, describe_reads, format_share, format_time

JSON = Mapping[str, Any]

_WIDTH = 960
_LEFT = 120
_RIGHT = 130
"""Room for the names of rows, and for their figures."""
_ROW = 28


def render_page(report: JSON) -> str:
    """Render the page of a report."""
    return load_template("page.html", Path(__file__).parent).render(
        report=report,
        started=datetime.fromtimestamp(report["started"], UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rows=[_row(series) for series in report["series"]],
        plot=draw_firsts(report["series"]),
        bars=draw_empty_stops(report["empty_stops"]),
        in_flight=describe_in_flight(report["in_flight"]) if report["in_flight"] else "",
        reads=describe_reads(report["reads"]),
        width=_WIDTH,
    )


def draw_firsts(series: Sequence[JSON]) -> JSON:
    """Place the time to the first token of each sample, a row for each series, on one scale."""
    last = max((point for row in series for point in row["points"]), default=0.0)
    scale = (_WIDTH - _LEFT - 8) / last if last else 0.0
    rows = [
        {
            "name": row["name"],
            "y": number * _ROW + 14,
            "dots": [_place(point, scale) for point in row["points"]],
            "median": None if row["first"]["p50"] is None else _place(row["first"]["p50"], scale),
        }
        for number, row in enumerate(series)
    ]
    marks = [(_place(last * i / 4, scale), format_time(last * i / 4)) for i in range(5)]
    return {"rows": rows, "marks": marks, "left": _LEFT, "height": len(series) * _ROW + 22}


def draw_empty_stops(rows: Sequence[JSON]) -> JSON:
    """Draw a bar for each size of prompt, the share of empty stops in it."""
    room = _WIDTH - _LEFT - _RIGHT
    bars = [
        {
            "label": _size(row),
            "y": number * _ROW + 4,
            "full": room,
            "width": round(room * row["share"], 1),
            "text": f"{row['empty']} of {row['measured']}, {format_share(row['share'])}",
        }
        for number, row in enumerate(rows)
    ]
    return {"rows": bars, "left": _LEFT, "height": len(bars) * _ROW + 8}


def _row(series: JSON) -> JSON:
    first, between, rate = series["first"], series["between"], series["rate"]
    times = [*(first[p] for p in ("p50", "p90", "p99")), *(between[p] for p in between)]
    return {
        "name": series["name"],
        "purpose": series["purpose"],
        "cells": [
            f"{series['measured']}/{series['sent']}",
            *map(format_time, times),
            "–" if rate["p50"] is None else f"{rate['p50']:.1f}",
            format_share(series["cached_share"]),
        ],
    }


def _size(row: JSON) -> str:
    return f"from {row['from']:,}" if row["to"] is None else f"below {row['to']:,}"


def _place(time: float, scale: float) -> float:
    return round(_LEFT + time * scale, 1)
