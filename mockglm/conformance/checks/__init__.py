"""The frozen set of requirements: every check by its id."""

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
