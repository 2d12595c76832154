"""Whether the tests of the checks notice a mutation: in a process of its own, for it may hang."""

from __future__ import annotations

import ast
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module, reload
from types import ModuleType

from mockglm.conformance import checks
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import judge
from tests.conformance import test_judging, test_mutants, test_nothing, test_passing, test_reference
from tests.conformance.collateral import COLLATERAL
from tests.conformance.findings import known as on_record
from tests.conformance.findings import told
from tests.conformance.mutants import ALLOWED, MUTANTS, Mutant
from tests.conformance.reference import evidence, exchange

__all__ = ["is_noticed"]

KNOWN = on_record()
LIMIT = 20
"""Seconds after which a mutation has hung, and so has been noticed."""


def is_noticed(name: str, tree: ast.Module) -> bool:
    """Whether a test fails over the module of that name when it reads so."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return status != 0
    signal.alarm(LIMIT)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        _put(name, tree)
        for test in _tests(name):
            test()
    except BaseException:  # a failed assertion, or whatever a broken check raises
        os._exit(1)
    os._exit(0)


def _put(name: str, tree: ast.Module) -> None:
    """Have the module, and those that use it, read so in this process."""
    module = import_module(f"{checks.__name__}.{name}")
    exec(compile(tree, str(module.__file__), "exec"), module.__dict__)
    changed = [module, *(reload(user) for user in _users(module))]
    for one in changed:
        CHECKS.update(one.CHECKS)


def _users(module: ModuleType) -> Iterator[ModuleType]:
    for name, other in list(sys.modules.items()):
        is_other = name.startswith(f"{checks.__name__}.") and other is not module
        if is_other and any(
            getattr(value, "__module__", "") == module.__name__ for value in vars(other).values()
        ):
            yield other


def _tests(name: str) -> Iterator[Callable[[], None]]:
    """The tests over the checks of a module, the quickest first."""
    module = import_module(f"{checks.__name__}.{name}")
    ids = [id for one in (module, *_users(module)) for id in one.CHECKS]
    for id in ids:
        yield partial(test_reference.test_the_reference_passes, id)
        yield partial(test_judging.test_what_recordings_do_not_keep_is_not_held_against_them, id)
        for number, mutant in enumerate(MUTANTS[id]):
            yield partial(_said, id, mutant, KNOWN[f"{id}-{number}"])
        for mutant in ALLOWED.get(id, ()):
            yield partial(test_mutants.test_what_is_allowed_passes, id, mutant)
    yield from _whole(ids)


def _whole(ids: list[str]) -> Iterator[Callable[[], None]]:
    """The tests that are not about one check."""
    yield test_judging.test_random_ids_of_one_maker_are_of_one_form
    yield test_judging.test_a_copy_without_an_answer_is_a_finding
    yield partial(
        test_nothing.test_nothing_raises_over_an_answer_in_the_place_of_another, "bad-path"
    )
    for case in test_nothing.STRANGE:
        yield partial(test_nothing.test_nothing_raises_over_what_is_strange, case)
    refused = test_nothing.test_only_the_refusal_of_good_requests_is_held_against_who_refuses_all
    yield from (partial(refused, f"{status} to all") for status in (400, 401, 500))
    for server in test_nothing.SERVERS:
        yield partial(test_nothing.test_nothing_passes_on_nothing, server)
    for probe in test_passing.CHAT:
        yield partial(test_passing.test_good_traffic_passes, probe)
    for id, mutants in MUTANTS.items():
        for number, mutant in enumerate(mutants):
            known = set(COLLATERAL.get(f"{id}-{number}", "").split()) & set(ids)
            yield partial(_collateral, id, mutant, known, ids)


def _said(id: str, mutant: Mutant, lines: list[str]) -> None:
    """As `test_what_is_said_of_it_is_on_record`."""
    assert told(id, mutant) == lines


def _collateral(id: str, mutant: Mutant, known: set[str], ids: list[str]) -> None:
    """As `test_what_else_it_breaks_is_on_record`, over these checks alone."""
    changed = evidence({mutant.probe: exchange(mutant.probe, mutant.answer())})
    results = {other: judge(CHECKS[other], changed) for other in ids}
    assert {other for other, result in results.items() if result.findings} - {id} == known
    assert all(result.verdict != "error" for result in results.values())
