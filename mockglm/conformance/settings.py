"""What was asked of a run."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from mockglm import api_keys
from mockglm.conformance import address, outputs
from mockglm.conformance.baseline import load
from mockglm.conformance.target import Target
from mockglm.conformance.transport import Patience, trusting
from mockglm.errors import UsageError

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["Settings", "read"]


class Settings(Struct, frozen=True, kw_only=True):
    """What was asked for.

    `baseline` has reasons by the id of the check. `replay` is a folder of a run's exchanges,
    `recorded` are any recordings, which take the place of the target. `trust` is which
    certificates are trusted, None for those that are everywhere.
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
    trust: SSLContext | None = None


def read(option: Any, environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings that pytest's options and the environment make; `.env` is the folder's.

    Raises FileError where the baseline is wrong, UsageError for what does not fit or what cannot
    be written.
    """
    if option.glm_record_to and (option.glm_replay_from or option.glm_recording):
        raise UsageError("nothing is sent, so that there is nothing to be kept in --record-to")
    settings = Settings(
        target=_target(option, api_keys.find_api_key(environ, folder)),
        disruptive=option.glm_disruptive,
        strict=option.glm_strict,
        soak=option.glm_soak,
        requests=option.glm_max_requests,
        tokens=option.glm_max_tokens,
        patience=Patience(
            whole=option.glm_timeout,
            idle=min(120.0, option.glm_timeout),
            pause=option.glm_pause,
        ),
        baseline=load(Path(option.glm_baseline)) if option.glm_baseline else {},
        replay=Path(option.glm_replay_from) if option.glm_replay_from else None,
        recorded=tuple(map(Path, option.glm_recording)),
        trust=trusting(Path(option.glm_ca)) if option.glm_ca else None,
    )
    if not option.glm_plan:
        outputs.ready(option)
    return settings


def _target(option: Any, key: str) -> Target:
    return Target(
        url=address.base(option.glm_url) if option.glm_url else "",
        model=option.glm_model,
        key=address.secret(key) if option.glm_url else key,
        run=secrets.token_hex(3),
        deterministic=option.glm_deterministic,
        failing=option.glm_failing,
        headers=address.headers(option.glm_header),
    )
