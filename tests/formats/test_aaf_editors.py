"""Lengths, levels, speeds, markers and timecode of AAFs as editors write them."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avm_otio.formats.aaf.read import read
from avm_otio.formats.writing import write
from avm_otio.timeline.model import Clip, GainKey, Mix, Timeline
from tests.formats.aaf_files import (
    AMPLITUDE,
    DISSOLVE,
    GAIN,
    MOTION,
    PAN,
    PICTURE,
    PLACE,
    RATIO,
    STEPS,
    STRAIGHT,
    Aaf,
    aaf,
)

RATE = Fraction(25)


def read_of(path: Path) -> tuple[Timeline, str]:
    (found,), notes = read(path)
    return found, "; ".join(notes)


def first_clip(path: Path) -> Clip:
    return next(read_of(path)[0].clips())


def louder(made: Aaf, inside: Any, ratio: Fraction) -> Any:
    return made.group(GAIN, [inside], inside.length, made.constant(AMPLITUDE, ratio))


@pytest.mark.parametrize(
    ("length", "held", "unit", "used"),
    [(75, 75, RATE, 75), (144_000, 75, RATE, 75), (144_000, 144_000, None, 75), (144_000, 144_000, RATE, 75)],
)
def test_a_length_counts_as_its_file_mob_does(
    tmp_path: Path, length: int, held: int, unit: Fraction | None, used: int
) -> None:
    """Premiere's in frames of the slot; the others' in samples, whatever the slot counts."""
    with aaf(tmp_path / "a.aaf") as made:
        file = made.source("/m/a.wav", length=length, held=held, unit=unit)
        made.track(made.clip(made.master("a", file, length=used), 0, 75))
    media = first_clip(tmp_path / "a.aaf").media
    assert media is not None
    assert media.duration == 3
    assert media.sample_rate_hz == 48_000


def test_a_cross_fade_of_media_counted_in_frames_is_written_as_one(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", made.source("/m/a.wav", length=250, unit=RATE), length=250)
        cross = made.file.create.Transition(SOUND_KIND, 10)
        cross["CutPoint"].value = 5
        cross["OperationGroup"].value = made.group(DISSOLVE, [], 10)
        made.track(made.clip(master, 0, 55), cross, made.clip(master, 100, 55))
    found, _ = read_of(tmp_path / "a.aaf")
    assert len(found.audio_tracks[0].transitions) == 1
    _, losses = write(found, tmp_path / "b.aaf")
    assert not [loss for loss in losses if "cut" in loss.message]


SOUND_KIND = "sound"


@pytest.mark.slow
@pytest.mark.parametrize("usage", ["Usage_AdjustedClip", "Usage_SubClip"])
def test_the_gain_of_a_clip_in_its_bin_is_not_added_to_the_timeline_s_copy_of_it(
    tmp_path: Path, usage: str
) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", made.source("/m/a.wav"))
        bin_clip = made.file.create.CompositionMob("a")
        bin_clip.usage = usage
        made.file.content.mobs.append(bin_clip)
        made.slot_of(bin_clip, RATE, louder(made, made.clip(master, 0, 250), Fraction(2)), 1)
        made.track(louder(made, made.clip(bin_clip, 25, 50), Fraction(2)))
    clip = first_clip(tmp_path / "a.aaf")
    assert clip.mix.gain_db == pytest.approx(6.0206)
    assert clip.media_in == 1


def test_gains_inside_one_another_add_up_on_every_clip(tmp_path: Path) -> None:
    """A track's own gain is one around its sequence."""
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", made.source("/m/a.wav"))
        inside = made.sequence(
            louder(made, made.clip(master, 0, 25), Fraction(1, 2)), made.clip(master, 50, 25)
        )
        made.slot_of(made.top, RATE, louder(made, inside, Fraction(4)), 1)
    gains = [clip.mix.gain_db for clip in read_of(tmp_path / "a.aaf")[0].clips()]
    assert gains == pytest.approx([6.0206, 12.0412])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runs", "mix"),
    [
        (STRAIGHT, (GainKey(Fraction(0), 0.0), GainKey(Fraction(1), -20.0))),
        (STEPS, (GainKey(Fraction(0), 0.0), GainKey(Fraction(1), 0.0), GainKey(Fraction(1), -20.0))),
    ],
)
def test_a_gain_runs_between_its_points_as_it_says(
    tmp_path: Path, runs: str, mix: tuple[GainKey, ...]
) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        clip = made.clip(made.master("a", made.source("/m/a.wav")), 0, 50)
        points = [(Fraction(0), Fraction(1)), (Fraction(1, 2), Fraction(1, 10))]
        made.track(made.group(GAIN, [clip], 50, made.varying(AMPLITUDE, points, runs)))
    found, _ = read_of(tmp_path / "a.aaf")
    assert next(found.clips()).mix.keys == mix
    write(found, tmp_path / "b.aaf")
    assert first_clip(tmp_path / "b.aaf").mix.keys == mix


def test_a_pan_of_a_track_is_on_each_of_its_clips(tmp_path: Path) -> None:
    """As Premiere writes it."""
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", made.source("/m/a.wav"))
        inside = made.sequence(made.clip(master, 0, 50), made.filler(10), made.clip(master, 50, 40))
        made.track(made.group(PAN, [inside], 100, made.constant(PLACE, Fraction(1, 4))))
    found, notes = read_of(tmp_path / "a.aaf")
    assert [clip.mix.pan for clip in found.clips()] == [-0.5, -0.5]
    assert not notes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("points", "pans", "moves"),
    [
        # As Media Composer writes it: two points a clip, at its first and its last frame.
        (((0, 0), (49, 0), (50, 1), (99, 1)), [-1.0, 1.0], False),
        (((0, 0), (99, 0)), [-1.0, -1.0], False),
        (((0, "1/2"), (99, "1/2")), [0.0, 0.0], False),
        (((0, 0), (49, 0), (50, "1/2"), (70, 1), (99, "1/2")), [-1.0, 0.0], True),
        (((0, 0), (99, 1)), [0.0, 0.0], True),
        (((30, 1),), [1.0, 1.0], False),
    ],
)
def test_a_pan_that_stands_still_within_a_clip_is_the_clips(
    points: tuple[tuple[int, Any], ...], pans: list[float], moves: bool, tmp_path: Path
) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", made.source("/m/a.wav"))
        inside = made.sequence(made.clip(master, 0, 50), made.clip(master, 50, 50))
        given = made.varying(PLACE, [(Fraction(at, 100), Fraction(place)) for at, place in points])
        made.track(made.group(PAN, [inside], 100, given))
    found, notes = read_of(tmp_path / "a.aaf")
    assert [clip.mix.pan for clip in found.clips()] == pans
    assert ("a pan that moves" in notes) == moves


@pytest.mark.slow
def test_a_pan_of_several_channels_is_told(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", (made.source("/m/a.wav", channels=2), 0, (1, 2)))
        inside = made.sequence(made.clip(master, 0, 50))
        pan = made.group(PAN, [inside], 50, made.constant(PLACE, Fraction(0)))
        made.track(pan, _TRACK_FORMAT=2)
    found, notes = read_of(tmp_path / "a.aaf")
    assert [clip.mix.pan for clip in found.clips()] == [0.0]
    assert "a pan of a sound of several channels is not read" in notes


def test_points_that_all_say_the_same_are_one_gain(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        clip = made.clip(made.master("a", made.source("/m/a.wav")), 0, 50)
        points = [(Fraction(at), Fraction(2)) for at in (0, 1)]
        made.track(made.group(GAIN, [clip], 50, made.varying(AMPLITUDE, points)))
    assert first_clip(tmp_path / "a.aaf").mix == Mix(6.0206)


@pytest.mark.slow
def test_fades_of_a_source_clip_are_fades(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        clip = made.clip(made.master("a", made.source("/m/a.wav")), 0, 50)
        clip["FadeInLength"].value, clip["FadeOutLength"].value = 5, 10
        made.track(clip)
    assert first_clip(tmp_path / "a.aaf").mix == Mix(0.0, 200_000, 400_000)


def test_a_soloed_track_is_told(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        master = made.master("a", made.source("/m/a.wav"))
        made.track(made.clip(master, 0, 25), AudioMixerCompSolo=1, AudioMixerCompMute=0)
        made.track(made.clip(master, 0, 25), AudioMixerCompSolo=0, AudioMixerCompMute=1)
    found, notes = read_of(tmp_path / "a.aaf")
    assert "“A1” is soloed" in notes
    assert [track.enabled for track in found.audio_tracks] == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ratio", "taken", "speed"),
    [(Fraction(5, 6), 120, 1), (Fraction(5, 12), 240, 2), (Fraction(-5, 6), 120, -1), (Fraction(100), 1, 0)],
)
def test_media_of_another_rate_plays_in_real_time(
    tmp_path: Path, ratio: Fraction, taken: int, speed: int
) -> None:
    """Media Composer's ratio is of edit units, and those of a 30 fps clip are shorter."""
    with aaf(tmp_path / "a.aaf") as made:
        file = made.source("/m/a.mov", PICTURE, length=900, rate=Fraction(30))
        master = made.master("a", file, rate=Fraction(30), length=900)
        inside = made.sequence(made.clip(master, 300, taken))
        inside["ComponentAttributeList"].value = [
            made.file.create.TaggedValue("_MIXMATCH_RATE_NUM", 30),
            made.file.create.TaggedValue("_MIXMATCH_RATE_DENOM", 1),
        ]
        made.track(made.group(MOTION, [inside], 100, made.constant(RATIO, ratio)))
    clip = first_clip(tmp_path / "a.aaf")
    assert (clip.speed, clip.duration, clip.media_start) == (speed, 4, 10)


SPEEDS, SHARES = (f"8d56827{one}-847e-11d5-935a-50f857c10000" for one in "ca")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "points", "is_noted"),
    [
        (SPEEDS, ((0, 1), (40, 2)), True),
        (SPEEDS, ((0, 1),), False),
        (SHARES, ((0, 0), ("1/4", 3), ("3/4", 47), (1, 50)), True),
        (SHARES, ((0, 0), ("1/2", 25), (1, 50)), False),
    ],
)
def test_a_speed_that_changes_is_told_by_whichever_map_says_so(
    number: str, points: tuple[tuple[Any, int], ...], is_noted: bool, tmp_path: Path
) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        inside = made.clip(made.master("a", made.source("/m/a.mov", PICTURE)), 0, 50)
        given = made.varying(number, [(Fraction(at), Fraction(value)) for at, value in points])
        made.track(made.group(MOTION, [inside], 50, made.constant(RATIO, Fraction(1)), given))
    _, notes = read_of(tmp_path / "a.aaf")
    assert ("a speed that changes is read as its mean" in notes) == is_noted


def layered(made: Aaf, *layers: Any, length: int = 100) -> Any:
    scope = made.file.create.NestedScope()
    scope.media_kind, scope.length = PICTURE, length
    for layer in layers:
        scope.slots.append(layer)
    return made.slot_of(made.top, RATE, scope, 1)


def test_layers_keep_their_numbers_and_their_markers(tmp_path: Path) -> None:
    with aaf(tmp_path / "a.aaf") as made:
        file = made.source("/m/a.mov", PICTURE, length=250, rate=RATE)
        master = made.master("a", file)
        slot = layered(
            made,
            made.sequence(made.clip(master, 0, 100)),
            made.sequence(made.filler(100, PICTURE)),
            made.sequence(made.clip(master, 50, 100)),
            made.sequence(made.filler(100, PICTURE)),
        )
        for number in (1, 2, 3, 4, 9):
            made.marker([slot], number, 10 * number, f"on V{number}")
    found, notes = read_of(tmp_path / "a.aaf")
    assert [
        (
            track.name,
            [marker.comment for clip in track.clips for marker in clip.markers],
            [marker.comment for marker in track.markers],
        )
        for track in found.tracks
    ] == [
        ("V1", ["on V1"], []),
        ("V2", [], ["on V2"]),
        ("V3", ["on V3"], []),
        ("V4", [], ["on V4"]),
    ]
    assert [marker.comment for marker in found.markers] == ["on V9"]
    assert "marker of picture track 9" in notes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "fps", "start", "label"),
    [
        (Fraction(30), 30, 107_892, "01:00:00;00"),
        (Fraction(60), 60, 215_784, "01:00:00;00"),
        (Fraction(120), 120, 431_568, "01:00:00;000"),
        (Fraction(30), 30, 1800, "00:01:00;02"),
        (Fraction(30_000, 1001), 30, 107_892, "01:00:00;00"),
        (Fraction(120_000, 1001), 120, 431_568, "01:00:00;000"),
    ],
)
def test_a_start_is_what_people_read_there(
    tmp_path: Path, rate: Fraction, fps: int, start: int, label: str
) -> None:
    with aaf(tmp_path / "a.aaf", rate, start, fps, drop=True) as made:
        made.track(made.clip(made.master("a", made.source("/m/a.wav")), 0, 25))
    found, notes = read_of(tmp_path / "a.aaf")
    assert found.timecode(Fraction(0)) == label
    assert not notes
    text = tmp_path / "b.txt"
    write(found, text)
    assert f"SESSION START TIMECODE:\t{label}.00" in text.read_text("utf-8")
    write(found, tmp_path / "b.aaf")
    again, _ = read_of(tmp_path / "b.aaf")
    assert (again.start_frame, again.drop_frame) == (start, True)


@pytest.mark.slow
def test_timecode_that_drops_at_another_rate_is_the_same_time_of_day(tmp_path: Path) -> None:
    """A tape of 29.97 fps in a sequence of 24: 01:00:00;00 is read as 01:00:00:00."""
    with aaf(tmp_path / "a.aaf", Fraction(24), 107_892, 30, drop=True) as made:
        made.track(made.clip(made.master("a", made.source("/m/a.wav")), 0, 25))
    found, notes = read_of(tmp_path / "a.aaf")
    assert (found.timecode(Fraction(0)), found.drop_frame) == ("01:00:00:00", False)
    assert "drop-frame" in notes
