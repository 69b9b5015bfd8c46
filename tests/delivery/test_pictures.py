"""A timeline goes out as a picture: its media are looked at, and it stays one file."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
import resvg_py

from avm_otio.delivery.deliver import deliver
from avm_otio.errors import OutputError
from avm_otio.formats.reading import Opened
from avm_otio.formats.svg import raster
from avm_otio.formats.svg.raster import as_png
from avm_otio.formats.svg.write import Panel, draw
from avm_otio.request import Request
from avm_otio.timeline.model import Clip, Generator, Media, Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime
from tests.delivery.listening import Listening
from tests.scored import scored


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return scored(tmp_path_factory.mktemp("film"))


def pixels(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        (frame,) = file.decode(video=0)
        return frame.to_ndarray(format="rgb24")


def titled(name: str) -> Timeline:
    title = Clip("", RecordTime(F(0)), RecordTime(F(2)), Generator("Bars"))
    return Timeline(name, F(25), (Track("V1", TrackKind.VIDEO, (title,)),), duration=F(2))


@pytest.mark.slow
def test_a_picture_has_the_waveforms_of_the_media_and_tells_how_far_it_is(
    film: Opened, tmp_path: Path
) -> None:
    heard = Listening()
    made = deliver(film, Request(output=tmp_path / "cut.svg"), heard)
    text = (tmp_path / "cut.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "<path class='w' transform" in text
    assert made.losses == ()
    assert {"Drawing the sound", "Drawing the picture"} <= set(heard.steps)
    assert all(total is None or 0 <= done <= total for done, total in heard.progress)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.svg"]


def test_the_media_are_looked_at_for_a_picture_only(
    film: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the media were looked at")

    monkeypatch.setattr("avm_otio.media.drawings.drawings", refuse)
    deliver(film, Request(output=tmp_path / "cut.otio"))
    deliver(film, Request(output=tmp_path / "cut.edl"))
    with pytest.raises(AssertionError):
        deliver(film, Request(output=tmp_path / "cut.svg"))


def lost(track: Track) -> Track:
    """A track whose media are nowhere."""
    clips = [replace(one, content=Media("gone.wav", "gone/gone.wav")) for one in track.clips]
    return replace(track, clips=tuple(clips))


def test_missing_media_are_drawn_as_missing(film: Opened, tmp_path: Path) -> None:
    gone = replace(film.timeline, tracks=tuple(map(lost, film.timeline.tracks)))
    made = deliver(replace(film, timeline=gone), Request(output=tmp_path / "cut.svg"))
    text = (tmp_path / "cut.svg").read_text(encoding="utf-8")
    assert "class='gone'" in text
    assert "class='w' transform" not in text
    assert any("missing" in note for note in made.notes)


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "ground"), [("auto", 255), ("light", 255), ("dark", 0x19)])
def test_a_png_is_light_or_dark_and_twice_as_fine_as_it_is_drawn(
    film: Opened, tmp_path: Path, theme: str, ground: int
) -> None:
    deliver(film, Request(output=tmp_path / "cut.png", picture_theme=theme))
    deliver(film, Request(output=tmp_path / "cut.svg"))
    drawn = re.search(r"width='(\d+)' height='(\d+)'", (tmp_path / "cut.svg").read_text(encoding="utf-8"))
    assert drawn is not None
    image = pixels(tmp_path / "cut.png")
    assert image.shape[:2] == (int(drawn[2]) * 2, int(drawn[1]) * 2)
    assert image[image.shape[0] - 40, 40, 0] == ground
    assert image.std() > 10


def test_text_is_there_on_a_machine_without_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rasterise = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **given: rasterise(**given, skip_system_fonts=True))
    found = []
    for name in ("Die Nacht – Ночь – Νύχτα", "."):
        (tmp_path / "x.png").write_bytes(as_png(draw([Panel(name, titled(name))], theme="light")))
        found.append(int((pixels(tmp_path / "x.png")[20:80] < 128).sum()))
    assert found[0] > 20 * found[1]


@pytest.mark.slow
def test_a_very_tall_picture_is_less_fine_rather_than_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raster, "_MOST_PIXELS", 400_000)
    (tmp_path / "x.png").write_bytes(as_png(draw([Panel("cut", titled("cut"))])))
    assert pixels(tmp_path / "x.png")[..., 0].size <= 405_000


def test_without_the_rasteriser_a_png_is_refused_with_what_to_do(
    film: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(OutputError, match="resvg-py"):
        deliver(film, Request(output=tmp_path / "cut.png"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_same_timeline_gives_the_same_picture_each_time(film: Opened, tmp_path: Path) -> None:
    for name in ("one.svg", "other.svg", "one.png", "other.png"):
        deliver(film, Request(output=tmp_path / name))
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
