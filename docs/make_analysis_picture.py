"""Draws ``pictures/analysis.png``, of the samples' short film: ``python docs/make_analysis_picture.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from avm_otio import Request, export_film
from avm_otio.engine.analysis import analyse
from avm_otio.engine.analysis_picture import drawn
from avm_otio.formats.svg.raster import as_png
from avm_otio.report import Silent

DOCS = Path(__file__).parent

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "short film.mp4"
        export_film(Request(DOCS.parent / "sample_timelines" / "short_film.otio", film))
        picture = drawn(analyse(film, Silent()), Silent(), "light")
        (DOCS / "pictures" / "analysis.png").write_bytes(as_png(picture))
