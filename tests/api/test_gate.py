"""A service that takes no new calls says so on each face in its own words; everything else goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from api.asgi_client import exchange
from twoleg.api.aicc.face import CREATE_CALL_V1_PATH, CREATE_CALL_V3_PATH
from twoleg.application.admission import Closed, NotAdmitted
from twoleg.domain.call import Phase

if TYPE_CHECKING:
    from api.world import Client, World


@dataclass
class Shut:
    """Lets nobody in, and is in no good state."""

    why: Closed
    told: str | None = None

    def refusal(self) -> NotAdmitted | None:
        return NotAdmitted(self.why, retry_after=17)

    def trouble(self) -> str | None:
        return self.told

    def is_leaving(self) -> bool:
        return True


def shut(world: World, why: Closed, told: str | None = None) -> None:
    world.gate = Shut(why, told)
    world.start()


@pytest.mark.parametrize("path", [CREATE_CALL_V1_PATH, CREATE_CALL_V3_PATH])
@pytest.mark.parametrize("why", list(Closed))
def test_the_compatible_face_answers_503_with_the_time_to_wait(
    world: World, client: Client, path: str, why: Closed
) -> None:
    assert client.token
    shut(world, why)
    answer = client.post(path, {"caller": "88889050", "softPhone": "88889050", "called": "88889060"})

    assert answer.status == 503
    assert answer.headers["retry-after"] == "17"
    assert answer.json == {"retCode": "503", "retMsg": why.value}
    assert world.nudges == 0


@pytest.mark.parametrize("why", list(Closed))
def test_the_native_face_answers_with_a_problem_of_its_own_type(world: World, client: Client, why: Closed) -> None:
    assert client.token
    shut(world, why)
    answer = client.post("/v1/calls", {"caller": "88889050", "called": "88889060"})

    assert answer.status == 503
    assert answer.headers["retry-after"] == "17"
    assert answer.json["type"] == f"/problems/{why.name.lower()}"
    assert answer.json["detail"] == why.value


def test_a_rule_that_the_request_breaks_is_told_all_the_same(world: World, client: Client) -> None:
    assert client.token
    shut(world, Closed.OVERLOADED)

    assert client.place(caller="no number").json["retCode"] == "5"


def test_queries_and_hang_ups_go_on(world: World, client: Client) -> None:
    assert client.token
    call = world.call(phase=Phase.TALKING)
    shut(world, Closed.STOPPING)

    assert client.query(str(call.serial)).json["result"]["state"] == 2
    assert client.post(f"/v1/calls/{call.serial}/hangup", b"").status == 202


def test_what_keeps_the_service_from_its_work_makes_it_unready_and_leaves_it_alive(world: World) -> None:
    shut(world, Closed.STOPPING, "the engine does not answer")
    unready = exchange(world.app, "GET", "/readyz")

    assert (unready.status, unready.json) == (503, {"status": "not ready: the engine does not answer"})
    assert exchange(world.app, "GET", "/healthz").status == 200
