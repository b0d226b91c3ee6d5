"""twoleg: a self-hosted server for two-way calls.

Ring the agent, then the customer, connect the two, and always know what state call N is in and why it ended.
Only the version lives here; everything that runs starts in ``twoleg.cli`` and is put together in ``twoleg.bootstrap``.
"""

__version__ = "0.1.0"
