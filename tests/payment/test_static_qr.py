"""Codes for banks' apps: the text is right to the last digit, and says whom, how much, what for."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.adapters.payment.static_qr.emv import (
    chain,
    checksum,
    code,
    objects,
    read_code,
)
from custom_components.compere_prepaid.adapters.payment.static_qr.provider import StaticQrProvider
from custom_components.compere_prepaid.adapters.payment.static_qr.schemes import (
    DuitNowSettings,
    PayNowSettings,
)
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    PayOrder,
    ProviderRefund,
    ProviderRefundState,
)
from custom_components.compere_prepaid.core.money.amount import ZERO, Currency
from custom_components.compere_prepaid.core.payment.provider import (
    AwaitCashier,
    BadNoticeError,
    Outcome,
    Payer,
    RefundOutcome,
    RejectedError,
    Unknown,
    Unpaid,
)

NOW = datetime(2026, 9, 21, 8, tzinfo=UTC)
UNTIL = datetime(2050, 4, 15, 10, tzinfo=UTC)

DUITNOW = "00020201021126410014A000000615000101065016640209123456789520499995303458{}63043{}"
"""A code of PayNet's developer documentation (DuitNow QR 1.5), with amount, name and city."""
NAMED = "540510.005802MY5909QRCSDNBHD6005BANGI"
ISSUED = DUITNOW.format(NAMED, "43F")


THEIRS = (
    "00020101021126500009SG.PAYNOW010100211+6590901234030100408205004155204000053037025406"
    "888.885802SG5902NA6009Singapore62320128Payment reference XX1234567863046B73"
)
"""A code that another maker of PayNow codes publishes."""


def test_checksum_vector() -> None:
    """CRC-16/CCITT-FALSE of the digits 1 to 9, as in every catalogue of checksums."""
    assert checksum("123456789") == "29B1"


@pytest.mark.parametrize(
    "text",
    [
        ISSUED,
        ISSUED.replace("52049999", "52040000").replace("5909QRCSDNBHD", "5909AUSERNAME")[:-4]
        + "3A23",
        THEIRS,
    ],
)
def test_published_codes(text: str) -> None:
    """Codes that others published are read and written again as they were."""
    assert code(read_code(text)) == text


def test_paynow_vector() -> None:
    """Theirs is made of the same facts."""
    settings = PayNowSettings.of("+65 9090 1234", "NA")
    made = settings.text(Decimal("888.88"), "Payment reference XX12345678", UNTIL)
    assert made[:8] == "00020101"
    assert [one for one in read_code(made) if one[0] != "01"] == [
        one for one in read_code(THEIRS) if one[0] != "01"
    ]
    assert dict(read_code(made))["01"] == "12"  # for one payment; theirs says for many


def test_duitnow_takes_over_what_the_bank_issued() -> None:
    """Amount and reference are put in; whom it pays stays as it is."""
    settings = DuitNowSettings.of(f" {ISSUED}\n")
    before, made = dict(read_code(ISSUED)), settings.text(Decimal("25.40"), "ABC123", UNTIL)
    after = dict(read_code(made))
    assert after == before | {"54": "25.40", "62": "0106ABC123"}
    assert [name for name, _ in read_code(made)] == sorted(after)


def test_duitnow_keeps_additional_data() -> None:
    """What the bank wrote beside the reference stays; a signature over another amount does not."""
    fields = [*read_code(ISSUED), ("62", "0103old0704T001"), ("82", "signature")]
    made = DuitNowSettings.of(code(sorted(fields))).text(Decimal("1.00"), "NEW", UNTIL)
    after = dict(read_code(made))
    assert after["62"] == "0103NEW0704T001"
    assert "82" not in after


@pytest.mark.parametrize(
    ("issued", "refusal"),
    [
        (ISSUED[:-1] + "E", "duitnow_code_damaged"),
        (ISSUED[:-9], "duitnow_code_damaged"),
        (ISSUED.replace("BANGI", "BANGÌ"), "duitnow_code_damaged"),
        ("", "duitnow_code_damaged"),
        ("https://example.org", "duitnow_code_damaged"),
        (code((("00", "01"), ("26", "0009SG.PAYNOW"), ("53", "702"))), "duitnow_code_other"),
        (code((("26", "0014A0000006150001"), ("53", "702"))), "duitnow_code_other"),
        (code((("26", "0099"), ("53", "458"))), "duitnow_code_damaged"),
        (code([*read_code(ISSUED), ("62", chain([("07", "T" * 85)]))]), "duitnow_code_other"),
        (code([*read_code(ISSUED), ("62", "no objects")]), "duitnow_code_other"),
    ],
)
def test_codes_that_are_none(issued: str, refusal: str) -> None:
    """A code that was not copied whole, or of another scheme, is refused before it is shown."""
    with pytest.raises(InvalidInputError, match=refusal):
        DuitNowSettings.of(issued)


@pytest.mark.parametrize(
    ("proxy", "name", "refusal"),
    [
        ("+60123456789", "Mall", "paynow_proxy_wrong"),
        ("90901234", "Mall", "paynow_proxy_wrong"),
        ("", "Mall", "paynow_proxy_wrong"),
        ("201411660R; x", "Mall", "paynow_proxy_wrong"),
        ("201411660R", "", "qr_name_wrong"),
        ("201411660R", "商场", "qr_name_wrong"),
        ("201411660R", "M" * 26, "qr_name_wrong"),
    ],
)
def test_payees_as_typed(proxy: str, name: str, refusal: str) -> None:
    """What no bank's app would take is refused."""
    with pytest.raises(InvalidInputError, match=refusal):
        PayNowSettings.of(proxy, name)


_NAMES = st.integers(0, 99).map("{:02}".format)
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=99)


@given(fields=st.lists(st.tuples(_NAMES, _VALUES), max_size=8))
def test_round_trip(fields: list[tuple[str, str]]) -> None:
    """What is written is read again, and any wrong digit of it is noticed."""
    text = code(fields)
    assert read_code(text) == fields
    place = len(text) // 2
    bent = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
    with pytest.raises(ValueError, match=r"checksum|chain|no value|no object"):
        read_code(bent)


@given(text=st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Any text is a chain that reads back the same, or none."""
    try:
        found = objects(text)
    except ValueError:
        return
    assert chain(found) == text


@pytest.mark.parametrize(
    "fields", [[("1", "x")], [("1x", "x")], [("01", "")], [("01", "x" * 100)], [("01", "é")]]
)
def test_what_cannot_be_written(fields: list[tuple[str, str]]) -> None:
    """Names are two digits, values 1 to 99 printable characters."""
    with pytest.raises(ValueError, match=r"no value|names no object"):
        chain(fields)


def an_order(provider: StaticQrProvider) -> PayOrder:
    """Draw up an order at this provider."""
    order = PayOrder(
        id="01K5N0R3W8QW3T1J5Z9X7Y2M4B",
        provider=provider.key,
        account=AccountNumber("A-101"),
        fund="electricity",
        amount=Currency.of("SGD").parse("50"),
        currency="SGD",
        method=Method.CASHIER,
        key="page-1",
        created_at=NOW,
        expires_at=UNTIL,
        changed_at=NOW,
    )
    return replace(order, params=provider.parameters(order, Payer(method=Method.CASHIER)))


async def test_a_provider_that_knows_nothing() -> None:
    """It hands out the code; whether it was paid, only people know."""
    payee = PayNowSettings.of("201411660R", "Riverside Mall")
    provider = StaticQrProvider("paynow", payee, currency=Currency.of("SGD"))
    order = an_order(provider)
    checkout = await provider.create(order)
    assert isinstance(checkout, AwaitCashier)
    assert checkout.reference == "5Z9X7Y2M4B"
    facts = dict(read_code(checkout.text))
    assert (facts["54"], facts["59"]) == ("50.00", "Riverside Mall")
    assert dict(objects(facts["62"])) == {"01": checkout.reference}
    assert await provider.create(order) == checkout
    assert await provider.query(order) == Unknown(order_id=order.id, reason="cashier")
    closed = await provider.close(order)
    assert isinstance(closed, Unpaid)
    assert closed.is_final
    with pytest.raises(BadNoticeError):
        provider.parse_notice({}, b"{}", NOW)
    assert provider.ack(Outcome.REFUSED).status == 404
    assert provider.today(datetime(2026, 9, 21, 16, 30, tzinfo=UTC)).day == 22
    with pytest.raises(RejectedError, match="no_bill"):
        provider.bill(NOW.date())
    await provider.try_out()


async def test_money_goes_back_by_hand() -> None:
    """Nobody can be asked to send it."""
    settings = DuitNowSettings.of(ISSUED)
    provider = StaticQrProvider("duitnow", settings, currency=Currency.of("MYR"))
    refund = ProviderRefund(
        id="RF-1",
        provider="duitnow",
        txn="B1",
        order_id="1",
        account=AccountNumber("A-101"),
        fund="electricity",
        amount=ZERO,
        reason="",
        user="",
        state=ProviderRefundState.RESERVED,
        created_at=NOW,
        changed_at=NOW,
    )
    with pytest.raises(RejectedError, match="refund_by_hand"):
        await provider.refund(refund, ZERO)
    assert (await provider.query_refund(refund)).outcome is RefundOutcome.MISSING


def test_other_currency() -> None:
    """A bank's code takes its country's money only."""
    with pytest.raises(InvalidInputError, match="qr_other_currency"):
        StaticQrProvider("duitnow", DuitNowSettings.of(ISSUED), currency=Currency.of("SGD"))
