"""The key of the service: from the environment or a `.env` file, never from a flag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from mockglm.errors import UsageError

NAMES = ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "GLM_API_KEY")
"""Where keys are looked for, in this order, in the environment and then in `.env`."""

_LINE = re.compile(r"\s*(?:export\s+)?(\w+)\s*=\s*(\"[^\"\n]*\"|'[^'\n]*'|[^\s#]*)\s*(?:#.*)?")


def find_api_key(environment: Mapping[str, str], folder: Path | None = None) -> str:
    """The key of the environment, else of the folder's `.env`; "" where there is none.

    Raises UsageError for one that no header can carry, such as two keys in two lines.
    """
    written = _dotenv(folder / ".env") if folder else {}
    for where, source in (("the environment", environment), (".env", written)):
        for name in NAMES:
            key = source.get(name, "").strip()
            if key:
                _check(key, name, where)
                return key
    return ""


def _check(key: str, name: str, where: str) -> None:
    """Raise UsageError for a key that is none; its value is not shown."""
    if "\n" in key or "\r" in key:
        raise UsageError(f"the key of {where} has more than one line: write one key to {name}")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the key of {where} has characters that no key has: copy it to {name} again"
        )


def _dotenv(path: Path) -> Mapping[str, str]:
    """The assignments of a `.env` file: `NAME=value`, maybe exported, quoted, with a comment."""
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError:
        return {}
    lines = (_LINE.fullmatch(line) for line in text.splitlines())
    return {line[1]: line[2].strip("\"'") for line in lines if line}
