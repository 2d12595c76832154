"""Users who chat, streamed and not, through a gateway or with mockglm itself.

Run it with `locust --locustfile examples/load/locustfile.py --host http://127.0.0.1:4000/v1`.
"""

import json
import os
import time

from locust import HttpUser, between, task

KEY = os.environ.get("GLM_API_KEY", "any-key")
HEADERS = {"Authorization": f"Bearer {KEY}"}


class ChatUser(HttpUser):
    """A user that sends a request, reads the reply, and repeats this."""

    wait_time = between(0.1, 0.5)

    @task(3)
    def stream(self) -> None:
        """Read a stream to its end; its first event is an entry of its own in the report."""
        began = time.perf_counter()
        with self.client.post(
            "/chat/completions",
            json=body("what is the weather like?", stream=True),
            headers=HEADERS,
            stream=True,
            name="stream",
            catch_response=True,
        ) as response:
            if response.status_code != 200:
                response.failure(f"{response.status_code}: {code(response.content)}")
                return
            first, last = None, b""
            for line in response.iter_lines():
                if line and first is None:
                    first = time.perf_counter() - began
                    self.environment.events.request.fire(
                        request_type="SSE",
                        name="first event",
                        response_time=first * 1000,
                        response_length=len(line),
                        exception=None,
                        context={},
                    )
                last = line or last
            if last.strip() != b"data: [DONE]":
                response.failure("the stream broke off")

    @task(1)
    def chat(self) -> None:
        with self.client.post(
            "/chat/completions",
            json=body("tell me something"),
            headers=HEADERS,
            name="chat",
            catch_response=True,
        ) as response:
            if response.status_code != 200:
                response.failure(f"{response.status_code}: {code(response.content)}")


def body(text: str, **keys: object) -> dict[str, object]:
    return {"model": "glm-4.6", "messages": [{"role": "user", "content": text}], **keys}


def code(content: bytes) -> str:
    """The business code of an error, so that the report counts 1302 and 1305 apart."""
    try:
        return str(json.loads(content)["error"]["code"])
    except (ValueError, LookupError, TypeError):
        return "no code"
