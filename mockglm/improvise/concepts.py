"""Words of tools and requests that mean the same in Chinese and English, and words of no weight."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CONCEPTS", "STOP"]

CONCEPTS: Mapping[str, str] = {
    "weather": "weather forecast rain rainy sunny snow umbrella 天气 下雨 下雪 晴 雨伞 预报",
    "temperature": "temperature degrees 温度 气温 度数",
    "celsius": "celsius centigrade 摄氏",
    "fahrenheit": "fahrenheit 华氏",
    "search": "search find lookup google browse retrieve 搜索 搜一下 查找 检索 查询 查一下 找",
    "web": "web internet online website webpage 网页 网上 互联网 网站 联网",
    "file": "file files document 文件 文档",
    "read": "read open view show cat display 读 读取 查看 打开 看看",
    "write": "write save create implement 实现 编写 写 写入 保存 创建 新建",
    "edit": "edit modify change replace update patch 编辑 修改 改 替换 更新",
    "delete": "delete remove drop erase 删除 移除 删掉",
    "list": "list ls enumerate 列出 列表 列举",
    "folder": "directory folder dir 目录 文件夹",
    "run": "run execute bash shell command terminal 运行 执行 命令 终端 脚本",
    "code": "code program function 代码 程序 函数",
    "calculate": "calculate calculator compute math evaluate 计算 算 数学 等于多少",
    "add": "add plus sum 加 相加 求和 之和",
    "multiply": "multiply times product 乘 相乘 乘积",
    "subtract": "subtract minus difference 减 相减",
    "divide": "divide quotient 除以 相除",
    "translate": "translate translation 翻译 译成",
    "time": "time clock now 时间 几点 现在 当前时间",
    "date": "date today day 日期 今天 几号 星期",
    "timezone": "timezone zone 时区",
    "mail": "email mail inbox 邮件 邮箱 信",
    "message": "message sms chat slack 消息 短信 留言",
    "send": "send deliver notify 发送 发给 发 通知",
    "map": "map route navigate navigation directions 地图 路线 导航 怎么走",
    "place": "city location place address 城市 地点 位置 地址",
    "flight": "flight airline plane 航班 机票 飞机",
    "train": "train railway 火车 高铁 动车 车票",
    "hotel": "hotel accommodation lodging 酒店 宾馆 住宿",
    "restaurant": "restaurant dining food 餐厅 饭店 美食 吃饭",
    "book": "book reserve reservation booking 预订 预定 订 预约",
    "stock": "stock share ticker quote 股票 股价 行情",
    "price": "price cost fee 价格 价钱 多少钱 费用",
    "currency": "currency exchange convert conversion 汇率 货币 换算 兑换 转换",
    "news": "news headline headlines 新闻 头条 资讯",
    "image": "image picture photo draw 图片 图像 照片 画 图",
    "music": "music song play 音乐 歌曲 播放 歌",
    "database": "database sql table db 数据库 数据表 表",
    "query": "query queries 查询",
    "user": "user users profile account 用户 账户 账号",
    "customer": "customer client 客户 顾客",
    "order": "order orders purchase buy 订单 购买 下单",
    "refund": "refund return 退款 退货",
    "weight": "weight kg kilogram 重量 公斤",
    "calendar": "calendar event meeting schedule appointment 日历 日程 会议 安排",
    "remind": "remind reminder alarm 提醒 闹钟",
    "todo": "todo task tasks todos 待办 任务 清单",
    "note": "note notes memo 笔记 备忘",
    "memory": "memory remember recall 记忆 记住",
    "repository": "repository repo git github 仓库 代码库",
    "commit": "commit 提交",
    "issue": "issue bug ticket 问题单 缺陷 工单",
    "pull": "pull pr merge 合并请求",
    "summarize": "summarize summary summarise abstract 总结 摘要 概括 归纳",
    "page": "page pages 页面",
    "fetch": "fetch get download url link 获取 抓取 下载 链接",
    "test": "test tests 测试",
    "joke": "joke 笑话",
    "score": "score rating rate 评分 打分 分数",
    "population": "population 人口",
    "capital": "capital 首都",
    "light": "light lamp 灯 灯光",
    "door": "door lock 门 锁",
    "product": "product item goods 商品 产品 货品",
    "inventory": "inventory stockpile warehouse 库存 仓储",
    "transfer": "transfer pay payment 转账 支付 付款",
    "balance": "balance 余额",
    "random": "random dice roll 随机 骰子",
}

_STOP = (
    "a an the this that these those is are was were be been am do does did doing done "
    "have has had of in on at to for from by with as and or but if then so than into "
    "about it its i me my we us our you your he she they them his her their what which "
    "who whom whose when where why how can could would should will shall may might must "
    "please just not no yes all any some each every there here up out over under more "
    "most other another such only own same too very get gets use used using make let tell "
    "give want need like help thing things one also 一个 一下 什么 怎么 如何 为什 什么 "
    "我的 你的 他的 这个 那个 可以 能够 帮我 请问 是的 进行 使用 通过 根据 需要 我们 你们 "
    "他们 以及 或者 并且 如果 就是 不是 没有 有没 哪些 哪个 多少 怎样 样的"
)
STOP = frozenset(_STOP.split())
