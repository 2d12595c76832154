"""The OpenAPI 3.1 description of the control API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mockglm._version import __version__
from mockglm.control.operations import (
    BASE,
    COMPONENTS,
    OPERATIONS,
    PARAMETERS,
    STATUSES,
    ErrorResult,
    Operation,
    ReadinessResult,
    Schema,
)
from mockglm.scenarios import build_json_schema


def describe_api() -> dict[str, Any]:
    """Return the description as JSON."""
    types = [*_types(), ErrorResult]
    schemas, components = msgspec.json.schema_components(types, ref_template=COMPONENTS + "{name}")
    by_type = {str(one): schema for one, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(f"{BASE}{operation.path}", {})
        path[operation.method] = _describe_operation(operation, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mockglm control API", "version": __version__},
        "paths": paths,
        "security": [{}, {"token": []}],
        "components": {
            "schemas": {**_format_schemas(), **components},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types() -> list[Any]:
    """The types of all bodies and results, each once."""
    found = [one for operation in OPERATIONS for one in (operation.body, operation.result)]
    return list({str(one): one for one in found if not isinstance(one, Mapping | None)}.values())


def _describe_operation(operation: Operation, by_type: Mapping[str, Schema]) -> dict[str, Any]:
    in_path = ("ordinal",) if "{ordinal}" in operation.path else ()
    described: dict[str, Any] = {
        "summary": operation.about,
        "operationId": _make_id(operation),
        "parameters": [
            *(_describe_parameter(name, "path") for name in in_path),
            *(_describe_parameter(name, "query") for name in operation.query),
        ],
        "responses": {
            "200": {
                "description": operation.returns,
                "content": {operation.type: {"schema": _find_schema(operation.result, by_type)}},
            },
            **{
                str(status): {
                    "description": STATUSES[status],
                    "content": {"application/json": {"schema": _find_error(status, by_type)}},
                }
                for status in operation.errors
            },
        },
    }
    if operation.body is not None:
        schema = _find_schema(operation.body, by_type)
        described["requestBody"] = {
            "description": operation.takes,
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return described


def _find_schema(one: Any, by_type: Mapping[str, Schema]) -> Schema:
    return one if isinstance(one, Mapping) else by_type[str(one)]


def _find_error(status: int, by_type: Mapping[str, Schema]) -> Schema:
    return by_type[str(ReadinessResult if status == 503 else ErrorResult)]


def _describe_parameter(name: str, place: str) -> dict[str, Any]:
    schema, about = PARAMETERS[name]
    described = {"name": name, "in": place, "description": about, "schema": schema}
    return {**described, "required": True} if place == "path" else described


def _make_id(operation: Operation) -> str:
    """The name that a generated client gives the operation, such as `postReplies`."""
    words = operation.path.replace("{", "").replace("}", "").replace(".", "/").split("/")
    return operation.method + "".join(word.capitalize() for word in words)


def _format_schemas() -> dict[str, Any]:
    """The types of the file format, under the names of this document."""

    def move(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: _move_reference(key, move(one)) for key, one in value.items()}
        return [move(one) for one in value] if isinstance(value, list) else value

    schemas: dict[str, Any] = move(build_json_schema()["$defs"])
    return schemas


def _move_reference(key: str, value: Any) -> Any:
    is_reference = key == "$ref" and isinstance(value, str)
    return value.replace("#/$defs/", COMPONENTS) if is_reference else value
