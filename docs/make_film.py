"""``python docs/make_film.py`` films the explorer: docs/images/explorer.gif, for the README.

Needs Chromium and the extra `test`.
"""

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from autodiff import parse
from viz import explore

FILM = Path(__file__).resolve().parent / "images" / "explorer.gif"
SIZE = {"width": 1060, "height": 760}
SHOWN = 900, 645
COLOURS = 128
SETTLED = 600  # milliseconds until nothing moves any more


def shot(page: Page, wait: int = SETTLED) -> Image.Image:
    page.wait_for_timeout(wait)
    picture = Image.open(io.BytesIO(page.screenshot()))
    return picture.convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS)


def film(page: Page) -> list[tuple[Image.Image, int]]:
    """Both passes, gate by gate; then an input moves. Pictures, and how long each is seen (ms)."""
    seen = [(shot(page), 900)]
    steps = int(page.locator("#position").get_attribute("max") or 0)
    for _ in range(steps):
        page.locator("#next").click()
        seen += [(shot(page, 60), 90), (shot(page, 60), 90), (shot(page), 1000)]
    seen[-1] = seen[-1][0], 1800
    slider = page.locator("#inputs input[type=range]").first
    slider.focus()
    for _ in range(6):
        for _ in range(4):
            slider.press("ArrowRight")
        seen.append((shot(page, 200), 200))
    seen[-1] = seen[-1][0], 1600
    return seen


def main() -> None:
    f = parse("q = x + y; f = q * z", x=-2, y=5, z=-4)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = explore(f, title="f = (x + y) · z").save(Path(folder) / "explorer.html")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)
        page.goto(path.as_uri())
        seen = film(page)
        browser.close()
    palette = seen[-1][0].quantize(COLOURS, dither=Image.Dither.NONE)
    first, *rest = [
        picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture, _ in seen
    ]
    times = [time for _, time in seen]
    first.save(FILM, save_all=True, append_images=rest, duration=times, loop=0, optimize=True)
    print(f"{FILM}: {len(seen)} pictures, {FILM.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
