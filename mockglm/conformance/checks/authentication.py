"""AUT: who is let in."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, brief
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import CODES, SDK_TOKEN, http, recorded

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_REFUSED = ("1000", "1001", "1002", "1003", "1004", "1005", "401")


@check(
    "AUT-01",
    MUST,
    CODES,
    recorded('RarogCmex/pi-bigmodel, code "401" for a revoked key, 2026-09'),
    probe="bad-key",
    needs="answer",
    alive=True,
)
def wrong_key(seen: Seen) -> Iterator[Finding]:
    """A wrong key is refused with 401 and one of 1000 to 1005 or 401."""
    yield from _refused(seen, _REFUSED)


@check(
    "AUT-02",
    MUST,
    CODES,
    recorded("charmbracelet/crush, api.z.ai without a key, 2025-10"),
    probe="no-key",
    needs="answer",
    alive=True,
)
def no_key(seen: Seen) -> Iterator[Finding]:
    """A request without a key is refused with 401 and 1001."""
    yield from _refused(seen, ("1001",))


@check("AUT-03", MUST, CODES, SDK_TOKEN, probe="plain", needs="answer")
def bearer(seen: Seen) -> Iterator[Finding]:
    """The key is accepted as it is, as a Bearer credential."""
    if not seen.completion:
        yield _other(seen, "200 and a message")


@check("AUT-04", MUST, SDK_TOKEN, probe="jwt", needs="answer", capability="jwt")
def token(seen: Seen) -> Iterator[Finding]:
    """A token made of the key (HS256, sign_type SIGN) is accepted."""
    if not seen.completion:
        yield _other(seen, "200 and a message")


@check("AUT-05", SHOULD, CODES, probe="jwt-expired", needs="answer", capability="jwt", alive=True)
def expired(seen: Seen) -> Iterator[Finding]:
    """A token that has expired is refused with 401 and 1003 or 401."""
    yield from _refused(seen, ("1003", "401"))


@check(
    "AUT-06",
    MUST,
    http("11.4"),
    probe=("plain", "bad-key"),
    needs="confided",
    on=("stream", "plain", "refusal"),
    absent="not_applicable",
)
def secret(seen: Seen) -> Iterator[Finding]:
    """No answer holds the credential that was sent."""
    at = seen.body.find(seen.secret.encode())
    in_headers = any(seen.secret in value for _, value in seen.headers)
    if at >= 0 or in_headers:
        yield Finding("the credential came back", at=at if at >= 0 else None)


def _refused(seen: Seen, codes: tuple[str, ...]) -> Iterator[Finding]:
    if seen.status != 401 or seen.code not in codes:
        yield _other(seen, f"401 and {' or '.join(codes)}")


def _other(seen: Seen, expected: str) -> Finding:
    actual = f"{seen.status} {brief(seen.body.decode(errors='replace'))}"
    return seen.wrong("another answer", expected=expected, actual=actual)
