"""The canonical text of a charge, which its transfer carries as `detail`.

The hash chain over the money then also covers what the money was for: meter, generation, account
and amount are in the transfer's own fields, the rest is here. The text is plain enough for a
database to put together from the charge's columns, so that an audit of millions is one query.
"""

from .chain import microseconds
from .records import Charge


def charge_detail(charge: Charge) -> str:
    """Return what a charge's transfer does not say itself.

    Numbers first, then the tariff's name behind its length, then the period: no two charges share
    one text.
    """
    return (
        f"{charge.from_wh}|{charge.to_wh}|{microseconds(charge.from_at)}|"
        f"{microseconds(charge.to_at)}|{charge.tariff_valid_from.isoformat()}|{charge.revision}|"
        f"{charge.tier}|{charge.price}|{int(charge.estimated)}|"
        f"{len(charge.tariff)}|{charge.tariff}|{charge.period}"
    )
