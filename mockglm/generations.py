"""Generations: the form of the service's responses by host, base path and day.

Heads, captured: `ZenZGA` and a cookie of the firewall on both hosts, 2025-10 to 2025-12, and
`Keep-Alive` in 2026-03 (no public link); `Keep-Alive` of api.z.ai on 2026-06-27, not on
2026-06-24, and `alt-svc` on 2026-08-21 (pydantic/pydantic-ai, tests/models/cassettes/test_zai);
nginx on api.z.ai and the cookie on open.bigmodel.cn, 2026-07-10 (SamyRai/go-z-ai,
pkg/client/testdata/cassettes); `ga-traceid` on api.z.ai, 2026-09-01 (a public unit test).

The key `object`, captured: absent on both bases of api.z.ai in 2025-10 and 2025-11 and on its
Coding Plan base to 2025-12-11, present there from 2026-01-19 (charmbracelet/crush and fantasy, all
versions of their cassettes); present on the general base from 2025-12-16; on the Coding Plan base
of open.bigmodel.cn absent on 2025-12-11 and present from 2025-12-23 (no public link). The figure of
the tokens of a thought: in no answer of 2025, in those of 2026-01 and later (the same cassettes).

Silent truncation, captured: glm-4.7 on the Coding Plan base of open.bigmodel.cn, 2025-12-23 (no
public link).

Assumed: that a generation lasts until the next one was seen; the general base of open.bigmodel.cn
had `object` when its Coding Plan base had it; its heads of 2026-03; that truncation lasted until
1261 was seen (RarogCmex/pi-bigmodel, 2026-10).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.models import Model

Profile = Literal["bigmodel", "zai"]
"""The site that is mocked: open.bigmodel.cn or api.z.ai."""

FIRST = date(2025, 9, 1)
"""The first day that can be played: no recording of the present paths is older."""

_COOKIE = ("Set-Cookie", "acw_tc={cookie};path=/;HttpOnly;Max-Age=1800")
_ZENZGA = ("Server", "ZenZGA/2.4")
_KEEP_ALIVE = ("Keep-Alive", "timeout=6")


class Head(Struct, frozen=True):
    """The headers of a host from a day on, beside those that all generations have in common."""

    profile: Profile
    since: date
    headers: tuple[tuple[str, str], ...]


HEADS = (
    Head("bigmodel", FIRST, (_ZENZGA, _COOKIE)),
    Head("bigmodel", date(2026, 3, 1), (_KEEP_ALIVE, _COOKIE)),
    Head("bigmodel", date(2026, 7, 1), (_COOKIE,)),
    Head("zai", FIRST, (_ZENZGA, _COOKIE)),
    Head("zai", date(2026, 3, 1), (_KEEP_ALIVE,)),
    Head("zai", date(2026, 7, 1), (("Server", "nginx"),)),
    Head("zai", date(2026, 8, 1), (("alt-svc", 'h3=":443"; ma=3600'), ("ga-traceid", "{trace}"))),
)
"""The heads, in the order of each host's days."""

OBJECT_SINCE: Mapping[tuple[Profile, bool], date] = MappingProxyType(
    {
        ("bigmodel", False): date(2025, 12, 23),
        ("bigmodel", True): date(2025, 12, 23),
        ("zai", False): date(2025, 12, 16),
        ("zai", True): date(2026, 1, 19),
    }
)
"""The first day on which `object` was seen, by host, and True for the Coding Plan base."""

REASONING_TOKENS_SINCE = date(2026, 1, 1)
"""The first day of `completion_tokens_details`."""

TRUNCATING: Mapping[tuple[Profile, bool, str], tuple[date, date]] = MappingProxyType(
    {("bigmodel", True, "glm-4.7"): (date(2025, 12, 22), date(2026, 10, 1))}
)
"""Models that cut a prompt beyond the context at its front, by host, base and id: the first day,
that of the model's release, and the day after the last."""


def parse_day(text: str) -> date:
    """Parse a day or a month, which is its first day. Raises ValueError for any other text, and for
    a day of which there is no recording."""
    try:
        day = date.fromisoformat(text if text.count("-") > 1 else f"{text}-01")
    except ValueError:
        raise ValueError("expected a day as 2025-11-03 or a month as 2025-11") from None
    if day < FIRST:
        raise ValueError(f"there are no recordings of days before {FIRST}")
    return day


@lru_cache(maxsize=256)
def model_on(day: date, model: Model, profile: Profile) -> Model:
    """Return a model as a host served it on a day; on the base that the model is of."""
    base = (profile, model.is_coding_plan)
    first, end = TRUNCATING.get((*base, model.id), (date.max, date.max))
    return replace(
        model,
        has_object=day >= OBJECT_SINCE[base],
        reports_reasoning=model.reports_reasoning and day >= REASONING_TOKENS_SINCE,
        overflow="truncate" if first <= day < end else model.overflow,
    )


def headers_on(day: date, profile: Profile, ids: Ids) -> tuple[tuple[str, str], ...]:
    """Return the headers that a host had on a day; `ids` are those of the response."""
    head = next(row for row in reversed(HEADS) if row.profile == profile and row.since <= day)
    values = {"cookie": ids.hexadecimal("cookie"), "trace": ids.hexadecimal("trace")[:32]}
    return tuple((name, value.format_map(values)) for name, value in head.headers)
