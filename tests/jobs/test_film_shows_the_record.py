"""The film that is sent shows, frame for frame, what the timeline shows: read back from numbered frames."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio import Request, export_film, read
from avm_otio.errors import MissingMediaError
from avm_otio.timeline.select import Selection, plan_film
from avm_otio.timeline.time import FilmTime, nominal_rate, snap_rate
from tests.media.numbered import movie, numbers
from tests.timelines import clip, gap, time_range, timeline, track

RATES = [snap_rate(rate) for rate in ("24000/1001", 24, 25, "30000/1001", 50, "60000/1001")]
SHOWN = 400
START = 1000
"""Media time, in frames, of the first frame of the media whose timecode does not begin at 0."""


@pytest.fixture(scope="module")
def reels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reels")
    for rate in RATES:
        movie(folder / f"{rate.numerator}-{rate.denominator}.mp4", SHOWN, rate)
    return folder


def exported(folder: Path, made: otio.schema.Timeline, **selected: str) -> list[int | None]:
    path = folder / "cut.otio"
    path.write_text(made.to_json_string())
    film = export_film(Request(path, folder / "film.mp4", **selected))
    found = numbers(film.path)
    assert len(found) == film.frames
    return found


def shot(reels: Path, rate: F, name: str, start: int, frames: int, **more: object) -> otio.schema.Clip:
    url = str(reels / f"{rate.numerator}-{rate.denominator}.mp4")
    return clip(name, START + start, frames, rate=rate, url=url, available=(START, SHOWN), **more)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_every_frame_of_a_conformed_range(tmp_path: Path, reels: Path, rate: F) -> None:
    def made(name: str, start: int, frames: int, **more: object) -> otio.schema.Clip:
        return shot(reels, rate, name, start, frames, **more)

    nest = otio.schema.Stack("nest", source_range=time_range(3, 10, rate))
    nest.extend([track(made("n", 300, 20)), track(gap(6, rate), made("m", 200, 2))])
    low = track(
        made("a", 40, 12),
        gap(5, rate),
        made("fast", 60, 8, speed=2.0),
        made("slow", 100, 8, speed=0.5),
        made("still", 150, 6, speed=0.0),
        made("back", 170, 7, speed=-1.0),
        nest,
    )
    high = track(gap(4, rate), made("over", 350, 3), made("off", 0, 4, enabled=False))
    truth: list[int | None] = [*range(40, 44), 350, 351, 352, *range(47, 52), *[None] * 5]
    truth += [60, 62, 64, 66, 68, 70, 72, 74, 100, 100, 101, 101, 102, 102, 103, 103, *[150] * 6]
    truth += [*range(176, 169, -1), 303, 304, 305, 200, 201, *range(308, 313)]
    cut = timeline(low, high, start=3600 * nominal_rate(rate), rate=rate)
    assert exported(tmp_path, cut) == truth
    part = {"tc_in": "01:00:00:10", "tc_out": "01:00:00:23"}
    assert exported(tmp_path, cut, **part) == truth[10:23]


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize(("speed", "frames"), [(1.0, 30), (2.0, 15), (0.5, 40), (1.25, 24)])
def test_a_single_clips_film_maps_back_to_the_record_through_its_speed(
    tmp_path: Path, reels: Path, rate: F, speed: float, frames: int
) -> None:
    made = timeline(track(gap(7, rate), shot(reels, rate, "a", 50, frames, speed=speed)))
    film = exported(tmp_path, made, clip="a")
    assert film == list(range(50, 50 + round(frames * speed)))
    film_map = plan_film(read(tmp_path / "cut.otio").timeline, Selection(clip="a")).film_map
    for film_frame, shown in enumerate(film):
        record = film_map.to_record(FilmTime(film_frame / rate))
        assert record == (7 + film_frame / F(speed)) / rate
        assert shown == 50 + film_frame


def test_a_cut_on_a_frame_stays_on_it_ten_minutes_in(tmp_path: Path, reels: Path) -> None:
    rate = snap_rate("24000/1001")
    far = 14_400
    made = timeline(
        track(gap(far, rate), shot(reels, rate, "a", 10, 5), shot(reels, rate, "b", 99, 5)),
        start=86_400,
        rate=rate,
    )
    found = exported(tmp_path, made, tc_in="01:09:59:20", tc_out="01:10:00:10")
    assert found == [None] * 4 + [10, 11, 12, 13, 14, 99, 100, 101, 102, 103]


def test_sound_lies_under_its_picture(tmp_path: Path) -> None:
    rate = F(25)
    clicks = np.zeros((8 * 48_000, 2))
    for second in range(1, 8):
        clicks[second * 48_000 : second * 48_000 + 48] = 0.8
    movie(tmp_path / "a.mov", 200, rate, sound=clicks, sound_codec="pcm_s16le")
    made = timeline(track(gap(10, rate), clip("a", 40, 100, rate=rate, url="a.mov", available=(0, 200))))
    (tmp_path / "cut.otio").write_text(made.to_json_string())
    film = export_film(Request(tmp_path / "cut.otio", tmp_path / "film.mp4"))
    import av

    with av.open(str(film.path)) as file:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    loud = np.flatnonzero(np.abs(heard) > 0.4)
    firsts = loud[np.flatnonzero(np.diff(loud, prepend=-9999) > 4800)]
    truth = [round((10 + 25 * second - 40) / 25 * 48_000) for second in range(2, 6)]
    assert len(firsts) == len(truth)
    assert max(abs(a - b) for a, b in zip(firsts, truth, strict=True)) <= 24


def test_what_is_missing_below_other_clips_is_not_missed(tmp_path: Path, reels: Path) -> None:
    hidden = clip("lost", 0, 4, rate=F(24), url="nowhere.mov")
    made = timeline(track(hidden), track(shot(reels, F(24), "a", 10, 4)))
    assert exported(tmp_path, made) == [10, 11, 12, 13]


def test_what_is_missing_and_seen_is_named_with_the_places_looked_in(tmp_path: Path, reels: Path) -> None:
    lost = [clip(name, 0, 4, url=f"gone/{name}.mov") for name in ("one", "two")]
    made = timeline(track(*lost, shot(reels, F(24), "a", 10, 4)))
    with pytest.raises(MissingMediaError) as caught:
        exported(tmp_path, made)
    for words in ("one", "two", str(tmp_path / "gone" / "one.mov"), "--media-root"):
        assert words in str(caught.value)


def test_a_clip_that_says_nowhere_how_long_it_is_is_as_long_as_its_media(tmp_path: Path) -> None:
    movie(tmp_path / "tc.mov", 30, F(25), timecode="01:00:00:00")
    made = timeline(
        track(
            otio.schema.Clip("a", otio.schema.ExternalReference("tc.mov")),
            clip("b", 90_005, 3, rate=F(25), url="tc.mov", available=(90_000, 30)),
        )
    )
    assert exported(tmp_path, made) == [*range(30), 5, 6, 7]
