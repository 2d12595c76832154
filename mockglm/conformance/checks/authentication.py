"""AUT: credentials that are accepted or refused."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import CODES, SDK_TOKEN, cite_recording, cite_rfc9110
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_REFUSED = ("1000", "1001", "1002", "1003", "1004", "1005", "401")


@check(
    "AUT-01",
    MUST,
    CODES,
    cite_recording('RarogCmex/pi-bigmodel, code "401" for a revoked key, 2026-09'),
    probe="bad-key",
    needs="answer",
    requires_success=True,
)
def wrong_key_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A wrong key is refused with 401 and a code of 1000 to 1005, or 401."""
    yield from _expect_refusal(view, _REFUSED)


@check(
    "AUT-02",
    MUST,
    CODES,
    cite_recording("charmbracelet/crush, api.z.ai without a key, 2025-10"),
    probe="no-key",
    needs="answer",
    requires_success=True,
)
def missing_key_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A request without a key is refused with 401 and 1001."""
    yield from _expect_refusal(view, ("1001",))


@check("AUT-03", MUST, CODES, SDK_TOKEN, probe="plain", needs="answer")
def bearer_key_is_accepted(view: ExchangeView) -> Iterator[CheckFinding]:
    """The key is accepted as it is, as a Bearer credential."""
    if not view.completion:
        yield view.unexpected_answer("200 and a message")


@check("AUT-04", MUST, SDK_TOKEN, probe="jwt", needs="answer", capability="jwt")
def token_is_accepted(view: ExchangeView) -> Iterator[CheckFinding]:
    """A token made of the key (HS256, sign_type SIGN) is accepted."""
    if not view.completion:
        yield view.unexpected_answer("200 and a message")


@check(
    "AUT-05",
    SHOULD,
    CODES,
    probe="jwt-expired",
    needs="answer",
    capability="jwt",
    requires_success=True,
)
def expired_token_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """An expired token is refused with 401 and a code of 1003 or 401."""
    yield from _expect_refusal(view, ("1003", "401"))


@check(
    "AUT-06",
    MUST,
    cite_rfc9110("11.4"),
    probe=("plain", "bad-key"),
    needs="with_known_key",
    kinds=("stream", "plain", "refusal"),
    if_missing="not_applicable",
)
def credential_is_not_returned(view: ExchangeView) -> Iterator[CheckFinding]:
    """No answer contains the credential that was sent."""
    at = view.body.find(view.secret.encode())
    in_headers = any(view.secret in value for _, value in view.headers)
    if at >= 0 or in_headers:
        yield CheckFinding("the credential came back", at=at if at >= 0 else None)


def _expect_refusal(view: ExchangeView, codes: tuple[str, ...]) -> Iterator[CheckFinding]:
    if view.status != 401 or view.error_code not in codes:
        yield view.unexpected_answer(f"401 and {' or '.join(codes)}")
