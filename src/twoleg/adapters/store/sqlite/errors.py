"""What can be wrong with a store before it is open; the message is one clear line for the operator."""

from __future__ import annotations

from twoleg.application.errors import ApplicationError


class UnusableStore(ApplicationError):
    """The store cannot be opened: wrong address, no such folder, no SQLite file, made by a newer release, damaged."""
