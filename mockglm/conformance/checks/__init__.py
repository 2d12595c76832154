"""The frozen sets of requirements: every check by its id."""

from __future__ import annotations

from mockglm.conformance.checks import (
    authentication,
    chunks,
    equivalence,
    errors,
    finish,
    framing,
    limits,
    message_blocks,
    message_body,
    message_errors,
    message_events,
    message_limits,
    message_paths,
    plain,
    reasoning,
    times,
    tools,
    transport,
    usage,
)
from mockglm.conformance.registry import Catalogue

__all__ = ["ALL_CHECKS", "CHECKS", "MESSAGE_CHECKS"]

CHECKS = Catalogue.merge(
    transport.CHECKS,
    framing.CHECKS,
    chunks.CHECKS,
    plain.CHECKS,
    equivalence.CHECKS,
    reasoning.CHECKS,
    tools.CHECKS,
    finish.CHECKS,
    usage.CHECKS,
    errors.CHECKS,
    authentication.CHECKS,
    limits.CHECKS,
    times.CHECKS,
)
"""The set for chat completions."""

MESSAGE_CHECKS = Catalogue.merge(
    message_events.CHECKS,
    message_blocks.CHECKS,
    message_body.CHECKS,
    message_errors.CHECKS,
    message_paths.CHECKS,
    message_limits.CHECKS,
)
"""The set for the Anthropic surface."""

ALL_CHECKS = Catalogue.merge(CHECKS, MESSAGE_CHECKS)
"""The checks of all sets, by ids that no two share."""
