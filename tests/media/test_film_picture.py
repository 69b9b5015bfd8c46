"""Every frame of a film is the one that the plan asks for."""

from __future__ import annotations

import math
import threading
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from avm_otio.errors import MediaError, OutputError
from avm_otio.media.film import FilmFile, export_film
from avm_otio.timeline.plan import ExportPlan
from tests.media.numbered import (
    SIZE,
    file_source,
    film_plan,
    frame_of,
    layer,
    movie,
    number_in,
    numbers,
    pattern,
    placed,
    sequence_source,
)

RATES = [F(24000, 1001), F(24), F(25), F(30000, 1001), F(50), F(60000, 1001)]


def exported(plan: ExportPlan, tmp_path: Path) -> tuple[FilmFile, list[int | None]]:
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    return film, numbers(film.path)


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_cuts_show_exactly_the_frames_between_in_and_out(tmp_path: Path, rate: F, ending: str) -> None:
    source = file_source(movie(tmp_path / f"a.{ending}", 300, rate))
    plan = film_plan(
        rate,
        (7, (layer(source, 140 / rate),)),
        (5, (layer(source, 3 / rate),)),
        (4, ()),
        (6, (layer(source, 294 / rate),)),
        (5, (layer(source, 254 / rate),)),
    )
    film, seen = exported(plan, tmp_path)
    assert seen == [*range(140, 147), *range(3, 8), *[None] * 4, *range(294, 300), *range(254, 259)]
    assert film.notes == ()


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mov", "mpeg4"),
        ("a.ts", "libx264"),
        ("a.ts", "mpeg2video"),
        ("a.avi", "mpeg4"),
        ("a.webm", "libvpx-vp9"),
    ],
)
def test_other_containers_and_codecs_are_as_exact(tmp_path: Path, name: str, codec: str) -> None:
    rate = F(25)
    source = file_source(movie(tmp_path / name, 120, rate, codec=codec))
    plan = film_plan(
        rate, (6, (layer(source, F(70, 25)),)), (6, (layer(source, F(0)),)), (4, (layer(source, F(99, 25)),))
    )
    _, seen = exported(plan, tmp_path)
    assert seen == [*range(70, 76), *range(6), *range(99, 103)]


def test_the_film_runs_at_exactly_the_rate_of_the_plan(tmp_path: Path) -> None:
    rate = F(30000, 1001)
    source = file_source(movie(tmp_path / "a.mp4", 40, rate))
    film, _ = exported(film_plan(rate, (40, (layer(source, F(0)),))), tmp_path)
    with av.open(str(film.path)) as file:
        stream = file.streams.video[0]
        times = [frame.pts * frame.time_base for frame in file.decode(video=0)]
        assert stream.average_rate == rate
    assert times == [number / rate for number in range(40)]
    assert film.duration == 40 / rate


def test_speeds_freezes_and_reverse_show_the_covering_frame(tmp_path: Path) -> None:
    rate = F(25)
    source = file_source(movie(tmp_path / "a.mp4", 260, rate))
    plan = film_plan(
        rate,
        (8, (layer(source, F(10, 25), F(2)),)),
        (8, (layer(source, F(20, 25), F(1, 2)),)),
        (5, (layer(source, F(200, 25), F(0)),)),
        (90, (layer(source, F(231, 25), F(-1)),)),
        (10, (layer(source, F(60, 25), F(-2)),)),
    )
    _, seen = exported(plan, tmp_path)
    assert seen == [
        *range(10, 26, 2),
        *[20, 20, 21, 21, 22, 22, 23, 23],
        *[200] * 5,
        *range(230, 140, -1),
        *range(59, 39, -2),
    ]


def test_backwards_play_of_a_large_picture_is_exact_though_kept_small(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "a.mp4", 60, F(25), size=(1280, 720)))
    plan = film_plan(F(25), (60, (layer(source, F(60, 25), F(-1)),)))
    film, seen = exported(plan, tmp_path)
    assert seen == list(range(59, -1, -1))
    assert (film.width, film.height) == (960, 540)


def test_another_rate_shows_the_frame_that_covers_the_moment(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "a.mp4", 100, F(24000, 1001)))
    _, seen = exported(film_plan(F(25), (30, (layer(source, F(77, 100)),))), tmp_path)
    assert seen == [math.floor((F(77, 100) + n / F(25)) * F(24000, 1001)) for n in range(30)]


@pytest.mark.parametrize("speed", [F(-1), F(-1, 2), F(-2)])
def test_backwards_is_the_mirror_image_of_forwards_at_another_rate_too(tmp_path: Path, speed: F) -> None:
    """Of a file and of that file turned round, which end where the other begins."""
    source = file_source(movie(tmp_path / "a.mp4", 100, F(24000, 1001)))
    begins = F(50) * 1001 / 24000 + F(13, 1000)
    _, back = exported(film_plan(F(25), (20, (layer(source, begins, speed),))), tmp_path)
    turned = F(100) * 1001 / 24000 - begins
    _, forth = exported(film_plan(F(25), (20, (layer(source, turned, -speed),))), tmp_path)
    assert back == [99 - number for number in forth]


def test_an_image_sequence_turned_round_shows_the_image_that_its_time_lies_in(tmp_path: Path) -> None:
    for number in range(10):
        still(tmp_path / f"shot.{number + 1:04d}.png", pattern(number))
    source = sequence_source(tmp_path, rate=F(25))
    _, seen = exported(film_plan(F(50), (8, (layer(source, F(11, 50), F(-1)),))), tmp_path)
    assert seen == [5, 4, 4, 3, 3, 2, 2, 1]


def test_where_a_timeline_counts_a_23976_file_at_24_its_frame_counts_hold(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", 250, F(24000, 1001), timecode="01:00:00:00")
    source = file_source(path, start=F(3600), rate=F(24))
    _, seen = exported(film_plan(F(24), (30, (layer(source, F(3600) + F(201, 24)),))), tmp_path)
    assert seen == list(range(201, 231))


def test_available_range_says_where_a_file_starts(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "a.mp4", 50, F(25)), start=F(100))
    _, seen = exported(film_plan(F(25), (5, (layer(source, F(101)),))), tmp_path)
    assert seen == list(range(25, 30))


@pytest.mark.parametrize(("asked", "first"), [(F(3600) + F(20, 25), 20), (F(20, 25), 20)])
def test_without_available_range_the_files_own_timecode_counts_where_times_lie_beyond_it(
    tmp_path: Path, asked: F, first: int
) -> None:
    source = file_source(movie(tmp_path / "a.mov", 50, F(25), timecode="01:00:00:00"))
    _, seen = exported(film_plan(F(25), (5, (layer(source, asked),))), tmp_path)
    assert seen == list(range(first, first + 5))


def test_a_varying_frame_rate_shows_what_is_on_screen_at_each_moment(tmp_path: Path) -> None:
    gaps = [40, 20, 60, 33, 47] * 12
    times = [F(sum(gaps[:n]), 1000) for n in range(60)]
    source = file_source(movie(tmp_path / "a.mkv", 60, F(25), times=times))
    _, seen = exported(film_plan(F(25), (50, (layer(source, F(0)),))), tmp_path)
    assert seen == [max(n for n, at in enumerate(times) if at <= frame / F(25)) for frame in range(50)]


def test_a_dissolve_runs_linearly_from_one_to_the_other(tmp_path: Path) -> None:
    dark, light = tmp_path / "dark.png", tmp_path / "light.png"
    for path, level in ((dark, 16), (light, 216)):
        still(path, np.full((90, 160), level, np.uint8))
    below, above = layer(file_source(dark), F(0)), layer(file_source(light), F(0), F(1), F(0), F(1))
    film = export_film(plan := film_plan(F(25), (10, (above, below))), placed(plan), tmp_path / "film.mp4")
    with av.open(str(film.path)) as file:
        levels = [np.asarray(frame.to_ndarray())[:90].mean() for frame in file.decode(video=0)]
    steps = np.diff(levels)
    assert steps.min() > 12
    assert steps.max() < 25


def still(path: Path, luma: np.ndarray, alpha: np.ndarray | None = None) -> Path:
    height, width = luma.shape
    alpha = np.full((height, width), 255, np.uint8) if alpha is None else alpha
    # PNG is full range: spread 16–216 so that it lands on the same luma again
    value = np.clip((luma.astype(float) - 16) * 255 / 219, 0, 255).astype(np.uint8)
    rgba = np.dstack([value, value, value, alpha])
    frame = av.VideoFrame.from_ndarray(rgba, format="rgba")
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as file:
        stream = file.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "rgba"
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def test_a_still_stands_for_as_long_as_it_is_asked_for(tmp_path: Path) -> None:
    source = file_source(still(tmp_path / "title.png", pattern(77)))
    _, seen = exported(film_plan(F(25), (12, (layer(source, F(1000), F(1)),))), tmp_path)
    assert seen == [77] * 12


def test_alpha_lets_the_layer_below_show_through(tmp_path: Path) -> None:
    base = file_source(movie(tmp_path / "a.mp4", 20, F(25)))
    alpha = np.zeros((90, 160), np.uint8)
    alpha[:45] = 255
    title = file_source(still(tmp_path / "title.png", np.full((90, 160), 216, np.uint8), alpha))
    plan = film_plan(F(25), (10, (layer(title, F(0)), layer(base, F(5, 25)))))
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    with av.open(str(film.path)) as file:
        for number, frame in enumerate(file.decode(video=0)):
            luma = np.asarray(frame.to_ndarray())[:90]
            assert luma[4:40].min() > 180
            expected = pattern(5 + number)
            assert np.abs(luma[50:].astype(int) - expected[50:]).mean() < 12


def test_an_image_sequence_counts_from_its_first_file(tmp_path: Path) -> None:
    for number in range(10):
        still(tmp_path / f"shot.{number + 1:04d}.png", pattern(number))
    source = sequence_source(tmp_path, rate=F(25))
    _, seen = exported(
        film_plan(F(25), (6, (layer(source, F(2, 25)),)), (3, (layer(source, F(6, 25), F(-1)),))), tmp_path
    )
    assert seen == [2, 3, 4, 5, 6, 7, 5, 4, 3]


def test_a_missing_image_of_a_sequence_is_named(tmp_path: Path) -> None:
    for number in (1, 2, 4):
        still(tmp_path / f"shot.{number:04d}.png", pattern(number))
    plan = film_plan(F(25), (4, (layer(sequence_source(tmp_path, rate=F(25)), F(0)),)))
    with pytest.raises(MediaError, match=r"shot\.0003\.png"):
        export_film(plan, placed(plan), tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


def test_past_the_last_frame_it_holds_for_two_frames_then_black_with_a_note(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "a.mp4", 30, F(25)))
    film, seen = exported(film_plan(F(25), (10, (layer(source, F(25, 25)),))), tmp_path)
    assert seen == [25, 26, 27, 28, 29, 29, 29, None, None, None]
    assert [note for note in film.notes if "last frame" in note]


def test_before_the_first_frame_it_is_black_but_for_two_frames(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "a.mp4", 30, F(25)), start=F(1))
    film, seen = exported(film_plan(F(25), (8, (layer(source, F(20, 25)),))), tmp_path)
    assert seen == [None, None, None, 0, 0, 0, 1, 2]
    assert [note for note in film.notes if "first frame" in note]


def test_other_shapes_are_letterboxed_into_the_first_ones_raster(tmp_path: Path) -> None:
    wide = file_source(movie(tmp_path / "wide.mp4", 10, F(25)))
    square = file_source(movie(tmp_path / "square.mp4", 10, F(25), size=(120, 120)))
    plan = film_plan(F(25), (3, (layer(wide, F(0)),)), (3, (layer(square, F(3, 25)),)))
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    assert (film.width, film.height) == SIZE
    assert numbers(film.path)[:3] == [0, 1, 2]
    assert numbers(film.path, (34, 0, 90, 90))[3:] == [3, 4, 5]


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_phones_turned_picture_is_upright(tmp_path: Path, turned: int) -> None:
    source = file_source(movie(tmp_path / "phone.mp4", 4, F(25), turned=turned))
    plan = film_plan(F(25), (4, (layer(source, F(0)),)))
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    with av.open(str(film.path)) as file:
        seen = [
            number_in(np.rot90(np.asarray(frame.to_ndarray())[: frame.height], -turned // 90))
            for frame in file.decode(video=0)
        ]
    assert seen == [0, 1, 2, 3]
    assert (film.height > film.width) == (turned != 180)


def test_a_damaged_stretch_is_held_over_and_noted(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", 100, F(25), options={"g": "10"})
    data = bytearray(path.read_bytes())
    middle, length = len(data) // 2, len(data) // 10
    data[middle : middle + length] = bytes(length)
    path.write_bytes(data)
    film, seen = exported(film_plan(F(25), (100, (layer(file_source(path), F(0)),))), tmp_path)
    assert seen[:40] == list(range(40))
    assert seen[85:] == list(range(85, 100))
    assert [note for note in film.notes if "a.mp4 is damaged" in note]


def test_sound_without_picture_cannot_be_shown(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.wav"), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), format="s16", layout="stereo")
        frame.sample_rate = 48000
        file.mux(stream.encode(frame))
    plan = film_plan(F(25), (4, (layer(file_source(tmp_path / "a.wav"), F(0)),)))
    with pytest.raises(MediaError, match="no picture"):
        export_film(plan, placed(plan), tmp_path / "film.mp4")


def test_a_film_never_takes_the_place_of_its_own_media(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", 10, F(25))
    before = path.read_bytes()
    plan = film_plan(F(25), (4, (layer(file_source(path), F(0)),)))
    with pytest.raises(OutputError):
        export_film(plan, placed(plan), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("moment", [1, 20])
def test_an_interrupted_export_leaves_nothing_behind(tmp_path: Path, moment: int) -> None:
    plan = film_plan(F(25), (40, (layer(file_source(movie(tmp_path / "a.mp4", 40, F(25))), F(0)),)))
    (tmp_path / "out").mkdir()
    threads = threading.active_count()

    def interrupt(done: int, total: int) -> None:
        if done == moment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_film(plan, placed(plan), tmp_path / "out" / "film.mp4", progress=interrupt)
    assert list((tmp_path / "out").iterdir()) == []
    assert threading.active_count() == threads


def test_progress_counts_the_frames(tmp_path: Path) -> None:
    plan = film_plan(F(25), (12, (layer(file_source(movie(tmp_path / "a.mp4", 12, F(25))), F(0)),)))
    steps: list[tuple[int, int]] = []
    export_film(plan, placed(plan), tmp_path / "film.mp4", progress=lambda *step: steps.append(step))
    assert steps == [(number, 12) for number in range(1, 13)]


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    plan = film_plan(F(25), (2, ()))
    with pytest.raises(OutputError, match="does not exist"):
        export_film(plan, {}, tmp_path / "no" / "film.mp4")


def test_a_full_disk_is_an_output_error_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows knows no limit of a file's size")
    plan = film_plan(F(25), (60, (layer(file_source(movie(tmp_path / "a.mp4", 60, F(25))), F(0)),)))
    (tmp_path / "out").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OutputError, match="disk is full"):
            export_film(plan, placed(plan), tmp_path / "out" / "film.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, F]]:
    folder = tmp_path_factory.mktemp("shelf")
    return [
        (movie(folder / f"{number}.{ending}", 130, rate), rate)
        for number, (ending, rate) in enumerate(
            [("mp4", F(24000, 1001)), ("mkv", F(25)), ("mov", F(60000, 1001)), ("ts", F(30000, 1001))]
        )
    ]


@pytest.mark.slow
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example writes its film anew
)
@given(data=st.data())
def test_any_plan_shows_the_covering_frames(
    shelf: list[tuple[Path, F]], tmp_path: Path, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from(RATES))
    stretches, expected = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        path, own_rate = data.draw(st.sampled_from(shelf))
        speed = data.draw(st.sampled_from([F(1), F(2), F(1, 2), F(0), F(-1), F(-2), F(7, 5)]))
        length = data.draw(st.integers(1, 9))
        media_in = data.draw(st.integers(40, 80)) / own_rate
        stretches.append((length, (layer(file_source(path), media_in, speed),)))
        times = [media_in + n / rate * speed for n in range(length)]
        for counted in (time * own_rate for time in times):
            expected.append(math.ceil(counted) - 1 if speed < 0 else math.floor(counted))
        # just before a frame's edge, on the way that it plays, it may be either frame
        way = 1 if speed < 0 else -1
        assume(not any(0 < way * (time * own_rate) % 1 <= F(2, 1000) * own_rate for time in times))
    _, seen = exported(film_plan(rate, *stretches), tmp_path)
    assert seen == expected


def test_frame_of_and_pattern_agree() -> None:
    assert number_in(np.asarray(frame_of(pattern(1234)).to_ndarray())[:90]) == 1234
