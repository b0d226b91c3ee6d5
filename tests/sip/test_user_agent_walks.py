"""Whatever the network does, every leg ends, once, and both ends agree in the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.network import Habits, Network, Party, bad, check_story, perfect, unlucky
from twoleg.sip.events import Acknowledged, Answered, Event, HungUp, IncomingInvite, ReinviteAnswered
from twoleg.sip.leg_words import LegState

FEW = 5
"""So few losses no single transaction can fall victim to: an INVITE is sent 7 times, a final response 11 times."""

habits = st.builds(
    Habits,
    rings=st.booleans(),
    offers_early=st.booleans(),
    reoffers_late=st.booleans(),
    thinks=st.sampled_from([0.0, 0.1, 0.5, 2.0]),
    reoffers_after=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
)
numbers = st.integers(1, 40)


def finish(network: Network, *parties: Party) -> None:
    """Every owner hangs up all it has; then there is time for everything to be given up."""
    for party in parties:
        for leg in party.legs_told() | set(party.ua._core.legs):
            party.release(leg)
    network.run(600)


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


@given(
    caller=habits,
    callee=habits,
    lost=st.sets(numbers, max_size=FEW),
    doubled=st.sets(numbers, max_size=FEW),
    late=st.dictionaries(numbers, st.sampled_from([0.1, 0.6, 1.1]), max_size=FEW),
)
def test_a_few_losses_change_nothing_that_owners_see(
    caller: Habits, callee: Habits, lost: set[int], doubled: set[int], late: dict[int, float]
) -> None:
    network = Network(unlucky(lost=lost, doubled=doubled, late=late))
    a, b = Party(network, 5060, habits=caller), Party(network, 5070, habits=callee)
    leg = a.call(b)

    network.run(120)

    assert (a.state(leg), b.state(1)) == (LegState.TALKING, LegState.TALKING)
    assert [type(event) for event in a.told].count(Answered) == 1
    assert kinds(b.told).count("IncomingInvite") == 1
    wanted = [party.habits.reoffers_after for party in (a, b)]
    done = [len([e for e in party.told if isinstance(e, ReinviteAnswered)]) for party in (a, b)]
    assert done == [0 if after is None else 1 for after in wanted]
    a.release(leg)
    network.run(120)
    assert [type(event) for event in b.told].count(HungUp) == 1
    finish(network, a, b)
    for party in (a, b):
        check_story(party)
        assert party.is_empty()


@given(
    seed=st.integers(0, 2**16),
    loss=st.sampled_from([0.1, 0.3, 0.6, 0.9, 1.0]),
    doubling=st.sampled_from([0.0, 0.3]),
    jitter=st.sampled_from([0.0, 0.2, 3.0]),
    behaviours=st.lists(
        st.builds(
            Habits,
            rings=st.booleans(),
            answers=st.booleans(),
            refuses=st.booleans(),
            offers_early=st.booleans(),
            reoffers_late=st.booleans(),
            thinks=st.sampled_from([0.0, 0.5, 4.0]),
            reoffers_after=st.none() | st.sampled_from([0.0, 1.0]),
            hangs_up_after=st.none() | st.sampled_from([0.0, 0.3, 5.0]),
        ),
        min_size=2,
        max_size=3,
    ),
    patience=st.sampled_from([0.0, 0.02, 0.5, 3.0, 400.0]),
)
def test_whatever_is_lost_every_leg_ends_once(
    seed: int, loss: float, doubling: float, jitter: float, behaviours: list[Habits], patience: float
) -> None:
    network = Network(bad(seed=seed, loss=loss, doubling=doubling, jitter=jitter))
    parties = [Party(network, 5060 + n, habits=habits, seed=seed) for n, habits in enumerate(behaviours)]
    for n, party in enumerate(parties):
        other = parties[(n + 1) % len(parties)]
        leg = party.call(other)
        party.later(patience, lambda party=party, leg=leg: party.release(leg))  # type: ignore[misc]

    network.run(500)
    finish(network, *parties)

    for party in parties:
        check_story(party)
        assert party.is_empty()


@pytest.mark.parametrize("cut_after", range(1, 14))
def test_a_network_that_dies_at_any_point_leaves_no_leg_behind(cut_after: int) -> None:
    network = Network(lambda number: () if number > cut_after else (0.01,))
    a = Party(network, 5060, habits=Habits(reoffers_after=0.5, hangs_up_after=5))
    b = Party(network, 5070, habits=Habits(hangs_up_after=400))
    a.call(b)

    network.run(1500)

    for party in (a, b):
        check_story(party)
        assert party.is_empty()


def test_a_perfect_network_tells_the_perfect_story() -> None:
    network = Network(perfect)
    a, b = Party(network, 5060), Party(network, 5070, habits=Habits(hangs_up_after=60))
    a.call(b)

    network.run(61)

    assert kinds(a.told) == ["Provisional", "Answered", "HungUp", "Released"]
    assert kinds(b.told) == ["IncomingInvite", "Acknowledged", "Released"]
    assert network.carried == 6


def test_glare_settles_itself() -> None:
    network = Network(perfect)
    a = Party(network, 5060, habits=Habits(reoffers_after=1.01))
    b = Party(network, 5070, habits=Habits(reoffers_after=1.02))
    a.call(b)

    network.run(30)

    assert kinds(a.told).count("ReinviteAnswered") == 1
    assert kinds(b.told).count("ReinviteAnswered") == 1
    assert (a.state(1), b.state(1)) == (LegState.TALKING, LegState.TALKING)


def test_an_ack_that_our_reinvite_overtakes_does_no_harm() -> None:
    network = Network(unlucky(lost={4}, doubled=set(), late={}))
    a, b = Party(network, 5060, habits=Habits(reoffers_after=0.0)), Party(network, 5070)
    a.call(b)

    network.run(10)

    assert kinds(a.told).count("ReinviteAnswered") == 1
    assert [e for e in b.told if isinstance(e, Acknowledged)]
    assert (a.state(1), b.state(1)) == (LegState.TALKING, LegState.TALKING)
    assert len([e for e in b.told if isinstance(e, IncomingInvite)]) == 1
