"""Energy before and after, freed of weather and occupancy, and how sure the difference is.

The whole-building way of IPMVP (option C) and ASHRAE Guideline 14: a model of a day's energy is
fitted to the days before; what it expects of the days after, less what was measured, is the saving.
The model knows the day of the week, special days, how much floor was let, and degree days, each
where the data have it and where it says something. The bases of the degree days are those that fit
best, and count as coefficients.

Days resemble the days before them (by r), so n days say as much as k = n (1 - r) ÷ (1 + r) other
ones (Guideline 14, annex B). With f = n ÷ k, p coefficients, m days after whose columns add up to
s, and Student's t of k - p degrees of freedom:

    v = sum of residual² ÷ (n - p f)        half of the 95 % interval = t √(v f (m + s'(X'X)⁻¹s))
    CV(RMSE) = √(sum of residual² ÷ (n - p)) ÷ mean    NMBE = sum of residuals ÷ ((n - p) mean)

Where data are too few, or the model fits too badly, nothing is claimed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, localcontext

from .regression import PRECISE, ZERO, Fit, Products, lag_one, student_t

FEWEST_BEFORE = 60
"""Days before: two months hold every day of the week eight times."""
FEWEST_AFTER = 14
WORST_CV = Decimal("0.30")
"""CV(RMSE) above which a model explains too little; Guideline 14's bound for hourly data."""
OUTSIDE = Decimal("0.10")
"""A model is believed this share of the range of its data beyond it; and so many days may lie
farther out."""
LEAST_FREEDOM = 10
FEWEST_SPECIAL = 3
"""With fewer special days before, nothing is known of such days: they count as ordinary ones."""
COOLING, HEATING = "cooling_degrees", "heating_degrees"
ROUNDS = 4
"""So often at most the bases are sought anew, each for the other."""
BASES = tuple(range(8, 27))
"""The outside temperatures (°C) at which heating or cooling may begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day whose energy is known. `occupied` is let floor in m²; None is not known.

    `temperature` is the day's mean outside in °C.
    """

    day: date
    energy_wh: int
    occupied: Decimal | None = None
    temperature: Decimal | None = None
    special: bool = False
    """A holiday, or another day that is not like its day of the week."""

    def without(self, name: str) -> Day:
        """Return the day as if its `temperature`, or what was `occupied`, was not known."""
        known = {"occupied": self.occupied, "temperature": self.temperature, name: None}
        return Day(day=self.day, energy_wh=self.energy_wh, special=self.special, **known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What the model says. Energy in kWh, shares as such (0.05 is 5 %)."""

    days_before: int
    days_after: int
    predicted: Decimal
    actual: Decimal
    standard_error: Decimal
    """Of what was saved."""
    cv_rmse: Decimal
    nmbe: Decimal
    r_squared: Decimal
    autocorrelation: Decimal
    effective_days: Decimal
    t: Decimal
    coefficients: Mapping[str, Decimal]
    heating_base: int | None = None
    cooling_base: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def saved(self) -> Decimal:
        """Predicted less measured."""
        return self.predicted - self.actual

    @property
    def half_width(self) -> Decimal:
        """Half of the 95 % interval."""
        return self.t * self.standard_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing is claimed: a key, and the numbers that decided."""

    reason: str
    numbers: Mapping[str, int | Decimal] = field(default_factory=dict)


type _Column = Callable[[Day], Decimal]


@dataclass(frozen=True, slots=True)
class _Model:
    columns: Mapping[str, _Column]
    fit: Fit
    bases: Mapping[str, int]

    def row(self, day: Day) -> list[Decimal]:
        return [column(day) for column in self.columns.values()]

    @property
    def parameters(self) -> int:
        return len(self.fit.used) + len(self.bases)


def saving(before: Sequence[Day], after: Sequence[Day]) -> Saving | Refusal:
    """Return what was saved in the days after, or why nobody can say it."""
    before, after, notes = _comparable(before, after)
    if len(before) < FEWEST_BEFORE:
        numbers = {"days": len(before), "needed": FEWEST_BEFORE}
        return Refusal(reason="too_few_days_before", numbers=numbers)
    if len(after) < FEWEST_AFTER:
        numbers = {"days": len(after), "needed": FEWEST_AFTER}
        return Refusal(reason="too_few_days_after", numbers=numbers)
    if (refusal := _outside(before, after)) is not None:
        return refusal
    with localcontext(PRECISE):
        if not sum(day.energy_wh for day in before):
            return Refusal(reason="no_energy_before")
        return _judged(_best_model(before), before, after, notes)


def _judged(
    model: _Model, before: Sequence[Day], after: Sequence[Day], notes: tuple[str, ...]
) -> Saving | Refusal:
    n, p, m = len(before), model.parameters, len(after)
    mean = _over(sum((_kwh(day) for day in before), ZERO), n)
    residuals = model.fit.residuals([*map(model.row, before)], [*map(_kwh, before)])
    rho = _autocorrelation(residuals, before, len(model.fit.used))
    effective = _over(n * (1 - rho), 1 + rho)
    if effective - p < LEAST_FREEDOM:
        return Refusal(
            reason="too_few_days_before",
            numbers={"days": n, "effective": effective, "coefficients": p},
        )
    cv_rmse = _over(_over(model.fit.unexplained, n - p).sqrt(), mean)
    if cv_rmse > WORST_CV:
        return Refusal(reason="fit_too_bad", numbers={"cv_rmse": cv_rmse, "worst": WORST_CV})
    inflation = _over(Decimal(n), effective)
    variance = _over(model.fit.unexplained, n - p * inflation)
    together = [sum(column, ZERO) for column in zip(*map(model.row, after), strict=True)]
    error = (variance * inflation * (m + model.fit.leverage(together))).sqrt()
    spread = sum(((_kwh(day) - mean) ** 2 for day in before), ZERO)
    return Saving(
        days_before=n,
        days_after=m,
        predicted=model.fit.predicted(together),
        actual=sum((_kwh(day) for day in after), ZERO),
        standard_error=error,
        cv_rmse=cv_rmse,
        nmbe=_over(sum(residuals, ZERO), (n - p) * mean),
        r_squared=1 - _over(model.fit.unexplained, spread) if spread else ZERO,
        autocorrelation=rho,
        effective_days=effective,
        t=student_t(effective - p),
        coefficients={
            name: model.fit.coefficients[place]
            for place, name in enumerate(model.columns)
            if place in model.fit.used
        },
        heating_base=model.bases.get(HEATING),
        cooling_base=model.bases.get(COOLING),
        notes=notes,
    )


def _comparable(
    before: Sequence[Day], after: Sequence[Day]
) -> tuple[Sequence[Day], Sequence[Day], tuple[str, ...]]:
    """Return the days of which the same is known, in order, and what the model can't know.

    Temperature or floor that is known of fewer than nine days of ten, before or after, is left out
    of the model; else the days without it are left out.
    """
    notes = []
    kept = [sorted(days, key=lambda day: day.day) for days in (before, after)]
    for name, note in (("temperature", "without_weather"), ("occupied", "without_occupancy")):
        enough = all(
            10 * sum(getattr(day, name) is not None for day in days) >= 9 * len(days)
            for days in kept
        )
        if enough:
            kept = [[day for day in days if getattr(day, name) is not None] for days in kept]
        else:
            kept = [[day.without(name) for day in days] for days in kept]
            notes.append(note)
    return kept[0], kept[1], tuple(notes)


def _outside(before: Sequence[Day], after: Sequence[Day]) -> Refusal | None:
    """Refuse to guess at weather or occupancy that was never seen before."""
    for name in ("temperature", "occupied"):
        seen: list[Decimal] = [value for day in before if (value := getattr(day, name)) is not None]
        if not seen:
            continue
        low, high = min(seen), max(seen)
        slack = max((high - low) * OUTSIDE, abs(high) * OUTSIDE if name == "occupied" else ZERO)
        strange = [day for day in after if not low - slack <= getattr(day, name) <= high + slack]
        if len(strange) > len(after) * OUTSIDE:
            return Refusal(
                reason=f"outside_{name}",
                numbers={"days": len(strange), "of_days": len(after), "low": low, "high": high},
            )
    return None


def _best_model(before: Sequence[Day]) -> _Model:
    """Return the model with the least variance left among those with and without degree days."""
    columns = _columns(before)
    plain = len(columns)
    if before[0].temperature is not None:
        for name in (COOLING, HEATING):
            columns |= {f"{name} {base}": _degrees(name, base) for base in BASES}
    products = Products.of(
        [[column(day) for column in columns.values()] for day in before], [*map(_kwh, before)]
    )
    places = {name: place for place, name in enumerate(columns)}

    def fitted(bases: Mapping[str, int]) -> _Model:
        chosen = [f"{name} {base}" for name, base in bases.items()]
        names = [*list(columns)[:plain], *chosen]
        return _Model(
            {name.split()[0]: columns[name] for name in names},
            products.fit([places[name] for name in names]),
            bases,
        )

    best = fitted({})
    if before[0].temperature is None:
        return best
    for _ in range(ROUNDS):
        was = best.bases
        for name in (COOLING, HEATING):  # each for the other as it is
            rest = {key: base for key, base in best.bases.items() if key != name}
            tried = ({**rest, name: base} for base in BASES)
            best = _better(best, len(before), map(fitted, filter(_in_order, tried)))
        if best.bases == was:
            break
    return best


def _in_order(bases: Mapping[str, int]) -> bool:
    """Tell whether nothing is heated and cooled at once."""
    return bases.get(HEATING, BASES[0]) <= bases.get(COOLING, BASES[-1])


def _better(best: _Model, days: int, others: Iterator[_Model]) -> _Model:
    """Return the best of some models; more energy on cold or hot days is the only sense."""
    for other in others:
        places = {name: place for place, name in enumerate(other.columns)}
        if any(other.fit.coefficients[places[name]] <= 0 for name in other.bases):
            continue
        if _left(other, days) < _left(best, days):
            best = other
    return best


def _left(model: _Model, days: int) -> Decimal:
    return _over(model.fit.unexplained, days - model.parameters)


def _degrees(name: str, base: int) -> _Column:
    """Return the column of heating or cooling degree days over a base; all days have degrees."""
    sign = 1 if name == COOLING else -1

    def column(day: Day) -> Decimal:
        return max(ZERO, sign * ((day.temperature or ZERO) - base))

    return column


def _weekday(weekday: int, *, special_too: bool) -> _Column:
    """Return the column of a day of the week, with or without the special days that fall on it."""
    return lambda day: Decimal(day.day.weekday() == weekday and (special_too or not day.special))


def _columns(before: Sequence[Day]) -> dict[str, _Column]:
    """Return the columns that need no base."""
    columns: dict[str, _Column] = {"constant": lambda _: Decimal(1)}
    few = sum(day.special for day in before) < FEWEST_SPECIAL
    for weekday in range(1, 7):
        columns[f"weekday_{weekday + 1}"] = _weekday(weekday, special_too=few)
    if not few:
        columns["special_day"] = lambda day: Decimal(day.special)
    occupied = {day.occupied for day in before}
    if None not in occupied and len(occupied) > 1:
        columns["occupied"] = lambda day: day.occupied or ZERO
    return columns


def _autocorrelation(residuals: Sequence[Decimal], before: Sequence[Day], used: int) -> Decimal:
    """Return the likeness of neighbours, freed of its bias towards less, and never below none.

    Residuals of a fit with p coefficients look less alike than the errors were: to first order by
    (1 + 3 r + p (1 + r)) ÷ n.
    """
    by_day = dict(zip((day.day for day in before), residuals, strict=True))
    days = (before[-1].day - before[0].day).days + 1
    found = lag_one([by_day.get(before[0].day + timedelta(days=place)) for place in range(days)])
    bias = _over(1 + 3 * found + used * (1 + found), len(before))
    return max(ZERO, min(Decimal("0.95"), found + bias))


def _kwh(day: Day) -> Decimal:
    return Decimal(day.energy_wh).scaleb(-3)


def _over(dividend: Decimal, divisor: Decimal | int) -> Decimal:
    return PRECISE.divide(dividend, Decimal(divisor))
