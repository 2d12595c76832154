"""Values held against a schema that somebody else wrote, without a network."""

from __future__ import annotations

from typing import Any

__all__ = ["wrong"]


def wrong(value: Any, schema: Any) -> str | None:
    """What is wrong with a value by a schema, in a sentence, empty when nothing is; None where
    nothing can be said, because there is no schema or none that can be used.

    What a schema refers to elsewhere is not fetched: judging sends nothing.
    """
    from jsonschema import SchemaError  # imported here: few exchanges have calls
    from jsonschema.exceptions import best_match
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if not isinstance(schema, dict) or not schema:
        return None
    if not isinstance(schema.get("$schema", ""), str):
        return None
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        error = best_match(kind(schema, registry=Registry()).iter_errors(value))
    except (SchemaError, Unresolvable, RecursionError, ValueError):  # ValueError: a $id of no URL
        return None
    return error.message if error else ""
