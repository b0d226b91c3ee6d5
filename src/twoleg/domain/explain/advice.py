"""The advices: what to do next, as data. Waiting times are rules of thumb of this project, not of any standard."""

from __future__ import annotations

from twoleg.domain.explain.verdict import Advice
from twoleg.domain.explain.words import Words

_MINUTE = 60_000

NOTHING_TO_DO = Advice(Words("there is nothing to repeat", "无需重试"), retry=False)
LEAVE_ALONE = Advice(Words("do not place it again, it is still alive", "请勿重复发起，该呼叫仍在进行"), retry=False)
AT_ONCE = Advice(Words("try again at once", "可立即重试"), retry=True, after_ms=0)
SOON = Advice(Words("try again in a minute", "请一分钟后再试"), retry=True, after_ms=_MINUTE)
IN_MINUTES = Advice(Words("try again in a few minutes", "请几分钟后再试"), retry=True, after_ms=5 * _MINUTE)
LATER = Advice(
    Words("try again later, in half an hour or more", "请半小时或更久之后再试"), retry=True, after_ms=30 * _MINUTE
)
IF_WANTED = Advice(
    Words(
        "try again only if the call is wanted there, and not within the hour",
        "请先确认对方愿意接听，且一小时之内勿再试",
    ),
    retry=True,
    after_ms=60 * _MINUTE,
)
WHEN_AGENT_IS_READY = Advice(Words("try again when the agent is ready", "请在坐席就绪后重试"), retry=True, after_ms=0)
CHECK_NUMBER = Advice(Words("check the number, another try gives the same", "请核对号码，重试结果相同"), retry=False)
CHECK_SHOWN_NUMBER = Advice(
    Words(
        "show another number (CLIP), another try with this one gives the same",
        "请更换主叫显示号码，用原号码重试结果相同",
    ),
    retry=False,
)
TELL_CARRIER = Advice(
    Words(
        "if it stays so, show the evidence to the carrier",
        "如持续出现，请将证据提供给运营商",
    ),
    retry=True,
    after_ms=5 * _MINUTE,
)
CARRIER_MUST_ACT = Advice(
    Words(
        "show the evidence to the carrier, another try gives the same until it is put right there",
        "请将证据提供给运营商，在其修正之前重试无效",
    ),
    retry=False,
)
CHECK_CONTRACT = Advice(
    Words(
        "ask the carrier what the contract of the trunk allows, another try gives the same",
        "请向运营商确认中继合同所允许的业务，重试结果相同",
    ),
    retry=False,
)
FIX_TRUNK = Advice(
    Words(
        "tell the operator to check the trunk with `twoleg check`, another try gives the same until it is put right",
        "请通知运维人员用 `twoleg check` 检查中继，修正之前重试无效",
    ),
    retry=False,
)
CHECK_TRUNK = Advice(
    Words(
        "try again in a minute, and tell the operator to check the trunk with `twoleg check` if it stays so",
        "请一分钟后再试；如持续出现，请通知运维人员用 `twoleg check` 检查中继",
    ),
    retry=True,
    after_ms=_MINUTE,
)
CHECK_CODECS = Advice(
    Words(
        "let the operator compare the audio formats of both phones, another try gives the same",
        "请运维人员核对两端话机的音频编码，重试结果相同",
    ),
    retry=False,
)
LOOK_INTO_LOG = Advice(
    Words(
        "try again at once, and let the operator look into the service's log of that time",
        "可立即重试，并请运维人员查看当时的服务日志",
    ),
    retry=True,
    after_ms=0,
)
