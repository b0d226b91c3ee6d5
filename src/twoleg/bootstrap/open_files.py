"""How many files and connections this process may have open: shells mostly allow 1024 where the system allows more."""

from __future__ import annotations

import resource

_ENOUGH = 65_536
"""Several times what the HTTP server takes (`api.protocol.MOST_CONNECTIONS`)."""


def allow_many_files() -> int:
    """Raise the soft limit as far as the hard one and need go; answers the limit that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
