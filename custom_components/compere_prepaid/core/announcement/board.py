"""The notice board: announcements, told once to whom they are for, and read or not.

Each is kept in the ledger and stays there, also when it was withdrawn. From its first instant on it
is told to the accounts that it is for, once, whatever ends in between: that it was told is written
before it is told. Whoever joins later is not told, but reads it.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
import json

from ..clock import Clock
from ..errors import InvalidInputError
from ..events import Announced
from ..ids import AccountNumber
from ..ledger.account_rows import ReadReceipt
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document
from ..prepayment.batches import sliced
from ..prepayment.book import AccountBook
from .notice import Audience, PublicNotice, notice_content, notice_of

KIND = "announcement"

WRITTEN, TOLD, WITHDRAWN = "written", "told", "withdrawn"
"""The versions of the document of an announcement: what happened to it, each at most once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An announcement, and what became of it."""

    notice: PublicNotice
    told: tuple[AccountNumber, ...] | None = None
    """The accounts that were told; None before its first instant."""
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""

    def runs(self, at: datetime) -> bool:
        """Tell whether it is to be read at an instant."""
        return self.withdrawn_at is None and self.notice.runs(at)


@dataclass(slots=True)
class NoticeBoard:
    """The announcements of a site. Call `load` first."""

    book: AccountBook
    meant: Callable[[Audience], Collection[AccountNumber]]
    """Says which open accounts an audience means now."""
    posted: dict[str, Posted] = field(default_factory=dict)
    _working: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def _clock(self) -> Clock:
        return self.book.clock

    async def load(self) -> None:
        """Read what the ledger has."""
        documents = await self.book.ledger.read(lambda tx: tx.documents(KIND))
        versions: dict[str, dict[str, str]] = {}
        for document in documents:
            versions.setdefault(document.name, {})[document.version] = document.content
        self.posted = {name: _posted(name, contents) for name, contents in versions.items()}

    def find(self, notice_id: str) -> Posted:
        """Return an announcement; raises `InvalidInputError` (`announcement_unknown`)."""
        if notice_id not in self.posted:
            raise InvalidInputError("announcement_unknown", announcement=notice_id[:64])
        return self.posted[notice_id]

    def check(self, notice: PublicNotice) -> list[AccountNumber]:
        """Return the accounts that an announcement would be for if it was published now.

        Raises `InvalidInputError`: `target_empty` if it is for nobody, `announcement_over` if it
        ends before now.
        """
        meant = sorted(self.meant(notice.audience))
        if not meant:
            raise InvalidInputError("target_empty")
        if notice.until is not None and notice.until <= self._clock.now():
            raise InvalidInputError("announcement_over")
        return meant

    async def publish(self, notice: PublicNotice) -> tuple[Posted, bool]:
        """Keep an announcement, and tell it if it is time; the same again changes nothing.

        Returns it as it stands then, and whether it was there before. Raises `InvalidInputError`:
        `reference_reused` if another one has its id, and what `check` raises.
        """
        async with self._working:
            before = self.posted.get(notice.id)
            if before is not None:
                if not before.notice.asks_the_same(notice):
                    raise InvalidInputError("reference_reused", reference=notice.id)
                return before, True
            self.check(notice)
            await self._write(notice.id, WRITTEN, notice_content(notice))
            self.posted[notice.id] = Posted(notice=notice)
        await self.on_clock()
        return self.posted[notice.id], False

    async def withdraw(self, notice_id: str, *, reason: str, user: str) -> Posted:
        """Let nobody read an announcement any more; it stays in the ledger."""
        async with self._working:
            before = self.find(notice_id)
            if before.withdrawn_at is None:
                at = self._clock.now()
                content = _json({"at": at.isoformat(), "user": user, "reason": reason})
                await self._write(notice_id, WITHDRAWN, content)
                self.posted[notice_id] = replace(before, withdrawn_at=at, withdrawn_by=user)
            return self.posted[notice_id]

    async def on_clock(self) -> None:
        """Tell what has come to its first instant and was not told yet."""
        at = self._clock.now()
        for posted in list(self.posted.values()):
            if posted.told is None and posted.runs(at):
                await self._tell(posted.notice.id)

    async def _tell(self, notice_id: str) -> None:
        async with self._working:
            posted, at = self.posted[notice_id], self._clock.now()
            if posted.told is not None or not posted.runs(at):
                return
            accounts = tuple(sorted(self.meant(posted.notice.audience)))
            content = _json({"at": at.isoformat(), "accounts": accounts})
            await self._write(notice_id, TOLD, content)
            self.posted[notice_id] = replace(posted, told=accounts)
        async for number in sliced(accounts):
            if number in self.book.accounts:
                self.book.emit(
                    Announced(
                        at=at,
                        account=number,
                        available=self.book.accounts[number].available,
                        announcement=notice_id,
                        urgency=posted.notice.urgency.value,
                    )
                )

    def for_account(self, number: str) -> list[Posted]:
        """Return what an account's tenant is to read now, the latest first."""
        at, account = self._clock.now(), self.book.account(number).number
        running = [posted for posted in self.posted.values() if posted.runs(at)]
        meant = [each for each in running if account in self.meant(each.notice.audience)]
        return sorted(meant, key=lambda posted: posted.notice.since, reverse=True)

    async def mark_read(self, number: str, notice_id: str, *, by: str) -> ReadReceipt:
        """Note that an account's tenant has read an announcement; the first time counts.

        Raises `InvalidInputError`: `account_unknown`, `announcement_unknown`,
        `announcement_not_for_account`.
        """
        account = self.book.account(number).number
        posted = self.find(notice_id)
        if account not in self.meant(posted.notice.audience) and account not in (posted.told or ()):
            raise InvalidInputError(
                "announcement_not_for_account", announcement=notice_id, account=account
            )
        receipt = ReadReceipt(account=account, announcement=notice_id, at=self._clock.now(), by=by)

        def work(tx: LedgerTransaction) -> ReadReceipt:
            before = tx.find(ReadReceipt, account=account, announcement=notice_id)
            if before is None:
                tx.add(receipt)
            return before or receipt

        return await self.book.ledger.run(work)

    async def receipts(self, notice_ids: Iterable[str]) -> Mapping[str, Sequence[ReadReceipt]]:
        """Return who has read announcements, by announcement."""
        wanted = list(notice_ids)
        return await self.book.ledger.read(
            lambda tx: {each: tx.rows(ReadReceipt, announcement=each) for each in wanted}
        )

    async def _write(self, notice_id: str, version: str, content: str) -> None:
        document = Document(kind=KIND, name=notice_id, version=version, content=content)
        await self.book.ledger.run(lambda tx: tx.insert_document(document))


def _posted(notice_id: str, contents: Mapping[str, str]) -> Posted:
    told, withdrawn = (json.loads(contents.get(each, "null")) for each in (TOLD, WITHDRAWN))
    return Posted(
        notice=notice_of(notice_id, contents[WRITTEN]),
        told=tuple(AccountNumber(each) for each in told["accounts"]) if told else None,
        withdrawn_at=datetime.fromisoformat(withdrawn["at"]) if withdrawn else None,
        withdrawn_by=withdrawn["user"] if withdrawn else "",
    )


def _json(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
