from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mockglm.completions import Renderer
from mockglm.errors import FileError
from mockglm.exchange import APIError, Reply, Request, ToolCall
from mockglm.matching import RequestView
from mockglm.scenarios import parse_interaction
from mockglm.validation import Chat
from tests.scenarios.loading import problems, step

NOW = 1788903508.9
"""2026-09-09 05:38:28 in Beijing, and some."""

WEATHER = {
    "model": "glm-4.6",
    "messages": [
        {"role": "user", "content": "天气?"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]},
        {"role": "tool", "tool_call_id": "c", "content": '{"sky": "晴", "degrees": [3, 9]}'},
        {"role": "user", "content": '明天呢"?'},
    ],
}


def view(body: Any) -> RequestView:
    sent = msgspec.json.encode(body)
    return RequestView(msgspec.json.decode(sent, type=Chat), Request("POST", "/", body=sent))


def render(text: str, body: Any = WEATHER, count: int = 1) -> Renderer:
    template = step(text).template
    assert template is not None
    return template.render(view(body), NOW, count)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("你说 {{ user }}", '你说 明天呢"?'),
        ("{{ model }} {{ turn }} {{ count }}", "glm-4.6 2 3"),
        ("{{ now }}", "2026-09-09 05:38:28"),
        ("{{ now + timedelta(hours=5) }}", "2026-09-09 10:38:28"),
        ("{{ now.strftime('%H') }}", "05"),
        ("{{ tool }}", '{"sky": "晴", "degrees": [3, 9]}'),
        ("{{ tool_json.sky }} {{ tool_json.degrees[1] }}", "晴 9"),
        ("{{ tool_json | tojson }}", '{"sky":"晴","degrees":[3,9]}'),
        ("{{ request.messages | length }}", "4"),
        ("{% for d in tool_json.degrees %}{{ d }};{% endfor %}", "3;9;"),
        ("{% if count > 2 %}again{% else %}once{% endif %}", "again"),
        ("{# nothing #}<b>&", "<b>&"),
        ("{{ '<b>&' }}\n", "<b>&\n"),
        ("plain } text", "plain } text"),
    ],
)
def test_a_text_is_filled_in(text: str, content: str) -> None:
    quoted = msgspec.json.encode(text).decode()
    assert render(f"{{content: {quoted}, template: true}}", count=3).reply.content == content


def test_every_text_of_a_reply_is_filled_in() -> None:
    rendering = render(
        """
        template: true
        reasoning: "{{ model }}?"
        content: "{{ user }}"
        tool_calls:
          - {name: "{{ 'f' }}", arguments: {said: "{{ user }}", n: 1}, id: "call_{{ count }}"}
          - {name: g, arguments: '{"raw": "{{ model }}"'}
        web_search: [{title: "{{ model }}"}]
        headers: {X-Turn: "{{ turn }}"}
        chunks: ["{{ model }}", b]
        """
    )
    assert rendering.reply == Reply(
        reasoning="glm-4.6?",
        content='明天呢"?',
        calls=(
            ToolCall("f", '{"said":"明天呢\\"?","n":1}', "call_1"),
            ToolCall("g", '{"raw": "glm-4.6"'),
        ),
        finish_reason="tool_calls",
        web_search=({"title": "glm-4.6"},),
    )
    assert rendering.headers == (("X-Turn", "2"),)
    assert rendering.chunking.content == ("glm-4.6", "b")


def test_an_error_is_filled_in() -> None:
    text = '{template: true, error: {code: 1310, reset: "{{ now + timedelta(days=7) }}"}}'
    failure = APIError("1310", fields={"reset": "2026-09-16 05:38:28"})
    assert render(text).reply.error == failure


def test_without_template_nothing_is_filled_in() -> None:
    rendering = step("{content: '{{ user }}'}").renderer
    assert rendering is not None
    assert rendering.reply.content == "{{ user }}"


def test_pace_and_times_stand_beside_a_template() -> None:
    found = step("{content: '{{ user }}', template: true, pace: model, times: 2}")
    assert found.renderer is None
    assert (found.pace, found.times) == ("model", 2)


@pytest.mark.parametrize(
    ("text", "body", "problem"),
    [
        ("{{ tool }}", {"messages": []}, "template: 'tool' is undefined"),
        ("{{ usr }}", WEATHER, "template: 'usr' is undefined"),
        ("{{ request.nothing }}", WEATHER, "has no attribute 'nothing'"),
        ("{{ tool_json.sky }}", {"messages": [{"role": "tool", "content": "x"}]}, "undefined"),
        ("{{ 1 // 0 }}", WEATHER, "template: division by zero"),
        ("{{ 1 % 0 }}", WEATHER, "template: division by zero"),
        ("{{ user + 1 }}", WEATHER, "template: can only concatenate str"),
        ("{{ [][3] }}", WEATHER, "template: list object has no element 3"),
        ("{{ turn + [] }}", WEATHER, "template: unsupported operand"),
        ("{{ ''.__class__.__mro__ }}", WEATHER, "template: access to attribute '__class__'"),
        ("{{ request.update({}) }}", WEATHER, "template: access to attribute 'update'"),
        ("{{ range(10 ** 9) | list }}", WEATHER, "template: Range too big"),
        ("{{ user * 10 ** 15 }}", WEATHER, "template: "),
        (
            "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
            WEATHER,
            "template: maximum recursion depth exceeded",
        ),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_reported_with_its_place(
    text: str, body: Any, problem: str
) -> None:
    with pytest.raises(FileError) as caught:
        render(f'{{template: true, content: "{text}"}}', body)
    assert str(caught.value).startswith("test.yaml:4:")
    assert problem in str(caught.value)


def test_a_template_without_a_valid_reply_is_reported() -> None:
    with pytest.raises(FileError) as caught:
        render('{template: true, error: "{{ model }}"}')
    assert str(caught.value).startswith("test.yaml:4:5: unknown code `glm-4.6`")


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ({"content": "{{ usr }}"}, "body.reply.content: template: 'usr' is undefined"),
        ({"error": "{{ model }}"}, "body.reply.error: unknown code `glm-4.6`"),
        ({"chunks": ["a", "{{ usr }}"]}, "body.reply.chunks[1]: template: 'usr' is undefined"),
    ],
)
def test_a_template_of_no_file_has_a_name_instead_of_a_place(
    reply: dict[str, Any], problem: str
) -> None:
    made = parse_interaction({"reply": {"template": True, **reply}}, "body")
    assert made.steps[0].template is not None
    with pytest.raises(FileError) as caught:
        made.steps[0].template.render(view(WEATHER), NOW)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('content: "{{ user"', "5:13: template: unexpected end of template"),
        ("content: '{% if %}'", "5:13: template: Expected an expression, got 'end of statement"),
        ("content: |\n    a\n    {% endif %}", "7:5: template: Encountered unknown tag 'endif'"),
        ("content: '{{ user | shout }}'", "5:13: template: No filter named 'shout'."),
        ("content: '{{ user }}'\n   error: 1302", "5:13: `content` beside `error`"),
        ("error: 1308", "5:11: the message of 1308 needs `number`, `unit`, `reset`"),
    ],
)
def test_an_invalid_template_is_reported_when_it_is_loaded(text: str, problem: str) -> None:
    found = problems(f"format: 1\ninteractions:\n- reply:\n   template: true\n   {text}\n")
    assert found[0].startswith(f"test.yaml:{problem}")
