"""A cassette opened in each mode: what is replayed, and what reaches the service."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from mockglm.errors import FileError, UpstreamError, UsageError
from mockglm.recorder import MODES, Mode, RecordingPlan, Upstream, open_recording, plan_recording
from mockglm.scenarios import load
from tests.recorder.service import KEY, Call, Proxy, Service, chunk, head, recording

RECORDED = "format: 1\ninteractions:\n- {request: {path: /models, method: GET}, response: {}}\n"


def service() -> Upstream:
    return Upstream("https://api.z.ai/api/paas/v4", key=KEY)


def nobody() -> Upstream:
    raise UpstreamError("nobody is asked")


@pytest.mark.parametrize(
    ("text", "mode", "plays", "records"),
    [
        (None, "once", False, True),
        (None, "none", False, False),
        (RECORDED, "once", True, False),
        (RECORDED, "new", True, True),
        (RECORDED, "all", False, True),
        ("format: 1\ninteractions: []\n", "once", False, True),
        ("format: 1\ninteractions:\n", "once", False, True),
        ("format: 1\ninteractions: # none yet\n", "new", False, True),
        ("", "once", False, True),
        ("\ufeff# to be recorded\n\n", "once", False, True),
        ("", "none", False, False),
    ],
)
def test_mode_decides_if_a_cassette_is_replayed_and_recorded(
    tmp_path: Path, text: str | None, mode: Mode, plays: bool, records: bool
) -> None:
    path = tmp_path / "new" / "a.yaml"
    if text is not None:
        path.parent.mkdir()
        path.write_text(text, "utf-8")
    begun = open_recording(path, mode, service if records else nobody)
    assert (begun.replays, begun.recorder is not None) == (plays, records)
    assert path.exists() == (text is not None)
    if begun.recorder is not None:
        assert begun.recorder.cassette is not None
        assert begun.recorder.cassette.path == path
        assert list(path.parent.iterdir()) == [path] * path.exists()


def test_recording_that_cannot_work_is_refused_before_any_request(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("no: [", "utf-8")
    with pytest.raises(FileError):
        open_recording(tmp_path / "a.yaml", "new", service)
    with pytest.raises(UsageError, match="cannot be made"):
        open_recording(tmp_path / "a.yaml" / "b" / "c.yaml", "new", service)
    with pytest.raises(UpstreamError, match="nobody"):
        open_recording(tmp_path / "b.yaml", "new", nobody)


ONE, TWO = {"model": "glm-4.6", "n": 1}, {"model": "glm-4.6", "n": 2}


def numbered() -> Service:
    """A service whose answers are numbered."""
    numbers = count(1)

    def send(call: Call) -> None:
        body = b'{"id":"%d"}' % next(numbers)
        call.send(head(kind="application/json") + chunk(body) + chunk(b""))

    return Service(send)


def answers(proxy: Proxy, *asked: dict[str, object]) -> list[str | int]:
    """The number of each answer, or the status of a miss."""
    found = [proxy.post(json=body) for body in asked]
    return [
        answer.json()["id"] if answer.status_code == 200 else answer.status_code for answer in found
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_empty", [True, False])
def test_every_mode_replays_or_records(mode: Mode, is_empty: bool) -> None:
    plan = plan_recording(mode, is_empty=is_empty)
    assert plan.records or plan.replays
    assert plan.replays is not is_empty or mode in ("all", "none")
    assert plan.overwrites == (mode == "all")


def test_once_records_a_cassette_and_then_only_replays_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with numbered() as service:
        with recording(service.url, path) as proxy:
            assert answers(proxy, ONE, ONE, TWO) == ["1", "2", "3"]
        with recording(service.url, path) as proxy:
            assert answers(proxy, ONE, TWO, ONE, ONE) == ["1", "3", "2", "2"]
            assert answers(proxy, {**ONE, "messages": [{"role": "user", "content": "晴"}]}) == [422]
    assert len(load(path).interactions) == 3


def test_once_records_a_cassette_that_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("format: 1\ninteractions: []\n", "utf-8")
    with numbered() as service, recording(service.url, path) as proxy:
        assert answers(proxy, ONE) == ["1"]
    assert len(load(path).interactions) == 1


def test_new_replays_each_recording_once_and_records_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with numbered() as service:
        with recording(service.url, path) as proxy:
            assert answers(proxy, ONE, ONE) == ["1", "2"]
        with recording(service.url, path, mode="new") as proxy:
            assert answers(proxy, ONE, TWO, ONE, ONE) == ["1", "3", "2", "4"]
        with recording(service.url, path, mode="new") as proxy:
            assert answers(proxy, ONE, ONE, ONE, TWO) == ["1", "2", "4", "3"]
    assert len(load(path).interactions) == 4


def test_new_records_a_stream_where_only_json_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with numbered() as service:
        with recording(service.url, path) as proxy:
            assert answers(proxy, ONE) == ["1"]
        with recording(service.url, path, mode="new") as proxy:
            assert answers(proxy, {**ONE, "stream": True}, ONE) == ["2", "1"]


def test_all_records_every_request_and_overwrites_the_cassette(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with numbered() as service:
        with recording(service.url, path) as proxy:
            answers(proxy, ONE, TWO)
        with recording(service.url, path, mode="all") as proxy:
            assert answers(proxy, ONE) == ["3"]
    (kept,) = load(path).interactions
    assert kept.steps[0].response is not None
    assert kept.steps[0].response.body == b'{"id":"3"}'


def test_none_sends_no_request(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with numbered() as service:
        with recording(service.url, path, mode="none") as proxy:
            assert proxy.recorder is None
            assert proxy.post(json=ONE).status_code == 400
        assert service.calls == []
    assert not path.exists()


def test_unused_recordings_are_known_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with numbered() as service:
        with recording(service.url, path) as proxy:
            answers(proxy, ONE, TWO)
        with recording(service.url, path) as proxy:
            answers(proxy, TWO)
            (unused,) = proxy.sessions.unused()
    assert unused.request is not None
    assert unused.request.body == b'{"model":"glm-4.6","n":1}'


def test_once_records_an_empty_cassette_and_replays_any_other() -> None:
    recording, replaying = (plan_recording("once", is_empty=empty) for empty in (True, False))
    assert recording == RecordingPlan(replays=False, records=True)
    assert replaying == RecordingPlan(replays=True, records=False)
