"""The site's options, a page a topic: each page keeps what the others have."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult

from .cash_desk import CashDeskStep
from .cashiers import CashierStep
from .month_end import MonthEndStep
from .notifications import NotificationStep
from .portal import PortalStep
from .reconnection import ReconnectionStep

PAGES = ("cashiers", "cash_desk", "month_end", "notifications", "portal", "reconnection")
"""The steps that the menu offers; each belongs to a class from which the flow is made."""


class SiteOptionsFlow(
    CashierStep, CashDeskStep, MonthEndStep, NotificationStep, PortalStep, ReconnectionStep
):
    """Offer the pages."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be changed."""
        return self.async_show_menu(step_id="init", menu_options=list(PAGES))
