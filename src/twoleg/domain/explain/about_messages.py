"""Q.850 causes 81-127: networks that did not understand each other's messages; clauses have `{phone}`.

They mean little to a help desk beyond that: it lies with the carrier, and the evidence is for the carrier.
"""

from __future__ import annotations

from collections.abc import Mapping

from twoleg.domain.explain import advice
from twoleg.domain.explain.verdict import Advice, Certainty, Rule, Side
from twoleg.domain.explain.words import Words


def _mixed_up(en: str, zh: str, then: Advice = advice.TELL_CARRIER) -> Rule:
    return Rule(
        Words(
            f"the networks on the way to {{phone}} misunderstood each other: {en}",
            f"到{{phone}}沿途的网络信令异常：{zh}",
        ),
        Side.CARRIER,
        then,
    )


RULES: Mapping[int, Rule] = {
    81: _mixed_up("a message named a call that the other side does not know", "无效的呼叫参考值"),
    82: _mixed_up("a message named a channel that does not exist", "所指信道不存在"),
    83: _mixed_up("another call is on hold there, not this one", "存在被挂起的呼叫，但呼叫标识不符"),
    84: _mixed_up("the mark given to this call is in use already", "呼叫标识已被使用"),
    85: _mixed_up("no call was on hold that could be taken up", "没有被挂起的呼叫"),
    86: _mixed_up("the call that was to be taken up had been cleared", "所请求标识的呼叫已被清除"),
    87: Rule(
        Words(
            "the caller shown to {phone} is not a member of its closed user group",
            "主叫不是{phone}所属闭合用户群的成员",
        ),
        Side.TRUNK,
        advice.CHECK_CONTRACT,
    ),
    88: Rule(
        Words(
            "{phone} cannot take a call of this kind; it may be a fax or a line for data",
            "{phone}与此类呼叫不兼容，可能是传真或数据线路",
        ),
        None,
        advice.CHECK_NUMBER,
    ),
    90: Rule(
        Words("the closed user group named in the call to {phone} does not exist", "呼叫{phone}所用的闭合用户群不存在"),
        Side.TRUNK,
        advice.CHECK_CONTRACT,
    ),
    91: Rule(
        Words("the transit network chosen for the call to {phone} is not a valid one", "为{phone}选择的转接网络无效"),
        Side.CARRIER,
        advice.CARRIER_MUST_ACT,
    ),
    95: _mixed_up("a message was not valid", "无效消息"),
    96: _mixed_up("a part that must be there was missing", "缺少必选信息单元"),
    97: _mixed_up("a kind of message was not known", "消息类型不存在或未实现"),
    98: _mixed_up("a message was not known or came at the wrong time", "消息与呼叫状态不符或消息类型未实现"),
    99: _mixed_up("a part of a message was not known", "信息单元或参数不存在或未实现"),
    100: _mixed_up("a part of a message had wrong contents", "信息单元内容无效"),
    101: _mixed_up("a message came at the wrong time", "消息与呼叫状态不符"),
    102: Rule(
        Words("the network waited in vain for an answer on the way to {phone}", "到{phone}途中网络等待响应超时"),
        Side.CARRIER,
        advice.IN_MINUTES,
    ),
    103: _mixed_up("a parameter was not known and was passed on", "参数不存在或未实现，已透传"),
    110: _mixed_up("a message with an unknown parameter was thrown away", "含未识别参数的消息被丢弃"),
    111: _mixed_up("an error of protocol", "协议错误"),
    127: Rule(
        Words(
            "another network on the way to {phone} failed, and its reason was lost in translation",
            "到{phone}途中的另一网络失败，原因在网络互通中丢失",
        ),
        Side.CARRIER,
        advice.TELL_CARRIER,
        doubt=Words("the real cause was not passed on", "真实原因未被传递"),
        certainty=Certainty.UNSURE,
    ),
}
