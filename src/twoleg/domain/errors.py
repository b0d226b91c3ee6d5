"""What can be wrong with a use of the domain; every error names its call and the thing at fault."""

from __future__ import annotations


class DomainError(Exception):
    """Base of all errors the domain raises."""


class ImpossibleSignal(DomainError):
    """A signal that cannot occur in the call's phase: the sender broke its contract.

    The conductor answers it by ending that one call with `Faulted`; it is never swallowed.
    """


class NoRoute(DomainError):
    """No configured trunk has a prefix that matches the number."""
