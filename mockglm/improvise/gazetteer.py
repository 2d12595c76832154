"""Names of places that people try things with."""

from __future__ import annotations

import re

__all__ = ["EN_PLACES", "ZH_PLACES"]

_CHINESE = (
    "北京 上海 广州 深圳 杭州 成都 重庆 武汉 西安 南京 天津 苏州 长沙 郑州 青岛 大连 厦门 "
    "昆明 哈尔滨 沈阳 济南 福州 合肥 南昌 贵阳 南宁 海口 三亚 兰州 银川 西宁 拉萨 "
    "乌鲁木齐 呼和浩特 石家庄 太原 长春 宁波 无锡 温州 珠海 东莞 佛山 桂林 丽江 洛阳 香港 "
    "澳门 台北 高雄 东京 大阪 京都 首尔 新加坡 曼谷 吉隆坡 雅加达 马尼拉 河内 新德里 孟买 "
    "迪拜 伦敦 巴黎 柏林 罗马 马德里 巴塞罗那 阿姆斯特丹 维也纳 苏黎世 日内瓦 莫斯科 "
    "伊斯坦布尔 雅典 开罗 纽约 洛杉矶 旧金山 西雅图 芝加哥 波士顿 华盛顿 多伦多 温哥华 "
    "墨西哥城 里约热内卢 悉尼 墨尔本 奥克兰 四川 浙江 江苏 广东 云南 新疆 西藏 海南"
)
ZH_PLACES = tuple(_CHINESE.split())

EN_PLACES = re.compile(
    r"\b(?:Beijing|Shanghai|Guangzhou|Shenzhen|Hangzhou|Chengdu|Chongqing|Wuhan|Xi'an|Nanjing"
    r"|Tianjin|Suzhou|Hong Kong|Macau|Taipei|Tokyo|Osaka|Kyoto|Seoul|Singapore|Bangkok"
    r"|Kuala Lumpur|Jakarta|Manila|Hanoi|New Delhi|Delhi|Mumbai|Bangalore|Dubai|London|Paris"
    r"|Berlin|Munich|Hamburg|Rome|Milan|Florence|Venice|Madrid|Barcelona|Lisbon|Amsterdam|Brussels"
    r"|Vienna|Zurich|Geneva|Prague|Budapest|Warsaw|Stockholm|Oslo|Copenhagen|Helsinki|Dublin"
    r"|Moscow|Istanbul|Athens|Cairo|Nairobi|Lagos|Cape Town|New York(?: City)?|Los Angeles"
    r"|San Francisco|Seattle|Chicago|Boston|Washington|Austin|Denver|Miami|Toronto|Vancouver"
    r"|Montreal|Mexico City|Sao Paulo|Buenos Aires|Sydney|Melbourne|Auckland"
    r"|beijing|shanghai|tokyo|london|paris|berlin|new york|san francisco|singapore)\b"
)
