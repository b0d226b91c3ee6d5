"""The engine process: SIP and the call machine, the only writer of living calls. Wiring, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Callable
from dataclasses import asdict

from twoleg.adapters.service_page import SharedPage
from twoleg.adapters.sip_engine.engine import SipCallEngine
from twoleg.adapters.sip_engine.routes import Routes
from twoleg.adapters.sip_engine.targets import ResolvedTargets
from twoleg.adapters.sip_engine.watch import TrunkWatch
from twoleg.adapters.sip_engine.ways import Ways
from twoleg.adapters.store.sqlite import SqliteStore, open_store
from twoleg.adapters.store.sqlite.journal import SqliteJournal
from twoleg.adapters.system import SystemClock
from twoleg.application.conductor import Conductor
from twoleg.application.errors import StoreUnavailable
from twoleg.application.overload import OverloadControl, Tuning
from twoleg.application.ports import CallJournal, TrunkState
from twoleg.application.recording_desk import Desk, RecordingCommands
from twoleg.application.recover_calls import recover_calls
from twoleg.application.stop_calls import stop_calls
from twoleg.application.stopwatch import Stopwatch
from twoleg.application.take_in_calls import Intake
from twoleg.bootstrap.garbage import collect_in_quiet_moments
from twoleg.bootstrap.heart import Heart, Pulse
from twoleg.bootstrap.ladders import Ladders, ladders_of
from twoleg.bootstrap.logs import CallLines, EngineLines, Log
from twoleg.bootstrap.media import MediaRoom, media_of
from twoleg.bootstrap.orders import Orders, inherited
from twoleg.bootstrap.recordings import spool_of
from twoleg.bootstrap.signalling import resolver, signalling
from twoleg.bootstrap.timers import limits_of
from twoleg.bootstrap.trunk_news import TrunkNews
from twoleg.bootstrap.trunks import capacity_of, draw, trunks_of
from twoleg.config import Settings
from twoleg.sip.timers import Timers
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.transports import Transports

LOOK_EVERY = 0.25
"""Seconds between two looks into the store without a nudge: what the command line places is found by these."""
_SHARE_OF_LOOKS = 0.04
"""Of the engine's time, at most: a look reads every queued call anew, and nudges come as fast as calls do."""
_BETWEEN_LOOKS = 0.02
"""Seconds, at least: three queries for each call, at 200 a second, would be a tenth of what a call costs. One look
finds several then; a call that comes alone is found at once."""
_RING_SLACK = 30.0
_PARTING = 2.0
"""Seconds the phones get to answer our BYEs when the service stops."""
_PARTING_LOOK = 0.02
_PURGE_EVERY = 60.0


async def run_engine(orders: Orders, log: Log, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Recover what a dead engine left behind, then dial what is queued, until `stop`; then end what still lives."""
    store = open_store(orders.settings.store.url, clock=SystemClock(), logger=log)
    try:
        journal = store.journal(asyncio.get_running_loop())
        news = TrunkNews(store.trunk_board(), log)
        ladders = ladders_of(orders.settings, store, log)
        shell, conductor, stopwatch, engine, watch, room, desk = _assemble(orders, store, journal, news, ladders, log)
        ladders.locals.ask = shell.agent.local_for
        page = SharedPage.of(orders.page, SystemClock().monotonic)
        heart = Heart(page, conductor)
        heart.beat()
        commands = _commands_of(store, room, conductor, log)
        lost = _recovered(journal, engine, conductor, log)
        intake = Intake(journal=journal, conductor=conductor, recordings=commands, clock=SystemClock())
        lookout = Lookout(intake, inherited(orders.nudge), log=log)
        chores = [
            asyncio.create_task(heart.run()),
            asyncio.create_task(_pulse(page, stopwatch, orders, log).run()),
            asyncio.create_task(_purge_now_and_then(store, log)),
            asyncio.create_task(news.write()),
            asyncio.create_task(collect_in_quiet_moments(is_quiet=lambda: not len(conductor))),
        ]
        relaying = asyncio.create_task(room.run(lost))
        watch.start()
        on_ready()
        await stop.wait()
        for chore in chores:
            chore.cancel()
        lookout.close()
        watch.stop()
        await _part(journal, conductor, watch, log)
        await room.part()
        await desk.part()
        relaying.cancel()
        shell.close()
        log.info("what the sockets counted", **asdict(shell.counters))
        ladders.close(log)
    finally:
        store.close()


def _recovered(journal: SqliteJournal, engine: SipCallEngine, conductor: Conductor, log: Log) -> list[int]:
    """The serials of calls that a dead engine left behind."""
    lost = recover_calls(journal=journal, engine=engine, conductor=conductor)
    if lost:
        log.warning("ended the calls that a dead engine left behind", calls=len(lost))
    return lost


def _assemble(
    orders: Orders, store: SqliteStore, journal: CallJournal, news: TrunkNews, ladders: Ladders, log: Log
) -> tuple[Transports[UserAgent], Conductor, Stopwatch, SipCallEngine, TrunkWatch, MediaRoom, Desk]:
    """The circle phones -> engine -> conductor -> engine -> phones, turning."""
    settings = orders.settings
    bound = [inherited(each) for each in orders.sip]
    shell = signalling(settings, bound, log=log, timers=sip_timers(settings), tap=ladders.recorder)
    trunks = trunks_of(settings, sandbox=orders.sandbox_trunk)
    routes = Routes(trunks)
    targets = ResolvedTargets(resolver(settings, shell.now))

    def changed(state: TrunkState) -> None:
        news(state)
        if state.is_up:
            conductor.ways_changed()

    watch = TrunkWatch(shell=shell, routes=routes, targets=targets, clock=SystemClock(), changed=changed)
    ways = Ways(routes=routes, targets=targets, capacity=capacity_of(trunks), states=watch, draw=draw, now=shell.now)
    desk = Desk(
        book=store.recordings(),
        make_folder=spool_of(settings.recording).make,
        tell=lambda serial, signal: conductor.signal(serial, signal),  # noqa: PLW0108 - the conductor comes next
        clock=SystemClock(),
        log=log,
    )
    room = media_of(orders, address=shell.local.host, book=store.quality_book(), desk=desk, log=log)
    engine = SipCallEngine(
        shell=shell,
        ways=ways,
        watch=watch,
        clock=SystemClock(),
        media=room.media,
        sink=lambda serial, signal: conductor.signal(serial, signal),  # noqa: PLW0108 - the conductor comes next
        log=EngineLines(log),
        recorder=ladders.recorder,
        refusal=settings.sip.refuse_calls_with,
    )
    stopwatch = Stopwatch(engine, SystemClock())
    conductor = Conductor(
        journal=journal, engine=stopwatch, clock=SystemClock(), limits=limits_of(settings), log=CallLines(log)
    )
    ways.tell_room(conductor.room)
    shell.start(engine.heard)
    return shell, conductor, stopwatch, engine, watch, room, desk


def _commands_of(store: SqliteStore, room: MediaRoom, conductor: Conductor, log: Log) -> RecordingCommands:
    return RecordingCommands(
        book=store.recordings(),
        recorder=room.media,
        tell=conductor.signal,
        is_living=conductor.__contains__,
        log=log,
    )


def _pulse(page: SharedPage, stopwatch: Stopwatch, orders: Orders, log: Log) -> Pulse:
    by_udp = [each for each, at in zip(orders.sip, orders.settings.sip.listen, strict=True) if at.transport == "udp"]
    control = OverloadControl(Tuning(target=orders.settings.service.setup_delay or math.inf))
    return Pulse(page, control=control, stopwatch=stopwatch, sockets=by_udp, log=log)


def sip_timers(settings: Settings) -> Timers:
    """The SIP core's own limit on ringing lies beyond ours: that a phone did not answer is for the machine to say."""
    longest_ringing = max(settings.timers.ring_agent, settings.timers.ring_customer)
    return Timers(
        ring_limit=longest_ringing + _RING_SLACK,
        session_expires=settings.sip.session_expires,
        min_se=settings.sip.min_se,
    )


class Lookout:
    """Looks into the store soon after a nudge, and four times a second without one."""

    def __init__(self, intake: Intake, nudges: socket.socket, *, log: Log) -> None:
        self._intake = intake
        self._nudges = nudges
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(nudges, self._nudged)
        self._timer = self._loop.call_later(0, self._due)
        self._now = SystemClock().monotonic
        self._not_before = 0.0
        self._is_soon = False
        self._store_is_well = True

    def close(self) -> None:
        """Look no more."""
        self._loop.remove_reader(self._nudges)
        self._timer.cancel()
        self._nudges.close()

    def _nudged(self) -> None:
        self._drain()
        ahead = self._not_before - self._now()
        if ahead <= 0:
            self._look()
        elif not self._is_soon:
            self._is_soon = True
            self._loop.remove_reader(self._nudges)  # further nudges would say nothing new until then
            self._timer.cancel()
            self._timer = self._loop.call_later(ahead, self._due)

    def _due(self) -> None:
        if self._is_soon:
            self._is_soon = False
            self._drain()
            self._loop.add_reader(self._nudges, self._nudged)
        self._timer = self._loop.call_later(LOOK_EVERY, self._due)
        self._look()

    def _drain(self) -> None:
        """One look answers all nudges before it."""
        with contextlib.suppress(BlockingIOError):
            while self._nudges.recv(16):
                pass

    def _look(self) -> None:
        """Looking is what has its share: calls that are found must be begun in any case, and the sooner the better."""
        began = found = self._now()
        try:
            calls = self._intake.find()
            found = self._now()
            self._intake.take(calls)
        except StoreUnavailable as error:
            if self._store_is_well:
                self._log.error("cannot look for new calls", why=str(error))
            self._store_is_well = False
        else:
            self._store_is_well = True
        self._not_before = self._now() + min(LOOK_EVERY, max(_BETWEEN_LOOKS, (found - began) / _SHARE_OF_LOOKS))


async def _part(journal: CallJournal, conductor: Conductor, watch: TrunkWatch, log: Log) -> None:
    """End what still lives, durably and on the wire, in bounded time: the next start shall find nothing."""
    try:
        async with asyncio.timeout(_PARTING):
            await journal.drained()
            ended = stop_calls(journal=journal, conductor=conductor)
            if ended:
                log.warning("ended the living calls, for the service stops", calls=ended)
            await journal.drained()
            while not conductor.is_silent or not watch.is_done:  # noqa: ASYNC110 - only a process about to end waits for it
                await asyncio.sleep(_PARTING_LOOK)
    except TimeoutError:
        log.warning("stopping with calls that have not said their last word", calls=len(conductor))


async def _purge_now_and_then(store: SqliteStore, log: Log) -> None:
    clock = SystemClock()
    while True:
        try:
            gone = await asyncio.to_thread(store.purge, clock.now_ms())
        except StoreUnavailable as error:
            log.warning("cannot delete old calls now", why=str(error))
            gone = 0
        await asyncio.sleep(LOOK_EVERY if gone else _PURGE_EVERY)
