"""Numbers: an account's balance and credit limit.

The balance shows the ledger and is never a state of its own. Setting it posts an audited
adjustment: the difference between what was asked for and the exact balance at that moment.
"""

from abc import abstractmethod
from collections.abc import Iterator
from decimal import Decimal
from typing import override
import uuid

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .action_errors import translated_errors
from .authority import Duty, async_require_manager
from .cash_limits import Guarded, limit_of
from .core.errors import InvalidInputError
from .core.money.amount import Amount
from .entity import AccountEntity, async_feed
from .runtimes import AccountRuntime
from .site import CompereConfigEntry, CompereSite

PARALLEL_UPDATES = 0  # accounts have locks of their own

LARGEST = 1_000_000_000
"""Currency units; what fits the ledger is checked there."""

BALANCE = NumberEntityDescription(
    key="balance",
    device_class=NumberDeviceClass.MONETARY,
    native_min_value=-LARGEST,
    native_max_value=LARGEST,
)
CREDIT_LIMIT = NumberEntityDescription(
    key="credit_limit",
    device_class=NumberDeviceClass.MONETARY,
    native_min_value=0,
    native_max_value=LARGEST,
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CompereConfigEntry, add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Give every account its numbers."""
    site = entry.runtime_data

    def of_account(runtime: AccountRuntime) -> Iterator[NumberEntity]:
        yield BalanceNumber(site, runtime, BALANCE)
        yield CreditLimitNumber(site, runtime, CREDIT_LIMIT)

    async_feed(site, AccountRuntime, add_entities, of_account)


class MoneyNumber(AccountEntity, NumberEntity):
    """An amount of an account that may be set."""

    _attr_mode = NumberMode.BOX

    def __init__(
        self, site: CompereSite, runtime: AccountRuntime, description: NumberEntityDescription
    ) -> None:
        """Count in the site's currency, in steps of its minor unit."""
        super().__init__(site, runtime, description.key)
        self.entity_description = description
        self._attr_native_unit_of_measurement = site.currency.code
        self._attr_native_step = float(Decimal(1).scaleb(-site.currency.digits))

    @property
    @abstractmethod
    def _duty(self) -> Duty:
        """What setting it needs."""

    @abstractmethod
    async def _set(self, amount: Amount, user: str) -> None:
        """Make it so, in the name of a user."""

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it, if the caller may; raises translated errors and changes nothing otherwise."""
        user = await async_require_manager(self.hass, self.site.entry, self._context, self._duty)
        with translated_errors():
            await self._set(self.site.currency.parse(repr(value)), user)
        self.site.reading_path.refresh_account(self.runtime.number, news=True)


class BalanceNumber(MoneyNumber):
    """The electricity fund."""

    _duty = Duty.MONEY

    @property
    @override
    def native_value(self) -> float:
        """The balance, rounded down to the minor unit."""
        return float(self.view.balance)

    @override
    async def _set(self, amount: Amount, user: str) -> None:
        """Post the difference; each setting is an adjustment of its own, never a replay."""
        number = self.runtime.number
        difference = Amount(amount - self.site.book.account(number).balance)
        limit = limit_of(self.site.entry.options, self.site.currency, Guarded.ADJUSTMENT)
        if limit is not None and abs(difference) > limit:
            raise InvalidInputError(
                "adjustment_needs_approval", limit=self.site.currency.rounded(limit)
            )
        if difference:
            await self.site.cashier.adjust(
                number,
                difference,
                reason=f"balance set to {self.site.currency.rounded(amount):f}",
                reference=f"set-{uuid.uuid4()}",
                user=user,
            )


class CreditLimitNumber(MoneyNumber):
    """What the account may owe."""

    _duty = Duty.TERMS

    @property
    @override
    def native_value(self) -> float:
        """The credit limit in force."""
        return float(self.view.credit_limit)

    @override
    async def _set(self, amount: Amount, user: str) -> None:
        """Agree on another limit from now on."""
        await self.site.agreements.set_credit_limit([self.runtime.number], amount, user)
