"""The business codes: what each says, with which status, and whether waiting helps.

The text is the one seen on the wire where there is one, else the documented one; so full stops,
spaces and commas differ from the documentation and from row to row. Where a row names no source
it is the newest table, docs.bigmodel.cn/cn/faq/api-code and docs.z.ai/api-reference/api-code.

Assumed, nothing public says them: the statuses of 1231, 1300 and 1701 to 1703, the English of 1233
and of 1701 to 1703.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

Language = Literal["zh", "en"]

NEWEST = "docs.bigmodel.cn/cn/faq/api-code"
OLDER = "docs.bigmodel.cn/cn/api/api-code"
SEARCH = "OpenAPI of docs.bigmodel.cn, 网络搜索, 2026"


class ErrorCode(Struct, frozen=True):
    """One business code. `zh` and `en` have `{field}`s; `waits` is whether the same request can
    succeed later without anybody's doing; `newest` whether the newest table lists it; `gateway`
    that the auth gateway answers it (JSON without a charset); `source` is where its text is from."""

    code: str
    status: int
    zh: str
    en: str
    waits: bool = False
    newest: bool = True
    gateway: bool = False
    source: str = NEWEST

    @property
    def fields(self) -> tuple[str, ...]:
        """The names its text has to be filled in with."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.en) if name)


# ruff: noqa: E501  a table: one row a code, as wide as its words
# fmt: off
_TABLE = (
    ErrorCode("401", 401, "令牌已过期或验证不正确", "token expired or incorrect", newest=False, gateway=True, source="RarogCmex/pi-bigmodel, 2026-09"),
    ErrorCode("500", 500, "Operation failed", "Operation failed", waits=True, newest=False, source="Jasonzhangf/routecodex docs/chat-glm-500-analysis.md"),

    ErrorCode("1000", 401, "身份验证失败。", "Authentication Failed", gateway=True),
    ErrorCode("1001", 401, "Header中未收到Authorization参数，无法进行身份验证。", "Authorization Token Missing", gateway=True, source="charmbracelet/crush cassettes, 2025"),
    ErrorCode("1002", 401, "Authorization Token非法，请确认Authorization Token正确传递。", "Authorization Token is invalid, please ensure that the Authorization Token is correctly provided.", newest=False, gateway=True, source=f"{OLDER}, answer of 2024-03-20"),
    ErrorCode("1003", 401, "Authorization Token已过期，请重新生成/获取。", "Authentication Token expired, please regenerate/obtain", gateway=True, source="MetaGLM/zhipuai-sdk-python-v4#8, 2024-02"),
    ErrorCode("1004", 401, "通过 Authentication Token 的验证失败", "Authentication failed with the provided Authentication Token", newest=False, gateway=True, source=OLDER),
    ErrorCode("1005", 401, "已开启二次认证保护，需要二次认证登录。", "Need Two-Factor Authentication", gateway=True),

    ErrorCode("1100", 429, "账户读写", "Account Read/Write", newest=False, source=OLDER),
    ErrorCode("1110", 429, "您的账户当前处于非活动状态。请检查账户信息", "Your account is currently inactive. Please check your account information", newest=False, source=OLDER),
    ErrorCode("1111", 429, "您的账户不存在", "Your account does not exist", newest=False, source=OLDER),
    ErrorCode("1112", 429, "您的账户已被锁定，请联系客服解锁", "Your account has been locked, please contact customer service to unlock", newest=False, source=OLDER),
    ErrorCode("1113", 429, "余额不足或无可用资源包,请充值。", "Insufficient balance or no resource package. Please recharge.", source="SamyRai/go-z-ai cassettes, 2026-07"),
    ErrorCode("1120", 429, "无法成功访问您的账户，请稍后重试", "Unable to successfully access your account, please try again later", waits=True, newest=False, source=OLDER),
    ErrorCode("1121", 429, "账户存违规行为，账号已被锁定", "Account has irregular activities and has been locked", newest=False, source=OLDER),

    ErrorCode("1200", 500, "API 调用失败", "API Call Error", waits=True),
    ErrorCode("1210", 400, "API 调用参数有误，请检查文档。", "Invalid API parameter, please check the documentation.", source="cline/cline#9939, zai-org/Open-AutoGLM#195"),
    ErrorCode("1211", 400, "模型不存在，请检查模型代码。", "Unknown Model, please check the model code.", source="SamyRai/go-z-ai cassettes, 2026-07; RarogCmex/pi-bigmodel"),
    ErrorCode("1212", 400, "当前模型不支持{method}调用方式。", "Current model does not support {method} call method", source="RarogCmex/pi-bigmodel, 2026-10"),
    ErrorCode("1213", 400, "未正常接收到{field}参数。", "The {field} parameter was not received normally.", source="oyxning/astrbot_plugin_textadventure#1; public reports of the English, 2026"),
    ErrorCode("1214", 400, "{field} 参数非法。请检查文档。", "The {field} parameter is illegal. Please check the documentation.", source="lobehub/lobehub#11408, anomalyco/opencode#2557"),
    ErrorCode("1215", 400, "{field1} 与 {field2} 不能同时设置，请检查文档", "{field1} and {field2} cannot be set simultaneously, please check the documentation"),
    ErrorCode("1220", 403, "您无权访问{api}。", "You do not have permission to access {api}", source="public reports of glm-5.3, 2026-08"),
    ErrorCode("1221", 400, "API {api} 已下线", "API {api} has been taken offline"),
    ErrorCode("1222", 400, "API {api} 不存在", "API {api} does not exist"),
    ErrorCode("1230", 500, "API 调用流程出错", "API call process error", waits=True),
    ErrorCode("1231", 400, "您已有请求：{request_id}", "You already have a request: {request_id}", waits=True, newest=False, source=OLDER),
    ErrorCode("1233", 400, "任务：{task}不存在。", "Task: {task} does not exist.", newest=False, source="RarogCmex/pi-bigmodel, 2026-10"),
    ErrorCode("1234", 500, "网络错误，错误id：{error_id}，请联系客服。", "Network error, error id: {error_id}, please contact customer service", waits=True, source="public reports, 2025-12 and 2026-03"),
    ErrorCode("1261", 400, "Prompt exceeds max length", "Prompt exceeds max length", source="RarogCmex/pi-bigmodel, 2026-10: English in China too"),

    ErrorCode("1300", 400, "API 调用被策略阻止", "API call blocked by policy", newest=False, source=OLDER),
    ErrorCode("1301", 400, "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合。", "System detected potentially unsafe or sensitive content in input or generation. Please avoid using prompts that may generate sensitive content. Thank you for your cooperation."),
    ErrorCode("1302", 429, "您的账户已达到速率限制，请您控制请求频率", "Rate limit reached for requests", waits=True),
    ErrorCode("1303", 429, "您当前使用该 API 的频率过高，请降低频率，或联系客服增加限额", "High frequency usage of this API, please reduce frequency or contact customer service to increase limits", waits=True, newest=False, source=OLDER),
    ErrorCode("1304", 429, "该 API 已达今日调用次数限额，如有更多需求，请联系客服购买", "Daily call limit for this API reached. For more requests, please contact customer service to purchase", waits=True, newest=False, source=OLDER),
    ErrorCode("1305", 429, "该模型当前访问量过大，请您稍后再试", "The service may be temporarily overloaded, please try again later", waits=True, source="RarogCmex/pi-bigmodel, 2026-10; hermes-agent#93507"),
    ErrorCode("1308", 429, "已达到 {number} {unit}的使用上限。您的限额将在 {reset} 重置。", "Usage limit reached for {number} {unit}. Your limit will reset at {reset}", waits=True, source="public reports, 2025-12 … 2026-09"),
    ErrorCode("1309", 429, "您的 GLM Coding Plan 套餐已到期，暂无法使用，前往官方续订后即可恢复 https://bigmodel.cn/claude-code", "Your GLM Coding Plan package has expired and is temporarily unavailable. You can resume using it after renewing the subscription on the official website. https://z.ai/subscribe"),
    ErrorCode("1310", 429, "您已达到每周/每月使用上限，您的限额将在 {reset} 重置。", "Weekly/Monthly Limit Exhausted. Your limit will reset at {reset}", waits=True, source="public reports, 2026-06 … 2026-10"),
    ErrorCode("1311", 429, "当前订阅套餐暂未开放{model}权限", "Your current subscription plan does not yet include access to {model}", source="public reports, 2026-07 … 2026-10"),
    ErrorCode("1312", 429, "该模型当前访问量过大，请您稍后再试，或切换其他模型如 {model} 等", "This model is currently experiencing high traffic. Please try again later, or switch to another model such as {model}", waits=True, newest=False, source=OLDER),
    ErrorCode("1313", 429, "您的账户当前使用模式不符合公平使用策略，请求频率已受到限制。详情请参阅《条款与协议-订阅及自动续费协议》，如需恢复请前往个人中心-编程套餐总览-顶部申请解除限制", "Your account's current usage pattern does not comply with the Fair Usage Policy, and your request frequency has been limited. For details, please refer to the Subscription Service Agreement. To restore access, please submit a request."),
    ErrorCode("1314", 429, "您的企业套餐已失效，请联系企业管理员。", "Your enterprise package has expired. Please contact your enterprise administrator."),
    ErrorCode("1315", 429, "该 API Key 仅限企业编程套餐场景使用，请到官网更换对应产品类型的 API Key", "This API Key is limited to enterprise coding package scenarios. Please go to the official website to replace the API Key of the corresponding product type."),
    ErrorCode("1316", 429, "已达到 5 小时使用上限。主账号余额不足，无法使用超额按量付费。您的限额将在 {reset} 重置。", "Usage limit reached for the past 5 hours. Insufficient balance for extra usage. Resets at {reset}.", waits=True),
    ErrorCode("1317", 429, "已达到 7 天使用上限。主账号余额不足，无法使用超额按量付费。您的限额将在 {reset} 重置。", "Usage limit reached for the past 7 days. Insufficient balance for extra usage. Resets at {reset}.", waits=True),
    ErrorCode("1318", 429, "已达到 5 小时使用上限，且已达子账号月消费上限，无法使用超额按量付费，请联系管理员调整。您的限额将在 {reset} 重置。", "Usage limit reached for the past 5 hours. Extra usage is not available due to monthly spend limit. Resets at {reset}.", waits=True),
    ErrorCode("1319", 429, "已达到 7 天使用上限，且已达子账号月消费上限，无法使用超额按量付费，请联系管理员调整。您的限额将在 {reset} 重置。", "Usage limit reached for the past 7 days. Extra usage is not available due to monthly spend limit. Resets at {reset}.", waits=True),
    ErrorCode("1320", 429, "已达到 5 小时使用上限，且已达企业级月消费上限，无法使用超额按量付费，请联系管理员调整。您的限额将在 {reset} 重置。", "Usage limit reached for the past 5 hours. Extra usage is not available due to monthly spend limit. Resets at {reset}.", waits=True),
    ErrorCode("1321", 429, "已达到 7 天使用上限，且已达企业级月消费上限，无法使用超额按量付费，请联系管理员调整。您的限额将在 {reset} 重置。", "Usage limit reached for the past 7 days. Extra usage is not available due to monthly spend limit. Resets at {reset}.", waits=True),

    ErrorCode("1701", 429, "网络搜索并发已达上限，请稍后重试或减少并发请求", "The concurrency of web searches has reached its limit, please try again later or reduce concurrent requests", waits=True, newest=False, source=SEARCH),
    ErrorCode("1702", 500, "系统未找到可用的搜索引擎服务，请检查配置或联系管理员", "No search engine is available, please check the configuration or contact the administrator", newest=False, source=SEARCH),
    ErrorCode("1703", 500, "搜索引擎未返回有效数据，请调整查询条件", "The search engine returned no valid data, please adjust the query", newest=False, source=SEARCH),
)
# fmt: on

CODES: Mapping[str, ErrorCode] = MappingProxyType({row.code: row for row in _TABLE})

GIVEN = ("error_id",)
"""Fields that need not be given: the error id is the answer's own log id (wire of 1234)."""

UNITS = (("hour", "小时"), ("day", "天"), ("week", "周"), ("month", "月"))
"""Units of 1308 in both languages; the English one is singular, as in `5 hour`."""


def message_for(
    code: str, language: Language = "zh", fields: Mapping[str, str] | None = None
) -> str:
    """The message of a code in a language, its fields filled in, units translated.

    Raises KeyError for a code the table does not have, or a field that is not there; ask
    `missing` first where they come from a file.
    """
    row = CODES[code]
    values = dict(fields or {})
    if "unit" in values:
        values["unit"] = _unit(values["unit"], language)
    return (row.zh if language == "zh" else row.en).format_map(values)


def missing_fields(code: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    """The fields that the text of a code needs and these are not. Raises KeyError for a code the
    table does not have."""
    return tuple(name for name in CODES[code].fields if name not in fields and name not in GIVEN)


def _unit(unit: str, language: Language) -> str:
    names = next((names for names in UNITS if unit in names), (unit, unit))
    return names[1] if language == "zh" else names[0]
