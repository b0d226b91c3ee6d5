"""What a use case can answer besides its result. Each says who is at fault."""

from __future__ import annotations


class ApplicationError(Exception):
    """Base of all errors of the application."""


class StoreUnavailable(ApplicationError):
    """The store cannot take the change now (disk full, locked, read-only): nothing was acknowledged. Retry later."""


class IdempotencyConflict(ApplicationError):
    """The same Idempotency-Key came before, within 24 h, with another body. The client's fault."""


class SerialTaken(ApplicationError):
    """A freshly drawn serial exists already; draw another."""


class TokenRejected(ApplicationError):
    """A bearer token that does not open the door; the message is the plain reason for the client."""


class CredentialsRejected(ApplicationError):
    """Unknown app key or wrong secret; deliberately not said which."""


class NotFound(ApplicationError):
    """No such tenant, app or call for this asker."""
