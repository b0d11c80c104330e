"""What somebody would have done at the end of last month: bills entered, shared costs worked out.

And so that something happens soon, the shops that the simulator wants to be short of credit get
there: a correction of their balance, as an administrator books one.
"""

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
import time

from custom_components.compere_prepaid.core.prepayment.calendar import month_before
from simulator.site_file import OFF, TRIPS_SOON, WARNED, WARNS_SOON

from .errors import DemoError
from .home_assistant import POLL_S, Client
from .site_setup import SiteDocument

CUT_LIMIT_S = 60.0
BILLS: tuple[Mapping[str, object], ...] = (
    {
        "supplier": "Swift Lifts",
        "number": "SL-4471",
        "name": "Lift maintenance",
        "amount": "3600",
        "fixed": True,
    },
    {"supplier": "Polar Service", "number": "2207", "name": "Chiller service", "amount": "1450.50"},
    {
        "supplier": "Bright & Clean",
        "number": "BC-118",
        "name": "Cleaning",
        "amount": "5200",
        "fixed": True,
    },
)
GRID_PRICE = Decimal("0.612")


async def close_last_month(client: Client, today: date, bought_wh: int) -> str:
    """Enter last month's bills and work out what it cost; return the run that waits for approval.

    `bought_wh` is what the main meter counted in that month.
    """
    month = f"{month_before(today.replace(day=1)):%Y-%m}"
    bought = Decimal(bought_wh) / 1000
    purchase = {
        "supplier": "Grid company",
        "number": f"G-{month}",
        "name": "Purchase of electricity",
        "amount": str(round(bought * GRID_PRICE, 2)),
        "energy": str(bought),
    }
    for bill in (*BILLS, purchase):
        await client.action("enter_bill", month=month, **bill)
    run = await client.action("allocate", month=month, lines=False)
    return str(run["run"])


async def let_something_happen(client: Client, document: SiteDocument) -> None:
    """Bring some shops to the balance that they have in the site file, and see one cut off."""
    wanted = {
        str(account["number"]): Decimal(str(account["opening_balance"]))
        for account in document.data["accounts"]
    }
    for number in (OFF, WARNED, WARNS_SOON, TRIPS_SOON):
        account = await client.action("get_account", account=number)
        amount = wanted[number] - Decimal(account["balance"])
        await client.action(
            "adjust_balance", account=number, amount=str(amount), reason="For the demonstration"
        )
    end = time.monotonic() + CUT_LIMIT_S
    while (await client.action("get_account", account=OFF))["supply_state"] != "off":
        if time.monotonic() > end:
            raise DemoError(f"{OFF} has no credit, but still power after {CUT_LIMIT_S:.0f} s.")
        await asyncio.sleep(POLL_S)
