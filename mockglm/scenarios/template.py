"""Replies whose text is filled in for each response, by sandboxed Jinja2.

The variables are `request` (the JSON of the request), `model`, `user` and `tool` (the text of the
last such message), `tool_json` (the same, parsed), `turn` (the number of user messages), `count`
(the number of this match), `now` (local time in Beijing) and `timedelta`; the filter `tojson` gives
compact JSON. A variable that the request lacks is undefined, and using it is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import yaml
from msgspec import Struct

from mockglm.clock import BEIJING
from mockglm.completions import Renderer
from mockglm.errors import FileError
from mockglm.matching import RequestView
from mockglm.scenarios import reader, schema, yaml_nodes
from mockglm.scenarios.problems import NodePath, Problems, problem_at
from mockglm.scenarios.replies import compile_reply

if TYPE_CHECKING:
    from jinja2 import Template as Jinja

    from mockglm.scenarios.sandbox import Budget, Sandbox


DELIMITERS = ("{{", "{%", "{#")
NOT_TEXT = ("pace", "fault", "template", "times")
"""Keys of a reply without text to fill in."""

# The exceptions of expressions, which are Python's operations on Python's values.
_EXPRESSION_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class _TextTemplate(Struct, frozen=True):
    """One text with expressions, and its place."""

    jinja: Jinja
    path: str
    mark: yaml.Mark

    def fill(self, values: Mapping[str, Any], budget: Budget) -> str:
        from jinja2 import TemplateError

        try:
            return _sandbox().fill(self.jinja, values, budget)
        except ZeroDivisionError as error:
            # Python has several texts for it, which change with its version.
            raise self._problem("division by zero") from error
        except (TemplateError, *_EXPRESSION_ERRORS) as error:
            raise self._problem(str(error)) from error

    def _problem(self, text: str) -> FileError:
        return FileError([problem_at(self.path, self.mark, f"template: {text}")])


class Template(Struct, frozen=True):
    """A reply as plain values, with a _TextTemplate for each text to fill in."""

    reply: Mapping[str, Any]
    path: str
    mark: yaml.Mark

    def render(self, view: RequestView, now: float, count: int = 1) -> Renderer:
        """Make the renderer of one response, at a unix time, for the match of that number.

        Raises FileError if the request lacks a variable, or if the result is no valid reply.
        """
        from mockglm.scenarios.sandbox import Budget

        filled = _fill(self.reply, _variables(view, now, count), Budget())
        problems = Problems(self.path)
        node = yaml_nodes.build_node(filled, self.mark, self.path)
        reply = reader.reader_for(schema.ReplySpec).read(node, problems)
        problems.check()
        rendering = compile_reply(reply, NodePath(problems, node))
        problems.check()
        return rendering


def compile_template(reply: schema.ReplySpec, place: NodePath) -> Template | None:
    """Compile the template of a reply; report its mistakes and return None if it has any."""
    before = len(place.problems)
    written = msgspec.to_builtins(reply)
    parts = {name: value for name, value in written.items() if name not in NOT_TEXT}
    leaves = _compile(parts, place)
    if not any(mark in str(parts.get("error")) for mark in DELIMITERS):
        compile_reply(reply, place)
    if len(place.problems) > before:
        return None
    return Template(leaves, place.problems.path, place.mark)


def _compile(value: Any, place: NodePath) -> Any:
    if isinstance(value, dict):
        return {key: _compile(item, place.at(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_compile(item, place.at(index)) for index, item in enumerate(value)]
    if isinstance(value, str) and any(mark in value for mark in DELIMITERS):
        return _compile_text(value, place)
    return value


def _compile_text(text: str, place: NodePath) -> _TextTemplate | None:
    from jinja2 import TemplateSyntaxError

    try:
        jinja = _sandbox().compile_text(text)
    except TemplateSyntaxError as error:
        place.report_line(error.lineno - 1, f"template: {error.message}")
        return None
    except RecursionError:
        place.report("template: nested too deep")
        return None
    except SyntaxError as error:
        # Python's, of the program that Jinja2 makes of the template.
        place.report(f"template: {error.msg}")
        return None
    except _EXPRESSION_ERRORS as error:
        place.report(f"template: {error}")
        return None
    return _TextTemplate(jinja, place.problems.path, place.mark)


def _fill(value: Any, values: Mapping[str, Any], budget: Budget) -> Any:
    if isinstance(value, _TextTemplate):
        return value.fill(values, budget)
    if isinstance(value, dict):
        return {key: _fill(item, values, budget) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values, budget) for item in value]
    return value


def _variables(view: RequestView, now: float, count: int) -> Mapping[str, Any]:
    values = {
        "request": view.body,
        "model": view.model,
        "user": view.user,
        "tool": view.tool,
        "tool_json": _parse_json(view.tool),
        "turn": sum(message.role == "user" for message in view.messages),
        "count": count,
        "now": datetime.fromtimestamp(int(now) + BEIJING, UTC).replace(tzinfo=None),
    }
    return {name: value for name, value in values.items() if value is not None}


def _parse_json(text: str | None) -> Any:
    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


@cache
def _sandbox() -> Sandbox:
    from mockglm.scenarios.sandbox import Sandbox

    return Sandbox()
