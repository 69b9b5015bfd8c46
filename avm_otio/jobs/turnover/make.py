"""A turnover made: the folder appears when all of it is there, and not before."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from avm_otio.addresses import LOCAL
from avm_otio.delivery.cue_sheets.write import write_cue_sheet
from avm_otio.delivery.deliver import with_media
from avm_otio.delivery.handles import with_handles
from avm_otio.delivery.retimed import retimed
from avm_otio.errors import UsageError
from avm_otio.files import make_folder, unwritable, write_text
from avm_otio.formats.format import SoundFiles
from avm_otio.formats.table import editor_named, editors, writer_of
from avm_otio.formats.writing import write
from avm_otio.jobs.conform.sources import CONFORMED
from avm_otio.jobs.turnover.paper import (
    MANIFEST,
    TEMPLATE,
    Inside,
    files_in,
    manifest_of,
    short_of,
    write_papers,
)
from avm_otio.jobs.turnover.place import publish, refuse_place, staged
from avm_otio.jobs.turnover.sequence import POP_S, Laid, LaidTrack, pop_media, sequence_of, start_of
from avm_otio.jobs.turnover.template import Template
from avm_otio.media.naming import safe_name
from avm_otio.media.originals import film_located
from avm_otio.mix.bill import Bill
from avm_otio.mix.clearance import Clearance, words_of
from avm_otio.report import Advance, Report
from avm_otio.timeline.features import Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Timeline, Track, TrackKind
from avm_otio.timeline.nests import OPENED, opened_and_reported
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.time import nearest_frame, nominal_rate, since_midnight
from avm_otio.words import counted

if TYPE_CHECKING:
    from avm_otio.jobs.reels import Reel
    from avm_otio.jobs.sheets import Sheet
    from avm_otio.media.film import Burnt
    from avm_otio.request import Request

PROTOOLS = "protools"
_AAF = ("avid", ".aaf")
_BUNDLES = (".otioz", ".otiod", ".zip")
_RENDERED = ".at_speed"
_MEDIA, _WHOLE_MEDIA, _STEMS = "media", "media_interleaved", "stems"
_POP = "2-pop.wav"
LOSSES = "losses.txt"
"""What the timelines do not say as the source does, a line each."""

_MOST_SHOWN = 8
_RATE = Fraction(SAMPLE_RATE_HZ)


@dataclass(frozen=True, slots=True)
class Order:
    """How a turnover is wanted.

    Attributes:
        folder: Where it goes; absolute.
        editors: Who opens it.
        template: What it looks like.
        overwrite: Whether an older turnover may be replaced.
        with_preview: Whether the picture is written, too.
        quality: How tall it may be.
    """

    folder: Path
    editors: tuple[str, ...]
    template: Template
    overwrite: bool = False
    with_preview: bool = True
    quality: str = "540p"


@dataclass(frozen=True, slots=True)
class Turned:
    """A turnover that was written.

    Attributes:
        folder: Where it lies.
        manifest: What it says of itself.
        tracks: Its sound tracks.
        losses: What its timelines do not say.
        licences: What is not cleared, a line each.
    """

    folder: Path
    manifest: Mapping[str, Any]
    tracks: tuple[LaidTrack, ...]
    losses: tuple[Loss, ...]
    licences: tuple[str, ...]


@dataclass(slots=True)
class _Noted:
    """A ``Report`` that keeps what it warns of."""

    report: Report
    lines: list[str] = field(default_factory=list)

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        self.report.event(name, **fields)

    def warn(self, text: str) -> None:
        """Something the user should know, kept."""
        if text not in self.lines:
            self.lines.append(text)
            self.report.warn(text)

    def step(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """A stretch of work."""
        return self.report.step(label, total)


def dialects(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Editor → the writer's name of it and the suffix of its file. Pro Tools takes an AAF, as Avid does.

    Raises:
        UsageError: There is no such editor, or it takes one file with all inside.
    """
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        if name.lower() in (PROTOOLS, _AAF[0]):
            found[name.lower()] = _AAF
            continue
        editor = editor_named(name)
        suffix = next((one for one in editor.suffixes if one not in _BUNDLES), "")
        if not suffix:
            raise UsageError(f"{editor.title} takes no plain file.", f"There are {', '.join(editors())}.")
        found[editor.name] = editor.name, suffix
    if not found:
        raise UsageError("No editor is named to open the turnover.", "Give --for protools.")
    return found


def turnover(
    reel: Reel,
    request: Request,
    order: Order,
    sheet_of: Callable[[Reel], Sheet],
    report: Report,
) -> Turned:
    """Write a turnover.

    Args:
        reel: The timeline, scored or not.
        request: ``media_roots`` count.
        order: How it is wanted.
        sheet_of: Makes the cue sheet of a reel.
        report: Receives progress and warnings.

    Raises:
        UsageError: Things that do not go together.
        InputError: The timeline or its media cannot be used.
        OutputError: Something cannot be written; the folder is as it was then.
    """
    formats = dialects(order.editors)
    source = reel.opened.path.absolute()
    if source.is_relative_to(order.folder):
        raise UsageError(f"The timeline itself lies in {order.folder}.", "Choose another folder with -o.")
    noted = _Noted(report)
    start_of(reel.opened.timeline, order.template)
    losses = Losses(reel.opened.timeline)
    whole = with_media(reel.opened, request.media_roots, noted)
    sound = opened_and_reported(replace(whole, tracks=whole.audio_tracks), losses, OPENED)
    timeline = replace(whole, tracks=(*whole.video_tracks, *sound.tracks))
    for loss in losses:
        noted.warn(f"{loss.item}: {loss.message}.")
    with staged(order.folder, noted, overwrite=order.overwrite) as folder:
        work = _Work(reel, order, folder, timeline, noted)
        work.write_stems_and_preview()
        lost = work.write_timelines(formats)
        work.write_cue_sheet(sheet_of)
        work.copy_changes()
        made = work.finish()
        publish(folder, order.folder, overwrite=order.overwrite)
    return replace(made, losses=(*losses, *lost))


class _Work:
    """One turnover on its way."""

    def __init__(self, reel: Reel, order: Order, folder: Path, timeline: Timeline, noted: _Noted) -> None:
        self.reel, self.order, self.folder, self.noted = reel, order, folder, noted
        self.inside = Inside()
        self.licences: list[str] = []
        media = make_folder(folder / _MEDIA)
        reference = self._pop_reference(timeline)
        pop = pop_media(str(media / _POP), timeline.rate, Fraction(reference, SAMPLE_RATE_HZ))
        self.laid: Laid = sequence_of(timeline, order.template, pop)
        self.name = safe_name(timeline.name or reel.opened.path.stem)
        self.delivered = self.laid.timeline
        for note in self.laid.notes:
            noted.warn(note)
        own = timeline.timecode(Fraction(0))
        if own != self.laid.timecode(self.laid.first):
            noted.warn(
                f"The timeline starts at {own}, its turnover at "
                f"{self.laid.timecode(self.laid.first)}: all timecodes in it are the turnover's."
            )
        if self.laid.pops:
            from avm_otio.media.pop import write_pop

            write_pop(media / _POP, nearest_frame(pop.duration or Fraction(0), _RATE), reference)
        self._plan, self._places = self._planned()

    def _pop_reference(self, timeline: Timeline) -> int:
        """The head pop's place on the record, samples since midnight."""
        frame = start_of(timeline, self.order.template)[0] - POP_S * nominal_rate(timeline.rate)
        return since_midnight(frame / timeline.rate, _RATE)

    def _planned(self) -> tuple[ExportPlan, dict[Media, Path]]:
        """What is seen and heard, all of it there.

        Raises:
            MissingMediaError: Some is not.
        """
        timeline = self.laid.timeline
        if all(track.is_ours for track in timeline.audio_tracks):
            # Else the pictures would be heard as well, whose sound lies on tracks here.
            timeline = replace(timeline, tracks=(*timeline.tracks, Track("", TrackKind.AUDIO, channels=1)))
        plan = plan_playback(timeline)
        if not self.order.with_preview:
            plan = replace(plan, picture=tuple(replace(each, layers=()) for each in plan.picture))
        return film_located(plan, self.folder, (), must_show=False)

    def write_stems_and_preview(self) -> None:
        """The mix with its picture, and the stems, from the sequence's start to its end."""
        from avm_otio.media.film import Quality
        from avm_otio.media.mixdown import write_preview

        laid, plan = self.laid, self._plan
        for note in plan.notes:
            self.noted.warn(note)
        shows = bool(plan.picture_media)
        if not shows and self.order.with_preview:
            self.noted.warn("The timeline shows no picture: the preview is its sound alone.")
        out = self.folder / f"{self.name}{'.mp4' if shows else '.m4a'}"
        with self.noted.step("Writing preview and stems", plan.frames) as advance:
            made = write_preview(
                plan,
                self._places,
                out,
                stems=self.folder / _STEMS,
                start=laid.timeline.start,
                quality=Quality(self.order.quality),
                progress=advance,
                burnt=_burnt(laid) if shows else None,
            )
        self.inside.preview = out.name
        self.inside.stems = [path.relative_to(self.folder).as_posix() for path in made.stems]
        self._put_pops(made.stems)
        for note in made.notes:
            self.noted.warn(note)
        for over in made.overs[:_MOST_SHOWN]:
            at = laid.timeline.timecode(plan.film_map.to_record(over.start))
            self.noted.warn(
                f"{over.of} is up to {over.over_db:.1f} dB above full scale from {at} on: cut off there."
            )
        if len(made.overs) > _MOST_SHOWN:
            self.noted.warn(f"And above full scale in {len(made.overs) - _MOST_SHOWN} more places.")

    def _put_pops(self, stems: Sequence[Path]) -> None:
        from avm_otio.media.pop import put_pop

        for path in stems:
            for pop in self.laid.pops:
                put_pop(path, pop.sample, pop.samples)

    def write_timelines(self, formats: Mapping[str, tuple[str, str]]) -> tuple[Loss, ...]:
        """The timelines that editors open, with their sound; what they do not say."""
        laid, losses = self.laid, list[Loss]()
        at_speed = self.folder / _RENDERED
        whole = retimed(laid.timeline, at_speed, self.order.template.handles, self.noted)
        made: dict[bool, Timeline] = {}
        written: dict[tuple[str, str], str] = {}
        for editor, (writer, suffix) in formats.items():
            split = writer_of(suffix, writer).sound is SoundFiles.MONO
            if split not in made:
                made[split] = with_handles(
                    whole,
                    make_folder(self.folder / (_MEDIA if split else _WHOLE_MEDIA)),
                    self.order.template.handles,
                    split=split,
                    report=self.noted,
                )
            if (writer, suffix) in written:
                name = written[writer, suffix]
                self.inside.timelines[name] += f", {editor}"
                continue
            is_only = sum(other == suffix for _, other in set(formats.values())) == 1
            name = f"{self.name}{suffix}" if is_only else f"{self.name}_{editor}{suffix}"
            final = self.order.folder / name
            laid_out = _as_delivered(made[split], with_picture=suffix != _AAF[1])
            _, lost = write(self._as_it_will_lie(laid_out), final, editor=writer, into=self.folder)
            losses += [replace(loss, item=f"{name}: {loss.item}") for loss in lost]
            written[writer, suffix] = name
            self.inside.timelines[name] = editor
        self.delivered = made.get(True) or made[False]
        if laid.last_picture is not None and _AAF in formats.values():
            self.noted.warn("The AAF holds sound alone: the picture is the preview.")
        shutil.rmtree(at_speed, ignore_errors=True)
        found = tuple(dict.fromkeys(losses))
        self.inside.losses = len(found)
        if found:
            write_text(self.folder / LOSSES, "".join(f"{loss.item}: {loss.message}\n" for loss in found))
        return found

    def _as_it_will_lie(self, timeline: Timeline) -> Timeline:
        """A timeline whose media are named where they will lie."""
        final_media: dict[Media, Media] = {}

        def final(path: str) -> str:
            place = PurePath(path)
            inside = place.is_relative_to(self.folder)
            return str(self.order.folder / place.relative_to(self.folder)) if inside else path

        def of_clip(clip: Clip) -> Clip:
            media = clip.media
            if media is None:
                return clip
            if media not in final_media:
                final_media[media] = replace(
                    media, path=final(media.path), mono=tuple(final(path) for path in media.mono)
                )
            return replace(clip, content=final_media[media])

        return replace(
            timeline,
            tracks=tuple(replace(track, clips=tuple(map(of_clip, track.clips))) for track in timeline.tracks),
        )

    def write_cue_sheet(self, sheet_of: Callable[[Reel], Sheet]) -> None:
        """The cue sheet in the turnover's timecode, and what is not cleared."""
        opened = self.reel.opened
        laid = self.laid
        moved = replace(opened.timeline, start_frame=laid.start_frame, drop_frame=laid.timeline.drop_frame)
        reel = replace(self.reel, opened=replace(opened, timeline=moved))
        bill = Bill.of([(reel.name, [(reel.timecode(each), each) for each in reel.sounds])])
        examples = 0
        for line in bill.used:
            if not line.is_bought and (line.total.price or line.total.unread):
                if line.service == LOCAL:
                    examples += 1
                else:
                    title = line.item.title or line.item.name
                    self.licences.append(f"“{title}” is a preview: it is not bought.")
        if examples:
            self.noted.warn(
                f"The prices of {counted(examples, 'sound')} are examples of the local engine: "
                "nothing is to be paid."
            )
        sheet = sheet_of(reel)
        for each in sheet.licensed:
            if each.clearance is not Clearance.FREE:
                stated = each.stated.licence or "no licence is stated"
                self.licences.append(f"“{each.title}”: {stated}; {words_of(each.stated)}.")
        if not sheet.sheet.rows:
            if not self.reel.sounds:
                self.noted.warn("The timeline was not scored here: there is no cue sheet.")
            else:
                self.noted.warn("No music is heard: there is no cue sheet.")
            return
        for suffix in (".xlsx", ".csv"):
            path = self.folder / f"cue_sheet{suffix}"
            write_cue_sheet(sheet.sheet, path)
            self.inside.cue_sheet.append(path.name)

    def copy_changes(self) -> None:
        """What conform said of the cut, where it made the timeline."""
        timeline, path = self.reel.opened.timeline, self.reel.opened.path
        if not (timeline.origin or {}).get(CONFORMED):
            return  # what lies beside it by such a name is of another cut
        lists = [path.with_name(f"{path.stem}.changes{suffix}") for suffix in (".csv", ".edl")]
        there = [each for each in lists if each.is_file()]
        for each in lists:
            if each not in there:
                self.noted.warn(f"The list of changes {each.name} is not beside {path.name}: it is left out.")
        if not there:
            return
        for each in there:
            name = f"changes{each.suffix}"
            try:
                shutil.copyfile(each, self.folder / name)
            except OSError as error:
                raise unwritable(self.folder / name, error) from error
            self.inside.changes.append(name)
        if timeline.start_frame != self.laid.start_frame:
            self.noted.warn(
                f"The list of changes counts in the cut's own timecode, from "
                f"{timeline.timecode(Fraction(0))}, not in the turnover's."
            )

    def finish(self) -> Turned:
        """README, manifest and checksums."""
        write_text(self.folder / TEMPLATE, self.order.template.text)
        manifest = manifest_of(self.laid, self.delivered, self.order.template, self.inside, self.noted.lines)
        short = short_of(manifest["clips"], manifest["handles_s"])
        if short:
            self.noted.report.warn(
                f"{len(short)} of {len(manifest['clips'])} clips have less than "
                f"{manifest['handles_s']:g} s of handles: their media has no more. {MANIFEST} says how much."
            )
        total = sum(path.stat().st_size for path in files_in(self.folder))
        with self.noted.step("Summing up", total) as advance:
            write_papers(self.folder, manifest, self.laid.tracks, self.licences, advance)
        return Turned(self.order.folder, manifest, self.laid.tracks, (), tuple(self.licences))


def _as_delivered(timeline: Timeline, *, with_picture: bool) -> Timeline:
    """A timeline as an editor gets it: sounds are files of their own now, and linked to no picture."""

    def of(track: Track, clip: Clip) -> Clip:
        return replace(clip, link=None, raw=None if track.kind is TrackKind.AUDIO else clip.raw)

    kept = timeline.tracks if with_picture else timeline.audio_tracks
    tracks = (replace(track, clips=tuple(of(track, clip) for clip in track.clips)) for track in kept)
    return replace(timeline, tracks=tuple(tracks), size=timeline.size if with_picture else None)


def _burnt(laid: Laid) -> Burnt:
    from avm_otio.media.film import Burnt

    return Burnt(laid.timecode, frozenset(pop.frame for pop in laid.pops))


def refuse(order: Order) -> None:
    """Refuse what cannot be written, or would be written over, before any work is done.

    Raises:
        UsageError: There is no such editor.
        OutputError: The folder is there, or what it should lie in is not.
    """
    dialects(order.editors)
    refuse_place(order.folder, overwrite=order.overwrite)
