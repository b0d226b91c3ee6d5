"""Everything that decides who gets in: tokens, secrets, and the two faces' doors over them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from twoleg.api.native.door import Door
from twoleg.application.check_credentials import CheckCredentials
from twoleg.application.check_token import CheckToken
from twoleg.application.issue_token import IssueToken
from twoleg.application.lockout import Lockout
from twoleg.application.ports import Clock, Directory, Entropy, SecretHasher
from twoleg.application.request_rate import RequestRate
from twoleg.application.verify_secret import VerifySecret

LOGIN_THREADS = 2
"""Cores that logins may take at most; each verification also holds 19 MiB (adapters/secrets.py)."""


@dataclass(frozen=True, slots=True)
class Doors:
    """One set for each process."""

    issue_token: IssueToken
    check_token: CheckToken
    native: Door


def make_doors(*, directory: Directory, hasher: SecretHasher, entropy: Entropy, clock: Clock) -> Doors:
    """Hashes one secret, so takes some 20 ms."""
    threads = ThreadPoolExecutor(LOGIN_THREADS, thread_name_prefix="login")
    lockout, rate = Lockout(clock), RequestRate(clock)
    verify = VerifySecret(directory=directory, hasher=hasher, entropy=entropy, threads=threads, lockout=lockout)
    check_token = CheckToken(directory=directory, clock=clock, rate=rate)
    check_credentials = CheckCredentials(verify=verify, directory=directory, clock=clock, entropy=entropy, rate=rate)
    return Doors(
        issue_token=IssueToken(verify=verify, directory=directory, clock=clock),
        check_token=check_token,
        native=Door(check_token=check_token, check_credentials=check_credentials),
    )
