"""The rows of a book for an export: streamed, with money and times in a form for people."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, text

type Progress = Callable[[int, int], None]
"""Is told how many rows are written, and of how many; on the thread that writes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = 5000


@dataclass(slots=True)
class Source:
    """One site's book within one snapshot."""

    connection: Connection
    site: str
    progress: Progress | None = None
    currency: str = ""
    kind: str = ""
    """Whether its money is `real`, or there for trying (`sandbox`)."""
    scale: int = 9
    total: int = 0
    done: int = 0

    def open(self, tables: Mapping[str, int]) -> None:
        """Read the book's title; `tables` says how often each is gone through."""
        query = "SELECT currency, scale, kind FROM book WHERE site = :site"
        self.currency, self.scale, self.kind = self._execute(query).one()
        for table, times in tables.items():
            count = self._execute(f'SELECT COUNT(*) FROM "{table}" WHERE site = :site')  # noqa: S608  -- a name of ours
            self.total += times * int(count.scalar_one())

    def rows(self, query: str, **parameters: object) -> Iterator[Row[Any]]:
        """Yield the rows of a query about this site (`:site`), and tell how far it is."""
        for row in self._execute(query, **parameters):
            self.done += 1
            if self.progress is not None and self.done % _STEP == 0:
                self.progress(self.done, self.total)
            yield row

    def finish(self) -> None:
        """Tell that everything is written."""
        if self.progress is not None:
            self.progress(self.total, self.total)

    def money(self, amount: int) -> str:
        """Write an amount in units of currency, exactly."""
        return f"{Decimal(amount).scaleb(-self.scale):f}"

    def price(self, price: int) -> str:
        """Write a price per kWh, exactly."""
        return f"{Decimal(price).scaleb(3 - self.scale):f}"

    def _execute(self, query: str, **parameters: object) -> Any:
        return self.connection.execute(
            text(query), {"site": self.site, **parameters}, execution_options={"yield_per": 1000}
        )


def time(value: int | None) -> str:
    """Write an instant (microseconds since 1970) as ISO 8601 in UTC; nothing for none."""
    if value is None:
        return ""
    return (_EPOCH + timedelta(microseconds=value)).isoformat(timespec="microseconds")


def microseconds(at: datetime) -> int:
    """Return an instant as the book counts it."""
    return (at - _EPOCH) // timedelta(microseconds=1)
