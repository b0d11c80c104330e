"""The value report: what was read, as figures by topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ..allocation.content import inputs_of, results_of, share_lines_of
from ..allocation.standing import posted_runs
from ..balance.energy_balance import Balance
from ..ledger.allocation_rows import AllocationRun, AllocationShare
from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount, Currency
from .arrears import Standing, arrears_figures
from .facts import Period, Waits, Watched
from .figure import Figure, Given, figure
from .leakage import leakage_figures
from .neither import Neither, neither_figure
from .readings import reading_figures, reconnection_figures
from .saving import Refusal, Saving
from .selling import Selling, selling_figures

type Sections = Mapping[str, Sequence[Figure]]
"""Figures by topic; topics of a month or a feeder have it behind a colon (`markup:2026-10`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What only the user knows; None where nothing is claimed of it."""

    minutes_per_reading: Decimal | None = None
    wage: Decimal | None = None
    """What an hour of work costs."""
    days_outstanding: Decimal | None = None
    """From use to payment, on average, where it is billed afterwards."""
    bad_debts_before: Decimal | None = None
    """What tenants left owing in as long a time before."""
    reconnect_minutes_before: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCosts:
    """What posted runs shared out: the cost of pools, and what lines with arithmetic explain."""

    runs: int
    cost: Amount
    explained: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that was read for a report."""

    period: Period
    standing: Standing
    waits: Waits
    cuts: Mapping[str, int]
    watched: Watched
    shared: SharedCosts
    selling: Sequence[Selling]
    """By month."""
    neither: Sequence[Neither]
    """By month, too."""
    saving: Saving | Refusal | None = None
    """None where no time before was named."""
    saving_notes: tuple[str, ...] = ()
    losses: Mapping[str, tuple[Balance, Balance | None]] = field(default_factory=dict)
    """By feeder: of the time, and of the time before."""


def read_shared(tx: LedgerTransaction, period: Period) -> SharedCosts:
    """Read what the posted runs that begin in a time have shared out."""
    runs = cost = explained = 0
    for head in posted_runs(tx, period.since, period.until):
        run = tx.find(AllocationRun, id=head.id) if head.since >= period.since else None
        if run is None:
            continue
        results = results_of(run.result)
        owner = inputs_of(run.inputs).owner
        shares = [row for row in tx.rows(AllocationShare, run=run.id) if row.account != owner]
        runs += 1
        cost += sum(result.cost for result in results)
        explained += sum(line.amount for row in shares for line in share_lines_of(row.content))
        explained += sum(line.amount for result in results for line in result.owner_lines)
    return SharedCosts(runs=runs, cost=Amount(cost), explained=Amount(explained))


def sections_of(facts: Facts, known: Known, currency: Currency) -> Sections:
    """Return all figures."""
    since = facts.waits.kept_since
    begun = facts.watched.known_since
    sections: dict[str, Sequence[Figure]] = {
        "readings": reading_figures(
            facts.watched.readings,
            minutes_per_reading=known.minutes_per_reading,
            wage=known.wage,
            known_since="" if begun is None or begun <= facts.period.since else begun.isoformat(),
        ),
        "arrears": arrears_figures(
            facts.standing,
            currency,
            days_outstanding=known.days_outstanding,
            bad_debts_before=known.bad_debts_before,
        ),
        "reconnection": reconnection_figures(
            facts.waits.waits,
            minutes_before=known.reconnect_minutes_before,
            kept_since="" if since is None else since.isoformat(),
        ),
        "energy": saving_figures(facts.saving, facts.saving_notes),
        "leakage": leakage_figures(facts.watched.leaks, facts.cuts, facts.watched.meters),
        "shared_costs": shared_figures(facts.shared, currency),
    }
    for feeder, (now, before) in facts.losses.items():
        sections[f"losses:{feeder}"] = losses_figures(now, before)
    for selling, neither in zip(facts.selling, facts.neither, strict=True):
        figures = (*selling_figures(selling, currency), neither_figure(neither))
        sections[f"markup:{selling.period.name}"] = figures
    return sections


def shared_figures(shared: SharedCosts, currency: Currency) -> tuple[Figure, ...]:
    """Return how much of the shared costs has a basis and an arithmetic on somebody's statement."""
    cost = currency.exact(shared.cost)
    return (
        figure("shared_cost", "money", "cost", cost=cost, runs=shared.runs),
        figure(
            "shared_cost_explained",
            "percent",
            "100 * explained / cost",
            explained=currency.exact(shared.explained),
            cost=cost,
        ),
    )


def losses_figures(now: Balance, before: Balance | None) -> tuple[Figure, ...]:
    """Return a feeder's losses, and those of the time before if one was named."""

    def share(name: str, losses: Balance) -> Figure:
        return figure(
            name,
            "percent",
            "100 * (main_kwh - behind_kwh) / main_kwh",
            main_kwh=Decimal(losses.main_wh).scaleb(-3),
            behind_kwh=Decimal(losses.sub_wh).scaleb(-3),
            hours=losses.hours,
            hours_left_out=losses.unknown_hours,
        )

    found = share("losses", now)
    if before is None:
        return (found,)
    earlier = share("losses_before", before)
    change = figure(
        "losses_change",
        "percentage_points",
        "losses - losses_before",
        losses=found.value,
        losses_before=earlier.value,
    )
    return found, earlier, change


def saving_figures(saving: Saving | Refusal | None, notes: tuple[str, ...]) -> tuple[Figure, ...]:
    """Return the energy saved, how sure it is and how well the model fits; or why there is none."""
    if saving is None:
        return (_nothing("energy_saved", "no_time_before"),)
    if isinstance(saving, Refusal):
        return (_nothing("energy_saved", saving.reason, *notes, **saving.numbers),)
    unsure = ("not_distinguishable",) if saving.half_width >= abs(saving.saved) else ()
    measured: dict[str, Given] = {"predicted_kwh": saving.predicted, "measured_kwh": saving.actual}
    return (
        figure(
            "energy_saved",
            "kWh",
            "predicted_kwh - measured_kwh",
            *unsure,
            *notes,
            *saving.notes,
            **measured,
            days_before=saving.days_before,
            days_after=saving.days_after,
        ),
        figure(
            "energy_saved_uncertainty",
            "kWh",
            "t * standard_error_kwh",
            "interval",
            t=saving.t,
            standard_error_kwh=saving.standard_error,
            days_before=saving.days_before,
            as_good_as_days=saving.effective_days,
            likeness_of_days=saving.autocorrelation,
        ),
        figure(
            "energy_saved_percent",
            "percent",
            "100 * (predicted_kwh - measured_kwh) / predicted_kwh",
            **measured,
        ),
        figure("model_cv_rmse", "percent", "100 * cv_rmse", cv_rmse=saving.cv_rmse),
        figure("model_nmbe", "percent", "100 * nmbe", nmbe=saving.nmbe),
        figure("model_r_squared", "ratio", "r_squared", r_squared=saving.r_squared),
        figure(
            "model_coefficients",
            "count",
            "coefficients",
            coefficients=len(saving.coefficients),
            heating_base_c=saving.heating_base if saving.heating_base is not None else "-",
            cooling_base_c=saving.cooling_base if saving.cooling_base is not None else "-",
            **{f"{name}_kwh": value for name, value in saving.coefficients.items()},
        ),
    )


def _nothing(name: str, *notes: str, **inputs: Given) -> Figure:
    """Return a figure that has no number."""
    return Figure(name=name, value=None, unit="kWh", inputs=inputs, notes=notes)
