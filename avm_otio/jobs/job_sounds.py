"""What jobs know of the sounds of a timeline that does not say itself what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from avm_otio.errors import AvmError
from avm_otio.formats.reading import Opened
from avm_otio.jobs.folder import MEDIA, Job, read_journal
from avm_otio.jobs.paid_call import cues_of
from avm_otio.jobs.question import Question
from avm_otio.mix.answers import read_item
from avm_otio.mix.cues import Cue
from avm_otio.mix.matching import LaidSound, by_name, by_place, item_in
from avm_otio.mix.used import ServiceItem, service_of, sounds_on, stem_of
from avm_otio.request import Request
from avm_otio.services import ServiceKeys
from avm_otio.timeline.model import Clip, Stem, Timeline, TrackKind
from avm_otio.timeline.urls import name_in, paths_of

_MADE = ".media"
"""Suffix of the folder into which sounds are copied or made for an editor, under names that begin alike."""

_MOST_LAID = 20
"""Of so many jobs beside a timeline it is looked up what they laid where."""

_AS_IT_CAME = Request(skip_bad_cues=True)


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A clip of which nothing says for sure what it is.

    Attributes:
        track: Index of its track among all of the timeline.
        clip: It.
        candidates: What it may be; empty where nothing speaks for anything.
    """

    track: int
    clip: Clip
    candidates: tuple[ServiceItem, ...] = ()


@dataclass
class JobSounds:
    """What jobs know of the sounds of a timeline.

    Attributes:
        opened: The timeline.
        jobs: Those that have to do with it.
        others: All that lie around it.
        keys: The JSON keys of the service.
        laid_by: The timeline that a job laid, where it is kept.
        used: Those that knew a sound.
        by_file_alone: Sounds of which only their files' names say what they are.
        by_place: Clips of which only their place says what they are, and the items that they are taken for.
    """

    opened: Opened
    jobs: Sequence[Path]
    others: Sequence[Path]
    keys: ServiceKeys
    laid_by: Callable[[Path], Timeline]
    used: dict[Path, None] = field(default_factory=dict)
    by_file_alone: dict[str, None] = field(default_factory=dict)
    by_place: list[tuple[Clip, str]] = field(default_factory=list)
    _answers: dict[Path, Answer] = field(default_factory=dict)
    _recognised: dict[tuple[str, str], ServiceItem] = field(default_factory=dict)

    def item_of(self, clip: Clip, stem: Stem | None) -> ServiceItem | None:
        """What a clip plays: a file of a job, or one that was copied or made from such a file."""
        media = clip.media
        if media is None:
            return None
        if (candidate := self._recognised.get((clip.name, media.path))) is not None:
            return candidate
        paths = paths_of(media.path, self.opened.folder)
        for path in paths:
            if path.parent.name == MEDIA:
                candidate = self.answer(path.parent.parent).by_file.get(path.name)
                if candidate is not None:
                    self.used[path.parent.parent] = None
                    return candidate
        is_made = stem is not None or any(path.parent.suffix == _MADE for path in paths)
        if not is_made:
            return None
        names = _names(clip)
        for job in self.all_jobs:
            answer = self.answer(job)
            for candidate in filter(None, map(answer.made_into, names)):
                if stem is None or stem_of(candidate.item) == stem:
                    self.used[job] = None
                    return candidate
        titled = [
            candidate
            for job in self.jobs
            for candidate in self.answer(job).by_file.values()
            if candidate.item.title and candidate.item.title in (clip.name, *names)
            if stem is None or stem_of(candidate.item) == stem
        ]
        if len({candidate.item.name for candidate in titled}) == 1:
            return titled[0]
        return None if stem is None else self._by_file_alone(clip, stem)

    def _by_file_alone(self, clip: Clip, stem: Stem) -> ServiceItem | None:
        """What a file's name says, where no job is there that could know better."""
        if any(self.answer(job).by_file for job in self.jobs):
            return None
        service = service_of(stem)
        for name in _names(clip):
            served = item_in(name, clip.name, service.item)
            item = None if served is None else read_item(service, served)
            if item is not None:
                self.by_file_alone[item.name] = None
                return ServiceItem(item)
        return None

    @property
    def all_jobs(self) -> Sequence[Path]:
        """Those that have to do with it first."""
        return tuple(dict.fromkeys((*self.jobs, *self.others)))

    def cues_with(self, name: str) -> Sequence[Cue]:
        """The cues that offer an item, of the likeliest job that has any."""
        for job in self.all_jobs:
            cues = [cue for cue in self.answer(job).cues if name in (item.name for item in cue.items)]
            if cues:
                return cues
        return ()

    def preview_of(self, name: str) -> Path | None:
        """The file of an item in a job's folder, where it is there."""
        for job in self.all_jobs:
            for file, candidate in self.answer(job).by_file.items():
                if candidate.item.name == name and (job / MEDIA / file).is_file():
                    return job / MEDIA / file
        return None

    def answer(self, job: Path) -> Answer:
        """What a job's answer says."""
        if job not in self._answers:
            self._answers[job] = Answer(job, self.keys)
        return self._answers[job]

    def recognised(self, timeline: Timeline) -> tuple[Timeline, tuple[Unmatched, ...]]:
        """The timeline in which clips say what they are that came back under other names, and what is left.

        First by an id in the name of the file or the clip, then by the place: record time, length and kind
        of track. What could be several items stays as it is.
        """
        unknown = list(self._unknown(timeline))
        if not unknown:
            self.by_file_alone.clear()
            return timeline, ()
        laid, users = self._laid()
        names = {job: self.answer(job).by_file for job in self.all_jobs}
        offered = [candidate for files in names.values() for candidate in files.values()]
        says_itself = any(
            track.is_ours or any(clip.offer is not None for clip in track.clips) for track in timeline.tracks
        )
        found: dict[tuple[int, int], ServiceItem] = {}
        left = []
        for number, place, clip, stem in unknown:
            media = clip.media
            assert media is not None
            if name_in(media.path) in users:
                continue
            named = by_name((*_names(clip), clip.name), stem, offered)
            # Where tracks or clips still say that they are ours, what does not is the user's own.
            placed = () if says_itself else by_place(clip.start, clip.end, stem, laid, 1 / timeline.rate)
            both = [
                candidate for candidate in placed if candidate.item.name in {each.item.name for each in named}
            ]
            candidates = tuple(both) or named or placed
            if len(candidates) == 1:
                found[number, place] = candidates[0]
                self._note_use(candidates[0])
                if not named:
                    self.by_place.append((clip, candidates[0].item.name))
            else:
                left.append(Unmatched(number, clip, candidates))
        self.by_file_alone.clear()
        return self.saying(timeline, found), tuple(left)

    def saying(self, timeline: Timeline, found: Mapping[tuple[int, int], ServiceItem]) -> Timeline:
        """The timeline whose clips say what they are of; what they play is known from now on.

        Args:
            timeline: It.
            found: What clips are, by the numbers of their tracks and theirs on them.
        """
        tracks = []
        for number, track in enumerate(timeline.tracks):
            clips = tuple(
                self._saying(clip, found[number, place]) if (number, place) in found else clip
                for place, clip in enumerate(track.clips)
            )
            stems = {clip.stem for clip in clips}
            whole = {*stems} if len(stems) == 1 and clips != track.clips else set()
            stem = track.stem if not whole else next(iter(whole))
            tracks.append(replace(track, clips=clips, stem=stem))
        return replace(timeline, tracks=tuple(tracks))

    def _saying(self, clip: Clip, candidate: ServiceItem) -> Clip:
        assert clip.media is not None
        self._recognised[clip.name, clip.media.path] = candidate
        return replace(clip, stem=stem_of(candidate.item))

    def _note_use(self, candidate: ServiceItem) -> None:
        for job in self.all_jobs:
            if any(each.item.name == candidate.item.name for each in self.answer(job).by_file.values()):
                self.used[job] = None
                return

    def _unknown(self, timeline: Timeline) -> Iterator[tuple[int, int, Clip, Stem | None]]:
        """Clips on tracks of sound that nothing says of what they are, and no picture plays."""
        shown = {
            name_in(clip.media.path)
            for track in timeline.tracks
            if track.kind is TrackKind.VIDEO
            for clip in track.clips
            if clip.media is not None
        }
        for number, track in enumerate(timeline.tracks):
            for place, clip in enumerate(track.clips if track.kind is TrackKind.AUDIO else ()):
                if clip.media is None or clip.offer is not None or name_in(clip.media.path) in shown:
                    continue
                stem = clip.stem or track.holds
                candidate = self.item_of(clip, stem)
                if candidate is None or candidate.item.name in self.by_file_alone:
                    yield number, place, clip, stem

    def _laid(self) -> tuple[list[LaidSound], set[str]]:
        """What jobs laid where, and the names of the media that were there before."""
        laid: list[LaidSound] = []
        users: set[str] = set()
        for job in (self.jobs or self.others)[:_MOST_LAID]:
            with suppress(AvmError):
                timeline = self.laid_by(job)
                for sound in sounds_on(timeline, self.item_of):
                    if sound.offered is not None:
                        at = sound.placed
                        laid.append(LaidSound(sound.offered, sound.stem, at.start, at.end, at.enabled))
                users |= {
                    name_in(clip.media.path)
                    for track in timeline.tracks
                    for clip in track.clips
                    if not track.is_ours and clip.media is not None and clip.stem is None
                }
        return laid, users


@dataclass
class Answer:
    """A job's sounds by their files; empty where its answer cannot be read."""

    job: Path
    keys: ServiceKeys

    @cached_property
    def cues(self) -> Sequence[Cue]:
        """All that was offered."""
        with suppress(AvmError):
            journal = read_journal(self.job)
            question = Question.from_journal(journal.asked, self.keys, None)
            offered = cues_of(Job(self.job, journal), question, _AS_IT_CAME).by_service.values()
            return [cue for cues in offered for cue in cues]
        return ()

    @cached_property
    def by_file(self) -> Mapping[str, ServiceItem]:
        """What was offered, by the names of the files that it was downloaded as."""
        with suppress(AvmError):
            journal = read_journal(self.job)
            question = Question.from_journal(journal.asked, self.keys, None)
            items = {item.name: item for cue in self.cues for item in cue.items}
            return {
                kept.file: ServiceItem(items[name], question.currency, question.service)
                for name, kept in journal.media.items()
                if name in items
            }
        return {}

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The files' SHA-256, by their names."""
        with suppress(AvmError):
            return {kept.file: kept.sha256 for kept in read_journal(self.job).media.values()}
        return {}

    def made_into(self, stem: str) -> ServiceItem | None:
        """What a file was copied or made from, by the beginning of its name: the item's id and title."""
        fitting = [name for name in self.by_file if _begins(stem, Path(name).stem)]
        return self.by_file[max(fitting, key=len)] if fitting else None


def _names(clip: Clip) -> list[str]:
    media = clip.media
    assert media is not None
    return [Path(name).stem for name in (name_in(media.path), media.name) if name]


def _begins(stem: str, whole: str) -> bool:
    """Whether a file's stem is another's, or that with the sign of a channel or a number behind it."""
    return stem == whole or (stem.startswith(whole) and not stem[len(whole)].isalnum())
