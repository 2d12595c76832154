"""The figures of docs/decisions.md that can be counted, and its claims about YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from mockglm.errors import FaultError, FileError, StreamError
from mockglm.exchange import Reply, Response
from mockglm.faults import CATALOGUE, Fault, apply, parse
from mockglm.player import needs_connection
from mockglm.scenarios import parse as parse_file
from mockglm.surfaces import recognise
from tests.faults.test_registry import MESSAGES, SAMPLES

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "decisions.md").read_text("utf-8")
PARTS = ("Context", "Decision", "Reason", "Consequences")


def broken(fault: Fault) -> Iterator[tuple[Response, Response]]:
    """Each sample with the fault applied to it, as its name alone and as its check needs it."""
    for spec in {fault.name: None, fault.trial or fault.name: None}:
        for sample in (*SAMPLES, *MESSAGES):
            with suppress(FaultError):
                yield sample, apply(sample, parse(spec), key="key")


def read(response: Response) -> Reply | None:
    """The reply of a response, None if it cannot be parsed."""
    try:
        return recognise(response).parse(response).reply
    except StreamError:
        return None


def counted(pattern: str) -> list[int]:
    """The numbers that a sentence of the page contains."""
    (found,) = re.findall(pattern.replace(" ", r"\s"), TEXT)
    return list(map(int, found))


def test_every_decision_has_its_four_parts() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    assert len(sections) == 11
    for section in sections:
        assert tuple(re.findall(r"^\*\*(\w+)\.\*\*", section, re.MULTILINE)) == PARTS


def test_the_list_links_to_every_decision() -> None:
    titles = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
    listed = re.findall(r"^\d+\. \[(.+)\]\(#(.+)\)$", TEXT, re.MULTILINE)
    numbered = enumerate(zip(titles, anchors, strict=True), 1)
    assert listed == [(title.removeprefix(f"{n}. "), anchor) for n, (title, anchor) in numbered]


def test_the_faults_that_need_a_connection_are_counted() -> None:
    needing = {
        name
        for name, fault in CATALOGUE.items()
        if any(needs_connection(response) for _, response in broken(fault))
    }
    ((count, total, named),) = re.findall(r"(\d+) of the (\d+) faults \(([^)]+)\) are", TEXT)
    assert set(re.findall(r"`([\w-]+)`", named)) == needing
    assert (int(count), int(total)) == (len(needing), len(CATALOGUE))


def test_the_faults_below_the_meaning_are_counted() -> None:
    below = [fault for fault in CATALOGUE.values() if fault.kind != "meaning"]
    numbers = counted(r"(\d+) of the (\d+) faults break the transport")
    assert numbers == [len(below), len(CATALOGUE)]


def test_the_faults_that_a_parsed_reply_loses_are_counted() -> None:
    same = unread = 0
    for fault in CATALOGUE.values():
        replies = [(read(sample), read(response)) for sample, response in broken(fault)]
        changed = [after for before, after in replies if after not in (before, None)]
        same += not changed and any(after is not None for _, after in replies)
        unread += all(after is None for _, after in replies)
    numbers = counted(
        r"Of the (\d+) faults, each applied to a sample response, (\d+) leave no trace in the "
        r"parsed reply: (\d+) parse to the same reply as the unbroken response, (\d+) do not parse"
    )
    assert numbers == [len(CATALOGUE), same + unread, same, unread]


def test_plain_yaml_reads_the_values_on_the_page() -> None:
    assert yaml.safe_load("[1.10, no, 12:30:00]") == [1.1, False, 45000]
    assert yaml.safe_load("{a: 1, a: 2}") == {"a": 2}


@pytest.mark.parametrize("text", ["1.10", "no", "12:30:00"])
def test_our_reader_keeps_a_text_as_it_is_written(text: str) -> None:
    source = f"format: 1\ninteractions: [{{reply: {{content: {text}}}}}]\n"
    renderer = parse_file(source.encode(), "a.yaml").interactions[0].steps[0].renderer
    assert renderer is not None
    assert renderer.reply.content == text


def test_our_reader_refuses_a_second_key() -> None:
    with pytest.raises(FileError, match=r"a\.yaml:1:13: "):
        parse_file(b"{format: 1, format: 1, interactions: []}", "a.yaml")
