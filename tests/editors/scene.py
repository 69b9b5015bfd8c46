"""A cut with everything that can be heard, its sound files, and what must be heard of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avm_otio.media.mixdown import write_preview
from avm_otio.timeline.model import Clip, GainKey, Marker, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.editors.hearing import RATE_HZ, Sound, gains_over, hear, heard_at, noise, read_wav, write_wav

_CLOSE_DB = 0.2
_CLOSE_SAMPLES = 2
"""A frame is not always a whole number of samples, and MLT rounds at the clip and at its source."""


@dataclass(frozen=True)
class Scene:
    """The cut, and every sound by name."""

    timeline: Timeline
    sounds: dict[str, Sound]

    def samples(self, frames: float) -> int:
        return round(frames * RATE_HZ / float(self.timeline.rate))

    def part(self, name: str, first: float, frames: float, channel: int = 0) -> np.ndarray:
        """Some frames of a sound."""
        return self.sounds[name][self.samples(first) : self.samples(first + frames), channel]


def make_scene(folder: Path, rate: Fraction) -> Scene:
    """Sound files, a movie and a cut that uses them.

    Args:
        folder: Where the files are made.
        rate: Frames a second of the cut and the movie.
    """
    sounds: dict[str, Sound] = {}

    def recorded(name: str, channels: int = 2, level: float = 0.1) -> Media:
        sounds[name] = noise(len(sounds), 5, channels, level)
        path = write_wav(folder / f"{name} & 1.wav", sounds[name])
        return Media(path.name, str(path), duration=Fraction(5), sample_rate_hz=RATE_HZ, channels=channels)

    def at(frames: float) -> RecordTime:
        return RecordTime(Fraction(frames) / rate)

    def heard(media: Media, first: int, last: int, source: int = 0, **more: object) -> Clip:
        fields: dict[str, object] = {"channels": tuple(range(media.channels))} | more
        return Clip(media.name, at(first), at(last), media, MediaTime(source / rate), **fields)

    shot = _movie(folder / "shot.mov", rate, sounds)
    second = round(1_000_000 / rate * 24)
    keys = (GainKey(Fraction(0), -20.0), GainKey(24 / rate, 0.0))
    late = Clip("late", at(220.3), at(240.3), recorded("late"), channels=(0, 1))
    effects = (
        heard(recorded("plain"), 10, 40),
        heard(recorded("keyed"), 50, 90, 12, mix=Mix(keys=keys)),
        heard(recorded("left"), 100, 130, channels=(0,)),
        heard(recorded("mono", 1), 140, 170, mix=Mix(-6.0, 0, 10_000)),
        heard(recorded("off"), 180, 210, enabled=False),
        late,
    )
    fading = (
        heard(recorded("first"), 60, 140, 5),
        heard(recorded("second"), 140, 200, 10),
        heard(recorded("third"), 200, 250, 10),
    )
    crosses = tuple(Transition("Cross fade", at(cut), 4 / rate, 6 / rate) for cut in (140, 200))
    bed = heard(recorded("bed", level=0.3), 0, 110, mix=Mix(-6.0, second, second))
    muted = heard(recorded("muted"), 0, 100)
    linked = heard(shot, 20, 120, 30, link=1)
    seen = Clip("shot", linked.start, linked.end, shot, linked.media_in, link=1)
    tracks = (
        Track("Picture", TrackKind.VIDEO, (seen,)),
        Track("Production <1>", TrackKind.AUDIO, (linked,), channels=2),
        Track("Music", TrackKind.AUDIO, (bed,), channels=2),
        Track("Effects", TrackKind.AUDIO, effects, channels=2),
        Track("Ambience", TrackKind.AUDIO, fading, crosses, channels=2),
        Track("Muted", TrackKind.AUDIO, (muted,), channels=2, enabled=False),
    )
    hour = 3600 * -(-rate.numerator // rate.denominator)
    markers = (Marker("Hit", 30 / rate, comment="here", color="RED"),)
    made = Timeline("Scene", rate, tracks, hour, False, 250 / rate, markers, (1280, 720))
    return Scene(made, sounds)


def _movie(path: Path, rate: Fraction, sounds: dict[str, Sound]) -> Media:
    """A small movie, each frame lighter than the one before, with a sound of its own."""
    sounds["shot"] = sound = noise(99, 7)
    with av.open(str(path), "w") as file:
        picture = file.add_stream("mpeg4", rate=rate)
        picture.width, picture.height, picture.pix_fmt = 64, 36, "yuv420p"
        voice = file.add_stream("pcm_s16le", rate=RATE_HZ, layout="stereo")
        count = int(7 * rate)
        for number in range(count):
            image = np.full((36, 64, 3), number * 255 // count, np.uint8)
            file.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        samples = (sound * 32767).round().astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate = RATE_HZ
        file.mux(voice.encode(frame))
        for stream in (picture, voice):
            file.mux(stream.encode(None))
    return Media(
        path.name,
        str(path),
        duration=count / rate,
        rate=rate,
        size=(64, 36),
        sample_rate_hz=RATE_HZ,
        channels=2,
        has_picture=True,
    )


def check(mix: Sound, scene: Scene) -> None:
    """Whether a mix of the scene has everything in its place, as loud as it should be."""
    assert abs(len(mix) - scene.samples(250)) <= _CLOSE_SAMPLES
    _check_places(mix, scene)
    _check_sides(mix, scene)
    _check_silence(mix, scene)
    _check_fades(mix, scene)


def _check_places(mix: Sound, scene: Scene) -> None:
    lying = [  # sound, frame of the mix, frame of the sound, frames, gain
        ("shot", 20, 30, 100, 0.0),
        ("plain", 10, 0, 30, 0.0),
        ("keyed", 74, 36, 16, 0.0),
        ("left", 100, 0, 30, 0.0),
        ("mono", 140, 0, 29, -6.0),
        ("bed", 26, 26, 58, -6.0),
        ("first", 60, 5, 75, 0.0),
        ("second", 147, 17, 48, 0.0),
        ("third", 207, 17, 43, 0.0),
    ]
    for name, first, source, frames, gain in lying:
        found = hear(mix, scene.part(name, source, frames))
        assert abs(found.at - scene.samples(first)) <= _CLOSE_SAMPLES, f"{name} at {found.seconds} s"
        # Beside a loud bed, noise is measured to about a tenth of a decibel over a second.
        assert abs(found.gain_db - gain) <= 2 * _CLOSE_DB, f"{name} at {found.gain_db} dB"
    late = hear(mix, scene.part("late", 0, 19))
    assert abs(late.at - scene.samples(220.3)) <= scene.samples(0.5) + 1


def _check_sides(mix: Sound, scene: Scene) -> None:
    """Left is left and right is right; one side picked is on both."""
    at = scene.samples(10)
    for side in (0, 1):
        own = heard_at(mix, scene.part("plain", 0, 30, side), at, side)
        other = heard_at(mix, scene.part("plain", 0, 30, side), at, 1 - side)
        assert abs(own.gain_db) <= 2 * _CLOSE_DB
        assert abs(other.gain) < 0.1
    for name, first in (("left", 100), ("mono", 140)):
        sides = [hear(mix, scene.part(name, 0, 29), side) for side in (0, 1)]
        assert all(abs(one.at - scene.samples(first)) <= _CLOSE_SAMPLES for one in sides)
    right = heard_at(mix, scene.sounds["left"][: scene.samples(29), 1], scene.samples(100), 1)
    assert abs(right.gain) < 0.1


def _check_silence(mix: Sound, scene: Scene) -> None:
    for name, first, frames in (("off", 180, 30), ("muted", 0, 100)):
        assert abs(heard_at(mix, scene.part(name, 0, frames), scene.samples(first)).gain) < 0.1
        assert hear(mix, scene.part(name, 0, frames)).likeness < 0.1


def gains_by_frame(
    mix: Sound, scene: Scene, name: str, first: int, source: int, frames: int
) -> npt.NDArray[np.float64]:
    """How loud each frame of a sound is that lies at frame ``first`` of the mix."""
    # Rounded to samples twice, a clip may play one earlier or later, and noise is itself only in place.
    shapes = [
        gains_over(mix, scene.part(name, source, frames), scene.samples(first) + shift, frames)
        for shift in range(-_CLOSE_SAMPLES, _CLOSE_SAMPLES + 1)
    ]
    return max(shapes, key=lambda shape: float(shape.sum()))


def _check_fades(mix: Sound, scene: Scene) -> None:
    """Fades run straight; key frames run straight in decibels; a cross fade lasts its ten frames."""

    def over(name: str, first: int, source: int, frames: int) -> npt.NDArray[np.float64]:
        return gains_by_frame(mix, scene, name, first, source, frames)

    rises = over("bed", 0, 0, 24)
    falls = over("bed", 86, 86, 24)
    wanted = 0.5012 * (np.arange(24) + 0.5) / 24
    for found, right in ((rises, wanted), (falls, wanted[::-1])):
        # The bed is louder than what it plays beside: a frame's gain is right to about 0.015, the mean of 24
        # to 0.003. Half a frame of this fade is 0.011: MLT aims at a value for each frame's end.
        assert np.abs(found - right).max() < 0.07
        assert abs(float(np.mean(found - right))) < 0.02
    keyed = over("keyed", 50, 12, 24) - 10 ** ((-20 + 20 * np.arange(24) / 24) / 20)
    assert np.abs(keyed).max() < 0.25
    assert abs(float(np.mean(keyed))) < 0.05
    for cut in (140, 200):
        out, into = ("first", "second") if cut == 140 else ("second", "third")
        source = 5 + 76 if cut == 140 else 10 + 56
        leaves = over(out, cut - 4, source, 10)
        comes = over(into, cut - 4, 6, 10)
        assert np.abs(leaves - np.linspace(1, 0.1, 10)).max() < 0.2
        assert np.abs(comes - np.linspace(0, 0.9, 10)).max() < 0.2


def preview_of(scene: Scene, folder: Path) -> Sound:
    """What our own preview plays of the scene, as its rules allow."""
    plan = plan_playback(scene.timeline)
    places = {media: Path(media.path) for media in plan.media}
    write_preview(plan, places, folder / "p.m4a", stems=folder)
    ours = read_wav(folder / "p_DX.wav")  # all of it: nothing is of a job
    check(ours, scene)
    for name in ("off", "muted"):
        assert hear(ours, scene.part(name, 0, 30)).likeness < 0.1
    return ours


_COMPARED = [  # sound, frame of the sound, frames
    ("shot", 30, 100),
    ("plain", 0, 30),
    ("keyed", 36, 15),
    ("left", 0, 30),
    ("mono", 0, 29),
    ("bed", 26, 58),
    ("first", 5, 75),
    ("second", 17, 48),
    ("third", 17, 43),
]


def check_alike(
    ours: Sound,
    theirs: Sound,
    scene: Scene,
    both_sides: tuple[str, ...] = ("plain", "left", "mono"),
    mono_db: float = 0.0,
) -> None:
    """Two mixes of the scene are within half a decibel and a millisecond, sound by sound.

    Args:
        both_sides: The sounds that are compared on the right side too.
        mono_db: How much louder a mono sound is in ours than in theirs, by the other program's own law.
    """
    for name, source, frames in _COMPARED:
        for side in (0, 1) if name in both_sides else (0,):
            part = scene.part(name, source, frames, 0 if name in ("left", "mono") else side)
            here, there = hear(ours, part, side), hear(theirs, part, side)
            more = here.gain_db - there.gain_db - (mono_db if name == "mono" else 0.0)
            assert abs(here.at - there.at) <= RATE_HZ // 1000, f"{name}: {here.at} and {there.at}"
            assert abs(more) <= 0.5, f"{name}: {here.gain_db} and {there.gain_db} dB"
