"""For how much more than it was bought electricity was sold, last month."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from homeassistant.components.sensor import SensorStateClass

from ..core.value.figure import Figure
from ..core.value.selling import selling_figures
from ..site import CompereSite
from .money import SiteSensorDescription
from .trimmed import trimmed

_DIGITS = Decimal("0.0001")


def _figures(site: CompereSite) -> dict[str, Figure]:
    selling = site.markup.selling
    if selling is None:
        return {}
    return {one.name: one for one in selling_figures(selling, site.currency)}


def _rounded(figure: Figure | None) -> Decimal | None:
    if figure is None or figure.value is None:
        return None
    return trimmed(figure.value.quantize(_DIGITS, rounding=ROUND_HALF_UP))


def _beside(site: CompereSite) -> dict[str, Any]:
    """Say which month it is, and both prices."""
    figures, selling = _figures(site), site.markup.selling
    prices = {name: _rounded(figures.get(name)) for name in ("sold_price", "bought_price")}
    return {
        "month": None if selling is None else selling.period.name,
        **{name: None if price is None else float(price) for name, price in prices.items()},
    }


MARKUP = SiteSensorDescription(
    key="markup_last_month",
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=4,
    is_price=True,
    value_fn=lambda site: _rounded(_figures(site).get("markup_per_kwh")),
    attributes_fn=_beside,
)
