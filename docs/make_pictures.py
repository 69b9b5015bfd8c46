"""Draw the pictures of the docs anew: ``python docs/make_pictures.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from avm_otio import Request, read, score
from avm_otio.files import write_text
from avm_otio.formats.svg.write import draw

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_timelines" / "short_film.otio"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scored.otio"
        score(Request(SAMPLE, output, service="local", jobs_dir=Path(folder)))
        panels = [
            ("Before: short_film.otio", read(SAMPLE).timeline),
            ("After: scored.otio", read(output).timeline),
        ]
        write_text(ROOT / "docs" / "before-after.svg", draw(panels))


if __name__ == "__main__":
    main()
