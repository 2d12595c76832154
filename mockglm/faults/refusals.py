"""Faults of errors: in the wrong shape, with the wrong status, or where there should be none."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from mockglm import error_codes, sse
from mockglm.errors import FaultError
from mockglm.exchange import APIError, Response
from mockglm.faults.fault import BOTH, CODES, Fault
from mockglm.faults.frames import JSON, documents, objects, rewrite_documents
from mockglm.faults.head import headed
from mockglm.faults.options import Option, Options, status_code, text
from mockglm.faults.position import NOWHERE, Offset
from mockglm.faults.selectors import each, map_key, set_key, suffix
from mockglm.messages import is_message
from mockglm.surfaces import recognise


def message(name: str, answer: Response, options: Options) -> str:
    """Return the error's message: the option's, or that of its code."""
    code = options["code"]
    if options["message"] is not None:
        return str(options["message"])
    fields = {"error_id": answer.header("x-log-id")}
    if code not in error_codes.CODES or error_codes.missing_fields(code, fields):
        raise FaultError(name, f"the text of code {code} is not known here; give a message")
    return error_codes.message_for(code, fields=fields)


def refused(answer: Response, spot: Offset, options: Options) -> Response:
    failure = APIError(options["code"], options["status"], message("refused", answer, options))
    surface = recognise(answer)
    other = surface.render_error(failure, answer.header("x-log-id"))
    return replace(other, chunks=((answer.head or 0.0, other.body),))


def accepted(answer: Response, spot: Offset, options: Options) -> Response:
    if is_message(answer) or answer.header("content-type") == MESSAGES_TYPE:
        return _whole(replace(answer, status=200), WELCOME_MESSAGE, MESSAGES_TYPE)
    return _whole(replace(answer, status=200), WELCOME, "application/json; charset=UTF-8")


def status(answer: Response, spot: Offset, options: Options) -> Response:
    return replace(answer, status=options["status"])


def error_as_stream(answer: Response, spot: Offset, options: Options) -> Response:
    body = sse.frame(answer.body) + sse.frame(b"[DONE]")
    return _whole(answer, body, "text/event-stream;charset=UTF-8")


def html_page(answer: Response, spot: Offset, options: Options) -> Response:
    known = set(HTTPStatus)
    code = options["status"]
    title = f"{code} {HTTPStatus(code).phrase}" if code in known else str(code)
    page = PAGE.format(title=title).encode()
    return _whole(replace(answer, status=code), page, "text/html")


def error_empty(answer: Response, spot: Offset, options: Options) -> Response:
    return replace(answer, chunks=())


def error_openai(error: JSON, options: Options) -> None:
    error |= {"type": "invalid_request_error", "param": None, "code": "model_not_found"}


def number(code: str) -> int:
    """A business code as a number; 0 for what is none."""
    return int(code) if len(code) < 10 and code.isdecimal() else 0


def error_flat(answer: Response, spot: Offset, options: Options) -> Response:
    found = [doc for doc in documents(answer) if any(_errors(doc.value))]
    for doc in found:
        told = [error.get("message") for error in _errors(doc.value)]
        doc.value.clear()
        doc.value.update(code=answer.status, msg="".join(map(str, told)), success=False)
    return rewrite_documents(answer, found)


def _whole(answer: Response, body: bytes, kind: str) -> Response:
    """The answer with another body, there when the first byte of the old one was."""
    due = answer.chunks[0][0] if answer.chunks else answer.head or 0.0
    return headed(replace(answer, chunks=((due, body),)), "Content-Type", kind)


def _errors(value: JSON) -> Any:
    return objects([value.get("error")])


WELCOME = (
    b'{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"\xe5\xa5\xbd\xe7\x9a\x84'
    b'\xe3\x80\x82","role":"assistant"}}],"created":1767225600,"id":"20260101080000'
    b'0123456789abcdef","model":"glm-4.5","object":"chat.completion","request_id":"20260101080000'
    b'0123456789abcdef","usage":{"completion_tokens":2,"prompt_tokens":6,"total_tokens":8}}'
)
MESSAGES_TYPE = "application/json"
WELCOME_MESSAGE = (
    b'{"id":"msg_202601010800000123456789abcdef","type":"message","role":"assistant",'
    b'"model":"glm-4.6","content":[{"type":"text","text":"\xe5\xa5\xbd\xe7\x9a\x84\xe3\x80\x82"}],'
    b'"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":6,"output_tokens":2,'
    b'"cache_read_input_tokens":0,"server_tool_use":{"web_search_requests":0},'
    b'"service_tier":"standard"}}'
)
PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>"
    "\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
TRACE = '\nTraceback (most recent call last):\n  File "/srv/chat.py", line 7, in answer'
HTML = ("HKUDS/Vibe-Trading#758", "izaart95-jpg/GLM-Free-API#32")

FAULTS = (
    Fault(
        name="refused",
        kind="meaning",
        surfaces=BOTH,
        about="The request is refused.",
        reports=("zai-org/GLM-5#148", CODES),
        breaks="@langchain/openai retries for over 100 s, llama-index-llms-openai-like 12 times",
        change=refused,
        caught_by="TRN-01",
        also=("AUT-03", "AUT-04", "ERR-11", "RSN-07", "TOL-09"),
        options={
            "code": Option(text, "1234", "the business code"),
            "status": Option(status_code, None, "the HTTP status (by default that of the code)"),
            "message": Option(text, None, "the message (by default that of the code)"),
        },
        positions=NOWHERE,
    ),
    Fault(
        name="accepted",
        kind="meaning",
        surfaces=BOTH,
        about="A request that should be refused is answered.",
        reports=(CODES,),
        breaks="mistakes of a client show only with the real service",
        change=accepted,
        caught_by="AUT-01",
        also=(
            "AUT-02",
            "AUT-05",
            "ERR-03",
            "ERR-04",
            "ERR-05",
            "ERR-06",
            "ERR-07",
            "ERR-09",
            "ERR-13",
            "LIM-03",
            "LIM-05",
        ),
        on="an error",
        positions=NOWHERE,
    ),
    Fault(
        name="error-200",
        kind="meaning",
        surfaces=BOTH,
        about="An error has status 200.",
        reports=("openclaw/openclaw#107940", "diegosouzapw/OmniRoute#8210"),
        breaks="ten clients return an empty success; openai-python and zhipuai raise TypeError",
        change=status,
        caught_by="ERR-02",
        also=("AUT-01", "AUT-02", "ERR-03", "ERR-04"),
        on="an error",
        options={"status": Option(status_code, 200, "the status")},
        positions=NOWHERE,
    ),
    Fault(
        name="error-500",
        kind="meaning",
        surfaces=BOTH,
        about="An error caused by the client has status 500.",
        reports=("zai-org/zai-coding-plugins#14", CODES),
        breaks="clients retry requests that cannot succeed",
        change=status,
        caught_by="ERR-05",
        also=(
            "AUT-01",
            "AUT-02",
            "AUT-05",
            "EQV-06",
            "ERR-03",
            "ERR-04",
            "ERR-06",
            "ERR-07",
            "ERR-09",
            "ERR-13",
            "LIM-03",
            "LIM-05",
        ),
        on="an error",
        options={"status": Option(status_code, 500, "the status")},
        positions=NOWHERE,
    ),
    Fault(
        name="error-code-number",
        kind="meaning",
        surfaces=BOTH,
        about="The code of an error is a number instead of a string.",
        reports=("diegosouzapw/OmniRoute#1542", CODES),
        breaks="clients that compare it with a string",
        change=each(_errors, map_key("code", number)),
        caught_by="ERR-01",
        on="an error",
        needs="an error with a code",
        positions=NOWHERE,
    ),
    Fault(
        name="error-code-other",
        kind="meaning",
        surfaces=BOTH,
        about="An error has the code of another one.",
        reports=("zai-org/GLM-5#148", CODES),
        breaks="clients that decide by the code if they should wait",
        change=each(_errors, set_key("code", "1200")),
        caught_by="EQV-06",
        also=("AUT-01", "AUT-02", "ERR-03", "ERR-04", "ERR-06", "LIM-01"),
        on="an error",
        needs="an error object",
        positions=NOWHERE,
    ),
    Fault(
        name="error-openai",
        kind="meaning",
        surfaces=BOTH,
        about="An error has OpenAI's keys and no business code.",
        reports=("https://platform.openai.com/docs/guides/error-codes",),
        breaks="clients that rely on GLM's codes",
        change=each(_errors, error_openai),
        caught_by="ERR-01",
        on="an error",
        needs="an error object",
        positions=NOWHERE,
    ),
    Fault(
        name="error-flat",
        kind="meaning",
        surfaces=BOTH,
        about="An error is `{code, msg, success}`, as in other parts of the service.",
        reports=(CODES,),
        breaks="clients that look for `error`",
        change=error_flat,
        caught_by="ERR-01",
        on="an error",
        needs="an error object",
        positions=NOWHERE,
    ),
    Fault(
        name="error-trace",
        kind="meaning",
        surfaces=BOTH,
        about="The message of an error shows a stack trace.",
        reports=("https://cwe.mitre.org/data/definitions/209.html",),
        breaks="users see it",
        change=each(_errors, suffix("message", TRACE)),
        caught_by="ERR-10",
        on="an error",
        needs="an error with a message",
        positions=NOWHERE,
    ),
    Fault(
        name="error-empty",
        kind="meaning",
        surfaces=BOTH,
        about="An error has no body.",
        reports=(CODES,),
        breaks="clients that parse it without a check",
        change=error_empty,
        caught_by="ERR-03",
        also=(
            "AUT-01",
            "AUT-02",
            "AUT-05",
            "ERR-04",
            "ERR-06",
            "ERR-07",
            "LIM-01",
            "LIM-03",
            "LIM-05",
        ),
        on="an error",
        needs="a body",
        positions=NOWHERE,
    ),
    Fault(
        name="error-as-stream",
        kind="meaning",
        surfaces=BOTH,
        about="An error before a stream is sent as an event.",
        reports=("diegosouzapw/OmniRoute#1542", "vercel/ai#13506"),
        breaks="clients that read the body of an error as JSON lose code and message",
        change=error_as_stream,
        caught_by="ERR-08",
        also=("ERR-01",),
        on="an error",
        positions=NOWHERE,
    ),
    Fault(
        name="html-page",
        kind="meaning",
        surfaces=BOTH,
        about="The response is an HTML page of a proxy.",
        reports=HTML,
        breaks="clients show the page or raise a bare JSON error; some retry for over 100 s",
        change=html_page,
        caught_by="ERR-10",
        also=("ERR-01", "TRN-01"),
        trial="html-page.status-400",
        on="any response",
        options={"status": Option(status_code, 502, "the status")},
        positions=NOWHERE,
    ),
)
