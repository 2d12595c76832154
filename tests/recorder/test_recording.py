"""A cassette and a service made ready, whoever asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm.errors import FileError, UpstreamError, UsageError
from mockglm.recorder import Mode, Upstream, begin
from tests.recorder.service import KEY

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
def test_a_mode_says_what_is_played_and_who_records(
    tmp_path: Path, text: str | None, mode: Mode, plays: bool, records: bool
) -> None:
    path = tmp_path / "new" / "a.yaml"
    if text is not None:
        path.parent.mkdir()
        path.write_text(text, "utf-8")
    begun = begin(path, mode, service if records else nobody)
    assert (begun.plays, begun.recorder is not None) == (plays, records)
    assert path.exists() == (text is not None)
    if begun.recorder is not None:
        assert begun.recorder.cassette is not None
        assert begun.recorder.cassette.path == path
        assert list(path.parent.iterdir()) == [path] * path.exists()


def test_what_stands_in_the_way_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("no: [", "utf-8")
    with pytest.raises(FileError):
        begin(tmp_path / "a.yaml", "new", service)
    with pytest.raises(UsageError, match="cannot be made"):
        begin(tmp_path / "a.yaml" / "b" / "c.yaml", "new", service)
    with pytest.raises(UpstreamError, match="nobody"):
        begin(tmp_path / "b.yaml", "new", nobody)
