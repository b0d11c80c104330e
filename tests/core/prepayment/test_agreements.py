"""Terms and holds, always in the name of somebody, and what follows from them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import (
    Hold,
    HoldKind,
    RelayDemand,
    Term,
    TermKind,
)
from custom_components.compere_prepaid.core.policy.credit import Policy, Reconnect
from custom_components.compere_prepaid.core.prepayment.agreements import terms_of
from tests.core.prepayment.desk import METER, OTHER, SHOP, START, Desk, money

SECOND = AccountNumber("B-7")
STRICT = Policy(name="Strict", warning_levels=(), credit_limit=money(7), cut_off=money(1))
ASKING = Policy(name="Asking", warning_levels=(), reconnect=Reconnect.CONFIRM)


async def term(desk: Desk, kind: TermKind, number: AccountNumber = SHOP) -> Term | None:
    """Return the agreement in force now."""
    now = desk.clock.now()
    return await desk.ledger.read(lambda tx: tx.term(number, kind, now))


async def holds(desk: Desk, serial: MeterSerial = METER) -> tuple[Hold, ...]:
    """Return the holds that stand on a meter."""
    return await desk.ledger.read(lambda tx: tx.holds(serial))


def note_changes(desk: Desk) -> list[AccountNumber]:
    """Return a list that will name the accounts that are told to have changed."""
    changed: list[AccountNumber] = []
    desk.book.changed = lambda account: changed.append(account.number)
    return changed


async def test_terms_are_written_with_who_agreed(desk: Desk) -> None:
    """Each at its instant, for all accounts that are named, once for each."""
    await desk.write(STRICT)
    await desk.shop("10")
    await desk.open_other(SECOND, "5")
    at = desk.clock.forward(minutes=1)
    changed = note_changes(desk)
    await desk.agreements.set_credit_limit([SHOP, SECOND, SHOP], money("2.50"), "anna")
    await desk.agreements.apply_policy([SHOP], "Strict", "joe")
    await desk.agreements.assign_tariff([SECOND], "Ladder", "eve")
    for number, kind, value, user in (
        (SHOP, TermKind.CREDIT_LIMIT, "2.500000000", "anna"),
        (SECOND, TermKind.CREDIT_LIMIT, "2.500000000", "anna"),
        (SHOP, TermKind.POLICY, "Strict", "joe"),
        (SECOND, TermKind.TARIFF, "Ladder", "eve"),
    ):
        wanted = Term(account=number, kind=kind, value=value, valid_from=at, user=user)
        assert await term(desk, kind, number) == wanted
    shop, second = desk.book.account(SHOP), desk.book.account(SECOND)
    assert (shop.tariff, shop.policy, shop.credit_limit) == ("Flat", STRICT, money("2.5"))
    assert (second.tariff, second.policy.name, second.credit_limit) == (
        "Ladder",
        "Standard",
        money("2.5"),
    )
    assert set(changed) == {SHOP, SECOND}
    assert (shop.available, second.available) == (money("12.5"), money("7.5"))


async def test_policy_brings_its_own_limit(desk: Desk) -> None:
    """Where the account has none of its own."""
    await desk.write(STRICT)
    await desk.shop("10")
    await desk.agreements.apply_policy([SHOP], "Strict", "joe")
    assert desk.book.account(SHOP).credit_limit == money(7)
    found = await desk.ledger.read(lambda tx: terms_of(desk.book, tx, SHOP, desk.clock.now()))
    assert found == ("Flat", STRICT, money(7))


@pytest.mark.parametrize("missing", [TermKind.TARIFF, TermKind.POLICY])
async def test_terms_need_a_tariff_and_a_policy(desk: Desk, missing: TermKind) -> None:
    """One of them alone does not do."""
    other = {TermKind.TARIFF: TermKind.POLICY, TermKind.POLICY: TermKind.TARIFF}[missing]
    value = {TermKind.TARIFF: "Flat", TermKind.POLICY: "Standard"}[other]
    only = Term(account=SHOP, kind=other, value=value, valid_from=START)
    await desk.ledger.run(lambda tx: tx.add_term(only))
    with pytest.raises(InvalidInputError) as refused:
        await desk.ledger.read(lambda tx: terms_of(desk.book, tx, SHOP, START))
    assert (refused.value.key, refused.value.placeholders) == (
        "account_without_terms",
        {"account": "A-101"},
    )


async def test_new_terms_decide_on_the_supply_in_the_same_commit(desk: Desk) -> None:
    """A stricter policy cuts, a limit brings it back; the cause names the agreement."""
    await desk.write(STRICT)
    await desk.shop("1")
    await desk.read(0)
    await desk.agreements.set_credit_limit([SHOP], money(0), "anna")
    await desk.agreements.apply_policy([SHOP], "Strict", "joe")
    at = desk.clock.forward(minutes=1)
    await desk.agreements.set_credit_limit([SHOP], money(1), "anna")
    assert [(one.closed, one.cause, one.decided_at) for one in desk.demands] == [
        (False, "credit:policy:Strict", START),
        (True, "credit:credit_limit:1.000000000", at),
    ]


async def test_owner_is_not_cut_by_new_terms(desk: Desk) -> None:
    """Whatever the policy says; nor is anybody whom the policy never cuts."""
    never = Policy(name="Never", warning_levels=(), never_cut=True)
    await desk.write(STRICT, never)
    await desk.open_other(SECOND, "0", owner=True, meters=(OTHER,))
    await desk.shop("0")
    await desk.agreements.apply_policy([SHOP], "Never", "joe")
    await desk.read(0)
    await desk.read(0, OTHER)
    await desk.agreements.apply_policy([SECOND], "Strict", "joe")
    await desk.agreements.set_credit_limit([SHOP, SECOND], money(0), "joe")
    assert desk.demands == []
    await desk.agreements.apply_policy([SHOP], "Standard", "joe")
    assert [one.meter for one in desk.demands] == [METER]
    await desk.agreements.apply_policy([SHOP], "Never", "joe")
    assert desk.demands[-1].closed


async def test_tariff_must_be_in_force(desk: Desk) -> None:
    """One that begins tomorrow cannot be agreed today."""
    await desk.write({"name": "Later", "valid_from": "2026-03-03", "prices": {"flat": Decimal(1)}})
    await desk.shop("10")
    with pytest.raises(InvalidInputError, match="tariff_not_in_force"):
        await desk.agreements.assign_tariff([SHOP], "Later", "anna")
    desk.clock.time = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # midnight of the site
    await desk.agreements.assign_tariff([SHOP], "Later", "anna")
    assert desk.book.account(SHOP).tariff == "Later"


async def test_supply_comes_back_when_somebody_confirms(desk: Desk) -> None:
    """Where the policy asks for it; not while any of the accounts has no credit."""
    await desk.write(ASKING)
    await desk.shop("1", policy="Asking")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(1000)
    with pytest.raises(InvalidInputError) as refused:
        await desk.agreements.reconnect([SHOP], "anna")
    assert (refused.value.key, refused.value.placeholders) == (
        "credit_exhausted",
        {"account": "A-101"},
    )
    await desk.cashier.top_up([SHOP], money("0.01"), reference="r")
    assert [one.closed for one in desk.demands] == [False]
    await desk.agreements.reconnect([SHOP], "anna")
    assert [(one.closed, one.cause) for one in desk.demands] == [
        (False, "credit:reading:33B0250100001"),
        (True, "credit:reconnect:anna"),
    ]
    assert await holds(desk) == ()


async def test_never_cut_may_be_reconnected_without_credit(desk: Desk) -> None:
    """A pump that was cut before its policy changed."""
    never = Policy(name="Never", warning_levels=(), never_cut=True, reconnect=Reconnect.MANUAL)
    await desk.write(never)
    await desk.shop("0", policy="Never")
    await desk.read(0)
    await desk.agreements.reconnect([SHOP], "anna")
    assert desk.demands == []


async def test_holds_are_placed_in_a_name(desk: Desk) -> None:
    """All meters in one commit, each once; the accounts are told to have changed."""
    await desk.shop("10", meters=(METER, OTHER))
    changed = note_changes(desk)
    await desk.agreements.place_hold(
        [METER, OTHER, METER], HoldKind.MANUAL, user="anna", reason="unsafe"
    )
    assert await holds(desk) == (
        Hold(
            meter=METER,
            kind=HoldKind.MANUAL,
            placed_at=START,
            placed_by="anna",
            reason="unsafe",
        ),
    )
    assert desk.book.meter(OTHER).holds == (HoldKind.MANUAL,)
    assert desk.demands == [
        RelayDemand(meter=serial, closed=False, version=2, cause="hold:manual", decided_at=START)
        for serial in (METER, OTHER)
    ]
    assert changed == [SHOP, SHOP]
    await desk.agreements.place_hold([METER], HoldKind.MANUAL, user="eve")
    assert len(desk.demands) == 2
    at = desk.clock.forward(minutes=1)
    await desk.agreements.release_hold([METER], HoldKind.MANUAL, user="joe", administrator=True)
    assert desk.demands[2:] == [
        RelayDemand(meter=METER, closed=True, version=3, cause="release:manual", decided_at=at)
    ]
    assert (await holds(desk), desk.book.meter(METER).holds) == ((), ())
    assert changed == [SHOP] * 4


async def test_hold_without_a_reason_or_an_account(desk: Desk) -> None:
    """A meter that nobody has can be held too."""
    await desk.shop("10")
    await desk.supplies.detach(SHOP, METER)
    await desk.agreements.place_hold([METER], HoldKind.MAINTENANCE, user="joe")
    assert [(one.reason, one.placed_by) for one in await holds(desk)] == [("", "joe")]


async def test_maintenance_is_released_by_who_placed_it(desk: Desk) -> None:
    """Or by an administrator: lives depend on it."""
    await desk.shop("10")
    release = desk.agreements.release_hold
    await desk.agreements.place_hold([METER], HoldKind.MAINTENANCE, user="joe")
    with pytest.raises(InvalidInputError, match="hold_of_another"):
        await release([METER], HoldKind.MAINTENANCE, user="eve", administrator=False)
    await release([METER], HoldKind.MAINTENANCE, user="joe", administrator=False)
    await desk.agreements.place_hold([METER], HoldKind.MAINTENANCE, user="joe")
    await release([METER], HoldKind.MAINTENANCE, user="eve", administrator=True)
    assert await holds(desk) == ()

    def released(tx: LedgerTransaction) -> RelayDemand | None:
        return tx.demand(METER)

    assert (await desk.ledger.read(released)) == desk.demands[-1]


async def test_changed_policies_are_renewed(desk: Desk) -> None:
    """Of the accounts that have them; the others are left alone."""
    await desk.write(STRICT)
    await desk.shop("3", policy="Strict")
    await desk.open_other(SECOND, "10", meters=(OTHER,))
    await desk.read(0)
    changed = note_changes(desk)
    await desk.agreements.renew()
    assert changed == []
    at = desk.clock.forward(minutes=1)
    await desk.read(0)
    changed.clear()
    stricter = Policy(name="Strict", warning_levels=(), credit_limit=money(1), cut_off=money(5))
    desk.book.policies["Strict"] = stricter
    await desk.agreements.renew()
    account = desk.book.account(SHOP)
    assert (account.policy, account.credit_limit) == (stricter, money(1))
    assert set(changed) == {SHOP}
    assert [(one.closed, one.cause, one.decided_at) for one in desk.demands] == [
        (False, "credit:policy:Strict", at)
    ]
    assert at - START == timedelta(minutes=1)
