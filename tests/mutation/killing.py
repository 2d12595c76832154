"""The verdict of the tests on a mutation of a check, in a process of its own, for it may hang."""

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
from mockglm.conformance.checks import MESSAGE_CHECKS
from mockglm.conformance.verdicts import judge_run
from tests.conformance import test_live, test_verdicts
from tests.conformance.changes import Mutant
from tests.conformance.checks import test_empty_answers, test_message_answers
from tests.conformance.mutants import ALLOWED, MESSAGE_MUTANTS, MUTANTS
from tests.conformance.requirements import (
    assert_passes,
    assert_reported,
    changed_evidence,
    reference_evidence,
    set_of,
)

LIMIT = 20
"""Seconds after which a mutation hangs, and so has been noticed."""


def is_noticed(name: str, tree: ast.Module) -> bool:
    """True if a test fails for the module of that name with this code."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return status != 0
    signal.alarm(LIMIT)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        _install(name, tree)
        for test in _tests(name):
            test()
    except BaseException:  # a failed assertion, or whatever a broken check raises
        os._exit(1)
    os._exit(0)


def _install(name: str, tree: ast.Module) -> None:
    """Replace the code of the module, and reload the modules that use it, in this process."""
    module = import_module(f"{checks.__name__}.{name}")
    exec(compile(tree, str(module.__file__), "exec"), module.__dict__)
    changed = [module, *(reload(user) for user in _users(module))]
    for one in changed:
        for id, check in one.CHECKS.items():
            set_of(id)[id] = check


def _users(module: ModuleType) -> Iterator[ModuleType]:
    for name, other in list(sys.modules.items()):
        is_other = name.startswith(f"{checks.__name__}.") and other is not module
        if is_other and any(
            getattr(value, "__module__", "") == module.__name__ for value in vars(other).values()
        ):
            yield other


def _tests(name: str) -> Iterator[Callable[[], None]]:
    """The tests of the checks of a module, the quickest first."""
    module = import_module(f"{checks.__name__}.{name}")
    ids = [id for one in (module, *_users(module)) for id in one.CHECKS]
    yield partial(_passes_reference, ids)
    is_of_messages = ids[0] in MESSAGE_CHECKS
    mutants_by_id = MESSAGE_MUTANTS if is_of_messages else MUTANTS
    for id in ids:
        for mutant in mutants_by_id[id]:
            yield partial(assert_reported, id, mutant)
        for mutant in ALLOWED.get(id, ()):
            yield partial(assert_passes, id, mutant)
    yield from _shared_message_tests() if is_of_messages else _shared_tests()
    for id, mutants in mutants_by_id.items():
        for mutant in mutants:
            yield partial(_reports_only_if_named, id, mutant, ids)


def _shared_tests() -> Iterator[Callable[[], None]]:
    """The tests that are not about one check."""
    yield test_verdicts.test_live_checks_are_not_applicable_to_recordings
    yield test_verdicts.test_random_ids_of_one_generator_have_the_same_form
    yield test_verdicts.test_an_unanswered_copy_is_reported
    yield test_live.test_the_reference_breaks_no_check
    answers = test_empty_answers
    yield partial(answers.test_no_check_raises_for_the_answer_to_another_probe, "bad-path")
    for case in answers.STRANGE:
        yield partial(answers.test_no_check_raises_for_unexpected_json, case)
    refusing = answers.test_an_endpoint_that_refuses_everything_fails_only_for_good_requests
    yield from (partial(refusing, f"{status} to all") for status in (400, 401, 500))
    for server in answers.SERVERS:
        yield partial(answers.test_only_true_statements_pass_without_a_reply, server)


def _shared_message_tests() -> Iterator[Callable[[], None]]:
    """The tests of the set for the Anthropic surface that are not about one check."""
    answers = test_message_answers
    yield answers.test_output_keeps_a_limit_that_was_not_given
    for case in answers.STRANGE:
        yield partial(answers.test_no_check_raises_for_unexpected_json, case)
    refusing = answers.test_an_endpoint_that_refuses_everything_fails_only_for_good_requests
    yield from (partial(refusing, f"{status} to all") for status in (400, 401, 529))
    for server in answers.SERVERS:
        yield partial(answers.test_only_true_statements_pass_without_a_message, server)


def _passes_reference(ids: list[str]) -> None:
    """As `test_all_checks_pass_the_reference`, over these checks alone."""
    results = {id: judge_run(set_of(id)[id], reference_evidence(id)) for id in ids}
    others = {id for id, result in results.items() if result.verdict != "pass"}
    assert others <= {"LIM-02"}


def _reports_only_if_named(id: str, mutant: Mutant, ids: list[str]) -> None:
    """As `assert_reported`, for the other checks that the mutant names."""
    changed = changed_evidence(id, mutant.probe, mutant.answer())
    results = {other: judge_run(set_of(id)[other], changed) for other in ids}
    named = {id, *mutant.also.split()} & set(ids)
    assert {other for other, result in results.items() if result.findings} == named
    assert all(result.verdict != "error" for result in results.values())
