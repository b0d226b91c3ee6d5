"""Why a service cannot run, as one line for the person who started it."""

from __future__ import annotations


class ServiceError(Exception):
    """The service cannot start or go on; the message is one clear line that names the thing at fault."""
