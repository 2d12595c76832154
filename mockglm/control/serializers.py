"""What the control API tells of a session, as JSON: entries, queued replies, standing rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockglm.journal import Entry
from mockglm.matching import When
from mockglm.scenarios import Interaction, Step

KEYS = When.__struct_fields__
"""The keys of `when`."""


def exchange_json(entry: Entry) -> Mapping[str, Any]:
    """An entry with its request and answer; a body that is no text has its bytes replaced."""
    answer = entry.response
    return {
        **entry.summary(),
        "request": {
            "query": entry.request.query,
            "headers": entry.request.headers,
            "body": entry.request.body.decode(errors="replace"),
        },
        "answer": answer
        and {
            "headers": answer.headers,
            "pieces": [[at, piece.decode(errors="replace")] for at, piece in answer.chunks],
            "end": answer.end,
        },
    }


def reply_json(step: Step) -> Mapping[str, Any]:
    """A reply as far as it is known before anybody asks; of a verbatim one, its status."""
    if step.response is not None:
        return {"status": step.response.status}
    if step.renderer is None:
        return {"template": True}
    meant = step.renderer.reply
    if meant.error is not None:
        return {"error": meant.error.code}
    said = {"content": meant.content, "reasoning": meant.reasoning}
    calls = {"tool_calls": [call.name for call in meant.calls]}
    return {**_given({**said, **calls}), "finish_reason": meant.finish_reason}


def rule_json(interaction: Interaction, used: int) -> Mapping[str, Any]:
    """A standing interaction: its left side, its replies, how often it has answered."""
    replies = [reply_json(step) for step in interaction.steps]
    return {**_left(interaction), "reply": replies, "used": used}


def _left(interaction: Interaction) -> Mapping[str, Any]:
    recorded, when = interaction.request, interaction.when
    if recorded is not None:
        return {"request": {"method": recorded.method, "path": recorded.path}}
    keys = {name: getattr(when, name, None) for name in KEYS}
    if keys["predicate"] is not None:
        keys["predicate"] = repr(keys["predicate"])
    return {"when": _given(keys)}


def _given(said: Mapping[str, Any]) -> dict[str, Any]:
    """What of it was given."""
    return {name: value for name, value in said.items() if value not in (None, "", [])}
