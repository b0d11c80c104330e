"""A statement as plain data, as actions answer it and the ledger keeps it."""

from collections.abc import Mapping
from datetime import datetime
import json
from typing import Any
from zoneinfo import ZoneInfo

from ..money.amount import Currency
from .statement import Statement, StatementLine


def statement_data(statement: Statement, currency: Currency, zone: ZoneInfo) -> dict[str, Any]:
    """Return a statement as plain data: money as exact decimal text, times in the site's zone."""

    def moment(at: datetime) -> str:
        return at.astimezone(zone).isoformat()

    def line_data(line: StatementLine) -> dict[str, Any]:
        data: dict[str, Any] = {
            "kind": line.code.value,
            "amount": f"{currency.exact(line.amount):f}",
            "shown": f"{line.shown:f}",
            "at": moment(line.at),
            "count": line.count,
        }
        texts = {
            "item": line.item,
            "transfer": line.transfer,
            "reason": line.reason,
            "user": line.user,
        }
        data |= {key: text for key, text in texts.items() if text}
        if (energy := line.energy) is not None:
            data |= {
                "meter": energy.meter,
                "generation": energy.generation,
                "from_wh": energy.from_wh,
                "to_wh": energy.to_wh,
                "energy_wh": energy.energy_wh,
                "from": moment(energy.from_at),
                "to": moment(energy.to_at),
                "tariff": energy.tariff,
                "valid_from": energy.valid_from,
                "revision": energy.revision,
                "period": energy.period,
                "tier": energy.tier,
                "price": f"{currency.exact_price(energy.price):f}",
                "estimated": energy.estimated,
            }
        return data

    return {
        "account": statement.account,
        "name": statement.name,
        "currency": currency.code,
        "since": moment(statement.since),
        "until": moment(statement.until),
        "anchor": statement.anchor,
        "funds": {
            part.fund.value: {
                "opening": f"{currency.exact(part.opening):f}",
                "closing": f"{currency.exact(part.closing):f}",
                "opening_shown": f"{part.opening_shown:f}",
                "closing_shown": f"{part.closing_shown:f}",
                "lines": [line_data(line) for line in part.lines],
            }
            for part in statement.funds
        },
    }


def statement_text(data: Mapping[str, Any]) -> str:
    """Return a statement's data as canonical JSON, as the ledger keeps it."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
