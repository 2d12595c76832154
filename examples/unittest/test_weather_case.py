"""The server as a context manager, for other test frameworks and scripts."""

# ruff: noqa: PT009, PT027  assertions of unittest

import json
import unittest
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import mockglm


def ask(text: str, base_url: str, key: str) -> str:
    """The client under test. It uses only the standard library."""
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
    request = Request(
        f"{base_url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urlopen(request) as response:
        answer = json.load(response)
    return str(answer["choices"][0]["message"]["content"])


class WeatherTest(unittest.TestCase):
    def setUp(self) -> None:
        self.glm = self.enterContext(mockglm.serve())

    def test_the_weather(self) -> None:
        self.glm.when(user="天气").reply("晴")
        self.assertEqual(ask("天气?", self.glm.base_url, self.glm.api_key), "晴")
        self.assertEqual(self.glm.requests[0].user, "天气?")

    def test_an_error_is_raised(self) -> None:
        self.glm.reply(error=1113)
        with self.assertRaises(HTTPError) as caught:
            ask("天气?", self.glm.base_url, self.glm.api_key)
        caught.exception.close()
        self.assertEqual(caught.exception.code, 429)


if __name__ == "__main__":
    unittest.main()
