"""Standing rules of a test: a pattern, and the replies it is answered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec.structs import replace

from mockglm.matching import When
from mockglm.scenarios import Interaction, Step
from mockglm.testing.keywords import (
    CallSite,
    ReplyArgument,
    find_call_site,
    parse_replies,
    parse_response,
)

if TYPE_CHECKING:
    from mockglm.testing.session import TestSession

CallInLoop: TypeAlias = Callable[[Callable[[], Any]], Any]


class StandingRules:
    """The rules of one session in the order they were made, which is the order they are tried."""

    def __init__(self, session: TestSession, call: CallInLoop) -> None:
        self.session = session
        self._call = call
        self._rules: list[StandingRule] = []

    def add(self, when: When, site: CallSite) -> StandingRule:
        rule = StandingRule(self, when, site)
        self._rules.append(rule)
        return rule

    def change(self, rule: StandingRule, interaction: Interaction) -> None:
        """Give a rule another interaction, which continues at the count of the old one."""

        def install() -> None:
            self.session.carry_over(rule.interaction, interaction)
            rule.interaction = interaction
            answering = tuple(one.interaction for one in self._rules if one.interaction.steps)
            self.session.set_rules(answering)

        self._call(install)

    def __iter__(self) -> Iterator[StandingRule]:
        return iter(self._rules)


class StandingRule:
    """A rule made by `glm.when`; each reply added to it extends its sequence.

    The last reply stays, unless it has `times` of its own.
    """

    def __init__(self, rules: StandingRules, when: When, site: CallSite) -> None:
        self._rules = rules
        self.interaction = Interaction(location=str(site), steps=(), when=when)

    def reply(self, *replies: ReplyArgument, **keywords: Any) -> StandingRule:
        """Add replies to the sequence.

        Each reply is a text (the content), a mapping with the keys of the file's `reply`, a Reply,
        or a function of the request that returns one of these. Keywords are keys of `reply` too;
        they complete a single reply, or are the reply. Raises FileError for keywords that are not
        valid, UsageError for keywords beside several replies.
        """
        steps = parse_replies(
            replies, keywords, site=find_call_site(), errors=self._rules.session.errors
        )
        return self._extend(steps)

    def response(self, **keywords: Any) -> StandingRule:
        """Add a verbatim response to the sequence, with the keys of the file's `response`."""
        return self._extend((parse_response(keywords, find_call_site()),))

    def times(self, count: int) -> StandingRule:
        """Answer `count` requests and no more."""
        return self._change(replace(self.interaction, times=count))

    @property
    def count(self) -> int:
        """The number of requests this rule has answered."""
        return self._rules.session.use_count(self.interaction)

    def _extend(self, steps: tuple[Step, ...]) -> StandingRule:
        return self._change(replace(self.interaction, steps=(*self.interaction.steps, *steps)))

    def _change(self, interaction: Interaction) -> StandingRule:
        self._rules.change(self, interaction)
        return self
