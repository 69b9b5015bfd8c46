"""The music of a scored cut, cut anew to the new one: the same pieces where their picture stayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.reading import Opened
from avm_otio.jobs.conform.sources import file_of
from avm_otio.jobs.reels import Reel
from avm_otio.jobs.soundtrack import in_phase
from avm_otio.mix.answers import read_item
from avm_otio.mix.conform.changes import Change
from avm_otio.mix.conform.follow import Follow
from avm_otio.mix.conform.music import Run, Stretch, music_runs
from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.fit import MusicLength, fit
from avm_otio.mix.fitted import Coverage
from avm_otio.mix.heard import Heard
from avm_otio.mix.laid_music import laid_music
from avm_otio.mix.music_markers import wanted_music
from avm_otio.mix.music_plan import MusicPlan, Part, goes_over
from avm_otio.mix.placement import LaidClip, Lane
from avm_otio.mix.used import stated_item
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.services import Service
from avm_otio.timeline.model import Clip, Media, Stem
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, FrameSpan, RecordTime


@dataclass
class OldMusic:
    """The music of the old cut.

    Attributes:
        items: Its pieces, each once.
        clips: A clip of each, by the item's name.
        stretches: Where each was heard.
        spares: Pieces that lie there switched off.
    """

    items: list[Item] = field(default_factory=list)
    clips: dict[str, Clip] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)
    spares: list[Item] = field(default_factory=list)


def old_music(reel: Reel) -> OldMusic:
    """The music of the old cut, and where each piece was heard."""
    music = OldMusic()
    for track in reel.opened.timeline.audio_tracks:
        if not track.is_ours:
            continue
        for clip in track.clips:
            stem = clip.stem or track.holds
            offered = stated_item(clip, stem) or reel.item_of(clip, stem)
            if stem is not Stem.MUSIC or offered is None:
                continue
            item = offered.item
            music.clips.setdefault(item.name, clip)
            if not (clip.enabled and track.enabled):
                if item.name not in [each.name for each in music.spares]:
                    music.spares.append(item)
                continue
            names = [each.name for each in music.items]
            if item.name not in names:
                music.items.append(item)
                names.append(item.name)
            music.stretches.append(Stretch(names.index(item.name), clip.start, clip.end))
    music.stretches.sort(key=lambda each: each.start)
    heard = {item.name for item in music.items}
    music.spares = [item for item in music.spares if item.name not in heard]
    return music


@dataclass(frozen=True, slots=True)
class NewMusic:
    """What became of the music.

    Attributes:
        lanes: Its tracks, alternatives among them.
        changes: What became of each piece.
        coverage: How much of what wants music has some; ``None`` without any.
        notes: What the user should know, one line each.
    """

    lanes: tuple[Lane, ...] = ()
    changes: tuple[Change, ...] = ()
    coverage: Coverage | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MusicCutter:
    """Cuts music to a new cut.

    Attributes:
        music: The music of the old cut.
        folder: From which its relative addresses are meant.
        new: The new cut.
        follow: The way into it.
        request: How music is cut.
        heard: What was heard in each piece.
        media_now: Media of the old timeline, as the new one names them.
        report: Receives progress.
    """

    music: OldMusic
    folder: Path
    new: Opened
    follow: Follow
    request: Request
    heard: Callable[[Item], Heard | None]
    media_now: Callable[[Media], Media]
    report: Report

    @property
    def can_cut(self) -> bool:
        """Whether every piece was listened to."""
        return all(map(self._fitting, self.music.items))

    def cut(self, service: Service) -> NewMusic:
        """The music of a service, cut to the new picture; alternatives like what is heard."""
        music, timeline = self.music, self.new.timeline
        if not music.items:
            return NewMusic()
        whole = FrameSpan(0, max(1, timeline.frames))
        wanted = wanted_music(timeline.markers, whole, timeline.rate, timeline.timecode)
        spans = wanted.spans if wanted.spans != (whole,) else None
        length = timeline.frames / timeline.rate
        runs = music_runs(music.stretches, self.follow, length, timeline.rate, spans)
        plan = self._planned(music.items, runs)
        cue = self._cue(service)
        lanes = [self._lane(service, cue, plan, music.items)]
        for rank, item in enumerate((item for item in music.spares if self._fitting(item)), 1):
            alone = self._planned([item], [Run(0, span) for span in plan.asked])
            lanes.append(_as_spare(self._lane(service, cue, alone, [item]), service, rank))
        return NewMusic(
            tuple(lane for lane in lanes if lane.clips),
            tuple(self._changes(plan)),
            plan.coverage if runs else None,
            (*wanted.notes, *plan.notes),
        )

    def _fitting(self, item: Item) -> bool:
        found = self.heard(item)
        return found is not None and found.music is not None and found.sounds

    def _cue(self, service: Service) -> Cue:
        """The place for which all of it was offered: the whole film."""
        music = self.music
        items = {item.name: item for item in (*music.items, *music.spares)}
        for clip in music.clips.values():
            for served in () if clip.offer is None else clip.offer.alternatives:
                item = read_item(service, served)
                if item is not None:
                    items.setdefault(item.name, item)
        return Cue(0, None, tuple(items.values()), {}, max(1, len(music.items)))

    def _planned(self, items: Sequence[Item], runs: Sequence[Run]) -> MusicPlan:
        rate = self.new.timeline.rate
        pieces = [found for item in items if (found := self.heard(item)) is not None]
        cuts = [RecordTime(shot.start) for shot in self.follow.new[1:]]
        length = MusicLength(self.request.music_length)
        notes: list[str] = []
        parts = []
        with self.report.step("Cutting the music", len(runs)) as advance:
            for number, run in enumerate(runs, 1):
                item = items[run.piece]
                music = fit(pieces[run.piece], run.span, rate, length, cuts=cuts)
                notes += [f"“{item.title or item.name}”: {note}." for note in music.notes]
                file = file_of(self.music.clips[item.name].media, self.folder)
                if file is not None:
                    music = in_phase(music, pieces[run.piece], file)
                parts.append(Part(run.piece, music))
                advance(number, len(runs))
        asked = tuple(_without_holes([run.span for run in runs]))
        drop_frame = self.new.timeline.drop_frame
        return MusicPlan(goes_over(parts, pieces), asked, rate, drop_frame, tuple(dict.fromkeys(notes)))

    def _lane(self, service: Service, cue: Cue, plan: MusicPlan, items: Sequence[Item]) -> Lane:
        def media_of(item: Item) -> Media:
            media = self.music.clips[item.name].media
            assert media is not None
            return self.media_now(media)

        length = self.new.timeline.frames / self.new.timeline.rate
        return laid_music(
            service,
            cue,
            plan,
            items,
            media_of,
            FilmMap(RecordTime(Fraction(0)), Fraction(1), FilmTime(length)),
            gain_db=self.request.music_gain_db,
            beat_markers=self.request.beat_markers,
        )

    def _changes(self, plan: MusicPlan) -> Iterator[Change]:
        for number, item in enumerate(self.music.items):
            spans = [(each.start, each.end) for each in self.music.stretches if each.piece == number]
            old = min(start for start, _ in spans), max(end for _, end in spans)
            now = tuple(
                (part.music.span.start / plan.rate, part.music.span.end / plan.rate)
                for part in plan.parts
                if part.piece == number and part.music.pieces
            )
            state, message = ("changed", "cut to the new picture") if now else ("gone", "its picture is gone")
            yield Change("music", item.title or item.name, state, message, old, now)


def _as_spare(lane: Lane, service: Service, rank: int) -> Lane:
    """A track of music as an alternative, switched off."""
    clips = tuple(
        LaidClip(replace(each.clip, enabled=False, alternative=rank), each.cue, 0, each.part)
        for each in lane.clips
    )
    return replace(lane, name=service.spare_track.format(number=rank), clips=clips, is_spare=True)


def _without_holes(spans: Sequence[FrameSpan]) -> list[FrameSpan]:
    """Stretches of music, whatever piece lies under them."""
    made: list[FrameSpan] = []
    for span in spans:
        if made and made[-1].end == span.start:
            made[-1] = FrameSpan(made[-1].start, span.end)
        else:
            made.append(span)
    return made
