"""Advice for a finding: one sentence for its check, or for the category of the check."""

from __future__ import annotations

from collections.abc import Mapping

_CATEGORIES: Mapping[str, str] = {
    "TRN": "Look at what stands between the model and the client: proxies, buffers, compression.",
    "SSE": "Write events from one place, each as one write of data:, JSON and a blank line.",
    "CHK": "Build every chunk from one template that is filled once for the stream.",
    "JSN": "Compare the reply with the one in the documents, key by key.",
    "EQV": "Make the plain reply by joining the chunks, so that both agree.",
    "RSN": "Look at the reasoning parser: which tokens end the reasoning for it.",
    "TOL": "Look at the tool parser, and at what it does with text before a call.",
    "FIN": "Set finish_reason in one place, when the model has stopped.",
    "USE": "Count tokens where they are made, and send the count with the finish.",
    "ERR": "Map every refusal to GLM's envelope before anything of the answer is sent.",
    "AUT": "Check the credential before the path and the body, and answer 401 with a code.",
    "LIM": "Answer a request over a limit with 429 and the code of that limit.",
    "HDR": "Set the header on every answer, refusals too.",
    "TIM": "Look at the queue in front of the model.",
    "EVT": "Write each event from one place: event: with its type, data: with its JSON.",
    "BLK": "Keep one open block: close it before the next one begins, and number them from 0.",
    "MSG": "Compare the message with one that the service sent, key by key.",
    "THK": "Send thinking as a block of its own, with a signature in its last delta.",
    "CAL": "Look at the tool parser, and at how the input is cut into fragments.",
    "STP": "Map the finish reason to a stop_reason in one place, when the model has stopped.",
    "TOK": "Send the counts with message_delta, where the stop_reason is.",
    "ENV": "Map every refusal to the envelope of this surface before anything is sent.",
    "KEY": "Read the key from x-api-key, and from Authorization if that is not there.",
    "PTH": "Serve the path below the same base URL, with the same key.",
    "OVR": "Answer or refuse each request whole, with the code of the limit that it exceeds.",
}

_CHECKS: Mapping[str, str] = {
    "TRN-02": "Set Content-Type: text/event-stream;charset=UTF-8 before the first chunk.",
    "TRN-03": "Answer in one piece unless stream is true, as application/json; charset=UTF-8.",
    "TRN-04": "Do not compress unless Accept-Encoding allows it.",
    "TRN-05": "Switch off buffering in the proxy (nginx: proxy_buffering off).",
    "TRN-06": "Close the connection, or end the chunked body, once [DONE] is written.",
    "SSE-01": "Cut text between characters, not between bytes: decode incrementally.",
    "SSE-05": "Two writers share a connection, or a chunk was cut; write each chunk in one piece.",
    "SSE-06": "Write data: [DONE] once, after the last chunk, also when the reply was cut.",
    "CHK-03": 'Send "object":"chat.completion.chunk".',
    "CHK-05": "Send text as a string; a list of parts is for requests only.",
    "EQV-02": "Apply the same chat template whether stream is set or not.",
    "RSN-04": "Start the server with the reasoning parser of the model's family.",
    "RSN-05": "The model used all its tokens to think, or its answer was parsed as reasoning.",
    "RSN-06": "Pass thinking.type to the chat template (enable_thinking).",
    "RSN-07": "Accept reasoning_content in assistant messages of the history.",
    "TOL-01": "Send id, type and name with the first delta of a call only.",
    "TOL-03": "Send arguments as text that was JSON before it was cut.",
    "TOL-04": "Finish with tool_calls if and only if a call was sent.",
    "TOL-06": "Check the name that the model wrote against the request's tools.",
    "TOL-10": "Honour tool_stream, or leave it out of what the model claims.",
    "FIN-01": "Leave finish_reason out of every chunk but the last.",
    "FIN-05": "Cut the text before the stop sequence, and finish with stop.",
    "USE-01": "Put usage on the chunk that has the finish_reason, even if it was not requested.",
    "USE-03": "Count reasoning among completion_tokens.",
    "ERR-01": 'Answer {"error":{"code":"1211","message":"…"}}, the code in quotes.',
    "ERR-02": "Know whether the request is good before status 200 is sent.",
    "ERR-03": "Answer 400 with code 1211 for a model that is not served.",
    "ERR-05": "Answer 400 when the body cannot be parsed, not 500.",
    "ERR-06": "Refuse roles other than system, user, assistant and tool with 400 and 1214.",
    "ERR-12": "Send the error as an event, then [DONE], and nothing else.",
    "ERR-10": "Let the gateway answer JSON, not its HTML page.",
    "AUT-02": "Answer 401 with code 1001 where the Authorization header is missing.",
    "AUT-04": "Accept a JWT signed with the secret half of the key (HS256, sign_type SIGN).",
    "EVT-03": "Write event: with the type before data:; SDKs pass over events without a name.",
    "EVT-07": "Do not send [DONE] on this surface: message_stop ends the stream.",
    "ENV-06": "Answer 1305 with status 529, so that clients try again.",
    "KEY-05": "Never put the key into a message or a header.",
    "AUT-06": "Never put the credential into a message or a header.",
}


def advise(id: str) -> str:
    """The next step after a finding of a check."""
    return _CHECKS.get(id) or _CATEGORIES[id[:3]]
