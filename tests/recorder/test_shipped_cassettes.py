"""The cassettes that come with mockglm have no problems, their requests, and replay."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from mockglm.exchange import Response
from mockglm.lint import LintLimits, lint_files
from mockglm.scenarios import load
from tests.recorder.shipped_cassettes import FOLDER, SHIPPED
from tests.serving import KEY, serving

NAMES = sorted(SHIPPED)


def test_shipped_cassettes_have_no_problems() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == NAMES
    assert lint_files([FOLDER], LintLimits(now=0.0)) == ()


@pytest.mark.parametrize("name", NAMES)
def test_shipped_cassette_has_its_requests(name: str) -> None:
    recorded = [one.request for one in load(FOLDER / f"{name}.yaml").interactions]
    asked = [(ask.method, ask.path, ask.body or None) for ask in SHIPPED[name]]
    assert asked == [
        (one.method, one.path, msgspec.json.decode(one.body) if one.body else None)
        for one in recorded
        if one is not None
    ]


@pytest.mark.parametrize("name", NAMES)
def test_shipped_cassette_replays(name: str) -> None:
    path = FOLDER / f"{name}.yaml"
    headers = {"Authorization": f"Bearer {KEY}"}
    with serving(path) as served, httpx.Client(headers=headers, trust_env=False) as client:
        for interaction in load(path).interactions:
            request, answer = interaction.request, interaction.steps[0].response
            assert request is not None
            assert answer is not None
            url = f"{served.url}{request.path}"
            with client.stream(request.method, url, content=request.body or None) as played:
                assert played.status_code == answer.status
                assert _read(played) == (answer.body, _end(answer))


def _read(answer: httpx.Response) -> tuple[bytes, str]:
    pieces: list[bytes] = []
    try:
        pieces.extend(answer.iter_raw())
    except httpx.RemoteProtocolError:
        return b"".join(pieces), "close"
    return b"".join(pieces), "done"


def _end(answer: Response) -> str:
    return answer.end
