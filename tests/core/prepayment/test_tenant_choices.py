"""What tenants choose for themselves is kept, whoever else chooses at the same time."""

import asyncio
from pathlib import Path

from custom_components.compere_prepaid.core.prepayment.tenant_choices import TenantChoices
from tests.core.prepayment.desk import SHOP, Desk, money


async def test_two_choices_at_once(tmp_path: Path) -> None:
    """The language of one page does not undo the warning level of another."""
    desk = await Desk(tmp_path / "ledger.db").open()
    await desk.shop("100")
    choices = TenantChoices(desk.book)
    number = desk.book.account(SHOP).number
    await asyncio.gather(choices.choose_language(SHOP, "ms"), choices.choose_alarm(SHOP, money(30)))
    kept = choices.choice(number)
    assert (kept.language, kept.alarm_threshold) == ("ms", money(30))
    desk.book.choices.clear()
    await choices.load()
    assert choices.choice(number) == kept
    await desk.ledger.close()
