"""What can be done with the accounts of a site: the use cases of its book, by name."""

from .adapters.allocation_apart.apart import work_out_apart_if_large
from .core.allocation.bills import Bills
from .core.allocation.pools import Pools
from .core.allocation.runs import Allocations
from .core.payment.approvals import Approvals
from .core.payment.cash_desk import CashDesk
from .core.payment.payouts import Payouts
from .core.payment.suspense import Suspense
from .core.prepayment.agreements import Agreements
from .core.prepayment.book import AccountBook
from .core.prepayment.cashier import Cashier
from .core.prepayment.charging import Charging
from .core.prepayment.credit_desk import CreditDesk
from .core.prepayment.debt_desk import DebtDesk
from .core.prepayment.policies import Policies
from .core.prepayment.preview import Previewer
from .core.prepayment.protecting import Protecting
from .core.prepayment.refunds import Refunds
from .core.prepayment.rerating import Rerater
from .core.prepayment.special_days import SpecialDays
from .core.prepayment.tenant_choices import TenantChoices
from .core.prepayment.undoing import Undoing
from .core.tenancy.moves import Moves
from .core.tenancy.opening import Opening
from .core.tenancy.replacement import Replacements
from .core.tenancy.supplies import Supplies


class UseCases:
    """The use cases over one book of accounts."""

    def __init__(self, book: AccountBook) -> None:
        """Serve a book."""
        self.book = book
        self.charging = Charging(book)
        self.protecting = Protecting(book)
        self.cashier = Cashier(book)
        self.agreements = Agreements(book)
        self.refunds = Refunds(book)
        self.credit_desk = CreditDesk(book)
        self.policies = Policies(book, self.agreements)
        self.pools = Pools(book)
        self.undoing = Undoing(book, self.agreements, self.refunds)
        self.debts = DebtDesk(book)
        self.special_days = SpecialDays(book)
        self.tenants = TenantChoices(book)
        self.rerater = Rerater(book)
        self.previewer = Previewer(book)
        self.supplies = Supplies(book)
        self.opening = Opening(book)
        self.moves = Moves(book)
        self.cash_desk = CashDesk(book.ledger, book.clock, book.currency)
        self.payouts = Payouts(book.ledger, book.clock, book.currency)
        self.suspense = Suspense(book)
        self.approvals = Approvals(book.ledger, book.clock)
        self.bills = Bills(book)
        self.allocations = Allocations(book, work_out_apart_if_large)
        self.replacements = Replacements(book, self.charging)
