"""How loud everything that was laid is: music around speech, effects by role, the whole by what was asked.

Nothing of the film's own sound is changed, and nothing is limited: clips of ours get gains and key frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from avm_otio.mix.cues import Item
from avm_otio.mix.dips import Dips
from avm_otio.mix.ducking import line_of
from avm_otio.mix.grid import Sum
from avm_otio.mix.heard import Heard, Speech
from avm_otio.mix.line import LEAST_GAIN_DB, MOST_GAIN_DB, Line
from avm_otio.mix.loudness import RANGE_NEEDS_STEPS, integrated, loudness_range
from avm_otio.mix.peaks import Measure, OwnPeak, Peaks, Stretch
from avm_otio.mix.placement import Laid, relaid
from avm_otio.mix.presets import PRESETS, PROGRAMME_LUFS, TARGETS, Preset, Target
from avm_otio.mix.spots import Change, Changed, Spots, UnderSpeech
from avm_otio.mix.under import Played, Utterance, utterances
from avm_otio.mix.verdict import Verdict, lufs_words
from avm_otio.mix.voices import Own, Voice, add_all, own_sound, voices_of
from avm_otio.timeline.model import Stem
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, format_timestamp, from_micros, to_micros
from avm_otio.words import counted

TruePeak = Callable[[Laid, Sequence[Stretch]], Sequence[float]]
"""Measures the true peak of a mix in some stretches of record time, in dBTP: that of everything that is heard
there, the film's own sound and what was laid, at the gains that it has now."""

_HIGHEST_ANCHOR_LUFS = -8.0
"""Speech that is louder is distorted; nothing is brought up to it."""

_WITHIN_LU = 0.1
"""So much of a tolerance is left for the renderer."""

_REACH_DB = (-40.0, 40.0)
"""By how much our clips may be moved for a loudness where nobody speaks."""


@dataclass(frozen=True, slots=True)
class Levelled:
    """What was laid, at its levels.

    Attributes:
        laid: The same clips with gains and key frames; those that were moved for a word elsewhere, those that
            were left out gone.
        changes: What became of effects that would have masked a word.
        notes: What a person should know, one line each.
        verdict: What the mix comes to.
        raised_db: By how much all was raised for the loudness that is asked.
    """

    laid: Laid
    changes: tuple[Changed, ...]
    notes: tuple[str, ...]
    verdict: Verdict
    raised_db: float = 0.0


def level(
    laid: Laid,
    film_map: FilmMap,
    heard: Callable[[Item], Heard | None],
    *,
    own: Heard | None = None,
    as_played: bool = False,
    speech: Speech | None = None,
    preset: Preset = PRESETS["standard"],
    target: Target = TARGETS["none"],
    under_speech: UnderSpeech = UnderSpeech.LOWER,
    true_peak: TruePeak | None = None,
    timecode: Callable[[RecordTime], str] | None = None,
    beside: Laid | None = None,
    raised_db: float | None = None,
) -> Levelled:
    """Set the levels of what was laid.

    Args:
        laid: It; the gain that its clips have comes on top of what is set.
        film_map: Where film time lies on the timeline.
        heard: What was heard in the file of an item; ``None`` where nobody listened: its level stays.
        own: What was heard in the film's own sound, from its first frame on; ``None`` where it is silent.
        as_played: Whether that is what the timeline plays there, with all that takes its place, and not the
            film at its own speed.
        speech: Where people speak in it, film time.
        preset: How music and effects sit around speech.
        target: What the whole has to come to.
        under_speech: What becomes of an effect that would mask a word.
        true_peak: Measures the mix. Without it true peaks are what they are at most.
        timecode: A moment as the timeline writes it, for notes.
        beside: What else is heard, and stays as it is; ``true_peak`` measures it, too.
        raised_db: By how much all is raised for the loudness that is asked; found where not given.
    """
    voices, others = (_voices(each, heard, film_map) for each in (laid, beside))
    replacing = [voice for voice in (*voices, *others) if voice.laid.kind is Stem.DIALOGUE]
    ours = [voice for voice in voices if voice.laid.kind is not Stem.DIALOGUE]
    mixer = _Mixer(
        laid,
        film_map,
        own_sound(own, replacing, film_map, as_played=as_played),
        preset,
        target,
        _said(speech, film_map),
    )
    changes = mixer.balance(ours, under_speech)
    by = mixer.reach(raised_db)
    staying = [voice for voice in others if voice.laid.kind is not Stem.DIALOGUE]
    measure = mixer.measure(true_peak)
    peaks = Peaks(mixer.with_others(staying), target.peak_dbtp, measure, laid.rate, preset)
    mixer.voices = peaks.hold(mixer.voices)
    written = timecode or _timestamp
    notes = (
        *mixer.notes(),
        *_notes_of(changes, written),
        *_turned_down(peaks.turned_down, target),
        *_dipped(peaks.dips.values(), target, written),
    )
    # ``verdict_of`` says what the whole comes to where this is but a part of it.
    verdict = mixer.verdict(peaks if beside is None else None, written)
    return Levelled(mixer.laid_now(), tuple(changes), notes, verdict, by)


def verdict_of(
    laid: Laid,
    film_map: FilmMap,
    heard: Callable[[Item], Heard | None],
    *,
    own: Heard | None,
    as_played: bool,
    speech: Speech | None,
    target: Target,
    true_peak: TruePeak | None,
    timecode: Callable[[RecordTime], str] | None = None,
) -> Verdict:
    """What a mix comes to as it is; arguments as for ``level``."""
    voices = _voices(laid, heard, film_map)
    replacing = [voice for voice in voices if voice.laid.kind is Stem.DIALOGUE]
    sound = own_sound(own, replacing, film_map, as_played=as_played)
    mixer = _Mixer(laid, film_map, sound, PRESETS["off"], target, _said(speech, film_map))
    mixer.voices = [voice for voice in voices if voice.laid.kind is not Stem.DIALOGUE]
    peaks = Peaks(mixer.own, target.peak_dbtp, mixer.measure(true_peak), laid.rate, PRESETS["off"])
    return mixer.verdict(peaks, timecode or _timestamp)


def _timestamp(at: RecordTime) -> str:
    return format_timestamp(to_micros(max(at, RecordTime(at * 0))))


def _voices(laid: Laid | None, heard: Callable[[Item], Heard | None], film_map: FilmMap) -> list[Voice]:
    if laid is None:
        return []
    names = {clip.item.name: clip.item for lane in laid.lanes for clip in lane.clips}
    return voices_of(laid, {name: heard(item) for name, item in names.items()}, film_map.record_start)


def _said(speech: Speech | None, film_map: FilmMap) -> tuple[Utterance, ...]:
    def record(at_us: int) -> RecordTime:
        return film_map.to_record(FilmTime(min(from_micros(max(at_us, 0)), film_map.film_duration)))

    spoken = speech.spoken if speech else ()
    return utterances([(record(start), record(end)) for start, end in spoken])


class _Mixer:
    """A mix as it is put together."""

    def __init__(
        self,
        laid: Laid,
        film_map: FilmMap,
        own: Own,
        preset: Preset,
        target: Target,
        spoken: tuple[Utterance, ...],
    ) -> None:
        self._laid, self._film_map, self.own = laid, film_map, own
        self._preset, self._target = preset, target
        steps = [step for each in spoken for step in own.between(each.start, each.end)]
        spoken_lufs = integrated(steps)
        self.spoken_lufs = None if spoken_lufs == -math.inf else spoken_lufs
        self._spoken = spoken if self.spoken_lufs is not None else ()
        self.voices: list[Voice] = []
        self._lines: dict[int, Line] = {}
        self._spots: Spots | None = None

    @property
    def anchor_lufs(self) -> float:
        """What distances are measured from."""
        if self.spoken_lufs is not None:
            return min(self.spoken_lufs, _HIGHEST_ANCHOR_LUFS)
        return PROGRAMME_LUFS if self._target.lufs is None else self._target.lufs

    def balance(self, voices: Sequence[Voice], under_speech: UnderSpeech) -> list[Changed]:
        """Set each sound to its place around speech; effects that mask words are moved, lowered, left out."""
        self.voices = list(voices)
        changes: list[Changed] = []
        if not self._preset.is_on:
            return changes
        self._level_music()
        spots = Spots(
            self.anchor_lufs, self._preset, self._spoken, self._film_map, self._laid.rate, under_speech
        )
        self._spots = spots
        kept = []
        for voice in self.voices:
            if not voice.is_effect or voice.heard is None:
                kept.append(voice)
                continue
            placed, change = spots.clear_of_words(spots.levelled(voice.laid, voice.heard), voice.heard)
            if change is not None and voice.is_heard:
                changes.append(change)
            if placed is not None:
                kept.append(voice.placed(placed, self.own.origin))
        changes.sort(key=lambda change: change.clip.clip.start)
        dropped = {id(change.clip.cue) for change in changes if change.change is Change.DROPPED}
        self.voices = [voice for voice in kept if id(voice.laid.cue) not in dropped]
        return changes

    def _level_music(self) -> None:
        """Every piece, and every alternative to one, gets its line of gain."""
        numbers = [
            n for n, voice in enumerate(self.voices) if not voice.is_effect and voice.sound is not None
        ]
        for _, grouped in groupby(numbers, key=self._piece_of):
            piece = list(grouped)
            gain_db = self.voices[piece[0]].mix.gain_db
            played = [self._played(self.voices[number]) for number in piece]
            line = line_of(
                played,
                self._spoken,
                self.anchor_lufs,
                self._preset,
                self._laid.rate,
                self.own.origin,
                alone_lu=None if self._spoken else 0.0,
            ).raised(0.0, gain_db)
            for number in piece:
                self._lines[number] = line
                self.voices[number] = self.voices[number].with_mix(line.on(self.voices[number].laid.clip))

    def _piece_of(self, number: int) -> tuple[int, str]:
        voice = self.voices[number]
        return voice.lane, voice.laid.item.name

    @staticmethod
    def _played(voice: Voice) -> Played:
        assert voice.heard is not None
        assert voice.sound is not None
        return Played(voice.laid.clip, voice.heard, voice.sound)

    def reach(self, given: float | None = None) -> float:
        """Bring the whole as near to the loudness that is asked as gain on our clips may.

        Args:
            given: By how much it is raised, where that is known.

        Returns:
            By how much.
        """
        if self._target.lufs is None or not any(voice.is_heard and voice.sound for voice in self.voices):
            return 0.0
        by = self._reached() if given is None else given
        self.voices = self._raised(by)
        return by

    def _reached(self) -> float:
        """By how much all has to be raised for the loudness that is asked."""
        assert self._target.lufs is not None
        own = np.asarray(self.own.sums.coarse())
        now, louder = (np.asarray(self._sum(self._raised(by)).coarse()) for by in (0.0, 1.0))
        ours = np.maximum(now - own, 0)
        # How much of a decibel arrives in each step: none under words, all between, a part on ramps.
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.nan_to_num(10 * np.log10(np.maximum(louder - own, 0) / ours), posinf=0, neginf=0)
        target_lufs = self._target.lufs

        def short_of(by: float) -> float:
            return target_lufs - integrated((own + ours * 10 ** (share * by / 10)).tolist())

        near = self._target.tolerance_lu - _WITHIN_LU if self._is_anchored else 0.0
        return _solved(short_of, near, *self._reach)

    def with_others(self, voices: Sequence[Voice]) -> Own:
        """The film's own sound with what else is heard and stays as it is."""
        if not voices:
            return self.own
        return Own(self._sum(voices), self.own.origin)

    @property
    def _is_anchored(self) -> bool:
        """Whether speech decides where everything is; else the whole is brought to what is asked."""
        return bool(self._spoken) and self._preset.is_on

    @property
    def _reach(self) -> tuple[float, float]:
        """By how many decibels our clips may be moved: never so far that music is over speech."""
        preset = self._preset
        if not self._is_anchored:
            return _REACH_DB
        return -(preset.under_speech_lu - preset.between_lu), preset.between_lu

    def _raised(self, by: float) -> list[Voice]:
        """What was laid, louder where nobody speaks; effects as far as they mask no word."""
        if not by:
            return self.voices
        found = []
        for number, voice in enumerate(self.voices):
            line = self._lines.get(number)
            if line is not None:
                found.append(voice.with_mix(line.raised(by).on(voice.laid.clip)))
            elif voice.sound is None or voice.heard is None:
                found.append(voice)
            else:
                most = MOST_GAIN_DB - voice.mix.gain_db
                if self._spots is not None and voice.is_effect:
                    most = min(most, max(0.0, -self._spots.raised(voice.laid.clip, voice.heard)))
                found.append(voice.with_gain(min(by, most)))
        return found

    def _sum(self, voices: Sequence[Voice]) -> Sum:
        sums = Sum(self.own.sums.power.copy(), self.own.sums.peak.copy())
        return add_all(sums, voices, self.own.origin)

    def measure(self, true_peak: TruePeak | None) -> Measure | None:
        """Measures true peaks of voices as they are."""
        if true_peak is None:
            return None
        return lambda voices, stretches: true_peak(self._laid_with(voices), stretches)

    def laid_now(self) -> Laid:
        """What was laid, as it is now."""
        return self._laid_with(self.voices)

    def _laid_with(self, voices: Sequence[Voice]) -> Laid:
        by_lane = {  # what takes the place of the film's own sound is at its level
            number: list(lane.clips)
            for number, lane in enumerate(self._laid.lanes)
            if lane.stem is Stem.DIALOGUE
        }
        for voice in voices:
            by_lane.setdefault(voice.lane, []).append(voice.laid)
        return relaid(self._laid, by_lane)

    def verdict(self, peaks: Peaks | None, timecode: Callable[[RecordTime], str]) -> Verdict:
        """What the mix comes to; its true peak is left open where that is not asked for."""
        power = self._sum(self.voices).coarse()
        own = self.own.sums.coarse()
        own_lufs = integrated(own)
        highest_dbtp, is_exact = (-math.inf, False) if peaks is None else peaks.highest(self.voices)
        own_peak = OwnPeak(-math.inf) if peaks is None else peaks.own_peak(self.voices)
        is_silent = own_lufs == -math.inf
        found = Verdict(
            target=self._target,
            integrated_lufs=integrated(power),
            range_lu=loudness_range(power),
            is_range_rough=len(power) < RANGE_NEEDS_STEPS,
            true_peak_dbtp=highest_dbtp,
            is_peak_exact=is_exact,
            anchor_lufs=self.spoken_lufs,
            own_lufs=None if is_silent else own_lufs,
            own_peak_dbtp=None if is_silent else own_peak.highest_dbtp,
            own_peak_at="" if own_peak.at is None else timecode(own_peak.at),
            own_peak_places=own_peak.places,
            own_peak_raised_db=own_peak.raised_db,
            held_down_db=0.0 if peaks is None else max(peaks.turned_down.values(), default=0.0),
        )
        if is_silent:
            return found
        if found.is_held_down:
            found = replace(found, own_change_db=None)
        elif not found.is_loudness_met:
            found = replace(found, own_change_db=self._own_change(found, power, own))
        if not found.is_peak_met:
            found = replace(found, own_peak_change_db=_own_peak_change(found))
        return found

    def _own_change(self, found: Verdict, power: Sequence[float], own: Sequence[float]) -> float | None:
        """By how much the film's own sound would have to change for the loudness to be met."""
        assert self._target.lufs is not None
        if self._spoken:  # ours goes with its speech
            return self._target.lufs - found.integrated_lufs
        film, ours = np.asarray(own), np.maximum(np.asarray(power) - np.asarray(own), 0)
        low, high = -60.0, 40.0

        def comes_to(change_db: float) -> float:
            return integrated((film * 10 ** (change_db / 10) + ours).tolist())

        if not comes_to(low) <= self._target.lufs <= comes_to(high):
            return None
        while high - low > 0.05:
            middle = (low + high) / 2
            low, high = (middle, high) if comes_to(middle) < self._target.lufs else (low, middle)
        return (low + high) / 2

    def notes(self) -> Iterator[str]:
        """What a person should know of the levels."""
        unheard = sum(voice.is_heard and voice.heard is None for voice in self.voices)
        if unheard and self._preset.is_on:
            yield f"{counted(unheard, 'sound')} could not be listened to: the level stays as it came."
        if not self._preset.is_on:
            return
        if not self._spoken and any(not voice.is_effect for voice in self.voices):
            yield f"Nobody speaks in the film's own sound: music is at {lufs_words(self.anchor_lufs)}."
        missed = {id(line): line.out_of_reach for line in self._lines.values()}
        count = sum(missed.values())
        if count:
            yield (
                f"Under {counted(count, 'utterance')} the music is softer than "
                f"{self._preset.under_speech_lu:g} LU below speech by itself, and stays so."
            )


def _solved(short_of: Callable[[float], float], near: float, low: float, high: float) -> float:
    """The least change that brings a loudness near to what is asked; none where nothing does.

    Args:
        short_of: How far the loudness is below, by the change; it falls.
        near: How far off it may be.
        low: The least change that may be.
        high: The greatest.
    """
    short = short_of(0.0)
    if abs(short) <= near:
        return 0.0
    goal = math.copysign(near, short)
    low, high = (0.0, high) if short > 0 else (low, 0.0)
    if (short_of(high) - goal) > 0 or (short_of(low) - goal) < 0:
        return 0.0 if near else (high if short > 0 else low)
    while high - low > 0.02:
        middle = (low + high) / 2
        low, high = (middle, high) if short_of(middle) > goal else (low, middle)
    return round((low + high) / 2, 1)


def _own_peak_change(found: Verdict) -> float:
    """By how much the film's own sound would have to come down for the true peak to be met."""
    assert found.own_peak_dbtp is not None
    own, whole, limit = (
        10 ** (db / 20) for db in (found.own_peak_dbtp, found.true_peak_dbtp, found.target.peak_dbtp)
    )
    room = limit - max(whole - own, 0)
    return (
        20 * math.log10(min(room, limit) / own) if 0 < room < own else min(0.0, 20 * math.log10(limit / own))
    )


def _notes_of(changes: Sequence[Changed], timecode: Callable[[RecordTime], str]) -> Iterator[str]:
    """What became of effects that would have masked words: lowered ones as one line, others one each."""
    lowered = [change for change in changes if change.change is Change.LOWERED]
    if lowered:
        least, most = min(change.by for change in lowered), max(change.by for change in lowered)
        span = f"{most:.1f} dB" if most - least < 0.1 else f"{least:.1f} to {most:.1f} dB"
        yield f"{counted(len(lowered), 'effect')} lowered by {span}, so that no word is masked."
    for change in changes:
        clip = change.clip.clip
        where = f"“{clip.name}” at {timecode(clip.start)}"
        if change.change is Change.MOVED:
            yield f"{where} moved {change.by:.2f} s later, into a pause of speech."
        elif change.change is Change.DROPPED:
            yield f"{where} left out: it would mask a word."


def _turned_down(turned_down: Mapping[int, float], target: Target) -> Iterator[str]:
    if turned_down:
        yield (
            f"{counted(len(turned_down), 'clip')} turned down by up to {max(turned_down.values()):.1f} dB, "
            f"so that the mix stays below {target.peak_dbtp:g} dBTP.".replace("-", "−")
        )


def _dipped(every: Iterable[Dips], target: Target, timecode: Callable[[RecordTime], str]) -> Iterator[str]:
    """Where gain dips for true peaks: how often, and the deepest."""
    flats = [(flat.gain_db, flat.middle / dips.rate) for dips in every for flat in dips.flats]
    if flats:
        change_db, at = min(flats)
        by = "to silence" if change_db <= LEAST_GAIN_DB else f"by {-change_db:.1f} dB"
        where = f"{by} at {timecode(RecordTime(at))}"
        if len(flats) > 1:
            where = f"{counted(len(flats), 'time')}, most {where}"
        peak = f"{target.peak_dbtp:g}".replace("-", "−")
        yield f"Peaks held below {peak} dBTP by short dips in gain: {where}."
