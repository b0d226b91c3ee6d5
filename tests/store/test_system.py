"""The machine's clock, its chance, and the hashing of secrets."""

from __future__ import annotations

import asyncio
import time

import pytest

from twoleg.adapters.secrets import Argon2Hasher
from twoleg.adapters.system import SystemClock, SystemEntropy


def test_the_clock_tells_the_machines_time_in_milliseconds() -> None:
    before = time.time()  # noqa: TID251 - what the clock is compared with
    told = SystemClock().now_ms()
    after = time.time()  # noqa: TID251 - what the clock is compared with

    assert int(before * 1000) <= told <= int(after * 1000) + 1


def test_a_timer_runs_once_unless_it_is_cancelled() -> None:
    ran: list[str] = []

    async def main() -> None:
        clock = SystemClock()
        over = asyncio.get_running_loop().create_future()
        stopped = clock.call_later(0, lambda: ran.append("stopped"))
        stopped.cancel()
        stopped.cancel()
        fired = clock.call_later(0, lambda: ran.append("fired"))
        clock.call_later(0.001, lambda: over.set_result(None))
        await over
        fired.cancel()

    asyncio.run(main())

    assert ran == ["fired"]


@pytest.mark.parametrize("count", [1, 16, 256])
def test_chance_has_as_many_bits_as_asked_for(count: int) -> None:
    entropy = SystemEntropy()

    drawn = [draw(count) for draw in (entropy.bits, entropy.getrandbits) for _ in range(200)]

    assert max(drawn).bit_length() == count
    assert min(drawn) >= 0
    assert len(set(drawn)) > 1


def test_chance_never_repeats_itself() -> None:
    entropy = SystemEntropy()

    drawn = {entropy.bits(64) for _ in range(5000)}  # many times what is drawn from the system at once

    assert len(drawn) == 5000


def test_chance_can_be_asked_for_more_bits_than_are_drawn_at_once() -> None:
    assert SystemEntropy().bits(100_000).bit_length() > 99_900


def test_a_secret_opens_its_own_hash_and_no_other() -> None:
    hasher = Argon2Hasher()
    hashed = hasher.hash("öpen sesame")

    assert hasher.verify(hashed, "öpen sesame")
    assert not hasher.verify(hashed, "open sesame")
    assert not hasher.verify(hashed, "")


def test_two_hashes_of_one_secret_differ_and_do_not_hold_it() -> None:
    hasher = Argon2Hasher()
    first, second = hasher.hash("sesame"), hasher.hash("sesame")

    assert first != second
    assert "sesame" not in first


def test_the_hash_names_the_parameters_that_owasp_asks_for() -> None:
    assert Argon2Hasher().hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("no_hash", ["", "x", "$argon2id$v=19$m=19456,t=2,p=1$", "$argon2id$", "sesame", "\N{SNOWMAN}"])
def test_what_is_no_hash_opens_for_nobody(no_hash: str) -> None:
    assert not Argon2Hasher().verify(no_hash, "sesame")
