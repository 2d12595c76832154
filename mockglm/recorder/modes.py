"""When a request is asked of the service, and when the cassette answers it.

The modes are those of vcrpy (https://vcrpy.readthedocs.io/en/latest/usage.html#record-modes), so
what an exchange answered in this run is never what was recorded in it: a client that asks the
same again, as one that polls does, is answered anew, and both answers are kept in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

Mode = Literal["once", "new", "all", "none"]

MODES: Mapping[str, str] = {
    "once": "Record a cassette that is missing or empty; otherwise only replay it.",
    "new": "Replay each recording once, and record all other requests.",
    "all": "Record all requests, and begin the cassette again.",
    "none": "Only replay.",
}
"""The effect of each mode; `once` is the default."""

assert tuple(MODES) == get_args(Mode)


class Plan(Struct, frozen=True):
    """Whether recordings are played, what is not recorded is, and the cassette begun anew."""

    plays: bool
    records: bool
    anew: bool = False


_PLANS: Mapping[tuple[Mode, bool], Plan] = {
    ("once", True): Plan(plays=False, records=True),
    ("once", False): Plan(plays=True, records=False),
    ("new", True): Plan(plays=False, records=True),
    ("new", False): Plan(plays=True, records=True),
    ("all", True): Plan(plays=False, records=True, anew=True),
    ("all", False): Plan(plays=False, records=True, anew=True),
    ("none", True): Plan(plays=True, records=False),
    ("none", False): Plan(plays=True, records=False),
}


def plan(mode: Mode, is_empty: bool) -> Plan:
    """What a mode does with a cassette, which is empty (or not there) or not."""
    return _PLANS[mode, is_empty]
