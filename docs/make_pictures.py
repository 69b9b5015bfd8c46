"""Draw the pictures of the docs anew: ``python docs/make_pictures.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from avm_otio import Request, read, score
from avm_otio.files import write_text
from avm_otio.formats.svg.layout import wanted
from avm_otio.formats.svg.write import Panel, draw
from avm_otio.media.drawings import drawings
from avm_otio.media.originals import located
from avm_otio.report import Silent

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_timelines" / "short_film.otio"


def main() -> None:
    """Draw the sample film before and after it is scored, into ``docs/before-after.svg``."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scored.otio"
        score(Request(SAMPLE, output, service="local", jobs_dir=Path(folder)))
        panels = [panel("Before: short_film.otio", SAMPLE), panel("After: scored.otio", output)]
        write_text(ROOT / "docs" / "before-after.svg", draw(panels))


def panel(title: str, path: Path) -> Panel:
    """A timeline with what is seen and heard in it."""
    opened = read(path)
    timeline = opened.timeline
    there = located(timeline, opened.folder, (), Silent())
    return Panel(title, timeline, drawings(there, wanted(timeline), Silent()))


if __name__ == "__main__":
    main()
