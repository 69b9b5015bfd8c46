"""Effects on an AAF's tracks: channels combined, gain, speed, dissolves and fades."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from avm_otio.formats.aaf.compound_file import Storage
from avm_otio.formats.aaf.levels import gain_at, ratio_of
from avm_otio.formats.aaf.media import FILM_ORDER
from avm_otio.formats.aaf.names import plain_text
from avm_otio.formats.aaf.objects import Aaf, i64, rational, u16
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, GainKey, Timeline, Transition
from avm_otio.timeline.time import nearest_frame

_COMBINER_ID = b"EFF2_AUDIO_CHANNEL_COMBINER\0"
_LITTLE_ENDIAN = 0x4949
"""What Pro Tools notes in every combiner [file]."""

_NOTHING, _ALL = Fraction(0), Fraction(1)


def _place_of(pan: float) -> Fraction:
    """A pan as AAF says it: 0 left, 1 right (Edit Protocol, Mono Audio Pan)."""
    return (Fraction(pan).limit_denominator(10_000) + 1) / 2


class EffectWriter:
    """Makes effects, and reports what they cannot say.

    What is the same in each of a kind is made once and stands in all of them.

    Args:
        aaf: Of which objects are made.
        timeline: Whose clips.
        losses: Those of the file.
    """

    def __init__(self, aaf: Aaf, timeline: Timeline, losses: Losses) -> None:
        self._aaf = aaf
        self._timeline = timeline
        self._losses = losses
        self._combines = dict(
            (
                aaf.constant("AvidParameterByteOrder", "aafUInt16", u16(_LITTLE_ENDIAN)),
                aaf.constant("AvidEffectID", "AvidBagOfBits", _COMBINER_ID),
            )
        )
        # From 0 to 1, which is what a dissolve without it does (Edit Protocol, Mono Audio Dissolve).
        self._level = dict([aaf.varying("Level", [(level, rational(level)) for level in (_NOTHING, _ALL)])])

    def combined(self, clips: list[Storage], size: int) -> Storage:
        """The channels of a sound, in the order of a WAV, as one clip."""
        ordered = [clips[at] for at in FILM_ORDER] if len(clips) == len(FILM_ORDER) else clips
        return self._group("Audio Channel Combiner", "sound", size, self._combines, ordered)

    def louder(self, clip: Clip, made: Storage, unit: Fraction, size: int, before: int) -> Storage:
        """A clip with its gain: one value, or key frames at parts of its length.

        Between key frames the gain is said to run straight, as in all real files [file]: Media Composer and
        Pro Tools draw and play that in decibels.
        """
        mix = clip.mix
        if mix.keys:
            points = [
                (
                    Fraction(min(size, nearest_frame(key.at, unit) + before), size),
                    rational(ratio_of(key.gain_db)),
                )
                for key in self._keys_inside(clip)
            ]
            parameter = self._aaf.varying("Amplitude", points)
        elif mix.gain_db:
            parameter = self._aaf.constant("Amplitude", "Rational", rational(ratio_of(mix.gain_db)))
        else:
            return made
        return self._group("Audio Gain", "sound", size, dict([parameter]), [made])

    def panned(self, places: Sequence[tuple[int, int, float]], made: Storage, size: int) -> Storage:
        """A mono track whose clips are put between left and right.

        Whole tracks are panned, as in Media Composer's and Premiere's files [file]: by one value, or by two
        points for each clip, at its first and at its last unit.

        Args:
            places: First unit, first after it, and pan of each clip, in order.
            made: The track.
            size: How long it is.
        """
        pans = {pan for _, _, pan in places}
        if not any(pans):
            return made
        if len(pans) == 1:
            parameter = self._aaf.constant("Pan", "Rational", rational(_place_of(pans.pop())))
        else:
            points = [
                (Fraction(unit, size), rational(_place_of(pan)))
                for first, last, pan in places
                for unit in dict.fromkeys((first, last - 1))
            ]
            parameter = self._aaf.varying("Pan", points)
        return self._group("Audio Pan", "sound", size, dict([parameter]), [made])

    def slowed(self, made: Storage, size: int, speed: Fraction) -> Storage:
        """A picture at another speed.

        As Media Composer says it [file]: how much longer what comes out is than what goes in (a freeze: its
        whole length out of one frame), and which frame comes when.
        """
        ratio = Fraction(size) if speed == 0 else 1 / speed
        frames = [(Fraction(0), Fraction(0)), (Fraction(size), size * speed)]
        parameters = dict(
            (
                self._aaf.constant("SpeedRatio", "Rational", rational(ratio)),
                self._aaf.varying(
                    "PARAM_SPEED_OFFSET_MAP_U", [(at, rational(frame)) for at, frame in frames]
                ),
            )
        )
        return self._group("Motion Control", "picture", size, parameters, [made])

    def transition(self, kind: str, before: int, after: int, transition: Transition | None) -> Storage:
        """A dissolve; without a transition a fade."""
        aaf, size = self._aaf, before + after
        name = "Audio Dissolve" if kind == "sound" else "Video Dissolve"
        called = plain_text(transition.name) if transition else ""
        noted = aaf.tagged(_EFFECT_PLUGIN_NAME=called) if called else None
        return aaf.made(
            "Transition",
            DataDefinition=aaf.weak[kind],
            Length=i64(size),
            CutPoint=i64(before),
            OperationGroup=self._group(name, kind, size, self._level, None, noted),
        )

    def _keys_inside(self, clip: Clip) -> list[GainKey]:
        """A clip's key frames, those outside of it replaced by one at its edge."""
        keys = sorted(clip.mix.keys, key=lambda key: key.at)
        inside = [key for key in keys if 0 <= key.at <= clip.duration]
        if len(inside) == len(keys):
            return keys
        message = f"{len(keys) - len(inside)} gain key frames outside the clip written as one at its edge"
        self._losses.add(Feature.GAIN, clip, message)
        if keys[0].at < 0:
            inside.insert(0, GainKey(Fraction(0), gain_at(keys, Fraction(0))))
        if keys[-1].at > clip.duration:
            inside.append(GainKey(clip.duration, gain_at(keys, clip.duration)))
        return inside

    def _group(
        self,
        name: str,
        kind: str,
        size: int,
        parameters: dict[bytes, Storage],
        inputs: list[Storage] | None,
        noted: list[Storage] | None = None,
    ) -> Storage:
        return self._aaf.made(
            "OperationGroup",
            DataDefinition=self._aaf.weak[kind],
            Length=i64(size),
            Operation=self._aaf.weak[name],
            InputSegments=inputs,
            Parameters=parameters,
            ComponentAttributeList=noted,
        )
