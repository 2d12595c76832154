"""Every page of the documentation: its links, its line lengths, its words, and its examples."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mockglm.cli.verbs import VERBS, verb_group
from mockglm.conformance.checks import CHECKS
from mockglm.scenarios import parse

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "examples/*.md", "examples/load/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
WIDEST = 100
PRIVATE = re.compile(
    r"\b(whoever|who asks|is asked|are asked|was asked|is told|are told|laid over|anew|the house"
    r"|by itself has|for ever|somebody|nobody|one and all|what is not|what comes)\b",
    re.IGNORECASE,
)
"""Words that describe without a name what the glossary names."""

SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def width(line: str) -> int:
    """Columns of a line; a wide character has two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def prose(text: str) -> Iterator[str]:
    """The lines that are neither code nor rows of a table."""
    is_code = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and not line.startswith("|"):
            yield line


def anchors(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them of its titles, and those that it sets."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)
    return {*plain, *re.findall(r'<a id="([^"]+)"', text)}


def commands(text: str) -> Iterator[list[str]]:
    """The commands of mockglm in the blocks of a page, without comments and redirections."""
    for block in SHELL.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("mockglm "):
                words = shlex.split(re.sub(r"\s[<>].*", "", line), comments=True)
                # Words behind a -- belong to the command that mockglm runs.
                yield words[1 : words.index("--") if "--" in words else None]


@pytest.mark.parametrize("page", PAGES)
def test_lines_wrap(page: str) -> None:
    assert [line for line in prose(read(page)) if width(line) > WIDEST] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_titles(page: str) -> None:
    folder = (ROOT / page).parent
    broken = []
    for path, _, anchor in re.findall(r"\]\(([^)#\s:]*)(#([^)\s]+))?\)", read(page)):
        target = (folder / path) if path else ROOT / page
        if not target.exists():
            broken.append(path)
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8")):
            broken.append(f"{path}#{anchor}")
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if ".zh." not in page])
def test_pages_have_no_private_words(page: str) -> None:
    assert [line for line in prose(read(page)) if PRIVATE.search(line)] == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_have_the_options_that_pages_name(page: str) -> None:
    for verb, *arguments in commands(read(page)):
        assert verb in VERBS
        command = verb_group.get_command(click.Context(verb_group), verb)
        assert command is not None
        known = {name for parameter in command.params for name in parameter.opts}
        used = {word.partition("=")[0] for word in arguments if re.match(r"--?\w", word)}
        assert used <= known, (verb, used - known)


@pytest.mark.parametrize("page", PAGES)
def test_files_in_pages_can_be_loaded(page: str) -> None:
    for block in YAML.findall(read(page)):
        if block.startswith("format:"):
            parse(block.encode(), "example.yaml")


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".zh.md")])
def test_the_chinese_page_has_the_same_titles_tables_and_blocks(page: str) -> None:
    chinese, english = read(page), read(page.replace(".zh.md", ".md"))
    for pattern in (r"^```\w+\n.*?^```$", r"^\| (`[^|]*`)[^`|]* \|"):
        found = re.findall(pattern, chinese, re.MULTILINE | re.DOTALL)
        assert found == re.findall(pattern, english, re.MULTILINE | re.DOTALL)
    levels = [re.findall(r"^#+ ", text, re.MULTILINE) for text in (chinese, english)]
    assert levels[0] == levels[1]


def test_the_page_on_serving_has_every_option() -> None:
    command = verb_group.get_command(click.Context(verb_group), "serve")
    assert command is not None
    options = {name for parameter in command.params for name in parameter.opts if "--" in name}
    assert options <= set(re.findall(r"`(--[\w-]+)`", read("docs/serving.md")))


def test_the_comparison_quotes_the_checks() -> None:
    rows = re.findall(r"^\| ([A-Z]{3}-\d\d) (\w+) \| (.+?) \| ", read("docs/conformance.md"), re.M)
    assert rows
    assert [(id, CHECKS[id].level, CHECKS[id].title) for id, *_ in rows] == rows
