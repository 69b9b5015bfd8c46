"""A scored timeline conformed to a changed cut: nothing is sent, nothing is asked, nothing is paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from avm_otio import services
from avm_otio.delivery.deliver import Delivered, deliver, with_lengths
from avm_otio.errors import AvmError, InputError, SelectionError
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.jobs.conform.hearing import heard_in
from avm_otio.jobs.conform.music import MusicCutter, NewMusic, old_music
from avm_otio.jobs.conform.sources import CONFORMED, file_of, film_map_of, is_of, jobs_at, sources_of
from avm_otio.jobs.ears import hear_record
from avm_otio.jobs.films import heard as sound_under
from avm_otio.jobs.films import open_timeline
from avm_otio.jobs.folder import read_journal
from avm_otio.jobs.reels import Reel
from avm_otio.jobs.soundtrack import figures_of, scene_changes, true_peak_of
from avm_otio.media.originals import film_located, located
from avm_otio.media.probe import MediaInfo
from avm_otio.mix.conform.changes import Change, change_of, changes_of
from avm_otio.mix.conform.follow import Follow
from avm_otio.mix.conform.moves import Moved, lost_clips, moved
from avm_otio.mix.conform.offers import with_offers
from avm_otio.mix.conform.old_cues import OldCue, old_cues
from avm_otio.mix.conform.shots import shots_of
from avm_otio.mix.conform.tails import Scenes, TailCutter
from avm_otio.mix.fitted import Coverage
from avm_otio.mix.heard import Heard, Speech
from avm_otio.mix.placement import Laid, LaidClip, Lane, crossfades, deal
from avm_otio.mix.presets import preset_of, target_of
from avm_otio.mix.spots import UnderSpeech
from avm_otio.mix.tracks import Origin, add_tracks, without_ours
from avm_otio.mix.used import service_of
from avm_otio.mix.verdict import Verdict
from avm_otio.report import Report
from avm_otio.request import Request, rows
from avm_otio.row import Part
from avm_otio.services import Laying, Service
from avm_otio.timeline.completed import widest
from avm_otio.timeline.counted import counted
from avm_otio.timeline.model import Clip, Media, Stem, Timeline, Track, TrackKind
from avm_otio.timeline.parts import Rows
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.select import Selection, plan_film
from avm_otio.timeline.time import FilmTime, FrameSpan, RecordTime, from_micros, nearest_frame
from avm_otio.timeline.urls import rebased, url_of

_ORDER = (Stem.DIALOGUE, Stem.MUSIC, Stem.EFFECTS)
"""Stems from the top of a mixer to its end."""


@dataclass(frozen=True, slots=True)
class Conformed:
    """What was made.

    Attributes:
        opened: The new cut with our sounds.
        old: The old cut's timeline.
        follow: The way from the old cut into the new one.
        changes: What became of every event: shots, then sounds.
        delivered: What was written.
        coverage: How much of what wants music has some; ``None`` without any.
        verdict: What the whole mix comes to; ``None`` where levels were left as they came.
    """

    opened: Opened
    old: Timeline
    follow: Follow
    changes: tuple[Change, ...]
    delivered: Delivered
    coverage: Coverage | None = None
    verdict: Verdict | None = None

    @property
    def lost(self) -> tuple[Change, ...]:
        """Sounds that lost their picture."""
        return tuple(change for change in self.changes if change.kind != "shot" and change.state == "gone")


def as_scored(request: Request, jobs: Sequence[Path]) -> Request:
    """A request that says of the soundtrack what it does not say itself as the job's did.

    Args:
        request: As the user gave it, not complete.
        jobs: The folders of the jobs that scored the old cut, the likeliest first.
    """
    for path in jobs:
        with suppress(AvmError, TypeError):
            asked = Request.parse(read_journal(path).order)
            fields = {
                row.name: getattr(asked, row.name)
                for row in rows().values()
                if row.part is Part.LAYOUT
                and row.name not in ("music_end", "alternatives", "skip_bad_cues")
                and getattr(request, row.name) == row.not_given
            }
            return replace(request, **fields)
    return request


def conform(reel: Reel, new: Opened, request: Request, report: Report) -> Conformed:
    """Conform a scored timeline to a changed cut, and write it.

    Args:
        reel: The scored timeline.
        new: The changed cut, without tracks of ours.
        request: Complete: the output, and how the soundtrack is made.
        report: Receives progress and warnings.

    Raises:
        InputError: A timeline or a figure of the mix cannot be used, or nothing of ours is on the scored one.
        OutputError: Something cannot be written.
    """
    if not reel.sounds:
        raise InputError(
            f"{reel.name} has no sounds of ours: there is nothing to take along.",
            "The scored timeline comes first: avm-otio conform SCORED NEW_CUT.",
        )
    preset_of(request.mix, figures_of(request))
    target_of(f"{request.loudness}")
    work = _Work(reel, new, request, report)
    laid, found = work.laid()
    made = work.levelled(laid)
    timeline = _with_lost(work.with_tracks(made.laid), [each for each in found if not each.places])
    opened = replace(new, timeline=timeline)
    delivered = deliver(opened, request, report, speech=made.spoken)
    for note in (*made.laid.notes, *delivered.notes):
        report.warn(note)
    shots = changes_of(work.follow, new.timeline.rate)
    sounds = sorted((change_of(each) for each in found), key=lambda change: change.old or (Fraction(0),) * 2)
    return Conformed(
        opened,
        reel.opened.timeline,
        work.follow,
        (*shots, *work.music.changes, *sounds),
        delivered,
        work.music.coverage,
        made.verdict,
    )


@dataclass(frozen=True, slots=True)
class _Levelled:
    laid: Laid
    verdict: Verdict | None = None
    spoken: tuple[tuple[RecordTime, RecordTime], ...] = ()


class _Work:
    """One conform on its way."""

    def __init__(self, reel: Reel, new: Opened, request: Request, report: Report) -> None:
        self.new, self.request, self.report = new, request, report
        self.length = new.timeline.frames / new.timeline.rate
        self.music = NewMusic()
        self._jobs = jobs_at(reel.jobs)
        users = without_ours(reel.opened.timeline, is_of(self._jobs, reel.opened.folder))
        self._film_map = film_map_of(reel, users)
        self.reel = reel if self._film_map is None else _with_offers(reel, self._film_map)
        self.follow = self._followed(users)
        self._heard, self._notes = heard_in(self.reel, self._jobs, report)
        self._tails = TailCutter(_scenes(users), _scenes(new.timeline), self._heard)

    def _followed(self, users: Timeline) -> Follow:
        """The way of the picture.

        Raises:
            InputError: One of the cuts shows none.
        """
        seen: dict[Path, MediaInfo | None] = {}  # both cuts show the same files
        cuts = [
            located(counted(timeline), folder, self.request.media_roots, self.report, seen=seen)
            for timeline, folder in (
                (users, self.reel.opened.folder),
                (self.new.timeline, self.new.folder),
            )
        ]
        names = sources_of(*cuts)
        old, new = (shots_of(cut, source_of.__getitem__) for cut, source_of in zip(cuts, names, strict=True))
        if not old or not new:
            side = "scored timeline" if not old else "new cut"
            raise InputError(f"The {side} shows no picture to go by.", "Give one with its picture tracks.")
        return Follow.of(old, new, cuts[0].rate)

    def laid(self) -> tuple[Laid, list[Moved]]:
        """Everything of ours in the new cut, and what became of each sound."""
        music = MusicCutter(
            old_music(self.reel),
            self.reel.opened.folder,
            self.new,
            self.follow,
            self.request,
            self._heard,
            self._media_now,
            self.report,
        )
        notes = list(self._notes)
        if not music.can_cut:
            notes.append("Some music could not be listened to: it goes with its picture, and is not recut.")
        cues = old_cues(
            self.reel.opened.timeline,
            self.reel.item_of,
            self._film_map,
            self._heard,
            with_music=not music.can_cut,
        )
        found = [self._tails.cut(moved(self._named_now(cue), self.follow, self.length)) for cue in cues]
        lanes: list[Lane] = []
        for service in services.SERVICES:
            if music.can_cut and service.laying is Laying.BED:
                self.music = music.cut(service)
                lanes += self.music.lanes
                notes += self.music.notes
                continue
            clips = [
                each
                for one in found
                if service is service_of(one.old.stem)
                for place in one.places
                for each in place.laid
            ]
            lanes += self._lanes(service, [each for each in clips if each.clip.enabled], is_spare=False)
            lanes += self._lanes(service, [each for each in clips if not each.clip.enabled], is_spare=True)
        lanes.sort(key=lambda lane: (lane.is_spare, _ORDER.index(lane.stem)))
        return Laid(self.new.timeline.rate, tuple(lanes), tuple(notes)), found

    def _lanes(self, service: Service, clips: Sequence[LaidClip], *, is_spare: bool) -> Iterator[Lane]:
        name = (service.spare_track or service.lost_track) if is_spare else service.track
        for number, dealt in enumerate(deal(clips, self.new.timeline.rate), 1):
            yield Lane(service, name.format(number=number), dealt, is_spare, tuple(crossfades(dealt)))

    def _named_now(self, cue: OldCue) -> OldCue:
        """A cue whose clips name their files as the new cut does."""
        clips, spares = (tuple(map(self._clip_now, each)) for each in (cue.clips, cue.spares))
        return replace(cue, clips=clips, spares=spares)

    def _clip_now(self, clip: Clip) -> Clip:
        # The marker at its head, which says what it is, is made again.
        markers = tuple(mark for mark in clip.markers if mark.start != 0 or mark.name != clip.name)
        content = clip.content if clip.media is None else self._media_now(clip.media)
        return replace(clip, content=content, markers=markers, kept=(), link=None)

    def _media_now(self, media: Media) -> Media:
        file = file_of(media, self.reel.opened.folder)
        if file is None:
            return replace(media, path=rebased(media.path, self.reel.opened.folder, self.new.folder))
        return replace(media, path=url_of(file, reading.url_style(self.new.timeline), self.new.folder))

    def with_tracks(self, laid: Laid) -> Timeline:
        """The new cut with what was laid."""
        old = self.reel.opened.timeline.origin or {}
        offered = next((sound.offered for sound in self.reel.sounds if sound.offered is not None), None)
        origin = Origin(
            str(old.get("service") or (offered.service if offered else "")),
            str(old.get("currency") or (offered.currency if offered else "")),
            str(old.get("language") or ""),
            old.get("film_id"),
            old.get("session_id"),
            old.get("license"),
        )
        timeline = self.new.timeline
        replaced: list[tuple[int, Media | None]] = []
        if laid.replacements:
            replaced = sound_under(timeline, Selection(), plan_film(timeline, Selection()))
        made = add_tracks(timeline, laid, origin, replaced=replaced)
        return replace(made, origin={**(made.origin or {}), CONFORMED: True})

    def levelled(self, laid: Laid) -> _Levelled:
        """What was laid, at the levels that the new cut's own sound asks for."""
        preset = preset_of(self.request.mix, figures_of(self.request))
        target = target_of(f"{self.request.loudness}")
        if not preset.is_on and target.lufs is None:
            return _Levelled(laid)
        try:
            own, speech = self._own_sound(laid)
        except InputError as error:
            note = f"The new cut's own sound could not be listened to, and levels stay as they were: {error}"
            return _Levelled(replace(laid, notes=(*laid.notes, note)))
        from avm_otio.mix.levels import level

        film_map = FilmMap(RecordTime(Fraction(0)), Fraction(1), FilmTime(self.length))
        anew = replace(laid, lanes=tuple(map(self._at_rest, laid.lanes)) if preset.is_on else laid.lanes)
        span = FrameSpan(0, max(1, self.new.timeline.frames))
        levelled = level(
            anew,
            film_map,
            self._heard,
            own=own,
            as_played=True,
            speech=speech,
            preset=preset,
            target=target,
            under_speech=UnderSpeech(self.request.effects_under_speech),
            true_peak=partial(true_peak_of, self.new, self.request, span, self.with_tracks),
            timecode=self.new.timeline.timecode,
        )
        spoken = tuple(
            (RecordTime(from_micros(start)), RecordTime(from_micros(end))) for start, end in speech.spoken
        )
        made = replace(levelled.laid, notes=(*laid.notes, *levelled.notes))
        return _Levelled(made, levelled.verdict, spoken)

    def _own_sound(self, laid: Laid) -> tuple[Heard, Speech]:
        """What the new cut plays by itself, noise-reduced sound in the place of its own."""
        replacing = replace(laid, lanes=tuple(lane for lane in laid.lanes if lane.stem is Stem.DIALOGUE))
        playing = plan_playback(self.with_tracks(replacing) if replacing.lanes else self.new.timeline)
        plan, media = film_located(playing, self.new.folder, self.request.media_roots, must_show=False)
        if self._jobs:
            return hear_record(self._jobs[0], plan, media, self.report)
        from avm_otio.media.playing import hear_playing

        with self.report.step("Listening to the new cut") as advance:
            return hear_playing(replace(plan, picture=()), media, advance)

    def _at_rest(self, lane: Lane) -> Lane:
        """A track whose effects have the gain from which levels are set, and nothing of those of before."""
        if lane.stem is not Stem.EFFECTS:
            return lane
        gain_db = self.request.effects_gain_db
        clips = tuple(
            each
            if self._heard(each.item) is None
            else replace(each, clip=replace(each.clip, mix=replace(each.clip.mix, gain_db=gain_db, keys=())))
            for each in lane.clips
        )
        return replace(lane, clips=clips)


def _scenes(timeline: Timeline) -> Scenes:
    """Where a cut changes its scene; nowhere in one of titles alone, which makes no film."""
    changes: tuple[RecordTime, ...] = ()
    with suppress(SelectionError):
        plan = plan_film(timeline)
        changes = tuple(map(plan.film_map.to_record, scene_changes(plan)))
    return Scenes(changes, timeline.rate)


def _with_offers(reel: Reel, film_map: FilmMap) -> Reel:
    """A reel whose sounds all say for which cue they were offered, as far as its jobs know."""
    timeline = with_offers(reel.opened.timeline, reel.item_of, reel.cues_with, film_map)
    return replace(reel, opened=replace(reel.opened, timeline=timeline))


def _with_lost(timeline: Timeline, gone: Sequence[Moved]) -> Timeline:
    """The timeline with what lost its picture on tracks of its own, switched off."""
    tracks: list[Track] = []
    for stem in _ORDER:
        of_stem = (clip for each in gone if each.old.stem is stem for clip in lost_clips(each))
        rows, taken = Rows(), dict[int, list[Clip]]()
        for clip in sorted(of_stem, key=lambda clip: clip.start):
            taken.setdefault(rows.place(clip.start, clip.end), []).append(clip)
        for number, clips in sorted(taken.items()):
            name = service_of(stem).lost_track.format(number=number + 1)
            track = Track(name, TrackKind.AUDIO, tuple(clips), stem=stem, channels_assumed=True)
            tracks.append(replace(track, channels=widest(track)))
    length = max((timeline.duration, *(track.end for track in tracks)))
    return replace(timeline, tracks=(*timeline.tracks, *tracks), duration=length)


def read_new(request: Request, report: Report) -> Opened:
    """The changed cut, without tracks of ours that lie on it.

    Raises:
        TimelineError: It cannot be read.
    """
    return with_lengths(open_timeline(request, report), request.media_roots)


def timecodes(span: tuple[Fraction, Fraction], timeline: Timeline) -> tuple[str, str]:
    """A stretch of the record as timecodes, in and out."""
    first, last = (nearest_frame(at, timeline.rate) for at in span)
    return timeline.timecode(first / timeline.rate), timeline.timecode(max(first + 1, last) / timeline.rate)
