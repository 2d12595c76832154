"""From the file's types to what is played; every mistake is noted at its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mockglm import clock, faults
from mockglm.errors import FaultError
from mockglm.matching import When, canonical
from mockglm.scenario import format, shape, template, verbatim
from mockglm.scenario.described import describe, lay
from mockglm.scenario.notes import Place
from mockglm.scenario.values import Interaction, Recorded, Step

__all__ = ["Setting", "compile", "pace"]

NO_DEFAULT = ("error", "times")
"""What of a reply cannot be laid under all others."""


class Setting(Struct, frozen=True):
    """What holds for all interactions of a file."""

    defaults: format.Reply | None = None
    ignore: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    speed: float = 1.0

    @classmethod
    def read(cls, parts: Mapping[str, Any], root: Place) -> Setting:
        """The setting of a file's fields; where its defaults are wrong, there are none."""
        before = len(root.notes.problems)
        defaults = parts["defaults"]
        if isinstance(defaults, format.Reply):
            _check(defaults, root.at("defaults"))
        is_right = len(root.notes.problems) == before and isinstance(defaults, format.Reply)
        return cls(
            defaults if is_right else None,
            _ignore(parts, root),
            _replace(parts, root),
            _factor(parts.get("speed")),
        )


def compile(written: format.Interaction, setting: Setting, place: Place) -> Interaction | None:
    """One interaction; None where it is wrong, which is noted."""
    before = len(place.notes.problems)
    when, request = _left(written, setting, place)
    steps = _right(written, setting, place)
    if len(place.notes.problems) > before:
        return None
    return Interaction(
        where=place.where,
        steps=steps,
        when=when,
        request=request,
        times=written.times,
        validate=written.validate,
        speed=setting.speed * _factor(written.speed),
    )


def pace(written: format.Pace) -> clock.Pace:
    return clock.Pace(written.first, written.every, written.jitter)


def _factor(speed: float | None) -> float:
    return 1.0 if speed is None else speed


def _left(
    written: format.Interaction, setting: Setting, place: Place
) -> tuple[When | None, Recorded | None]:
    if written.request is None:
        return _when(written.when or format.When(), place.at("when")), None
    if written.when is not None:
        place.at("request").note("`request` beside `when`: one of them says which request")
    return None, _recorded(written.request, setting, place.at("request"))


def _when(written: format.When, place: Place) -> When | None:
    fields = msgspec.structs.asdict(written)
    given = {name: value for name, value in fields.items() if value is not UNSET}
    try:
        return When(**given)
    except ValueError:
        _note_each(given, place)
        return None


def _note_each(given: Mapping[str, Any], place: Place) -> None:
    """Note what is wrong with each key of a pattern by itself; together only the first is told."""
    for name, value in given.items():
        try:
            When(**{name: value})
        except ValueError as error:
            place.at(name).note(str(error))


def _recorded(written: format.Recorded, setting: Setting, place: Place) -> Recorded:
    body = verbatim.payload(written, place)
    key = canonical.key(
        written.method, written.path, written.query, body, setting.ignore, setting.replace
    )
    return Recorded(written.method, written.path, written.query, body, key)


def _right(written: format.Interaction, setting: Setting, place: Place) -> tuple[Step, ...]:
    if written.response is not None:
        if written.reply is not None:
            place.at("response").note("`response` beside `reply`: one of them says what comes back")
        return (Step(answer=verbatim.answer(written.response, place.at("response"))),)
    if isinstance(written.reply, format.Reply):
        return (_step(written.reply, setting, place.at("reply")),)
    if written.reply:
        steps = enumerate(written.reply)
        return tuple(_step(reply, setting, place.at("reply", index)) for index, reply in steps)
    place.at("reply").note("no answer: `reply` or `response` is missing")
    return ()


def _step(reply: format.Reply, setting: Setting, place: Place) -> Step:
    times = None if isinstance(reply.times, UnsetType) else reply.times
    if setting.defaults is not None:
        reply = lay(setting.defaults, reply)
    is_template = reply.template is True
    return Step(
        rendering=None if is_template else describe(reply, place),
        template=template.compile(reply, place) if is_template else None,
        pace=_pace(reply.pace),
        faults=_faults(reply.fault, place.at("fault")),
        times=times,
    )


def _pace(
    written: format.Pace | Literal["model"] | UnsetType,
) -> clock.Pace | Literal["model"] | None:
    if isinstance(written, UnsetType):
        return None
    return written if isinstance(written, str) else pace(written)


def _faults(written: Any, place: Place) -> tuple[faults.Laid, ...]:
    if isinstance(written, UnsetType):
        return ()
    if not isinstance(written, list):
        return tuple(_fault(written, place))
    laid = (_fault(fault, place.at(index)) for index, fault in enumerate(written))
    return tuple(fault for found in laid for fault in found)


def _fault(written: str | Mapping[str, Any], place: Place) -> tuple[faults.Laid, ...]:
    try:
        return faults.parse(written)
    except FaultError as error:
        place.note(str(error))
        return ()


def _check(defaults: format.Reply, place: Place) -> None:
    for name in NO_DEFAULT:
        if getattr(defaults, name) is not UNSET:
            place.at(name).note(f"`{name}` cannot be a default")
    _step(defaults, Setting(), place)


def _ignore(parts: Mapping[str, Any], root: Place) -> tuple[str, ...]:
    paths = []
    for index, path in shape.right(parts["ignore"]):
        try:
            canonical.key("", "", "", b"{}", ignore=(path,))
        except ValueError as error:
            root.at("ignore", index).note(str(error))
        else:
            paths.append(path)
    return tuple(paths)


def _replace(parts: Mapping[str, Any], root: Place) -> tuple[tuple[str, str], ...]:
    pairs = []
    for pattern, text in parts["replace"].items():
        try:
            canonical.pattern(pattern)
        except ValueError as error:
            root.at("replace", pattern).note(str(error))
        else:
            pairs.append((pattern, text))
    return tuple(pair for pair in pairs if pair[1] is not shape.WRONG)
