"""Every alternative of a job's answer, laid, fitted and levelled as it would be were it chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from avm_otio.errors import AvmError, InputError, MediaError
from avm_otio.formats.reading import Opened
from avm_otio.jobs import choices, films, pipeline, soundtrack
from avm_otio.jobs.ears import hear_film, hear_items
from avm_otio.jobs.folder import SMALL_FILM, Job, open_job, read_journal
from avm_otio.jobs.paid_call import Access, Patience, cues_of, fetch_answer
from avm_otio.jobs.question import Question
from avm_otio.media.film import Quality, Sources, export_film
from avm_otio.media.originals import film_located
from avm_otio.mix.choices import name_of
from avm_otio.mix.cues import Cues
from avm_otio.mix.heard import Heard
from avm_otio.mix.placement import Laid, LaidClip, Lane
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.services import Laying
from avm_otio.timeline.model import Timeline, Track, TrackKind
from avm_otio.timeline.plan import ExportPlan, SoundSegment
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.select import plan_film
from avm_otio.timeline.time import FrameSpan, nearest_frame

MOST = 9
"""So many items of a cue can be heard: as many as there are keys for them."""

PROXY = "audition.mp4"
"""The picture, where the job has no film that a browser plays."""

Key = tuple[str, int]
"""A cue's name and the id of one of its items."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """All that can be heard of a job.

    Attributes:
        timeline: The timeline, without our tracks.
        span: The record frames of its film.
        record_per_film: Record seconds a film second.
        film: The picture, in a form that browsers play; ``None`` where there is none.
        own: What the timeline plays by itself, with noise-reduced sound where that is laid.
        bare: The same without that; ``None`` where none is laid.
        sounds: Every segment of every item, times from the film's first frame on the record.
        media: The media of all of them.
        heard: What was heard in an item, by its name.
        own_heard: What was heard in the film's own sound.
        request: How they are laid.
        asked: How they would be laid without choices.
        spoken: Where people speak, seconds from the film's first frame on the record.
        notes: What a person should know, one line each.
    """

    timeline: Timeline
    span: FrameSpan
    record_per_film: float
    film: Path | None
    own: Sources | None
    bare: Sources | None
    sounds: Mapping[Key, tuple[SoundSegment, ...]]
    media: Sources
    heard: Mapping[str, Heard]
    own_heard: Heard | None
    request: Request
    asked: Request
    spoken: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()


def alternatives(
    path: Path, request: Request, question: Question, access: Access, patience: Patience, report: Report
) -> Alternatives:
    """Lay every alternative of a job. What is not here is fetched where that works; nothing is bought.

    Args:
        path: The job's folder; it is held meanwhile.
        request: How its answer is laid; complete.
        question: What the service was asked.
        access: The way to the service; not opened where all is here.
        patience: How long to wait.
        report: Receives progress and warnings.

    Raises:
        AvmError: The timeline, its media or the answer cannot be used.
    """
    opened = films.open_timeline(request, report)
    plan = plan_film(opened.timeline, request.selection)
    whole = replace(choices.kept(path).choices.request(request), alternatives=MOST - 1)
    with open_job(path, report) as (job, report):
        try:
            fetch_answer(job, access, question, request=whole, patience=patience, report=report)
        except AvmError as error:
            report.warn(f"Alternatives that are not here yet cannot be fetched: {error}")
        cues = choices.kept(path).choices.offering(cues_of(job, question, whole))
        with_tracks = pipeline.with_tracks_of(job, whole, question, opened, plan)
        media_of = pipeline.media_of_job(job, opened, cues)
        made = soundtrack.soundtrack(
            job, whole, opened, plan, cues, media_of, with_tracks, report, as_chosen=True
        )
        film = _picture(job, whole, opened, plan, report)
        heard, _ = hear_items(job, cues, whole.spares, report)
        names = {clip.item.name: clip.item for lane in made.laid.lanes for clip in lane.clips}
        found = {name: known for name, item in names.items() if (known := heard(item)) is not None}
        own_heard, _ = hear_film(job, report)
    timeline = opened.timeline
    edges = (plan.film_map.record_start, plan.film_map.record_end)
    first, last = (nearest_frame(at, timeline.rate) for at in edges)
    span = FrameSpan(first, max(first + 1, last))
    sounds, media = _segments(opened, span, made.laid, whole, cues)
    replacing = replace(
        made.laid, lanes=tuple(each for each in made.laid.lanes if each.service.laying is Laying.REPLACES)
    )
    own = _sources(opened, span, with_tracks(replacing), whole, report)
    start = first / timeline.rate
    return Alternatives(
        timeline=timeline,
        span=span,
        record_per_film=float(plan.film_map.record_per_film),
        film=film,
        own=own,
        bare=_sources(opened, span, timeline, whole, report) if replacing.lanes else None,
        sounds=sounds,
        media=media,
        heard=found,
        own_heard=own_heard,
        request=whole,
        asked=request,
        spoken=tuple((float(begin - start), float(end - start)) for begin, end in made.spoken),
        notes=made.laid.notes,
    )


def _segments(
    opened: Opened, span: FrameSpan, laid: Laid, request: Request, cues: Cues
) -> tuple[dict[Key, tuple[SoundSegment, ...]], Sources]:
    """What is heard of each item of each cue, exactly as a mix plays it."""
    keys: list[Key] = []
    every: list[SoundSegment] = []
    plan: ExportPlan | None = None
    for lane in laid.lanes:
        if lane.service.laying is Laying.REPLACES:
            continue
        for key, clips in _sounds(lane, cues):
            plan = plan_playback(_alone(opened.timeline, lane, clips), span=span)
            every += plan.sound
            keys += [key] * len(plan.sound)
    if plan is None:
        plan = plan_playback(opened.timeline, span=span)
    plan = replace(plan, sound=tuple(every), picture=())
    plan, media = film_located(plan, opened.folder, request.media_roots, must_show=False)
    found: dict[Key, tuple[SoundSegment, ...]] = {}
    for key, segment in zip(keys, plan.sound, strict=True):
        found[key] = (*found.get(key, ()), segment)
    return found, Sources.of(plan, media)


def _sounds(lane: Lane, cues: Cues) -> Iterator[tuple[Key, list[LaidClip]]]:
    """The clips of a track by cue and item."""
    if lane.service.laying is Laying.BED:  # one piece, or several that are heard in turn, under one cue
        if lane.clips:
            first = lane.clips[0]
            numbered = {cue.number: cue for cue in cues.by_service[lane.service]}
            # Whichever piece comes first in it, it is what is heard where the item of its rank is chosen.
            item = numbered[first.cue.number].items[first.rank]
            yield (name_of(lane.service, first.cue), item.id), list(lane.clips)
        return

    def whose(clip: LaidClip) -> Key:
        return name_of(lane.service, clip.cue), clip.item.id

    for key, clips in groupby(sorted(lane.clips, key=whose), key=whose):
        yield key, sorted(clips, key=lambda each: each.clip.start)


def _alone(timeline: Timeline, lane: Lane, clips: Iterable[LaidClip]) -> Timeline:
    """A timeline of these clips alone, switched on."""
    on = tuple(replace(each.clip, enabled=True) for each in clips)
    heads = {clip.start for clip in on}
    joins = tuple(each for each in lane.transitions if each.at in heads)
    track = Track(lane.name, TrackKind.AUDIO, on, joins, stem=lane.stem)
    end = max((clip.frames(timeline.rate)[1] / timeline.rate for clip in on), default=timeline.duration)
    return replace(timeline, tracks=(track,), duration=max(timeline.duration, end))


def _sources(
    opened: Opened, span: FrameSpan, timeline: Timeline, request: Request, report: Report
) -> Sources | None:
    """What a timeline plays; ``None`` where that cannot be read."""
    try:
        plan = replace(plan_playback(timeline, span=span), picture=())
        plan, media = film_located(plan, opened.folder, request.media_roots, must_show=False)
        return Sources.of(plan, media)
    except (InputError, MediaError) as error:
        report.warn(f"The timeline's own sound cannot be read: {error}")
        return None


def film_of(job: Path) -> Path | None:
    """The picture of a job that is there and that browsers play; ``None`` where there is none yet."""
    from avm_otio.media.probe import probe

    made = read_journal(job).film
    shown = None if made is None or made.quality == SMALL_FILM else job / made.path
    for path in (shown, job / PROXY):
        with suppress(MediaError):
            # What is sent is H.264 in MP4, or the user's own file where that is the same.
            video = probe(path).video if path is not None and path.is_file() else None
            if video is not None and video.codec == "h264":
                return path
    return None


def _picture(job: Job, request: Request, opened: Opened, plan: ExportPlan, report: Report) -> Path | None:
    """A picture that browsers play: the job's film, else one that is made."""
    found = film_of(job.path)
    if found is not None:
        return found
    try:
        silent = replace(plan, sound=())
        located, media = film_located(silent, opened.folder, request.media_roots)
        with report.step("Making the picture", plan.frames) as advance:
            quality = Quality(request.quality)
            made = export_film(located, media, job.path / PROXY, quality=quality, progress=advance)
    except AvmError as error:
        report.warn(f"There is no picture: {error}")
        return None
    return made.path
