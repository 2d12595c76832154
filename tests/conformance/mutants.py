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
    test_message_blocks,
    test_message_body,
    test_message_errors,
    test_message_events,
    test_message_limits,
    test_message_paths,
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

_MESSAGE_TABLES = (
    test_message_events,
    test_message_blocks,
    test_message_body,
    test_message_errors,
    test_message_paths,
    test_message_limits,
)

MUTANTS: Mapping[str, tuple[Mutant, ...]] = dict(
    chain.from_iterable(table.BROKEN.items() for table in _TABLES)
)
MESSAGE_MUTANTS: Mapping[str, tuple[Mutant, ...]] = dict(
    chain.from_iterable(table.BROKEN.items() for table in _MESSAGE_TABLES)
)
ALLOWED: Mapping[str, tuple[Mutant, ...]] = dict(
    chain.from_iterable(table.ALLOWED.items() for table in (*_TABLES, *_MESSAGE_TABLES))
)
