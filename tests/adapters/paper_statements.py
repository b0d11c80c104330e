"""Statements to print, with everything that can be on one: of the core's records, as data."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.allocation.pool import Basis, PoolKind
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial, TransferId
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.records import TransferCode
from custom_components.compere_prepaid.core.money.amount import Amount, Currency, Price
from custom_components.compere_prepaid.core.prepayment.fees import item_of
from custom_components.compere_prepaid.core.statement.data import statement_data
from custom_components.compere_prepaid.core.statement.model import (
    AllocationDetail,
    Chart,
    Comparison,
    CorrectionDetail,
    DayUse,
    DebtLeft,
    EnergyDetail,
    FundStatement,
    Group,
    MeterReadings,
    MonthUse,
    PricedEnergy,
    Statement,
    StatementLine,
    TaxLine,
    Usage,
)
from custom_components.compere_prepaid.core.tariff.demand import DemandKey, DemandQuantity

CNY = Currency.of("CNY")
ZONE = ZoneInfo("Asia/Shanghai")
SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=ZONE), datetime(2026, 11, 1, tzinfo=ZONE)
ISSUED = datetime(2026, 11, 1, 9, 30, tzinfo=ZONE)
NAME = "Noodle House 面馆 <龘> & Söhne"
POOL = "Lifts 电梯"
EVIL = '<script>alert("x")</script>'
_BILLION = 10**9
DEMAND = DemandKey("Highest", DemandQuantity.KW, 15, "peak")
_METER = MeterSerial("33B0250100001")


def sample(pools: int = 3, *, account: str = "A-101", shift: int = 0) -> dict[str, Any]:
    """Return a month's statement with shares of so many pools; `shift` makes the energy differ."""
    electricity = (*_energy(shift), *_others())
    service = tuple(_share(number) for number in range(pools))
    days = tuple(_day(number, shift) for number in range(31))
    this = _usage(date(2026, 10, 1), date(2026, 11, 1), 1_111_111 + shift)
    made = Statement(
        account=AccountNumber(account),
        name=NAME,
        since=SINCE,
        until=UNTIL,
        anchor="12345-0123456789ab",
        period=date(2026, 10, 1),
        corrects=11,
        funds=(_fund(Fund.ELECTRICITY, 412_500, electricity), _fund(Fund.SERVICE, 0, service)),
        readings=(
            MeterReadings(
                meter=_METER,
                generation=1,
                from_wh=1_234_567,
                to_wh=2_345_678 + shift,
                from_at=SINCE,
                to_at=UNTIL,
                energy_wh=1_111_111 + shift,
            ),
        ),
        taxes=(
            TaxLine(
                fund=Fund.ELECTRICITY,
                ppm=130_000,
                included=True,
                base=_money(727_410),
                tax=_money(83_680),
            ),
        ),
        debts=(DebtLeft(name="Fit-out", owed=_money(1_200_000)),),
        comparison=Comparison(
            this=this, last=_usage(date(2026, 9, 1), date(2026, 10, 1), 1_000_000)
        ),
        chart=Chart(days=days, months=tuple(_month(number, shift) for number in range(13))),
    )
    return statement_data(made, CNY, ZONE)


def _money(thousandths: int) -> Amount:
    return Amount(thousandths * _BILLION // 1000)


def _fund(fund: Fund, opening: int, lines: tuple[StatementLine, ...]) -> FundStatement:
    total = Amount(_money(opening) + sum(line.amount for line in lines))
    return FundStatement(
        fund=fund,
        opening=_money(opening),
        closing=total,
        opening_shown=CNY.rounded(_money(opening)),
        closing_shown=CNY.rounded(_money(opening)) + sum(line.shown for line in lines),
        lines=lines,
    )


def _line(code: TransferCode, group: Group, shown: str, **more: Any) -> StatementLine:
    return StatementLine(
        code=code,
        group=group,
        amount=CNY.parse(shown),
        shown=Decimal(shown),
        at=more.pop("at", datetime(2026, 10, 20, 2, tzinfo=UTC)),
        **more,
    )


def _energy(shift: int) -> tuple[StatementLine, ...]:
    def detail(wh: int, period: str, tier: int, price: int, *, estimated: bool) -> EnergyDetail:
        return EnergyDetail(
            meter=_METER,
            generation=1,
            from_wh=1_234_567,
            to_wh=2_345_678 + shift,
            energy_wh=wh,
            from_at=SINCE,
            to_at=UNTIL,
            tariff="Retail TOU",
            valid_from="2026-01-01",
            revision=1,
            period=period,
            tier=tier,
            price=Price(price),
            estimated=estimated,
        )

    return (
        _line(
            *(TransferCode.CHARGE, Group.ENERGY, "-341.39"),
            energy=detail(345_678 + shift, "peak", 1, 987_600, estimated=False),
        ),
        _line(
            *(TransferCode.CHARGE, Group.ENERGY, "-308.65"),
            energy=detail(500_000, "flat", 1, 617_300, estimated=True),
        ),
        _line(
            *(TransferCode.CHARGE, Group.ENERGY, "-77.37"),
            energy=detail(265_433, "valley", 2, 291_500, estimated=False),
        ),
    )


def _others() -> tuple[StatementLine, ...]:
    def part(tariff: str, amount: str) -> PricedEnergy:
        return PricedEnergy(
            meter=_METER,
            tariff=tariff,
            valid_from=date(2026, 1, 1),
            revision=1,
            period="peak",
            tier=1,
            price=Price(987_600),
            energy_wh=100_000,
            amount=CNY.parse(amount),
        )

    correction = CorrectionDetail(
        run="R-1",
        since=datetime(2026, 9, 1, tzinfo=ZONE),
        until=datetime(2026, 10, 1, tzinfo=ZONE),
        statements=(9, 10),
        before=(part("Retail TOU", "98.76"),),
        after=(part("Retail TOU", "90.00"),),
    )
    wechat = TransferId("pay:wechat:4200002026101112345678901234")
    return (
        _line(TransferCode.STANDING, Group.FEES, "-15.50", count=31),
        _line(TransferCode.DEMAND, Group.FEES, "-40.00", item=item_of(DEMAND), quantity=12_300),
        _line(TransferCode.CORRECTION, Group.CORRECTIONS, "8.76", correction=correction),
        _line(TransferCode.TAX, Group.TAXES, "-44.58", item="60000", base=CNY.parse("742.91")),
        _line(TransferCode.DEBT_RECOVERY, Group.DEBTS, "-50.00", item="Fit-out"),
        _line(TransferCode.TOP_UP, Group.PAYMENTS, "500.00", transfer=wechat, reason="微信支付"),
        _line(TransferCode.ADJUSTMENT, Group.OTHER, "-0.01", reason=EVIL, user="boss"),
    )


def _share(number: int) -> StatementLine:
    share = AllocationDetail(
        run="2026-10",
        since=date(2026, 10, 1),
        until=date(2026, 11, 1),
        pool=f"{POOL} {number}",
        kind=PoolKind.SERVICE,
        basis=Basis.FLOOR_AREA,
        weight=120_000 * 31,
        total=4_800_000 * 31,
        cost=CNY.parse("18400.00"),
        amount=CNY.parse("460.00"),
        days=31,
        why="",
    )
    return _line(
        *(TransferCode.ALLOCATION, Group.SHARED_SERVICE, "-460.00"),
        item=share.pool,
        allocation=share,
    )


def _usage(since: date, until: date, wh: int) -> Usage:
    begin, end = (datetime(day.year, day.month, day.day, tzinfo=ZONE) for day in (since, until))
    return Usage(
        since=begin, until=end, days=(until - since).days, energy_wh=wh, cost=_money(727_410)
    )


def _day(number: int, shift: int) -> DayUse:
    day = date(2026, 10, 1) + timedelta(days=number)
    if number == 4:  # nothing is known of it
        return DayUse(day=day, energy_wh=None, cost=None)
    wh = 30_000 + (number * 7919 + shift) % 17_000
    return DayUse(day=day, energy_wh=wh, cost=_money(wh))


def _month(number: int, shift: int) -> MonthUse:
    month = date(2025 + (9 + number) // 12, (9 + number) % 12 + 1, 1)
    if number < 2:
        return MonthUse(month=month, energy_wh=None, cost=None)
    wh = 800_000 + (number * 79_190 + shift) % 300_000
    return MonthUse(month=month, energy_wh=wh, cost=_money(wh))
