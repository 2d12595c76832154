"""The key of the service: from the environment or a `.env` file, never from a flag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from mockglm.errors import UsageError

KEY_VARIABLES = ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "GLM_API_KEY")
"""Variables with the key, in this order; those of the environment come before those of `.env`."""

_LINE = re.compile(r"\s*(?:export\s+)?(\w+)\s*=\s*(\"[^\"\n]*\"|'[^'\n]*'|[^\s#]*)\s*(?:#.*)?")


def find_api_key(environment: Mapping[str, str], folder: Path | None = None) -> str:
    """Return the key in the environment, or else in the folder's `.env`; "" if there is none.

    Raises UsageError for a key that no header can have, such as two keys in two lines.
    """
    written = _dotenv(folder / ".env") if folder else {}
    for where, source in (("the environment", environment), (".env", written)):
        for name in KEY_VARIABLES:
            key = source.get(name, "").strip()
            if key:
                _check(key, name, where)
                return key
    return ""


def _check(key: str, name: str, where: str) -> None:
    """Raise UsageError for an impossible key; its value is not shown."""
    if "\n" in key or "\r" in key:
        raise UsageError(f"the key of {where} has more than one line: write one key to {name}")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the key of {where} has characters that no key has: copy it to {name} again"
        )


def _dotenv(path: Path) -> Mapping[str, str]:
    """Return the assignments in a `.env` file: `NAME=value`, perhaps with `export`, quotes or a
    comment."""
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError:
        return {}
    lines = (_LINE.fullmatch(line) for line in text.splitlines())
    return {line[1]: line[2].strip("\"'") for line in lines if line}
