"""An answer's sounds made into a soundtrack: listened to, cut to the picture, set to their levels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.errors import InputError, MediaError, MissingMediaError, SelectionError
from avm_otio.formats.reading import Opened
from avm_otio.jobs.ears import hear_film, hear_items, hear_record
from avm_otio.jobs.folder import Job
from avm_otio.media.originals import film_located
from avm_otio.mix.choices import Choices, with_first
from avm_otio.mix.chosen import adjusted, merged, noted, untouched
from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.fit import MusicLength, aligned
from avm_otio.mix.fitted import Coverage, Fitted
from avm_otio.mix.heard import Heard, Speech
from avm_otio.mix.laid_music import laid_music
from avm_otio.mix.music_markers import word_of
from avm_otio.mix.music_plan import MusicPer, MusicPlan, plan_music
from avm_otio.mix.placement import Laid, LaidClip, Lane, lay
from avm_otio.mix.verdict import Verdict
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.services import Laying, Service
from avm_otio.timeline.model import Marker, Media, Stem, Timeline
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.playback import plan_playback, sounds_alike
from avm_otio.timeline.select import Selection, record_span
from avm_otio.timeline.time import FilmTime, FrameSpan, RecordTime, from_micros, nearest_frame

if TYPE_CHECKING:
    from avm_otio.mix.levels import Levelled, TruePeak
    from avm_otio.mix.presets import Preset, Target

_NO_CHOICES = Choices()


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """What was laid, as it is heard.

    Attributes:
        laid: The clips at their levels; its notes say what the user should know.
        coverage: How much of what wants music has some; ``None`` where none was asked for.
        verdict: What the whole mix comes to; ``None`` where levels were left as they came.
        spoken: Where people speak, record time.
        raised_db: By how much all was raised for the loudness that is asked.
    """

    laid: Laid
    coverage: Coverage | None = None
    verdict: Verdict | None = None
    spoken: tuple[tuple[RecordTime, RecordTime], ...] = ()
    raised_db: float = 0.0


def soundtrack(
    job: Job,
    request: Request,
    opened: Opened,
    plan: ExportPlan,
    cues: Cues,
    media_of: Callable[[Item], Media],
    with_tracks: Callable[[Laid], Timeline],
    report: Report,
    *,
    choices: Choices = _NO_CHOICES,
    music_markers: Sequence[Marker] = (),
    as_chosen: bool = False,
) -> Soundtrack:
    """Make a soundtrack of the answer's sounds.

    What was chosen for a cue changes that cue alone: it is laid, fitted and levelled as if it were what the
    service had named first, beside all others as they are without any choice.

    Args:
        job: Where they are, and where what was heard is kept.
        request: How it is made.
        opened: The timeline.
        plan: Its film.
        cues: The answer, what is heard without a choice first.
        media_of: The media of an item; raises ``LookupError`` for one that is not here.
        with_tracks: The timeline with what was laid.
        report: Where progress goes.
        choices: What a person chose.
        music_markers: What a list says of music, beside the timeline's own markers.
        as_chosen: Lay each alternative of music as if it were chosen, among the others where several pieces
            are heard, rather than alone.

    Raises:
        CueError: A cue makes no sense.
        InputError: ``music_end`` is no place of the timeline, or a figure of the mix cannot be.
    """
    from avm_otio.mix.presets import preset_of, target_of

    request = choices.request(request)
    preset = preset_of(request.mix, figures_of(request))
    target = target_of(f"{request.loudness}")
    heard, notes = hear_items(job, choices.needed(cues), request.spares, report)
    cuts = scene_changes(plan)
    laid = lay(cues, plan.film_map, opened.timeline.rate, media_of, request, heard=heard, scene_changes=cuts)
    own = _own_sound(job, request, opened, plan, laid, with_tracks, report)
    speech = own.speech
    record = plan.film_map.to_record
    spoken = tuple(
        (record(FilmTime(from_micros(start))), record(FilmTime(from_micros(end))))
        for start, end in speech.spoken
    )
    desk = _Desk(
        _Music(
            job,
            request,
            _with_markers(opened.timeline, music_markers),
            plan,
            heard,
            media_of,
            spoken,
            cuts,
            as_chosen,
        ),
        own,
        preset,
        target,
        partial(true_peak_of, opened, request, _span(opened, plan), with_tracks) if own.is_whole else None,
    )
    made = desk.made(cues, notes)
    touched = choices.touched(cues)
    if any(choices.touches(service, cue) for service, offered in cues.by_service.items() for cue in offered):
        made = desk.changed(made, touched, choices)
    new_notes = choices.heard(cues).notes[len(cues.notes) :]
    laid = noted(made.laid, choices)
    return replace(made, laid=replace(laid, notes=(*laid.notes, *new_notes)), spoken=spoken)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Lays, fits and levels cues.

    Attributes:
        music: Cuts music to the picture; it knows the timeline and the sounds.
        own: What is heard where music and effects are laid.
        preset: How music and effects sit around speech.
        target: What the whole has to come to.
        true_peak: Measures what is laid; ``None`` where that cannot be.
    """

    music: _Music
    own: _OwnSound
    preset: Preset
    target: Target
    true_peak: TruePeak | None

    def made(self, cues: Cues, notes: Sequence[str]) -> Soundtrack:
        """The soundtrack of an answer."""
        laid, coverage = self._laid(cues, notes)
        levelled = self._levelled(laid)
        if levelled is None:
            return Soundtrack(laid, coverage)
        laid = replace(levelled.laid, notes=(*laid.notes, *levelled.notes))
        return Soundtrack(laid, coverage, levelled.verdict, raised_db=levelled.raised_db)

    def changed(self, before: Soundtrack, cues: Cues, choices: Choices) -> Soundtrack:
        """A soundtrack with some cues as they were chosen, every other clip as it is.

        Args:
            before: It, without choices.
            cues: Those cues, what is heard first; without those that are left out.
            choices: What was chosen.
        """
        film_map = self.music.plan.film_map
        rest = untouched(before.laid, choices)
        laid, coverage = self._laid(cues, ())
        levelled = self._levelled(laid, rest, before.laid, before.raised_db)
        if levelled is not None:
            laid = replace(levelled.laid, notes=(*laid.notes, *levelled.notes))
        whole = merged(rest, adjusted(laid, choices, film_map), before.laid)
        bed = any(service.laying is Laying.BED for service in cues.by_service if cues.by_service[service])
        verdict = before.verdict
        if verdict is not None:
            from avm_otio.mix.levels import verdict_of

            verdict = verdict_of(
                whole,
                film_map,
                self.music.heard,
                own=self.own.heard,
                as_played=self.own.is_record,
                speech=self.own.speech,
                target=self.target,
                true_peak=self.true_peak,
                timecode=self.music.timeline.timecode,
            )
        return Soundtrack(whole, coverage if bed else before.coverage, verdict)

    def _laid(self, cues: Cues, notes: Sequence[str]) -> tuple[Laid, Coverage | None]:
        music = self.music
        film_map, rate = music.plan.film_map, music.timeline.rate
        laid = lay(
            cues, film_map, rate, music.media_of, music.request, heard=music.heard, scene_changes=music.cuts
        )
        laid = replace(laid, notes=(*laid.notes, *notes))
        coverage: Coverage | None = None
        for service, offered in cues.by_service.items():
            if service.laying is Laying.BED and offered:
                laid, coverage = music.cut(laid, service, offered[0])
        return laid, coverage

    def _levelled(
        self,
        laid: Laid,
        beside: Laid | None = None,
        before: Laid | None = None,
        raised_db: float | None = None,
    ) -> Levelled | None:
        """What was laid at its levels; ``None`` where they stay as they come.

        Args:
            laid: It.
            beside: What else is heard.
            before: Both, as they were.
            raised_db: By how much all of it is raised for the loudness that is asked.
        """
        if not self.preset.is_on and self.target.lufs is None:
            return None
        from avm_otio.mix.levels import level
        from avm_otio.mix.spots import UnderSpeech

        measure = self.true_peak

        def true_peak(now: Laid, stretches: Sequence[tuple[RecordTime, RecordTime]]) -> Sequence[float]:
            assert measure is not None
            return measure(
                now if beside is None or before is None else merged(beside, now, before), stretches
            )

        music = self.music
        return level(
            laid,
            music.plan.film_map,
            music.heard,
            own=self.own.heard,
            as_played=self.own.is_record,
            speech=self.own.speech,
            preset=self.preset,
            target=self.target,
            under_speech=UnderSpeech(music.request.effects_under_speech),
            true_peak=None if measure is None else true_peak,
            timecode=music.timeline.timecode,
            beside=beside,
            raised_db=raised_db,
        )


@dataclass(frozen=True, slots=True)
class _OwnSound:
    """What is heard where music and effects are laid.

    Attributes:
        heard: How loud it is; ``None`` where it is silent.
        speech: Where people speak, film time.
        is_record: Whether it is what the timeline plays, rather than the film.
        is_whole: Whether that could be read in the timeline's stead where it had to be.
    """

    heard: Heard | None
    speech: Speech
    is_record: bool = False
    is_whole: bool = True


def _own_sound(
    job: Job,
    request: Request,
    opened: Opened,
    plan: ExportPlan,
    laid: Laid,
    with_tracks: Callable[[Laid], Timeline],
    report: Report,
) -> _OwnSound:
    """The timeline's own sound: the film's, but where that is not what the timeline plays there.

    A clip's film runs at the speed it was shot and leaves out what other tracks play; a track's leaves those
    out, too; and of a timeline without sound tracks an editor plays what lies below other pictures.
    """
    span = _span(opened, plan)
    playing = plan_playback(opened.timeline, span=span)
    if sounds_alike(plan, playing):
        return _OwnSound(*hear_film(job, report))
    replacing = replace(laid, lanes=tuple(lane for lane in laid.lanes if lane.stem is Stem.DIALOGUE))
    playing = plan_playback(with_tracks(replacing), span=span)
    try:
        located = film_located(playing, opened.folder, request.media_roots, must_show=False)
        heard, speech = hear_record(job, *located, report)
    except (MediaError, MissingMediaError) as error:  # of shots that nobody asked to score
        report.warn(f"Levels are set by the film's sound, not by all that plays there: {error}")
        return _OwnSound(*hear_film(job, report), is_whole=False)
    per_film = plan.film_map.record_per_film
    if per_film == 1:
        return _OwnSound(heard, speech, is_record=True)
    # Words are found best at the speed at which they were spoken.
    is_heard = {(part.media.path, part.speed * per_film) for part in playing.sound}
    plays_film = any((part.media.path, part.speed) in is_heard for part in plan.sound)
    shot = hear_film(job, report)[1] if plays_film else Speech()
    sped = ((round(start / per_film), round(end / per_film)) for start, end in speech.spoken)
    return _OwnSound(heard, Speech(_joined((*sped, *shot.spoken))), is_record=True)


def _joined(stretches: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches of time in order; what overlaps is one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def _span(opened: Opened, plan: ExportPlan) -> FrameSpan:
    """The record frames of a film."""
    timeline = opened.timeline
    edges = (plan.film_map.record_start, plan.film_map.record_end)
    first, last = (nearest_frame(at, timeline.rate) for at in edges)
    return FrameSpan(first, max(first + 1, last))


def check(request: Request, timeline: Timeline) -> None:
    """Make sure that a soundtrack can be made as it is asked, before anything is sent or paid for.

    Raises:
        InputError: A figure of the mix, the loudness, or where the music ends cannot be.
    """
    from avm_otio.mix.presets import preset_of, target_of

    preset_of(request.mix, figures_of(request))
    target_of(f"{request.loudness}")
    music_end(request, timeline)


def music_end(request: Request, timeline: Timeline) -> int | None:
    """The frame of the record at which the music ends; ``None`` for the picture's end.

    Raises:
        SelectionError: It lies outside the timeline.
    """
    if request.music_end is None:
        return None
    try:
        return record_span(timeline, Selection(tc_out=request.music_end)).end
    except SelectionError as error:
        what = f"The music cannot end at {request.music_end}, outside the timeline."
        raise SelectionError(what, error.hint) from None


def figures_of(request: Request) -> dict[str, float]:
    """The figures of the mix that are not the preset's.

    Raises:
        InputError: One is not ``name=number``.
    """
    figures = {}
    for text in request.mix_figures or ():
        name, _, value = text.partition("=")
        try:
            figures[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"“{text}” is no figure of a mix.", "Write it as under_speech_lu=12.") from None
    return figures


def scene_changes(plan: ExportPlan) -> tuple[FilmTime, ...]:
    """Where the picture of a film cuts hard: what is seen before and after has nothing in common.

    A dissolve is none: what comes is seen before it.
    """
    cuts = []
    before: set[Media] = set()
    for segment in plan.picture:
        seen = {layer.media for layer in segment.layers}
        if segment.start and not (seen & before and len(segment.layers) > 1):
            cuts.append(FilmTime(segment.start / plan.rate))
        before = seen
    return tuple(cuts)


def _with_markers(timeline: Timeline, more: Sequence[Marker]) -> Timeline:
    """A timeline with more markers for music, each once."""
    present = {(nearest_frame(each.start, timeline.rate), word_of(each)) for each in timeline.markers}
    new = [each for each in more if (nearest_frame(each.start, timeline.rate), word_of(each)) not in present]
    return replace(timeline, markers=(*timeline.markers, *new)) if new else timeline


@dataclass(frozen=True, slots=True)
class _Music:
    job: Job
    request: Request
    timeline: Timeline
    plan: ExportPlan
    heard: Callable[[Item], Heard | None]
    media_of: Callable[[Item], Media]
    spoken: tuple[tuple[RecordTime, RecordTime], ...]
    cuts: tuple[FilmTime, ...]
    as_chosen: bool = False

    def cut(self, laid: Laid, service: Service, cue: Cue) -> tuple[Laid, Coverage | None]:
        """What was laid, its music cut to the picture, alternatives like what is heard."""
        offered = [item for item in cue.items if self._is_heard(item)]
        pieces = self._pieces(cue)
        if not pieces:
            return laid, None
        chosen = self._planned(pieces)
        if not any(map(self._sounds, pieces)) and len(cue.items) > len(offered):
            hint = "The answer holds other music: --alternatives 1 fetches the next piece, to take its place."
            chosen = replace(chosen, notes=(*chosen.notes, hint))
        lanes = [self._lane(service, cue, chosen, pieces)]
        for number in range(1, 1 + self.request.spares * bool(service.spare_track)):
            if number < len(cue.items) and self._sounds(cue.items[number]):
                item = cue.items[number]
                items = self._pieces(with_first(cue, item)) if self.as_chosen else [item]
                lane = self._lane(service, cue, self._planned(items), items)
                lanes.append(_as_spare(lane, cue, number))
        kept = [lane for lane in laid.lanes if lane.service != service]
        heard_lanes = [lane for lane in lanes if not lane.is_spare and lane.clips]
        spare_lanes = [lane for lane in lanes if lane.is_spare and lane.clips]
        first = next((n for n, lane in enumerate(laid.lanes) if lane.service == service), len(kept))
        first = min(first, len(kept))
        made = (*kept[:first], *heard_lanes, *kept[first:], *spare_lanes)
        return replace(laid, lanes=made, notes=(*laid.notes, *chosen.notes)), chosen.coverage

    def _pieces(self, cue: Cue) -> list[Item]:
        """The pieces of which the music is planned: the first that were listened to."""
        offered = [item for item in cue.items if self._is_heard(item)]
        pieces = [item for item in offered if item in cue.items[: cue.pieces]]
        if pieces and not any(map(self._sounds, pieces)):
            pieces += [item for item in offered if self._sounds(item)][:1]
        return pieces

    def _is_heard(self, item: Item) -> bool:
        found = self.heard(item)
        return found is not None and found.music is not None

    def _sounds(self, item: Item) -> bool:
        found = self.heard(item)
        return found is not None and found.music is not None and found.sounds

    def _planned(self, items: Sequence[Item]) -> MusicPlan:
        timeline, film_map = self.timeline, self.plan.film_map
        rate = timeline.rate
        first, last = (nearest_frame(at, rate) for at in (film_map.record_start, film_map.record_end))
        pieces = [found for item in items if (found := self.heard(item)) is not None]
        planned = plan_music(
            pieces,
            FrameSpan(first, max(first + 1, last)),
            rate,
            names=[item.title or str(item.id) for item in items],
            length=MusicLength(self.request.music_length),
            per=MusicPer(self.request.music_per),
            end=music_end(self.request, self.timeline),
            markers=timeline.markers,
            cuts=[film_map.to_record(cut) for cut in self.cuts],
            spoken=self.spoken,
            start_frame=timeline.start_frame,
            drop_frame=timeline.drop_frame,
        )
        parts = tuple(
            replace(part, music=self._in_phase(part.music, pieces[part.piece], items[part.piece]))
            for part in planned.parts
        )
        return replace(planned, parts=parts)

    def _in_phase(self, music: Fitted, heard: Heard, item: Item) -> Fitted:
        """The same, its joins listened to; as they were planned where the file cannot be read."""
        file = self.job.media / self.job.journal.media[item.name].file
        return in_phase(music, heard, file)

    def _lane(self, service: Service, cue: Cue, planned: MusicPlan, items: Sequence[Item]) -> Lane:
        return laid_music(
            service,
            cue,
            planned,
            items,
            self.media_of,
            self.plan.film_map,
            gain_db=self.request.music_gain_db,
            beat_markers=self.request.beat_markers,
        )


def _as_spare(lane: Lane, cue: Cue, rank: int) -> Lane:
    """A track of music as an alternative, switched off."""

    def spare(laid: LaidClip) -> LaidClip:
        clip = replace(laid.clip, enabled=False, alternative=rank)
        return LaidClip(clip, _with_at(cue, laid.item, rank), rank, laid.part)

    clips = tuple(map(spare, lane.clips))
    name = lane.service.spare_track.format(number=rank)
    return replace(lane, name=name, clips=clips, is_spare=True)


def _with_at(cue: Cue, item: Item, rank: int) -> Cue:
    """A cue whose item is the one of that rank: what a clip is of, where several pieces lie on one track."""
    others = [each for each in cue.items if each is not item]
    return replace(cue, items=(*others[:rank], item, *others[rank:]))


def in_phase(music: Fitted, heard: Heard, file: Path) -> Fitted:
    """The same, its joins listened to; as they were planned where the file cannot be read.

    Args:
        music: How a piece lies.
        heard: What was heard in it.
        file: The piece.
    """
    if not music.joins:
        return music
    from avm_otio.media.align import phases_of
    from avm_otio.media.probe import probe
    from avm_otio.media.stereo_reader import StereoReader

    try:
        reader = StereoReader(probe(file), ())
    except MediaError:
        return music
    try:
        return aligned(music, heard, phases_of(music, reader.read))
    except MediaError:
        return music
    finally:
        reader.close()


def true_peak_of(
    opened: Opened,
    request: Request,
    span: FrameSpan,
    with_tracks: Callable[[Laid], Timeline],
    laid: Laid,
    stretches: Sequence[tuple[RecordTime, RecordTime]],
) -> Sequence[float]:
    """The true peak of the whole mix in some stretches, dBTP."""
    from avm_otio.media.mixdown import true_peak

    plan, media = film_located(
        plan_playback(with_tracks(laid), span=span), opened.folder, request.media_roots, must_show=False
    )
    return true_peak(plan, media, stretches)
