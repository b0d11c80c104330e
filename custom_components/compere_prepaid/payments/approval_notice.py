"""Says in Home Assistant that something waits for a second person at the cash desk."""

from datetime import datetime
import json
from typing import TYPE_CHECKING

from .. import issues

if TYPE_CHECKING:
    from ..site import CompereSite


class ApprovalNotice:
    """Keeps one repair issue as long as anything waits."""

    def __init__(self, site: CompereSite) -> None:
        """Serve a site."""
        self._site = site
        self._next: datetime | None = None
        """When the first of what waits expires."""

    async def async_refresh(self) -> None:
        """Look what waits, and say so."""
        site = self._site
        waiting = await site.approvals.waiting()
        self._next = min((site.approvals.expires_at(one) for one in waiting), default=None)
        if not waiting:
            issues.clear(site, issues.APPROVAL_WAITS, "")
            return
        oldest = waiting[0]
        issues.raise_approval_waits(
            site,
            count=len(waiting),
            user=site.user_names.of(oldest.asked_by),
            amount=f"{json.loads(oldest.content)['amount']} {site.currency.code}",
        )

    async def async_on_clock(self) -> None:
        """Take back what has expired."""
        if self._next is not None and self._site.clock.now() >= self._next:
            await self.async_refresh()
