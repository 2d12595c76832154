"""The view of a request that patterns compare: each fact is computed on first use and kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from mockglm.exchange import JSONObject, Request
from mockglm.matching import canonical
from mockglm.matching.expression import Expression, SearchBudget
from mockglm.validation import Chat, Message, count_prompt_tokens


class RequestView(Struct, dict=True, eq=False):
    """The facts of one chat request, under the names that `when` has for them.

    `key` is the account's, as authentication found it; `unfinished` are the expressions whose
    search took too long. `form` are the fields of a multipart body.
    """

    chat: Chat
    request: Request
    key: str = ""
    surface: str = "chat"
    form: JSONObject | None = None
    _texts: dict[str, str | None] = {}
    _evaluated: dict[Hashable, bool] = {}
    _budget: SearchBudget | None = None
    unfinished: tuple[Expression, ...] = ()

    @property
    def path(self) -> str:
        """The path below the base."""
        return self.request.path

    @property
    def model(self) -> str | None:
        return self.chat.model

    @property
    def stream(self) -> bool:
        """True if a stream is requested; the service takes absence as false."""
        return bool(self.chat.stream)

    @property
    def thinking(self) -> bool:
        """True unless thinking is disabled (docs.bigmodel.cn, 对话补全)."""
        return self.chat.thinking is None or self.chat.thinking.type != "disabled"

    @property
    def system(self) -> str | None:
        return self._text_of("system")

    @property
    def user(self) -> str | None:
        return self._text_of("user")

    @property
    def assistant(self) -> str | None:
        return self._text_of("assistant")

    @property
    def tool(self) -> str | None:
        """The text of the last result of a tool."""
        return self._text_of("tool")

    @property
    def text(self) -> str | None:
        """All of the text of the last user message."""
        return self.user

    @property
    def last_role(self) -> str | None:
        """The role of the last message of the conversation."""
        messages = self.chat.messages
        return messages[-1].role if messages else None

    @cached_property
    def after_tool(self) -> str | None:
        """The function whose result is the last message: by the id of its call, else by `name`."""
        if self.last_role != "tool":
            return None
        result = self.messages[-1]
        calls = (call for message in reversed(self.messages) for call in message.tool_calls or ())
        for call in calls:
            if call.function and call.id and call.id == result.tool_call_id:
                return call.function.name
        return result.name

    @cached_property
    def prompt_over(self) -> int:
        """The estimated tokens of the prompt."""
        return count_prompt_tokens(self.chat)

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """The names of the functions offered, in their order."""
        functions = (tool.function for tool in self.chat.tools or ())
        return tuple(function.name for function in functions if function and function.name)

    @cached_property
    def body(self) -> Any:
        """The body as JSON, the fields of a form; None where it is neither."""
        if self.form is not None:
            return self.form
        try:
            return canonical.decode(self.request.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def headers(self) -> Mapping[str, tuple[str, ...]]:
        """The values of each header, by its lower-case name."""
        values: dict[str, tuple[str, ...]] = {}
        for name, value in self.request.headers:
            values[name] = (*values.get(name, ()), value)
        return values

    def evaluate_once(self, condition: Hashable, function: Callable[[RequestView], bool]) -> bool:
        """Evaluate the function of a condition, only once."""
        if condition not in self._evaluated:
            self._evaluated[condition] = bool(function(self))
        return self._evaluated[condition]

    def is_found(self, expression: Expression, text: str) -> bool:
        """Search a text; a search that takes too long finds nothing, and is not tried again."""
        if expression.bounded is None:
            return expression.is_found(text, 0)
        if expression in self.unfinished:
            return False
        if self._budget is None:
            self._budget = SearchBudget()
        try:
            return self._budget.spend(lambda seconds: expression.is_found(text, seconds))
        except TimeoutError:
            self.unfinished = (*self.unfinished, expression)
            return False

    @property
    def messages(self) -> Sequence[Message]:
        return self.chat.messages or ()

    def _text_of(self, role: str) -> str | None:
        """The text of the last message of a role."""
        if role in self._texts:
            return self._texts[role]
        text = None
        for message in reversed(self.chat.messages or ()):
            if message.role == role:
                text = message.text
                break
        self._texts[role] = text
        return text
