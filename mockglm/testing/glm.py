"""The `glm` handle of one session, opened on a shared server or with a server of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mockglm import faults
from mockglm.client_audit import AuditFinding, audit_client
from mockglm.matching import RequestView
from mockglm.scenarios import Scenario, Step
from mockglm.server import Playlist, QueuedFaults
from mockglm.surfaces import ANTHROPIC, CHAT
from mockglm.testing.calls import RecordedCall
from mockglm.testing.config import Config
from mockglm.testing.environment import bypass_proxy, client_variables, set_variables
from mockglm.testing.keywords import (
    ReplyArgument,
    find_call_site,
    parse_pattern,
    parse_replies,
    parse_response,
)
from mockglm.testing.network import BlockedHosts
from mockglm.testing.paths import find_scenarios
from mockglm.testing.report import collect_problems, render_journal, unused_recordings
from mockglm.testing.rules import StandingRule, StandingRules
from mockglm.testing.server import TestServer
from mockglm.testing.session import ClockControl, TestSession

if TYPE_CHECKING:
    from mockglm.recorder import Mode, Recorder


SETTLING_TIME = 0.25
"""Seconds until the server must have noticed that a client left, before the client is audited."""

DEFAULT_TIMEOUT = 5.0
"""Seconds that `wait_for` waits by default."""


class GLM(AbstractContextManager["GLM"]):
    """One session of a server, at `base_url`; keywords are those of the file format.

    Methods may be called from any thread, and while the client is at work.
    """

    def __init__(
        self, server: TestServer, session: TestSession, config: Config, *, folder: Path
    ) -> None:
        self._server = server
        self._session = session
        self._config = config
        self._folder = folder
        self._exits = ExitStack()
        self._blocked = BlockedHosts()
        self._rules = StandingRules(session, server.call)
        self._scenarios: tuple[Scenario, ...] = ()
        self._answered: frozenset[str] = frozenset()
        self.clock = ClockControl(session.clock, server.call)

    @property
    def base_url(self) -> str:
        """The base URL for the client, such as `http://127.0.0.1:41234/s/@label/api/paas/v4`."""
        return f"{self._server.url}/s/{self._session.name}{CHAT.base}"

    @property
    def chat_url(self) -> str:
        """The full URL of chat completions, for clients that need it."""
        return f"{self.base_url}{CHAT.path}"

    @property
    def anthropic_url(self) -> str:
        """The base URL of the Anthropic surface, for the anthropic SDKs and Claude Code."""
        return f"{self._server.url}/s/{self._session.name}{ANTHROPIC.base}"

    @property
    def api_key(self) -> str:
        """A key that the session accepts."""
        return self._config.api_key

    def when(
        self, predicate: Callable[[RequestView], object] | None = None, /, **keywords: Any
    ) -> StandingRule:
        """Add a standing rule for requests that match all keywords of the file's `when`, and for
        which the predicate is true.

        `glm.when(user="天气").reply("晴")`, `glm.when(lambda request: len(request.messages) > 2)`;
        without arguments it matches every request. Rules come before scenarios, in the order they
        were added. Raises FileError for keywords that are not valid.
        """
        site = find_call_site()
        return self._rules.add(
            parse_pattern(predicate, keywords, site=site, errors=self._session.errors), site
        )

    def reply(self, *replies: ReplyArgument, **keywords: Any) -> None:
        """Queue replies. Each is used once, in order, before everything else.

        Arguments are those of `StandingRule.reply`; `times` queues a reply more than once.
        """
        site, errors = find_call_site(), self._session.errors
        self._queue(parse_replies(replies, keywords, site=site, errors=errors))

    def response(self, **keywords: Any) -> None:
        """Queue a verbatim response, with the keys of the file's `response`."""
        self._queue((parse_response(keywords, find_call_site()),))

    def play(self, *scenarios: str | Path) -> None:
        """Play scenarios in addition to those playing already; all start from the beginning.

        Each is the name of a shipped one, such as `rate-limit`, or the path of a file or folder,
        relative to the test's folder or the working directory. Raises UsageError for one that does
        not exist.
        """
        found = find_scenarios(scenarios, self._folder, self._server.shipped)
        self._play(map(self._server.load, found))

    def cassette(
        self,
        path: str | Path,
        mode: Mode = "none",
        *,
        upstream: str = "",
        allowed: Iterable[str] = (),
    ) -> None:
        """Replay a cassette, and record into it as the mode says: none, once, new or all.

        `upstream` is the base URL of the service, which is called with the key of the environment;
        `allowed` are more hosts that may receive it, beyond GLM's. While a cassette is recorded,
        calls of the service from this process are not blocked. Raises UsageError where there is
        neither a recording to replay nor a service to record from.

        Tests may share a cassette: each replays the recordings from before the first of them began,
        and adds its own to those of the others.
        """
        opened = self._server.recordings.open(
            self._folder / path,
            mode,
            upstream=upstream,
            allowed=allowed,
            owner=self._session.label,
        )
        if opened.replays:
            self._play(opened.played)
        if opened.recorder is not None:
            self._record(opened.recorder)

    def fault(
        self, *names: str, at: str | None = None, times: int | None = 1, **options: Any
    ) -> None:
        """Apply faults of the catalogue to the next response, to `times` responses, or, with None,
        to all from now on.

        `glm.fault("reset", at="3 frames")`; keywords are the options of the fault, with `for_` and
        `in_` for `for` and `in`. Several names apply to the same response, several calls to one
        response each, whether it is a reply, a refusal or a 404. Errors that lack the broken part,
        such as frames, are skipped. Raises FaultError for a fault that is not in the catalogue.
        """
        written = {name.rstrip("_"): value for name, value in options.items()}
        position = {} if at is None else {"at": at}
        parsed = faults.parse([{"do": name, **position, **written} for name in names])
        queued = QueuedFaults(parsed, str(find_call_site()))
        self._server.call(lambda: self._session.queue_faults(queued, times))

    def improvise(self) -> None:
        """Improvise a sensible reply where nothing else matches, instead of failing."""
        self._server.call(self._session.improvise)

    @property
    def requests(self) -> tuple[RecordedCall, ...]:
        """The exchanges so far, oldest first; the newest may still be on its way."""
        entries = self._server.call(lambda: tuple(self._session.journal.entries))
        return tuple(map(RecordedCall, entries))

    def wait_for(
        self, wanted: int | Callable[[RecordedCall], object], timeout: float = DEFAULT_TIMEOUT
    ) -> tuple[RecordedCall, ...]:
        """Wait for a number of requests, or for one for which the function is true.

        Returns all requests. Raises AssertionError, with the journal, after `timeout` seconds.
        """
        if not self._wait(lambda: _has(self.requests, wanted), timeout):
            raise AssertionError(f"no such request within {timeout:g} s\n\n{self.journal()}")
        return self.requests

    def env(self) -> Mapping[str, str]:
        """Set the variables that known SDKs read base URL and key from, until the test ends.

        Returns them, for the environment of a process that the test starts.
        """
        variables = client_variables(self.base_url, self.anthropic_url, self.api_key)
        self._exits.enter_context(set_variables(variables))
        return variables

    def verdict(self) -> tuple[AuditFinding, ...]:
        """Audit the client: list its mistakes, as far as the server sees them."""
        self._wait(self._is_quiet, SETTLING_TIME)
        return self._server.call(self._audit)

    def assert_resilient(self, *, ignore: Collection[str] = ()) -> None:
        """Raise AssertionError if the verdict has findings; `ignore` excludes some by name."""
        findings = [one for one in self.verdict() if one.name not in ignore]
        if findings:
            lines = "\n".join(map(str, findings))
            raise AssertionError(f"{lines}\n\n{self.journal()}")

    def journal(self) -> str:
        """The exchanges as text, one a line."""
        return render_journal(self.requests)

    def unused(self) -> Mapping[str, tuple[int, ...]]:
        """The lines of recordings that have answered nothing, by path of the cassette."""
        return self._server.call(lambda: unused_recordings(self._scenarios, self._all_answered()))

    def take_errors(self) -> tuple[BaseException, ...]:
        """Return the exceptions that functions of the test raised; they no longer fail the test."""
        return self._server.call(self._session.errors.take)

    def check(self) -> None:
        """Raise AssertionError if the test has left problems behind."""
        problems = self.problems()
        if problems:
            raise AssertionError(problems)

    def problems(self) -> str:
        """The problems that would fail the test, with the journal; "" without any."""
        return self._server.call(
            lambda: collect_problems(
                self._session, self._rules, self._config, refused=self._blocked.refused
            ).render()
        )

    def __enter__(self) -> GLM:
        self._exits.enter_context(bypass_proxy())
        if self._config.guard:
            self._exits.enter_context(self._blocked)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exits.close()

    def _play(self, scenarios: Iterable[Scenario]) -> None:
        self._scenarios += tuple(scenarios)
        stage = Playlist(self._scenarios)

        def play() -> None:
            self._answered = self._all_answered()
            self._session.load(stage)

        self._server.call(play)

    def _all_answered(self) -> frozenset[str]:
        """The places of interactions that have answered; the session forgets at each `play`."""
        used = (
            one.location
            for one in self._session.playlist.interactions
            if self._session.use_count(one)
        )
        return self._answered.union(used)

    def _record(self, recorder: Recorder) -> None:
        self._blocked.lift()
        self._exits.callback(lambda: self._server.run(recorder.close()))
        self._server.call(lambda: self._session.record(recorder))

    def _queue(self, steps: tuple[Step, ...]) -> None:
        self._server.call(lambda: self._session.enqueue(steps))

    def _wait(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Wait until a condition holds, checking whenever the journal changes; return its value."""
        end = time.monotonic() + timeout
        changed = self._session.journal.changed
        while True:
            changed.clear()
            if holds():
                return True
            if not changed.wait(max(end - time.monotonic(), 0)):
                return False

    def _is_quiet(self) -> bool:
        return not self._session.journal.unfinished

    def _audit(self) -> tuple[AuditFinding, ...]:
        journal = self._session.journal
        return audit_client(
            journal.entries, unfinished=journal.unfinished, concurrent=journal.concurrent
        )


@contextmanager
def open_handle(
    server: TestServer, label: str, config: Config | None = None, *, folder: Path | None = None
) -> Iterator[GLM]:
    """Open a session on a server and yield its handle; the session ends with the block.

    Paths of scenarios are relative to `folder`. Nothing is checked at the end.
    """
    config = config or Config()
    session = server.open_session(label, config)
    try:
        with GLM(server, session, config, folder=folder or Path.cwd()) as glm:
            yield glm
    finally:
        server.close_session(label)


@contextmanager
def serve(
    *scenarios: str | Path, host: str = "127.0.0.1", port: int = 0, **config: Any
) -> Iterator[GLM]:
    """Serve GLM until the block ends, for unittest and scripts, and yield the fixture's handle.

    `scenarios` are played, by name or path; keywords are those of `glm_config`. Unless the block
    raises, its end raises AssertionError for replies that were queued and not used, and for
    requests that nothing matched.
    """
    settings = Config.read(config)
    with TestServer(host, port) as server, open_handle(server, "glm", settings) as glm:
        if scenarios:
            glm.play(*scenarios)
        yield glm
        glm.check()


def _has(calls: tuple[RecordedCall, ...], wanted: int | Callable[[RecordedCall], object]) -> bool:
    if isinstance(wanted, int):
        return len(calls) >= wanted
    return any(wanted(call) for call in calls)
