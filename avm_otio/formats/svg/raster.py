"""A picture as PNG: the SVG of it, rasterised."""

from __future__ import annotations

import math
import re
from importlib.util import find_spec
from pathlib import Path

from avm_otio.errors import OutputError

_FINE = 2.0
"""Pixels of the image for each of the drawing: sharp on fine screens, and on paper."""

_MOST_PIXELS = 60_000_000
"""About 240 MB while it is drawn; a taller picture is less fine."""

_FAMILY = "Inter"


def as_png(svg: str) -> bytes:
    """Rasterise a drawing of ours.

    Latin, Greek and Cyrillic letters come from the font that is installed with the program, so they are there
    on a machine without any; those of other scripts from the machine's own.

    Raises:
        OutputError: What rasterises is not installed.
    """
    try:
        import resvg_py
    except ImportError as error:
        message = "A .png needs the package resvg-py, which is not installed."
        raise OutputError(message, "Name the picture .svg, or pip install resvg-py.") from error
    found = re.search(r"width='(\d+)' height='(\d+)'", svg)
    assert found is not None  # or it is no drawing of ours
    zoom = min(_FINE, math.sqrt(_MOST_PIXELS / (int(found[1]) * int(found[2]))))
    fonts = [str(path) for path in _fonts()]
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, zoom=zoom, font_files=fonts, font_family=_FAMILY, sans_serif_family=_FAMILY
        )
    )


def _fonts() -> list[Path]:
    spec = find_spec("fontpkg_inter")
    if spec is None or spec.origin is None:
        return []
    return [
        path for path in sorted((Path(spec.origin).parent / "files").iterdir()) if "Italic" not in path.name
    ]
