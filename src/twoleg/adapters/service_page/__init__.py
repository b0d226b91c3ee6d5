"""What the processes of one service know of each other without asking: a page of shared memory, and a gate by it."""

from twoleg.adapters.service_page.gate import PageGate
from twoleg.adapters.service_page.page import Mode, SharedPage
from twoleg.adapters.service_page.signs import PageSigns

__all__ = ["Mode", "PageGate", "PageSigns", "SharedPage"]
