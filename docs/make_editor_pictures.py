"""Draw how a scored file comes into editors that have no menu item of ours.

``python docs/make_editor_pictures.py``: each drawing shows the way through the editor's menu, and below it
the tracks of the very file that was written for that editor, as our reader finds them there (as they were
written for OTIO, where we have no reader). With ``--kdenlive``, Kdenlive itself opens its file and is
photographed; it must be there (tests/editors/setup.sh).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from avm_otio import read
from avm_otio.cli.main import run
from avm_otio.files import write_text
from avm_otio.formats.svg.layout import WIDTH
from avm_otio.formats.svg.write import Panel, draw
from avm_otio.timeline.model import Track, TrackKind

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
SAMPLE = ROOT / "sample_timelines" / "short_film.otio"
HEAD, FOOT = 122, 44
FONT = "font-family='Inter,Segoe UI,Helvetica,Arial,Noto Sans,sans-serif'"
HOW = ("--service", "local", "--deliver", "copy", "--quiet")
SMALL = ("-resize", "1280x", "+dither", "-colors", "64")
NOTE = "A drawing, not a screenshot: what lies where is taken from the file that avm-otio wrote."


class Editor(NamedTuple):
    """An editor as it is drawn.

    Attributes:
        name: As ``--for`` takes it.
        title: As its maker writes it.
        suffix: Of the file.
        way: Through its menu.
        look: What to look at.
    """

    name: str
    title: str
    suffix: str
    way: tuple[str, ...]
    look: str


EDITORS = (
    Editor(
        "fcp",
        "Final Cut Pro",
        ".fcpxml",
        ("File", "Import", "XML…"),
        "Connected clips, with the roles Music, Effects and Dialogue. What is hatched is disabled: press V.",
    ),
    Editor(
        "avid",
        "Media Composer",
        ".aaf",
        ("a bin", "File", "Input", "Import Media…"),
        "The sequence lies in the bin; its WAVs are linked in scored.media. What is hatched is muted.",
    ),
    Editor(
        "protools",
        "Pro Tools",
        ".txt",
        ("File", "Import", "Audio…", "Clip List", "Spot", "Original Time Stamp ▲"),
        "Each WAV of scored.media knows its place, to the sample. Tracks as scored.txt names them.",
    ),
    Editor(
        "reaper",
        "Reaper",
        ".rpp",
        ("File", "Open project…"),
        "Tracks, gains, fades and markers are there. What is hatched is a muted item: press Alt+M on one.",
    ),
)


def role(track: Track, number: int, row: int) -> str:
    """What Final Cut Pro shows instead of tracks: its primary storyline, and connected clips by role."""
    if track.kind is TrackKind.VIDEO:
        return "Primary storyline" if number == 1 else "Connected"
    return f"Connected, {track.stem or 'dialogue'}"


LABELS: dict[str, Callable[[Track, int, int], str]] = {
    "fcp": role,
    "avid": lambda track, number, row: f"{'V' if track.kind is TrackKind.VIDEO else 'A'}{number}",
    "protools": lambda track, number, row: track.name,
    "reaper": lambda track, number, row: f"{row + 1}  {track.name}",
}
"""How each editor names its tracks: by role, by number, by name, by row and name."""


def main() -> None:
    """Draw all, into ``docs/pictures``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for editor in EDITORS:
            write_text(PICTURES / f"editor-{editor.name}.svg", drawing(editor, folder))
        if "--kdenlive" in sys.argv[1:]:
            kdenlive(folder, PICTURES / "editor-kdenlive.png")


def drawing(editor: Editor, folder: Path) -> str:
    """An editor's picture, as SVG text."""
    written = scored(folder / f"scored{editor.suffix}", editor.name)
    is_read = editor.suffix in (".fcpxml", ".aaf")
    timeline = read(written if is_read else scored(folder / f"{editor.name}.otio", "otio")).timeline
    if editor.name == "protools":  # which gets no picture
        timeline = replace(timeline, tracks=timeline.audio_tracks)
    inner = draw([Panel("scored", timeline)], LABELS[editor.name], theme="dark")
    height = HEAD + int(inner.split("height='")[1].split("'")[0]) + FOOT
    way = (*editor.way, "every WAV" if editor.name == "protools" else f"scored{editor.suffix}")
    dots = "".join(
        f"<circle cx='{24 + 20 * index}' cy='22' r='6' fill='{colour}'/>"
        for index, colour in enumerate(("#e0625a", "#e0b04a", "#63b060"))
    )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' "
        f"height='{height}' {FONT}><rect width='{WIDTH}' height='{height}' rx='10' fill='#14161a'/>{dots}"
        f"<text x='{WIDTH / 2}' y='28' font-size='16' font-weight='600' text-anchor='middle' "
        f"fill='#e8eaed'>{escape(editor.title)}</text>{_chips(way)}"
        f"<text x='20' y='108' font-size='14' fill='#b4bac4'>{escape(editor.look)}</text>"
        f"<svg x='0' y='{HEAD}' {inner[5:].rstrip()}"
        f"<text x='20' y='{height - 16}' font-size='13' fill='#9aa1ac'>{escape(NOTE)}</text></svg>\n"
    )


def _chips(words: tuple[str, ...]) -> str:
    """The way, word by word; the last is what is chosen."""
    drawn, x = "", 20.0
    for word in words:
        width, is_last = 8.2 * len(word) + 24, word is words[-1]
        fill = "#2f5f9e" if is_last else "#343941"
        drawn += f"<rect x='{x}' y='52' width='{width}' height='30' rx='15' fill='{fill}'/>"
        drawn += f"<text x='{x + width / 2}' y='72' font-size='14' text-anchor='middle' fill='#e8eaed'>"
        drawn += f"{escape(word)}</text>"
        x += width + 26
        if not is_last:
            drawn += f"<text x='{x - 17}' y='73' font-size='18' fill='#8a919c'>›</text>"
    return drawn


def scored(output: Path, editor: str) -> Path:
    """Score the sample for an editor, as a user would."""
    jobs = ("--jobs-dir", str(output.parent / "jobs"))  # none of an earlier run beside the sample
    if run(["score", str(SAMPLE), "-o", str(output), "--for", editor, *jobs, *HOW]) != 0:
        raise SystemExit(f"{output} was not written.")
    return output


def kdenlive(folder: Path, picture: Path) -> None:
    """Let Kdenlive open its file in a screen of its own, and photograph it."""
    sys.path.insert(0, str(ROOT))
    from tests.editors.programs import inside_forky

    scored(folder / "scored.kdenlive", "kdenlive")
    with inside_forky(folder, "usr/bin/xdotool") as (copy, inside, start):
        shutil.copy(ROOT / "tests" / "editors" / "kdenlive_open.sh", copy)
        opened = [*start, "dbus-run-session", "--", "bash", f"{inside}/kdenlive_open.sh"]
        with subprocess.Popen(
            [*opened, f"{inside}/scored.kdenlive"], stdin=-1, stdout=-1, text=True
        ) as shown:
            assert shown.stdout is not None
            display = shown.stdout.readline().strip()
            photo = folder / "photo.png"
            subprocess.run(["import", "-display", display, "-window", "root", str(photo)], check=True)
            subprocess.run(["convert", str(photo), *SMALL, f"PNG8:{picture}"], check=True)
            shown.communicate("")  # it may go


if __name__ == "__main__":
    main()
