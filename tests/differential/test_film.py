"""The sound of a film is what a plain sum of its clips is, sample by sample."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from functools import cache

import numpy as np
import pytest
from hypothesis import given, note, seed
from hypothesis import strategies as st

from avm_otio.media.probe import probe
from avm_otio.timeline.model import Clip, GainKey, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.select import plan_film
from avm_otio.timeline.time import MediaTime, RecordTime, from_micros
from tests.differential.cuts import SEED, quick, thorough
from tests.media.numbered import movie
from tests.media.sounds import as_stored, mixed, noise, wav
from tests.models import settled

RATE = F(25)
HZ = 48_000
LONG = 4  # seconds of every file
LOUD = 10 ** (-90 / 20)

probed = cache(probe)
"""Files do not change here; to look at them anew for each example takes longer than the rest."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Media, np.ndarray]]:
    """Sounds of one, two and six channels, each a noise of its own and quiet enough to add up."""
    folder = tmp_path_factory.mktemp("media")
    made = []
    for number, channels in enumerate((1, 2, 6)):
        sides = [noise(LONG, seed=10 * number + side)[:, :1] / 16 for side in range(channels)]
        samples = np.concatenate(sides, axis=1)
        path = wav(folder / f"{channels}.wav", samples)
        media = Media(path.name, str(path), duration=F(LONG), sample_rate_hz=HZ, channels=channels)
        made.append((media, as_stored(samples)))
    return made


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Media:
    path = movie(tmp_path_factory.mktemp("media") / "v.mp4", 100, RATE, size=(64, 36))
    return Media(path.name, str(path), duration=F(LONG), rate=RATE, size=(64, 36), has_picture=True)


@st.composite
def heard(draw: st.DrawFn) -> list[tuple[int, bool, list[dict[str, object]], list[tuple[int, int, int]]]]:
    """Tracks: which file, whether they sound, clips, and cross fades as cut and halves in frames."""
    tracks = []
    for _ in range(draw(st.integers(1, 3))):
        clips, crossings, at = [], [], draw(st.integers(0, 5))
        for index in range(draw(st.integers(1, 3))):
            frames = draw(st.integers(8, 25))
            if draw(st.booleans()):
                places = sorted(draw(st.lists(st.integers(0, frames), min_size=2, max_size=4)))
                dbs = st.sampled_from([-24.0, -6.0, 0.0, 3.0])
                mix = Mix(keys=tuple(GainKey(place / RATE, draw(dbs)) for place in places))
            else:
                mix = Mix(draw(st.sampled_from([-12.0, 0.0, 2.5])))
            fades = [draw(st.integers(0, frames // 2)) * 40_000 * draw(st.booleans()) for _ in range(2)]
            mix = replace(mix, fade_in_us=fades[0], fade_out_us=fades[1])
            touches = index > 0 and clips[-1]["end"] == at and draw(st.booleans())
            if touches and not crossings:
                clips[-1]["mix"] = replace(clips[-1]["mix"], fade_out_us=0)
                mix = replace(mix, fade_in_us=0)
                crossings.append((at, *draw(st.sampled_from([(3, 3), (2, 4), (0, 5), (5, 0)]))))
            clips.append(
                {
                    "start": at,
                    "end": at + frames,
                    "inside": draw(st.integers(10, 50)),
                    "mix": mix,
                    "channel": draw(st.integers(0, 5)),
                    "enabled": draw(st.sampled_from([True] * 4 + [False])),
                }
            )
            at += frames + draw(st.sampled_from([0, 0, 3]))
        on = draw(st.sampled_from([True] * 5 + [False]))
        tracks.append((draw(st.integers(0, 2)), on, clips, crossings))
    return tracks


def gains(
    clip: Clip, first: int, last: int, rise: tuple[F, F] | None, fall: tuple[F, F] | None
) -> np.ndarray:
    """Amplitudes at samples of the record."""
    moments = np.arange(first, last) / HZ
    inside = moments - float(clip.start)
    mix = clip.mix
    db = np.full(len(moments), mix.gain_db)
    if mix.keys:
        places = np.array([float(key.at) for key in mix.keys])
        levels = np.array([key.gain_db for key in mix.keys])
        after = np.searchsorted(places, inside + 1e-9, side="right")
        one, other = np.clip(after - 1, 0, None), np.clip(after, None, len(places) - 1)
        # Before the first key frame and after the last it stays; of two at one place the later counts.
        share = (inside + 1e-9 - places[one]) / np.maximum(places[other] - places[one], 1e-12)
        db = levels[one] + np.where(one == other, 0, share) * (levels[other] - levels[one])
    made = 10 ** (db / 20)
    ramps = [rise or (clip.start, clip.start + from_micros(mix.fade_in_us))]
    falls = [fall or (clip.end - from_micros(mix.fade_out_us), clip.end)]
    for start, end in ramps:
        if end > start:
            made *= np.clip((moments - float(start)) / float(end - start), 0, 1)
    for start, end in falls:
        if end > start:
            made *= np.clip((float(end) - moments) / float(end - start), 0, 1)
    return made


def reference(timeline: Timeline, samples: dict[str, np.ndarray]) -> np.ndarray:
    """What is heard: every clip that is on, from its file, times its level, added up."""
    total = round(timeline.duration * HZ)
    made = np.zeros((total, 2))
    for track in timeline.audio_tracks:
        for clip in track.clips:
            if not (track.enabled and clip.enabled) or clip.media is None:
                continue
            start, end, rise, fall = clip.start, clip.end, None, None
            for crossing in track.transitions:
                going = next((one for one in track.clips if one.end == crossing.at), None)
                coming = next((one for one in track.clips if one.start == crossing.at), None)
                if going is None or coming is None:
                    continue
                span = (crossing.at - crossing.before, crossing.at + crossing.after)
                if clip is coming:
                    start, rise = span[0], span
                if clip is going:
                    end, fall = span[1], span
            first, last = round(start * HZ), min(total, round(end * HZ))
            used = round((clip.media_in + start - clip.start) * HZ)
            source = samples[clip.media.path][used : used + last - first, list(clip.channels)]
            sides = np.repeat(source, 2, axis=1) if source.shape[1] == 1 else source
            made[first:last] += sides * gains(clip, first, last, rise, fall)[:, None]
    return made


def is_the_sum(files: list[tuple[Media, np.ndarray]], picture: Media, drawn: list) -> None:
    tracks = []
    for number, (which, on, clips, crossings) in enumerate(drawn):
        media, _ = files[which]
        made = [
            Clip(
                f"a {number}-{index}",
                RecordTime(one["start"] / RATE),
                RecordTime(one["end"] / RATE),
                media,
                MediaTime(one["inside"] / RATE),
                enabled=one["enabled"],
                mix=one["mix"],
                channels=(0, 1) if which == 1 else (one["channel"] % media.channels,),
            )
            for index, one in enumerate(clips)
        ]
        # Where one half of a cross fade is switched off the other fades to or from nothing.
        fading = tuple(
            Transition("Cross Fade", RecordTime(F(at) / RATE), before / RATE, after / RATE)
            for at, before, after in crossings
        )
        tracks.append(Track(f"A{number}", TrackKind.AUDIO, tuple(made), fading, channels=2, enabled=on))
    end = max(clip.end for track in tracks for clip in track.clips)
    seen = Clip("v", RecordTime(F(0)), RecordTime(end), picture)
    timeline = settled(Timeline("cut", RATE, (Track("V1", TrackKind.VIDEO, (seen,)), *tracks)))
    plan = plan_film(timeline)
    plan = replace(plan, picture=())
    wanted = reference(timeline, {media.path: samples for media, samples in files})
    found = mixed(plan, probed)
    assert found.shape == wanted.shape
    off = np.abs(found - wanted).max(axis=1)
    worst = int(off.argmax())
    assert off[worst] < LOUD, f"{off[worst]:.6f} off at {worst / HZ:.4f} s"


@pytest.mark.slow
def test_the_sound_of_a_film_is_the_sum_of_its_clips(files, picture) -> None:
    @quick
    @given(heard())
    def law(drawn: list) -> None:
        is_the_sum(files, picture, drawn)

    law()


@pytest.mark.soak
def test_ten_thousand_films_sound_as_their_clips_add_up(files, picture) -> None:
    @seed(SEED)
    @thorough
    @given(heard())
    def law(drawn: list) -> None:
        note(f"AVM_FUZZ_SEED={SEED}")
        is_the_sum(files, picture, drawn)

    law()
