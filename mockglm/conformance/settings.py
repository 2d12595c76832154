"""What was asked of a run."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mockglm.conformance import keys
from mockglm.conformance.baseline import load
from mockglm.conformance.target import Target
from mockglm.conformance.transport import Patience

__all__ = ["Settings", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was asked for.

    `baseline` has reasons by the id of the check. `replay` is a folder of a run's exchanges,
    `recorded` are any recordings, which take the place of the target.
    """

    target: Target
    disruptive: bool = False
    strict: bool = False
    soak: int = 0
    requests: int | None = None
    tokens: int | None = None
    patience: Patience = field(default_factory=Patience)
    baseline: Mapping[str, str] = field(default_factory=dict)
    replay: Path | None = None
    recorded: tuple[Path, ...] = ()


def read(option: Any, environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings that pytest's options and the environment make; `.env` is the folder's.

    Raises FileError where the baseline is wrong.
    """
    target = Target(
        url=option.glm_url or "",
        model=option.glm_model,
        key=keys.find(environ, folder),
        run=secrets.token_hex(3),
        deterministic=option.glm_deterministic,
        failing=option.glm_failing,
    )
    return Settings(
        target=target,
        disruptive=option.glm_disruptive,
        strict=option.glm_strict,
        soak=option.glm_soak,
        requests=option.glm_max_requests,
        tokens=option.glm_max_tokens,
        patience=Patience(whole=option.glm_timeout, idle=min(120.0, option.glm_timeout)),
        baseline=load(Path(option.glm_baseline)) if option.glm_baseline else {},
        replay=Path(option.glm_replay_from) if option.glm_replay_from else None,
        recorded=tuple(map(Path, option.glm_recording)),
    )
