"""A shop under protection rules, without Home Assistant: its relay follows its holds at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from custom_components.compere_prepaid.core.events import ProtectionEvent
from custom_components.compere_prepaid.core.ledger.records import Hold, HoldKind
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.policy.protection import (
    Action,
    Protection,
    Rule,
    RuleKind,
)
from custom_components.compere_prepaid.core.prepayment.protecting import ProtectionStatus
from tests.core.prepayment.desk import METER, SHOP, Desk

LIMIT_W = 20_000

OVERLOAD = Rule(
    kind=RuleKind.OVERLOAD,
    action=Action.HOLD,
    limit=LIMIT_W * 1000,
    delay_s=60,
    tries=2,
    spacing_s=60,
)


def guarded(*rules: Rule, never_cut: bool = False) -> Policy:
    """Return a policy with these rules."""
    return Policy(
        name="Guarded",
        warning_levels=(),
        never_cut=never_cut,
        protection=Protection(rules={rule.kind: rule for rule in rules}),
    )


@dataclass(slots=True)
class GuardedShop:
    """The shop, its meter and what it draws."""

    desk: Desk
    watts: int = 1000
    wh_ms: int = 5_000_000 * 3_600_000
    more: dict[Quantity, int] = field(default_factory=dict)

    @classmethod
    async def open(cls, desk: Desk, *rules: Rule, never_cut: bool = False) -> GuardedShop:
        """Open the shop with 1 000 000 and a policy with these rules; read its meter once."""
        await desk.write(guarded(*rules, never_cut=never_cut))
        await desk.shop("1000000", policy="Guarded")
        shop = cls(desk)
        await shop.read(0)
        return shop

    async def read(self, after_s: int = 10, **more: int) -> None:
        """Let time pass, then read the meter as the site does."""
        desk = self.desk
        meter = desk.book.meters[METER]
        closed = not meter.holds
        power = self.watts if closed else 0
        self.wh_ms += power * after_s * 1000
        at = desk.clock.forward(seconds=after_s)
        values: Mapping[Quantity, int] = {
            Quantity.ENERGY_IMPORT: self.wh_ms // 3_600_000,
            Quantity.POWER: power * 1000,
            **self.more,
            **{Quantity(name): value for name, value in more.items()},
        }
        reading = MeterReading(serial=METER, at=at, values=values, relay_closed=closed)
        await desk.charging.on_reading(reading)
        demand = await desk.ledger.read(lambda tx: tx.demand(METER))
        await desk.protecting.on_reading(reading, demand)

    async def draw(self, watts: int, seconds: int, step_s: int = 10) -> None:
        """Draw this power for so long."""
        self.watts = watts
        for _ in range(seconds // step_s):
            await self.read(step_s)

    @property
    def told(self) -> list[str]:
        """What the rules told, in order: `overload tripped`."""
        return [
            f"{event.kind} {event.action}"
            for event in self.desk.events
            if isinstance(event, ProtectionEvent)
        ]

    @property
    def holds(self) -> tuple[HoldKind, ...]:
        """The holds that stand on the meter."""
        return self.desk.book.meters[METER].holds

    @property
    def status(self) -> ProtectionStatus:
        """How the meter stands before its rules."""
        return self.desk.protecting.status(METER)

    async def standing(self) -> tuple[Hold, ...]:
        """Return the holds that the ledger has."""
        return await self.desk.ledger.read(lambda tx: tx.holds(METER))

    async def restart(self) -> None:
        """Lose all memory, as after a kill, and open the shop again."""
        await self.desk.restart()
        await self.desk.shop("1000000", policy="Guarded")
        assert self.desk.book.account(SHOP).policy.name == "Guarded"
