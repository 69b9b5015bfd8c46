"""What was found in a film or a sound, as values. All times are film time in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from avm_otio.engine.vocabulary import Role

NEAR_ITS_END_US = 150_000
"""From the peak of a riser to its end, up to which it is the end that is meant."""

MOST_BEFORE_US = 250_000
"""So much of what is heard before an attack is kept."""

SWELLING = (Role.WHOOSH, Role.RISER)


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
class Transition:
    """One picture becoming another little by little.

    Attributes:
        start_us: The first frame that is of both.
        end_us: The frame after the last such frame.
        kind: ``dissolve``, ``fade out`` or ``fade in``.
        colour: Of a fade: to or from ``black``, ``white`` or a ``plain`` picture.
    """

    start_us: int
    end_us: int
    kind: Literal["dissolve", "fade out", "fade in"]
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """What one camera saw between two transitions.

    Attributes:
        start_us, end_us: From where to where; a dissolve belongs to both shots by half.
        motion: How much changes from frame to frame, from 0 to 1.
        camera: How the camera moves, in words; empty where it stands, or nothing can be told.
        right, down: How far the camera turns or travels, in picture widths a second.
        closer: How much larger what is seen becomes a second: 0.1 is a tenth.
        things: The share of the picture that moves otherwise than the camera, 0 to 1.
        brightness: The mean of its luma, 0 to 1.
        contrast: How far luma spreads around that, 0 to 1.
    """

    start_us: int
    end_us: int
    motion: float
    camera: str
    right: float
    down: float
    closer: float
    things: float
    brightness: float
    contrast: float


@dataclass(frozen=True, slots=True)
class Curves:
    """How a film goes, one value for each second, 0 to 1."""

    motion: tuple[float, ...] = ()
    camera: tuple[float, ...] = ()
    things: tuple[float, ...] = ()
    brightness: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureTraits:
    """What the picture does.

    Attributes:
        cuts: Hard cuts, each at the first frame of the new shot.
        busiest: In each short stretch of a moving shot, the frame with the most motion.
        stills: Long stretches in which next to nothing moves.
        motion: How much moves on the whole, from 0 (nothing) to 1.
        most_motion: How much moves where the most does, from 0 to 1: what strengths of ``busiest`` are of.
        transitions: Dissolves and fades, in order; where it was looked closely, as for all below.
        flashes: Where it becomes bright for a few frames.
        shots: What cuts and transitions part.
        curves: How it goes from second to second.
        frames: How many there are.
    """

    cuts: tuple[Moment, ...] = ()
    busiest: tuple[Moment, ...] = ()
    stills: tuple[Span, ...] = ()
    motion: float = 0.0
    most_motion: float = 1.0
    transitions: tuple[Transition, ...] = ()
    flashes: tuple[Moment, ...] = ()
    shots: tuple[Shot, ...] = ()
    curves: Curves = Curves()
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """Where in its file a sound strikes; microseconds from its first sample.

    Attributes:
        begins_us: Where it is first heard.
        attack_us: Where its attack begins.
        peak_us: Where it is loudest.
        ends_us: Where it is last heard; not after ``begins_us`` for silence.
    """

    begins_us: int
    attack_us: int
    peak_us: int
    ends_us: int

    def point_us(self, role: Role) -> int:
        """What lies on the moment for which it is laid.

        The attack of what strikes, the peak of a whoosh, the end of a riser (its peak, where that is well
        before), the beginning of ambience.
        """
        if role is Role.AMBIENCE:
            return self.begins_us
        if role is Role.RISER:
            return self.ends_us if self.ends_us - self.peak_us <= NEAR_ITS_END_US else self.peak_us
        return self.peak_us if role is Role.WHOOSH else self.attack_us

    def head_us(self, role: Role) -> int:
        """From where on it is played: a hand on a latch before an attack is, room tone is not."""
        if role in SWELLING or self.attack_us - self.begins_us <= MOST_BEFORE_US:
            return self.begins_us
        return self.begins_us if role is Role.AMBIENCE else max(self.begins_us, self.attack_us - 10_000)


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
class Sighting:
    """Something that a model sees in a stretch of a film, and how sure it is, 0 to 1."""

    start_us: int
    end_us: int
    thing: str
    confidence: float


@dataclass(frozen=True, slots=True)
class FilmTraits:
    """A film: its length, what its picture and sound do, where people speak, and what is seen, in order."""

    duration_us: int
    picture: PictureTraits = PictureTraits()
    sound: SoundTraits = SoundTraits()
    speech: tuple[Span, ...] = ()
    seen: tuple[Sighting, ...] = ()
