"""How loud a clip item of xmeml is heard, and on which side: its filters, and its track's output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.formats.fcp7.elements import flag_of, number_of, text_of
from avm_otio.formats.fcp7.levels import mix_of
from avm_otio.timeline.gain import added
from avm_otio.timeline.model import Mix
from avm_otio.timeline.time import nearest_frame

LEVELS, PAN = "audiolevels", "audiopan"
"""The ``effectid`` of the filters that say gain and pan [file]."""


def filters_of(element: Element, effect_id: str) -> Iterator[Element]:
    """The effects of one kind that an item's filters say; one that is switched off says nothing."""
    for one in element.iterfind("filter"):
        effect = one.find("effect")
        if effect is None or text_of(effect, "effectid").strip() != effect_id:
            continue
        if flag_of(one, "enabled", True):
            yield effect


@dataclass(frozen=True, slots=True)
class Hearing:
    """Reads the filters of one item.

    Attributes:
        element: The item.
        own: Frames a second of its numbers.
        first: The number of its first frame.
        frames: How many frames it is long on the timeline.
        rate: Frames a second of the sequence.
        notes: What could not be read, counted.
    """

    element: Element
    own: Fraction
    first: Fraction
    frames: int
    rate: Fraction
    notes: Counter[str]

    def mix(self) -> Mix:
        """Gain, fades and gain key frames: what several filters say multiplies."""
        found = [self._level(effect) for effect in filters_of(self.element, LEVELS)]
        whole = found[0] if found else Mix()
        for more in found[1:]:
            if (whole.fade_in_us and more.fade_in_us) or (whole.fade_out_us and more.fade_out_us):
                self.notes["clip with two fades over one another, of which one was read"] += 1
            curves = [mix.keys for mix in (whole, more) if mix.keys]
            gain_db = whole.gain_db + more.gain_db
            keys = tuple(replace(key, gain_db=key.gain_db + gain_db) for key in added(curves))
            whole = Mix(
                0.0 if keys else gain_db,
                whole.fade_in_us or more.fade_in_us,
                whole.fade_out_us or more.fade_out_us,
                keys,
            )
        return whole

    def _level(self, effect: Element) -> Mix:
        parameters = effect.findall("parameter")
        named = [one for one in parameters if text_of(one, "parameterid").strip().lower() == "level"]
        for parameter in named or parameters[:1]:
            value = number_of(parameter, "value")
            keys: list[tuple[int, float]] = []
            for key in parameter.iterfind("keyframe"):
                at, level = number_of(key, "when"), number_of(key, "value")
                if at is not None and level is not None:
                    frame = nearest_frame((at - self.first) / self.own, self.rate)
                    keys.append((frame, float(max(Fraction(0), level))))
            # The sort is stable: of two on one frame, a jump, the first stays the first.
            keys.sort(key=lambda key: key[0])
            whole = 1.0 if value is None else float(max(Fraction(0), value))
            return mix_of(whole, _jumps(keys), self.frames, self.rate)
        return Mix()

    def pan(self) -> float | None:
        """The pan, -1 to 1; ``None`` where no filter says any."""
        found = None
        for effect in filters_of(self.element, PAN):
            for parameter in effect.iterfind("parameter"):
                value, most = number_of(parameter, "value"), number_of(parameter, "valuemax")
                moving = {number_of(key, "value") for key in parameter.iterfind("keyframe")} - {None}
                if len(moving) > 1:
                    self.notes["clip whose pan moves, read as it begins"] += 1
                for begins in parameter.iterfind("keyframe"):
                    value = number_of(begins, "value")
                    break
                if value is not None:
                    found = float(max(Fraction(-1), min(Fraction(1), value / max(Fraction(1), most or 1))))
        return found


def _jumps(keys: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Key frames with two on a frame at most: where the level arrives, and where it goes on from."""
    lying: dict[int, list[float]] = {}
    for at, level in keys:
        lying.setdefault(at, []).append(level)
    return [
        (at, level)
        for at, levels in lying.items()
        for level in ((levels[0], levels[-1]) if levels[0] != levels[-1] else levels[:1])
    ]


class Outputs:
    """The output channels of a sequence: which side each of them feeds.

    Of a stereo group a track feeds both sides, and the pan of its clips says how much of each; each channel
    of mono groups is a loudspeaker of its own, where nothing is panned (Final Cut Pro 7's manual, “Audio
    Outputs tab”).
    """

    def __init__(self, audio: Element | None) -> None:
        self._sides: dict[int, float | None] = {}
        for group in () if audio is None else audio.iterfind("outputs/group"):
            inside = [number_of(channel, "index") for channel in group.iterfind("channel")]
            channels = [int(index) for index in inside if index is not None]
            is_mono = (number_of(group, "numchannels") or len(channels)) == 1
            for index in channels:
                self._sides[index] = side_of_channel(index) if is_mono else None
        if len(self._sides) < 2:
            self._sides = dict.fromkeys(self._sides)

    def side(self, channel: int | None) -> float | None:
        """-1 for the left, 1 for the right, 0 for neither; ``None`` where nothing says that it has a side."""
        return None if channel is None else self._sides.get(channel)


def side_of_channel(index: int) -> float:
    """Which side an output channel, from 1, feeds: odd ones are left ones [off]."""
    return -1.0 if index % 2 else 1.0
