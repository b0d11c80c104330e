"""The sensors of a feeder: which of them have long-term statistics."""

from custom_components.compere_prepaid.entities.balance import FEEDER_SENSORS


def test_only_the_month_adds_up() -> None:
    """A day's loss is known after it is over: statistics of what is reset would lose its end."""
    summed = [one.key for one in FEEDER_SENSORS if one.state_class == "total"]
    assert summed == ["loss_month"]
