"""Scored timelines read again: what each of our sounds on them is, by its metadata or by a job's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from avm_otio.delivery.counting import as_media_count
from avm_otio.delivery.deliver import with_lengths
from avm_otio.errors import AvmError, InputError
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.formats.table import readable
from avm_otio.jobs import choices
from avm_otio.jobs.catalogue import Entry, identify_jobs
from avm_otio.jobs.folder import JOURNAL, MEDIA, SCORED, Job, read_journal
from avm_otio.jobs.of_timeline import beside, jobs_of
from avm_otio.jobs.paid_call import cues_of
from avm_otio.jobs.question import Question
from avm_otio.mix.cues import Cue
from avm_otio.mix.used import Known, Sound, sounds_on, stem_of
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.services import ServiceKeys
from avm_otio.timeline.model import Clip, Stem
from avm_otio.timeline.urls import name_in, paths_of

_MOST_NAMED = 5
"""Sounds of which nothing is known that a note names."""

_MADE = ".media"
"""Suffix of the folder into which sounds are copied or made for an editor, under names that begin alike."""

_AS_IT_CAME = Request(skip_bad_cues=True)


@dataclass(frozen=True, slots=True)
class Reel:
    """A scored timeline, read again.

    Attributes:
        opened: The timeline.
        sounds: Every sound of ours on it, heard or not.
        jobs: The folders of jobs that it has to do with, the likeliest first.
        known_of: What a clip on it is that does not say so itself, by the jobs' files.
        cues_with: The cues of the jobs' answers that offer an item, by its name.
    """

    opened: Opened
    sounds: tuple[Sound, ...]
    jobs: tuple[Path, ...]
    known_of: Callable[[Clip, Stem | None], Known | None]
    cues_with: Callable[[str], Sequence[Cue]]

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
    library = _Library(opened, jobs, list(beside(opened, request.jobs_dir)), keys)
    sounds = sounds_on(opened.timeline, library.known_of)
    jobs += [path for path in library.used if path not in jobs]
    reel = Reel(opened, sounds, tuple(jobs), library.known_of, library.cues_with)
    unknown = [sound for sound in reel.sounds if sound.known is None and sound.is_heard]
    if unknown:
        names = [f"“{each.placed.clip.name}” at {reel.timecode(each)}" for each in unknown[:_MOST_NAMED]]
        more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
        report.warn(
            f"{reel.name}: neither the file nor a job says what {len(unknown)} sounds on our tracks are: "
            f"they are left out. {', '.join(names)}{more}. Name the folder of their jobs with --jobs-dir."
        )
    return reel


def _job_named(word: str, report: Report) -> Path | None:
    """The job that a word names; ``None`` where it names a timeline."""
    path = Path(word)
    if (path / JOURNAL).is_file() or path.name == JOURNAL:
        return identify_jobs([word], Path(), report)[0]
    if path.exists() or path.suffix.lower() in (*readable(), ".json"):
        return None
    return identify_jobs([word], Path(), report)[0]


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


@dataclass
class _Library:
    """What jobs know of the sounds of a timeline that does not say itself what they are.

    Attributes:
        opened: The timeline.
        jobs: Those that have to do with it.
        others: All that lie beside it.
        keys: The JSON keys of the service.
        used: Those that knew a sound.
    """

    opened: Opened
    jobs: Sequence[Path]
    others: Sequence[Path]
    keys: ServiceKeys
    used: dict[Path, None] = field(default_factory=dict)
    _answers: dict[Path, _Answer] = field(default_factory=dict)

    def known_of(self, clip: Clip, stem: Stem | None) -> Known | None:
        """What a clip plays: a file of a job, or one that was copied or made from such a file."""
        media = clip.media
        if media is None:
            return None
        paths = paths_of(media.path, self.opened.folder)
        for path in paths:
            if path.parent.name == MEDIA:
                known = self._answer(path.parent.parent).by_file.get(path.name)
                if known is not None:
                    self.used[path.parent.parent] = None
                    return known
        is_made = stem is not None or any(path.parent.suffix == _MADE for path in paths)
        if not is_made:
            return None
        names = [Path(name).stem for name in (name_in(media.path), media.name) if name]
        for job in dict.fromkeys((*self.jobs, *self.others)):
            answer = self._answer(job)
            for known in filter(None, map(answer.made_into, names)):
                if stem is None or stem_of(known.item) == stem:
                    self.used[job] = None
                    return known
        titled = [
            known
            for job in self.jobs
            for known in self._answer(job).by_file.values()
            if known.item.title and known.item.title in (clip.name, *names)
            if stem is None or stem_of(known.item) == stem
        ]
        return titled[0] if len({known.item.name for known in titled}) == 1 else None

    def cues_with(self, name: str) -> Sequence[Cue]:
        """The cues that offer an item, of the likeliest job that has any."""
        for job in dict.fromkeys((*self.jobs, *self.others)):
            cues = [cue for cue in self._answer(job).cues if name in (item.name for item in cue.items)]
            if cues:
                return cues
        return ()

    def _answer(self, job: Path) -> _Answer:
        if job not in self._answers:
            self._answers[job] = _Answer(job, self.keys)
        return self._answers[job]


@dataclass
class _Answer:
    """A job's sounds by their files; empty where its answer cannot be read."""

    job: Path
    keys: ServiceKeys

    @cached_property
    def cues(self) -> Sequence[Cue]:
        """All that was offered."""
        with suppress(AvmError):
            journal = read_journal(self.job)
            question = Question.from_journal(journal.asked, self.keys, None)
            cues = cues_of(Job(self.job, journal), question, _AS_IT_CAME)
            with suppress(InputError):  # choices that cannot be read
                cues = choices.kept(self.job).choices.offering(cues)
            return [cue for offered in cues.by_service.values() for cue in offered]
        return ()

    @cached_property
    def by_file(self) -> Mapping[str, Known]:
        """What was offered, by the names of the files that it was downloaded as."""
        with suppress(AvmError):
            journal = read_journal(self.job)
            question = Question.from_journal(journal.asked, self.keys, None)
            items = {item.name: item for cue in self.cues for item in cue.items}
            return {
                kept.file: Known(items[name], question.currency, question.service)
                for name, kept in journal.media.items()
                if name in items
            }
        return {}

    def made_into(self, stem: str) -> Known | None:
        """What a file was copied or made from, by the beginning of its name: the item's id and title."""
        fitting = [name for name in self.by_file if _begins(stem, Path(name).stem)]
        return self.by_file[max(fitting, key=len)] if fitting else None


def _begins(stem: str, whole: str) -> bool:
    """Whether a file's stem is another's, or that with the sign of a channel or a number behind it."""
    return stem == whole or (stem.startswith(whole) and not stem[len(whole)].isalnum())
