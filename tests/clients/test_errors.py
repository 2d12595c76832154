"""Which exception each package raises for each error, and what it shows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import openai
import pytest
import zhipuai

from tests.clients.adapters import ADAPTERS, BY_JWT, ENGLISH, Adapter
from tests.clients.said import Said
from tests.conftest import Base
from tests.serving import KEY, Served, serving

Error = tuple[int, str, str]

RESET = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

FAIR_USE = (
    "您的账户当前使用模式不符合公平使用策略，请求频率已受到限制。详情请参阅"
    "《条款与协议-订阅及自动续费协议》，如需恢复请前往个人中心-编程套餐总览-顶部申请解除限制"
)
UNSAFE = (
    "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，"
    "感谢您的配合。"
)

SCENARIOS: Mapping[str, tuple[Error, ...]] = {
    "error-auth": (
        (401, "1000", "身份验证失败。"),
        (401, "1001", "Header中未收到Authorization参数，无法进行身份验证。"),
        (401, "1003", "Authorization Token已过期，请重新生成/获取。"),
        (401, "401", "令牌已过期或验证不正确"),
    ),
    "error-permission": (
        (403, "1220", "您无权访问glm-5.3。"),
        (400, "1221", "API chatglm_pro 已下线"),
        (400, "1222", "API chatglm_max 不存在"),
    ),
    "error-request": (
        (400, "1210", "API 调用参数有误，请检查文档。"),
        (400, "1211", "模型不存在，请检查模型代码。"),
        (400, "1212", "当前模型不支持SYNC调用方式。"),
        (400, "1213", "未正常接收到prompt参数。"),
        (400, "1214", "messages 参数非法。请检查文档。"),
        (400, "1215", "temperature 与 do_sample 不能同时设置，请检查文档"),
        (400, "1261", "Prompt exceeds max length"),
    ),
    "error-content": ((400, "1301", UNSAFE),),
    "no-balance": ((429, "1113", "余额不足或无可用资源包,请充值。"),),
    "rate-limit": ((429, "1302", "您的账户已达到速率限制，请您控制请求频率"),) * 2,
    "overload": ((429, "1305", "该模型当前访问量过大，请您稍后再试"),) * 3,
    "quota-5h": ((429, "1308", "已达到 5 小时的使用上限。您的限额将在 {reset} 重置。"),),
    "quota-week": ((429, "1310", "您已达到每周/每月使用上限，您的限额将在 {reset} 重置。"),),
    "plan-without-model": ((429, "1311", "当前订阅套餐暂未开放glm-5.3权限"),),
    "fair-use": ((429, "1313", FAIR_USE),),
    "error-server": (
        (500, "500", "Operation failed"),
        (500, "1200", "API 调用失败"),
        (500, "1230", "API 调用流程出错"),
    ),
}
"""What each scenario answers, in order; some then answer for good, some never do."""

REFUSED: Mapping[str, tuple[dict[str, Any], Error]] = {
    "unknown model": ({"model": "glm-9"}, (400, "1211", "模型不存在，请检查模型代码。")),
    "no messages": ({"messages": []}, (400, "1214", "messages:输入不能为空")),
    "unknown role": (
        {"messages": [{"role": "developer", "content": "x"}]},
        (400, "1214", "角色信息不正确"),
    ),
    "max_tokens over the cap": (
        {"model": "glm-4.5-air", "max_tokens": 98305},
        (400, "1210", "max_tokens参数非法：限制数值范围[1,98304]"),
    ),
    "a thought that cannot be off": (
        {"model": "glm-5.3", "thinking": {"type": "disabled"}},
        (400, "1210", "该模型始终思考，不支持关闭思考；请使用 low、high 或 max。"),
    ),
}
"""Requests that are wrong by themselves."""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_error_raises_what_its_status_means(
    scenario: str, adapter: Adapter, stream: bool, base: Base
) -> None:
    user = adapter.user(base(scenario))
    for error in SCENARIOS[scenario]:
        with pytest.raises(adapter.errors[error[0]]) as raised:
            user.ask(stream=stream)
        status, code, message = shown(raised.value)
        assert (status, code, RESET.sub("{reset}", message)) == error


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_raises_the_error_that_fits(
    case: str, adapter: Adapter, stream: bool, base: Base
) -> None:
    body, error = REFUSED[case]
    with pytest.raises(adapter.errors[400]) as raised:
        adapter.user(base("hello")).ask(stream=stream, **body)
    assert shown(raised.value) == error


def test_an_error_is_in_english_for_the_international_client(base: Base) -> None:
    with pytest.raises(ENGLISH.errors[429]) as raised:
        ENGLISH.user(base("no-balance")).ask()
    message = "Insufficient balance or no resource package. Please recharge."
    assert shown(raised.value) == (429, "1113", message)


def test_the_content_filter_is_beside_the_error(adapter: Adapter, base: Base) -> None:
    with pytest.raises(adapter.errors[400]) as raised:
        adapter.user(base("error-content")).ask()
    assert body_of(raised.value)["contentFilter"] == [{"level": 2, "role": "user"}]


def test_openai_shows_the_code_and_the_message(base: Base) -> None:
    with (
        openai.OpenAI(base_url=base("no-balance"), api_key=KEY, max_retries=0) as client,
        pytest.raises(openai.RateLimitError) as raised,
    ):
        client.chat.completions.create(model="glm-4.6", messages=[{"role": "user", "content": "x"}])
    body = {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}
    assert (raised.value.code, raised.value.body) == ("1113", body)


def test_zai_shows_the_body(base: Base) -> None:
    with pytest.raises(ADAPTERS[0].errors[429]) as raised:
        ADAPTERS[0].user(base("no-balance")).ask()
    assert str(raised.value) == (
        "Error code: 429, with error text "
        '{"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}}'
    )


def test_an_error_inside_a_stream_is_raised(adapter: Adapter, base: Base) -> None:
    with pytest.raises(adapter.broken):
        adapter.user(base("hello+error")).ask(stream=True)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    """A server that takes one key only."""
    with serving(accept=frozenset({KEY})) as served:
        yield served


def test_the_right_key_is_let_in_as_it_is_and_as_a_jwt(adapter: Adapter, guarded: Served) -> None:
    assert adapter.user(guarded.base("hello")).ask() == Said(text="你好！有什么可以帮你的吗？")


def test_a_wrong_key_raises_an_authentication_error(adapter: Adapter, guarded: Served) -> None:
    user = adapter.user(guarded.base("hello"), key=f"{'f' * 32}.SecretSecret1234")
    with pytest.raises(adapter.errors[401]) as raised:
        user.ask()
    assert shown(raised.value) == (401, "401", "令牌已过期或验证不正确")


def test_a_jwt_by_a_wrong_secret_is_no_authentication(guarded: Served) -> None:
    forged = f"{KEY.partition('.')[0]}.NoSecretNoSecret"
    with pytest.raises(zhipuai.core.APIAuthenticationError) as raised:
        JWT.user(guarded.base("hello"), key=forged).ask()
    assert shown(raised.value) == (401, "1000", "身份验证失败。")


def test_a_jwt_is_expired_once_the_servers_clock_is_past_it(guarded: Served, label: str) -> None:
    guarded.session("hello", label).clock.advance(3600)
    with pytest.raises(zhipuai.core.APIAuthenticationError) as raised:
        JWT.user(guarded.base(f"hello@{label}")).ask()
    expired = "Authorization Token已过期，请重新生成/获取。"
    assert shown(raised.value) == (401, "1003", expired)


JWT = next(one for one in ADAPTERS if one.make is BY_JWT)


def body_of(error: Any) -> dict[str, Any]:
    """The body of the answer that an exception holds."""
    body: dict[str, Any] = error.response.json()
    return body


def shown(error: Any) -> Error:
    """Status, code and message of the answer that an exception holds."""
    said = body_of(error)["error"]
    assert list(said) == ["code", "message"]
    return error.response.status_code, said["code"], said["message"]
