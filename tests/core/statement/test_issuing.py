"""Statements of months: each once, joined to the ones before, corrected by new ones."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import IssuedStatement, Tenancy
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import TransferCode
from custom_components.compere_prepaid.core.prepayment.calendar import day_start
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from custom_components.compere_prepaid.core.statement.data import statement_data, statement_text
from custom_components.compere_prepaid.core.statement.issuing import (
    SINCE_LAST,
    Asked,
    next_span,
    plans,
    statement_maker,
)
from custom_components.compere_prepaid.core.statement.model import Statement
from tests.core.prepayment.desk import CNY, METER, OTHER, SHOP, ZONE, Desk, money

MARCH, APRIL, MAY, JUNE = (date(2026, month, 1) for month in range(3, 7))
FLAT = {
    "name": "Taxed",
    "valid_from": "2025-01-01",
    "prices": {"flat": 1},
    "schedule": [{"slots": {"00:00": "flat"}}],
    "tax": {"percent": 10, "included": False},
}

FREE = {**FLAT, "name": "Free", "prices": {"flat": 0}}


@pytest.fixture
async def shop(desk: Desk) -> AsyncIterator[Desk]:
    """Let a shop use 10 kWh in March and 20 kWh in April, at 1 a kWh and 10 % tax."""
    await desk.write(FLAT, {**FLAT, "valid_from": "2026-05-01"})
    await desk.shop("1000", rates="Taxed")
    await desk.read(0)
    await _read_at(desk, APRIL, 10_000)
    yield desk
    await desk.verified()


async def _read_at(desk: Desk, day: date, wh: int, hours: int = 0) -> None:
    desk.clock.time = day_start(day, ZONE)
    desk.clock.forward(hours=hours)
    await desk.read(wh)
    await desk.charging.settle_all("test")


async def issue(desk: Desk, asked: Asked = SINCE_LAST) -> dict[str, Any]:
    """Issue the shop's statement; return what it says, and its number."""
    row = (await desk.moves.issue_statements([SHOP], "anna", asked))[SHOP]
    content: dict[str, Any] = json.loads(row.content)
    return content | {"number": row.number}


def amounts(content: dict[str, Any], fund: str = "electricity") -> list[tuple[str, str]]:
    """Return the lines of a fund as kinds and amounts that people see."""
    return [(line["kind"], line["shown"]) for line in content["funds"][fund]["lines"]]


async def test_a_month_is_issued_once(shop: Desk) -> None:
    """It ends with the month, whenever it is issued; what came after is on the next one."""
    await _read_at(shop, MAY, 30_000)
    first = await issue(shop, Asked(month=MARCH))
    assert (first["number"], first["period"], first["until"][:10]) == (1, "2026-03", "2026-04-01")
    assert amounts(first) == [("charge", "-10.00"), ("tax", "-1.00"), ("opening", "1000.00")]
    assert await issue(shop, Asked(month=MARCH)) == first
    second = await issue(shop, Asked(month=APRIL))
    assert amounts(second) == [("charge", "-20.00"), ("tax", "-2.00")]
    fund = second["funds"]["electricity"]
    assert (fund["opening_shown"], fund["closing_shown"]) == ("989.00", "967.00")
    assert fund["groups"] == [
        {"group": "energy", "amount": "-20.000000000", "shown": "-20.00"},
        {"group": "taxes", "amount": "-2.000000000", "shown": "-2.00"},
    ]
    rows = await shop.ledger.read(lambda tx: tx.rows(IssuedStatement, account=SHOP))
    assert [row.number for row in rows] == [1, 2]


async def test_what_a_month_says_besides(shop: Desk) -> None:
    """Taxes with what they are on, readings, comparison and what is drawn."""
    await issue(shop, Asked(month=MARCH))
    await _read_at(shop, MAY, 30_000)
    april = await issue(shop, Asked(month=APRIL))
    assert april["taxes"] == [
        {
            "fund": "electricity",
            "ppm": 100_000,
            "included": False,
            "base": "20.000000000",
            "base_shown": "20.00",
            "tax": "2.000000000",
            "tax_shown": "2.00",
        }
    ]
    [reading] = april["readings"]
    assert (reading["from_wh"], reading["to_wh"], reading["energy_wh"]) == (10_000, 30_000, 20_000)
    compared = april["comparison"]
    assert (compared["this"]["energy_wh"], compared["this"]["cost_shown"]) == (20_000, "22.00")
    assert (compared["this"]["days"], compared["this"]["energy_wh_per_day"]) == (30, 667)
    assert (compared["last"]["energy_wh"], compared["last"]["cost_shown"]) == (10_000, "11.00")
    assert compared["last"]["days"] == 30  # it moved in on the second of March
    assert compared["year"] is None
    chart = april["chart"]
    assert [each["energy_wh"] for each in chart["months"]] == [None] * 11 + [10_000, 20_000]
    assert len(chart["days"]) == 30
    assert sum(each["energy_wh"] for each in chart["days"]) == 20_000


async def test_late_energy_is_told_as_late(shop: Desk) -> None:
    """A meter that was silent over the month's end: what it used is on the next statement."""
    shop.clock.time = day_start(MAY, ZONE)
    april = await issue(shop, Asked(month=APRIL))
    assert amounts(april) == []
    assert april["funds"]["electricity"]["opening_shown"] == "989.00"  # of March, not issued
    shop.clock.time = day_start(date(2026, 5, 11), ZONE)
    await shop.read(50_000)
    since = await issue(shop)
    late = [line.get("late", False) for line in since["funds"]["electricity"]["lines"]]
    assert late == [True, False, False]
    assert amounts(since) == [("charge", "-30.00"), ("charge", "-10.00"), ("tax", "-4.00")]
    assert since["funds"]["electricity"]["opening"] == april["funds"]["electricity"]["closing"]


async def test_correcting_a_month(shop: Desk) -> None:
    """A new statement in place of the old one, which stays as it was; once for a change."""
    shop.clock.time = day_start(MAY, ZONE)
    await issue(shop, Asked(month=MARCH))
    april = await issue(shop, Asked(month=APRIL))
    again = Asked(month=APRIL, correct=True)
    assert await issue(shop, again) == april  # nothing has changed
    await _read_at(shop, date(2026, 5, 11), 50_000)
    corrected = await issue(shop, again)
    assert (corrected["number"], corrected["corrects"], corrected["period"]) == (3, 2, "2026-04")
    assert amounts(corrected) == [("charge", "-30.00"), ("tax", "-3.00")]
    assert await issue(shop, Asked(month=APRIL)) == corrected
    assert await issue(shop, again) == corrected
    after = await issue(shop)
    assert amounts(after) == [("charge", "-10.00"), ("tax", "-1.00")]
    assert after["funds"]["electricity"]["opening"] == corrected["funds"]["electricity"]["closing"]
    with pytest.raises(InvalidInputError, match="statement_followed"):
        await issue(shop, again)


async def test_rating_again_is_told_with_what_it_corrects(shop: Desk) -> None:
    """What stood before, what stands now, and the statements that it was on."""
    await issue(shop, Asked(month=MARCH))
    for revision, price in ((2, "0.5"), (3, "0.8")):
        await shop.write({**FLAT, "prices": {"flat": Decimal(price)}, "revision": revision})
        request = RerateRequest(
            run=f"run {revision}",
            since=day_start(MARCH, ZONE),
            until=day_start(APRIL, ZONE),
            reason="wrong price",
            user="anna",
        )
        await shop.rerater.rerate(SHOP, request)
    told = await issue(shop)
    assert amounts(told) == [("correction", "5.00"), ("correction", "-3.00"), ("tax", "0.20")]
    first, second, tax = told["funds"]["electricity"]["lines"]
    assert tax["base"] == "-2.000000000"
    for line, before, after in ((first, "10", "5"), (second, "5", "8")):
        correction = line["correction"]
        assert correction["statements"] == [1]
        for parts, amount in (("before", before), ("after", after)):
            [part] = correction[parts]
            assert part["energy_wh"] == 10_000
            assert Decimal(part["amount"]) == Decimal(amount)
            assert part["price"] == f"{CNY.exact(money(amount)) / 10:.6f}"


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("statement_month_open", Asked(month=APRIL)),
        ("statement_missing", Asked(month=MARCH, correct=True)),
        ("statement_too_late", Asked(month=date(2026, 2, 1))),
    ],
)
async def test_what_cannot_be_issued(shop: Desk, key: str, asked: Asked) -> None:
    """Each is refused, and nothing is issued."""
    with pytest.raises(InvalidInputError, match=key):
        await issue(shop, asked)
    assert await shop.ledger.read(lambda tx: tx.last(IssuedStatement, account=SHOP)) is None


async def test_a_month_that_stands_on_other_statements(shop: Desk) -> None:
    """It is not told twice."""
    await issue(shop)
    with pytest.raises(InvalidInputError, match="statement_told"):
        await issue(shop, Asked(month=MARCH))


async def test_who_moved_out_keeps_its_statements(shop: Desk) -> None:
    """The month's statement can be asked for again; there is no new one."""
    issued = await issue(shop, Asked(month=MARCH))
    shop.clock.forward(days=31)
    await shop.read(20_000, METER)
    await shop.moves.move_out(SHOP, user="anna")
    assert await issue(shop, Asked(month=MARCH)) == issued
    with pytest.raises(InvalidInputError, match="statement_told"):
        await issue(shop, Asked(month=APRIL))
    with pytest.raises(InvalidInputError, match="account_closed"):
        await issue(shop)


_NEW_KEYS = frozenset({"form", "readings", "taxes", "debts", "comparison", "chart"})
"""What statements of earlier versions do not have."""


async def test_what_an_earlier_version_issued_is_gone_on_from(shop: Desk) -> None:
    """It has neither form nor groups, and stays as it is; the next one opens where it closed."""

    def issue_as_before(tx: LedgerTransaction) -> IssuedStatement:
        tenancy = tx.find(Tenancy, account=SHOP)
        assert tenancy
        span = next_span(shop.clock.now(), tenancy.opened_at, None)
        made = statement_maker(shop.book).make(tx, tenancy, span)
        data = statement_data(made, CNY, ZONE)
        data = {key: value for key, value in data.items() if key not in _NEW_KEYS}
        for part in data["funds"].values():
            del part["groups"]
            for line in part["lines"]:
                del line["group"]
        row = IssuedStatement(
            account=SHOP,
            number=1,
            since=span.since,
            until=span.until,
            issued_at=shop.clock.now(),
            user="anna",
            anchor=made.anchor,
            content=statement_text(data),
        )
        tx.add(row)
        return row

    old = json.loads((await shop.ledger.run(issue_as_before)).content)
    await shop.verified()
    await _read_at(shop, MAY, 30_000)
    april = await issue(shop, Asked(month=APRIL))
    assert (april["number"], april["since"]) == (2, old["until"])
    assert april["funds"]["electricity"]["opening"] == old["funds"]["electricity"]["closing"]
    assert amounts(april) == [("charge", "-20.00"), ("tax", "-2.00")]
    again = await issue(shop, Asked(month=APRIL, correct=True))
    assert again == april


async def test_accounts_of_a_group_are_told_what_each_alone_is_told(shop: Desk) -> None:
    """Whenever they came, whatever was issued before, and what was booked late."""
    later, last = OTHER, MeterSerial("33B0250100003")
    await shop.open_other("A-102", "500", meters=(later,), rates="Taxed")
    await shop.read(0, later)
    shop.clock.forward(hours=30)
    await shop.open_other("A-103", "70", meters=(last,), rates="Flat")
    await shop.read(0, last)
    await shop.moves.issue_statements([SHOP, "A-102"], "anna")
    shop.clock.forward(hours=70)
    for wh, serial in ((12_000, METER), (4_000, later), (500, last)):
        await shop.read(wh, serial)
    await shop.cashier.top_up([SHOP, "A-102", "A-103"], money(30), reference="r")
    await _read_at(shop, MAY, 30_000, hours=5)

    def make(tx: LedgerTransaction) -> tuple[list[Statement], list[Statement]]:
        tenancies = list(tx.rows(Tenancy))
        planned = plans(tx, tenancies, shop.clock.now(), ZONE, Asked(month=APRIL))
        wanted = [(each, one.span) for each, one in zip(tenancies, planned, strict=True)]
        maker = statement_maker(shop.book)
        return list(maker.make_all(tx, wanted)), [maker.make(tx, *one) for one in wanted]

    together, alone = await shop.ledger.read(make)
    assert together == alone
    assert [one.account for one in together] == [SHOP, "A-102", "A-103"]
    codes = {line.code for one in together for part in one.funds for line in part.lines}
    assert codes >= {TransferCode.CHARGE, TransferCode.TOP_UP, TransferCode.TAX}
    assert len({one.since for one in together}) == 2


async def test_free_energy_of_a_long_silence_is_told(desk: Desk) -> None:
    """What cost nothing and was read after two months is on the next statement, all of it."""
    await desk.write(FREE)
    await desk.shop("1000", rates="Free")
    await desk.read(0)
    await _read_at(desk, APRIL, 10_000)
    await issue(desk, Asked(month=MARCH))
    for month, after in ((APRIL, MAY), (MAY, JUNE)):
        desk.clock.time = day_start(after, ZONE)
        assert amounts(await issue(desk, Asked(month=month))) == []
    await _read_at(desk, JUNE, 80_000, hours=240)
    since = await issue(desk)
    [reading] = since["readings"]
    assert (reading["from_wh"], reading["to_wh"], reading["energy_wh"]) == (10_000, 80_000, 70_000)
    [line] = since["funds"]["electricity"]["lines"]
    assert (line["energy_wh"], line["late"]) == (70_000, True)
    await desk.verified()


async def test_free_energy_of_a_silent_meter_beside_one_that_is_read(desk: Desk) -> None:
    """What one meter counted is told late; what the other one did is told once."""
    await desk.write(FREE, {**FREE, "valid_from": "2026-05-01"})
    await desk.shop("1000", rates="Free", meters=(METER, OTHER))
    await desk.read(0)
    await desk.read(0, OTHER)
    desk.clock.forward(hours=24)
    await desk.read(5_000, OTHER)
    await _read_at(desk, APRIL, 10_000)
    await issue(desk, Asked(month=MARCH))
    for month, after, wh in ((APRIL, MAY, 20_000), (MAY, JUNE, 30_000)):
        await _read_at(desk, after, wh)
        told = await issue(desk, Asked(month=month))
        assert [one["to_wh"] for one in told["readings"]] == [wh]
    desk.clock.forward(hours=240)
    await desk.read(75_000, OTHER)
    await desk.charging.settle_all("test")
    since = await issue(desk)
    readings = [(one["meter"], one["from_wh"], one["to_wh"]) for one in since["readings"]]
    assert readings == [(OTHER, 5_000, 75_000)]
    await desk.verified()


async def test_free_energy_of_before_the_first_statement_is_not_told(desk: Desk) -> None:
    """It is told by none: the first one opened after it."""
    await desk.write(FREE)
    await desk.shop("1000", rates="Free")
    await desk.read(0)
    await _read_at(desk, APRIL, 10_000)
    for month, after in ((APRIL, MAY), (MAY, JUNE)):
        desk.clock.time = day_start(after, ZONE)
        assert amounts(await issue(desk, Asked(month=month))) == []
    await _read_at(desk, JUNE, 80_000, hours=240)
    [reading] = (await issue(desk))["readings"]
    assert (reading["from_wh"], reading["to_wh"]) == (10_000, 80_000)


async def test_free_energy_of_a_meter_that_went_and_came_back(desk: Desk) -> None:
    """Each account is told once what it counted in its time."""
    await desk.write(FREE)
    await desk.shop("1000", rates="Free")
    await desk.open_other("OWNER", "0", rates="Free", owner=True)
    told: dict[str, list[tuple[int, int]]] = {SHOP: [], "OWNER": []}

    async def issue_all(month: date) -> None:
        rows = await desk.moves.issue_statements(told, "anna", Asked(month=month))
        for account, row in rows.items():
            readings = json.loads(row.content)["readings"]
            told[account].extend((one["from_wh"], one["to_wh"]) for one in readings)

    await desk.read(0)
    await _read_at(desk, date(2026, 3, 20), 10_000)
    await desk.supplies.detach(SHOP, METER)
    await _read_at(desk, APRIL, 30_000)
    await issue_all(MARCH)
    await desk.supplies.attach(AccountNumber(SHOP), METER)
    for month, after in ((APRIL, MAY), (MAY, JUNE)):
        desk.clock.time = day_start(after, ZONE)
        await issue_all(month)
    await _read_at(desk, date(2026, 7, 1), 80_000)
    await issue_all(JUNE)
    assert told == {SHOP: [(0, 10_000), (30_000, 80_000)], "OWNER": [(10_000, 30_000)]}
    await desk.verified()
