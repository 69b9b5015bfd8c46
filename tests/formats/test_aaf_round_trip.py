"""What is written as AAF is read again the same, but for what the loss report names."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from avm_otio.formats.aaf.read import read
from avm_otio.formats.writing import write
from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import Clip, GainKey, Marker, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame, to_micros
from tests.models import RATES, differences, plain, settled, timelines

SAMPLES = Fraction(48_000)
HALF_A_SAMPLE = Fraction(1, 96_000)


def split(timeline: Timeline) -> Timeline:
    """With a mono file for every channel of its sounds, as they are made before an AAF is written."""
    done: dict[Media, Media] = {}

    def one(media: Media) -> Media:
        paths = tuple(f"/delivered/{media.name} {channel}.wav" for channel in range(media.channels))
        return done.setdefault(media, replace(media, mono=paths))

    def track(each: Track) -> Track:
        if each.kind is TrackKind.VIDEO:
            return each
        clips = tuple(replace(c, content=one(c.media)) if c.media else c for c in each.clips)
        return replace(each, clips=clips)

    return replace(timeline, tracks=tuple(track(each) for each in timeline.tracks))


def written_and_read(timeline: Timeline, folder: Path) -> tuple[Timeline, set[Feature]]:
    _, losses = write(timeline, folder / "cut.aaf")
    (found,), notes = read(folder / "cut.aaf")
    assert notes == ()
    return found, {loss.feature for loss in losses}


def as_sayable(timeline: Timeline) -> Timeline:
    """What an AAF says of a timeline; what the loss report names is applied to it.

    Sounds are what the mono files are, at 48 kHz; pictures have no sound. Times of sound are the nearest
    samples; on a frame, the frame.
    """
    rate = timeline.rate

    def sample(at: Fraction) -> Fraction:
        found = nearest_frame(at, SAMPLES) / SAMPLES
        frame = nearest_frame(found, rate) / rate
        return frame if abs(frame - found) <= HALF_A_SAMPLE else found

    def media(one: Media) -> Media:
        if not one.mono:
            return replace(one, channels=0, sample_rate_hz=None)
        length = one.duration and nearest_frame(one.duration, SAMPLES) / SAMPLES
        return replace(one, duration=length, sample_rate_hz=48_000, rate=None, size=None, has_picture=False)

    def marker(one: Marker, since: Fraction) -> Marker:
        at = nearest_frame(one.start + since, rate) / rate
        return replace(one, start=max(Fraction(0), at - since))

    def mix(one: Mix) -> Mix:
        fades = (
            to_micros(nearest_frame(Fraction(length, 1_000_000), SAMPLES) / SAMPLES)
            for length in (one.fade_in_us, one.fade_out_us)
        )
        # Key frames that all say the same are one gain: editors write them for clips that nobody touched.
        gains = {key.gain_db for key in one.keys}
        if len(gains) == 1:
            return Mix(gains.pop(), *fades)
        return Mix(one.gain_db, *fades, tuple(replace(key, at=sample(key.at)) for key in one.keys))

    def clip(one: Clip, is_sound: bool) -> Clip:
        start, end = (sample(one.start), sample(one.end)) if is_sound else (one.start, one.end)
        assert one.media is not None
        into = one.media_in - one.media.start
        return replace(
            one,
            start=RecordTime(start),
            end=RecordTime(end),
            content=media(one.media),
            media_in=MediaTime(one.media.start + (sample(into) if is_sound else into)),
            mix=mix(one.mix) if is_sound else one.mix,
            speed=Fraction(1) if is_sound else one.speed,
            markers=tuple(marker(each, start) for each in one.markers),
            link=None,
            stem=None,
            offer=None,
            alternative=0,
        )

    def track(one: Track) -> Track:
        is_sound = one.kind is TrackKind.AUDIO
        return replace(one, clips=tuple(clip(each, is_sound) for each in one.clips), stem=None)

    return replace(timeline, tracks=tuple(track(one) for one in timeline.tracks))


def features_needed(timeline: Timeline, sayable: Timeline) -> set[Feature]:
    """The losses that must have been told, where what is said differs by more than a sample."""
    needed = set()
    for before, after in zip(timeline.clips(), sayable.clips(), strict=True):
        if before.link != after.link:
            needed.add(Feature.LINK)
        if before.stem != after.stem or before.alternative != after.alternative:
            needed.add(Feature.METADATA)
        if before.speed != after.speed:
            needed.add(Feature.SPEED)
        for one, other in zip(before.markers, after.markers, strict=True):
            if abs(one.start - other.start) >= 1 / SAMPLES:
                needed.add(Feature.MARKER)
        # To a sample, and from there to a frame that is no farther than half of one.
        assert abs(before.start - after.start) <= 1 / SAMPLES
        assert abs(before.end - after.end) <= 1 / SAMPLES
    return needed


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    # Shrinking writes and reads files for minutes; ``differences`` says enough.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example writes its file anew
)
@given(timelines())
def test_what_is_written_is_read_again(tmp_path: Path, timeline: Timeline) -> None:
    timeline = split(timeline)
    found, lost = written_and_read(timeline, tmp_path)
    sayable = as_sayable(timeline)
    assert not differences(found, sayable)
    assert features_needed(timeline, sayable) <= lost


@pytest.mark.parametrize(
    "rate", [pytest.param(rate, marks=() if n % 5 == 0 else pytest.mark.slow) for n, rate in enumerate(RATES)]
)
def test_a_scored_cut_survives_at_every_rate(tmp_path: Path, rate: Fraction) -> None:
    timeline = split(plain(rate))
    found, lost = written_and_read(timeline, tmp_path)
    assert not differences(found, as_sayable(timeline))
    assert lost == {Feature.LINK, Feature.METADATA}


def one_sound(**changes: object) -> Timeline:
    """A stereo sound of four seconds on its track, a second in."""
    media = Media("hit.wav", "/media/hit.wav", duration=Fraction(9), sample_rate_hz=48_000, channels=2)
    clip = Clip("Hit", RecordTime(Fraction(1)), RecordTime(Fraction(5)), media, channels=(0, 1))
    track = Track("FX", TrackKind.AUDIO, (replace(clip, **changes),), channels=2)
    return split(settled(Timeline("cut", Fraction(24), (track,), start_frame=86_400)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "mix",
    [
        Mix(-100.0),
        Mix(12.0, 250_000, 500_000),
        Mix(-3.01, 2_000_000, 2_000_000),
        Mix(keys=(GainKey(Fraction(0), 0.0), GainKey(Fraction(2), -60.0), GainKey(Fraction(4), 6.0))),
        Mix(0.0, 1_000_000, 0, (GainKey(Fraction(1), -6.0), GainKey(Fraction(1, 48), -96.5))),
    ],
)
def test_gains_and_fades_come_back_as_they_were(tmp_path: Path, mix: Mix) -> None:
    mix = replace(mix, keys=tuple(sorted(mix.keys, key=lambda key: key.at)))
    found, _ = written_and_read(one_sound(mix=mix), tmp_path)
    assert next(found.clips()).mix == mix


def test_neighbours_that_fade_keep_their_places(tmp_path: Path) -> None:
    base = one_sound(mix=Mix(0.0, 100_000, 300_000))
    first = base.tracks[0].clips[0]
    second = replace(
        first, name="Boom", start=first.end, end=RecordTime(first.end + 2), mix=Mix(-6.0, 500_000, 0)
    )
    timeline = settled(replace(base, tracks=(replace(base.tracks[0], clips=(first, second)),)))
    found, _ = written_and_read(timeline, tmp_path)
    assert not differences(found, as_sayable(timeline))


def test_one_channel_of_a_stereo_file_comes_back_as_that_channel(tmp_path: Path) -> None:
    base = one_sound(channels=(1,))
    timeline = replace(base, tracks=(replace(base.tracks[0], channels=1),))
    found, lost = written_and_read(timeline, tmp_path)
    assert not differences(found, as_sayable(timeline))
    assert not lost


def test_a_cross_fade_of_sounds_comes_back(tmp_path: Path) -> None:
    base = one_sound(media_in=MediaTime(Fraction(2)))
    first = base.tracks[0].clips[0]
    second = replace(first, name="Boom", start=first.end, end=RecordTime(first.end + 2))
    cross = Transition("Audio Cross Fade", first.end, Fraction(1, 4), Fraction(1, 2))
    track = replace(base.tracks[0], clips=(first, second), transitions=(cross,))
    timeline = settled(replace(base, tracks=(track,)))
    found, lost = written_and_read(timeline, tmp_path)
    assert not differences(found, as_sayable(timeline))
    assert not lost


def test_surround_comes_back_in_the_order_of_a_wav(tmp_path: Path) -> None:
    media = Media("6.wav", "/media/6.wav", duration=Fraction(9), sample_rate_hz=48_000, channels=6)
    base = one_sound(content=media, channels=tuple(range(6)))
    timeline = replace(base, tracks=(replace(base.tracks[0], channels=6),))
    found, lost = written_and_read(timeline, tmp_path)
    assert not differences(found, as_sayable(timeline))
    assert not lost


@pytest.mark.parametrize("speed", [Fraction(2), Fraction(1, 3), Fraction(-1), Fraction(-3, 2), Fraction(0)])
def test_speeds_of_pictures_come_back(tmp_path: Path, speed: Fraction) -> None:
    media = Media(
        "shot.mov",
        "/media/shot.mov",
        start=MediaTime(Fraction(3600)),
        duration=Fraction(60),
        rate=Fraction(24),
        size=(1280, 720),
        has_picture=True,
    )
    clip = Clip(
        "Shot",
        RecordTime(Fraction(0)),
        RecordTime(Fraction(5)),
        media,
        MediaTime(Fraction(3630)),
        speed,
    )
    track = Track("V1", TrackKind.VIDEO, (clip,))
    timeline = settled(Timeline("cut", Fraction(24), (track,), size=(1280, 720)))
    found, lost = written_and_read(timeline, tmp_path)
    assert not differences(found, timeline)
    assert not lost


def test_markers_stay_with_what_they_mark(tmp_path: Path) -> None:
    second = Fraction(1)
    on_track = Marker("on track", second * 2, second / 8, "why", "PINK")
    on_clip = Marker("on clip", second / 2, comment="42 EUR", color="CYAN")
    whole = Marker("whole", second * 4, second, "", "")
    base = one_sound(markers=(on_clip,))
    timeline = replace(base, tracks=(replace(base.tracks[0], markers=(on_track,)),), markers=(whole,))
    found, lost = written_and_read(timeline, tmp_path)
    assert not differences(found, as_sayable(timeline))
    assert not lost


@pytest.mark.slow
def test_a_track_that_is_switched_off_comes_back_so(tmp_path: Path) -> None:
    base = one_sound()
    timeline = replace(base, tracks=(replace(base.tracks[0], enabled=False),))
    found, lost = written_and_read(timeline, tmp_path)
    assert not differences(found, as_sayable(timeline))
    assert not lost


def test_a_cross_fade_and_the_clips_that_it_joins_meet_at_one_moment(tmp_path: Path) -> None:
    """At 59.94 a frame is no whole number of samples, in which an AAF counts sound."""
    rate = Fraction(60_000, 1001)
    media = [
        Media(f"{name}.wav", f"/{name}.wav", duration=Fraction(60), sample_rate_hz=48_000, channels=1)
        for name in "ab"
    ]
    clips = tuple(
        Clip("a", RecordTime(start / rate), RecordTime(end / rate), one, MediaTime(9 / rate), channels=(0,))
        for one, start, end in zip(media, (0, 167), (167, 301), strict=True)
    )
    fade = Transition("Cross Fade", RecordTime(167 / rate), 3 / rate, 5 / rate)
    track = Track("A1", TrackKind.AUDIO, clips, (fade,), channels=1)
    found, _ = written_and_read(split(settled(Timeline("cut", rate, (track,)))), tmp_path)
    (read_again,) = found.tracks[0].transitions
    assert (read_again.at, read_again.before, read_again.after) == (fade.at, fade.before, fade.after)
    assert found.tracks[0].clips[0].end == found.tracks[0].clips[1].start == fade.at
