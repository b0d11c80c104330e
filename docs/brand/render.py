"""Renders the brand's SVG drawings to the PNG sizes that Home Assistant and HACS look for.

Run it after changing a drawing: `.venv/bin/python docs/brand/render.py`. Needs Debian's Chromium
and the Roboto font (`fonts-roboto`).
"""

from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

DRAWINGS = Path(__file__).parent
IMAGES = DRAWINGS.parents[1] / "custom_components" / "compere_prepaid" / "brand"
SIZES = {"icon": (256, 256), "logo": (464, 128), "dark_logo": (464, 128)}


def render(browser: Browser, name: str, width: int, height: int, scale: int) -> None:
    """Draw one SVG at one pixel density on a transparent ground."""
    page = browser.new_page(
        viewport={"width": width, "height": height}, device_scale_factor=float(scale)
    )
    drawing = (DRAWINGS / f"{name}.svg").read_text(encoding="utf-8")
    size = f"width:{width}px;height:{height}px"
    style = f"<style>body{{margin:0}}body>svg{{display:block;{size}}}</style>"
    page.set_content(style + drawing)
    suffix = "" if scale == 1 else f"@{scale}x"
    page.screenshot(path=IMAGES / f"{name}{suffix}.png", omit_background=True)
    page.close()


with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
    )
    for drawing_name, (base_width, base_height) in SIZES.items():
        for density in (1, 2):
            render(chromium, drawing_name, base_width, base_height, density)
    chromium.close()
