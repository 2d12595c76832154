"""The key that the service is asked with: the client's own, or else the environment's.

A key is `id.secret`, the id 32 hex digits and the secret 16 letters or digits; clients may send a
JWT made of it instead (docs.bigmodel.cn, 使用指南 / API 认证). Anything else is taken for a dummy,
as tests have them, if there is a key to be put in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["NAMES", "SHAPE", "bare", "find", "is_real"]

NAMES = ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "GLM_API_KEY")
"""Where keys are looked for, in this order, in the environment and then in `.env`."""

SHAPE = "32 hex digits, a dot, and 16 letters or digits"

_KEY = re.compile(r"[0-9a-fA-F]{32}\.[0-9A-Za-z]{16}")
_JWT = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")
_LINE = re.compile(r"\s*(?:export\s+)?(\w+)\s*=\s*(\"[^\"\n]*\"|'[^'\n]*'|[^\s#]*)\s*(?:#.*)?")


def find(environment: Mapping[str, str], folder: Path | None = None) -> str:
    """The key of the environment, else of the folder's `.env`; "" where there is none."""
    written = _dotenv(folder / ".env") if folder else {}
    values = (source.get(name, "") for source in (environment, written) for name in NAMES)
    return next((value.strip() for value in values if value.strip()), "")


def is_real(credential: str) -> bool:
    """Whether it has the shape of a key, or of a JWT."""
    return bool(_KEY.fullmatch(credential) or _JWT.fullmatch(credential))


def bare(header: str) -> str:
    """What an Authorization header carries, with `Bearer` before it or without."""
    first, _, rest = header.strip().partition(" ")
    return rest.strip() if first.lower() == "bearer" else header.strip()


def _dotenv(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
    except OSError:
        return {}
    lines = (_LINE.fullmatch(line) for line in text.splitlines())
    return {line[1]: line[2].strip("\"'") for line in lines if line}
