"""The press: prints statements that were issued, one batch at a time, into our folder.

A batch goes on in processes of its own. It can be stopped; those that are begun are finished then,
so that there are whole statements only, and what was issued stays issued.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
import hashlib
from pathlib import Path
import shutil
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from homeassistant.core import HomeAssistant

from ..adapters.statement_paper.order import Order
from ..adapters.statement_paper.wording import language_for
from ..adapters.statement_paper.workshop import HANDS, Hand, Printing
from ..const import CONF_LANGUAGE, DOMAIN
from ..core.errors import OperationFailedError
from ..core.ids import AccountNumber
from ..core.ledger.account_rows import IssuedStatement

if TYPE_CHECKING:
    from ..site import CompereSite

FOLDER = "statements"
"""The folder of printed statements, in our folder of the configuration."""

PAGES = frozenset({"html", "pdf"})
"""Forms of which each statement has a file of its own."""
TABLES = frozenset({"csv", "xlsx"})
"""Forms of which a batch has one file, with the lines of all statements."""

SMALL = 8
"""So few statements are printed by one process: starting another would take longer."""

_LONGEST_NAME = 80


class Paper(NamedTuple):
    """An issued statement, by account and number."""

    account: AccountNumber
    number: int


type Group = Mapping[AccountNumber, IssuedStatement]
"""Statements that are issued at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What a batch came to: files by statement and form, and what went wrong."""

    papers: Sequence[Paper]
    """All that there are, printed or not."""
    files: Mapping[Paper, Mapping[str, Path]]
    tables: Mapping[str, Path]
    errors: Mapping[Paper, str]
    is_cancelled: bool


@dataclass(slots=True)
class Press:
    """Prints the statements of a site."""

    site: CompereSite
    done: int = 0
    total: int = 0
    _printing: Printing | None = None
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Single statements, of tenants, are printed one after the other."""
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _files: dict[Paper, Mapping[str, Path]] = field(default_factory=dict)
    _errors: dict[Paper, str] = field(default_factory=dict)

    @property
    def progress(self) -> int | None:
        """How many percent of a batch are done; None while there is no batch."""
        if self._printing is None:
            return None
        return 100 * self.done // self.total if self.total else 0

    @property
    def folder(self) -> Path:
        """Where the files of this site are."""
        return _folder(self.site.hass, self.site.entry.entry_id)

    async def async_print(
        self,
        groups: AsyncGenerator[Group],
        total: int,
        forms: Collection[str],
        language: str = "",
    ) -> Printed:
        """Print statements, so many in all; without a language each in its tenant's.

        While some are printed the next ones are made; after a stop no others are. Raises
        `OperationFailedError`: `statements_printing` (another batch runs), `printing_stopped`,
        `printing_failed`; and what the making raises.
        """
        if self._printing is not None:
            raise OperationFailedError("statements_printing", done=self.done, total=self.total)
        now = self.site.clock.now().astimezone(self.site.zone)
        tables = {
            form: self.folder / f"{now:%Y-%m}" / f"lines-{now:%Y%m%d-%H%M%S}.{form}"
            for form in sorted(TABLES.intersection(forms))
        }
        papers: list[Paper] = []
        coming = ahead(groups, papers)
        orders = self._orders(coming, sorted(PAGES.intersection(forms)), language)
        printing = self._printing = Printing(
            orders=orders,
            tables=tables,
            hands=1 if total <= SMALL else HANDS,
            on_done=self._on_done,
        )
        self._idle.clear()
        self.done, self.total = 0, total
        self._files, self._errors = {}, {}
        self._tell()
        try:
            async with aclosing(groups), aclosing(coming), aclosing(orders):
                made = await printing.run()
        finally:
            self._printing = None
            self._idle.set()
            self._tell()
        return Printed(
            papers=papers,
            files=self._files,
            tables=tables if made else {},
            errors=self._errors,
            is_cancelled=printing.is_stopped,
        )

    async def async_file(self, row: IssuedStatement, language: str, form: str) -> Path:
        """Return a statement's file, which is printed if it is not there yet.

        Raises `OperationFailedError` (`printing_stopped`, `printing_failed`).
        """
        path = self._path(row, language, form)
        async with self._one:
            if not await self.site.hass.async_add_executor_job(path.is_file):
                async with await Hand.start() as hand:
                    error = await hand.ask(self.order(row, language, {form: path}).written())
                if error:
                    raise OperationFailedError("printing_failed", error=error)
        return path

    def cancel(self) -> bool:
        """Stop the batch that runs, if one does: those that are begun are the last ones."""
        if self._printing is None:
            return False
        self._printing.is_stopped = True
        return True

    async def async_stop(self) -> None:
        """Stop the batch that runs, and wait for those that are begun."""
        if self.cancel():
            await self._idle.wait()

    def language_of(self, account: AccountNumber) -> str:
        """Return the language in which a tenant reads: chosen, configured, or Home Assistant's."""
        runtime = self.site.accounts.get(account)
        configured = runtime.data.get(CONF_LANGUAGE, "") if runtime else ""
        chosen = self.site.tenants.choice(account).language
        return language_for(chosen or configured or self.site.hass.config.language)

    def order(
        self, row: IssuedStatement, language: str, files: Mapping[str, Path] | None = None
    ) -> Order:
        """Return what has to be known to print a statement."""
        return Order(
            site=self.site.name,
            account=row.account,
            content=row.content,
            number=row.number,
            issued_at=row.issued_at.astimezone(self.site.zone),
            language=language,
            files=files or {},
        )

    async def _orders(
        self,
        groups: AsyncIterator[Group],
        forms: Sequence[str],
        language: str,
    ) -> AsyncGenerator[Order]:
        async for group in groups:
            for account, row in group.items():
                spoken = language or self.language_of(account)
                files = {form: self._path(row, spoken, form) for form in forms}
                yield self.order(row, spoken, files)

    def _path(self, row: IssuedStatement, language: str, form: str) -> Path:
        issued = row.issued_at.astimezone(self.site.zone)
        name = f"{file_stem(row.account)}-{row.number}-{language}-{fingerprint(row)}.{form}"
        return self.folder / f"{issued:%Y-%m}" / name

    def _on_done(self, order: Order, error: str) -> None:
        before = self.progress
        self.done += 1
        paper = Paper(AccountNumber(order.account), order.number)
        if error:
            self._errors[paper] = error
        else:
            self._files[paper] = order.files
        if self.progress != before:
            self._tell()

    def _tell(self) -> None:
        self.site.totals.push(None, news=True)


async def ahead(groups: AsyncIterator[Group], papers: list[Paper]) -> AsyncGenerator[Group]:
    """Yield statements; while some are used the next ones are made.

    All that are made are noted in `papers`, also if they are not used any more.
    """

    async def following() -> Group | None:
        group = await anext(groups, None)
        papers.extend(Paper(account, row.number) for account, row in (group or {}).items())
        return group

    coming = asyncio.create_task(following())
    try:
        while (group := await coming) is not None:
            coming = asyncio.create_task(following())
            yield group
    finally:
        await coming


def _folder(hass: HomeAssistant, entry_id: str) -> Path:
    return Path(hass.config.path(DOMAIN, FOLDER), entry_id)


async def async_forget_printed(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the files of a site that is gone: they can be printed again from its ledger."""
    folder = _folder(hass, entry_id)
    await hass.async_add_executor_job(partial(shutil.rmtree, folder, ignore_errors=True))


async def async_issued(site: CompereSite, paper: Paper) -> IssuedStatement | None:
    """Return a statement that was issued, if there is such a one."""
    return await site.ledger.read(
        lambda tx: tx.find(IssuedStatement, account=paper.account, number=paper.number)
    )


def fingerprint(row: IssuedStatement) -> str:
    """Return what tells a statement from another one of the same account and number.

    There are such after a ledger was restored: it issues the numbers again that it does not know.
    """
    return hashlib.sha256(f"{row.issued_at.timestamp()} {row.content}".encode()).hexdigest()[:12]


def file_stem(account: str) -> str:
    """Return how the files of an account begin: its number as every file system takes it.

    It never begins with a dot, and no two accounts have the same. Nor does it have anything that an
    address would quote: signed links are quoted once less than they are read.
    """
    name = f"statement-{quote(account, safe='').replace('%', '=')}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"statement-{hashlib.sha256(account.encode()).hexdigest()[:32]}"
