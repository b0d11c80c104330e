"""One transaction on one site's book: the core's `LedgerTransaction` on a database connection.

The laws of the ledger live in the core. Repeated here are those that keep a mistake of ours out of
the book: nothing is committed after a refusal, and what belongs together must be there together.
"""

from .plain import PlainRows
from .registers import RegisterRows
from .sums import SumRows
from .supply import SupplyRows
from .transfers import TransferRows


class DatabaseTransaction(TransferRows, RegisterRows, SupplyRows, PlainRows, SumRows):
    """Implements `LedgerTransaction`; made for one open transaction and thrown away with it."""

    def seal(self) -> None:
        """Check, right before the commit, that the book is whole.

        Raises what was refused earlier, and `OperationFailedError` (`ledger_rule_broken`) if
        charges and mark, or holds and relay demand, do not fit each other.
        """
        if self._failed is not None:
            raise self._failed
        self._seal_registers()
        self._seal_demands()
