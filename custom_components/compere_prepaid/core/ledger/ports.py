"""The ledger's database as a port: rows in, rows out, all or nothing.

The laws (ids, hash chain, tiling, what commits together) live in this room; the adapter only
stores. Nothing here may rely on triggers, sequences, savepoints or advisory locks, so that any
engine with transactions and unique keys will do.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from ..errors import LedgerReadOnlyError
from ..ids import AccountNumber, MeterSerial, TransferId
from ..money.amount import Amount
from .account_rows import (
    Fee,
    HistoryRow,
    StateRow,
    Supply,
)
from .allocation_rows import DayRegisters, RunHead
from .group_reads import GroupReads
from .records import (
    Announcement,
    BillMark,
    ChainHead,
    Charge,
    Document,
    Hold,
    HoldKind,
    RegisterGeneration,
    RelayDemand,
    Spending,
    Term,
    TermKind,
    Transfer,
    TransferCode,
)


class LedgerTransaction(GroupReads, Protocol):
    """One database transaction on one site's book. Methods are synchronous and do not commit."""

    def head(self) -> ChainHead:
        """Return the end of the chain (seq 0 and the genesis hash in a new book)."""
        ...

    def move_head(self, before: ChainHead, after: ChainHead) -> None:
        """Set the head if it is still `before` and this instance still holds the site.

        Raises `LedgerReadOnlyError` (`ledger_taken_over`) otherwise. Serialises writers.
        """
        ...

    def find_transfer(self, transfer_id: TransferId) -> Transfer | None:
        """Return the transfer with this id, if any."""
        ...

    def insert_transfer(self, transfer: Transfer) -> None:
        """Store a transfer and add its amount to the totals of both ledger accounts."""
        ...

    def balance(self, account: str) -> Amount:
        """Return credits − debits of a ledger account (0 for one that never moved)."""
        ...

    def reserved(self, account: str) -> Amount:
        """Return what pending transfers will take off a ledger account if they are posted."""
        ...

    def generation(self, meter: MeterSerial) -> RegisterGeneration | None:
        """Return the meter's open register generation, if any."""
        ...

    def last_generation(self, meter: MeterSerial) -> int:
        """Return the highest generation number ever used for this meter, 0 if none."""
        ...

    def open_generation(self, generation: RegisterGeneration) -> None:
        """Store a new open generation and its bill mark at `start_wh`."""
        ...

    def close_generation(self, generation: RegisterGeneration) -> None:
        """Store `closed_wh` and `closed_at` of an open generation, once."""
        ...

    def generations(
        self, meters: Iterable[MeterSerial]
    ) -> Mapping[MeterSerial, tuple[RegisterGeneration, ...]]:
        """Return all register generations of meters, in their order; of those that have any."""
        ...

    def day_registers(
        self, meters: Collection[MeterSerial], since: date, until: date
    ) -> Mapping[MeterSerial, Sequence[DayRegisters]]:
        """Return what meters showed on the days from `since` to `until` included, day by day.

        Meters of which nothing is known are left out.
        """
        ...

    def metered(self, since: date, until: date) -> tuple[MeterSerial, ...]:
        """Return the meters of which something is known on days from `since` to `until`."""
        ...

    def mark(self, meter: MeterSerial) -> BillMark | None:
        """Return the bill mark of the meter's open generation, if any."""
        ...

    def move_mark(self, before: BillMark, after: BillMark) -> None:
        """Set the mark if its Wh is still `before.wh`; never backwards.

        Raises `OperationFailedError` (`mark_moved`) otherwise.
        """
        ...

    def insert_charge(self, charge: Charge) -> None:
        """Store a charge; its key (meter, generation, from_wh) can exist only once."""
        ...

    def charges(self, account: AccountNumber, since: datetime, until: datetime) -> Iterator[Charge]:
        """Yield an account's charges that begin within a time, by `from_at` and meter."""
        ...

    def charged_wh(
        self, account: AccountNumber, since: datetime, until: datetime
    ) -> Mapping[str, int]:
        """Return the Wh charged to an account within a time, by period."""
        ...

    def spending(self, account: AccountNumber, since: datetime, until: datetime) -> Spending:
        """Return Wh and money charged to an account, by the charges' `from_at`."""
        ...

    def first_charge_at(self, account: AccountNumber) -> datetime | None:
        """Return when the first interval charged to this account began."""
        ...

    def holds(self, meter: MeterSerial) -> tuple[Hold, ...]:
        """Return the holds that stand on a meter."""
        ...

    def last_hold(self, meter: MeterSerial, kind: HoldKind) -> Hold | None:
        """Return the hold of this kind that was placed last on a meter, also if it was released."""
        ...

    def holds_since(self, kind: HoldKind, since: datetime) -> tuple[Hold, ...]:
        """Return the holds of a kind that were placed or released since an instant, by meter."""
        ...

    def place_hold(self, hold: Hold) -> None:
        """Store a hold; the caller has checked that none of its kind stands on the meter."""
        ...

    def release_hold(self, meter: MeterSerial, kind: HoldKind, at: datetime, user: str) -> None:
        """Mark the standing hold of this kind as released."""
        ...

    def demand(self, meter: MeterSerial) -> RelayDemand | None:
        """Return what the meter's relay must be, if that was ever decided."""
        ...

    def set_demand(self, demand: RelayDemand) -> None:
        """Store a demand in place of the meter's earlier one."""
        ...

    def confirm_demand(self, meter: MeterSerial, version: int, at: datetime) -> bool:
        """Mark the demand as read back if it still has this version; say whether it had."""
        ...

    def announcement(self, account: AccountNumber) -> Announcement:
        """Return what was announced to the account (level None if nothing)."""
        ...

    def set_announcement(self, announcement: Announcement) -> None:
        """Store what was announced to the account."""
        ...

    def term(self, account: AccountNumber, kind: TermKind, at: datetime) -> Term | None:
        """Return the account's agreement of this kind in force at an instant."""
        ...

    def add_term(self, term: Term) -> None:
        """Store a dated agreement."""
        ...

    def documents(self, kind: str) -> tuple[Document, ...]:
        """Return all documents of a kind, by name and version."""
        ...

    def find_document(self, kind: str, name: str, version: str) -> Document | None:
        """Return one version of a document, if any."""
        ...

    def insert_document(self, document: Document) -> None:
        """Store a new document version."""
        ...

    def transfers(
        self,
        account: str,
        limit: int,
        *,
        since: datetime | None = None,
        only: TransferCode | None = None,
    ) -> Sequence[Transfer]:
        """Return the latest transfers that touch a ledger account, newest first.

        `since` (inclusive) speaks of `effective_at`. With `only`, those with another code are left
        out.
        """
        ...

    def totals(
        self, account: str, since: datetime | None = None, until: datetime | None = None
    ) -> Mapping[TransferCode, Amount]:
        """Return credits − debits of a ledger account by code, of posted transfers.

        `since` (inclusive) and `until` (exclusive) speak of `effective_at`.
        """
        ...

    def sums_by_step(
        self,
        account: str,
        codes: Collection[TransferCode],
        since: datetime,
        until: datetime,
        step: timedelta,
    ) -> Mapping[int, Amount]:
        """Return credits − debits of a ledger account in steps of time, of posted transfers.

        Only transfers with these codes count. The first step (0) begins at `since`, each is as long
        as `step`; those in which nothing moved are left out. `since` (inclusive) and `until`
        (exclusive) speak of `effective_at`.
        """
        ...

    def sales(
        self, since: datetime, until: datetime, but: AccountNumber | None
    ) -> Mapping[tuple[str, date, int], Spending]:
        """Return Wh and money charged to all accounts but one, by the charges' `from_at`.

        They are added up by version of the tariff: its name, first day and revision.
        """
        ...

    def fees(self, account: AccountNumber, since: date, until: date) -> tuple[Fee, ...]:
        """Return an account's fees of the days from `since` to before `until`, by day."""
        ...

    def energy_by_meter(
        self, since: datetime, until: datetime
    ) -> Mapping[tuple[AccountNumber, MeterSerial], int]:
        """Return the Wh charged within a time by account and meter, by the charges' `from_at`."""
        ...

    def energy_sold(self, since: datetime, until: datetime) -> Spending:
        """Return Wh and money charged to all accounts together, by the charges' `from_at`."""
        ...

    def run_result(self, run: str) -> str:
        """Return what came out of an allocation run, and nothing else; `[]` if there is none."""
        ...

    def run_heads(self, since: date, until: date) -> tuple[RunHead, ...]:
        """Return the allocation runs that share a day with a time, in the order of their making."""
        ...

    def find[R: StateRow | HistoryRow](self, kind: type[R], /, **key: object) -> R | None:
        """Return the row of this kind with this whole key, if any."""
        ...

    def rows[R: StateRow | HistoryRow](self, kind: type[R], /, **columns: object) -> tuple[R, ...]:
        """Return the rows of this kind with these columns, in the order of their key."""
        ...

    def last[R: HistoryRow](self, kind: type[R], /, **columns: object) -> R | None:
        """Return the row of this kind with these columns that has the greatest key, if any."""
        ...

    def put(self, row: StateRow) -> None:
        """Store how something stands, in place of what was stored for the same key."""
        ...

    def add(self, row: HistoryRow) -> None:
        """Store a row for ever; its key can exist only once."""
        ...

    def end_supply(self, supply: Supply) -> None:
        """Store `to_wh` and `to_at` of an open supply, once."""
        ...

    def prefetch(self, accounts: Iterable[AccountNumber], meters: Iterable[MeterSerial]) -> None:
        """Read at once what settling these accounts and meters will ask for; changes no answer."""
        ...


class Ledger(Protocol):
    """A site's book. `run` may call `work` again after a conflict: it has no side effects."""

    async def run[T](self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run `work` in one transaction and commit it durably before returning.

        Raises what `work` raises (nothing is kept then), `LedgerReadOnlyError` after a failed
        check or a take-over, and `OperationFailedError` with a key that begins with `ledger_` if
        the database cannot be written; the same work may be tried again later.
        """
        ...

    async def read[T](self, query: Callable[[LedgerTransaction], T]) -> T:
        """Run a query that writes nothing; works on a read-only ledger too."""
        ...

    async def survey[T](self, query: Callable[[LedgerTransaction], T]) -> T:
        """Run a query that takes long, like `read`; nobody else who reads waits for it."""
        ...

    async def verify(self) -> Verification:
        """Run the independent checker over the whole book."""
        ...

    def make_read_only(self, reason: str) -> None:
        """Refuse all writes from now on."""
        ...

    @property
    def refusal(self) -> LedgerReadOnlyError | None:
        """Return why all writes are refused, or None while they are not."""
        ...


class Verification(Protocol):
    """What the checker found: `ok` when there are no faults."""

    @property
    def ok(self) -> bool:
        """Tell whether the book is free of faults."""
        ...

    @property
    def transfers(self) -> int:
        """Return how many transfers were checked."""
        ...

    @property
    def charged_wh(self) -> int:
        """Return the Wh of all charges."""
        ...

    @property
    def register_wh(self) -> int:
        """Return the Wh that the registers advanced while they were charged."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """Return what is wrong, in words for people."""
        ...
