"""Pools as hypothesis draws them: whatever a document can say."""

from datetime import date

from hypothesis import strategies as st

from custom_components.compere_prepaid.core.allocation.pool import (
    WHOLE_PPM,
    Basis,
    Cost,
    CostKind,
    Exclusion,
    Limit,
    Members,
    Pool,
    PoolKind,
)
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount, Price
from tests.core.allocation.strategies import splits

NAMES = ["Escalators", "公共照明", "null", "1.0", "a: b", "#x", "Lift 2"]
ACCOUNTS = [AccountNumber(number) for number in ("A-101", "007", "12", "yes", "商铺.1")]
DAYS = [date(2026, 1, 1), date(2026, 2, 28), date(2027, 12, 31)]

_cents = st.integers(0, 10**8).map(lambda fen: Amount(fen * 10**7))
_signed = st.integers(-WHOLE_PPM, WHOLE_PPM).filter(bool)
_names = st.sampled_from(NAMES)
_places = st.frozensets(_names, max_size=3)


@st.composite
def costs(draw: st.DrawFn, own: str) -> Cost:
    """Draw a cost of any kind, of a pool with this name."""
    kind = draw(st.sampled_from(CostKind))
    is_energy = kind in (CostKind.METERS, CostKind.LOSSES)
    price = Price(draw(st.integers(0, 10**7))) if is_energy and draw(st.booleans()) else None
    serials = st.lists(st.from_regex(r"[0-9A-Za-z_-]{1,32}", fullmatch=True), min_size=1)
    return Cost(
        kind=kind,
        name=""
        if kind is CostKind.METERS
        else draw(_names.filter(lambda name: name != own or kind is not CostKind.POOL)),
        meters=tuple(dict.fromkeys(map(MeterSerial, draw(serials))))
        if kind is CostKind.METERS
        else (),
        ppm=WHOLE_PPM if kind is CostKind.AMOUNT else draw(_signed),
        price=price,
        tariff=draw(_names) if is_energy and price is None else "",
        amount=draw(_cents) if kind is CostKind.AMOUNT else ZERO,
        fixed=draw(st.booleans()),
    )


_splits = splits(ACCOUNTS, least=1).map(
    lambda mix: tuple(sorted(mix, key=lambda split: list(Basis).index(split.basis)))
)
"""In the order of the bases, as a document has them."""

_members = st.builds(
    Members,
    areas=_places,
    floors=_places,
    labels=_places,
    accounts=st.frozensets(st.sampled_from(ACCOUNTS), max_size=2),
)


@st.composite
def exclusions(draw: st.DrawFn, account: AccountNumber) -> Exclusion:
    """Draw how an account is excluded."""
    is_out = draw(st.booleans())
    return Exclusion(
        account=account,
        pool=is_out,
        denominator=not is_out or draw(st.booleans()),
        contribution=draw(_cents),
    )


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """Draw a version of a pool."""
    name = draw(_names)
    ended = draw(st.integers(0, 9)) == 0
    whom = draw(st.lists(st.sampled_from([None, *ACCOUNTS]), max_size=3, unique=True))
    lowest = draw(st.integers(0, 10**6))
    tax = draw(st.just(0) | st.integers(1, WHOLE_PPM))
    return Pool(
        name=name,
        valid_from=draw(st.sampled_from(DAYS)),
        revision=draw(st.integers(1, 12)),
        kind=draw(st.sampled_from(PoolKind)),
        costs=() if ended else tuple(draw(st.lists(costs(name), min_size=1, max_size=4))),
        splits=() if ended else draw(_splits),
        members=draw(_members),
        left_out=draw(_members),
        exclusions=tuple(
            draw(exclusions(one))
            for one in draw(st.lists(st.sampled_from(ACCOUNTS), max_size=2, unique=True))
        ),
        gross_up_ppm=draw(st.none() | st.integers(1, WHOLE_PPM)),
        caps=tuple(Limit(amount=Amount((lowest + 1) * 10**7), account=one) for one in whom),
        floors=tuple(Limit(amount=Amount(lowest * 10**7), account=one) for one in whom),
        redistribute=bool(whom) and draw(st.booleans()),
        tax_ppm=tax,
        tax_included=bool(tax) and draw(st.booleans()),
        unit=draw(st.none() | st.integers(1, 10**6).map(lambda fen: Amount(fen * 10**7))),
        ended=ended,
    )
