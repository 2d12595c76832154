"""The pages that are made are what they would be made now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockglm.control.operations import OPERATIONS
from mockglm.faults import CATALOGUE, parse
from mockglm.scenarios import parse as parse_file
from mockglm.scenarios import shipped_scenarios
from mockglm.server.routes import parse_route
from tests.pages import DOCS, PAGES, control, faults
from tests.serving import KEY, serving


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_would_be_made(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name](), "run scripts/write-pages"


def test_the_table_of_the_control_api_has_every_operation() -> None:
    rows = re.findall(r"^\| `([A-Z]+) (/\S+)` \| (.+?) \|", control(), re.MULTILINE)
    assert rows == [
        (one.method.upper(), one.path.replace("{ordinal}", "N"), one.about)
        for path in dict.fromkeys(one.path for one in OPERATIONS)
        for one in OPERATIONS
        if one.path == path
    ]
    named = {name for one in OPERATIONS for name in one.query}
    assert named == set(re.findall(r"^\| `([a-z]+)` \|", control(), re.MULTILINE))


def test_every_fault_has_its_row() -> None:
    assert re.findall(r"^\| `([\w-]+)` \|", faults(), re.MULTILINE) == [
        name for kind in ("wire", "stream", "meaning") for name in _of(kind)
    ]


def test_the_examples_of_the_page_can_be_used() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", faults(), re.DOTALL)
    assert len(parse_file(example.encode(), Path("example.yaml")).interactions) == 2
    (url,) = re.findall(r"`(/s/\S+/api/paas/v4)`", faults())
    where = parse_route(url)
    assert (where.scenario, where.label) == ("hello", "me")
    assert [str(laid.position) for laid in parse(where.faults)] == ["None", "3 frames"]


def test_the_url_on_the_page_works() -> None:
    (url,) = re.findall(r"`/s/(\S+)/api/paas/v4`", faults())
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    came: list[bytes] = []
    with serving(shipped_scenarios()["hello"]) as served, pytest.raises(httpx.ReadError):
        _read(f"{served.base(url)}/chat/completions", body, came)
    assert b"".join(came).count(b"\r\n\r\n") == 3


def _read(url: str, body: Mapping[str, Any], came: list[bytes]) -> None:
    """Add what comes of a stream."""
    header = {"Authorization": f"Bearer {KEY}"}
    with httpx.stream("POST", url, json=body, headers=header) as answer:
        assert answer.status_code == 200
        came.extend(answer.iter_raw())


def _of(kind: str) -> list[str]:
    rows: Mapping[str, Any] = CATALOGUE
    return [name for name, fault in rows.items() if fault.kind == kind]
