"""The sets of checks: one for each surface, chosen by the path of the target or by name."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from mockglm.conformance.checks import CHECKS, MESSAGE_CHECKS
from mockglm.conformance.message_view import MESSAGES, MessageView
from mockglm.conformance.options import GROUP, MESSAGE_GROUP
from mockglm.conformance.registry import MESSAGE_SET, SET, Catalogue
from mockglm.conformance.view import CHAT, ExchangeView
from mockglm.errors import UsageError, nearest
from mockglm.exchange import Exchange


class CheckSet(Struct, frozen=True, kw_only=True, eq=False):
    """A frozen set of requirements for a surface.

    `name` changes with the set, `group` does not. `path` is that of conversations, `view` reads
    their exchanges, `stream` is the probe that a soak repeats. A base URL whose path ends in
    `suffix` is judged by the set.
    """

    name: str
    group: str
    checks: Catalogue
    path: str
    view: type[ExchangeView]
    stream: str
    suffix: str

    def judges(self, exchange: Exchange) -> bool:
        """True for an exchange of the path of conversations."""
        return exchange.request.path.endswith(self.path)


CHAT_SET = CheckSet(
    name=SET,
    group=GROUP,
    checks=CHECKS,
    path=CHAT,
    view=ExchangeView,
    stream="stream",
    suffix="/v4",
)
ANTHROPIC_SET = CheckSet(
    name=MESSAGE_SET,
    group=MESSAGE_GROUP,
    checks=MESSAGE_CHECKS,
    path=MESSAGES,
    view=MessageView,
    stream="message-stream",
    suffix="/anthropic",
)

SETS: Mapping[str, CheckSet] = {one.group: one for one in (CHAT_SET, ANTHROPIC_SET)}
"""The sets by the names that `--set` takes."""


def find_set(name: str) -> CheckSet:
    """The set of a name, with its version or without. Raises UsageError for an unknown one."""
    found = SETS.get(name) or next((one for one in SETS.values() if one.name == name), None)
    if found is None:
        near = nearest(name, SETS)
        hint = f"; did you mean {near}?" if near else f": there are {' and '.join(SETS)}"
        raise UsageError(f"there is no set {name}{hint}")
    return found


def set_of_url(url: str) -> CheckSet:
    """The set for a base URL: the one of its path, or that of chat completions."""
    path = urlsplit(url).path.rstrip("/")
    return next((one for one in SETS.values() if path.endswith(one.suffix)), CHAT_SET)
