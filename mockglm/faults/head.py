"""Faults of the answer's head, and of how its body is coded and bundled."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from msgspec.structs import replace

from mockglm.exchange import Headers, Response
from mockglm.faults.fault import CHAT, Change, Fault
from mockglm.faults.frames import documents, rewrite_documents
from mockglm.faults.options import Option, Options, header_value, whole
from mockglm.faults.position import NOWHERE, Offset

GZIP = 16 + zlib.MAX_WBITS

LONGEST = 10**12
"""The most a header tells a client to wait: only the client is to mind."""


def headed(answer: Response, name: str, value: str | None) -> Response:
    """The answer with that header as its only one of the name; None takes it away."""
    kept = tuple(pair for pair in answer.headers if pair[0].lower() != name.lower())
    added: Headers = () if value is None else ((name, value),)
    return replace(answer, headers=kept + added)


def header(name: str, option: str = "value") -> Change:
    """Set a header to what an option says."""

    def change(answer: Response, spot: Offset, options: Options) -> Response:
        return headed(answer, name, str(options[option]))

    return change


def gzip(answer: Response, spot: Offset, options: Options) -> Response:
    if answer.header("content-encoding"):
        return answer
    coder = zlib.compressobj(wbits=GZIP)
    pieces = [
        (at, coder.compress(piece) + coder.flush(zlib.Z_SYNC_FLUSH)) for at, piece in answer.chunks
    ]
    due = pieces[-1][0] if pieces else 0.0
    coded = replace(answer, chunks=(*pieces, (due, coder.flush())))
    return headed(headed(coded, "Content-Length", None), "Content-Encoding", "gzip")


def burst(answer: Response, spot: Offset, options: Options) -> Response:
    due = answer.chunks[-1][0] if answer.chunks else 0.0
    return replace(answer, chunks=((due, answer.body),))


def key_echo(answer: Response, spot: Offset, options: Options) -> Response:
    if not options["key"]:
        return answer
    return headed(answer, "X-Debug-Authorization", f"Bearer {options['key']}")


def log_id_missing(answer: Response, spot: Offset, options: Options) -> Response:
    answer = headed(answer, "X-Log-Id", None)
    named = [doc for doc in documents(answer) if doc.value.pop("request_id", None) is not None]
    return rewrite_documents(answer, named)


def retry_after(answer: Response, spot: Offset, options: Options) -> Response:
    answer = headed(answer, "Retry-After", str(options["seconds"]))
    for name, option in (("retry-after-ms", "ms"), ("x-should-retry", "should")):
        if options[option] is not None:
            answer = headed(answer, name, str(options[option]))
    return answer


def value(default: str) -> Mapping[str, Option]:
    """The one option of a fault that sets a header."""
    return {"value": Option(header_value, default, "the header's value")}


HTTP = "https://www.rfc-editor.org/rfc/rfc9110"
CACHE = "https://www.rfc-editor.org/rfc/rfc9111#section-5.2"

FAULTS = (
    Fault(
        name="stream-type",
        kind="wire",
        about="The Content-Type of a stream is another one.",
        reports=("EM-GeekLab/NexusGate#82", "vllm-project/vllm-ascend#5033"),
        breaks="clients that choose the parser by the type",
        change=header("Content-Type"),
        caught_by="TRN-02",
        on="a stream",
        options=value("application/json; charset=UTF-8"),
        positions=NOWHERE,
    ),
    Fault(
        name="plain-type",
        kind="wire",
        about="The Content-Type of a JSON response is another one.",
        reports=(HTTP + "#section-8.3",),
        breaks="zai-sdk and others return the text unparsed",
        change=header("Content-Type"),
        caught_by="TRN-03",
        on="a JSON response",
        options=value("text/plain; charset=UTF-8"),
        positions=NOWHERE,
    ),
    Fault(
        name="gzip",
        kind="wire",
        about="The body is compressed with gzip although the client did not accept it.",
        reports=("btubbs/sseclient#27", HTTP + "#section-12.5.3"),
        breaks="parsers of the raw body find no event",
        change=gzip,
        caught_by="TRN-04",
        on="any response",
        needs="a body that is not coded",
        positions=NOWHERE,
    ),
    Fault(
        name="burst",
        kind="wire",
        about="All frames come at once, when the last one is due.",
        reports=("graphql-hive/gateway#2259", "fabiolb/fabio#739"),
        breaks="timeouts of the first token; nothing is shown until the end",
        change=burst,
        caught_by="TRN-05",
        on="a stream",
        needs="frames at different times",
        positions=NOWHERE,
    ),
    Fault(
        name="cacheable",
        kind="wire",
        about="The headers allow caches to store the response.",
        reports=(CACHE,),
        breaks="a cache answers the next request with this text",
        change=header("Cache-Control"),
        caught_by="TRN-07",
        on="any response",
        options=value("public, max-age=3600"),
        positions=NOWHERE,
    ),
    Fault(
        name="key-echo",
        kind="wire",
        about="A header contains the client's API key.",
        reports=("https://cwe.mitre.org/data/definitions/200.html",),
        breaks="logs and recordings contain the key",
        change=key_echo,
        caught_by="AUT-06",
        on="any response",
        needs="a known key",
        options={"key": Option(header_value, "", "the key (by default that of the request)")},
        positions=NOWHERE,
    ),
    Fault(
        name="log-id-missing",
        kind="wire",
        about="The response has neither the X-Log-Id header nor a request_id.",
        reports=(CHAT, "https://github.com/SamyRai/go-z-ai"),
        breaks="the request cannot be traced by the support of the service",
        change=log_id_missing,
        caught_by="HDR-02",
        also=("JSN-05",),
        on="any response",
        needs="X-Log-Id or request_id",
        positions=NOWHERE,
    ),
    Fault(
        name="date-wrong",
        kind="wire",
        about="The Date header is not a date.",
        reports=(HTTP + "#section-6.6.1",),
        breaks="clients that set their clock by it, for the JWT",
        change=header("Date"),
        caught_by="HDR-01",
        on="any response",
        options=value("yesterday"),
        positions=NOWHERE,
    ),
    Fault(
        name="retry-after",
        kind="wire",
        about="The response has Retry-After, which GLM never sends.",
        reports=("vercel/ai#9290",),
        breaks="zai-sdk and zhipuai ignore it; @langchain/openai retries only with it",
        change=retry_after,
        why="the header is valid",
        on="any response",
        options={
            "seconds": Option(whole(LONGEST), 1, "the value of Retry-After"),
            "ms": Option(whole(LONGEST), None, "adds retry-after-ms"),
            "should": Option(header_value, None, "adds x-should-retry"),
        },
        positions=NOWHERE,
    ),
    Fault(
        name="retry-after-bad",
        kind="wire",
        about="Retry-After is neither a number nor a date.",
        reports=(HTTP + "#section-10.2.3",),
        breaks="clients that convert it to a number without a check",
        change=header("Retry-After"),
        caught_by="LIM-02",
        on="any response",
        options=value("soon"),
        positions=NOWHERE,
    ),
)
