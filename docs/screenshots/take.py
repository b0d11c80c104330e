"""Take the README's pictures of the running demonstration: `python -m docs.screenshots.take`."""

import asyncio
from pathlib import Path
import sys

from tests.browser.browsing import visiting

FOLDER = Path(__file__).parent
PAGES = {
    "overview": "/riverside-mall/overview",
    "shops": "/riverside-mall/shops",
    "rules": "/riverside-mall/rules",
    "shared-costs": "/riverside-mall/shared-costs",
    "energy-balance": "/riverside-mall/energy-balance",
}


async def main(url: str, password: str, folder: Path) -> None:
    """Open every page and keep what it looks like."""
    async with visiting(url, "demo", password, size=(1280, 860)) as visit:
        for name, path in PAGES.items():
            await visit.open(path)
            await visit.page.wait_for_timeout(2500)
            await visit.page.screenshot(path=folder / f"{name}.png")
        print("faults:", visit.faults, "elsewhere:", visit.requests_elsewhere)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else FOLDER))
