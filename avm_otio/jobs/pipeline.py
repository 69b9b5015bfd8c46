"""The only place that puts the steps together: a timeline in, a scored timeline out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opentimelineio as otio

from avm_otio.core import results
from avm_otio.core.cues import Cues, Item, read_cues
from avm_otio.core.errors import SelectionError
from avm_otio.core.flatten import AUDIO, kind_of, timeline_rate
from avm_otio.core.metadata import Origin
from avm_otio.core.placement import AS_IT_COMES, Laid, LaidClip, Layout, Sound, lay
from avm_otio.core.plan import ExportPlan, MediaSource
from avm_otio.core.report import Report, Silent
from avm_otio.core.selection import Selection, find_track, plan_film, start_frame
from avm_otio.core.timing import format_timecode, nearest_frame
from avm_otio.core.tracks import add_tracks, without_ours
from avm_otio.core.urls import UrlStyle, url_of
from avm_otio.dialects import registry
from avm_otio.dialects.registry import Opened
from avm_otio.files import make_folder
from avm_otio.jobs.folder import JobFolder, open_job, readable

if TYPE_CHECKING:
    from avm_otio.api.client import Client
    from avm_otio.api.models import ServiceRequest
    from avm_otio.media.export import FilmFile

_SILENT = Silent()
WHOLE = Selection()
"""The whole timeline."""

PATIENCE_S = 3600.0
"""How long a result is waited for where nothing else is said, in seconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A timeline and what of it.

    Attributes:
        path: The timeline file.
        selection: What of it.
        media_roots: Folders in which moved media are looked for by name.
        rate: Frames a second, for an EDL.
        sequence: Which timeline, where the file holds several.
    """

    path: Path
    selection: Selection = WHOLE
    media_roots: tuple[Path, ...] = ()
    rate: Fraction | None = None
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run made.

    Attributes:
        output: The timeline that was written.
        job: The job's folder.
        film_id: The Film.
        session_id: The film service.
        laid: What lies on the timeline.
        currency: What prices are in.
        total: Sum of the chosen items' prices, each item once, what is bought already not counted.
        start_frame: The timeline's start timecode, as a count of frames.
        notes: What the user should know, one line each.
    """

    output: Path
    job: Path
    film_id: int
    session_id: int
    laid: Laid
    currency: str
    total: Decimal
    start_frame: int
    notes: tuple[str, ...] = ()

    def timecode(self, clip: LaidClip) -> str:
        """The record timecode at which a clip lies."""
        return format_timecode(self.start_frame + clip.span.start, self.laid.rate)


@dataclass(frozen=True, slots=True)
class _Film:
    plan: ExportPlan
    file: FilmFile
    sources: Mapping[MediaSource, Path] = field(repr=False)


def open_timeline(source: Source, report: Report = _SILENT) -> Opened:
    """Read a timeline, without the tracks that an earlier run laid.

    Raises:
        TimelineError: It cannot be read.
    """
    opened = registry.read(source.path, rate=source.rate, sequence=source.sequence)
    for note in opened.notes:
        report.warn(note)
    return replace(opened, timeline=without_ours(opened.timeline))


def export(source: Source, output: Path, *, quality: str | None = None, report: Report = _SILENT) -> FilmFile:
    """Write the film of a clip or a range to a file.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        OutputError: The film cannot be written.
    """
    opened = open_timeline(source, report)
    return _export(opened, source, _plan(opened, source, report), output, quality, report).file


def score(
    source: Source,
    output: Path,
    client: Client,
    request: ServiceRequest,
    *,
    service: str,
    layout: Layout = AS_IT_COMES,
    quality: str | None = None,
    jobs_folder: Path | None = None,
    timeout_s: float = PATIENCE_S,
    report: Report = _SILENT,
) -> Scored:
    """Score a timeline: export, upload, ask, wait, download, lay, write.

    Args:
        source: The timeline and what of it.
        output: The timeline to write; its suffix names the format.
        client: The service, or the local engine.
        request: What to ask for.
        service: What the service is called in the job and in the metadata: its origin, or ``local``.
        layout: How cues are laid.
        quality: How the film is encoded.
        jobs_folder: Where the job's folder goes; beside the timeline by default.
        timeout_s: How long to wait for the result, in seconds.
        report: Who is told of progress.

    Raises:
        AvmError: In every way that ``core.errors`` lists. Nothing is written at ``output`` then.
    """
    from avm_otio.api.models import FilmType, check_film_may

    registry.check_writable(output)
    opened = open_timeline(source, report)
    plan = _plan(opened, source, report)
    asked = _asked(plan, request, client, service)
    job = open_job(jobs_folder or opened.side_folder, plan.name, asked)
    film = _export(opened, source, plan, job.film, quality, report, may_pass=True)
    check_film_may(FilmType.NORMAL if film.file.has_sound else FilmType.SILENT, request.services)
    film_id, session_id, cues = _ask(client, request, job, film, source, layout.skip_bad, timeout_s, report)
    sounds = _download(client, cues, job, report)
    folder = make_folder(output.absolute().parent)
    style = registry.url_style(opened.timeline)

    def sound_of(item: Item) -> Sound:
        path, sound = sounds[_key(item)]
        return replace(sound, url=url_of(path, style, folder))

    rate = timeline_rate(opened.timeline)
    laid = lay(cues, plan.film_map, rate, sound_of, layout)
    origin = Origin(
        service=service,
        currency=client.currency,
        language=client.language,
        film_id=film_id,
        session_id=session_id,
        license=request.license.dump(),
    )
    notes = [*laid.notes]
    replaced: Sequence[tuple[int, MediaSource | None]] = ()
    if laid.dialogue:
        replaced = _heard(opened.timeline, source.selection, plan)
        if not replaced:
            notes.append(
                "The picture's own sound is not a track: mute it in your editor under the new dialogue."
            )
    here = registry.moved(opened, folder)
    scored = replace(here, timeline=add_tracks(here.timeline, laid, origin, replaced=replaced))
    notes += registry.write(scored, output)
    for note in notes:
        report.warn(note)
    tracks = [track.name for track in scored.timeline.tracks]
    report.event("written", path=str(output), tracks=tracks)
    total, start = total_price(cues), start_frame(opened.timeline, rate)
    return Scored(output, job.path, film_id, session_id, laid, client.currency, total, start, tuple(notes))


def total_price(cues: Cues) -> Decimal:
    """Sum of the prices of the chosen items: each item once, what is bought already not counted."""
    chosen = {item.id: item for item in cues.chosen if not item.served.get("is_bought")}
    return sum((item.price for item in chosen.values() if item.price is not None), Decimal(0))


def _plan(opened: Opened, source: Source, report: Report) -> ExportPlan:
    plan = plan_film(opened.timeline, source.selection)
    rate = timeline_rate(opened.timeline)
    first = start_frame(opened.timeline, rate)
    edges = [nearest_frame(edge, rate) for edge in (plan.film_map.record_start, plan.film_map.record_end)]
    record_in, record_out = (format_timecode(max(0, first + edge), rate) for edge in edges)
    report.event(
        "plan",
        name=plan.name,
        record_in=record_in,
        record_out=record_out,
        frames=plan.frames,
        rate=str(plan.rate),
        notes=list(plan.notes),
    )
    for note in plan.notes:
        report.warn(note)
    return plan


def _asked(plan: ExportPlan, request: ServiceRequest, client: Client, service: str) -> dict[str, Any]:
    """What makes a job the one it is, as JSON."""
    return {
        "version": 1,
        "service": service,
        "language": client.language,
        "currency": client.currency,
        "request": request.dump(),
        "plan": asdict(plan),
    }


def _export(
    opened: Opened,
    source: Source,
    plan: ExportPlan,
    output: Path,
    quality: str | None,
    report: Report,
    *,
    may_pass: bool = False,
) -> _Film:
    from avm_otio.media import export as media_export
    from avm_otio.media.locate import locate

    media = locate(plan.media, folder=opened.folder, roots=source.media_roots)
    whole = media_export.whole_file(plan, media) if may_pass else None
    if whole is not None:
        file = whole
    else:
        with report.step("Exporting the film", plan.frames) as advance:
            file = media_export.export_film(
                plan,
                media,
                output,
                quality=media_export.Quality(quality or media_export.Quality.P540),
                progress=advance,
            )
    for note in file.notes:
        report.warn(note)
    report.event("film_exported", path=str(file.path), size_bytes=file.size_bytes, reencoded=file.reencoded)
    return _Film(plan, file, media)


def _ask(
    client: Client,
    request: ServiceRequest,
    job: JobFolder,
    film: _Film,
    source: Source,
    skip_bad: bool,
    timeout_s: float,
    report: Report,
) -> tuple[int, int, Cues]:
    from avm_otio.api.models import resolve_result
    from avm_otio.api.waiting import wait_for_result

    file_name = f"{readable(source.path.stem)}-{job.key}{film.file.path.suffix.lower()}"
    with report.step("Uploading the film", film.file.size_bytes) as advance:
        film_id = client.create_film(film.file.path, filename=file_name, progress=advance)
    report.event("film_created", film_id=film_id)
    session_id = client.create_service(film_id, request)
    report.event("service_submitted", film_id=film_id, session_id=session_id)
    with report.step("Waiting for the service") as advance:

        def on_poll(elapsed_s: float, result: object) -> None:
            report.event("waiting", elapsed_s=round(elapsed_s, 1))
            advance(0)

        result = wait_for_result(client, film_id, session_id, timeout_s=timeout_s, on_poll=on_poll)
    job.save("result.json", result.dump())
    described = client.film(film_id)
    job.save("film.json", described.dump())
    resolved = resolve_result(result, described, request.services)
    return film_id, session_id, read_cues(resolved.dump(), skip_bad=skip_bad)


def _key(item: Item) -> tuple[int, str]:
    return item.id, item.url or ""


def _download(
    client: Client, cues: Cues, job: JobFolder, report: Report
) -> dict[tuple[int, str], tuple[Path, Sound]]:
    """Fetch the chosen items, each once, and measure them."""
    from avm_otio.media.fetch import fetch
    from avm_otio.media.naming import safe_stem
    from avm_otio.media.probe import sound_length

    wanted = {_key(item): item for item in cues.chosen}
    found: dict[tuple[int, str], tuple[Path, Sound]] = {}
    with report.step("Downloading", len(wanted)) as advance:
        for number, (key, item) in enumerate(wanted.items(), 1):
            path = fetch(
                item.url or "", job.media, safe_stem(item.id, item.title), service_url=client.base_url
            )
            facts = sound_length(path)
            duration = Fraction(facts.samples, facts.sample_rate_hz)
            found[key] = path, Sound("", duration, facts.samples, facts.sample_rate_hz, facts.channels)
            report.event("item_downloaded", id=item.id, path=str(path))
            advance(number, len(wanted))
    return found


def _heard(
    timeline: otio.schema.Timeline, selection: Selection, plan: ExportPlan
) -> list[tuple[int, MediaSource | None]]:
    """Which sound of the timeline the film carried: tracks, and the media in them where not all."""
    indices = [index for index, track in enumerate(timeline.tracks) if kind_of(track) == AUDIO]
    if selection.clip is not None:
        return [(index, segment.media) for index in indices for segment in plan.sound]
    if selection.track is not None and find_track(timeline, selection.track) in indices:
        return [(find_track(timeline, selection.track), None)]
    return [(index, None) for index in indices]


def lay_answer(
    document: Any,
    source: Source,
    *,
    media_folder: Path | None = None,
    layout: Layout = AS_IT_COMES,
    origin: Origin | None = None,
    report: Report = _SILENT,
) -> tuple[Opened, Laid]:
    """Lay a saved answer onto a timeline; no service in sight.

    Args:
        document: A Film, a service result or a notification, as parsed.
        source: The timeline and where on it the film lay.
        media_folder: Where the items' files are, named ``<id>.*`` or by title.
        layout: How cues are laid.
        origin: What is known of where the answer comes from.
        report: Who is told of progress.

    Raises:
        InputError: The answer, the timeline or the selection cannot be used.
    """
    opened = open_timeline(source, report)
    plan = plan_film(opened.timeline, source.selection)
    cues = read_cues(document, skip_bad=layout.skip_bad)
    if not cues.chosen:
        report.warn("The answer offers nothing to lay.")
    style = registry.url_style(opened.timeline)
    sound_of = sounds_in(media_folder, lambda path: url_of(path, style, opened.folder))
    laid = lay(cues, plan.film_map, timeline_rate(opened.timeline), sound_of, layout)
    replaced = _heard(opened.timeline, source.selection, plan) if laid.dialogue else ()
    scored = add_tracks(opened.timeline, laid, origin or Origin(), replaced=replaced)
    return replace(opened, timeline=scored), laid


def lay_alone(
    document: Any,
    path: Path,
    *,
    rate: Fraction | None = None,
    media_folder: Path | None = None,
    layout: Layout = AS_IT_COMES,
    origin: Origin | None = None,
) -> tuple[Opened, Laid]:
    """A timeline that holds nothing but what a saved answer offers.

    Args:
        document: A Film, a service result or a notification, as parsed.
        path: Where the answer was saved; its folder is what relative URLs are meant from.
        rate: Frames a second; 24 where not given, since an answer knows of no frames.
        media_folder: Where the items' files are.
        layout: How cues are laid.
        origin: What is known of where the answer comes from.

    Raises:
        InputError: The answer cannot be used.
    """
    cues = read_cues(document, skip_bad=layout.skip_bad)
    sound_of = sounds_in(media_folder, lambda found: url_of(found, UrlStyle.FILE_URL, path.parent))
    timeline, laid = results.lay_alone(
        document, cues, rate=rate or results.DEFAULT_RATE, sound_of=sound_of, layout=layout, origin=origin
    )
    return Opened(timeline, path, path.absolute().parent), laid


def sounds_in(media_folder: Path | None, name: Callable[[Path], str]) -> Callable[[Item], Sound]:
    """How to find an item's media: ``<id>.*`` or by title in a folder, else as the service says.

    Args:
        media_folder: The folder; ``None`` for none.
        name: The ``target_url`` of a path.

    Raises:
        SelectionError: There is no such folder.
    """
    if media_folder is None:
        return results.sound_as_served
    if not media_folder.is_dir():
        raise SelectionError(f"There is no folder {media_folder}.", "Give the folder that holds the items.")
    by_stem: dict[str, Path] = {}
    for path in sorted(media_folder.iterdir(), reverse=True):
        if path.is_file() and not path.name.startswith("."):
            by_stem[path.stem] = path
    known: dict[tuple[int, str], Sound] = {}

    def sound_of(item: Item) -> Sound:
        if _key(item) not in known:
            known[_key(item)] = _sound_in(by_stem, item, name)
        return known[_key(item)]

    return sound_of


def _sound_in(by_stem: Mapping[str, Path], item: Item, name: Callable[[Path], str]) -> Sound:
    from avm_otio.media.naming import safe_stem
    from avm_otio.media.probe import sound_length

    stems: Collection[str] = (str(item.id), safe_stem(item.id, item.title), item.title)
    path = next((by_stem[stem] for stem in stems if stem in by_stem), None)
    if path is None:
        return results.sound_as_served(item)
    facts = sound_length(path)
    duration = Fraction(facts.samples, facts.sample_rate_hz)
    return Sound(name(path), duration, facts.samples, facts.sample_rate_hz, facts.channels)
