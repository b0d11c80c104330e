"""A pool as people write it, and as the ledger keeps it.

Both have the same form (that of the site file); the ledger's is canonical JSON with exact decimals
as text, so that one pool has one text.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
import json
from typing import Any

from ..document_section import Section, number_text, read_whole
from ..document_versions import DayVersion
from ..documents import Document as WrittenDocument
from ..errors import InvalidInputError
from ..ledger.records import Document
from ..money.amount import Amount, Currency
from ..tariff.document import TARIFF_SCHEMA
from ..tariff.percent import percent, read_percent
from ..tariff.tax import PPM
from .document_costs import cost_data, read_costs
from .document_splits import read_splits, splits_data
from .document_terms import (
    exclusion_data,
    limit_data,
    members_data,
    read_exclusions,
    read_limits,
    read_members,
)
from .pool import Pool, PoolKind

POOL = "pool"

POOL_SCHEMA: Mapping[str, Any] = {**TARIFF_SCHEMA, "$ref": "#/$defs/pool"}


def read_pool(section: Section, currency: Currency) -> Pool | None:
    """Read a pool out of a document; None if anything is wrong, which is reported then."""
    if not isinstance(section.value, Mapping):
        return None
    before = len(section.findings.meaning)
    data, ended = section.value, section.value.get("ended") is True
    costs = read_costs(section, currency)
    splits = read_splits(section)
    if not ended and "costs" not in data:
        section.fault("'costs' is missing")
    exclusions = read_exclusions(section, currency)
    caps, floors = read_limits(section, currency)
    gross_up = section.part("gross_up")
    gross_up_ppm = read_percent(gross_up, least=1, most=PPM) if gross_up else None
    tax_ppm = _read_tax(section.group("tax"))
    unit = _read_unit(section.part("unit"), currency)
    if not section.sound or len(section.findings.meaning) > before:
        return None
    return Pool(
        name=data["name"],
        valid_from=date.fromisoformat(data["valid_from"]),
        revision=data.get("revision", 1),
        kind=PoolKind(data.get("kind", PoolKind.SERVICE)),
        costs=costs,
        splits=splits,
        members=read_members(section.group("include")),
        left_out=read_members(section.group("leave_out")),
        exclusions=exclusions,
        gross_up_ppm=gross_up_ppm,
        caps=caps,
        floors=floors,
        redistribute=data.get("redistribute", False),
        tax_ppm=tax_ppm,
        tax_included=bool(tax_ppm) and data["tax"]["included"],
        unit=unit,
        ended=ended,
    )


def _read_tax(section: Section) -> int:
    part = section.part("percent")
    ppm = (read_percent(part, most=PPM) if part else 0) or 0
    if ppm and "included" not in section.value:
        section.fault(
            "does not say whether the costs contain the tax: add 'included: true' or "
            "'included: false'"
        )
    return ppm


def _read_unit(section: Section | None, currency: Currency) -> Amount | None:
    unit = section.money(currency.parse) if section else None
    if section and unit is not None and unit <= 0:
        section.fault("must be more than 0: what shares are whole multiples of, like 0.01")
    return unit


def pool_from(document: WrittenDocument, currency: Currency, *, file: str) -> Pool:
    """Read a pool alone, in the site file's form. Raises `DocumentError`."""
    return read_whole(document, POOL_SCHEMA, lambda part: read_pool(part, currency), file=file)


def pool_data(pool: Pool, currency: Currency) -> dict[str, Any]:
    """Return a pool in the site file's form, numbers as `Decimal`; what is not used is left out.

    The text of a pool must never change: a ledger that has it would take it for another one.
    """
    data: dict[str, Any] = {"name": pool.name, "valid_from": pool.valid_from.isoformat()}
    if pool.revision > 1:
        data["revision"] = pool.revision
    if pool.ended:
        data["ended"] = True
    data["kind"] = str(pool.kind)
    if pool.costs:
        data["costs"] = [cost_data(cost, currency) for cost in pool.costs]
    data |= splits_data(pool.splits)
    parts: dict[str, Any] = {
        "include": members_data(pool.members),
        "leave_out": members_data(pool.left_out),
        "exclusions": [exclusion_data(one, currency) for one in pool.exclusions],
        "gross_up": None if pool.gross_up_ppm is None else percent(pool.gross_up_ppm),
        "caps": [limit_data(limit, currency) for limit in pool.caps],
        "floors": [limit_data(limit, currency) for limit in pool.floors],
        "redistribute": pool.redistribute,
        "tax": pool.tax_ppm and {"percent": percent(pool.tax_ppm), "included": pool.tax_included},
        "unit": None if pool.unit is None else currency.exact(pool.unit),
    }
    return data | {key: part for key, part in parts.items() if part}


def pool_content(pool: Pool, currency: Currency) -> str:
    """Return a pool as canonical JSON: the same pool has the same text, always."""
    data = {"currency": currency.code, **pool_data(pool, currency)}
    return json.dumps(
        data, default=number_text, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


@lru_cache(maxsize=4096)
def pool_of(content: str, currency: Currency) -> Pool:
    """Return the pool that `pool_content` wrote. About a millisecond for one not read before.

    Raises `DocumentError`, and `InvalidInputError` (`pool_currency_differs`) for the text of
    another book.
    """
    data = json.loads(content)
    if (code := data.pop("currency", None)) != currency.code:
        raise InvalidInputError(
            "pool_currency_differs", pool=data.get("name"), currency=code, book=currency.code
        )
    document = WrittenDocument(data=data, lines={})
    return pool_from(document, currency, file=str(data.get("name", POOL)))


def pool_document(pool: Pool, currency: Currency) -> Document:
    """Return a pool as the ledger keeps it."""
    return Document(
        kind=POOL,
        name=pool.name,
        version=str(DayVersion(pool.valid_from, pool.revision)),
        content=pool_content(pool, currency),
    )
