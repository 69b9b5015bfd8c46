"""Tracks of an edit decision list in the making: clips as they come, dealt to rows where they overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction

from avm_otio.timeline.model import Clip, Track, TrackKind, Transition
from avm_otio.timeline.parts import Rows
from avm_otio.timeline.time import RecordTime, to_micros

Key = tuple[TrackKind, tuple[int, ...]]
"""A track: its kind, and the video track or the sound channels that it stands for."""


@dataclass(slots=True)
class Lane:
    """A track in the making.

    Attributes:
        clips: In the order of the list.
        transitions: Into what they lead.
        fades_out: First record frame, counted from the timeline's head → each dissolve into black or silence.
    """

    clips: list[Clip] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    fades_out: dict[int, Transition] = field(default_factory=dict)

    def tracks(self, key: Key, rate: Fraction, counts: Counter[str]) -> list[Track]:
        """The track, and more of the same where its clips overlap: nothing is thrown away.

        Args:
            key: Which track it is.
            rate: Frames a second of the record.
            counts: Where an edit over another is counted.
        """
        kind, numbers = key
        order = sorted(range(len(self.clips)), key=lambda at: (self.clips[at].start, at))
        dealt: list[list[Clip]] = []
        rows = Rows()
        starts = [self.clips[at].start for at in order]
        for at in order:
            clip = self.clips[at]
            clip = self._faded(clip, kind, rate, starts)
            row = rows.place(clip.start, clip.end)
            if row == len(dealt):
                dealt.append([])
            dealt[row].append(clip)
        moved = sum(len(row) for row in dealt[1:])
        name = "V" if kind is TrackKind.VIDEO else "A"
        name = name + name.join(str(number) for number in numbers)
        if moved:
            counts[f"edit over another on {name}, laid on a track of its own"] += moved
        return [
            Track(
                name=name if row is dealt[0] else f"{name} ({number})",
                kind=kind,
                clips=tuple(row),
                transitions=tuple(sorted(self.transitions, key=lambda transition: transition.at))
                if row is dealt[0]
                else (),
                channels=len(numbers) if kind is TrackKind.AUDIO else 0,
            )
            for number, row in enumerate(dealt, 1)
        ]

    def _faded(self, clip: Clip, kind: TrackKind, rate: Fraction, starts: list[RecordTime]) -> Clip:
        """A clip with the dissolve into black or silence that follows it: it lasts through it."""
        leaving = self.fades_out.get(int(clip.end * rate))
        if leaving is None:
            return clip
        end = RecordTime(clip.end + leaving.after)
        if kind is TrackKind.VIDEO:
            del self.fades_out[int(clip.end * rate)]  # of several clips that end here one fades
        following = bisect_right(starts, clip.end)
        if kind is TrackKind.VIDEO and following < len(starts) and starts[following] <= end:
            # To black, though a clip cuts in where it ends: a hole lies there.
            self.transitions.append(leaving)
            return clip
        if kind is TrackKind.VIDEO:
            self.transitions.append(replace(leaving, at=end, before=leaving.after, after=Fraction(0)))
            return replace(clip, end=end)
        return replace(clip, end=end, mix=replace(clip.mix, fade_out_us=to_micros(leaving.after)))
