"""Entries, queued replies and rules as JSON of the control API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockglm.control.conversations import answer_json, chat_json
from mockglm.error_codes import CODES
from mockglm.faults import CATALOGUE, FaultSpec
from mockglm.journal import Entry
from mockglm.matching import When
from mockglm.scenarios import Interaction, Step
from mockglm.surfaces import find_surface
from mockglm.timeline import list_defects, list_frames

WHEN_KEYS = When.__struct_fields__


def exchange_json(entry: Entry) -> Mapping[str, Any]:
    """An entry with its request and response, as bytes and as what they mean.

    Bytes of a body that are not UTF-8 are shown as replacement characters.
    """
    response = entry.response
    surface = find_surface(entry.request.path)
    frames = [] if response is None else list_frames(response, entry.sent)
    is_whole = entry.sent is None and response is not None and response.end == "done"
    return {
        **entry.summary(),
        "base": f"/s/{entry.session}{entry.base}" if entry.session else entry.base,
        "conversation": chat_json(entry, surface),
        "reply": response and answer_json(response, frames, surface=surface, is_whole=is_whole),
        "timeline": response
        and {
            "head": response.head,
            "sent": len(response.chunks) if entry.sent is None else entry.sent,
            "frames": frames,
            "defects": list_defects(response, entry.sent),
        },
        "request": {
            "query": entry.request.query,
            "headers": entry.request.headers,
            "body": entry.request.body.decode(errors="replace"),
        },
        "answer": response
        and {
            "headers": response.headers,
            "pieces": [[at, chunk.decode(errors="replace")] for at, chunk in response.chunks],
            "end": response.end,
        },
    }


def reply_json(step: Step) -> Mapping[str, Any]:
    """The reply of a step as far as it is known before the request: of a verbatim response, only
    the status; of a template, nothing."""
    if step.response is not None:
        return {"status": step.response.status}
    if step.renderer is None:
        return {"template": True}
    reply = step.renderer.reply
    if reply.error is not None:
        return {"error": reply.error.code}
    fields = {
        "content": reply.content,
        "reasoning": reply.reasoning,
        "tool_calls": [call.name for call in reply.calls],
    }
    return {**_without_empty(fields), "finish_reason": reply.finish_reason}


def faults_json(specs: Sequence[FaultSpec]) -> list[Mapping[str, Any]]:
    """Faults as a file has them: name, position and options."""
    return [
        {
            "do": spec.fault.name,
            **({"at": str(spec.position)} if spec.position is not None else {}),
            **spec.options,
        }
        for spec in specs
    ]


def rule_json(interaction: Interaction, used: int) -> Mapping[str, Any]:
    """A rule: the requests it matches, its replies, and how often it has answered."""
    replies = [reply_json(step) for step in interaction.steps]
    return {**_match_json(interaction), "reply": replies, "used": used}


def _match_json(interaction: Interaction) -> Mapping[str, Any]:
    recorded, when = interaction.request, interaction.when
    if recorded is not None:
        return {"request": {"method": recorded.method, "path": recorded.path}}
    keys = {name: getattr(when, name, None) for name in WHEN_KEYS}
    if keys["predicate"] is not None:
        keys["predicate"] = repr(keys["predicate"])
    return {"when": _without_empty(keys)}


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def catalogue_json() -> dict[str, Any]:
    """The faults and the API errors that can be used, each with a sentence."""
    return {
        "faults": [
            {
                "name": fault.name,
                "kind": fault.kind,
                "about": fault.about,
                "surfaces": list(fault.surfaces),
                "positions": sorted(fault.positions),
                "options": {name: option.about for name, option in fault.options.items()},
            }
            for fault in CATALOGUE.values()
        ],
        "errors": [
            {"code": one.code, "status": one.status, "about": one.en} for one in CODES.values()
        ],
    }
