"""The store in one SQLite file: WAL, every commit on the disk before it is acknowledged.

`open_store` is the way in; see store.py.
"""

from twoleg.adapters.store.sqlite.errors import UnusableStore
from twoleg.adapters.store.sqlite.store import SqliteStore, open_store

__all__ = ["SqliteStore", "UnusableStore", "open_store"]
