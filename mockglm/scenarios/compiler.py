"""Interactions compiled from the types of the file; mistakes are reported at their place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import yaml
from msgspec import UNSET, Struct, UnsetType

from mockglm import clock, faults
from mockglm.errors import FaultError
from mockglm.matching import When, canonical
from mockglm.scenarios import reader, schema, template, verbatim
from mockglm.scenarios.problems import NodePath
from mockglm.scenarios.replies import compile_reply, merge_defaults
from mockglm.scenarios.values import Interaction, NamedPace, RecordedRequest, Step

NOT_IN_DEFAULTS = ("error", "times")
"""Keys of a reply that `defaults` cannot have."""


class FileOptions(Struct, frozen=True):
    """Settings of a file that apply to all of its interactions."""

    defaults: schema.ReplySpec | None = None
    ignore: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    speed: float = 1.0

    @classmethod
    def read(cls, parts: Mapping[str, Any], root: NodePath) -> FileOptions:
        """Compile the options from the fields of a file; wrong defaults are left out."""
        before = len(root.problems)
        defaults = parts["defaults"]
        if isinstance(defaults, schema.ReplySpec):
            _check_defaults(defaults, root.at("defaults"))
        is_right = len(root.problems) == before and isinstance(defaults, schema.ReplySpec)
        return cls(
            defaults if is_right else None,
            _compile_ignore(parts, root),
            _compile_replace(parts, root),
            _speed_factor(parts.get("speed")),
        )


def compile_interaction(
    spec: schema.InteractionSpec, options: FileOptions, place: NodePath
) -> Interaction | None:
    """Compile one interaction; report its mistakes and return None if it has any."""
    before = len(place.problems)
    when, request = _compile_matcher(spec, options, place)
    steps = _compile_steps(spec, options, place)
    if when is not None and when.surface is not None:
        _check_surface(when.surface, steps, place.at("reply"))
    speed = options.speed * _speed_factor(spec.speed)
    if math.isinf(speed):
        place.at("speed").report("too fast together with the `speed` of the file")
    if len(place.problems) > before:
        return None
    return Interaction(
        location=place.location,
        steps=steps,
        when=when,
        request=request,
        times=spec.times,
        validate=spec.validate,
        speed=speed,
    )


def compile_pace(spec: schema.PaceSpec) -> clock.Pace:
    return clock.Pace(spec.first, spec.every, spec.jitter, spec.prompt, spec.spread, spec.tools)


def _speed_factor(speed: float | None) -> float:
    return 1.0 if speed is None else speed


def _compile_matcher(
    spec: schema.InteractionSpec, options: FileOptions, place: NodePath
) -> tuple[When | None, RecordedRequest | None]:
    if spec.request is None:
        return _compile_when(spec.when or schema.WhenSpec(), place.at("when")), None
    if spec.when is not None:
        place.at("request").report("`request` beside `when`: an interaction has one of them")
    return None, _compile_request(spec.request, options, place.at("request"))


def _compile_when(spec: schema.WhenSpec, place: NodePath) -> When | None:
    fields = msgspec.structs.asdict(spec)
    given = {name: value for name, value in fields.items() if value is not UNSET}
    try:
        return When(**given)
    except ValueError:
        _report_each_key(given, place)
        return None


def _report_each_key(given: Mapping[str, Any], place: NodePath) -> None:
    """Report the mistakes of each key of a pattern, as `When` raises only the first."""
    for name, value in given.items():
        try:
            When(**{name: value})
        except ValueError as error:
            place.at(name).report(str(error))


def _compile_request(
    spec: schema.RequestSpec, options: FileOptions, place: NodePath
) -> RecordedRequest:
    body = verbatim.compile_body(spec, place)
    try:
        key = canonical.key(
            spec.method,
            spec.path,
            query=spec.query,
            body=body,
            ignore=options.ignore,
            replace=options.replace,
        )
    except TimeoutError as error:
        # Reading stops here, for every further request would take as long.
        place.report(f"replace: {error}")
        place.problems.check()
        raise
    return RecordedRequest(spec.method, spec.path, spec.query, body, key)


def _compile_steps(
    spec: schema.InteractionSpec, options: FileOptions, place: NodePath
) -> tuple[Step, ...]:
    if spec.response is not None:
        if spec.reply is not None:
            place.at("response").report("`response` beside `reply`: an interaction has one of them")
        response = verbatim.compile_response(spec.response, place.at("response"))
        path = spec.request.path if spec.request else ""
        return (Step(response=response, recorded_path=path),)
    if isinstance(spec.reply, schema.ReplySpec):
        return (_compile_step(spec.reply, options, place.at("reply")),)
    if spec.reply:
        steps = enumerate(spec.reply)
        return tuple(
            _compile_step(reply, options, place.at("reply", index)) for index, reply in steps
        )
    place.at("reply").report("`reply` or `response` is missing")
    return ()


def _compile_step(reply: schema.ReplySpec, options: FileOptions, place: NodePath) -> Step:
    times = None if isinstance(reply.times, UnsetType) else reply.times
    if options.defaults is not None:
        reply = merge_defaults(options.defaults, reply)
    is_template = reply.template is True
    return Step(
        renderer=None if is_template else compile_reply(reply, place),
        template=template.compile_template(reply, place) if is_template else None,
        pace=_compile_pace_or_model(reply.pace),
        faults=_compile_faults(reply.fault, place.at("fault")),
        times=times,
    )


def _compile_pace_or_model(
    spec: schema.PaceSpec | NamedPace | UnsetType,
) -> clock.Pace | NamedPace | None:
    if isinstance(spec, UnsetType):
        return None
    return spec if isinstance(spec, str) else compile_pace(spec)


def _compile_faults(spec: Any, place: NodePath) -> tuple[faults.FaultSpec, ...]:
    if isinstance(spec, UnsetType):
        return ()
    if not isinstance(spec, list):
        return tuple(_compile_fault(spec, place))
    if len(spec) > faults.MAX_FAULTS:
        place.at(faults.MAX_FAULTS).report(faults.too_many(len(spec)))
        return ()
    compiled = (_compile_fault(fault, place.at(index)) for index, fault in enumerate(spec))
    return tuple(fault for found in compiled for fault in found)


def _compile_fault(spec: str | Mapping[str, Any], place: NodePath) -> tuple[faults.FaultSpec, ...]:
    try:
        return faults.parse(spec)
    except FaultError as error:
        place.report(str(error))
        return ()


def _check_surface(surface: str, steps: Sequence[Step], place: NodePath) -> None:
    """Report the faults that cannot break the responses of a surface."""
    is_list = isinstance(place.node, yaml.SequenceNode)
    for index, step in enumerate(steps):
        for spec in step.faults:
            if surface not in spec.fault.surfaces:
                error = FaultError(spec.fault.name, faults.no_form(surface))
                (place.at(index, "fault") if is_list else place.at("fault")).report(str(error))


def _check_defaults(defaults: schema.ReplySpec, place: NodePath) -> None:
    for name in NOT_IN_DEFAULTS:
        if getattr(defaults, name) is not UNSET:
            place.at(name).report(f"`{name}` cannot be a default")
    _compile_step(defaults, FileOptions(), place)


def _compile_ignore(parts: Mapping[str, Any], root: NodePath) -> tuple[str, ...]:
    paths = []
    for index, path in reader.valid_items(parts["ignore"]):
        try:
            canonical.key("", "", query="", body=b"{}", ignore=(path,))
        except ValueError as error:
            root.at("ignore", index).report(str(error))
        else:
            paths.append(path)
    return tuple(paths)


def _compile_replace(parts: Mapping[str, Any], root: NodePath) -> tuple[tuple[str, str], ...]:
    pairs = []
    for pattern, text in parts["replace"].items():
        try:
            canonical.pattern(pattern)
        except ValueError as error:
            root.at("replace", pattern).report(str(error))
        else:
            pairs.append((pattern, text))
    return tuple(pair for pair in pairs if pair[1] is not reader.WRONG)
