"""All changes that break a requirement, by the id of the check."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from tests.conformance.changes import Mutant
from tests.conformance.checks import (
    test_authentication,
    test_chunks,
    test_equivalence,
    test_errors,
    test_finish,
    test_framing,
    test_limits,
    test_plain,
    test_reasoning,
    test_times,
    test_tools,
    test_transport,
    test_usage,
)

_TABLES = (
    test_transport,
    test_framing,
    test_chunks,
    test_plain,
    test_equivalence,
    test_reasoning,
    test_tools,
    test_finish,
    test_usage,
    test_errors,
    test_authentication,
    test_limits,
    test_times,
)

MUTANTS: Mapping[str, tuple[Mutant, ...]] = dict(
    chain.from_iterable(table.BROKEN.items() for table in _TABLES)
)
ALLOWED: Mapping[str, tuple[Mutant, ...]] = dict(
    chain.from_iterable(table.ALLOWED.items() for table in _TABLES)
)
