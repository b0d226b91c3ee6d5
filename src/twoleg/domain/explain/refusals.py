"""Why a call was not taken: a row for each rule that refuses one before anybody is rung.

There is no such call to be explained afterwards: the answer to its order names the rule, and this table is its page.
"""

from __future__ import annotations

from collections.abc import Mapping

from twoleg.domain.explain import advice
from twoleg.domain.explain.verdict import Advice, Rule, Side
from twoleg.domain.explain.words import Words
from twoleg.domain.tenant import Refusal

_DAY = 86_400_000
_ASK_OPERATOR = Advice(
    Words(
        "ask the operator whether the rule is meant so (`twoleg tenant show`), another try gives the same",
        "请向运维人员确认该规则（`twoleg tenant show`），重试结果相同",
    ),
    retry=False,
)
_FIX_ORDER = Advice(Words("correct the order, another try gives the same", "请更正请求，重试结果相同"), retry=False)
_NEVER = Advice(
    Words(
        "do not call this number; only an operator takes it off the list", "请勿呼叫该号码；仅运维人员可将其移出名单"
    ),
    retry=False,
)
_IN_DAYTIME = Advice(
    Words("try again in the customer's daytime", "请在客户当地白天重试"), retry=True, after_ms=60 * 60_000
)
_TOMORROW = Advice(Words("try again tomorrow", "请明天再试"), retry=True, after_ms=_DAY)
_LATER = Advice(
    Words("try again when the period of the budget has passed", "请在预算周期过后重试"),
    retry=True,
    after_ms=60 * 60_000,
)
_IN_A_SECOND = Advice(Words("try again in a second", "请一秒后再试"), retry=True, after_ms=1000)


def _row(en: str, zh: str, then: Advice) -> Rule:
    return Rule(Words(en, zh), Side.POLICY, then)


RULES: Mapping[Refusal, Rule] = {
    Refusal.DUPLICATE: _row(
        "a call between the same two numbers waits or rings already",
        "相同主被叫的呼叫已在等待或振铃",
        advice.LEAVE_ALONE,
    ),
    Refusal.BAD_NUMBER: _row("it is no number that can be dialled", "该号码无法拨打", _FIX_ORDER),
    Refusal.BAD_CLIP: _row("the tenant may not show that number", "租户无权显示该号码", advice.CHECK_SHOWN_NUMBER),
    Refusal.CALLBACK_NOT_ALLOWED: _row(
        "the host of the callback is not on the tenant's list", "回调主机不在租户白名单内", _ASK_OPERATOR
    ),
    Refusal.CALLER_NOT_ALLOWED: _row(
        "the agent's phone is not one of the tenant's", "坐席话机不属于该租户", _ASK_OPERATOR
    ),
    Refusal.TRIAL_CALLER_NOT_LISTED: _row(
        "the tenant is on trial and the agent's phone is not on its list",
        "试用租户：坐席话机不在白名单内",
        _ASK_OPERATOR,
    ),
    Refusal.TRIAL_LIMIT: _row(
        "the tenant is on trial and has placed its calls of the day", "试用租户：当日呼叫次数已用完", _TOMORROW
    ),
    Refusal.RECORDING_NOT_ALLOWED: _row("the tenant's calls are not recorded", "该租户的呼叫不录音", _FIX_ORDER),
    Refusal.DESTINATION_DENIED: _row(
        "the tenant may not call numbers that begin so", "租户无权呼叫该前缀的号码", _ASK_OPERATOR
    ),
    Refusal.QUIET_HOURS: _row(
        "it is, or may be, within the tenant's quiet hours where the customer is",
        "客户所在地正处于（或可能处于）租户的免打扰时段",
        _IN_DAYTIME,
    ),
    Refusal.DO_NOT_CALL: _row("the number is on the tenant's do-not-call list", "该号码在租户的禁呼名单内", _NEVER),
    Refusal.CONCURRENT_CALLS: _row(
        "the tenant has as many living calls as it may have", "租户的并发呼叫数已达上限", advice.SOON
    ),
    Refusal.CALLS_A_SECOND: _row(
        "the tenant has placed as many calls within a second as it may", "租户每秒发起的呼叫数已达上限", _IN_A_SECOND
    ),
    Refusal.NUMBER_BUDGET: _row(
        "the number has been called as often as the tenant may within the period",
        "该号码在周期内的呼叫次数已达上限",
        _LATER,
    ),
    Refusal.MEDIA_NOT_OFFERED: _row(
        "the service is not set up for that kind of media", "服务未配置该媒体方式", _FIX_ORDER
    ),
    Refusal.MEDIA_NOT_RECORDABLE: _row(
        "a call that is recorded needs a relay", "需要录音的呼叫必须经过媒体中继", _FIX_ORDER
    ),
}
"""Total: a test holds it to that."""
