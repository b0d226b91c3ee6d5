"""What a SIP final status says of a leg where no `Reason: Q.850` came with it; clauses have `{phone}` and `{trunk}`.

Only statuses that say more, or something else, than the cause that RFC 3398 makes of them have a row; the others are
explained by that cause.
"""

from __future__ import annotations

from collections.abc import Mapping

from twoleg.domain.explain import advice
from twoleg.domain.explain.verdict import Certainty, Rule, Side
from twoleg.domain.explain.words import Words

_SEVERAL = Words("carriers use this status for several things", "运营商会将此状态码用于多种情况")
_NOT_SPOKEN = Rule(
    Words(
        "trunk {trunk} did not accept the form of our request for {phone}",
        "中继 {trunk} 不接受我方呼叫{phone}的请求形式",
    ),
    Side.TRUNK,
    advice.CARRIER_MUST_ACT,
)
_PASSWORD = Rule(
    Words(
        "trunk {trunk} did not accept our user name or password for the call to {phone}",
        "呼叫{phone}时，中继 {trunk} 不接受我方的用户名或密码",
    ),
    Side.TRUNK,
    advice.FIX_TRUNK,
)
_REDIRECTED = Rule(
    Words(
        "{phone} was redirected, and nothing came of the addresses it was redirected to",
        "{phone}被重定向，但重定向地址均未接通",
    ),
    Side.CARRIER,
    advice.CHECK_NUMBER,
)
_CODECS = Rule(
    Words("{phone}, or its network, did not accept the audio offered", "{phone}或其网络不接受所提供的音频参数"),
    None,
    advice.CHECK_CODECS,
)
_LOOP = Rule(
    Words("the call to {phone} went round in circles behind trunk {trunk}", "呼叫{phone}在中继 {trunk} 之后形成环路"),
    Side.CARRIER,
    advice.CARRIER_MUST_ACT,
)
_WRONG_NUMBER = Rule(
    Words("the number of {phone} is incomplete or not clear", "{phone}的号码不完整或不明确"), None, advice.CHECK_NUMBER
)

RULES: Mapping[int, Rule] = {
    **dict.fromkeys((300, 301, 302, 305, 380), _REDIRECTED),
    **dict.fromkeys((400, 405, 413, 414, 416, 420, 421, 493, 494, 501, 505, 513, 580), _NOT_SPOKEN),
    **dict.fromkeys((401, 407), _PASSWORD),
    402: Rule(
        Words("trunk {trunk} wants to be paid before it calls {phone}", "中继 {trunk} 要求先付费才能呼叫{phone}"),
        Side.TRUNK,
        advice.CHECK_CONTRACT,
    ),
    403: Rule(
        Words("the carrier forbade the call to {phone}", "运营商禁止呼叫{phone}"),
        Side.CARRIER,
        advice.CHECK_CONTRACT,
        doubt=Words(
            "it may be the called number, the number shown, or the contract", "可能因被叫号码、显示号码或合同限制"
        ),
    ),
    404: Rule(
        Words("nobody has the number of {phone}", "{phone}是空号"),
        None,
        advice.CHECK_NUMBER,
        doubt=Words("some carriers also say so when they have no route", "部分运营商在无路由时也返回此状态码"),
    ),
    **dict.fromkeys((406, 415, 488, 606), _CODECS),
    408: Rule(
        Words("the carrier waited in vain for a word from {phone}", "运营商等待{phone}的响应超时"),
        Side.CARRIER,
        advice.IN_MINUTES,
        doubt=_SEVERAL,
    ),
    410: Rule(Words("{phone} is gone for good", "{phone}已停用"), None, advice.CHECK_NUMBER),
    433: Rule(
        Words("{phone} takes no calls from withheld numbers", "{phone}拒接隐藏号码的来电"),
        None,
        advice.CHECK_SHOWN_NUMBER,
    ),
    480: Rule(
        Words(
            "{phone} is not available: switched off, out of reach, or do not disturb",
            "{phone}暂不可用：关机、不在服务区或免打扰",
        ),
        None,
        advice.LATER,
        doubt=_SEVERAL,
    ),
    **dict.fromkeys((482, 483), _LOOP),
    **dict.fromkeys((484, 485), _WRONG_NUMBER),
    486: Rule(Words("{phone} was busy", "{phone}占线"), None, advice.IN_MINUTES),
    500: Rule(
        Words("trunk {trunk} failed by itself when {phone} was called", "呼叫{phone}时，中继 {trunk} 内部故障"),
        Side.TRUNK,
        advice.CHECK_TRUNK,
        doubt=_SEVERAL,
    ),
    502: Rule(
        Words(
            "the network behind trunk {trunk} gave an answer for {phone} that it could not use",
            "呼叫{phone}时，中继 {trunk} 之后的网络应答异常",
        ),
        Side.CARRIER,
        advice.TELL_CARRIER,
    ),
    503: Rule(
        Words(
            "trunk {trunk} was overloaded or had no free line to {phone}", "中继 {trunk} 过载或没有到{phone}的空闲线路"
        ),
        Side.TRUNK,
        advice.CHECK_TRUNK,
        doubt=_SEVERAL,
    ),
    504: Rule(
        Words(
            "the network behind trunk {trunk} did not answer in time when {phone} was called",
            "呼叫{phone}时，中继 {trunk} 之后的网络响应超时",
        ),
        Side.CARRIER,
        advice.IN_MINUTES,
    ),
    600: Rule(
        Words("{phone} was busy, and so was every other phone of its owner", "{phone}及其机主的其他话机均占线"),
        None,
        advice.IN_MINUTES,
    ),
    603: Rule(Words("{phone} rejected the call", "{phone}拒接"), None, advice.IF_WANTED),
    604: Rule(
        Words("nobody anywhere has the number of {phone}", "{phone}是空号，任何地方都不存在"), None, advice.CHECK_NUMBER
    ),
    607: Rule(Words("{phone} marked the call as unwanted", "{phone}将此呼叫标记为骚扰来电"), None, advice.IF_WANTED),
    608: Rule(
        Words(
            "an analysis on behalf of {phone} rejected the call as unwanted",
            "{phone}一方的来电分析系统将此呼叫判为骚扰并拒绝",
        ),
        None,
        advice.CHECK_SHOWN_NUMBER,
        doubt=Words("the phone itself was not asked", "并非话机本人拒绝"),
        certainty=Certainty.LIKELY,
    ),
}
"""RFC 3261 21; 433: RFC 5079; 607: RFC 8197; 608: RFC 8688."""
