"""Templates that would run for ever or fill the memory, when they are read or filled in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest
from jinja2 import StrictUndefined
from jinja2.exceptions import TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mockglm.scenarios import sandbox
from mockglm.scenarios.sandbox import Budget, Sandbox
from tests.serving import serving

SANDBOX = Sandbox()
VALUES: dict[str, Any] = {
    "request": {
        "model": "glm-4.6",
        "messages": [{"role": "user", "content": "x" * 20_000}] * 20,
        "tools": [{"name": "b", "n": 1}, {"name": "a", "n": 2}],
    },
    "user": "<!-- a -->" * 20_000,
    "turn": 3,
    "now": datetime(2026, 9, 9),
}
CHARACTERS = "more than 8,388,608 characters in one value"
MADE = "more than 67,108,864 characters in all values together"
OPERATIONS = "more than 150,000 operations"
GROWING = (
    "{%% set n = namespace(s=%s) %%}{%% for i in range(60) %%}{%% set n.s = %s %%}{%% endfor %%}"
)


def fill(text: str, **values: Any) -> str:
    template = SANDBOX.compile_text(text)
    return SANDBOX.fill(template, VALUES | values, Budget())


def grow(first: str, step: str, shown: str = "{{ n.s }}") -> str:
    return GROWING % (first, step) + shown


@pytest.mark.parametrize("text", ["{{ %s1 }}", "{{ [%s1] }}", "{%% if %s1 %%}a{%% endif %%}"])
def test_nesting_is_bounded(text: str) -> None:
    SANDBOX.compile_text(text % ("1+" * 190))
    for levels in (200, 10_000):
        with pytest.raises(RecursionError, match="nested more than 200 deep"):
            SANDBOX.compile_text(text % ("1+" * levels))


# Each of them takes minutes or gigabytes where nothing bounds it.
EXPLODING = [
    # One operation makes something large.
    ("{{ 'a' * 10**9 }}", CHARACTERS),
    ("{{ 10**9 * 'a' }}", CHARACTERS),
    ("{{ [1] * 10**9 }}", CHARACTERS),
    ("{{ ['a' * 10**6] * 1000 }}", CHARACTERS),
    ("{{ 7 ** (10**6) }}", "a number of more than 100,000 bits"),
    ("{{ 7 ** -(10**6) ** 3 }}", "a number of more than 100,000 bits"),
    (grow("3", "n.s * n.s"), "a number of more than 100,000 bits"),
    ("{{ 1 | round(-10**9) }}", "a number of more than 100,000 bits"),
    ("{{ (1).from_bytes(('a' * 10**6).encode()) }}", CHARACTERS),
    ("{{ '%1000000000d' % 1 }}", CHARACTERS),
    ("{{ '%.1000000000f' % 1 }}", CHARACTERS),
    ("{{ '%*d' % (10**9, 1) }}", CHARACTERS),
    ("{{ '%*d' | format(10**9, 1) }}", CHARACTERS),
    ("{{ ('%s' * 1000) % (('a' * 10**5,) * 1000) }}", CHARACTERS),
    ("{{ '{:1000000000}'.format(1) }}", CHARACTERS),
    ("{{ '{:{}}'.format(1, 10**9) }}", CHARACTERS),
    ("{{ ('{0}' * 1000).format('a' * 10**5) }}", CHARACTERS),
    ("{{ ('{:{w}}' | attr('format'))(1, w=10**9) }}", CHARACTERS),
    ("{{ '{a:{w}}'.format_map({'a': 1, 'w': 10**9}) }}", CHARACTERS),
    ("{{ 'a'.ljust(10**9) }}", CHARACTERS),
    ("{{ 'a'.rjust(10**9) }}", CHARACTERS),
    ("{{ 'a'.center(10**9) }}", CHARACTERS),
    ("{{ 'a'.zfill(10**9) }}", CHARACTERS),
    ("{{ 'a'.encode().zfill(10**9) }}", CHARACTERS),
    ("{{ '\t'.expandtabs(10**9) }}", CHARACTERS),
    ("{{ ('a' * 10**6).replace('a', 'b' * 10**6) }}", CHARACTERS),
    ("{{ ('a' * 10**6).replace('', 'b' * 10**6) }}", CHARACTERS),
    ("{{ ('a' * 10**6).translate({97: 'b' * 1000}) }}", CHARACTERS),
    ("{{ ('a' * 10**6).join(['b'] * 10**5) }}", CHARACTERS),
    ("{{ (1).to_bytes(10**9, 'big') }}", CHARACTERS),
    ("{{ {}.fromkeys(range(100000), 'a' * 10**6) }}", CHARACTERS),
    ("{{ 'a' | center(10**9) }}", CHARACTERS),
    ("{{ 'a' | center(width=10**9) }}", CHARACTERS),
    ("{{ ('a\n' * 1000) | indent(10**5) }}", CHARACTERS),
    ("{{ 'a\nb' | indent(width='c' * 10**7) }}", CHARACTERS),
    ("{{ ('a' * 10**6) | replace('a', 'b' * 10**6) }}", CHARACTERS),
    ("{{ ('a' * 10**6) | replace(old='a', new='b' * 10**6) }}", CHARACTERS),
    ("{{ range(50000) | map('string') | join('a' * 10**6) }}", CHARACTERS),
    ("{{ (range(100000) | list | reverse) | join('a' * 10**6) }}", CHARACTERS),
    ("{{ [1] | slice(10**8) | list }}", CHARACTERS),
    ("{{ [1] | batch(10**8, 0) | list }}", CHARACTERS),
    ("{{ lipsum(n=10**6) }}", "more than 10,000 words"),
    ("{{ lipsum(1, false, 10**8, 10**9) }}", "more than 10,000 words"),
    # A filter takes longer than its text does.
    ("{{ user | striptags }}", "more than 100,000 characters for a filter that is slow"),
    ("{{ (user | safe).striptags() }}", "more than 100,000 characters for a filter that is slow"),
    ("{{ user | urlize }}", "more than 100,000 characters for a filter that is slow"),
    ("{{ user | wordwrap(1) }}", "more than 100,000 characters for a filter that is slow"),
    ("{{ request | pprint }}", "more than 100,000 characters for a filter that is slow"),
    ("{{ ([[1]] * 9000) | sum(start=[]) }}", "more than 100,000 characters for a filter that is"),
    ("{{ now.strftime('%999999d' * 1000) }}", "more than 1,000 characters in a format of dates"),
    # Many operations make something large.
    (grow("'ab'", "n.s ~ n.s"), CHARACTERS),
    (grow("'ab'", "n.s + n.s"), CHARACTERS),
    (grow("[1]", "[n.s, n.s]"), CHARACTERS),
    (grow("[1]", "(n.s, n.s)"), CHARACTERS),
    (grow("[1]", "{'a': n.s, 'b': n.s}"), CHARACTERS),
    (grow("{}", "{'a': [n.s.items(), n.s.values(), n.s.items()]}"), CHARACTERS),
    (grow("[1]", "dict(a=n.s, b=n.s)"), CHARACTERS),
    ("{% for i in range(100000) %}{% set a = user | upper %}{% endfor %}", MADE),
    ("{% for i in range(100000) %}{% set a = user[1:] %}{% endfor %}", MADE),
    ("{% set q %}{% for i in range(100000) %}" + "x" * 10_000 + "{% endfor %}{% endset %}", MADE),
    (
        "{% macro m() %}" + "x" * 10_000 + "{% endmacro %}"
        "{% for i in range(100000) %}{% set y = m() %}{% endfor %}",
        MADE,
    ),
    ("{% for i in range(100000) %}{{ user }}{% endfor %}", "more than 8,388,608 characters"),
    # Nothing large is made, in many operations.
    ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", OPERATIONS),
    (
        "{% for i in range(99999) %}{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
        OPERATIONS,
    ),
    (
        "{% for i in range(99) recursive %}{{ loop(range(99)) if loop.depth < 9 }}{% endfor %}",
        OPERATIONS,
    ),
    (
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}"
        "{{ f(60) }}",
        OPERATIONS,
    ),
    (
        "{% for i in range(99) %}{% block b scoped %}{% for j in range(99999) %}{% endfor %}"
        "{% endblock %}{% endfor %}",
        OPERATIONS,
    ),
    (
        "{% for i in range(99999) %}{{ range(99999) | select('odd') | first }}{% endfor %}",
        OPERATIONS,
    ),
]


@pytest.mark.parametrize(("text", "message"), EXPLODING)
def test_a_template_that_explodes_is_ended(
    text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What ends it are sizes and counts, which are the same on every machine.
    monkeypatch.setattr(sandbox, "MAX_SECONDS", 600.0)
    monkeypatch.setattr(sandbox, "MAX_OPERATIONS", 150_000)
    with pytest.raises((TemplateRuntimeError, ValueError)) as caught:
        fill(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "expression",
    ["7 ** (10**7)", "'a' * 10**10", "[1] | slice(10**8) | list", "'a' is eq('a' * 10**10)"],
)
@pytest.mark.parametrize(
    "template",
    [
        "{{ %s }}",
        "{%% if %s %%}{%% endif %%}",
        "{%% autoescape %s %%}{%% endautoescape %%}",
        "{%% set a = %s %%}",
        "{{ [%s] }}",
        "{{ a[%s] }}",
        "{{ 'x' ~ (%s) }}",
        "{%% for i in %s %%}{%% endfor %%}",
        "{%% filter default(%s) %%}{%% endfilter %%}",
    ],
)
def test_nothing_is_computed_when_a_template_is_read(expression: str, template: str) -> None:
    SANDBOX.compile_text(template % expression)


def test_time_is_the_last_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_SECONDS", -1.0)
    with pytest.raises(TemplateRuntimeError, match="takes more than -1 s"):
        fill("{% for i in range(1000) %}{% endfor %}")
    with pytest.raises(TemplateRuntimeError, match="takes more than -1 s"):
        fill("{{ [request] }}")


def test_the_texts_of_a_reply_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_OPERATIONS", 10)
    loop = SANDBOX.compile_text("{% for i in range(8) %}{% endfor %}")
    budget = Budget()
    SANDBOX.fill(loop, {}, budget)
    with pytest.raises(TemplateRuntimeError, match="more than 10 operations"):
        SANDBOX.fill(loop, {}, budget)


PLAIN = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
PLAIN.filters["tojson"] = lambda value: msgspec.json.encode(value).decode()


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 3 + 'b' ~ 1 }} {{ 7 % 4 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 7 // 2 }} {{ -turn }}",
        "{{ '%s is %05.1f' | format('a', 2.25) }} {{ '%(a)s' % {'a': 1} }} {{ '{:>4}'.format(1) }}",
        "{{ [1, 2, 3] | batch(2) | list }} {{ [1, 2, 3] | slice(2) | list }}",
        "{{ 'x' | center(9) }}| {{ 'a\nb' | indent(2) }} {{ 2.5 | round }}",
        "{{ 3.14159 | round(2) }} {{ 'aXb'.lower() }} {{ 'a' | replace('a', 'b') }}",
        "{{ request.tools | map(attribute='name') | sort | join(',') }}",
        "{{ request.tools | groupby('name') | map('first') | list }}",
        "{{ request.tools | selectattr('n', 'gt', 1) | list }} {{ request.tools | sum('n') }}",
        "{{ request.tools | tojson }} {{ request['model'] }} {{ request.get('model') }}",
        "{{ [3, 1, 2] | sort }} {{ [1, [2]] | string }} {{ [1, 1, 2] | unique | list }}",
        "{{ 'a,b'.split(',') | join('-') }} {{ 'abc'[1:] }} {{ [1, 2, 3][::2] }}",
        "{{ 'a' in ['a'] }} {{ 3 is odd }} {{ nothing is defined }} {{ 1 is in [1] }}",
        "{{ nothing | default('x') }} {{ dict(a=1) }} {{ {'a': 1}.items() | list }} {{ (1, 2) }}",
        "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}",
        "{% set j = joiner(', ') %}{% for i in range(3) %}{{ j() }}{{ i }}{% endfor %}",
        "{% set n = namespace(s=0) %}{% for i in range(9) %}{% set n.s = n.s + i %}{% endfor %}"
        "{{ n.s }}",
        "{% for i in range(5) if i is odd %}{{ loop.index }}/{{ loop.length }}"
        "{% else %}no{% endfor %}",
        "{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is iterable else i }}{% endfor %}",
        "{% macro m(a, b=2) %}{{ a }}{{ b }}{{ caller() if caller is defined }}{% endmacro %}"
        "{{ m(1) }}{% call m(3) %}x{% endcall %}",
        "{% filter upper %}a{{ turn }}{% endfilter %} {% set x %}b{{ turn }}{% endset %}{{ x }}",
        "{% autoescape true %}{{ '<' }}{{ '<' ~ '>' }}{% endautoescape %}{{ '<' }}",
        "{% block b %}1{% endblock %}{{ self.b() }} {% raw %}{{ }}{% endraw %}",
        "{% with a = 1 %}{{ a }}{% endwith %}{{ 1 if turn == 3 }} {{ 'a' if false else 'b' }}\n",
        "{% for a, b in {'x': 1, 'y': 2}.items() %}{{ a }}{{ b }}{% endfor %}",
    ],
)
def test_a_template_within_the_bounds_is_filled_in_as_jinja_does(text: str) -> None:
    assert fill(text) == PLAIN.from_string(text).render(VALUES)


def test_a_namespace_that_is_in_itself_has_a_short_text() -> None:
    text = "{% set n = namespace() %}{% set n.n = n %}{{ n }}{{ [n] }}"
    assert fill(text) == "<namespace>[<namespace>]"


def test_long_answers_are_still_filled_in() -> None:
    assert fill("{% for i in range(50000) %}word {% endfor %}") == "word " * 50_000
    assert len(fill("{{ request.messages | map(attribute='content') | join }}")) == 400_000
    assert len(fill("{{ user * 40 }}")) == 8_000_000


EXPLODES = """
format: 1
interactions:
  - when: {user: 炸}
    reply: {template: true, content: "{% for i in range(99999) %}{{ 'a' * 10**9 }}{% endfor %}"}
  - reply: {template: true, content: "{{ user }}"}
"""


def test_a_request_whose_template_explodes_is_answered_and_so_is_the_next() -> None:
    with serving(EXPLODES) as served:
        failed, fine = served.ask("炸"), served.ask("好")
    assert failed.status_code == 422
    message = failed.json()["error"]["message"]
    assert message == f"file.yaml:5:38: template: {CHARACTERS}"
    assert fine.json()["choices"][0]["message"]["content"] == "好"
