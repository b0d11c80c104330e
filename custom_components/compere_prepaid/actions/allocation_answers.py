"""What the actions about allocation answer: runs with their pools, shares and arithmetic."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..account_view import exact_text, local_iso
from ..core.allocation.explaining import explanation, missing_text, note_text, reckoning
from ..core.allocation.inputs import CostLine, PoolResult, ShareLine
from ..core.allocation.pool import Pool
from ..core.allocation.runs import Worked
from ..core.allocation.wording import words_of
from ..core.allocation.working import Share, tax_of
from ..core.document_section import number_text
from ..core.ledger.allocation_rows import RunHead
from ..core.money.amount import Amount, Currency, Price
from ..core.tariff.percent import percent
from ..core.value.neither import Neither
from ..core.value.selling import Selling, selling_figures
from ..site import CompereSite
from ..value.wording import shown

FEW = 100
"""The lines of no more accounts are in an answer that nobody asked to be longer."""


def head_answer(site: CompereSite, head: RunHead) -> dict[str, Any]:
    """Return where a run stands, and who took which step."""
    return {
        "run": head.id,
        "since": head.since.isoformat(),
        "until": head.until.isoformat(),
        "state": head.state.value,
        "time": local_iso(site, head.at),
        "user": site.user_names.of(head.user),
        "steps": [
            {
                "step": step.step.value,
                "time": local_iso(site, step.at),
                "user": site.user_names.of(step.user),
                "reason": step.reason,
            }
            for step in head.steps
        ],
    }


def run_answer(
    worked: Worked,
    currency: Currency,
    language: str,
    *,
    lines: bool | None,
    only: Collection[str] = (),
) -> dict[str, Any]:
    """Return what a run came to. Slow for many.

    `lines` says whether with the lines of the accounts; None leaves it to how many those are.
    """
    shown = [account for account in worked.shares if not only or account in only]
    with_lines = len(shown) <= FEW if lines is None else lines
    words, days = words_of(language), (worked.inputs.until - worked.inputs.since).days
    pools = worked.pools

    def line_answer(line: ShareLine) -> dict[str, Any]:
        text = explanation(line, period_days=days, currency=currency, words=words)
        return {
            "pool": line.pool,
            "kind": pools[line.pool].kind.value,
            "basis": None if line.basis is None else line.basis.value,
            "amount": exact_text(currency, line.amount),
            "weight": line.weight,
            "total": line.total,
            "cost": exact_text(currency, line.cost),
            "days": line.days,
            "why": line.why.value,
            "explanation": text,
        }

    def account_answer(share: Share) -> dict[str, Any]:
        tax = tax_of(share.nets)
        found = {
            "amount": exact_text(currency, share.amount),
            "tax": f"{currency.rounded(tax):f}",
            "total": f"{currency.rounded(Amount(share.amount + tax)):f}",
        }
        return found | ({"lines": [line_answer(x) for x in share.lines]} if with_lines else {})

    return {
        "owner": worked.inputs.owner,
        "currency": currency.code,
        "pools": [
            _pool_answer(result, pools[result.pool], currency, words) for result in worked.results
        ],
        "accounts": {account: account_answer(worked.shares[account]) for account in shown},
        "notes": list(_notes(worked, language)),
    }


def _pool_answer(
    result: PoolResult, pool: Pool, currency: Currency, words: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "pool": result.pool,
        "kind": pool.kind.value,
        "cost": exact_text(currency, result.cost),
        "variable": exact_text(currency, result.variable),
        "fixed": exact_text(currency, result.fixed),
        "split": exact_text(currency, result.split),
        "tenants": exact_text(currency, result.tenants),
        "owner": exact_text(currency, result.owner),
        "tax": {"percent": number_text(percent(pool.tax_ppm)), "included": pool.tax_included},
        "gross_up": reckoning(result, currency=currency, words=words),
        "costs": [_cost_answer(line, currency) for line in result.lines],
    }


def _cost_answer(line: CostLine, currency: Currency) -> dict[str, Any]:
    detail = dict(line.detail)
    if (price := detail.get("price")) is not None:
        detail["price"] = f"{currency.exact_price(Price(int(price))):f}"
    return {
        "name": line.name,
        "amount": exact_text(currency, line.amount),
        "fixed": line.fixed,
        **detail,
    }


def _notes(worked: Worked, language: str) -> Iterator[dict[str, str]]:
    """Yield what people should know of the pools, in words."""
    words = words_of(language)
    for pool, costs in worked.inputs.costs.items():
        for line in costs:
            if (text := missing_text(line, words)) is not None:
                yield {"pool": pool, "note": str(line.detail["missing"]), "text": text}
    for result in worked.results:
        for note in result.notes:
            kind = note.partition(":")[0]
            yield {"pool": result.pool, "note": kind, "text": note_text(note, words)}


def selling_answer(site: CompereSite, selling: Selling, neither: Neither) -> dict[str, Any]:
    """Return what electricity was sold and bought for, with tax; prices are per kWh.

    `difference` is what was charged above the purchase of the energy that was sold. `neither` are
    the Wh of meters that are neither charged to tenants nor in a pool.
    """
    currency = site.currency
    figures = {one.name: one for one in selling_figures(selling, currency)}
    return {
        "sold_wh": selling.sold.energy_wh,
        "sold": exact_text(currency, selling.sold.amount),
        "sold_price": shown(figures["sold_price"], currency.digits),
        "bought_wh": selling.bought.energy_wh,
        "bought": exact_text(currency, selling.bought.amount),
        "bought_price": shown(figures["bought_price"], currency.digits),
        "difference": shown(figures["markup_money"], currency.digits),
        "bill_days": selling.bill_days,
        "days": selling.period.days,
        "neither": dict(neither),
    }
