"""What the signs of a picture mean: only those that are in it."""

from __future__ import annotations

from collections.abc import Iterator

from avm_otio.formats.svg.layout import LANE, LEFT
from avm_otio.formats.svg.words import text, width

_ORDER = ("v", "a", "d", "m", "e", "off", "gain", "ghost", "cross", "speech", "none", "gone")
_ITEM, _LINE = 26, 20


def _lines(legend: dict[str, str]) -> list[list[tuple[str, str, float]]]:
    """The legend in lines: sign, word, and where it stands."""
    lines: list[list[tuple[str, str, float]]] = [[]]
    x = float(LEFT)
    for sign in _ORDER:
        if sign in legend:
            wide = _ITEM + width(legend[sign], 10.5) + 14
            if x + wide > LEFT + LANE:
                lines.append([])
                x = LEFT
            lines[-1].append((sign, legend[sign], x))
            x += wide
    return lines


def legend_height(legend: dict[str, str]) -> float:
    """How tall a legend is, in pixels."""
    return len(_lines(legend)) * _LINE if legend else 0


def legend_drawn(legend: dict[str, str], y: float) -> Iterator[str]:
    """What the signs mean."""
    for number, line in enumerate(_lines(legend)):
        top = y + number * _LINE - 6
        for sign, word, x in line:
            yield _sign(sign, x, top)
            yield text(x + _ITEM, top + 10, word, 10.5, "s")


def _sign(sign: str, x: float, y: float) -> str:
    box = f"x='{x:.1f}' y='{y + 0.5:.1f}' width='20' height='11' rx='2'"
    if sign == "off":
        return f"<rect {box} fill='url(#off)'/>"
    if sign == "gain":
        points = (
            f"{x:.1f},{y + 9:.1f} {x + 6:.1f},{y + 3:.1f} {x + 12:.1f},{y + 3:.1f} {x + 20:.1f},{y + 9:.1f}"
        )
        return f"<g class='m'><rect {box} class='b'/><polyline class='l' points='{points}'/></g>"
    if sign == "ghost":
        inner = f"x='{x:.1f}' y='{y + 3.5:.1f}' width='20' height='5'"
        return f"<g class='m'><rect {box} class='g'/><rect {inner} class='w'/></g>"
    if sign == "cross":
        foot = f"L{x + 20:.1f} {y + 11.5:.1f}M{x:.1f} {y + 11.5:.1f}L{x + 20:.1f} {y + 0.5:.1f}"
        crossed = f"<path class='cross' d='M{x:.1f} {y + 0.5:.1f}{foot}'/>"
        return f"<g class='m'><rect {box} class='b'/><rect {box} class='over'/>{crossed}</g>"
    if sign in ("speech", "none", "gone"):
        return f"<rect {box} class='{sign}'/>"
    inner = f"x='{x:.1f}' y='{y + 4:.1f}' width='20' height='4'"
    return f"<g class='{sign}'><rect {box} class='b'/><rect {inner} class='w'/></g>"
