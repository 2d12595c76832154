"""The openai SDK reads the reference, and fails or loses something where a MUST is broken."""

from __future__ import annotations

from typing import Any

import pytest
from openai import OpenAI

from mockglm.exchange import Response
from tests.conformance.changes import Mutation, frame, sub
from tests.conformance.endpoint import Endpoint
from tests.conformance.reference import ANSWERS, COUNT, KEY

QUESTION: Any = [{"role": "user", "content": "Count."}]


def complete(endpoint: Endpoint, answer: Response) -> Any:
    """The completion that the stream helper of the SDK makes of a stream."""
    endpoint.answer_with(lambda name: answer)
    with (
        OpenAI(api_key=KEY, base_url=endpoint.url, max_retries=0) as sdk,
        sdk.chat.completions.stream(model="glm-4.6", messages=QUESTION) as stream,
    ):
        for _ in stream:
            pass
        return stream.get_final_completion()


def test_the_reference_is_read_whole(endpoint: Endpoint) -> None:
    (choice,) = complete(endpoint, ANSWERS["stream"]).choices
    assert (choice.message.content, choice.finish_reason) == (COUNT, "stop")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (sub(b'"index":0', b'"index":1'), IndexError),
        (sub(b"data: {", b"event: thread.message.delta\ndata: {"), AssertionError),
    ],
    ids=["CHK-04", "SSE-09"],
)
def test_the_helper_raises(endpoint: Endpoint, change: Mutation, error: type[Exception]) -> None:
    with pytest.raises(error):
        complete(endpoint, change(ANSWERS["stream"]))


def test_the_helper_loses_the_finish_reason_of_another_choice(endpoint: Endpoint) -> None:
    last = frame(-2, lambda p: p.replace(b'"index":0', b'"index":1'))
    choices = complete(endpoint, last(ANSWERS["stream"])).choices
    assert [choice.finish_reason for choice in choices] == [None, "stop"]
