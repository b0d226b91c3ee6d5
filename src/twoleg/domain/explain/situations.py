"""How a call stands, or ended: a row for each situation that no cause of the network has to explain.

Clauses have placeholders; `sentence.parts` names them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique

from twoleg.domain.explain import advice
from twoleg.domain.explain.verdict import Certainty, Rule, Side
from twoleg.domain.explain.words import Words


@unique
class Situation(Enum):
    """Where a call can stand, and how it can end; the value is for the page."""

    WAITING = "lives: waits to be dialled"
    CALLING = "lives: a phone is being called"
    RINGING = "lives: a phone rings"
    HEARING = "lives: a phone's network plays something"
    TALKING = "lives: the two talk"
    CUSTOMER_HUNG_UP = "0: after the talk"
    CUSTOMER_DROPPED = "0: the customer's connection broke off"
    AGENT_HUNG_UP = "1: after the talk"
    AGENT_DROPPED = "1: the agent's connection broke off"
    AGENT_LEFT = "1: before the customer answered"
    NO_RESPONSE = "2, 3: not a word from the trunk"
    UNREACHABLE = "2, 3: nothing could be delivered"
    NO_ROUTE = "3, 6: no trunk takes the number"
    NO_ADDRESS = "3, 6: the trunk's name leads nowhere"
    TRUNKS_DOWN = "3, 6: all its trunks are down"
    LEFT_ALONE = "3, 6: all its trunks asked to be left alone"
    ONE_CHANNEL = "3, 6: both phones would need the one channel of a trunk"
    NOT_DIALLED = "3, 6: not dialled otherwise"
    RANG_OUT = "4, 5: rang until our timer ran out"
    PLAYED_OUT = "4, 5: only its network was heard until our timer ran out"
    NEVER_RANG = "4, 5: did not ring until our timer ran out"
    GIVEN_UP = "4, 5: rang until its network gave up"
    HUNG_UP_BY_REQUEST = "1001"
    TALK_LIMIT = "1002"
    LOST = "1003"
    BRIDGE_FAILED = "1004"
    QUEUE_EXPIRED = "1005"
    STOPPED = "1006"

    @property
    def lives(self) -> bool:
        """Whether it is one of a call that has not ended."""
        return self.value.startswith("lives")


_BROKE_OFF = Words(
    "the connection to {phone} broke off after {talked} of talk{codes}",
    "与{phone}的连接在通话 {talked}后中断{codes}",
)
_NOT_A_HANG_UP = Words(
    "the cause given with the hang-up is one of the network, not of a person",
    "挂断所带原因值属于网络原因，而非人为挂机",
)

RULES: Mapping[Situation, Rule] = {
    Situation.WAITING: Rule(
        Words("the call has been waiting to be dialled for {since}", "该呼叫已等待拨出 {since}"),
        None,
        advice.LEAVE_ALONE,
    ),
    Situation.CALLING: Rule(
        Words("{phone} has been called for {since} and has not rung yet", "正在呼叫{phone}，已 {since}，尚未振铃"),
        None,
        advice.LEAVE_ALONE,
    ),
    Situation.RINGING: Rule(
        Words("{phone} has been ringing for {since}", "{phone}正在振铃，已 {since}"), None, advice.LEAVE_ALONE
    ),
    Situation.HEARING: Rule(
        Words(
            "{phone} has been called for {since}, and its network plays something",
            "正在呼叫{phone}，已 {since}，其网络正在放音",
        ),
        None,
        advice.LEAVE_ALONE,
    ),
    Situation.TALKING: Rule(
        Words(
            "agent {agent} and customer {customer} have been talking for {since}",
            "坐席 {agent} 与客户 {customer} 正在通话，已 {since}",
        ),
        None,
        advice.LEAVE_ALONE,
    ),
    Situation.CUSTOMER_HUNG_UP: Rule(
        Words(
            "customer {customer} hung up after {talked} of talk with agent {agent}",
            "客户 {customer} 与坐席 {agent} 通话 {talked}后挂机",
        ),
        Side.CUSTOMER,
        advice.NOTHING_TO_DO,
    ),
    Situation.CUSTOMER_DROPPED: Rule(_BROKE_OFF, Side.CARRIER, advice.AT_ONCE, doubt=_NOT_A_HANG_UP),
    Situation.AGENT_HUNG_UP: Rule(
        Words(
            "agent {agent} hung up after {talked} of talk with customer {customer}",
            "坐席 {agent} 与客户 {customer} 通话 {talked}后挂机",
        ),
        Side.AGENT,
        advice.NOTHING_TO_DO,
    ),
    Situation.AGENT_DROPPED: Rule(_BROKE_OFF, Side.CARRIER, advice.AT_ONCE, doubt=_NOT_A_HANG_UP),
    Situation.AGENT_LEFT: Rule(
        Words(
            "agent {agent} hung up {waited} after answering, while customer {customer} was still being called",
            "坐席 {agent} 接听 {waited}后挂机，当时客户 {customer} 尚在呼叫中",
        ),
        Side.AGENT,
        advice.WHEN_AGENT_IS_READY,
    ),
    Situation.NO_RESPONSE: Rule(
        Words(
            "trunk {trunk} did not say a word within {tried} when {phone} was called{codes}",
            "呼叫{phone}时，中继 {trunk} 在 {tried}内没有任何响应{codes}",
        ),
        Side.TRUNK,
        advice.CHECK_TRUNK,
    ),
    Situation.UNREACHABLE: Rule(
        Words(
            "nothing could be delivered to trunk {trunk} when {phone} was called{codes}",
            "呼叫{phone}时，无法将信令送达中继 {trunk}{codes}",
        ),
        Side.TRUNK,
        advice.CHECK_TRUNK,
        doubt=Words("a fault of the service itself would look the same", "服务自身故障也会有同样表现"),
    ),
    Situation.NO_ROUTE: Rule(
        Words("{phone} could not be called: no trunk takes that number", "无法呼叫{phone}：没有中继承接该号码"),
        Side.TRUNK,
        advice.FIX_TRUNK,
    ),
    Situation.NO_ADDRESS: Rule(
        Words(
            "{phone} could not be called: the name of trunk {trunk} leads to no address",
            "无法呼叫{phone}：中继 {trunk} 的域名解析不到地址",
        ),
        Side.TRUNK,
        advice.FIX_TRUNK,
    ),
    Situation.TRUNKS_DOWN: Rule(
        Words(
            "{phone} could not be called: all trunks that lead there were down",
            "无法呼叫{phone}：通往该号码的中继均已中断",
        ),
        Side.TRUNK,
        advice.CHECK_TRUNK,
    ),
    Situation.LEFT_ALONE: Rule(
        Words(
            "{phone} could not be called: all trunks that lead there had asked to be left alone for a while",
            "无法呼叫{phone}：通往该号码的中继均要求暂停呼叫",
        ),
        Side.CARRIER,
        advice.IN_MINUTES,
    ),
    Situation.ONE_CHANNEL: Rule(
        Words(
            "{phone} could not be called: both phones of the call would need the one channel of the same trunk",
            "无法呼叫{phone}：该呼叫的两端话机都需占用同一中继的唯一一个通道",
        ),
        Side.TRUNK,
        advice.FIX_TRUNK,
    ),
    Situation.NOT_DIALLED: Rule(
        Words("{phone} could not be called{codes}", "无法呼叫{phone}{codes}"),
        Side.SERVICE,
        advice.LOOK_INTO_LOG,
        doubt=Words("only the service's own note tells why", "仅服务自身的记录说明原因"),
        certainty=Certainty.UNSURE,
    ),
    Situation.RANG_OUT: Rule(
        Words("{phone} rang for {rang} and nobody answered", "{phone}振铃 {rang}，无人接听"), None, advice.LATER
    ),
    Situation.PLAYED_OUT: Rule(
        Words(
            "{phone} did not answer within {tried}; its network played something instead of ringing",
            "{phone}在 {tried}内未接听；其网络放音而未振铃",
        ),
        None,
        advice.LATER,
        doubt=Words(
            "what was played, perhaps an announcement, only the agent heard", "放音内容（可能为提示音）只有坐席听到"
        ),
    ),
    Situation.NEVER_RANG: Rule(
        Words("{phone} neither rang nor answered within {tried}", "{phone}在 {tried}内既未振铃也未接听"),
        Side.CARRIER,
        advice.IN_MINUTES,
        doubt=Words("the trunk took the call and then said nothing of the phone", "中继已受理呼叫，但未告知话机状态"),
    ),
    Situation.GIVEN_UP: Rule(
        Words(
            "{phone} rang for {rang}, then its network gave up because nobody answered{codes}",
            "{phone}振铃 {rang}后，其网络因无人接听而放弃{codes}",
        ),
        None,
        advice.LATER,
        doubt=Words("someone may also have pressed the key that silences or declines", "也可能有人按下了静音或拒接键"),
    ),
    Situation.HUNG_UP_BY_REQUEST: Rule(
        Words("the call was ended by request {stage}", "该呼叫在{stage}被请求结束"), Side.POLICY, advice.NOTHING_TO_DO
    ),
    Situation.TALK_LIMIT: Rule(
        Words(
            "the call was ended after {talked} of talk: that is the longest allowed",
            "该呼叫通话 {talked}后被结束：已达允许的最长通话时间",
        ),
        Side.POLICY,
        advice.AT_ONCE,
    ),
    Situation.LOST: Rule(
        Words(
            "the service stopped or failed and could not keep the call {stage}",
            "服务停止或故障，未能保持该呼叫（{stage}）",
        ),
        Side.SERVICE,
        advice.LOOK_INTO_LOG,
    ),
    Situation.BRIDGE_FAILED: Rule(
        Words(
            "agent {agent} and customer {customer} both answered, but their audio could not be connected{codes}",
            "坐席 {agent} 与客户 {customer} 均已接听，但双方语音无法接通{codes}",
        ),
        Side.SERVICE,
        advice.CHECK_CODECS,
        doubt=Words(
            "which phone did not fit the other, the detail tells at best", "哪一方话机不匹配，最多只能从详情中得知"
        ),
        certainty=Certainty.UNSURE,
    ),
    Situation.QUEUE_EXPIRED: Rule(
        Words(
            "the call waited {age} without being dialled, which is longer than allowed",
            "该呼叫等待 {age}未能拨出，超过允许时间",
        ),
        Side.TRUNK,
        advice.IN_MINUTES,
        doubt=Words(
            "mostly its trunks had no free channel; a service that was not running looks the same",
            "通常是中继没有空闲通道；服务未运行时表现相同",
        ),
    ),
    Situation.STOPPED: Rule(
        Words(
            "the service was stopped by its operator, who did not wait any longer, {stage}",
            "运维人员停止了服务且不再等待，该呼叫因此结束（{stage}）",
        ),
        Side.SERVICE,
        advice.AT_ONCE,
    ),
}
"""Total: a test holds it to that."""
