"""Q.850 causes 0-31 that speak of the called phone and its number; clauses have `{phone}`."""

from __future__ import annotations

from collections.abc import Mapping

from twoleg.domain.explain import advice
from twoleg.domain.explain.verdict import Certainty, Rule, Side
from twoleg.domain.explain.words import Words

UNSAID = Words("the network did not say why", "网络未说明原因")

RULES: Mapping[int, Rule] = {
    0: Rule(
        Words("the call to {phone} failed without any cause", "呼叫{phone}失败，未给出任何原因值"),
        Side.CARRIER,
        advice.TELL_CARRIER,
        doubt=UNSAID,
        certainty=Certainty.UNSURE,
    ),
    1: Rule(
        Words("{phone} does not exist: nobody has that number", "{phone}不存在（空号）"), None, advice.CHECK_NUMBER
    ),
    4: Rule(
        Words(
            "the network answered the call to {phone} with a special information tone, mostly the sign of a number "
            "that cannot be reached",
            "网络对{phone}播放了特殊信号音，通常表示该号码无法接通",
        ),
        None,
        advice.CHECK_NUMBER,
        doubt=Words("the tone is heard, not explained", "信号音本身不说明具体原因"),
    ),
    14: Rule(
        Words(
            "{phone} was ported to another network, and the call was sent to the old one",
            "{phone}已携号转网，呼叫被送至原网络",
        ),
        Side.CARRIER,
        advice.CARRIER_MUST_ACT,
    ),
    16: Rule(
        Words(
            "{phone}, or its network, ended the call normally before anybody answered",
            "{phone}或其网络在接听前正常结束了呼叫",
        ),
        None,
        advice.IN_MINUTES,
        doubt=Words("cause 16 does not tell the phone from its network", "原因值 16 无法区分话机与网络"),
    ),
    17: Rule(Words("{phone} was busy", "{phone}占线"), None, advice.IN_MINUTES),
    18: Rule(
        Words("{phone} gave no sign of life: it did not even ring", "{phone}没有任何响应，未曾振铃"),
        None,
        advice.LATER,
    ),
    19: Rule(Words("{phone} rang and nobody answered", "{phone}振铃但无人接听"), None, advice.LATER),
    20: Rule(Words("{phone} is switched off or out of reach", "{phone}已关机或不在服务区"), None, advice.LATER),
    21: Rule(Words("{phone} rejected the call", "{phone}拒接"), None, advice.IF_WANTED),
    22: Rule(
        Words("the owner of {phone} has got another number", "{phone}的机主已更换号码"), None, advice.CHECK_NUMBER
    ),
    23: Rule(
        Words(
            "{phone} is redirected to another number, which the network left to us to call",
            "{phone}已改接到其他号码，网络要求由我方改拨",
        ),
        None,
        advice.CHECK_NUMBER,
    ),
    24: Rule(
        Words(
            "{phone} refuses calls like this one by a feature it has set, for instance a block list",
            "{phone}启用了拒接功能（如黑名单），拒绝了此类呼叫",
        ),
        None,
        advice.IF_WANTED,
    ),
    26: Rule(
        Words(
            "the call to {phone} was given to another phone there", "呼叫{phone}时，该呼叫已被分配给对方的另一部话机"
        ),
        None,
        advice.IN_MINUTES,
    ),
    27: Rule(Words("the line of {phone} is out of order", "{phone}的线路故障"), None, advice.LATER),
    28: Rule(
        Words("the number of {phone} is incomplete or wrongly written", "{phone}的号码不完整或格式有误"),
        None,
        advice.CHECK_NUMBER,
    ),
    31: Rule(
        Words("the call to {phone} ended in an ordinary way that nobody explained", "呼叫{phone}正常结束，未说明原因"),
        None,
        advice.IN_MINUTES,
        doubt=UNSAID,
        certainty=Certainty.UNSURE,
    ),
}
