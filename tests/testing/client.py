"""A client of a few lines."""

from __future__ import annotations

from typing import Any

import httpx

from mockglm import GLM

__all__ = ["ask", "body", "content"]


def body(text: str = "你好", **more: Any) -> dict[str, Any]:
    """A request of one user message."""
    return {"model": "glm-4.6", "messages": [{"role": "user", "content": text}], **more}


def ask(glm: GLM, text: str = "你好", **more: Any) -> httpx.Response:
    """Send one request, without retries, and read the whole response."""
    headers = {"Authorization": f"Bearer {glm.api_key}"}
    with httpx.Client(trust_env=False, verify=False, timeout=60) as client:
        return client.post(glm.chat_url, json=body(text, **more), headers=headers)


def content(response: httpx.Response) -> str:
    """The content of a JSON completion."""
    return str(response.json()["choices"][0]["message"]["content"])
