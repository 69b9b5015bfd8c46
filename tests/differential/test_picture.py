"""Every frame of a film shows what lies on top there: read back from frames that carry their number."""

from __future__ import annotations

import math
import tempfile
from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import given, note, seed
from hypothesis import strategies as st

from avm_otio.media.film import export_film
from avm_otio.timeline.model import Clip, Media, Timeline, Track, TrackKind
from avm_otio.timeline.select import plan_film
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.differential.cuts import SEED, quick, thorough
from tests.media.numbered import movie, numbers, placed
from tests.models import settled

RATES = [F(24_000, 1001), F(24), F(25), F(30_000, 1001), F(50), F(60_000, 1001)]
LONG = 300  # frames of every file
SIZE = (64, 36)
STARTS = {F(25): F(3600), F(30_000, 1001): F(107_892 * 1001, 30_000)}
"""Where a timeline says that the timecode of some files begins."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[F, Media]:
    folder = tmp_path_factory.mktemp("numbered")
    made = {}
    for number, rate in enumerate(RATES):
        path = movie(folder / f"{number}.mp4", LONG, rate, size=SIZE)
        start = MediaTime(STARTS.get(rate, F(0)))
        made[rate] = Media(path.name, str(path), start, LONG / rate, rate, SIZE, has_picture=True)
    return made


@st.composite
def shots(draw: st.DrawFn, files: dict[F, Media], rate: F, number: int) -> Track:
    clips, at = [], draw(st.integers(0, 4))
    for index in range(draw(st.integers(1, 4))):
        # Of 24 and 23.976 the counts of frames hold, which is said elsewhere.
        others = [each for each in RATES if each == rate or math.ceil(each) != math.ceil(rate)]
        media = files[draw(st.sampled_from([rate, *others]))]
        assert media.rate is not None
        frames = draw(st.integers(1, 12))
        speed = draw(st.sampled_from([F(1), F(1), F(1), F(2), F(1, 2), F(0), F(-1), F(-2)]))
        inside = draw(st.integers(60, 200)) / media.rate
        clips.append(
            Clip(
                f"{number}-{index}",
                RecordTime(at / rate),
                RecordTime((at + frames) / rate),
                media,
                MediaTime(media.start + inside),
                speed,
                draw(st.sampled_from([True] * 5 + [False])),
            )
        )
        at += frames + draw(st.sampled_from([0, 0, 1, 5]))
    on = draw(st.sampled_from([True] * 6 + [False]))
    return Track(f"V{number}", TrackKind.VIDEO, tuple(clips), enabled=on)


@st.composite
def pictures(draw: st.DrawFn, files: dict[F, Media]) -> Timeline:
    """Tracks over one another, and on top of them a nest of which a part is seen."""
    rate = draw(st.sampled_from(RATES))
    tracks = [draw(shots(files, rate, number)) for number in range(1, draw(st.integers(1, 3)) + 1)]
    if draw(st.integers(0, 2)) == 0:
        inner = settled(Timeline("nest", rate, (draw(shots(files, rate, 9)),), size=SIZE))
        first = draw(st.integers(0, inner.frames - 1))
        frames = draw(st.integers(1, inner.frames - first))
        at = draw(st.integers(0, 10))
        nest = Clip(
            "nest",
            RecordTime(at / rate),
            RecordTime((at + frames) / rate),
            inner,
            MediaTime(first / rate),
        )
        tracks.append(Track("nests", TrackKind.VIDEO, (nest,)))
    return settled(Timeline("cut", rate, tuple(tracks), size=SIZE))


def shown(timeline: Timeline, at: F) -> int | None:
    """The number of the frame that is seen at a record time; ``None`` for black."""
    for track in reversed(timeline.tracks):
        for clip in track.clips:
            if not (track.enabled and clip.enabled and clip.start <= at < clip.end):
                continue
            if isinstance(clip.content, Timeline):
                found = shown(clip.content, F(clip.media_in) + at - clip.start)
                if found is not None:
                    return found
                continue
            media = clip.media
            assert media is not None
            assert media.rate is not None
            inside = clip.media_in - media.start + (at - clip.start) * clip.speed
            # What begins within a thousandth of a second counts as begun.
            begun = F(1, 1000)
            if clip.speed < 0:  # the mirror image: the first frame that ends there, or later
                return math.ceil((inside - begun) * media.rate) - 1
            return math.floor((inside + begun) * media.rate)
    return None


def is_shown(timeline: Timeline) -> None:
    plan = plan_film(timeline)
    wanted = [shown(timeline, number / timeline.rate) for number in range(plan.frames)]
    with tempfile.TemporaryDirectory() as folder:
        film = export_film(plan, placed(plan), Path(folder) / "film.mp4")
        found = numbers(film.path)
    assert [(n, a, b) for n, (a, b) in enumerate(zip(found, wanted, strict=True)) if a != b] == []


def has_picture(timeline: Timeline) -> bool:
    return any(shown(timeline, number / timeline.rate) is not None for number in range(timeline.frames))


@pytest.mark.slow
def test_a_film_shows_the_frames_that_lie_on_top(files: dict[F, Media]) -> None:
    @quick
    @given(pictures(files).filter(has_picture))
    def law(timeline: Timeline) -> None:
        is_shown(timeline)

    law()


@pytest.mark.soak
def test_ten_thousand_films_show_the_frames_that_lie_on_top(files: dict[F, Media]) -> None:
    @seed(SEED)
    @thorough
    @given(pictures(files).filter(has_picture))
    def law(timeline: Timeline) -> None:
        note(f"AVM_FUZZ_SEED={SEED}")
        is_shown(timeline)

    law()
