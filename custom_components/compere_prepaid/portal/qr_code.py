"""Codes to scan, drawn here: nothing is fetched from anywhere."""

from io import BytesIO

import segno


def svg_of(content: str) -> str:
    """Return a code as an SVG image, dark on light whatever the page's colours are."""
    drawn = BytesIO()
    segno.make_qr(content, error="m").save(
        drawn, kind="svg", xmldecl=False, border=4, light="#fff", omitsize=True
    )
    return drawn.getvalue().decode("utf-8").strip()
