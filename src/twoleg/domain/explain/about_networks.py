"""Q.850 causes 2-70 that speak of the network, its lines and what it offers; clauses have `{phone}`."""

from __future__ import annotations

from collections.abc import Mapping

from twoleg.domain.explain import advice
from twoleg.domain.explain.verdict import Advice, Certainty, Rule, Side
from twoleg.domain.explain.words import Words

_UNSAID = Words("the network did not say what exactly", "网络未说明具体原因")


def _carrier(en: str, zh: str, then: Advice) -> Rule:
    return Rule(Words(en, zh), Side.CARRIER, then)


def _trunk(en: str, zh: str, then: Advice = advice.CHECK_CONTRACT) -> Rule:
    return Rule(Words(en, zh), Side.TRUNK, then)


RULES: Mapping[int, Rule] = {
    2: _carrier(
        "the carrier has no route to the network through which {phone} was to be called",
        "运营商没有到达{phone}所需转接网络的路由",
        advice.CARRIER_MUST_ACT,
    ),
    3: _carrier("the carrier has no route to {phone}", "运营商没有到{phone}的路由", advice.CHECK_NUMBER),
    5: _trunk(
        "the number of {phone} was sent with a wrong trunk prefix", "{phone}的号码带有错误的中继前缀", advice.FIX_TRUNK
    ),
    6: _carrier(
        "the carrier could not use the channel offered for {phone}", "运营商无法使用为{phone}提供的信道", advice.SOON
    ),
    7: _carrier(
        "the carrier says that the call to {phone} is being delivered in a channel that was there before",
        "运营商称呼叫{phone}正在已建立的信道中接续",
        advice.TELL_CARRIER,
    ),
    8: _carrier(
        "the call to {phone} had to make way for a more important one",
        "呼叫{phone}被更高优先级的呼叫抢占",
        advice.IN_MINUTES,
    ),
    9: _carrier(
        "the line for {phone} was taken for a more important call and is kept for it",
        "到{phone}的线路被更高优先级的呼叫抢占并保留",
        advice.IN_MINUTES,
    ),
    25: _carrier(
        "the carrier's exchanges passed the call to {phone} around until they gave up",
        "运营商交换机对{phone}的选路有误，呼叫被循环转接",
        advice.CARRIER_MUST_ACT,
    ),
    29: _carrier(
        "the carrier refused a supplementary service that the call to {phone} asked for",
        "运营商拒绝了呼叫{phone}所请求的补充业务",
        advice.CARRIER_MUST_ACT,
    ),
    30: _carrier(
        "the carrier ended the call to {phone} with a status report instead of a reason",
        "运营商以状态查询响应结束了对{phone}的呼叫",
        advice.TELL_CARRIER,
    ),
    34: _carrier("the carrier had no free line to {phone}", "运营商没有到{phone}的空闲线路", advice.IN_MINUTES),
    38: _carrier("the carrier's network towards {phone} was out of order", "运营商到{phone}的网络故障", advice.LATER),
    39: _carrier(
        "a permanent connection that the carrier needs for {phone} was out of service",
        "运营商到{phone}所需的永久连接中断",
        advice.TELL_CARRIER,
    ),
    40: _carrier(
        "the carrier reported that its permanent connection for {phone} works, but connected no call",
        "运营商报告到{phone}的永久连接正常，但未接通呼叫",
        advice.TELL_CARRIER,
    ),
    41: _carrier("the network had a temporary failure on the way to {phone}", "到{phone}的网络临时故障", advice.SOON),
    42: _carrier(
        "the carrier's exchange was overloaded on the way to {phone}",
        "运营商到{phone}的交换设备拥塞",
        advice.IN_MINUTES,
    ),
    43: _carrier(
        "the carrier threw away information that the call to {phone} needed",
        "运营商丢弃了呼叫{phone}所需的接入信息",
        advice.TELL_CARRIER,
    ),
    44: _carrier("the line asked for towards {phone} was not available", "到{phone}的所请求线路不可用", advice.SOON),
    46: _carrier(
        "calls of higher precedence left no line to {phone}", "到{phone}的线路被优先呼叫阻塞", advice.IN_MINUTES
    ),
    47: _carrier(
        "the carrier had no resources left for the call to {phone}", "运营商没有可用资源呼叫{phone}", advice.IN_MINUTES
    ),
    49: _carrier(
        "the carrier could not give the call to {phone} the quality asked for",
        "运营商无法为{phone}提供所请求的服务质量",
        advice.IN_MINUTES,
    ),
    50: _trunk(
        "the trunk is not subscribed to a service that the call to {phone} asked for",
        "中继未订购呼叫{phone}所请求的业务",
    ),
    53: _trunk(
        "the trunk may not call {phone}: outgoing calls are barred in its closed user group",
        "中继所属闭合用户群禁止呼出到{phone}",
    ),
    55: _carrier(
        "{phone} takes no calls from outside its closed user group",
        "{phone}所属闭合用户群禁止外部呼入",
        advice.CHECK_NUMBER,
    ),
    57: _trunk(
        "the trunk is not allowed to make a call of this kind to {phone}", "中继无权对{phone}发起此类承载的呼叫"
    ),
    58: _carrier(
        "the carrier could not offer this kind of call to {phone} at that moment",
        "运营商当时无法为{phone}提供此类承载",
        advice.IN_MINUTES,
    ),
    62: _trunk(
        "what the call to {phone} asked for does not fit the trunk's class of subscription",
        "呼叫{phone}所请求的接入信息与中继的用户类别不一致",
    ),
    63: Rule(
        Words("a service that the call to {phone} needs was not available", "呼叫{phone}所需的业务不可用"),
        Side.CARRIER,
        advice.TELL_CARRIER,
        doubt=_UNSAID,
        certainty=Certainty.UNSURE,
    ),
    65: Rule(
        Words(
            "{phone}, or its network, does not speak the audio formats offered", "{phone}或其网络不支持所提供的音频编码"
        ),
        None,
        advice.CHECK_CODECS,
    ),
    66: _carrier(
        "the carrier does not know the type of channel asked for towards {phone}",
        "运营商不支持到{phone}的所请求信道类型",
        advice.CARRIER_MUST_ACT,
    ),
    69: _carrier(
        "the carrier does not have a supplementary service that the call to {phone} asked for",
        "运营商未实现呼叫{phone}所请求的补充业务",
        advice.CARRIER_MUST_ACT,
    ),
    70: _carrier(
        "only a restricted digital connection to {phone} is available, not one for audio",
        "到{phone}仅有受限数字承载，无法用于语音",
        advice.CHECK_NUMBER,
    ),
    79: Rule(
        Words("the network does not have a service that the call to {phone} needs", "网络未实现呼叫{phone}所需的业务"),
        Side.CARRIER,
        advice.CARRIER_MUST_ACT,
        doubt=_UNSAID,
    ),
}
