"""Rules as documents: how they are named in the ledger, and which are in force."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.records import Document
from custom_components.compere_prepaid.core.money.amount import Price
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.book import AccountBook
from custom_components.compere_prepaid.core.prepayment.rules import (
    Rules,
    calendar_document,
    load_rules,
    next_version,
    policy_document,
    read_rules,
    take_rules,
    tariff_document,
)
from custom_components.compere_prepaid.core.tariff.calendar_days import (
    Calendar,
    calendar_content,
)
from custom_components.compere_prepaid.core.tariff.document import (
    tariff_content,
    tariff_version_from,
)
from custom_components.compere_prepaid.core.tariff.model import flat_tariff
from tests.core.prepayment.desk import CNY, START, ZONE, Desk, HandClock, money

DAY = date(2026, 3, 1)


def test_documents_are_named_for_ever() -> None:
    """By kind, name and version; a later revision of the same day says so."""
    first = flat_tariff("T", Price(1_000_000), valid_from=DAY)
    assert tariff_document(first, CNY) == Document(
        kind="tariff", name="T", version="2026-03-01", content=tariff_content(first, CNY)
    )
    data = {"name": "T", "valid_from": "2026-03-01", "revision": 2, "prices": {"flat": 1}}
    second = tariff_version_from(data, CNY)
    assert tariff_document(second, CNY).version == "2026-03-01#2"
    days = Calendar(name="China", days={DAY: "holiday"})
    assert calendar_document(days, START) == Document(
        kind="calendar",
        name="China",
        version="2026-03-02T02:00:00+00:00",
        content=calendar_content(days),
    )
    policy = Policy(name="P", warning_levels=(money(5),))
    document = policy_document(policy, CNY, DAY)
    assert (document.kind, document.name, document.version) == ("policy", "P", "2026-03-01")
    assert '"warning_levels":["5.000000000"]' in document.content
    assert policy_document(policy, CNY, DAY, 2).version == "2026-03-01#2"
    assert policy_document(policy, CNY, START).version == "2026-03-02T02:00:00+00:00"


def test_versions_follow_each_other_however_the_clock_goes() -> None:
    """From now; if the clock was set back or stands still, right behind the last one."""

    def document(at: datetime) -> Document:
        return Document(kind="policy", name="P", version=at.isoformat(), content="{}")

    step = timedelta(microseconds=1)
    assert next_version(START, None) == START
    assert next_version(START, document(START - step)) == START
    assert next_version(START, document(START)) == START + step
    assert next_version(START, document(START + timedelta(hours=1))) == START + timedelta(
        hours=1, microseconds=1
    )


@pytest.fixture
async def new(tmp_path: Path) -> AsyncIterator[AccountBook]:
    """Return a book over a new ledger, without any rules."""
    clock = HandClock()
    ledger = await DatabaseLedger.open(
        place=tmp_path / "new.db", site="mall", currency=CNY, clock=clock, holder="test"
    )
    yield AccountBook(
        ledger=ledger,
        clock=clock,
        currency=CNY,
        zone=ZONE,
        emit=lambda _: None,
        demand=lambda _: None,
    )
    await ledger.close()


async def test_new_site_has_a_flat_price_and_a_plain_policy(new: AccountBook) -> None:
    """They are written once; a later start with another price changes nothing."""
    await load_rules(new, "0.6173", adaptation_days=21)
    await load_rules(new, "2", adaptation_days=28)
    [version] = new.tariff("Standard").versions
    assert (version.valid_from, version.prices) == (date(2000, 1, 1), {"flat": 617_300})
    assert new.policies == {
        "Standard": Policy(
            name="Standard", warning_levels=(money(100), money(50)), adaptation_days=21
        )
    }
    assert new.calendars == {}
    rules = await new.ledger.read(read_rules)
    assert [(one.name, one.version) for one in (*rules.tariffs, *rules.policies)] == [
        ("Standard", "2000-01-01"),
        ("Standard", "2000-01-01"),
    ]


async def test_a_price_that_is_none_writes_nothing(new: AccountBook) -> None:
    """The site may be set up again with a better one."""
    with pytest.raises(InvalidInputError, match="price_negative"):
        await load_rules(new, "-1")
    assert await new.ledger.read(read_rules) == Rules((), (), ())


async def test_the_latest_is_in_force(desk: Desk) -> None:
    """Of policies and calendars the last version, of tariffs all; what is gone is forgotten."""
    early = datetime(2026, 1, 1, tzinfo=UTC)
    policies = [
        policy_document(Policy(name="P", warning_levels=(money(level),)), CNY, at)
        for level, at in ((3, START), (1, early), (2, early + timedelta(days=1)))
    ]
    calendars = [
        calendar_document(Calendar(name="C", days={DAY: kind}), at)
        for kind, at in (("holiday", START), ("sun", early))
    ]
    tariffs = [
        tariff_document(flat_tariff(name, Price(price), valid_from=day), CNY)
        for name, price, day in (
            ("B", 3, DAY),
            ("A", 2, DAY),
            ("A", 1, date(2025, 1, 1)),
            ("B", 4, date(2025, 1, 1)),
        )
    ]
    desk.book.calendars["old"] = Calendar(name="old", days={})
    take_rules(desk.book, Rules(tuple(tariffs), tuple(policies), tuple(calendars)))
    assert list(desk.book.tariffs) == ["A", "B"]
    for name, prices in (("A", [1, 2]), ("B", [4, 3])):
        versions = desk.book.tariff(name).versions
        assert [version.prices["flat"] for version in versions] == prices
    assert desk.book.policies == {"P": Policy(name="P", warning_levels=(money(3),))}
    assert desk.book.calendars == {"C": Calendar(name="C", days={DAY: "holiday"})}
    take_rules(desk.book, Rules((), ()))
    assert (desk.book.tariffs, desk.book.policies, desk.book.calendars) == ({}, {}, {})
