"""Fixtures of nock and betamax: read as what was sent."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mockglm.convert import ForeignCassette, read_foreign
from mockglm.errors import FileError
from mockglm.exchange import Response

BODY = '{"id":"1","created":1782862782,"choices":[]}'


def nock(**changes: Any) -> dict[str, Any]:
    return {
        "scope": "https://api.z.ai:443",
        "method": "POST",
        "path": "/api/paas/v4/chat/completions",
        "body": {"model": "glm-4.6"},
        "status": 200,
        "response": {"id": "1", "created": 1782862782, "choices": []},
        "rawHeaders": ["Content-Type", "application/json", "X-A", "1", "X-A", "2"],
        "responseIsBinary": False,
        **changes,
    }


def read(path: Path, value: Any) -> ForeignCassette:
    path.write_text(json.dumps(value), "utf-8")
    return read_foreign(path)


def answer(foreign: ForeignCassette) -> Response:
    (exchange,) = foreign.exchanges
    assert exchange.response is not None
    return exchange.response


def test_a_definition_of_nock_is_an_exchange(tmp_path: Path) -> None:
    foreign = read(tmp_path / "a.json", [nock()])
    assert (foreign.by, foreign.origin) == ("nock", "https://api.z.ai/api/paas/v4")
    assert foreign.exchanges[0].request.body == b'{"model":"glm-4.6"}'
    assert answer(foreign).body == BODY.encode()
    assert [value for name, value in answer(foreign).headers if name == "X-A"] == ["1", "2"]


@pytest.mark.parametrize(
    "changes",
    [
        {"response": BODY},
        {"response": [BODY.encode().hex()]},
        {"response": [BODY[:9].encode().hex(), BODY[9:].encode().hex()]},
        {
            "response": [gzip.compress(BODY.encode()).hex()],
            "rawHeaders": {"Content-Encoding": "gzip"},
        },
        {"rawHeaders": None, "headers": {"Content-Type": "application/json"}},
    ],
)
def test_a_body_of_nock_is_read_in_every_shape(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert answer(read(tmp_path / "a.json", [nock(**changes)])).body == BODY.encode()


@pytest.mark.parametrize(
    "body",
    [
        {"encoding": "UTF-8", "string": BODY},
        {"encoding": "UTF-8", "base64_string": base64.b64encode(BODY.encode()).decode()},
    ],
)
def test_a_cassette_of_betamax_is_read(tmp_path: Path, body: dict[str, str]) -> None:
    interaction = {
        "recorded_at": "2026-07-01T12:00:00",
        "request": {
            "method": "POST",
            "uri": "https://open.bigmodel.cn/api/paas/v4/chat/completions",
            "headers": {"Accept": ["*/*"]},
            "body": {"encoding": "utf-8", "string": '{"model":"glm-4.6"}'},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Date": ["Wed, 01 Jul 2026 12:00:00 GMT"]},
            "body": body,
            "url": "https://open.bigmodel.cn/api/paas/v4/chat/completions",
        },
    }
    file = {"http_interactions": [interaction], "recorded_with": "betamax/0.9.0"}
    foreign = read(tmp_path / "a.json", file)
    assert (foreign.by, foreign.at) == ("betamax", "2026-07-01T12:00:00Z")
    assert answer(foreign).body == BODY.encode()


@pytest.mark.parametrize("changes", [{"scope": 5}, {"rawHeaders": ["A"]}, {"status": "x"}])
def test_a_wrong_definition_is_reported_with_its_number(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(FileError, match="interaction 2: "):
        read(tmp_path / "a.json", [nock(), nock(**changes)])
