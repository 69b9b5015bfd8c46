"""``avm-otio engine analyse``: everything that is found in a film, as a document with exact frames.

Its JSON Schema, ``docs/schemas/analysis.schema.json``, is made from these models.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from avm_otio.engine.decoding import (
    SOUND_RATE_HZ,
    Luma,
    Samples,
    film_shape,
    luma_frames,
    sound_blocks,
)
from avm_otio.engine.film_analysis import analyse_picture
from avm_otio.engine.onset_kinds import resemblances
from avm_otio.engine.sound_analysis import analyse_sound
from avm_otio.engine.traits import PictureTraits, SoundTraits
from avm_otio.errors import MediaError
from avm_otio.media.probe import MediaInfo, VideoInfo, probe
from avm_otio.media.speech import hear_speech
from avm_otio.report import Report
from avm_otio.services import FilmType
from avm_otio.timeline.time import format_rate, format_timecode

VERSION = 1
"""Grows when a field is lost or changed; further ones may come at any time."""

COLUMN_US = 20_000
"""How finely the waveform is kept for a picture."""

_COLOUR_S = Fraction(1, 2)
_COLOUR_WIDE, _COLOUR_HIGH = 8, 6

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class At(_Part):
    """A frame of the film."""

    frame: Annotated[int, Field(description="Its number, 0 for the first.")]
    timecode: Annotated[str, Field(description="The film's own timecode there, or from 0 on.")]
    at_us: Annotated[int, Field(description="Film time in microseconds.")]


class FilmFacts(_Part):
    """What the file is."""

    name: str
    width: int
    height: int
    rate: Annotated[str, Field(description="Frames a second, as a fraction: 24000/1001.")]
    frames: int
    duration_us: int
    start_timecode: str
    drop_frame: bool
    has_sound: bool


class CutFound(_Part):
    """A hard cut."""

    at: Annotated[At, Field(description="The first frame of the new shot.")]
    strength: Annotated[Share, Field(description="How much is new, of the film's strongest cut.")]


class TransitionFound(_Part):
    """A dissolve or a fade."""

    kind: Literal["dissolve", "fade out", "fade in"]
    colour: Annotated[str, Field(description="Of a fade: black, white, or plain.")]
    first: Annotated[At, Field(description="The first frame that is of both pictures.")]
    last: Annotated[At, Field(description="The last such frame.")]
    frames: int


class Camera(_Part):
    """How the camera moves in a shot."""

    words: Annotated[str, Field(description="pans left, goes closer, shakes …; empty: it stands.")]
    right: Annotated[float, Field(description="Picture widths a second; negative to the left.")]
    down: Annotated[float, Field(description="Picture widths a second; negative upwards.")]
    closer: Annotated[float, Field(description="Growth of what is seen a second; negative: it draws back.")]


class Thing(_Part):
    """What a model sees in a picture, where it says so with confidence."""

    name: str
    confidence: Share


class ShotFound(_Part):
    """A shot: from a cut, or the middle of a dissolve, to the next."""

    number: Annotated[int, Field(description="From 1 on.")]
    first: At
    last: At
    frames: int
    motion: Annotated[Share, Field(description="How much changes from frame to frame.")]
    camera: Camera
    things: Annotated[Share, Field(description="The share that moves otherwise than the camera.")]
    brightness: Share
    contrast: Share
    colour: Annotated[str, Field(description="The mean colour, #rrggbb; empty where none was seen.")]
    saturation: Annotated[Share, Field(description="How far from grey its colours are.")]
    seen: Annotated[tuple[Thing, ...], Field(description="What is in it; empty without a model.")] = ()


class FlashFound(_Part):
    """It becomes bright for a few frames."""

    at: At
    strength: Share


class Spoken(_Part):
    """Where somebody speaks."""

    first: At
    last: At
    start_us: int
    end_us: int


class OnsetFound(_Part):
    """Where something new is heard."""

    at: Annotated[At, Field(description="The frame in which it begins; at_us is exact.")]
    strength: Share
    resembles: Literal["transient", "tonal", "noise"]
    confidence: Share


class SoundFound(_Part):
    """What is heard."""

    loudness_lufs: float | None
    tempo_bpm: float | None
    brightness_hz: float
    speech: tuple[Spoken, ...]
    onsets: tuple[OnsetFound, ...]


class BySecond(_Part):
    """How the film goes, one value for each second."""

    motion: tuple[Share, ...]
    camera: tuple[Share, ...]
    things: tuple[Share, ...]
    brightness: tuple[Share, ...]


class Analysis(_Part):
    """All of it."""

    version: int = VERSION
    film: FilmFacts
    shots: tuple[ShotFound, ...]
    cuts: tuple[CutFound, ...]
    transitions: tuple[TransitionFound, ...]
    flashes: tuple[FlashFound, ...]
    sound: Annotated[SoundFound | None, Field(description="null for a film without sound.")]
    by_second: BySecond
    seen_by: Annotated[str, Field(description="The model that says what is seen; empty without one.")] = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysed:
    """An analysis, and what a picture of it shows besides.

    Attributes:
        document: The analysis.
        info: The film.
        wave: The highest amplitude in each ``COLUMN_US``; empty without sound.
    """

    document: Analysis
    info: MediaInfo
    wave: NDArray[np.float32]


Seer = Callable[[Sequence[At]], Sequence[tuple[Thing, ...]]]
"""Says what is seen at some frames."""


def analyse(
    film: Path, report: Report, seer: Callable[[MediaInfo], Seer] | None = None, model: str = ""
) -> Analysed:
    """Look at a film and listen to it, closely.

    Args:
        film: The film.
        report: Receives progress and notes.
        seer: Makes what says what is in the picture.
        model: What that is called.

    Raises:
        MediaError: It cannot be read, or has no picture.
    """
    info = probe(film)
    if info.video is None:
        raise MediaError(
            f"{film} has no picture.", "Give a film; avm-otio library show tells what is known of a sound."
        )
    shape = film_shape(film)
    notes = [*info.notes]
    watched = _Watched(info.video)
    with report.step("Looking at the picture", info.video.frames) as advance:
        picture = analyse_picture(watched.frames(film, advance), closely=True)
    if not watched.times_us:
        raise MediaError(f"No picture of {film} can be decoded.", "Make a new file of it, and use that.")
    end_us = max(round(shape.duration * 1_000_000), watched.times_us[-1] + 1)
    clock = _Clock(info, watched.times_us)
    wave = _Wave()
    sound = None
    if shape.type is FilmType.NORMAL:
        sound = _listen(film, shape.zero, clock, wave, report)
    else:
        notes.append("The film has no sound.")
    shots = [_shot(number, clock, shot, watched) for number, shot in enumerate(picture.shots, 1)] or [
        _only_shot(clock, watched)
    ]
    if seer is not None:
        with report.step("Saying what is seen", len(shots)):
            found = seer(info)([clock.at((shot.first.frame + shot.last.frame) // 2) for shot in shots])
        shots = [shot.model_copy(update={"seen": each}) for shot, each in zip(shots, found, strict=True)]
    for note in notes:
        report.warn(note)
    document = Analysis(
        film=FilmFacts(
            name=film.name,
            width=info.video.width,
            height=info.video.height,
            rate=str(info.video.rate),
            frames=len(watched.times_us),
            duration_us=end_us,
            start_timecode=clock.at(0).timecode,
            drop_frame=info.video.drop_frame,
            has_sound=sound is not None,
        ),
        shots=tuple(shots),
        cuts=tuple(CutFound(at=clock.of(cut.at_us), strength=round(cut.strength, 3)) for cut in picture.cuts),
        transitions=tuple(_transitions(picture, clock)),
        flashes=tuple(
            FlashFound(at=clock.of(flash.at_us), strength=round(flash.strength, 3))
            for flash in picture.flashes
        ),
        sound=sound,
        by_second=BySecond(
            motion=picture.curves.motion,
            camera=picture.curves.camera,
            things=picture.curves.things,
            brightness=picture.curves.brightness,
        ),
        seen_by=model if seer is not None else "",
        notes=tuple(notes),
    )
    return Analysed(document, info, wave.finish())


def summary(document: Analysis) -> str:
    """An analysis in one line."""
    film, counts = document.film, []
    kinds = [each.kind for each in document.transitions]
    for many, one, more in (
        (len(document.shots), "shot", "shots"),
        (len(document.cuts), "cut", "cuts"),
        (kinds.count("dissolve"), "dissolve", "dissolves"),
        (len(kinds) - kinds.count("dissolve"), "fade", "fades"),
        (len(document.flashes), "flash", "flashes"),
    ):
        if many:
            counts.append(f"{many} {one if many == 1 else more}")
    if document.sound is not None:
        spoken = sum(each.end_us - each.start_us for each in document.sound.speech) / 1e6
        counts.append(f"{spoken:.0f} s of speech" if spoken else "no speech")
        counts.append(f"{len(document.sound.onsets)} onsets")
    return f"{film.frames} frames at {format_rate(Fraction(film.rate))} fps: {', '.join(counts)}."


class _Clock:
    """Film time as frames and timecode of one film."""

    def __init__(self, info: MediaInfo, times_us: array[int]) -> None:
        video = info.video
        assert video is not None
        self._times_us, self._rate, self._drop = times_us, video.rate, video.drop_frame
        self._start = video.start_timecode or 0

    def at(self, frame: int) -> At:
        """A frame by its number."""
        frame = max(0, min(frame, len(self._times_us) - 1))
        timecode = format_timecode(self._start + frame, self._rate, self._drop)
        return At(frame=frame, timecode=timecode, at_us=self._times_us[frame])

    def of(self, at_us: int) -> At:
        """The frame that begins at a time."""
        return self.at(bisect_left(self._times_us, at_us))

    def before(self, at_us: int) -> At:
        """The last frame that begins before a time."""
        return self.at(bisect_left(self._times_us, at_us) - 1)

    def during(self, at_us: int) -> At:
        """The frame that is seen at a time."""
        return self.at(bisect_left(self._times_us, at_us + 1) - 1)


@dataclass(slots=True)
class _Watched:
    """What is taken down while a film is looked at: when frames are, and colours now and then."""

    video: VideoInfo
    times_us: array[int] = field(default_factory=lambda: array("q"))
    colours_us: array[int] = field(default_factory=lambda: array("q"))
    colours: list[NDArray[np.uint8]] = field(default_factory=list)
    bright: float = 0.0

    def frames(
        self, film: Path, advance: Callable[[int, int | None], None]
    ) -> Iterator[tuple[Fraction, Luma]]:
        """The film's frames."""
        due = Fraction(0)

        def aside(time: Fraction, frame: Any) -> None:
            nonlocal due
            if time < due:
                return
            due = time + _COLOUR_S
            small = frame.reformat(_COLOUR_WIDE, _COLOUR_HIGH, format="rgb24", interpolation="AREA")
            self.colours_us.append(round(time * 1_000_000))
            self.colours.append(small.to_ndarray())

        for time, luma in luma_frames(film, aside):
            self.times_us.append(round(time * 1_000_000))
            self.bright = float(luma.mean()) / 255
            if len(self.times_us) % 25 == 0:
                advance(
                    len(self.times_us),
                    None if self.video.frames is None else max(self.video.frames, len(self.times_us)),
                )
            yield time, luma

    def colour(self, start_us: int, end_us: int) -> tuple[str, float]:
        """The mean colour of a stretch, and how far from grey its colours are."""
        first, end = bisect_left(self.colours_us, start_us), bisect_left(self.colours_us, end_us)
        if not self.colours:
            return "", 0.0
        if first == end:  # a shot of a few frames, between two looks
            first = max(0, first - 1)
        seen = np.stack(self.colours[first : max(end, first + 1)]).astype(np.float64)
        red, green, blue = (round(value) for value in seen.reshape(-1, 3).mean(axis=0))
        most, least = seen.max(axis=-1), seen.min(axis=-1)
        return f"#{red:02x}{green:02x}{blue:02x}", round(float(((most - least) / 255).mean()), 4)


class _Wave:
    """The highest amplitude in each short column of a sound that comes in blocks."""

    def __init__(self) -> None:
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._found: list[NDArray[np.float32]] = []

    def through(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """The same blocks."""
        size = SOUND_RATE_HZ * COLUMN_US // 1_000_000
        for block in blocks:
            loud = np.concatenate([self._rest, np.abs(block).max(axis=0)])
            whole = len(loud) - len(loud) % size
            self._found.append(loud[:whole].reshape(-1, size).max(axis=1))
            self._rest = loud[whole:]
            yield block

    def finish(self) -> NDArray[np.float32]:
        """All of them."""
        rest = [self._rest.max(keepdims=True)] if len(self._rest) else []
        return np.concatenate([*self._found, *rest, np.zeros(0, np.float32)])


def _listen(film: Path, zero: Fraction, clock: _Clock, wave: _Wave, report: Report) -> SoundFound:
    with report.step("Listening", 3) as advance:
        heard: SoundTraits = analyse_sound(wave.through(sound_blocks(film, zero)))
        advance(1, 3)
        kinds = list(resemblances(sound_blocks(film, zero), [onset.at_us for onset in heard.onsets]))
        advance(2, 3)
        spoken = hear_speech(film).spoken
        advance(3, 3)
    return SoundFound(
        loudness_lufs=None if heard.loudness_lufs is None else round(heard.loudness_lufs, 2),
        tempo_bpm=heard.tempo_bpm,
        brightness_hz=heard.brightness_hz,
        speech=tuple(
            Spoken(first=clock.during(start), last=clock.before(end), start_us=start, end_us=end)
            for start, end in spoken
        ),
        onsets=tuple(
            OnsetFound(
                at=clock.during(onset.at_us).model_copy(update={"at_us": onset.at_us}),
                strength=round(min(onset.strength, 1.0), 3),
                resembles=kind.kind,
                confidence=kind.confidence,
            )
            for onset, kind in zip(heard.onsets, kinds, strict=True)
        ),
    )


def _transitions(picture: PictureTraits, clock: _Clock) -> Iterator[TransitionFound]:
    for each in picture.transitions:
        first, last = clock.of(each.start_us), clock.before(each.end_us)
        yield TransitionFound(
            kind=each.kind,
            colour=each.colour,
            first=first,
            last=last,
            frames=last.frame - first.frame + 1,
        )


def _shot(number: int, clock: _Clock, shot: Any, watched: _Watched) -> ShotFound:
    first, last = clock.of(shot.start_us), clock.before(shot.end_us)
    colour, saturation = watched.colour(shot.start_us, shot.end_us)
    return ShotFound(
        number=number,
        first=first,
        last=last,
        frames=last.frame - first.frame + 1,
        motion=shot.motion,
        camera=Camera(words=shot.camera, right=shot.right, down=shot.down, closer=shot.closer),
        things=min(1.0, shot.things),
        brightness=shot.brightness,
        contrast=shot.contrast,
        colour=colour,
        saturation=saturation,
    )


def _only_shot(clock: _Clock, watched: _Watched) -> ShotFound:
    """The shot of a film of one frame."""
    colour, saturation = watched.colour(0, 1)
    at = clock.at(0)
    stands = Camera(words="", right=0.0, down=0.0, closer=0.0)
    return ShotFound(
        number=1, first=at, last=at, frames=1, motion=0.0, camera=stands, things=0.0,
        brightness=round(watched.bright, 4), contrast=0.0, colour=colour, saturation=saturation,
    )  # nothing can move in it  # fmt: skip
