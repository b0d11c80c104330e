"""The agenda: what is due comes in order, the urgent first, and nobody is forgotten."""

from hypothesis import given, strategies as st

from custom_components.compere_prepaid.core.meters.agenda import URGENT_IN_A_ROW, Agenda


def test_the_urgent_first_but_not_only() -> None:
    """While urgent ones are always due, one turn in nine is for the others."""
    agenda: Agenda[str] = Agenda()
    turns: list[str] = []
    agenda.plan("routine", 0, is_urgent=False)
    agenda.plan("urgent", 0, is_urgent=True)
    for now in range(90):
        item = agenda.take(now)
        assert item is not None
        turns.append(item)
        agenda.plan(item, now, is_urgent=item == "urgent")
    assert turns[:URGENT_IN_A_ROW] == ["urgent"] * URGENT_IN_A_ROW
    assert turns.count("routine") == 10


def test_nobody_is_due_before_his_time() -> None:
    """What is planned for later waits; planning anew and dropping undo what was planned."""
    agenda: Agenda[str] = Agenda()
    assert agenda.next_at() is None
    agenda.plan("a", 5, is_urgent=True)
    agenda.plan("b", 3, is_urgent=False)
    assert (agenda.take(2), agenda.next_at()) == (None, 3)
    agenda.plan("b", 9, is_urgent=False)
    assert (agenda.take(4), agenda.next_at()) == (None, 5)
    agenda.drop("a")
    agenda.drop("unknown")
    assert "a" not in agenda
    assert (agenda.take(8), agenda.take(9), agenda.take(99)) == (None, "b", None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["plan", "drop", "take"]),
            st.integers(0, 5),
            st.integers(0, 20),
            st.booleans(),
        )
    )
)
def test_it_agrees_with_a_table(steps: list[tuple[str, int, int, bool]]) -> None:
    """Whatever is planned, dropped and taken: who is taken was due, and is not planned after."""
    agenda: Agenda[int] = Agenda()
    table: dict[int, tuple[int, bool]] = {}
    for step, item, moment, is_urgent in steps:
        if step == "plan":
            agenda.plan(item, moment, is_urgent=is_urgent)
            table[item] = (moment, is_urgent)
        elif step == "drop":
            agenda.drop(item)
            table.pop(item, None)
        else:
            taken = agenda.take(moment)
            due = {one: at for one, (at, _) in table.items() if at <= moment}
            assert (taken in due) if due else taken is None
            if taken is not None:
                same = [at for one, at in due.items() if table[one][1] == table[taken][1]]
                assert due[taken] == min(same)
                del table[taken]
        assert agenda.next_at() == min((at for at, _ in table.values()), default=None)
        assert all((one in agenda) == (one in table) for one in range(6))
