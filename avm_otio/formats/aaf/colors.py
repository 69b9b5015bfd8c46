"""Colours of markers in an AAF."""

from __future__ import annotations

MARKER_COLORS = {
    "RED": (52428, 13107, 13107),
    "GREEN": (13107, 52428, 13107),
    "BLUE": (13107, 13107, 52428),
    "CYAN": (13107, 52428, 52428),
    "MAGENTA": (52428, 13107, 52428),
    "YELLOW": (58981, 58981, 6553),
    "BLACK": (0, 0, 0),
    "WHITE": (65535, 65535, 65535),
    "ORANGE": (58981, 32768, 6553),
    "PINK": (65535, 32768, 45875),
    "PURPLE": (32768, 13107, 52428),
}
"""OTIO's colours as a marker's red, green and blue: cyan and yellow as Media Composer writes them, the others
after them [file]. It goes by the name that stands beside."""
