"""The bytes that arrive: faults of what identifies an answer."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import DONE, STOP, TALK, WORDS, A, B, R

ID = b'"id":"20260101ab"'
MODEL = b'"model":"glm-4.6"'
CREATED = b'"created":1767225600'
OBJECT = b'"object":"chat.completion.chunk",'
OTHER = b"".join(frame.replace(ID, b'"id":"20260101a0"') for frame in (A, B, STOP))

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    ("id-missing", TALK, TALK.body.replace(ID + b",", b"")),
    ("id-missing", WORDS, WORDS.body.replace(ID + b",", b"")),
    ("id-changes", TALK, R + OTHER + DONE),
    ("id-openai", TALK, TALK.body.replace(ID, b'"id":"chatcmpl-9cbd2a8f1e"')),
    ("id-openai", WORDS, WORDS.body.replace(ID, b'"id":"chatcmpl-9cbd2a8f1e"')),
    ("created-text", TALK, TALK.body.replace(CREATED, b'"created":"1767225600"')),
    ("created-text", WORDS, WORDS.body.replace(CREATED, b'"created":"1767225600"')),
    ("created-milliseconds", TALK, TALK.body.replace(CREATED, b'"created":1767225600000')),
    ("created-milliseconds", WORDS, WORDS.body.replace(CREATED, b'"created":1767225600000')),
    ("object-missing", TALK, TALK.body.replace(OBJECT, b"")),
    ("object-missing", WORDS, WORDS.body.replace(b'"object":"chat.completion",', b"")),
    ("model-missing", TALK, TALK.body.replace(MODEL + b",", b"")),
    ("model-missing", WORDS, WORDS.body.replace(MODEL + b",", b"")),
    ("model-other", TALK, TALK.body.replace(MODEL, b'"model":"gpt-4o"')),
    ("model-other", WORDS, WORDS.body.replace(MODEL, b'"model":"gpt-4o"')),
    ("model-other.model-glm-5", WORDS, WORDS.body.replace(MODEL, b'"model":"glm-5"')),
    ("request-id-missing", WORDS, WORDS.body.replace(b'"request_id":"mine",', b"")),
    ("unknown-key", WORDS, WORDS.body[:-1] + b',"service_tier":null}'),
    (
        "unknown-key",
        TALK,
        b"".join(f[:-3] + b',"service_tier":null}\n\n' for f in (R, A, B, STOP)) + DONE,
    ),
    (
        "delta-key",
        TALK,
        b"".join(f.replace(b'"}}', b'","annotations":[]}}') for f in (R, A, B, STOP)) + DONE,
    ),
    ("delta-key", WORDS, WORDS.body.replace(b'stant"}}', b'stant","annotations":[]}}')),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
