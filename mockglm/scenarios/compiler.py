"""From the file's types to what is played; every mistake is noted at its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mockglm import clock, faults
from mockglm.errors import FaultError
from mockglm.matching import When, canonical
from mockglm.scenarios import reader, schema, template, verbatim
from mockglm.scenarios.problems import NodePath
from mockglm.scenarios.replies import compile_reply, merge_defaults
from mockglm.scenarios.values import Interaction, RecordedRequest, Step

NO_DEFAULT = ("error", "times")
"""What of a reply cannot be laid under all others."""


class FileOptions(Struct, frozen=True):
    """What holds for all interactions of a file."""

    defaults: schema.ReplySpec | None = None
    ignore: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    speed: float = 1.0

    @classmethod
    def read(cls, parts: Mapping[str, Any], root: NodePath) -> FileOptions:
        """The setting of a file's fields; where its defaults are wrong, there are none."""
        before = len(root.problems.problems)
        defaults = parts["defaults"]
        if isinstance(defaults, schema.ReplySpec):
            _check(defaults, root.at("defaults"))
        is_right = len(root.problems.problems) == before and isinstance(defaults, schema.ReplySpec)
        return cls(
            defaults if is_right else None,
            _ignore(parts, root),
            _replace(parts, root),
            _factor(parts.get("speed")),
        )


def compile_interaction(
    written: schema.InteractionSpec, setting: FileOptions, place: NodePath
) -> Interaction | None:
    """One interaction; None where it is wrong, which is noted."""
    before = len(place.problems.problems)
    when, request = _compile_matcher(written, setting, place)
    steps = _compile_steps(written, setting, place)
    speed = setting.speed * _factor(written.speed)
    if math.isinf(speed):
        place.at("speed").report("too fast together with the `speed` of the file")
    if len(place.problems.problems) > before:
        return None
    return Interaction(
        location=place.location,
        steps=steps,
        when=when,
        request=request,
        times=written.times,
        validate=written.validate,
        speed=speed,
    )


def compile_pace(written: schema.PaceSpec) -> clock.Pace:
    return clock.Pace(written.first, written.every, written.jitter)


def _factor(speed: float | None) -> float:
    return 1.0 if speed is None else speed


def _compile_matcher(
    written: schema.InteractionSpec, setting: FileOptions, place: NodePath
) -> tuple[When | None, RecordedRequest | None]:
    if written.request is None:
        return _compile_when(written.when or schema.WhenSpec(), place.at("when")), None
    if written.when is not None:
        place.at("request").report("`request` beside `when`: one of them says which request")
    return None, _compile_request(written.request, setting, place.at("request"))


def _compile_when(written: schema.WhenSpec, place: NodePath) -> When | None:
    fields = msgspec.structs.asdict(written)
    given = {name: value for name, value in fields.items() if value is not UNSET}
    try:
        return When(**given)
    except ValueError:
        _report_each(given, place)
        return None


def _report_each(given: Mapping[str, Any], place: NodePath) -> None:
    """Note what is wrong with each key of a pattern by itself; together only the first is told."""
    for name, value in given.items():
        try:
            When(**{name: value})
        except ValueError as error:
            place.at(name).report(str(error))


def _compile_request(
    written: schema.RequestSpec, setting: FileOptions, place: NodePath
) -> RecordedRequest:
    body = verbatim.compile_body(written, place)
    try:
        key = canonical.key(
            written.method,
            written.path,
            query=written.query,
            body=body,
            ignore=setting.ignore,
            replace=setting.replace,
        )
    except TimeoutError as error:
        # Not collected with other mistakes: every further request would take as long.
        place.report(f"replace: {error}")
        place.problems.check()
        raise
    return RecordedRequest(written.method, written.path, written.query, body, key)


def _compile_steps(
    written: schema.InteractionSpec, setting: FileOptions, place: NodePath
) -> tuple[Step, ...]:
    if written.response is not None:
        if written.reply is not None:
            place.at("response").report(
                "`response` beside `reply`: one of them says what comes back"
            )
        return (Step(response=verbatim.compile_response(written.response, place.at("response"))),)
    if isinstance(written.reply, schema.ReplySpec):
        return (_compile_step(written.reply, setting, place.at("reply")),)
    if written.reply:
        steps = enumerate(written.reply)
        return tuple(
            _compile_step(reply, setting, place.at("reply", index)) for index, reply in steps
        )
    place.at("reply").report("no answer: `reply` or `response` is missing")
    return ()


def _compile_step(reply: schema.ReplySpec, setting: FileOptions, place: NodePath) -> Step:
    times = None if isinstance(reply.times, UnsetType) else reply.times
    if setting.defaults is not None:
        reply = merge_defaults(setting.defaults, reply)
    is_template = reply.template is True
    return Step(
        renderer=None if is_template else compile_reply(reply, place),
        template=template.compile_template(reply, place) if is_template else None,
        pace=_pace(reply.pace),
        faults=_faults(reply.fault, place.at("fault")),
        times=times,
    )


def _pace(
    written: schema.PaceSpec | Literal["model"] | UnsetType,
) -> clock.Pace | Literal["model"] | None:
    if isinstance(written, UnsetType):
        return None
    return written if isinstance(written, str) else compile_pace(written)


def _faults(written: Any, place: NodePath) -> tuple[faults.FaultSpec, ...]:
    if isinstance(written, UnsetType):
        return ()
    if not isinstance(written, list):
        return tuple(_fault(written, place))
    if len(written) > faults.MOST_FAULTS:
        place.at(faults.MOST_FAULTS).report(faults.too_many(len(written)))
        return ()
    laid = (_fault(fault, place.at(index)) for index, fault in enumerate(written))
    return tuple(fault for found in laid for fault in found)


def _fault(written: str | Mapping[str, Any], place: NodePath) -> tuple[faults.FaultSpec, ...]:
    try:
        return faults.parse(written)
    except FaultError as error:
        place.report(str(error))
        return ()


def _check(defaults: schema.ReplySpec, place: NodePath) -> None:
    for name in NO_DEFAULT:
        if getattr(defaults, name) is not UNSET:
            place.at(name).report(f"`{name}` cannot be a default")
    _compile_step(defaults, FileOptions(), place)


def _ignore(parts: Mapping[str, Any], root: NodePath) -> tuple[str, ...]:
    paths = []
    for index, path in reader.valid_items(parts["ignore"]):
        try:
            canonical.key("", "", query="", body=b"{}", ignore=(path,))
        except ValueError as error:
            root.at("ignore", index).report(str(error))
        else:
            paths.append(path)
    return tuple(paths)


def _replace(parts: Mapping[str, Any], root: NodePath) -> tuple[tuple[str, str], ...]:
    pairs = []
    for pattern, text in parts["replace"].items():
        try:
            canonical.pattern(pattern)
        except ValueError as error:
            root.at("replace", pattern).report(str(error))
        else:
            pairs.append((pattern, text))
    return tuple(pair for pair in pairs if pair[1] is not reader.WRONG)
