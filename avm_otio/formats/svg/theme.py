"""The colours of a picture, light and dark, as a style sheet."""

from __future__ import annotations

from collections.abc import Mapping

FONT = "font-family='Inter,Segoe UI,Helvetica,Arial,Noto Sans,Noto Sans CJK TC,sans-serif'"

_SCRIPTS = (
    ".cjk{font-family:'Noto Sans CJK TC','Noto Sans TC','Noto Sans CJK SC','Noto Sans SC','PingFang TC',"
    "'PingFang SC','Hiragino Sans','Apple SD Gothic Neo','Microsoft JhengHei','Microsoft YaHei','Yu Gothic',"
    "'Malgun Gothic','Source Han Sans TC','WenQuanYi Zen Hei',Inter,sans-serif}"
    ".other{font-family:'Noto Sans','Noto Sans Arabic','Noto Sans Hebrew','DejaVu Sans','Segoe UI',"
    "'Geeza Pro','Arial Hebrew',Tahoma,'Nirmala UI',Arial,Inter,sans-serif}"
)

FLAGS = {
    "RED": "#e0625a",
    "ORANGE": "#e8964a",
    "YELLOW": "#e0bd3a",
    "GREEN": "#4fb06a",
    "CYAN": "#45b8c8",
    "BLUE": "#5a8af0",
    "PURPLE": "#a47ae0",
    "MAGENTA": "#e06ad0",
    "PINK": "#f090b5",
    "BLACK": "#60656e",
}
"""OTIO's colours of markers."""

_Palette = Mapping[str, str]

_LIGHT: _Palette = {
    "ground": "#ffffff",
    "lane": "#f3f4f6",
    "tick": "#dfe3e8",
    "text": "#1f2328",
    "dim": "#667080",
    "off": "#e9ebee",
    "hatch": "#d3d7dd",
    "speech": "#1389b0",
    "missing": "#c2453b",
    "strip": "#10141a",
}
_DARK: _Palette = {
    "ground": "#191c22",
    "lane": "#22262e",
    "tick": "#323843",
    "text": "#eceef1",
    "dim": "#98a0ad",
    "off": "#2b3038",
    "hatch": "#3b414c",
    "speech": "#4cc3e8",
    "missing": "#f08a80",
    "strip": "#0b0d10",
}
_KINDS = {
    "v": (("#dce5f2", "#5f83b8", "#23395a"), ("#2a3750", "#86a6d8", "#dde7f7")),
    "a": (("#d8ebe5", "#46998a", "#164a3f"), ("#1f4039", "#62b9a5", "#d4efe8")),
    "m": (("#e8def5", "#8d63c2", "#41226b"), ("#392c50", "#ab88dc", "#eee5fc")),
    "e": (("#fae5cd", "#d5862f", "#673b08"), ("#47331f", "#e29b50", "#fce9d4")),
    "d": (("#d4eaf3", "#3793b6", "#10475b"), ("#1d4150", "#5ab5d6", "#d6eff9")),
}
"""Of each kind of track: the box of a clip, its waveform, its name and its gain line."""


def style(theme: str) -> str:
    """The style sheet of a theme."""
    if theme == "dark":
        return _SCRIPTS + _sheet(_DARK, 1)
    dark = f"@media(prefers-color-scheme:dark){{{_sheet(_DARK, 1)}}}" if theme == "auto" else ""
    return _SCRIPTS + _sheet(_LIGHT, 0) + dark


def _sheet(colour: _Palette, number: int) -> str:
    rules = [
        f".ground{{fill:{colour['ground']}}}",
        f".lane,.p0{{fill:{colour['lane']}}}",
        f".tick{{stroke:{colour['tick']}}}",
        f".t{{fill:{colour['text']}}}",
        f".s{{fill:{colour['dim']}}}",
        ".h{font-weight:600}",
        f".p1{{fill:{colour['off']}}}",
        f".p2{{fill:{colour['hatch']}}}",
        f".speech{{fill:{colour['speech']};fill-opacity:.2}}",
        f".strip{{fill:{colour['strip']}}}",
        f".none{{fill:none;stroke:{colour['dim']};stroke-opacity:.7;stroke-dasharray:4 3}}",
        f".gone{{fill:{colour['lane']};stroke:{colour['missing']};stroke-opacity:.8;stroke-dasharray:3 2}}",
        f".lost{{fill:{colour['missing']}}}",
        f".flag{{stroke:{colour['ground']}}}",
        f".over{{fill:{colour['ground']};fill-opacity:.4}}",
        f".cross{{fill:none;stroke:{colour['text']};stroke-opacity:.6}}",
    ]
    for kind, palettes in _KINDS.items():
        box, wave, ink = palettes[number]
        rules += [
            f".{kind} .b{{fill:{box}}}",
            f".{kind} .w{{fill:{wave}}}",
            f".{kind} .g{{fill:{wave};fill-opacity:.33}}",
            f".{kind} .n{{fill:{ink}}}",
            f".{kind} .l{{fill:none;stroke:{ink};stroke-width:1.3;stroke-linejoin:round}}",
            f".{kind} .k{{fill:{ink}}}",
        ]
    return "".join(rules)
