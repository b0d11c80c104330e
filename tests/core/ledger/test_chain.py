"""The chain's texts: the same for ever, and never the same for two different things."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import hashlib

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial, TransferId
from custom_components.compere_prepaid.core.ledger.chain import (
    GENESIS,
    chain_hash,
    instant,
    microseconds,
    payload_hash,
)
from custom_components.compere_prepaid.core.ledger.charges import charge_detail
from custom_components.compere_prepaid.core.ledger.records import (
    Charge,
    NewTransfer,
    TransferCode,
    TransferKind,
)
from custom_components.compere_prepaid.core.money.amount import Amount, Price

AT = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
TRANSFER = NewTransfer(
    id=TransferId("rfd:f1:A-101:post"),
    debit="liability:tenant:A-101:electricity",
    credit="asset:cash",
    amount=Amount(12_340_000_000),
    code=TransferCode.REFUND,
    effective_at=AT,
    source="cash desk",
    user="anna",
    reason='said "茶", twice',
    detail="x",
    kind=TransferKind.POST,
    pending_id=TransferId("rfd:f1:A-101"),
    outcome='{"balance":1}',
)
CHARGE = Charge(
    meter=MeterSerial("33B0250100001"),
    generation=1,
    from_wh=1000,
    to_wh=2500,
    from_at=AT,
    to_at=AT + timedelta(hours=1),
    account=AccountNumber("A-101"),
    tariff="Retail TOU",
    tariff_valid_from=date(2026, 1, 1),
    revision=2,
    period="peak",
    tier=3,
    price=Price(987_600),
    amount=Amount(1_481_400_000),
    estimated=True,
    transfer_id=None,
)
OTHERS = {
    "from_wh": 1001,
    "to_wh": 2501,
    "from_at": AT + timedelta(microseconds=1),
    "to_at": AT + timedelta(microseconds=1),
    "tariff": "Retail",
    "tariff_valid_from": date(2026, 1, 2),
    "revision": 3,
    "period": "flat",
    "tier": 4,
    "price": Price(987_601),
    "estimated": False,
}


def sha256(text: str) -> str:
    """Hash a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_payload_is_hashed_as_it_is_written_down() -> None:
    """A book lives for decades: this text must never change, not even by a blank."""
    assert payload_hash(TRANSFER) == sha256(
        '["compere_prepaid payload 2","rfd:f1:A-101:post","liability:tenant:A-101:electricity",'
        '"asset:cash",12340000000,"refund","post","rfd:f1:A-101","cash desk","anna",'
        r'"said \"茶\", twice","x"]'
    )


def test_payload_without_another_transfer() -> None:
    """What is not there is an empty text."""
    plain = replace(TRANSFER, kind=TransferKind.POSTED, pending_id=None, reason="", detail="")
    assert payload_hash(plain) == sha256(
        '["compere_prepaid payload 2","rfd:f1:A-101:post","liability:tenant:A-101:electricity",'
        '"asset:cash",12340000000,"refund","posted","","cash desk","anna","",""]'
    )


def test_link_is_hashed_as_it_is_written_down() -> None:
    """Hash before, number, both times, content, what followed."""
    recorded = AT + timedelta(seconds=1)
    assert chain_hash(GENESIS, 7, recorded, "ab12", TRANSFER) == sha256(
        f"compere_prepaid transfer 2|{GENESIS}|7|1795521601250000|1795521600250000|ab12|"
        '{"balance":1}'
    )


def test_text_of_a_charge() -> None:
    """The audit puts the same text together within the database."""
    assert charge_detail(CHARGE) == (
        "1000|2500|1795521600250000|1795525200250000|2026-01-01|2|3|987600|1|10|Retail TOU|peak"
    )


@pytest.mark.parametrize("field", OTHERS)
def test_text_of_a_charge_tells_all_of_it(field: str) -> None:
    """What the transfer's own fields do not say cannot be changed without a trace."""
    values = {name: getattr(CHARGE, name) for name in CHARGE.__dataclass_fields__}
    assert charge_detail(Charge(**(values | {field: OTHERS[field]}))) != charge_detail(CHARGE)


_WORDS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ("|", "1|a", "a|1|", '","', "\\", "")
)
_TEXTS = st.tuples(*(_WORDS for _ in range(7)))


def _transfer(texts: tuple[str, ...]) -> NewTransfer:
    ident, debit, credit, source, user, reason, detail = texts
    return NewTransfer(
        id=TransferId(ident),
        debit=debit,
        credit=credit,
        amount=Amount(1),
        code=TransferCode.TOP_UP,
        effective_at=AT,
        source=source,
        user=user,
        reason=reason,
        detail=detail,
    )


@given(one=_TEXTS, other=_TEXTS)
def test_no_two_payloads_share_a_hash(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Whatever people write into the fields."""
    same = payload_hash(_transfer(one)) == payload_hash(_transfer(other))
    assert same == (one == other)


@given(one=st.tuples(_WORDS, _WORDS), other=st.tuples(_WORDS, _WORDS))
def test_no_two_charges_share_a_text(one: tuple[str, str], other: tuple[str, str]) -> None:
    """A tariff's and a period's name may contain what separates them."""
    values = {name: getattr(CHARGE, name) for name in CHARGE.__dataclass_fields__}
    texts = [
        charge_detail(Charge(**(values | {"tariff": tariff, "period": period})))
        for tariff, period in (one, other)
    ]
    assert (texts[0] == texts[1]) == (one == other)


@given(st.integers(-(10**15), 10**16))
def test_microseconds_and_instants_are_one_to_one(number: int) -> None:
    """Both ways, before 1970 too."""
    assert microseconds(instant(number)) == number
