"""Money that goes back: refunds, reversals, deposits, and the receipts of everything."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, named_as_cashiers, refused
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, burn

pytestmark = pytest.mark.usefixtures("site")

REFUND: dict[str, Any] = {
    "account": NOODLES,
    "amount": "50",
    "reference": "F-1",
    "reason": "paid twice",
}


async def receipt(hass: HomeAssistant, reference: str, account: str = NOODLES) -> Any:
    """Return a receipt."""
    return await ask(hass, "get_receipt", account=account, reference=reference)


async def test_refund_at_the_cash_desk(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str
) -> None:
    """Paid out at once, in the cashier's name; asked again, it is the same refund."""
    named_as_cashiers(hass, site, anna)
    await burn(mall, site, NOODLES, 10_000)
    async with expected_event(hass, "refunded", account=NOODLES) as told:
        answer = await ask(hass, "refund", anna, **REFUND)
    assert (answer["balance"], answer["state"], answer["replayed"]) == ("140.00", "paid", False)
    (event,) = told
    assert (event.data["amount"], event.data["reference"]) == ("50.00", "F-1")
    again = await ask(hass, "refund", anna, **REFUND)
    assert again == answer | {"replayed": True}
    assert len(told) == 1
    paper = await receipt(hass, "F-1")
    assert (paper["kind"], paper["state"], paper["amount"]) == ("refund", "paid", "50.00")
    assert (paper["user"], paper["reason"], paper["fund"]) == ("Anna", "paid twice", "electricity")
    assert (await ask(hass, "verify_ledger"))["ok"]


@pytest.mark.parametrize(
    ("paid", "state", "balance"), [(True, "paid", "150.00"), (False, "cancelled", "200.00")]
)
async def test_refund_in_two_steps(
    hass: HomeAssistant, site: CompereSite, paid: bool, state: str, balance: str
) -> None:
    """Reserved money is out of reach until it is known what became of it; that is said once."""
    answer = await ask(hass, "refund", **REFUND, reserve_only=True)
    assert (answer["balance"], answer["state"]) == ("150.00", "reserved")
    assert (await receipt(hass, "F-1"))["state"] == "reserved"
    async with refused(site, "refund_too_large", amount="150.01", balance="150.00"):
        await ask(hass, "refund", **(REFUND | {"amount": "150.01", "reference": "F-2"}))
    resolve: dict[str, Any] = {"account": NOODLES, "reference": "F-1"}
    for replayed in (False, True):
        answer = await ask(hass, "resolve_refund", **resolve, paid=paid)
        assert (answer["balance"], answer["state"]) == (balance, state)
        assert answer["replayed"] is replayed
    async with refused(site, "pending_not_open"):
        await ask(hass, "resolve_refund", **resolve, paid=not paid)


async def test_service_fund_is_refunded_apart(hass: HomeAssistant, site: CompereSite) -> None:
    """What was paid for services goes back from there, and no more than that."""
    await ask(hass, "top_up", account=NOODLES, amount=20, fund="service")
    async with refused(site, "refund_too_large", balance="20.00"):
        await ask(hass, "refund", **REFUND, fund="service")
    answer = await ask(hass, "refund", **(REFUND | {"amount": 20}), fund="service")
    assert answer["balance"] == "0.00"
    assert (await receipt(hass, "F-1"))["fund"] == "service"
    account = await ask(hass, "get_account", account=NOODLES)
    assert (account["balance"], account["service_balance"]) == ("200.00", "0.00")


async def test_reversed_top_up(hass: HomeAssistant, site: CompereSite, boss: str) -> None:
    """What never was is taken back, once; supply follows, and the receipt says so."""
    await ask(hass, "adjust_balance", account=NOODLES, amount="-190", reason="test")
    await ask(hass, "top_up", account=NOODLES, amount=30, reference="R-1")
    await ask(hass, "adjust_balance", account=NOODLES, amount="-20", reason="test")
    reverse = {"account": NOODLES, "reference": "R-1", "reason": "bounced"}
    async with (
        expected_event(hass, "top_up_reversed", account=NOODLES) as told,
        expected_event(hass, "cut_off", account=NOODLES),
    ):
        answer = await ask(hass, "reverse_top_up", boss, **reverse)
    assert (answer["balance"], answer["replayed"]) == ("-10.00", False)
    assert (told[0].data["amount"], told[0].data["user"]) == ("30.00", boss)
    assert (await ask(hass, "reverse_top_up", boss, **reverse))["replayed"]
    paper = await receipt(hass, "R-1")
    assert (paper["kind"], paper["state"], paper["balance_after"]) == (
        "top_up",
        "reversed",
        "40.00",
    )
    async with refused(site, "reference_reused"):
        await ask(hass, "reverse_top_up", boss, **(reverse | {"reason": "something else"}))
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_deposit(hass: HomeAssistant) -> None:
    """It is kept apart from the balance, once for a reference."""
    for amount, total in ((500, "500.00"), (500, "500.00"), (100, "600.00")):
        reference = f"D-{amount}"
        answer = await ask(
            hass, "take_deposit", account=NOODLES, amount=amount, reference=reference
        )
        assert answer["deposit"] == total
    account = await ask(hass, "get_account", account=NOODLES)
    assert (account["balance"], account["deposit"]) == ("200.00", "600.00")
    assert (await receipt(hass, "D-500"))["kind"] == "deposit"


async def test_receipt_of_a_top_up(hass: HomeAssistant, site: CompereSite, boss: str) -> None:
    """Everything that is printed, and an anchor that the ledger knows."""
    answer = await ask(hass, "top_up", boss, account=NOODLES, amount="12.34", reference="R-1")
    booked = answer["accounts"][NOODLES]
    paper = await receipt(hass, "R-1")
    assert paper == {
        "site": "Riverside Mall",
        "account": NOODLES,
        "name": "Noodle House",
        "kind": "top_up",
        "state": "booked",
        "fund": "electricity",
        "amount": "12.34",
        "currency": "CNY",
        "reference": "R-1",
        "reason": "R-1",
        "time": "2026-03-02T12:00:00+08:00",
        "user": "Boss",
        "transfer": f"top:R-1:{NOODLES}",
        "receipt": booked["receipt"],
        "number": 1,
        "waterfall": booked["waterfall"],
        "balance_after": "212.34",
    }
    found = await ask(hass, "verify_ledger", anchor=paper["receipt"])
    assert (found["ok"], found["anchor"], found["head"]) == (True, "stands", paper["receipt"])


@pytest.mark.parametrize(
    ("change", "answer"), [("0000000", "differs"), ("seq", "missing"), ("upper", "stands")]
)
async def test_anchors_that_prove_something(hass: HomeAssistant, change: str, answer: str) -> None:
    """A receipt whose hash the book does not have, or whose place it ends before, is not ok."""
    booked = await ask(hass, "top_up", account=NOODLES, amount=1, reference="R-1")
    seq, _, hashed = booked["accounts"][NOODLES]["receipt"].partition("-")
    anchor = {
        "0000000": f"{seq}-0000000{hashed[7:]}",
        "seq": f"999-{hashed}",
        "upper": f" {seq}-{hashed.upper()} ",
    }[change]
    found = await ask(hass, "verify_ledger", anchor=anchor)
    assert (found["anchor"], found["ok"], found["faults"]) == (answer, answer == "stands", [])


WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("refund", "amount_not_positive", REFUND | {"amount": 0}),
    ("refund", "amount_not_positive", REFUND | {"amount": "-1"}),
    ("refund", "amount_too_precise", REFUND | {"amount": "0.001"}),
    ("refund", "reason_missing", REFUND | {"reason": " "}),
    ("refund", "refund_too_large", REFUND | {"amount": "200.01"}),
    ("refund", "account_unknown", REFUND | {"account": "A-999"}),
    ("refund", "refund_fields_clash", REFUND | {"payment": "4200000001", "reserve_only": True}),
    ("refund", "refund_fields_clash", REFUND | {"already_paid": True}),
    ("refund", "refund_fields_clash", REFUND | {"provider": "wechat"}),
    ("refund", "refund_fields_clash", REFUND | {"provider": "wechat", "reserve_only": True}),
    ("resolve_refund", "refund_unknown", {"account": TEA, "reference": "F-1", "paid": True}),
    ("reverse_top_up", "top_up_unknown", {"account": TEA, "reference": "R", "reason": "x"}),
    ("reverse_top_up", "reason_missing", {"account": TEA, "reference": "R", "reason": ""}),
    ("take_deposit", "amount_not_positive", {"account": TEA, "amount": 0}),
    ("take_deposit", "account_unknown", {"account": "A-999", "amount": 1}),
    ("get_receipt", "receipt_unknown", {"account": TEA, "reference": "R"}),
    ("get_receipt", "account_unknown", {"account": "A-999", "reference": "R"}),
    ("verify_ledger", "anchor_invalid", {"anchor": "one-hundred"}),
]


@pytest.mark.parametrize(("action", "key", "data"), WRONG)
async def test_what_cannot_be(
    hass: HomeAssistant, site: CompereSite, action: str, key: str, data: dict[str, Any]
) -> None:
    """Each is refused in words that say what to do, and nothing is booked."""
    async with refused(site, key):
        await ask(hass, action, **data)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("refund", REFUND),
        ("resolve_refund", {"account": TEA, "reference": "F-1", "paid": True}),
        ("reverse_top_up", {"account": TEA, "reference": "R", "reason": "x"}),
        ("take_deposit", {"account": TEA, "amount": 1}),
        ("get_receipt", {"account": TEA, "reference": "R"}),
        ("export_ledger", {}),
    ],
)
async def test_money_is_for_managers(
    hass: HomeAssistant, site: CompereSite, bob: str, action: str, data: dict[str, Any]
) -> None:
    """An ordinary user moves no money and reads no receipts."""
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, action, bob, **data)


async def test_export(hass: HomeAssistant, site: CompereSite) -> None:
    """Tables and a beancount file, in a folder of their own."""
    await ask(hass, "top_up", account=NOODLES, amount=1, reference="R-1")
    answer = await ask(hass, "export_ledger")
    assert answer["folder"].endswith("compere_prepaid/exports/riverside_mall-20260302-120000")
    head = await site.ledger.read(lambda tx: tx.head())
    assert answer["rows"]["transfers"] == head.seq
    lines = await hass.async_add_executor_job(_lines, f"{answer['folder']}/transfers.csv")
    assert len(lines) == head.seq + 1
    assert any("top:R-1:A-101" in line for line in lines)
    later = await ask(hass, "export_ledger", since="2026-03-03")
    assert later["rows"]["transfers"] == 0
    async with refused(site, "time_order"):
        await ask(hass, "export_ledger", since="2026-03-03", until="2026-03-03")
    async with refused(site, "time_wrong", time="yesterday"):
        await ask(hass, "export_ledger", since="yesterday")


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return file.read().splitlines()
