"""What every format reads and writes: a timeline with sound, as values.

A timeline says exactly what an editor shows: which media lie where, on which named tracks, how loud, how
they come and go, and what belongs together. OTIO's own object says less (no gains, no channels, no links) and
says it with doubles. ``formats.otio`` reads one from an OTIO timeline and writes it back; what only OTIO and
its flavours understand stays beside each object in ``raw``, the OTIO object in its JSON form, to be read
only.

Coordinate frames: ``start`` and ``end`` are record time (0 at the first frame of the timeline that holds
the clip, whatever its start timecode); ``media_in`` is media time (the file's own timecode); key frames and a
clip's markers count from the clip's head on the timeline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

from avm_otio import services
from avm_otio.errors import TimelineError
from avm_otio.timeline.time import (
    MediaTime,
    RecordTime,
    format_timecode,
    nearest_frame,
    touched_frames,
    whole_frames,
)
from avm_otio.timeline.urls import name_in

Json = Mapping[str, Any]

SAMPLE_RATE_HZ = 48_000
"""Samples a second of every sequence that we write: what picture post works at."""

HIGHEST_FRAME_RATE = 1000
"""Rates from here on count samples, not frames."""


class Stem(StrEnum):
    """What a track of ours holds, in the words of a mix: music (MX), effects (FX), dialogue (DX)."""

    MUSIC = "music"
    EFFECTS = "effects"
    DIALOGUE = "dialogue"


class TrackKind(StrEnum):
    """What a track holds."""

    VIDEO = "video"
    AUDIO = "audio"


CUT_FADE_US = 10_000
"""De-click fade where an effect is cut before its natural end: short enough not to be heard as a fade."""

MUSIC_FADE_US = 2_000_000
"""Fade-out of a music bed that is cut to the range: about a bar at 120 bpm."""


@dataclass(frozen=True, slots=True)
class GainKey:
    """One key frame of a clip's gain; between two the gain runs straight in decibels.

    Attributes:
        at: Seconds from the clip's head on the timeline.
        gain_db: The gain there.
    """

    at: Fraction
    gain_db: float


@dataclass(frozen=True, slots=True)
class Mix:
    """How loud a clip is and how it comes and goes.

    Attributes:
        gain_db: Clip gain in decibels, 0 unchanged.
        fade_in_us: Linear fade from silence at its head.
        fade_out_us: Linear fade to silence at its tail.
        keys: The gain over time; where there are any, they say the whole gain and ``gain_db`` is 0. Two at
            one moment are a jump.
        pan: From -1, heard on the left alone, to 1, on the right alone: the other side is turned down, at
            ±1 to silence; 0 leaves both sides as they are. So a mono clip in the middle is heard on both.
    """

    gain_db: float = 0.0
    fade_in_us: int = 0
    fade_out_us: int = 0
    keys: tuple[GainKey, ...] = ()
    pan: float = 0.0

    def within(self, length_us: int) -> Mix:
        """The same with fades that fit a clip of a length: neither longer than half of it."""
        half = length_us // 2
        return replace(self, fade_in_us=min(self.fade_in_us, half), fade_out_us=min(self.fade_out_us, half))


_MEDIA_ZERO = MediaTime(Fraction(0))
_AS_IT_IS = Mix()


_MOST_DIGITS = 64
"""Of the number in an image's name, which itself may have 255 letters."""


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """Numbered images, one a frame, as OTIO's ``ImageSequenceReference`` names them.

    Frame ``i`` (from 0) of the sequence is the file
    ``<url base><prefix><start_number + i * step, zero-padded><suffix>``.
    """

    prefix: str
    suffix: str
    start_number: int
    step: int
    padding: int

    def __post_init__(self) -> None:
        if not 0 <= self.padding <= _MOST_DIGITS or not self.step:
            raise TimelineError(
                f"The images “{self.prefix[:80]}…{self.suffix[:80]}” are numbered in a way that none are: "
                f"{str(self.padding)[:20]} digits, every {str(self.step)[:20]}.",
                "Relink them in your editor, and export the timeline again.",
            )

    def file_name(self, frame: int) -> str:
        """The name of the file that shows frame ``frame``, counted from 0."""
        number = self.start_number + frame * self.step
        sign = "-" if number < 0 else ""
        return f"{self.prefix}{sign}{abs(number):0{self.padding}d}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Streams:
    """Which streams of a file hold its picture and its sound, counted among all of them from 0.

    Attributes:
        picture: That of its picture; ``None`` where it has none.
        sounds: Each of its sound, in order: its number and how many channels it has.
    """

    picture: int | None
    sounds: tuple[tuple[int, int], ...]

    def holding(self, channels: tuple[int, ...]) -> tuple[int, tuple[int, ...], int] | None:
        """The one stream in which some channels lie.

        Args:
            channels: Counted through all streams in order.

        Returns:
            Its number, the channels counted within it, and how many it has; ``None`` where no one stream
            holds them.
        """
        first = 0
        for number, count in self.sounds:
            if channels and all(first <= channel < first + count for channel in channels):
                return number, tuple(channel - first for channel in channels), count
            first += count
        return None


@dataclass(frozen=True, slots=True)
class Media:
    """One piece of media: as a timeline describes it, or once it is located, as its file is.

    Attributes:
        name: What people call it: the file's name, or the reference's.
        path: Where it lies; for an image sequence the folder. As a timeline describes it the URL or path as
            written; once located absolute, in the form of its own system. Of offline media where it was;
            empty where nobody knows.
        start: Media time of its first frame: the file's own timecode; 0 where it has none.
        duration: How much there is, in seconds; ``None`` where nobody knows. A timeline that does not state
            it does not state ``start`` either.
        rate: Frames a second of its picture; ``None`` for sound or where unknown.
        size: Width and height of its picture in pixels, where known.
        sample_rate_hz: Samples a second of its sound, where known.
        channels: Channels of its sound; 0 for none.
        has_picture: Whether it has a picture.
        sequence: How the images of a sequence are named; ``None`` for a file.
        is_online: Whether the file is there.
        drop_frame: Whether its timecode drops frames.
        mono: The same sound, one file a channel, in order, where it was split; else empty.
        clip_name: In a film the clip that uses it (the first), for messages and for finding moved media by
            name; empty on a timeline.
        reel: Name of its tape or camera roll, by which it is found where nothing else is.
        counted_rate: The rate at which the timeline counts its media time, for sound, too; ``None`` where it
            does not say, or counts samples.
        streams: Where its picture and its sound lie in the file; ``None`` where nobody looked.
    """

    name: str
    path: str = ""
    start: MediaTime = _MEDIA_ZERO
    duration: Fraction | None = None
    rate: Fraction | None = None
    size: tuple[int, int] | None = None
    sample_rate_hz: int | None = None
    channels: int = 0
    has_picture: bool = False
    sequence: ImageSequence | None = None
    is_online: bool = True
    drop_frame: bool = False
    mono: tuple[str, ...] = ()
    clip_name: str = ""
    reel: str = ""
    counted_rate: Fraction | None = field(default=None, compare=False)
    streams: Streams | None = field(default=None, compare=False, repr=False)

    @property
    def end(self) -> MediaTime | None:
        """Media time at which it ends; ``None`` where nobody knows."""
        return None if self.duration is None else MediaTime(self.start + self.duration)

    def frames(self, rate: Fraction) -> int | None:
        """How many frames of a rate there are of it; ``None`` where nobody knows.

        Of a picture whole ones. A sound may end within its last frame, which is there, too.
        """
        if self.duration is None:
            return None
        return max(1, (whole_frames if self.has_picture else touched_frames)(self.duration, rate))

    @property
    def url(self) -> str:
        """Where a timeline says that it lies; empty for what is offline and only known by name."""
        return self.path if self.is_online else ""

    @property
    def is_file(self) -> bool:
        """Whether a timeline names it by a place, and it is no image sequence."""
        return self.sequence is None and bool(self.url)

    @property
    def counted_from(self) -> MediaTime | None:
        """What the timeline counts at its first frame; ``None`` where it does not say."""
        return None if self.duration is None else self.start

    @property
    def names(self) -> tuple[str, ...]:
        """File names by which it is found when it has moved, best first."""
        if self.sequence is not None:
            return (self.sequence.file_name(0),)
        named = (name_in(self.path) if self.path else "", self.name, self.clip_name, self.reel)
        return tuple(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True, slots=True)
class Offer:
    """What a service offered for a place in a film: the item that a clip of ours holds, and the rest.

    Attributes:
        item: The item, as served: its id, title, price.
        alternatives: The other items for the same place, as served, best first.
        film_start_us: Where the service put it, microseconds of film time.
        film_end_us: Where the service ended it, microseconds of film time.
        cue: The effect cue, as served; ``None`` for music and dialogue.
        film_id: The Film, where known.
        session_id: The film service, where known.
        currency: What prices are in; empty where unknown.
        license: The licence that was asked for, as sent; ``None`` where unknown.
        record: From and to where it exactly lies, record time, where its clip lies only near there.
        fitted: Of music that is cut to the picture, on the first clip of a piece, what it is made of: bars,
            sections and joins, as plain JSON.
    """

    item: Json
    alternatives: tuple[Json, ...]
    film_start_us: int
    film_end_us: int
    cue: Json | None = None
    film_id: int | None = None
    session_id: int | None = None
    currency: str = ""
    license: Json | None = None
    record: tuple[RecordTime, RecordTime] | None = None
    fitted: Json | None = None


@dataclass(frozen=True, slots=True)
class Generator:
    """A picture without a file: bars, a colour, a title."""

    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """A note at a place.

    Attributes:
        name: Its name.
        start: Where: record time for the timeline's, seconds from the clip's head for a clip's.
        duration: How long; 0 for a point.
        comment: More words.
        color: One of OTIO's colour names, upper case; empty where it has none.
        raw: The OTIO marker that it was read from.
    """

    name: str
    start: Fraction
    duration: Fraction = Fraction(0)
    comment: str = ""
    color: str = ""
    raw: Json | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """Something of a format's own that no other format understands, to be written again by that format.

    Attributes:
        format: The format's name.
        label: What people call it.
        text: As it stood there.
    """

    format: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip, or one nest, on a track.

    Attributes:
        name: Its name.
        start: Exact record time of its head. Only our own sound clips may lie between frames.
        end: Exact record time of its tail.
        content: Its media, a nested timeline, or a generator.
        media_in: Media time at its head; played backwards, the media time from which it runs down. In a nest,
            record time of the nest.
        speed: Media seconds a record second; 0 for a freeze, negative backwards.
        enabled: Whether it is seen or heard.
        mix: Gain, fades and gain key frames.
        channels: Which channels of its sound it plays, from 0; empty for a picture.
        link: Clips of one number belong together; ``None`` for one by itself.
        markers: On the clip.
        stem: Of our own clips, what it holds; else ``None``.
        alternative: 0 for what is heard; 1, 2 … for our disabled alternatives, best first.
        offer: Of our own clips, what the service offered.
        kept: What only one format understands.
        replaced_by: What of ours is heard instead of it, where a run of ours disabled it for that.
        cut_from: The clip that it was before a run of ours cut it to pieces; ``None`` for a whole one.
        channels_assumed: Whether nothing says which channels it plays: all of its media.
        unmeasured: Whether the timeline that it was read from says nowhere how long it is; it has no length.
        laid: Where the timeline that it was read from lays it, from and to, where that is not ``start`` and
            ``end``: OTIO's tracks count whole frames, and a place between two stands beside.
        raw: The OTIO clip, stack or track that it was read from.
    """

    name: str
    start: RecordTime
    end: RecordTime
    content: Media | Timeline | Generator
    media_in: MediaTime = _MEDIA_ZERO
    speed: Fraction = Fraction(1)
    enabled: bool = True
    mix: Mix = _AS_IT_IS
    channels: tuple[int, ...] = ()
    link: int | None = None
    markers: tuple[Marker, ...] = ()
    stem: Stem | None = None
    alternative: int = 0
    offer: Offer | None = field(default=None, hash=False)
    kept: tuple[Kept, ...] = ()
    replaced_by: Stem | None = None
    cut_from: Clip | None = None
    channels_assumed: bool = field(default=False, compare=False, repr=False)
    unmeasured: bool = field(default=False, compare=False, repr=False)
    laid: tuple[RecordTime, RecordTime] | None = field(default=None, compare=False, repr=False)
    raw: Json | None = field(default=None, compare=False, repr=False)

    @property
    def duration(self) -> Fraction:
        """Seconds that it takes on the timeline."""
        return self.end - self.start

    @property
    def media(self) -> Media | None:
        """Its media; ``None`` for a nest or a generator."""
        return self.content if isinstance(self.content, Media) else None

    @property
    def media_start(self) -> MediaTime:
        """The earliest media time that it uses, whichever way it plays."""
        return MediaTime(self.media_in + min(Fraction(0), self.duration * self.speed))

    @property
    def plays_out(self) -> bool:
        """Whether it is a sound of ours that plays to the end of its file, to within a sample."""
        media = self.media
        if self.stem is None or media is None or media.duration is None or self.speed <= 0:
            return False
        left = media.start + media.duration - self.media_in - self.duration * self.speed
        return abs(left) * SAMPLE_RATE_HZ < 1

    def frames(self, rate: Fraction) -> tuple[int, int]:
        """Its first frame and the first one after it: each edge at its nearest, at least one frame.

        What plays out has the frame in which it ends, however little of it sounds: no tail is cut off.
        """
        first, last = nearest_frame(self.start, rate), nearest_frame(self.end, rate)
        if self.plays_out:
            last = first + touched_frames(self.duration, rate)
        return first, max(first + 1, last)


@dataclass(frozen=True, slots=True)
class Transition:
    """A dissolve, wipe or cross fade.

    Attributes:
        name: What it is called.
        at: Record time of the cut.
        before: Seconds that it begins before the cut.
        after: Seconds that it ends after the cut.
        kind: OTIO's type: ``SMPTE_Dissolve`` or ``Custom_Transition``.
        kept: What only one format understands.
        raw: The OTIO transition that it was read from.
    """

    name: str
    at: RecordTime
    before: Fraction
    after: Fraction
    kind: str = "SMPTE_Dissolve"
    kept: tuple[Kept, ...] = ()
    raw: Json | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Track:
    """One track; clips in order, none overlapping.

    Attributes:
        name: Its name.
        kind: What it holds.
        clips: In record order. Holes between them are empty.
        transitions: In record order.
        channels: Of a sound track: 1 mono, 2 stereo, 6 for 5.1; 0 for video.
        enabled: Whether it is seen or heard.
        locked: Whether the editor locks it.
        stem: Of our own tracks, what they hold; else ``None``.
        markers: On the track, record time.
        kept: What only one format understands.
        channels_assumed: Whether nothing says how many channels it has: as many as its widest clip.
        length: Seconds up to which anything on it shows, holes at its end among them, where the timeline that
            it was read from says; ``None`` for the end of its last clip.
        raw: The OTIO track that it was read from, with all that lies on it; or the clip or nest that lay
            right in a stack, and here is the only one of a track.
    """

    name: str
    kind: TrackKind
    clips: tuple[Clip, ...] = ()
    transitions: tuple[Transition, ...] = ()
    channels: int = 0
    enabled: bool = True
    locked: bool = False
    stem: Stem | None = None
    markers: tuple[Marker, ...] = ()
    kept: tuple[Kept, ...] = ()
    channels_assumed: bool = field(default=False, compare=False, repr=False)
    length: Fraction | None = field(default=None, compare=False, repr=False)
    raw: Json | None = field(default=None, compare=False, repr=False)

    @property
    def is_ours(self) -> bool:
        """Whether a run of ours laid it: as it says; by its name after an editor that keeps no notes."""
        return self.holds is not None

    @property
    def holds(self) -> Stem | None:
        """What a track of ours holds: as it says, or by its name; ``None`` for the user's own."""
        owner = services.owner_of_track(self.name) if self.stem is None else None
        return self.stem if owner is None else Stem(owner.stem)

    @property
    def end(self) -> Fraction:
        """Record time at which it ends, the holes at its end among what it holds."""
        if self.length is not None:
            return self.length
        return max(((clip.laid or (clip.start, clip.end))[1] for clip in self.clips), default=Fraction(0))


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline with sound.

    Attributes:
        name: Its name.
        rate: Frames a second of the picture, exact.
        start_frame: Its start timecode, as a count of frames since 00:00:00:00.
        drop_frame: Whether its timecode drops frames.
        duration: Seconds from its first moment to its last.
        tracks: Lowest video track first, then sound tracks from the top, in the order of the OTIO stack.
        markers: On the timeline, record time.
        size: Width and height of its picture in pixels, where known.
        kept: What only one format understands.
        origin: What a run of ours noted when it scored it: service, currency, range; ``None`` where none did.
        raw: The OTIO timeline that it was read from, with all that lies in it; of a nest the stack or track.
    """

    name: str
    rate: Fraction
    tracks: tuple[Track, ...] = ()
    start_frame: int = 0
    drop_frame: bool = False
    duration: Fraction = Fraction(0)
    markers: tuple[Marker, ...] = ()
    size: tuple[int, int] | None = None
    kept: tuple[Kept, ...] = ()
    origin: Json | None = field(default=None, hash=False)
    raw: Json | None = field(default=None, compare=False, repr=False)

    @property
    def frames(self) -> int:
        """Its length in frames."""
        return nearest_frame(self.duration, self.rate)

    @property
    def start(self) -> RecordTime:
        """Its start timecode in seconds, exact at its rate."""
        return RecordTime(self.start_frame / self.rate)

    @property
    def video_tracks(self) -> tuple[Track, ...]:
        """The video tracks, lowest first."""
        return tuple(track for track in self.tracks if track.kind is TrackKind.VIDEO)

    @property
    def audio_tracks(self) -> tuple[Track, ...]:
        """The sound tracks, from the top."""
        return tuple(track for track in self.tracks if track.kind is TrackKind.AUDIO)

    def clips(self) -> Iterator[Clip]:
        """Every clip of every track; nests are not opened."""
        for track in self.tracks:
            yield from track.clips

    def timecode(self, at: Fraction) -> str:
        """The timecode of the frame nearest to a record time."""
        frame = max(0, self.start_frame + nearest_frame(at, self.rate))
        return format_timecode(frame, self.rate, self.drop_frame)

    def named(self, clip: Clip) -> str:
        """A clip by its name and place, as a person finds it."""
        return f"“{clip.name}” at {self.timecode(clip.start)}"

    def media(self) -> tuple[Media, ...]:
        """All media, each once, those of nests among them."""
        found: dict[Media, None] = {}
        for clip in self.clips():
            if isinstance(clip.content, Timeline):
                found |= dict.fromkeys(clip.content.media())
            elif isinstance(clip.content, Media):
                found[clip.content] = None
        return tuple(found)
