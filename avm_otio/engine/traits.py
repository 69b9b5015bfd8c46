"""What was found in a film or a sound, as values. All times are film time in microseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens at one time; ``strength`` runs from 0 to 1 within its film."""

    at_us: int
    strength: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, ``end_us`` not included."""

    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class PictureTraits:
    """What the picture does.

    Attributes:
        cuts: Hard cuts, each at the first frame of the new shot.
        busiest: In each short stretch of a moving shot, the frame with the most motion.
        stills: Long stretches in which next to nothing moves.
        motion: How much moves on the whole, from 0 (nothing) to 1.
    """

    cuts: tuple[Moment, ...] = ()
    busiest: tuple[Moment, ...] = ()
    stills: tuple[Span, ...] = ()
    motion: float = 0.0


@dataclass(frozen=True, slots=True)
class SoundTraits:
    """What a sound is like.

    Attributes:
        onsets: Where something new is heard.
        loudness_lufs: Integrated loudness (ITU-R BS.1770-4); ``None`` for silence.
        tempo_bpm: The tempo, at worst half or twice of it; ``None`` where no beat is plain.
        brightness_hz: Where the middle of its energy lies.
        duration_us: Its length.
    """

    onsets: tuple[Moment, ...] = ()
    loudness_lufs: float | None = None
    tempo_bpm: float | None = None
    brightness_hz: float = 0.0
    duration_us: int = 0


@dataclass(frozen=True, slots=True)
class FilmTraits:
    """A film: its length and what its picture and sound do."""

    duration_us: int
    picture: PictureTraits = PictureTraits()
    sound: SoundTraits = SoundTraits()
