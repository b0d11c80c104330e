"""When a provider is asked for an order: by a clock, without one that asks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.payment.watching import BACKGROUND, Step, Watch

MADE = datetime(2026, 3, 2, 4, tzinfo=UTC)
EXPIRES = MADE + timedelta(minutes=15)


def watch(**more: object) -> Watch:
    """Return the watch of an order that was just made."""
    return Watch(
        order_id="o",
        account="A-101",
        created_at=MADE,
        expires_at=EXPIRES,
        **{"asked_at": MADE, **more},  # type: ignore[arg-type]  # its own fields
    )


def steps(watched: Watch, minutes: int) -> list[tuple[int, Step]]:
    """Look at an order every minute; return what was done after which one."""
    done: list[tuple[int, Step]] = []
    for minute in range(minutes + 1):
        now = MADE + timedelta(minutes=minute)
        if (step := watched.step(now)) is not None:
            done.append((minute, step))
            watched.asked_at = now
            watched.closings += step is Step.CLOSE
    return done


def test_more_and_more_seldom_until_it_expires() -> None:
    """After 1, 2, 5 and 10 minutes; then it is closed, again and again until that succeeds."""
    query, close = Step.QUERY, Step.CLOSE
    assert steps(watch(), 130) == [
        *((1, query), (2, query), (5, query), (10, query)),
        *((15, close), (16, close), (18, close), (23, close), (33, close), (63, close)),
        *((93, close), (123, close)),
    ]


def test_an_order_of_an_earlier_run_is_asked_for_first() -> None:
    """Also one that has expired: it may have been paid."""
    assert watch(asked_at=None).step(MADE) is Step.QUERY
    late = watch(asked_at=None)
    assert late.step(EXPIRES + timedelta(days=1)) is Step.QUERY
    late.asked_at = EXPIRES + timedelta(days=1)
    assert late.step(late.asked_at) is Step.CLOSE


def test_an_order_that_is_given_up_is_closed_at_once() -> None:
    """It need not expire."""
    assert watch(is_closing=True).step(MADE) is Step.CLOSE


@pytest.mark.parametrize("pause", BACKGROUND)
@given(asked=st.integers(0, 10**6))
def test_there_is_always_a_next_time(pause: timedelta, asked: int) -> None:
    """Whenever somebody asked last: never before that, and never later than it expires."""
    asked_at = MADE + timedelta(seconds=asked)
    found = watch(asked_at=asked_at).next_at
    assert found <= EXPIRES
    assert found > asked_at or found == EXPIRES
    tried = watch(asked_at=asked_at, closings=BACKGROUND.index(pause) + 1)
    assert tried.next_at == asked_at + pause
