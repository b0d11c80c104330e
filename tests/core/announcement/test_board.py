"""The notice board: told once from its first instant on, kept for ever, read or not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.compere_prepaid.core.announcement.board import NoticeBoard
from custom_components.compere_prepaid.core.announcement.notice import (
    MESSAGE_LENGTH,
    TITLE_LENGTH,
    Audience,
    NoticeText,
    PublicNotice,
    Urgency,
    notice_content,
    notice_of,
)
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import Announced
from custom_components.compere_prepaid.core.ids import AccountNumber
from tests.core.prepayment.desk import SHOP, START, Desk

SECOND = AccountNumber("B-7")
TEXTS = {"en": NoticeText("Lift", "Out of order."), "zh-Hans": NoticeText("电梯", "停用。")}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Open two shops without meters."""
    desk = await Desk(tmp_path / "ledger.db").open()
    await desk.shop("100", meters=())
    await desk.open_other(SECOND, "100")
    yield desk
    await desk.ledger.close()


def notice(notice_id: str = "lift", **how: Any) -> PublicNotice:
    """Return an announcement for one shop, from now on."""
    return PublicNotice(
        **{
            "id": notice_id,
            "texts": TEXTS,
            "audience": Audience(accounts=(SHOP,)),
            "since": START,
            "written_at": START,
            "user": "anna",
            **how,
        }
    )


async def board_of(desk: Desk) -> NoticeBoard:
    """Return the board as a fresh process finds it; accounts are meant by number."""

    def meant(audience: Audience) -> list[AccountNumber]:
        return [each for each in desk.book.accounts if each in audience.accounts]

    board = NoticeBoard(desk.book, meant)
    await board.load()
    return board


def told(desk: Desk) -> list[tuple[str, str]]:
    """Return to whom what was told."""
    return [
        (event.account, event.announcement) for event in desk.events if isinstance(event, Announced)
    ]


async def test_told_once(desk: Desk) -> None:
    """At once if it is time; the same again, the clock, and a restart tell nobody twice."""
    board = await board_of(desk)
    posted, replayed = await board.publish(notice(audience=Audience(accounts=(SHOP, SECOND))))
    assert (posted.told, replayed) == ((SHOP, SECOND), False)
    again = notice(audience=Audience(accounts=(SHOP, SECOND)), since=desk.clock.forward(hours=1))
    assert await board.publish(again) == (posted, True)
    await board.on_clock()
    await desk.restart()
    board = await board_of(desk)
    await board.on_clock()
    assert told(desk) == [(SHOP, "lift"), (SECOND, "lift")]
    assert board.posted == {"lift": posted}


async def test_told_when_its_time_has_come(desk: Desk) -> None:
    """Also if nothing ran at that very instant."""
    board = await board_of(desk)
    later = START + timedelta(hours=2)
    posted, _ = await board.publish(notice(since=later))
    assert (posted.told, board.for_account(SHOP), told(desk)) == (None, [], [])
    desk.clock.forward(hours=3)
    await desk.ledger.close()
    await desk.open()
    await desk.open_other(SHOP, "0")
    board = await board_of(desk)
    await board.on_clock()
    assert told(desk) == [(SHOP, "lift")]
    assert [each.notice.id for each in board.for_account(SHOP)] == ["lift"]


async def test_over_before_anybody_looked(desk: Desk) -> None:
    """What ended while nothing ran is not told any more."""
    board = await board_of(desk)
    await board.publish(notice(since=START + timedelta(hours=1), until=START + timedelta(hours=2)))
    desk.clock.forward(hours=2)
    await board.on_clock()
    assert (told(desk), board.for_account(SHOP)) == ([], [])


async def test_who_joins_later_reads_it(desk: Desk) -> None:
    """It is for everybody whom its audience means now; they are not told, and others not either."""
    board = await board_of(desk)
    await board.publish(notice(audience=Audience(accounts=(SHOP, "C-1"))))
    await desk.open_other("C-1", "0")
    assert [each.notice.id for each in board.for_account("C-1")] == ["lift"]
    assert board.for_account(SECOND) == []
    assert told(desk) == [(SHOP, "lift")]


async def test_withdrawn_is_read_no_more(desk: Desk) -> None:
    """It stays on file, with who withdrew it; before its time it is never told."""
    board = await board_of(desk)
    await board.publish(notice())
    await board.publish(notice("late", since=START + timedelta(hours=1)))
    for notice_id in ("lift", "late", "late"):
        await board.withdraw(notice_id, reason="repaired", user="joe")
    desk.clock.forward(hours=2)
    await board.on_clock()
    assert (board.for_account(SHOP), told(desk)) == ([], [(SHOP, "lift")])
    board = await board_of(desk)
    assert [(each.withdrawn_at, each.withdrawn_by) for each in board.posted.values()] == [
        (START, "joe")
    ] * 2
    await desk.verified()


async def test_receipts(desk: Desk) -> None:
    """The first reading counts, and is kept; an announcement for others is not theirs to read."""
    board = await board_of(desk)
    await board.publish(notice())
    first = await board.mark_read(SHOP, "lift", by="portal")
    desk.clock.forward(hours=1)
    assert await board.mark_read(SHOP, "lift", by="anna") == first
    assert await board.receipts(["lift", "none"]) == {"lift": (first,), "none": ()}
    for number, name, key in (
        (SECOND, "lift", "announcement_not_for_account"),
        (SHOP, "stairs", "announcement_unknown"),
        ("Z-9", "lift", "account_unknown"),
    ):
        with pytest.raises(InvalidInputError, match=key):
            await board.mark_read(number, name, by="anna")


async def test_what_is_refused(desk: Desk) -> None:
    """For nobody, over already, or another one under a name that is taken: nothing is kept."""
    board = await board_of(desk)
    await board.publish(notice("first"))
    desk.clock.forward(hours=2)
    for wrong, key in (
        (notice(audience=Audience(accounts=("Z-9",))), "target_empty"),
        (notice(until=START + timedelta(hours=1)), "announcement_over"),
        (notice("first", urgency=Urgency.URGENT), "reference_reused"),
    ):
        with pytest.raises(InvalidInputError, match=key):
            await board.publish(wrong)
    assert list((await board_of(desk)).posted) == ["first"]


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ({"texts": {}}, "announcement_without_text"),
        ({"texts": {"en": NoticeText("Lift", "  ")}}, "announcement_without_text"),
        ({"texts": {"english!": NoticeText("", "x")}}, "announcement_language_wrong"),
        ({"texts": {"en": NoticeText("x" * (TITLE_LENGTH + 1), "x")}}, "announcement_too_long"),
        ({"texts": {"en": NoticeText("", "x" * (MESSAGE_LENGTH + 1))}}, "announcement_too_long"),
        ({"until": START}, "announcement_times_wrong"),
    ],
)
def test_what_nobody_could_read(how: dict[str, Any], key: str) -> None:
    """Each is refused for its reason."""
    with pytest.raises(InvalidInputError, match=key):
        notice(**how)


def test_kept_as_it_was_written() -> None:
    """Every part of it comes back out of the ledger."""
    full = notice(
        by_policy={"Standard": TEXTS},
        template="power_cut_rules",
        audience=Audience(
            accounts=(SHOP,), policies=("Standard",), target={"area_id": ("a", "b")}, everybody=True
        ),
        until=START + timedelta(days=1),
        urgency=Urgency.URGENT,
    )
    for each in (full, notice()):
        assert notice_of(each.id, notice_content(each)) == each
    assert full.asks_the_same(replace(full, user="joe", written_at=START + timedelta(hours=1)))
    assert not full.asks_the_same(replace(full, until=None))


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Lift"),
        ("en-GB", "Lift"),
        ("zh-Hans", "电梯"),
        ("zh", "电梯"),
        ("zh-Hant", "电梯"),
        ("de", "Lift"),
    ],
)
def test_the_nearest_language(language: str, title: str) -> None:
    """The very language, one of its family, English, or any."""
    assert notice().text(language).title == title
    alone = notice(texts={"ms": NoticeText("Lif", "Rosak.")})
    assert alone.text(language).title == "Lif"


def test_the_text_of_a_policy() -> None:
    """A template says to each account what its own policy says."""
    rules = notice(by_policy={"Strict": {"en": NoticeText("Strict", "…")}})
    assert [rules.text("en", policy).title for policy in ("Strict", "Other", "")] == [
        "Strict",
        "Lift",
        "Lift",
    ]
