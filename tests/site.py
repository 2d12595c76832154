"""The pages of the documentation put together as the source of a site, with its API reference.

Pages link to files of the repository; in the site those that are pages become pages, and the others
become links to the repository.
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mockglm
from mockglm.testing import ClockControl, RecordedCall, StandingRule

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/OWNER/mockglm/blob/main/"
INDEX = {"README.md": "index.md", "README.zh.md": "index.zh.md"}
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}
PAGES: Mapping[str, str] = {
    **INDEX,
    **OUTSIDE,
    "examples/README.md": "examples.md",
    **{f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.md"))},
}
"""The page of the site for each page of the repository."""

SECTIONS: Mapping[str, Sequence[str]] = {
    "Start": ("index", "setup", "serving", "testing", "recording", "inspector"),
    "What it plays": ("format", "scenarios", "faults", "anthropic", "endpoints"),
    "Judging": ("conformance", "checks", "measure", "clients", "going-wrong", "agents"),
    "Reference": ("api", "control", "security", "deviations", "glossary", "cassette-format"),
    "Operating": ("scale", "performance"),
}
"""Sections of the navigation. Other pages, and those in Chinese, have a section of their own."""

LINK = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?(\))")
FACE: Mapping[str, Any] = {
    "serve": mockglm.serve,
    "GLM": mockglm.GLM,
    "StandingRule": StandingRule,
    "RecordedCall": RecordedCall,
    "ClockControl": ClockControl,
}
"""The public names, in the order of the reference."""


def write(folder: Path) -> Path:
    """Write the source of the site below a folder and return its configuration."""
    source = folder / "pages"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for page, target in PAGES.items():
        (source / target).write_text(_translate(page), "utf-8")
    (source / "api.md").write_text("".join(render_reference()), "utf-8")
    for image in (ROOT / "docs").rglob("*.png"):
        copy = source / image.relative_to(ROOT / "docs")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, copy)
    config = folder / "zensical.toml"
    settings = (ROOT / "docs" / "zensical.toml").read_text("utf-8")
    config.write_text(settings.replace("nav = []", f"nav = {_render_navigation()}"), "utf-8")
    return config


def find_sections() -> dict[str, list[str]]:
    """The pages of each section of the navigation."""
    pages = [*PAGES.values(), "api.md"]
    sections = {
        title: [f"{stem}.md" for stem in stems if f"{stem}.md" in pages]
        for title, stems in SECTIONS.items()
    }
    listed = {page for section in sections.values() for page in section}
    chinese = [page for page in pages if page.endswith(".zh.md")]
    others = [page for page in pages if page not in listed and page not in chinese]
    return {**sections, "More": others, "中文": chinese}


def _render_navigation() -> str:
    """The navigation as TOML; JSON writes strings and arrays in the same way."""
    rows = (
        f"{{ {json.dumps(title, ensure_ascii=False)} = {json.dumps(pages)} }}"
        for title, pages in find_sections().items()
    )
    return f"[{', '.join(rows)}]"


def render_reference() -> Iterator[str]:
    """Yield the parts of the page on the public names, from their docstrings."""
    yield "# API reference\n\nGenerated from the docstrings of `mockglm` by `scripts/docs`.\n"
    for name, value in FACE.items():
        if not inspect.isclass(value):
            yield from _describe(f"mockglm.{name}", value, level=2)
            continue
        yield f"\n## {name}\n\n{_doc(value)}\n"
        for member, attribute in public_members(value):
            yield from _describe(member, attribute, level=3)


def public_members(value: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class, in the order of its source."""
    for name, member in vars(value).items():
        is_callable = inspect.isfunction(member) or isinstance(member, property)
        if not name.startswith("_") and is_callable and inspect.getdoc(member):
            yield name, member


def _describe(name: str, member: Any, *, level: int) -> Iterator[str]:
    yield f"\n{'#' * level} `{name}`\n\n"
    if not isinstance(member, property):
        yield f"```text\n{name}{inspect.signature(member)}\n```\n\n"
    yield f"{_doc(member)}\n"


def _doc(value: Any) -> str:
    return (inspect.getdoc(value) or "").replace("<", "&lt;")


def _translate(page: str) -> str:
    folder = (ROOT / page).parent

    def replace(found: re.Match[str]) -> str:
        before, path, anchor, after = found.groups()
        target = (folder / path).resolve().relative_to(ROOT).as_posix()
        if target.endswith(".png"):
            return f"{before}{target.removeprefix('docs/')}{after}"
        where = PAGES.get(target, REPOSITORY + target)
        return f"{before}{where}{anchor or ''}{after}"

    return LINK.sub(replace, (ROOT / page).read_text("utf-8"))


if __name__ == "__main__":
    built = write(ROOT / "build")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(built)]
    sys.exit(subprocess.run([*command, "--clean"]).returncode)
