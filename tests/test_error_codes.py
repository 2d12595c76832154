"""The business codes: their texts as the wire has them, their fields, who answers them."""

from __future__ import annotations

from string import Formatter

import pytest

from mockglm import error_codes
from mockglm.error_codes import CODES, Language

NEWEST = """
    1000 1001 1003 1005 1113 1200 1210 1211 1212 1213 1214 1215 1220 1221 1222 1230 1234 1261
    1301 1302 1305 1308 1309 1310 1311 1313 1314 1315 1316 1317 1318 1319 1320 1321
"""
OLDER = """
    1002 1004 1100 1110 1111 1112 1120 1121 1231 1300 1303 1304 1312
"""
UNLISTED = "1233 401 500 1701 1702 1703"

# Recorded or reported with the answer's body: code, language, fields, message.
WIRE: list[tuple[str, Language, dict[str, str], str]] = [
    ("401", "zh", {}, "令牌已过期或验证不正确"),
    ("401", "en", {}, "token expired or incorrect"),
    ("500", "en", {}, "Operation failed"),
    ("1000", "zh", {}, "身份验证失败。"),
    ("1001", "zh", {}, "Header中未收到Authorization参数，无法进行身份验证。"),
    ("1001", "en", {}, "Authorization Token Missing"),
    ("1002", "zh", {}, "Authorization Token非法，请确认Authorization Token正确传递。"),
    ("1003", "zh", {}, "Authorization Token已过期，请重新生成/获取。"),
    ("1113", "zh", {}, "余额不足或无可用资源包,请充值。"),
    ("1113", "en", {}, "Insufficient balance or no resource package. Please recharge."),
    ("1210", "zh", {}, "API 调用参数有误，请检查文档。"),
    ("1210", "en", {}, "Invalid API parameter, please check the documentation."),
    ("1211", "zh", {}, "模型不存在，请检查模型代码。"),
    ("1211", "en", {}, "Unknown Model, please check the model code."),
    ("1212", "zh", {"method": "SYNC"}, "当前模型不支持SYNC调用方式。"),
    ("1213", "zh", {"field": "prompt"}, "未正常接收到prompt参数。"),
    ("1213", "en", {"field": "prompt"}, "The prompt parameter was not received normally."),
    ("1214", "zh", {"field": "messages"}, "messages 参数非法。请检查文档。"),
    (
        "1214",
        "en",
        {"field": "messages"},
        "The messages parameter is illegal. Please check the documentation.",
    ),
    ("1220", "zh", {"api": "glm-5.3"}, "您无权访问glm-5.3。"),
    (
        "1233",
        "zh",
        {"task": "202610100059289eaf12897ff84528"},
        "任务：202610100059289eaf12897ff84528不存在。",
    ),
    (
        "1234",
        "zh",
        {"error_id": "202603281427587491f4467f1c4712"},
        "网络错误，错误id：202603281427587491f4467f1c4712，请联系客服。",
    ),
    (
        "1234",
        "en",
        {"error_id": "20251223222657ff8056e794674555"},
        "Network error, error id: 20251223222657ff8056e794674555, please contact customer service",
    ),
    ("1261", "zh", {}, "Prompt exceeds max length"),
    (
        "1301",
        "zh",
        {},
        "系统检测到输入或生成内容可能包含不安全或敏感内容，"
        "请您避免输入易产生敏感内容的提示语，感谢您的配合。",
    ),
    ("1302", "zh", {}, "您的账户已达到速率限制，请您控制请求频率"),
    ("1302", "en", {}, "Rate limit reached for requests"),
    ("1305", "zh", {}, "该模型当前访问量过大，请您稍后再试"),
    ("1305", "en", {}, "The service may be temporarily overloaded, please try again later"),
    (
        "1308",
        "zh",
        {"number": "5", "unit": "hour", "reset": "2025-12-30 17:51:52"},
        "已达到 5 小时的使用上限。您的限额将在 2025-12-30 17:51:52 重置。",
    ),
    (
        "1308",
        "en",
        {"number": "5", "unit": "小时", "reset": "2026-09-09 05:38:28"},
        "Usage limit reached for 5 hour. Your limit will reset at 2026-09-09 05:38:28",
    ),
    (
        "1310",
        "en",
        {"reset": "2026-10-13 01:47:29"},
        "Weekly/Monthly Limit Exhausted. Your limit will reset at 2026-10-13 01:47:29",
    ),
    ("1311", "zh", {"model": "GLM-5"}, "当前订阅套餐暂未开放GLM-5权限"),
    ("1703", "zh", {}, "搜索引擎未返回有效数据，请调整查询条件"),
]


@pytest.mark.parametrize(("code", "language", "fields", "message"), WIRE)
def test_recorded_messages_are_reproduced(
    code: str, language: Language, fields: dict[str, str], message: str
) -> None:
    assert error_codes.message_for(code, language, fields) == message


def test_the_table_holds_every_known_code_once() -> None:
    assert sorted(row.code for row in error_codes._TABLE) == sorted(
        (NEWEST + OLDER + UNLISTED).split()
    )
    assert [code for code, row in CODES.items() if row.newest] == NEWEST.split()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "401 1000 1001 1002 1003 1004 1005"),
        (403, "1220"),
        (500, "500 1200 1230 1234 1702 1703"),
    ],
)
def test_a_status_other_than_400_and_429_is_for_few(status: int, expected: str) -> None:
    assert [code for code, row in CODES.items() if row.status == status] == expected.split()


def test_the_rest_is_429_for_accounts_and_limits_and_400_for_requests() -> None:
    rest = {code: row.status for code, row in CODES.items() if row.status in (400, 429)}
    limits = {code for code in rest if code.startswith("11") or "1302" <= code <= "1321"} | {"1701"}
    assert {code for code, status in rest.items() if status == 429} == limits


def test_codes_of_the_auth_gateway_are_401() -> None:
    assert {row.code for row in CODES.values() if row.gateway} == {
        row.code for row in CODES.values() if row.status == 401
    }


@pytest.mark.parametrize(
    "code", ["1302", "1303", "1305", "1308", "1310", "1312", "1234", "1316", "1701"]
)
def test_waiting_helps_against_limits_and_overload(code: str) -> None:
    assert CODES[code].waits


@pytest.mark.parametrize("code", ["401", "1001", "1113", "1210", "1301", "1309", "1311", "1313"])
def test_waiting_does_not_help_against_errors_of_accounts_and_requests(code: str) -> None:
    assert not CODES[code].waits


def test_both_languages_have_the_same_fields() -> None:
    for code, row in CODES.items():
        in_chinese = {name for _, name, _, _ in Formatter().parse(row.zh) if name}
        assert in_chinese == set(row.fields), code


def test_no_message_has_a_placeholder_of_the_documentation() -> None:
    for code, row in CODES.items():
        values = dict.fromkeys(row.fields, "x")
        for language in ("zh", "en"):
            message = error_codes.message_for(code, language, values)
            assert message, code
            assert not {"{", "}", "$", "`"} & set(message), code


@pytest.mark.parametrize(
    ("code", "fields", "absent"),
    [
        ("1308", {}, ("number", "unit", "reset")),
        ("1308", {"number": "5", "reset": "2026-09-09 05:38:28"}, ("unit",)),
        ("1215", {"field1": "a"}, ("field2",)),
        ("1302", {}, ()),
        ("1113", {"number": "5"}, ()),
    ],
)
def test_missing_names_the_fields_that_are_not_there(
    code: str, fields: dict[str, str], absent: tuple[str, ...]
) -> None:
    assert error_codes.missing_fields(code, fields) == absent


def test_the_error_id_need_not_be_given() -> None:
    assert CODES["1234"].fields == ("error_id",)
    assert error_codes.missing_fields("1234", {}) == ()


def test_a_missing_field_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError, match="reset"):
        error_codes.message_for("1310", "en", {})


def test_an_unknown_code_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError, match="9999"):
        error_codes.message_for("9999")


@pytest.mark.parametrize(
    ("unit", "zh", "en"),
    [("hour", "小时", "hour"), ("天", "天", "day"), ("fortnight", "fortnight", "fortnight")],
)
def test_a_unit_is_in_the_language_of_the_message(unit: str, zh: str, en: str) -> None:
    fields = {"number": "2", "unit": unit, "reset": "…"}
    assert (
        error_codes.message_for("1308", "zh", fields)
        == f"已达到 2 {zh}的使用上限。您的限额将在 … 重置。"
    )
    assert (
        error_codes.message_for("1308", "en", fields)
        == f"Usage limit reached for 2 {en}. Your limit will reset at …"
    )


def test_braces_in_a_value_are_only_text() -> None:
    assert error_codes.message_for("1213", "zh", {"field": "{x}"}) == "未正常接收到{x}参数。"
