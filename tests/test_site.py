"""The site of the documentation: every page is in it, and it builds without a warning."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mockglm import GLM
from tests import site


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    config = site.write(tmp_path_factory.mktemp("site"))
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(config)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return config.parent / "site"


def test_the_navigation_has_every_page_once() -> None:
    listed = [page for section in site.find_sections().values() for page in section]
    assert sorted(listed) == sorted([*site.PAGES.values(), "api.md"])


def test_the_site_has_every_page_in_both_languages(built: Path) -> None:
    for page in (*site.PAGES.values(), "api.md"):
        assert (built / page.replace(".md", ".html")).is_file()
    assert "启动服务器" in (built / "serving.zh.html").read_text("utf-8")
    found = json.loads((built / "search.json").read_text("utf-8"))
    assert any("improvise" in str(item) for item in found["items"])


def test_the_site_loads_nothing_from_other_hosts(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    assert "fonts.googleapis.com" not in page
    assert '<script src="http' not in page


def test_the_reference_has_every_member_of_the_handle(built: Path) -> None:
    reference = (built / "api.html").read_text("utf-8")
    members = [name for name, _ in site.public_members(GLM)]
    assert len(members) > 15
    assert [name for name in members if f"<code>{name}</code>" not in reference] == []
