"""Agents that run their tools until an answer comes: from scenarios, and with no file at all."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any

import openai
import pytest
from pydantic_ai import Agent
from pydantic_ai.models.zai import ZaiModel
from pydantic_ai.providers.zai import ZaiProvider

from tests.clients.adapters import ADAPTERS, WEATHER, Adapter
from tests.clients.agent import Tool, loop
from tests.clients.said import Call
from tests.conftest import Base
from tests.serving import KEY, Served


def offer(name: str, description: str, **properties: str) -> dict[str, Any]:
    """A function as it is offered, all its parameters texts that must be there."""
    given = {key: {"type": "string", "description": about} for key, about in properties.items()}
    parameters = {"type": "object", "properties": given, "required": list(given)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


class Disk:
    """The one file of an agent's work, and what was done with it."""

    def __init__(self) -> None:
        self.files = {"main.py": "def main()\n    return 0\n", "README": ""}

    def list(self) -> str:
        return "\n".join(self.files)

    def read(self, path: str) -> str:
        return self.files[path]

    def write(self, path: str, content: str) -> str:
        self.files[path] = content
        return "ok"


def test_a_loop_of_a_scenario_runs_to_its_end(adapter: Adapter, stream: bool, base: Base) -> None:
    disk = Disk()
    tools = [
        Tool(disk.list, offer("list_files", "列出文件")),
        Tool(disk.read, offer("read_file", "读取文件", path="路径")),
        Tool(disk.write, offer("write_file", "写入文件", path="路径", content="内容")),
    ]
    messages = [{"role": "user", "content": "main.py 有语法错误，请修复。"}]
    said = loop(adapter.user(base("tool-loop")), messages, tools, stream=stream)
    assert [(turn.finish, [call.name for call in turn.calls]) for turn in said] == [
        ("tool_calls", ["list_files"]),
        ("tool_calls", ["read_file"]),
        ("tool_calls", ["write_file"]),
        ("stop", []),
    ]
    assert said[-1].text == "已修复 main.py 里缺少的冒号。"
    assert disk.files["main.py"] == "def main():\n    return 0\n"


@pytest.mark.parametrize(
    ("scenario", "answer"),
    [
        ("tool-call", "北京今天晴，25 度。"),
        ("tool-parallel", "北京晴，25 度；上海小雨，22 度。"),
    ],
)
def test_results_are_answered(
    scenario: str, answer: str, adapter: Adapter, stream: bool, base: Base
) -> None:
    messages = [{"role": "user", "content": "天气？"}]
    tools = [Tool(lambda city: f"{city}晴", WEATHER)]
    said = loop(adapter.user(base(scenario)), messages, tools, stream=stream)
    assert [turn.text for turn in said][-1] == answer
    assert len(said) == 2


TASK = (
    "先查北京和上海的天气，然后查询上海的酒店，再查北京到上海的火车票，"
    "最后发邮件给 li@example.com 告诉他。"
)
CITIES = (Call("get_weather", '{"city":"北京"}'), Call("get_weather", '{"city":"上海"}'))
TRAIN = Call("search_trains", '{"origin":"北京","destination":"上海"}')

TOOLS = [
    Tool(lambda city: f"{city}：晴，25 度", WEATHER),
    Tool(lambda city: f"{city}饭店，500 元", offer("find_hotels", "查找酒店", city="城市")),
    Tool(
        lambda origin, destination: "G1 次，09:00 开",
        offer("search_trains", "查询两地之间的火车票", origin="出发地", destination="目的地"),
    ),
    Tool(
        lambda to, subject, body: "已发送",
        offer("send_email", "发送邮件", to="收件人的邮箱地址", subject="主题", body="正文"),
    ),
]


def test_an_agent_runs_offline_with_no_file_for_five_turns(
    adapter: Adapter, stream: bool, server: Served, base: Base, label: str
) -> None:
    messages = [{"role": "user", "content": TASK}]
    said = loop(adapter.user(base("")), messages, TOOLS, stream=stream)
    cities, hotel, train, mail, answer = (turn.calls for turn in said)
    assert (cities, train, answer) == (CITIES, (TRAIN,), ())
    assert [call.name for call in (*hotel, *mail)] == ["find_hotels", "send_email"]
    assert "li@example.com" in mail[0].arguments
    assert [turn.finish for turn in said] == ["tool_calls"] * 4 + ["stop"]
    assert all(turn.reasoning for turn in said)
    assert all(result in said[-1].text for result in ("北京：晴", "上海饭店", "G1 次", "已发送"))
    journal = server.session("", label).journal
    assert [(entry.source, entry.waived) for entry in journal] == [("improvised", ())] * 5


def test_a_prompt_that_grows_costs_more_and_its_beginning_is_cached(base: Base) -> None:
    messages = [{"role": "user", "content": TASK}]
    user = ADAPTERS[0].user(base(""))
    used = [turn.usage for turn in loop(user, messages, TOOLS, stream=False)]
    prompts = [usage["prompt_tokens"] for usage in used]
    cached = [usage["prompt_tokens_details"]["cached_tokens"] for usage in used]
    assert prompts == sorted(set(prompts))
    assert cached[0] == 0
    assert all(0 < tokens <= before for tokens, before in zip(cached[1:], prompts, strict=False))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
async def test_pydantic_ai_runs_an_agent_offline_for_five_turns(
    stream: bool, server: Served, base: Base, label: str
) -> None:
    sent: list[str] = []
    async with openai.AsyncOpenAI(base_url=base(""), api_key=KEY, max_retries=0) as client:
        model = ZaiModel("glm-4.6", provider=ZaiProvider(openai_client=client))
        agent = _agent(model, sent)
        handler = _ignore if stream else None
        result = await agent.run(TASK, event_stream_handler=handler)
    assert sent == ["li@example.com"]
    assert result.usage.requests == 5
    assert result.usage.tool_calls == 5
    assert all(word in result.output for word in ("北京：晴", "上海饭店", "G1 次", "已发送"))
    journal = server.session("", label).journal
    assert [entry.frames > 0 for entry in journal] == [stream] * 5


def _agent(model: ZaiModel, sent: list[str]) -> Agent[None, str]:
    agent = Agent(model)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """查询天气"""
        return f"{city}：晴，25 度"

    @agent.tool_plain
    def find_hotels(city: str) -> str:
        """查找酒店"""
        return f"{city}饭店，500 元"

    @agent.tool_plain
    def search_trains(origin: str, destination: str) -> str:
        """查询两地之间的火车票"""
        return "G1 次，09:00 开"

    @agent.tool_plain
    def send_email(to: str, subject: str, body: str) -> str:
        """发送邮件"""
        sent.append(to)
        return "已发送"

    return agent


async def _ignore(context: Any, events: AsyncIterable[Any]) -> None:
    async for _ in events:
        pass
