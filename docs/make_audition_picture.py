"""Draws ``docs/pictures/audition.png``: the page on the sample film, as a browser shows it.

Needs Chromium, node, and what ``tests/audition/package.json`` names (``npm ci`` there).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
HERE = ROOT / "tests" / "audition"

DRIVER = """
import { createRequire } from "node:module";
const [, , modules, address, executablePath, out] = process.argv;
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en-US" });
await page.goto(address);
await page.waitForURL((url) => url.pathname === "/");
await page.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 300000 });
await page.evaluate(() => window.audition.pick(window.audition.doc.cues[1], { seek: true }));
await page.waitForTimeout(4000);
await page.screenshot({ path: out });
await browser.close();
"""


def main() -> None:
    """Score a copy of the sample film, open the page on it, and take its picture."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    program = [sys.executable, "-m", "avm_otio"]
    with TemporaryDirectory() as folder:
        here = Path(folder) / "film"
        shutil.copytree(ROOT / "sample_timelines", here, ignore=shutil.ignore_patterns("*.avm", "*.py"))
        scored = here / "scored.otio"
        subprocess.run([*program, "score", str(here / "short_film.otio"), "-o", str(scored)], check=True)
        driver = Path(folder) / "driver.mjs"
        driver.write_text(DRIVER)
        page = [*program, "audition", str(scored), "--no-open"]
        with subprocess.Popen(page, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                address = server.stdout.readline().strip()
                out = ROOT / "docs" / "pictures" / "audition.png"
                asked = ["node", str(driver), str(HERE), address, str(browser), str(out)]
                subprocess.run(asked, check=True)
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
