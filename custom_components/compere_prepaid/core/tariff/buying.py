"""How much energy an amount of money buys: rating turned round."""

from bisect import bisect_right
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..money.amount import ZERO, Amount, Price, energy_cost
from .model import Tariff, Used
from .rating import counted
from .schedule import stretch_at
from .tax import PPM, tax_on


class Bought(NamedTuple):
    """Energy of one tier, and what it costs with its tax."""

    tier: int
    wh: int
    price: Price
    """Per kWh, without the tax that comes on top."""
    amount: Amount


def buys(
    tariff: Tariff, amount: Amount, *, at: datetime, zone: ZoneInfo, used: Used
) -> tuple[Bought, ...]:
    """Return what an amount buys at the period in force, tier by tier, to the full Wh.

    What is left buys no further Wh. Fees are not looked at. Raises `InvalidInputError`:
    `tariff_not_in_force`, and `energy_is_free` where a price of 0 never ends.
    """
    stretch = stretch_at(tariff, at, zone)
    ppm, reached = stretch.tax_ppm, counted(stretch, used)
    budget, net = net_within(amount, ppm), ZERO
    bought: list[Bought] = []
    for tier in range(bisect_right(stretch.bounds, reached), len(stretch.prices)):
        price = stretch.prices[tier]
        room = stretch.bounds[tier] - reached if tier < len(stretch.bounds) else None
        if not price and room is None:
            raise InvalidInputError("energy_is_free", tariff=tariff.name, period=stretch.period)
        affordable = (budget - net) // price if price else room
        wh = min(limit for limit in (affordable, room) if limit is not None)
        if wh <= 0:
            break
        after = Amount(net + energy_cost(wh, price))
        cost = Amount(after + tax_on(after, ppm) - net - tax_on(net, ppm))
        bought.append(Bought(tier + 1, wh, price, cost))
        reached, net = reached + wh, after
        if wh != room:
            break
    return tuple(bought)


def net_within(gross: Amount, ppm: int) -> Amount:
    """Return the largest net amount that is no more than `gross` with its tax."""
    net = gross * PPM // (PPM + ppm)
    while net + 1 + tax_on(Amount(net + 1), ppm) <= gross:
        net += 1
    return Amount(net)
