"""The SDK's compatible face against a service like the vendor's: written from its pages, with their drifts of type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from client.servers import Server, VendorLike, served
from twoleg.client import AsyncClient, Client, NotFound, Refused, ServiceFailed, TwolegError, Unauthorized

WEEK = (datetime(2019, 7, 10, tzinfo=UTC), datetime(2019, 7, 17, tzinfo=UTC))


@pytest.fixture
def server() -> Iterator[Server]:
    with served(VendorLike()) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url, "key", "secret") as client:
        yield client


def test_a_call_is_created_and_its_state_asked(client: Client) -> None:
    serial = client.compatible.create_call("88889050", "88889060", call_data="order 7")

    assert serial == "645735364434067472"
    status = client.compatible.query_call_state(serial)
    assert (status.state, status.reason_code) == (3, 0)
    assert (status.caller, status.called) == ("88889050", "88889060")
    assert (status.caller_present, status.agent_present) == ("640003", "640060")
    assert (status.start_time, status.end_time) == (1621823865000, 1621823872000)
    assert status.call_data is None


def test_requests_hold_what_was_given_and_nothing_else(client: Client, server: Server) -> None:
    client.compatible.create_call("1", "2", callback_url="https://crm.example/released", agent_work_no=44)
    client.compatible.create_call_v3("3", "4", caller="5", call_data="x")

    assert server.asked[1].json == {
        "caller": "1",
        "called": "2",
        "callBackUrl": "aHR0cHM6Ly9jcm0uZXhhbXBsZS9yZWxlYXNlZA==",
        "agentWorkNo": 44,
    }
    assert server.asked[2].json == {"softPhone": "3", "called": "4", "caller": "5", "callData": "x"}


def test_one_token_serves_many_requests(client: Client, server: Server) -> None:
    for called in ("1", "2", "3"):
        client.compatible.create_call("88889050", called)

    assert server.paths().count("/apigovernance/api/oauth/tokenByAkSk") == 1
    assert server.asked[0].headers["x-token-expire"] == "3600"
    assert server.asked[0].json == {"app_key": "key", "app_secret": "secret"}


def test_a_ret_code_is_a_refusal_with_that_code(client: Client) -> None:
    with pytest.raises(Refused, match="5: The number format is incorrect") as refused:
        client.compatible.create_call("88889050", "x")
    assert refused.value.code == "5"

    with pytest.raises(Refused) as unknown:
        client.compatible.query_call_state("1")
    assert unknown.value.code == "1"


def test_records_come_as_numbers_whether_they_were_sent_so_or_as_strings(client: Client) -> None:
    page = client.compatible.query_call_detail_record(*WEEK, caller="88889050", task_type=1, limit=10)

    assert page.total == 11
    (record,) = page.records
    assert record.serial == "1197765398201387012"
    assert (record.start_time, record.end_time) == (1562786992000, 1562787022000)
    assert (record.talk_duration, record.agent_talk_duration) == (26, 27)


def test_no_records_are_an_empty_page_and_no_error(client: Client) -> None:
    page = client.compatible.query_call_detail_record(5, 5)

    assert (page.total, page.records) == (0, ())


def test_times_have_a_zone(client: Client, server: Server) -> None:
    client.compatible.query_call_detail_record(
        datetime(2019, 7, 10, 3, tzinfo=timezone(timedelta(hours=3))), 1563321600000
    )
    assert (server.asked[-1].json["startTime"], server.asked[-1].json["endTime"]) == ("1562716800000", "1563321600000")

    with pytest.raises(ValueError, match="without a zone"):
        client.compatible.query_call_detail_record(datetime(2019, 7, 10), WEEK[1])  # noqa: DTZ001 - that is the point


def test_wrong_credentials_are_an_error_of_ours_even_where_the_answer_is_a_proxys_page(server: Server) -> None:
    with Client(server.url, "key", "wrong") as client, pytest.raises(Refused, match="403: <html>nginx</html>"):
        client.compatible.query_call_state("1")


def test_the_native_face_is_not_found_there(client: Client) -> None:
    with pytest.raises(NotFound):
        client.calls.get("645735364434067472")


def test_a_key_that_the_token_is_not_for_is_unauthorized_after_one_new_token(server: Server) -> None:
    with Client(server.url, "key", "secret") as client:
        client.account.app_key = "other"
        with pytest.raises(Unauthorized):
            client.compatible.query_call_state("1")

    assert server.paths().count("/apigovernance/api/oauth/tokenByAkSk") == 2


def test_every_error_is_one_of_the_tree() -> None:
    assert issubclass(Refused, TwolegError)
    assert issubclass(NotFound, Refused)
    assert not issubclass(ServiceFailed, Refused)


@pytest.mark.asyncio
async def test_the_async_client_does_the_same(server: Server) -> None:
    async with AsyncClient(server.url, "key", "secret") as client:
        serial = await client.compatible.create_call("88889050", "88889060")
        status = await client.compatible.query_call_state(serial)
        page = await client.compatible.query_call_detail_record(*WEEK)
        with pytest.raises(Refused):
            await client.compatible.create_call("88889050", "x")
        assert await client.compatible.create_call_v3("3", "4") == "1037058396471308289"

    assert (status.state, page.total) == (3, 11)
