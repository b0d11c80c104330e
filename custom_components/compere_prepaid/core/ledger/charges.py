"""The canonical text of a charge, which its transfer carries as `detail`.

The hash chain over the money then also covers what the money was for: meter, generation, account
and amount are in the transfer's own fields, the rest is here.
"""

import json

from .chain import microseconds
from .records import Charge


def charge_detail(charge: Charge) -> str:
    """Return what a charge's transfer does not say itself, as canonical JSON."""
    return json.dumps(
        {
            "from_wh": charge.from_wh,
            "to_wh": charge.to_wh,
            "from_at": microseconds(charge.from_at),
            "to_at": microseconds(charge.to_at),
            "tariff": charge.tariff,
            "valid_from": charge.tariff_valid_from.isoformat(),
            "period": charge.period,
            "tier": charge.tier,
            "price": charge.price,
            "estimated": charge.estimated,
        },
        sort_keys=True,
        separators=(",", ":"),
    )
