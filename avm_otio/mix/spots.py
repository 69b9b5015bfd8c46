"""How loud each effect is, by its role; and what becomes of one that would mask a word."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from avm_otio.mix.heard import STEP_US, Heard, lufs
from avm_otio.mix.line import LEAST_GAIN_DB, MOST_GAIN_DB
from avm_otio.mix.loudness import MOMENTARY_STEPS, SHORT_TERM_STEPS, true_peak, windows
from avm_otio.mix.placement import LaidClip
from avm_otio.mix.presets import Preset
from avm_otio.mix.roles import Role, role_of
from avm_otio.mix.under import Utterance
from avm_otio.timeline.model import Clip
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, from_micros, touched_frames

_STEP = Fraction(STEP_US, 10**6)

_AFTER_WORD = Fraction(1, 20)
"""Seconds from the end of a word to an effect that was moved behind it."""

_PLACED = (Role.RISER, Role.AMBIENCE)
"""These are for a stretch, not for a moment that may come later."""


class UnderSpeech(StrEnum):
    """What becomes of an effect that would mask a word."""

    LOWER = "lower"
    DROP = "drop"


class Change(StrEnum):
    """What was done to an effect for speech."""

    LOWERED = "lowered"
    MOVED = "moved"
    DROPPED = "left out"


@dataclass(frozen=True, slots=True)
class Changed:
    """An effect that would have masked a word.

    Attributes:
        clip: It, as it was laid.
        change: What was done.
        by: Decibels that it was lowered by, or seconds that it was moved by.
    """

    clip: LaidClip
    change: Change
    by: float = 0.0


@dataclass(frozen=True, slots=True)
class Spots:
    """How effects are set.

    Attributes:
        anchor_lufs: What their levels are measured from.
        preset: The levels.
        speech: What is spoken in the film.
        film_map: Where the film lies.
        rate: Frames a second of the record.
        under_speech: What becomes of one that would mask a word.
    """

    anchor_lufs: float
    preset: Preset
    speech: Sequence[Utterance]
    film_map: FilmMap
    rate: Fraction
    under_speech: UnderSpeech

    def levelled(self, laid: LaidClip, heard: Heard) -> LaidClip:
        """An effect at the level of its role; what its gain was comes on top."""
        what = role_of(laid.cue, laid.item)
        # Room tone is at one level however little of it is used: parts of one are as loud as each other.
        used = list(heard.curve.power) if what is Role.AMBIENCE else _used(laid.clip, heard)
        if not any(used):
            return laid
        role = self.preset.roles[what]
        loudest = lufs(max(windows(used, min(len(used), SHORT_TERM_STEPS))))
        peak_db = true_peak(_steps(laid.clip, heard.curve.peak))
        gain_db = min(
            self.anchor_lufs + role.level_lu - loudest,
            self.anchor_lufs + role.peak_db - peak_db,
            MOST_GAIN_DB,
        )
        return _with_gain(laid, gain_db + laid.clip.mix.gain_db)

    def clear_of_words(self, laid: LaidClip, heard: Heard) -> tuple[LaidClip | None, Changed | None]:
        """An effect so that it masks no word.

        Returns:
            It, ``None`` where it is left out; and what was done, if anything.
        """
        excess_db = self.raised(laid.clip, heard)
        if excess_db <= 0:
            return laid, None
        if self.under_speech is UnderSpeech.DROP and not laid.cue.is_spotted:
            return None, Changed(laid, Change.DROPPED)
        if excess_db > self.preset.most_lowered_db:
            moved = self._moved(laid, heard)
            if moved is not None:
                by = float(moved.clip.start - laid.clip.start)
                return moved, Changed(laid, Change.MOVED, by)
        lowered = _with_gain(laid, laid.clip.mix.gain_db - excess_db)
        return lowered, Changed(laid, Change.LOWERED, laid.clip.mix.gain_db - lowered.clip.mix.gain_db)

    def raised(self, clip: Clip, heard: Heard) -> float:
        """By how many decibels an effect is louder under words than it may be; below 0 where it is not."""
        limit = self.anchor_lufs - self.preset.effects_below_lu - clip.mix.gain_db
        loudest = -math.inf
        for each in self._words_under(clip):
            first = (max(each.start, clip.start) - clip.start) / _STEP
            last = (min(each.end, clip.end) - clip.start) / _STEP
            # Of a moment that is partly under a word, what is heard of it counts.
            part = _used(clip, heard)[max(0, int(first)) : math.ceil(last)]
            if part:
                if len(part) < MOMENTARY_STEPS:
                    part = [sum(part) / MOMENTARY_STEPS]
                loudest = max(loudest, lufs(max(windows(part, min(len(part), MOMENTARY_STEPS)))))
        return loudest - limit

    def _words_under(self, clip: Clip) -> Sequence[Utterance]:
        first = bisect_left(self.speech, clip.start, key=lambda each: each.end)
        last = bisect_left(self.speech, clip.end, key=lambda each: each.start)
        return self.speech[first:last]

    def _moved(self, laid: LaidClip, heard: Heard) -> LaidClip | None:
        """An effect in the next pause within its cue; ``None`` where there is none that it fits."""
        clip, cue = laid.clip, laid.cue
        if cue.end_us is None or cue.is_spotted or role_of(cue, laid.item) in _PLACED:
            return None
        cue_start, cue_end = (
            self.film_map.to_record(FilmTime(from_micros(at_us))) for at_us in (cue.start_us, cue.end_us)
        )
        for each in self.speech[bisect_left(self.speech, cue_start, key=lambda each: each.end) :]:
            frames = touched_frames(each.end + _AFTER_WORD - cue_start, self.rate)
            by = frames / self.rate
            if cue_start + by > cue_end or clip.end + by > self.film_map.record_end:
                return None
            moved = _later(laid, by)
            if by > 0 and self.raised(moved.clip, heard) <= 0:
                return moved
        return None


def _with_gain(laid: LaidClip, gain_db: float) -> LaidClip:
    """A clip with a gain, rounded down to a tenth."""
    held = max(LEAST_GAIN_DB, math.floor(gain_db * 10 + 1e-6) / 10)
    return replace(laid, clip=replace(laid.clip, mix=replace(laid.clip.mix, gain_db=held)))


def _later(laid: LaidClip, by: Fraction) -> LaidClip:
    clip, offer = laid.clip, laid.clip.offer
    if offer is not None and offer.record is not None:
        start, end = offer.record
        offer = replace(offer, record=(RecordTime(start + by), RecordTime(end + by)))
    start, end = RecordTime(clip.start + by), RecordTime(clip.end + by)
    return replace(laid, clip=replace(clip, start=start, end=end, offer=offer))


def _used(clip: Clip, heard: Heard) -> list[float]:
    """The power of each step of 100 ms of what a clip plays."""
    return _steps(clip, heard.curve.power)


def _steps(clip: Clip, curve: Sequence[float]) -> list[float]:
    head = clip.media_in - (clip.media.start if clip.media else 0)
    first = max(0, int(head / _STEP))
    last = math.ceil((head + clip.duration * clip.speed) / _STEP)
    return list(curve[first:last])
