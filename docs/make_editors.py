"""Draws the table of what each editor's file cannot say, in ``editors.md``: ``python docs/make_editors.py``.

Nothing in it is written by hand: one timeline that has everything is written for every editor, and the
table is made of the loss reports.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from avm_otio.delivery.takes import TAKES
from avm_otio.formats import writing
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.formats.table import editors
from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Stem,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime

PAGE = Path(__file__).parent / "editors.md"
BEGIN_KINDS = "<!-- sounds, made by make_editors.py -->\n"
BEGIN, END = "<!-- made by make_editors.py -->\n", "<!-- end -->\n"
RATE = Fraction(25)

WORDS = {
    Feature.TIME: "places between frames",
    Feature.GAIN: "gain, key frames",
    Feature.FADE: "fades",
    Feature.MARKER: "markers",
    Feature.DISABLED: "switched off",
    Feature.LINK: "links",
    Feature.CHANNELS: "channels",
    Feature.PAN: "pan",
    Feature.TRANSITION: "transitions",
    Feature.SPEED: "speed",
    Feature.NEST: "nests",
    Feature.GENERATOR: "generators",
    Feature.EFFECT: "foreign effects",
    Feature.METADATA: "prices, licences",
}
"""What the columns say."""


def _at(frames: int) -> RecordTime:
    return RecordTime(frames / RATE)


def everything() -> Timeline:
    """A cut that has one of each thing that a format may be unable to say."""
    shot = Media(
        "a.mov",
        "/media/a.mov",
        duration=Fraction(100),
        rate=RATE,
        size=(1920, 1080),
        sample_rate_hz=48_000,
        channels=2,
        has_picture=True,
    )
    wav = Media(
        "hit.wav",
        "/media/hit.wav",
        duration=Fraction(9),
        sample_rate_hz=48_000,
        channels=2,
        mono=("/media/hit.L.wav", "/media/hit.R.wav"),
    )
    head = MediaTime(Fraction(10))
    seen = (
        Clip("one", _at(0), _at(50), shot, head, link=1, markers=(Marker("note", Fraction(1), color="RED"),)),
        Clip("two", _at(50), _at(100), shot, head, kept=(Kept("other", "Blur", ""),)),
        Clip("fast", _at(100), _at(150), shot, head, Fraction(2)),
        Clip("title", _at(150), _at(200), Generator("Title", "text")),
    )
    inner = Timeline(
        "scene", RATE, (Track("V1", TrackKind.VIDEO, (replace(seen[1], kept=()),)),), duration=Fraction(4)
    )
    heard = (replace(seen[0], channels=(0, 1), markers=()),)
    keys = (GainKey(Fraction(0), 0.0), GainKey(Fraction(1), -6.0))
    half = Fraction(7, 1000)
    hits = (
        Clip(
            "hit",
            RecordTime(_at(10) + half),
            RecordTime(_at(30) + half),
            wav,
            channels=(0, 1),
            stem=Stem.EFFECTS,
            mix=Mix(-3.0, 200_000, 200_000),
        ),
        Clip(
            "off",
            _at(60),
            _at(90),
            wav,
            channels=(0, 1),
            stem=Stem.EFFECTS,
            enabled=False,
            mix=Mix(keys=keys),
        ),
        Clip("left", _at(100), _at(130), wav, channels=(0,), stem=Stem.EFFECTS, mix=Mix(pan=-1.0)),
    )
    return Timeline(
        "everything",
        RATE,
        (
            Track(
                "V1",
                TrackKind.VIDEO,
                seen,
                (Transition("Dissolve", _at(50), Fraction(1, 5), Fraction(1, 5)),),
            ),
            Track("V2", TrackKind.VIDEO, (Clip("nest", _at(0), _at(50), inner, MediaTime(Fraction(2))),)),
            Track("A1", TrackKind.AUDIO, heard, channels=2),
            Track("AVM Effects 1", TrackKind.AUDIO, hits, channels=2, stem=Stem.EFFECTS),
        ),
        start_frame=90_000,
        duration=Fraction(8),
        size=(1920, 1080),
    )


def losses() -> Iterator[tuple[str, str, set[Feature]]]:
    """Each editor, each suffix, and the features that its file says less of."""
    made = everything()
    timeline = timeline_of(made)
    plain = from_otio(timeline)
    split = replace(plain, tracks=made.tracks)  # with the mono files that an AAF points at
    with tempfile.TemporaryDirectory() as folder:
        for editor in editors().values():
            for suffix in editor.suffixes:
                if suffix != ".otioz":
                    _, reported = writing.write(split, Path(folder) / f"x{suffix}", editor=editor.name)
                    yield editor.name, suffix, {loss.feature for loss in reported}


def table() -> str:
    """The table as Markdown."""
    lines = [f"| | {' | '.join(WORDS.values())} |", f"| --- |{' --- |' * len(WORDS)}"]
    for name, suffix, lost in losses():
        cells = ["**reported**" if feature in lost else "kept" for feature in WORDS]
        lines.append(f"| `{name}` `{suffix}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def kinds() -> str:
    """The kinds of sound files that are linked, as Markdown."""
    lines = ["| | linked as they are | made into WAV |", "| --- | --- | --- |"]
    for name in editors():
        listed = TAKES.get(name)
        if listed is not None:
            cells = (
                ", ".join(f"`{one}`" for one in sorted(listed)),
                "all else, such as `.ogg`, `.flac`, `.opus`",
            )
        elif name in ("avid", "protools"):
            cells = "none", "all"
        else:
            cells = "all", "none"
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the tables as they are now."""
    text = PAGE.read_text(encoding="utf-8")
    for begin, made in ((BEGIN, table), (BEGIN_KINDS, kinds)):
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{made()}{END}{rest.partition(END)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
