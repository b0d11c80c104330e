"""Bars as an SVG drawing, on a screen and on paper.

It is drawn with attributes only, so that a page with a strict policy may show it. What a bar says
is told in its description too, and shades differ enough for a grey printer. Where nothing is known
there is no bar but a dotted line: that is not the same as a bar of no height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 4, 10, 20
_DARK, _LIGHT, _LINE, _INK = "#1f4e79", "#8fb0cc", "#c8c8c8", "#333333"
_STEPS = (1, 2, 5)
_LABELS = 16
"""More do not fit below the bars."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of so many Wh; None is not known."""

    label: str
    wh: int | None
    strong: bool = True


def bars_svg(name: str, title: str, description: str, bars: Sequence[Bar]) -> str:
    """Return the drawing of bars; `name` tells it from others on the page."""
    top = _round_up(max((bar.wh or 0 for bar in bars), default=0))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-family="Roboto, Arial, sans-serif" '
        f'font-size="9"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
    )
    parts = [head, *_scale(top)]
    room = WIDTH - _LEFT - _RIGHT
    high = HEIGHT - _TOP - _BOTTOM
    every = -(-len(bars) // _LABELS)
    for index, bar in enumerate(bars):
        begin, end = (_LEFT + room * place // len(bars) for place in (index, index + 1))
        gap = max(1, (end - begin) // 8)
        if bar.wh is None:
            parts.append(
                f'<line x1="{begin + gap}" x2="{end - gap}" y1="{_TOP + high - 1}" '
                f'y2="{_TOP + high - 1}" stroke="{_INK}" stroke-dasharray="1 2"/>'
            )
        elif bar.wh > 0:
            tall = max(1, high * bar.wh // top)
            parts.append(
                f'<rect x="{begin + gap}" y="{_TOP + high - tall}" width="{end - begin - 2 * gap}" '
                f'height="{tall}" fill="{_DARK if bar.strong else _LIGHT}"/>'
            )
        if index % every == 0:
            parts.append(_text((begin + end) // 2, HEIGHT - 7, "middle", bar.label))
    parts.append("</svg>")
    return "".join(parts)


def _scale(top: int) -> list[str]:
    """Draw lines at nothing, half and all."""
    high = HEIGHT - _TOP - _BOTTOM
    parts = []
    for half in (0, 1, 2):
        y = _TOP + high - high * half // 2
        parts.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="{_LINE}"/>'
        )
        parts.append(_text(_LEFT - 5, y + 3, "end", _kwh(top * half // 2)))
    return parts


def _text(x: int, y: int, anchor: str, said: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{_INK}">{escape(said)}</text>'


def _kwh(wh: int) -> str:
    """Write energy in kWh with the decimals that it needs."""
    whole, rest = divmod(wh, 1000)
    return f"{whole:,}.{rest:03}".rstrip("0").rstrip(".")


def _round_up(wh: int) -> int:
    """Return the next number of Wh that begins with 1, 2 or 5 and can be halved."""
    power = 10
    while True:
        for step in _STEPS:
            if (top := step * power) >= wh:
                return top
        power *= 10
