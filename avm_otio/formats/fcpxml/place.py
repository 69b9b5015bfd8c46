"""Where the elements of FCPXML stand, and what is found there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.formats.fcpxml.elements import Volume, time_at
from avm_otio.timeline.gain import added
from avm_otio.timeline.model import Clip, GainKey, Mix, TrackKind, Transition
from avm_otio.timeline.parts import heard_through
from avm_otio.timeline.time import to_micros


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip that was found.

    Attributes:
        lane: How far above or below the spine.
        kind: Seen or heard.
        role: Its role; empty where there is none.
        clip: The clip.
    """

    lane: int
    kind: TrackKind
    role: str
    clip: Clip


@dataclass(frozen=True, slots=True)
class Crossing:
    """A transition, on the lane where it was found."""

    lane: int
    kind: TrackKind
    transition: Transition


@dataclass(frozen=True, slots=True)
class Around:
    """What a clip says of the loudness of the sound in it.

    Attributes:
        volume: It, in the clip's local time.
        local: The clip's local time.
        window: From where to where, in record time, the clip is heard: its fades lie at these edges.
        role: What role it is said of; empty for all.
        element: Where it stands.
    """

    volume: Volume
    local: Place
    window: tuple[Fraction, Fraction]
    role: str
    element: Element


@dataclass(frozen=True, slots=True)
class Place:
    """Where elements stand: their parent's local time, and what it does to them.

    Attributes:
        record: Record time at ``origin``.
        origin: A local time of the parent.
        stretch: Record seconds a local second, for places.
        pace: Record seconds a second, for lengths: what is connected to a stretched clip is not stretched.
        window: Record times at which what is contained ends.
        heard: The same for sound, which a split edit lets begin or end elsewhere.
        lane: The parent's.
        around: What the clips around it say of its loudness.
        around_connected: What they say of what is connected within them; ``None`` for the same.
        enabled: Whether the clips around it are on.
        link: The clip that all of it belongs to.
        name: The name of the clip around it, for what it shows.
        depth: How many clips stand around it.
    """

    record: Fraction
    origin: Fraction
    stretch: Fraction = Fraction(1)
    pace: Fraction = Fraction(1)
    window: tuple[Fraction, Fraction] | None = None
    heard: tuple[Fraction, Fraction] | None = None
    lane: int = 0
    around: tuple[Around, ...] = ()
    around_connected: tuple[Around, ...] | None = None
    enabled: bool = True
    link: int | None = None
    name: str = ""
    depth: int = 0

    def at(self, local: Fraction) -> Fraction:
        """A local time as record time."""
        return self.record + (local - self.origin) * self.stretch


def louder(clip: Clip, volume: Volume, local: Place, edges: tuple[Fraction, Fraction]) -> Clip:
    """A clip with what an element says of its loudness on top of what it has.

    Args:
        clip: The clip.
        volume: What is said.
        local: The local time in which the element's key frames are.
        edges: Record times of the element's head and tail, where its fades lie.
    """
    mix = clip.mix
    added_keys = tuple(
        sorted(
            (GainKey(local.at(key.at) - clip.start, key.gain_db) for key in volume.keys),
            key=lambda key: key.at,
        )
    )
    curves = [keys for keys in (mix.keys, added_keys) if keys]
    gain = mix.gain_db + volume.gain_db
    keys = tuple(GainKey(key.at, key.gain_db + gain) for key in added(curves))
    fade_in = volume.fade_in if clip.start == edges[0] else Fraction(0)
    fade_out = volume.fade_out if clip.end == edges[1] else Fraction(0)
    mix = replace(
        mix,
        gain_db=0.0 if keys else round(gain, 6),
        fade_in_us=max(mix.fade_in_us, to_micros(fade_in)),
        fade_out_us=max(mix.fade_out_us, to_micros(fade_out)),
        keys=keys,
    )
    if volume.pan:
        mix = heard_through(mix, Mix(pan=volume.pan), clip.duration)
    return replace(clip, mix=mix, enabled=clip.enabled and volume.is_on)


def is_of_role(role: str, wanted: str) -> bool:
    """Whether sound of a role is meant by another: ``dialogue`` is ``dialogue.dialogue-1`` and all beside.

    Sound that says no role is dialogue, as Final Cut Pro has it.
    """
    main, _, sub = (role or "dialogue").partition(".")
    wanted_main, _, wanted_sub = wanted.partition(".")
    if main.casefold() != wanted_main.casefold():
        return False
    return not wanted_sub or (sub or f"{main}-1").casefold() == wanted_sub.casefold()


def within(place: Place, spine: Element) -> Place:
    """Where what stands in a storyline stands: it counts from the storyline's head [file]."""
    head = place.at(time_at(spine, "offset"))
    return replace(place, record=head, origin=Fraction(0), stretch=place.pace)


def lane_of(element: Element) -> int:
    """How far above or below its parent an element is connected; 0 for what it contains."""
    text = element.get("lane", "0")
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 8 else 0


def overlap(
    first: tuple[Fraction, Fraction] | None, second: tuple[Fraction, Fraction]
) -> tuple[Fraction, Fraction] | None:
    """What two spans share; ``None`` for nothing."""
    if first is None:
        return second if second[0] < second[1] else None
    low, high = max(first[0], second[0]), min(first[1], second[1])
    return (low, high) if low < high else None
