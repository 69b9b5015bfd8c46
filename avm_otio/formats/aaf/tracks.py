"""A track in an AAF: a sequence of clips, fillers and transitions.

A transition overlaps both of its neighbours: each is longer by what it gives to the overlap, and a sequence
is as long as its parts less its transitions (Object Specification, Transition). A fade is a transition
between a clip and filler that is no longer than the fade, and so takes no time by itself: the form of
Media Composer, Premiere and Resolve, which Ardour's reader takes for a fade as well [file].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.formats.aaf.compound_file import Storage
from avm_otio.formats.aaf.effects import EffectWriter
from avm_otio.formats.aaf.media import Sources, source_clip
from avm_otio.formats.aaf.objects import Aaf, i64, u32
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses, words_of_pan
from avm_otio.timeline.model import Clip, Media, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import nearest_frame

TRACK_FORMATS = {1: 1, 2: 2, 6: 3}
"""Channels → ``_TRACK_FORMAT``: as in Premiere's, Resolve's and Pro Tools' files [file]. Theirs of 7.1 differ
in which channels those are, so it is not written."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A clip or a hole on a track, in edit units; and the transitions at its ends."""

    first: int
    last: int
    clip: Clip | None = None
    head: tuple[int, int, Transition] | None = None
    tail: tuple[int, int, Transition] | None = None


class TrackWriter:
    """Makes sequences of tracks.

    Args:
        aaf: Of which objects are made.
        timeline: Whose tracks.
        sources: What the clips play.
        losses: Those of the file.
    """

    def __init__(self, aaf: Aaf, timeline: Timeline, sources: Sources, losses: Losses) -> None:
        self._aaf = aaf
        self._timeline = timeline
        self._sources = sources
        self._effects = EffectWriter(aaf, timeline, losses)
        self._losses = losses

    def sequence(self, track: Track, unit: Fraction, total: int, channels: Sequence[int]) -> Storage:
        """A track, or one channel of it.

        Args:
            track: The track.
            unit: Edit units a second.
            total: How long it is at least, in edit units.
            channels: Which of its channels: several are combined. Empty for a picture.
        """
        kind = "sound" if track.kind is TrackKind.AUDIO else "picture"
        made: list[Storage] = []
        hole = length = 0

        def add(storage: Storage, takes: int) -> None:
            nonlocal hole, length
            if hole:
                made.append(self._filler(kind, hole))
                length += hole
                hole = 0
            made.append(storage)
            length += takes

        places: list[tuple[int, int, float]] = []
        for part in self._parts(track, unit, total, channels):
            before = part.head[0] if part.head else 0
            after = part.tail[1] if part.tail else 0
            if part.head:
                add(
                    self._effects.transition(kind, part.head[0], part.head[1], part.head[2]),
                    -sum(part.head[:2]),
                )
            size = part.last - part.first + before + after
            if part.clip is None:
                hole += size
                continue
            fade_in, fade_out = self._fades(part, unit) if channels else (0, 0)
            if fade_in:
                hole += fade_in
                add(self._effects.transition(kind, 0, fade_in, None), -fade_in)
            add(self._segment(part.clip, unit, size, before, channels), size)
            self._report_pan_in_crossfade(part, places, channels)
            places.append((part.first, part.last, part.clip.mix.pan))
            if fade_out:
                add(self._effects.transition(kind, fade_out, 0, None), -fade_out)
                hole += fade_out
        if hole:
            made.append(self._filler(kind, hole))
            length += hole
        definition = self._aaf.weak[kind]
        whole = self._aaf.made("Sequence", DataDefinition=definition, Length=i64(length), Components=made)
        return self._effects.panned(places, whole, length) if len(channels) == 1 else whole

    def _parts(self, track: Track, unit: Fraction, total: int, channels: Sequence[int]) -> list[_Part]:
        parts: list[_Part] = []
        at = 0
        for clip in track.clips:
            # A hole stands for a generator, and for a channel that a clip does not have.
            if clip.media is None or (len(channels) == 1 and channels[0] >= max(1, len(clip.channels))):
                continue
            first = max(at, nearest_frame(clip.start, unit))
            last = max(first + 1, nearest_frame(clip.end, unit))
            self._report_moved(clip, first, last, unit)
            if first > at:
                parts.append(_Part(at, first))
            parts.append(_Part(first, last, clip))
            at = last
        if total > at:
            parts.append(_Part(at, total))
        return self._joined(track, parts, unit) if track.transitions else parts

    def _report_pan_in_crossfade(
        self, part: _Part, places: Sequence[tuple[int, int, float]], channels: Sequence[int]
    ) -> None:
        """Report that both sounds of a cross fade lie where the track's pan is then: it has one for both."""
        if part.clip is None or part.head is None or len(channels) != 1:
            return
        before = places[-1][2] if places and places[-1][1] == part.first else part.clip.mix.pan
        if before != part.clip.mix.pan:
            message = (
                f"in the cross fade into it both sounds move together from {words_of_pan(before)} "
                f"to {words_of_pan(part.clip.mix.pan)}: a track has one pan"
            )
            self._losses.add(Feature.PAN, part.clip, message)

    def _report_moved(self, clip: Clip, first: int, last: int, unit: Fraction) -> None:
        """Tell where a clip lies between edit units: never for sound, whose units are samples."""
        off = max(abs(first / unit - clip.start), abs(last / unit - clip.end))
        if off >= Fraction(1, 48_000):
            message = f"moved by {float(off):.6f} s to the nearest frame"
            self._losses.add(Feature.TIME, clip, message)

    def _joined(self, track: Track, parts: list[_Part], unit: Fraction) -> list[_Part]:
        """The parts of a track with its transitions between them, as far as they can be said."""
        by_start = {part.first: at for at, part in enumerate(parts)}
        for transition in track.transitions:
            cut = nearest_frame(transition.at, unit)
            before = cut - nearest_frame(transition.at - transition.before, unit)
            after = nearest_frame(transition.at + transition.after, unit) - cut
            at = by_start.get(cut)
            why = "there is no cut at its place"
            if at and before + after > 0:
                going, coming = parts[at - 1], parts[at]
                why = self._why_not(going, coming, before, after, unit)
                if not why:
                    parts[at - 1] = replace(going, tail=(before, after, transition))
                    parts[at] = replace(coming, head=(before, after, transition))
            if why:
                item = f"“{transition.name}” at {self._timeline.timecode(transition.at)}"
                message = f"transition written as a cut: {why}"
                self._losses.add(Feature.TRANSITION, item, message)
            elif transition.kind != "SMPTE_Dissolve":
                item = f"“{transition.name}” at {self._timeline.timecode(transition.at)}"
                self._losses.add(Feature.TRANSITION, item, "written as a dissolve")
        return parts

    def _why_not(self, going: _Part, coming: _Part, before: int, after: int, unit: Fraction) -> str:
        """Why a transition cannot be said; empty where it can."""
        if going.clip is None and coming.clip is None:
            return "there is nothing to join"
        room = going.last - going.first - (going.head[1] if going.head else 0)
        if room < before or coming.last - coming.first < after:
            return "it is longer than what it joins"
        for part, needed, backwards in ((going, after, False), (coming, before, True)):
            clip, media = part.clip, part.clip and part.clip.media
            if clip is None or media is None or clip.speed <= 0:
                continue
            start = clip.media_in - media.start - (needed / unit * clip.speed if backwards else 0)
            end = (
                clip.media_in
                - media.start
                + (clip.duration + (0 if backwards else needed / unit)) * clip.speed
            )
            if start < 0 or (not backwards and media.duration is not None and end > media.duration):
                return "there is not enough media beyond the cut"
        return ""

    def _fades(self, part: _Part, unit: Fraction) -> tuple[int, int]:
        """How long a clip's fades are, in edit units; where a transition stands there is none."""
        clip = part.clip
        assert clip is not None
        if not (clip.mix.fade_in_us or clip.mix.fade_out_us):
            return 0, 0
        wanted = [
            nearest_frame(Fraction(length, 1_000_000), unit)
            for length in (clip.mix.fade_in_us, clip.mix.fade_out_us)
        ]
        room = part.last - part.first
        if part.head:
            room -= part.head[1]
        if part.tail:
            room -= part.tail[0]
        fade_in = 0 if part.head else min(wanted[0], room)
        fade_out = 0 if part.tail else min(wanted[1], room - fade_in)
        for word, asked, given in (("in", wanted[0], fade_in), ("out", wanted[1], fade_out)):
            if asked != given:
                message = f"fade {word} of {float(asked / unit):g} s is {float(given / unit):g} s long"
                self._losses.add(Feature.FADE, clip, message)
        return fade_in, fade_out

    def _segment(
        self, clip: Clip, unit: Fraction, size: int, before: int, channels: Sequence[int]
    ) -> Storage:
        kind = "sound" if channels else "picture"
        made = (
            self._sound(clip, unit, size, before, channels)
            if channels
            else self._picture(clip, unit, size, before)
        )
        if clip.enabled:
            return made
        # How Media Composer mutes a clip [file]: nothing is selected, the clip is an alternative.
        aaf, definition = self._aaf, self._aaf.weak[kind]
        selected = (
            self._filler(kind, size)
            if channels
            else aaf.made(
                "ScopeReference",
                DataDefinition=definition,
                Length=i64(size),
                RelativeScope=u32(0),
                RelativeSlot=u32(1),
                **{"Avid Scope": u32(1)},
            )
        )
        return aaf.made(
            "Selector",
            DataDefinition=definition,
            Length=i64(size),
            Selected=selected,
            Alternates=[made],
            ComponentAttributeList=aaf.tagged(_DISABLE_CLIP_FLAG=1, _AAF_SELECTED=0),
        )

    def _picture(self, clip: Clip, unit: Fraction, size: int, before: int) -> Storage:
        media, speed = clip.media, clip.speed
        assert media is not None
        source = self._sources.picture(clip, media)
        taken = size if speed == 1 else max(1, nearest_frame(abs(speed) * size, Fraction(1)))
        start = self._start(clip, media, unit, before)
        played = source_clip(self._aaf, source, "picture", start, taken)
        if speed == 1:
            return played
        return self._effects.slowed(played, size, speed)

    def _sound(self, clip: Clip, unit: Fraction, size: int, before: int, channels: Sequence[int]) -> Storage:
        media = clip.media
        assert media is not None
        if clip.speed != 1:
            message = f"sound at {float(clip.speed):g} times its speed is written at its own"
            self._losses.add(Feature.SPEED, clip, message)
        played = clip.channels or (0,)
        sources = [
            self._sources.sound(clip, media, played[min(channel, len(played) - 1)]) for channel in channels
        ]
        start = self._start(clip, media, unit, before)
        clips = [source_clip(self._aaf, source, "sound", start, size) for source in sources]
        made = clips[0] if len(clips) == 1 else self._effects.combined(clips, size)
        return self._effects.louder(clip, made, unit, size, before)

    def _report_outside(self, clip: Clip, media: Media) -> None:
        """Tell where a clip plays more than there is of its media, by more than rounding to frames."""
        if media.end is None or not media.duration:
            return
        beyond = clip.media_start + clip.duration * abs(clip.speed) - media.end
        if beyond > 1 / (media.rate or self._timeline.rate):
            message = f"plays {float(beyond):.3f} s beyond the end of its media"
            self._losses.add(Feature.MEDIA, clip, message)

    def _start(self, clip: Clip, media: Media, unit: Fraction, before: int) -> int:
        """Where in its media a clip begins, in edit units of the track."""
        at = clip.media_start - media.start - before / unit * max(Fraction(0), clip.speed)
        start = nearest_frame(at, unit)
        self._report_outside(clip, media)
        if start < 0:
            message = "begins before its media does: written from the first of it"
            self._losses.add(Feature.MEDIA, clip, message)
            return 0
        if abs(start / unit - at) >= Fraction(1, 48_000):
            message = f"its media is moved by {float(abs(start / unit - at)):.6f} s to the nearest frame"
            self._losses.add(Feature.TIME, clip, message)
        return start

    def _filler(self, kind: str, size: int) -> Storage:
        return self._aaf.made("Filler", DataDefinition=self._aaf.weak[kind], Length=i64(size))
