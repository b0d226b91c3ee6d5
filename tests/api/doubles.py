"""Ports that note what they are asked and fail when they are told to, in front of whichever store a test has."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from twoleg.application.errors import SerialTaken

if TYPE_CHECKING:
    from twoleg.application.ports import (
        App,
        CallIntake,
        CallReader,
        CallStatus,
        Directory,
        Intent,
        Placed,
        SigningKey,
    )
    from twoleg.domain.call import Call
    from twoleg.domain.tenant import Refused, Tenant


class SeededEntropy:
    """The `Entropy` port, the same in every run."""

    def __init__(self) -> None:
        self._random = random.Random(1)

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)


class PlainHasher:
    """The `SecretHasher` port without the work; counts, so that a test can see that the work is done for nobody too."""

    def __init__(self) -> None:
        self.verified = 0

    def hash(self, secret: str) -> str:
        return f"plain:{secret}"

    def verify(self, secret_hash: str, secret: str) -> bool:
        self.verified += 1
        return secret_hash == f"plain:{secret}"


class Trouble:
    """Set `error`, and the ports in front of it raise it."""

    error: Exception | None = None

    def check(self) -> None:
        if self.error is not None:
            raise self.error


class NotingDirectory:
    """The `Directory` port."""

    def __init__(self, directory: Directory, trouble: Trouble) -> None:
        self._directory = directory
        self._trouble = trouble
        self.key_reads = 0

    def tenant(self, tenant_id: str) -> Tenant | None:
        self._trouble.check()
        return self._directory.tenant(tenant_id)

    def tenants(self) -> Sequence[Tenant]:
        return self._directory.tenants()

    def app(self, app_key: str) -> App | None:
        return self._directory.app(app_key)

    def apps(self, tenant_id: str | None = None) -> Sequence[App]:
        return self._directory.apps(tenant_id)

    def is_enabled(self, app_key: str) -> bool:
        return self._directory.is_enabled(app_key)

    def signing_keys(self) -> Sequence[SigningKey]:
        self._trouble.check()
        self.key_reads += 1
        return self._directory.signing_keys()


class NotingIntake:
    """The `CallIntake` port. `taken`: how many of the next serials are told to be taken."""

    def __init__(self, intake: CallIntake, trouble: Trouble) -> None:
        self._intake = intake
        self._trouble = trouble
        self.intents: list[Intent] = []
        self.taken = 0

    async def place(self, intent: Intent) -> Placed | Refused:
        self._trouble.check()
        self.intents.append(intent)
        if self.taken:
            self.taken -= 1
            raise SerialTaken
        return await self._intake.place(intent)

    async def request_hangup(self, serial: int, *, at: int) -> None:
        await self._intake.request_hangup(serial, at=at)


class NotingReader:
    """The `CallReader` port."""

    def __init__(self, reader: CallReader, trouble: Trouble) -> None:
        self._reader = reader
        self._trouble = trouble

    def status(self, serial: int, tenant_id: str) -> CallStatus | None:
        self._trouble.check()
        return self._reader.status(serial, tenant_id)

    def call(self, serial: int) -> Call | None:
        return self._reader.call(serial)
