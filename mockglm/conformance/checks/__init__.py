"""Every check of the kit, by id: the frozen set of requirements."""

from __future__ import annotations

from mockglm.conformance.catalogue import Catalogue
from mockglm.conformance.checks import (
    authentication,
    chunks,
    equivalence,
    errors,
    finish,
    framing,
    limits,
    plain,
    reasoning,
    times,
    tools,
    transport,
    usage,
)

__all__ = ["CHECKS"]

CHECKS = Catalogue.joined(
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
