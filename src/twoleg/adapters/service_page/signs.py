"""The signs of life of the engine, as they stand on the page."""

from __future__ import annotations

from twoleg.adapters.service_page.page import SharedPage
from twoleg.application.figures import Signs


class PageSigns:
    """The `SignReader`."""

    def __init__(self, page: SharedPage) -> None:
        self._page = page

    def __call__(self) -> Signs:
        """See `SignReader`."""
        page = self._page
        return Signs(
            mode=page.mode.name.lower(),
            silence=page.silence,
            delay=page.delay,
            calls_per_second=page.calls_per_second,
        )
