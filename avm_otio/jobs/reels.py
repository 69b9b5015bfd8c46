"""Scored timelines read again: what each of our sounds on them is, by its metadata or by a job's files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from avm_otio.delivery.counting import as_media_count
from avm_otio.delivery.deliver import with_lengths
from avm_otio.errors import InputError
from avm_otio.files import side_folder
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.formats.table import readable
from avm_otio.jobs.catalogue import Entry, find_jobs, identify_jobs
from avm_otio.jobs.folder import JOURNAL, SCORED
from avm_otio.jobs.job_sounds import JobSounds, Unmatched
from avm_otio.jobs.of_timeline import around as around_of
from avm_otio.jobs.of_timeline import jobs_of
from avm_otio.mix.cues import Cue
from avm_otio.mix.used import ServiceItem, Sound, sounds_on
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.services import ServiceKeys
from avm_otio.timeline.model import Clip, Stem, Timeline
from avm_otio.words import counted

_MOST_NAMED = 5
"""Sounds of which nothing is known that a note names."""


@dataclass(frozen=True, slots=True)
class Reel:
    """A scored timeline, read again.

    Attributes:
        opened: The timeline.
        sounds: Every sound of ours on it, heard or not.
        jobs: The folders of jobs that it has to do with, the likeliest first.
        item_of: What a clip on it is that does not say so itself, by the jobs' files.
        cues_with: The cues of the jobs' answers that offer an item, by its name.
        job_sounds: All that jobs know of its sounds.
        left: Clips that may be sounds of ours under other names, and of which nothing says what they are.
    """

    opened: Opened
    sounds: tuple[Sound, ...]
    jobs: tuple[Path, ...]
    item_of: Callable[[Clip, Stem | None], ServiceItem | None]
    cues_with: Callable[[str], Sequence[Cue]]
    job_sounds: JobSounds
    left: tuple[Unmatched, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.opened.path.name

    def timecode(self, sound: Sound) -> str:
        """The record timecode at which a sound begins."""
        return self.opened.timeline.timecode(sound.placed.start)


def open_reels(words: Sequence[str], request: Request, keys: ServiceKeys, report: Report) -> list[Reel]:
    """Read scored timelines, or those that jobs wrote.

    Args:
        words: Paths of timelines; a job's folder, its key, or the start of its key.
        request: ``rate``, ``sequence``, ``media_roots`` and ``jobs_dir`` count.
        keys: The JSON keys of the service.
        report: Receives a note of sounds of which nothing is known.

    Raises:
        InputError: A word names neither, the timeline cannot be read, or the job has laid nothing yet.
    """
    reels = []
    with report.step("Reading", len(words)) as advance:
        for number, word in enumerate(words, 1):
            reels.append(_reel(word, request, keys, report))
            advance(number, len(words))
    return reels


def _reel(word: str, request: Request, keys: ServiceKeys, report: Report) -> Reel:
    job = _job_named(word, report)
    opened = _opened(Path(word), request) if job is None else _of_job(job, request)
    jobs = [] if job is None else [job]
    for note in opened.notes:
        report.warn(note)
    opened = with_lengths(as_media_count(opened, request), request.media_roots)
    jobs += [path for path in jobs_of(opened, request.jobs_dir) if path not in jobs]
    around = list(around_of(opened, request.jobs_dir))
    job_sounds = JobSounds(opened, jobs, around, keys, lambda path: _laid_by(path, request))
    timeline, left = job_sounds.recognised(opened.timeline)
    opened = replace(opened, timeline=timeline)
    sounds = sounds_on(timeline, job_sounds.item_of)
    jobs += [path for path in job_sounds.used if path not in jobs]
    reel = Reel(opened, sounds, tuple(jobs), job_sounds.item_of, job_sounds.cues_with, job_sounds, left)
    _report_unknown(reel, report)
    return reel


def report_unscored(reels: Iterable[Reel], report: Report) -> None:
    """Say of which timelines nothing of ours lies on, and what to give instead."""
    for reel in reels:
        if reel.sounds:
            continue
        opened = reel.opened
        beside = side_folder(opened.path)
        jobs = find_jobs([beside], report) if beside.is_dir() else []
        written = [entry.place(name) for entry in jobs for name in entry.journal.outputs]
        scored = [path for path in dict.fromkeys(written) if path != opened.path and path.exists()]
        names = ", ".join(str(path) for path in scored[:_MOST_NAMED])
        report.warn(
            f"{reel.name} has no sounds of ours on its {counted(len(opened.timeline.tracks), 'track')}. "
            + (f"It was scored as {names}: give that." if names else "Score it first: avm-otio score.")
        )


def _report_unknown(reel: Reel, report: Report) -> None:
    """Say of which sounds on our tracks nothing is known, or too little."""
    unknown = [sound for sound in reel.sounds if sound.offered is None and sound.is_heard]
    if unknown:
        names = [f"“{each.placed.clip.name}” at {reel.timecode(each)}" for each in unknown[:_MOST_NAMED]]
        more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
        left = "is: it is" if len(unknown) == 1 else "are: they are"
        report.warn(
            f"{reel.name}: neither the file nor a job says what {counted(len(unknown), 'sound')} on our "
            f"tracks {left} left out. {', '.join(names)}{more}. "
            "Name the folder of their jobs with --jobs-dir."
        )
    if alone := reel.job_sounds.by_file_alone:
        more = f" and {len(alone) - _MOST_NAMED} more" if len(alone) > _MOST_NAMED else ""
        report.warn(
            f"{reel.name}: of {', '.join([*alone][:_MOST_NAMED])}{more} the files' names alone say what they"
            " are, and nothing their prices: no job is found. Name the folder of its jobs with --jobs-dir."
        )
    _report_some(
        report,
        [
            f"{reel.name}: “{clip.name}” at {reel.opened.timeline.timecode(clip.start)} is taken for {name}: "
            "it lies where that was laid, and is as long."
            for clip, name in reel.job_sounds.by_place
        ],
    )
    several = [each for each in reel.left if each.candidates]
    _report_some(
        report,
        [
            f"{reel.name}: “{each.clip.name}” at {reel.opened.timeline.timecode(each.clip.start)} may be "
            f"{', '.join(may.item.name for may in each.candidates[:_MOST_NAMED])}: nothing says which."
            for each in several
        ],
    )


def _report_some(report: Report, lines: Sequence[str]) -> None:
    for line in lines[:_MOST_NAMED]:
        report.warn(line)
    if len(lines) > _MOST_NAMED:
        report.warn(f"And {len(lines) - _MOST_NAMED} more like it.")


def _job_named(word: str, report: Report) -> Path | None:
    """The job that a word names; ``None`` where it names a timeline."""
    path = Path(word)
    if (path / JOURNAL).is_file() or path.name == JOURNAL:
        return identify_jobs([word], Path(), report)[0]
    if path.exists() or path.suffix.lower() in (*readable(), ".json"):
        return None
    return identify_jobs([word], Path(), report, or_timeline=True)[0]


def _opened(path: Path, request: Request) -> Opened:
    return reading.read(path, rate=request.rate, sequence=request.sequence)


def _of_job(job: Path, request: Request) -> Opened:
    """The timeline that a job wrote last, as it is now; else what it keeps of it.

    Raises:
        InputError: It wrote none, or all are gone.
    """
    entry = Entry.at(job)
    latest = entry.journal.order.get("output", "")
    written = sorted(entry.journal.outputs, key=lambda name: name != latest)
    for path in [entry.place(name) for name in written]:
        if path.suffix.lower() in readable() and path.exists():
            return _opened(path, request)
    if (job / SCORED).is_file():
        return _opened(job / SCORED, request)
    raise InputError(
        f"{job} has laid nothing that is still there.", f"See avm-otio jobs show {entry.journal.key}."
    )


def _laid_by(job: Path, request: Request) -> Timeline:
    """What a job laid, as it keeps it; else as it stands in what it wrote.

    Raises:
        InputError: It cannot be read.
    """
    return (_opened(job / SCORED, request) if (job / SCORED).is_file() else _of_job(job, request)).timeline
