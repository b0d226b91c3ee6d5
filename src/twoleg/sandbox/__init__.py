"""The carrier in the box: SIP phones with numbers of fixed behaviour, reached over real UDP like any trunk.

* `behaviour`, `numbers`: what phones can be told to do, and which number does what, also for the README;
* `phone`: one call to one phone, as a clockwork without a clock;
* `media`, `doorkeeper`: what a phone says about its media, and how it asks for a password;
* `exchange`: the phones and the SIP user agent together, still without I/O;
* `run`: the exchange on a socket; the only room here that knows a loop.
"""

from twoleg.sandbox.numbers import numbers_markdown, numbers_table
from twoleg.sandbox.run import run_sandbox

__all__ = ["numbers_markdown", "numbers_table", "run_sandbox"]
