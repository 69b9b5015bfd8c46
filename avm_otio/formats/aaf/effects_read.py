"""Effects of an AAF that a timeline can say: gain and speed; and which one it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from avm_otio.formats.aaf.elements import Notes, interpolation_of, parameters, points, tags, value_of
from avm_otio.formats.aaf.levels import gain_at, gain_of
from avm_otio.formats.aaf.objects import OPERATIONS, PARAMETERS
from avm_otio.timeline.gain import added
from avm_otio.timeline.model import Clip, GainKey, Mix
from avm_otio.timeline.parts import heard_through
from avm_otio.timeline.time import MediaTime, RecordTime

_AUDIO_WARP = "f1db0f27-8d64-11d3-80df-006008143e6f"
_SUBMASTER = "f1db0f3d-8d64-11d3-80df-006008143e6f"
_CLIP_RATIO = "47c00f7d-fb55-11d3-9ff7-0004ac969f50"
"""``AvidControlClipRatio``: gain key frames of Media Composer, beside its constant ``Amplitude`` [file]."""

_SPEEDS = "8d56827c-847e-11d5-935a-50f857c10000"
_SHARES = "8d56827a-847e-11d5-935a-50f857c10000"
"""``PARAM_SPEED_MAP_U``: how fast when; ``PARAM_OFFSET_MAP_U``: which frame after which share [file]."""

_STEREO_GAIN = "9d2ea895-0968-11d3-8a38-0050040ef7d2"
_CURVE = "_ATN_AUDIO_DISSOLVE_CURVETYPE"
"""Media Composer notes here how a dissolve of sound runs: 0 straight, 1 of equal power [3p]."""

_NO_INTERPOLATION, _STRAIGHT, _STEPS = (f"5b6c85a{n}-0ede-11d3-80a9-006008143e6f" for n in (3, 4, 5))
"""How a parameter runs between its points (Object Specification, interpolation definitions)."""

_COMBINER, _GAIN, _PAN, _MOTION = (
    OPERATIONS[name][0] for name in ("Audio Channel Combiner", "Audio Gain", "Audio Pan", "Motion Control")
)
_AMPLITUDE, _LEVEL, _PLACE, _RATIO, _OFFSETS = (
    PARAMETERS[name][0] for name in ("Amplitude", "Level", "Pan", "SpeedRatio", "PARAM_SPEED_OFFSET_MAP_U")
)
_MIDDLE = Fraction(1, 2)
_LAST_POINT = Fraction(1, 20)
"""So long before its end a clip's pan may move: Media Composer lays the last point on its last frame, from
where it runs to the next clip's [file]."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Which effect an operation group is.

    Attributes:
        number: Its definition's number.
        name: Its definition's name.
        called: What the editor called this one; empty where it says nothing.
        warps: Whether its definition says that it changes time.
    """

    number: str
    name: str
    called: str
    warps: bool

    @classmethod
    def of(cls, group: Any) -> Effect:
        """The effect of an operation group."""
        definition = value_of(group, "Operation")
        noted = tags(group, "ComponentAttributeList", "Attributes") if group is not None else {}
        if definition is None:
            return cls("", "", "", False)
        return cls(
            number=str(definition.auid),
            name=str(value_of(definition, "Name") or ""),
            called=str(noted.get("_EFFECT_PLUGIN_NAME", "")),
            warps=bool(value_of(definition, "IsTimeWarp")),
        )

    @property
    def is_combiner(self) -> bool:
        """Whether it makes one sound of several channels."""
        return self.number == _COMBINER

    @property
    def is_gain(self) -> bool:
        """Whether it changes loudness."""
        return self.number in (_GAIN, _STEREO_GAIN)

    @property
    def is_pan(self) -> bool:
        """Whether it puts a mono sound between left and right."""
        return self.number == _PAN

    @property
    def is_time_warp(self) -> bool:
        """Whether it changes speed."""
        return self.number in (_MOTION, _AUDIO_WARP) or self.warps

    @property
    def does_something(self) -> bool:
        """Whether it does something: a container does not."""
        return self.number != _SUBMASTER


def has_a_curve(group: Any) -> bool:
    """Whether a dissolve of sound runs other than straight."""
    noted = tags(group, "ComponentAttributeList", "Attributes") if group is not None else {}
    if _CURVE in noted:
        return bool(noted[_CURVE])
    level = parameters(group).get(_LEVEL) if group is not None else None
    return level is not None and interpolation_of(level) not in ("", _NO_INTERPOLATION, _STRAIGHT)


def louder(clip: Clip, group: Any, start: Fraction, length: Fraction, notes: Notes) -> Clip:
    """A clip with the gain of a group that begins at ``start``: added to what it has."""
    mix = clip.mix
    for number, parameter in parameters(group).items():
        if number not in (_AMPLITUDE, _CLIP_RATIO):
            continue
        found = [GainKey(start + at * length - clip.start, gain_of(value)) for at, value in points(parameter)]
        runs = interpolation_of(parameter)
        if runs in (_NO_INTERPOLATION, _STEPS):
            found = _stepped(found)
        elif runs not in ("", _STRAIGHT) and len({key.gain_db for key in found}) > 1:
            notes.add("a gain that runs in curves is read as straight between its key frames")
        if len({key.gain_db for key in found}) == 1:
            gain = found[0].gain_db
            mix = (
                replace(mix, keys=tuple(replace(key, gain_db=key.gain_db + gain) for key in mix.keys))
                if mix.keys
                else replace(mix, gain_db=mix.gain_db + gain)
            )
        elif found:
            before = mix.keys or (GainKey(Fraction(0), mix.gain_db),)
            mix = replace(mix, gain_db=0.0, keys=added((before, found)) if any(_gains(mix)) else tuple(found))
    return replace(clip, mix=mix)


def panned(clip: Clip, group: Any, start: Fraction, length: Fraction, notes: Notes) -> Clip:
    """A clip where the pan of a group that begins at ``start`` puts it: each clip may have its own."""
    parameter = parameters(group).get(_PLACE)
    given = [] if parameter is None else points(parameter)
    if all(value == _MIDDLE for _, value in given):
        return clip
    if len(clip.channels) != 1:
        notes.add("a pan of a sound of several channels is not read")
        return clip
    runs = interpolation_of(parameter)
    keys = [GainKey(start + at * length, min(max(float(value), 0.0), 1.0)) for at, value in given]
    if runs in (_NO_INTERPOLATION, _STEPS):
        keys = _stepped(keys)
    inside = [key.at for key in keys if clip.start < key.at < clip.end - _LAST_POINT]
    moments = (clip.start, *inside, max(clip.start, clip.end - _LAST_POINT))
    places = {round(gain_at(keys, at), 6) for at in moments}
    if len(places) > 1:
        notes.add("a pan that moves within a clip is read as none")
        return clip
    pan = round(places.pop() * 2 - 1, 6)
    return replace(clip, mix=heard_through(clip.mix, Mix(pan=pan), clip.duration)) if pan else clip


def _gains(mix: Mix) -> list[float]:
    return [key.gain_db for key in mix.keys] or [mix.gain_db]


def _stepped(keys: list[GainKey]) -> list[GainKey]:
    """Key frames of a gain that stays as it is until the next: a jump is two at one moment."""
    made = keys[:1]
    for before, key in pairwise(keys):
        if key.gain_db != before.gain_db:
            made += [replace(key, gain_db=before.gain_db), key]
    return made


def speed_in(group: Any, length: int, notes: Notes) -> tuple[Fraction, Fraction]:
    """How fast a group plays what is in it, and the frame of it with which it begins.

    Media Composer's map of frames is right where its ratio is not [3p: the official adapter says so too].
    """
    given = parameters(group)
    if _OFFSETS in given:
        mapped = points(given[_OFFSETS])
        if len(mapped) >= 2:
            (first_at, first), (last_at, last) = mapped[0], mapped[-1]
            if last_at != first_at:
                speed = (last - first) / (last_at - first_at)
                if any(abs(first + (at - first_at) * speed - value) > 1 for at, value in mapped):
                    notes.add("a speed that changes is read as its mean")
                speed = speed.limit_denominator(10_000)
                # Only a map that begins later says where the frames begin; else the clip inside does.
                return speed, first if first_at == 0 and speed > 0 else Fraction(0)
    if any(_changes(given[name]) for name in (_SPEEDS, _SHARES) if name in given):
        notes.add("a speed that changes is read as its mean")
    ratio = given.get(_RATIO)
    if ratio is None:
        notes.add("a change of speed without a ratio is read as none")
        return Fraction(1), Fraction(0)
    value = points(ratio)[0][1]
    if value == 0 or (value == length and length > 1):
        return Fraction(0), Fraction(0)
    return (1 / value).limit_denominator(10_000), Fraction(0)


def _changes(parameter: Any) -> bool:
    """Whether a map of speeds, or of frames over the share of what they fill, says a speed that changes."""
    mapped = points(parameter)
    if str(value_of(parameter, "Definition")) == _SPEEDS:
        return len({speed for _, speed in mapped}) > 1
    if len(mapped) < 2 or mapped[0][0] == mapped[-1][0]:
        return False
    (first_at, first), (last_at, last) = mapped[0], mapped[-1]
    slope = (last - first) / (last_at - first_at)
    return any(abs(first + (at - first_at) * slope - frame) > 1 for at, frame in mapped)


def slowed(
    clips: list[Clip], start: Fraction, length: Fraction, speed: Fraction, into: Fraction, notes: Notes
) -> list[Clip]:
    """Clips that lie from 0 on, played at a speed from ``start`` on for a length.

    Backwards, the media that they use is what they say, and is run down from its end.
    """
    if speed > 0 and len(clips) > 1:
        return [
            replace(
                clip,
                start=RecordTime(start + clip.start / speed),
                end=RecordTime(min(start + length, start + clip.end / speed)),
                speed=clip.speed * speed,
            )
            for clip in clips
            if clip.start / speed < length
        ]
    if len(clips) > 1:
        notes.add("several clips played backwards together are read as the first of them")
    return [
        replace(
            clip,
            start=RecordTime(start),
            end=RecordTime(start + length),
            media_in=MediaTime(clip.media_in + into + max(Fraction(0), -speed * length)),
            speed=clip.speed * speed,
        )
        for clip in clips[:1]
    ]
