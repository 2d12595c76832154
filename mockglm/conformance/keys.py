"""The key of the endpoint: from the environment or a .env file, never from a flag."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["NAMES", "find"]

NAMES = ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "GLM_API_KEY")


def find(environ: Mapping[str, str], folder: Path) -> str:
    """The first key of those names; the environment comes before the folder's .env."""
    for source in (environ, _dotenv(folder / ".env")):
        for name in NAMES:
            if source.get(name):
                return source[name]
    return ""


def _dotenv(path: Path) -> Mapping[str, str]:
    """The assignments of a .env file: `NAME=value`, maybe exported or quoted."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines)
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs if value}
