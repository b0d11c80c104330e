"""A figure of the value report: a number that says how it came about.

The formula is not a description of the calculation, it is the calculation: the number is what the
formula gives with the inputs beside it, so that anybody can work it out again. Where an input is
not known there is no number, and the figure names what is missing.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal

EXACT = Context(prec=34)
"""The digits that figures are worked out with."""

type Given = int | Decimal | str | None
"""An input: a number, a word for people, or None where it is not known."""

MISSING = "missing"
"""A note of a figure without a number: an input is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A named number with its unit, its formula over `inputs`, and what people should know.

    `formula` has names of inputs, numbers, `+ - * /`, brackets, `min` and `max`. `unit` is a word
    like `kWh`, `h`, `percent`, `count`, or `money`. Each note is a key, of which some have what it
    is about behind a colon (`missing:wage`).
    """

    name: str
    value: Decimal | None
    unit: str
    formula: str = ""
    inputs: Mapping[str, Given] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def figure(name: str, unit: str, formula: str, *notes: str, **inputs: Given) -> Figure:
    """Return the figure that a formula gives."""
    missing = [key for key, given in inputs.items() if given is None]
    value = None if missing else evaluate(formula, inputs)
    reasons = tuple(f"{MISSING}:{key}" for key in missing)
    if value is None and not missing:
        reasons = ("divided_by_nothing",)
    return Figure(
        name=name,
        value=value,
        unit=unit,
        formula=formula,
        inputs=inputs,
        notes=(*notes, *reasons),
    )


def evaluate(formula: str, inputs: Mapping[str, Given]) -> Decimal | None:
    """Return what a formula gives; None where it divides by nothing."""
    try:
        return _value(ast.parse(formula, mode="eval").body, inputs)
    except ZeroDivisionError:
        return None


def _value(node: ast.expr, inputs: Mapping[str, Given]) -> Decimal:
    match node:
        case ast.Constant(value=int(number)):
            return Decimal(number)
        case ast.Name(id=name):
            return Decimal(inputs[name] or 0)  # None is no input of a formula that is evaluated
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, inputs)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            values = [_value(argument, inputs) for argument in arguments]
            return {"min": min, "max": max}[name](values)
        case ast.BinOp(left=left, op=operator, right=right):
            return _combined(operator, _value(left, inputs), _value(right, inputs))
    raise ValueError(ast.unparse(node))


def _combined(operator: ast.operator, left: Decimal, right: Decimal) -> Decimal:
    match operator:
        case ast.Add():
            return EXACT.add(left, right)
        case ast.Sub():
            return EXACT.subtract(left, right)
        case ast.Mult():
            return EXACT.multiply(left, right)
        case ast.Div():
            if right == 0:
                raise ZeroDivisionError
            return EXACT.divide(left, right)
    raise ValueError(ast.dump(operator))
