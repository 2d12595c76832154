"""What the probes say to the model."""

from __future__ import annotations

from typing import Any

from mockglm.conformance.probe import Fields

__all__ = [
    "CALL",
    "COUNT",
    "ECHO",
    "FAIL",
    "RESULT",
    "RIDDLE",
    "WEATHER",
    "WEATHER_TOOL",
    "echo",
    "user",
]

ECHO = "alpha 你好 😀 \u2028 omega"
WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a city today.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city"}},
            "required": ["city"],
        },
    },
}
COUNT = "one two three four five six seven eight nine ten"


def user(text: str, **fields: Any) -> Fields:
    return {"messages": [{"role": "user", "content": text}], **fields}


def echo(text: str, **fields: Any) -> Fields:
    return user(f"Repeat exactly the following line and write nothing else: {text}", **fields)


WEATHER = "What is the weather in Beijing and in Shanghai today? Use the tool."
FAIL = "This is a test: break off this stream with an error."
RIDDLE = "How many times does the letter r occur in strawberry? Answer with one number."
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {
            "id": "call_417fb00c5b2d4aada7fa6665",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city":"Beijing"}'},
        }
    ],
}
RESULT = {
    "role": "tool",
    "tool_call_id": "call_417fb00c5b2d4aada7fa6665",
    "content": '{"weather":"sunny","celsius":21}',
}
