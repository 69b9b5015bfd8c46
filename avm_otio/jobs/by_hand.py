"""What somebody changed by hand in an output since it was written: a copy of it tells, kept in the job.

So writing it again replaces the chosen cues alone, and leaves all else as somebody made it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from avm_otio.delivery.counting import as_media_count
from avm_otio.delivery.deliver import Delivered, deliver, with_lengths
from avm_otio.errors import AvmError, ChangedByHandError, InputError
from avm_otio.files import make_folder, sha256_of, whole
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.jobs.folder import BY_HAND, Job, read_json, relative_to_job, write_json
from avm_otio.mix.by_hand import CueClip, LaidAnew, file_stem, merged, missing
from avm_otio.mix.choices import Choices, name_of
from avm_otio.mix.placement import Laid
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.services import Laying
from avm_otio.timeline.model import Clip, Timeline
from avm_otio.timeline.urls import name_in, paths_of, url_of

MOST_BYTES = 64 * 1024**2
"""A larger output is a bundle with its media: no copy of it is kept."""

_VERSION = 1
_MERGED = (".otio", ".xml", ".fcpxml")
"""What is read and written again with all that stands in it. An AAF is not: its sounds of one channel each
would be split anew; an edit list is several files."""


@dataclass(frozen=True, slots=True)
class Before:
    """An output as it was written.

    Attributes:
        folder: Where its copy lies.
        files: Its files by name, each with its SHA-256.
        laid: Where clips of ours were laid.
        choices: What was chosen then.
        has_theirs: Whether what somebody had changed before is in it.
    """

    folder: Path
    files: Mapping[str, str]
    laid: tuple[CueClip, ...]
    choices: Choices
    has_theirs: bool = False

    def is_changed(self, output: Path) -> bool:
        """Whether it holds what somebody changed by hand. What is gone is not changed."""
        there = {name: output.with_name(name) for name in self.files}
        return output.is_file() and (
            self.has_theirs
            or any(path.is_file() and sha256_of(path) != self.files[name] for name, path in there.items())
        )


def keep(
    job: Job,
    output: Path,
    paths: Sequence[Path],
    laid: Sequence[CueClip],
    choices: Choices,
    *,
    has_theirs: bool,
) -> None:
    """Keep an output as it was written.

    Args:
        job: The job, held.
        output: The file that was asked for.
        paths: All files that were written.
        laid: Where clips of ours were laid.
        choices: What was chosen.
        has_theirs: Whether what somebody changed by hand is in it.

    Raises:
        OutputError: It cannot be written.
    """
    folder = _folder(job.path, output)
    shutil.rmtree(folder, ignore_errors=True)
    paths = [path for path in paths if path.is_file()]
    if not paths or sum(path.stat().st_size for path in paths) > MOST_BYTES:
        return
    make_folder(folder)
    for path in paths:
        with whole(folder / path.name) as temporary:
            shutil.copyfile(path, temporary)
    document = {
        "version": _VERSION,
        "files": {path.name: sha256_of(folder / path.name) for path in paths},
        "laid": [[each.cue, each.file, str(each.start), str(each.end)] for each in laid],
        "choices": choices.as_dict(),
        "has_theirs": has_theirs,
    }
    write_json(folder / "written.json", document)


def before_of(job: Path, output: Path) -> Before | None:
    """An output as it was written; ``None`` where no copy of it is kept."""
    folder = _folder(job, output)
    with suppress(InputError, TypeError, ValueError, KeyError, AttributeError):
        document = read_json(folder / "written.json")
        if document["version"] == _VERSION:
            laid = [
                CueClip(cue, file, Fraction(start), Fraction(end))
                for cue, file, start, end in document["laid"]
            ]
            return Before(
                folder,
                dict(document["files"]),
                tuple(laid),
                Choices.parse(document["choices"], str(folder)),
                document["has_theirs"] is True,
            )
    return None


def laid_of(laid: Laid, file_of: Callable[[Clip], str]) -> list[CueClip]:
    """Where the clips of a soundtrack lie.

    Args:
        laid: It.
        file_of: The name of the file that a clip plays, without its ending.
    """
    return [
        CueClip(name_of(lane.service, each.cue), file_of(each.clip), each.clip.start, each.clip.end)
        for lane in laid.lanes
        for each in lane.clips
    ]


@dataclass(frozen=True, slots=True)
class Update:
    """An output that somebody changed by hand, to be written again with what is chosen.

    Attributes:
        before: It as it was written.
        overwrite: Whether cues that somebody changed by hand, too, are laid anew.
    """

    before: Before
    overwrite: bool

    def write(
        self,
        request: Request,
        scored: Opened,
        laid: Laid,
        choices: Choices,
        report: Report,
    ) -> tuple[Delivered, list[CueClip]]:
        """Write the output as it is now, with the chosen cues laid anew.

        Args:
            request: Complete; its output is what was changed.
            scored: The timeline as it would be written anew.
            laid: What of it is ours, track by track.
            choices: What is chosen.
            report: Receives progress and warnings.

        Returns:
            What was written, and where clips of ours lie in it.

        Raises:
            ChangedByHandError: A chosen cue was changed by hand, too, or the output cannot be read again.
            OutputError: It cannot be written.
        """
        output, before = request.output, self.before
        now, written = self._read(output, request), self._read(before.folder / output.name, request)
        for note in now.notes:
            if note not in written.notes:
                report.warn(note)
        cues = changed_cues(before.choices, choices, laid, before.laid)
        self._refuse_dialogue(laid, cues)
        style, folder = reading.url_style(now.timeline), now.folder
        anew = list(_anew(scored, laid, cues, lambda path: url_of(path, style, folder)))
        made = merged(written.timeline, now.timeline, anew, before.laid, cues)
        if made.edited and not self.overwrite:
            names = ", ".join(_place(cue, before.laid, now.timeline) for cue in made.edited)
            raise ChangedByHandError(
                f"What was chosen for {names} would undo what somebody did there by hand in {output.name}.",
                "Add --overwrite to lay those cues as chosen, and keep all else that was changed.",
            )
        for clip in made.lost:
            report.warn(
                f"{clip.file} ({clip.cue}) is not where it was laid: if it is in a nest, take it out there."
            )
        with whole(before.folder / f"by hand {output.name}") as temporary:
            shutil.copyfile(output, temporary)
        opened = replace(now, timeline=made.timeline, path=before.folder / output.name)
        delivered = deliver(opened, request, report)
        self._check(now.timeline, cues, request)
        rest = [clip for clip in before.laid if clip.cue not in cues]
        kept = laid_of(laid, stem_of)
        return delivered, [*rest, *(clip for clip in kept if clip.cue in cues)]

    def _read(self, path: Path, request: Request) -> Opened:
        if path.suffix.lower() not in _MERGED:
            raise ChangedByHandError(
                f"{request.output} was changed since it was written, and such files are only written whole.",
                "Add --overwrite to write it again; what was done in it is lost.",
            )
        if len(self.before.files) > 1:
            raise ChangedByHandError(
                f"{request.output.name} is one of {len(self.before.files)} files, and was changed since.",
                "Add --overwrite to write them again; what was done in them is lost.",
            )
        try:
            opened = reading.read(path, rate=request.rate)
            opened = with_lengths(as_media_count(opened, request), request.media_roots)
        except AvmError as error:
            raise ChangedByHandError(
                f"{request.output} was changed since it was written, and cannot be read again: {error.what}",
                "Add --overwrite to write it again; what was done in it is lost.",
            ) from error
        return replace(opened, folder=request.output.absolute().parent)

    def _refuse_dialogue(self, laid: Laid, cues: set[str]) -> None:
        for lane in laid.lanes:
            if lane.service.laying is Laying.REPLACES and any(
                name_of(lane.service, clip.cue) in cues for clip in lane.clips
            ):
                raise ChangedByHandError(
                    "The timeline was changed since it was written, and other dialogue is chosen.",
                    "Add --overwrite to write it again; what was done in it is lost.",
                )

    def _check(self, theirs: Timeline, cues: set[str], request: Request) -> None:
        """Make sure that nothing of theirs is lost; else theirs is put back."""
        output = request.output
        written = self._read(output, request).timeline
        gone = missing(theirs, written, self.before.laid, cues)
        if not gone:
            return
        with whole(output) as temporary:
            shutil.copyfile(self.before.folder / f"by hand {output.name}", temporary)
        names = ", ".join(theirs.named(clip) for clip in gone[:5])
        more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        raise ChangedByHandError(
            f"{output.name} cannot be written with all that was changed in it: {names}{more}. It is left so.",
            "Do what was chosen by hand, too, or add --overwrite to write it again.",
        )


def changed_cues(before: Choices, now: Choices, laid: Laid, were: Sequence[CueClip]) -> set[str]:
    """The names of cues that are heard otherwise than when the output was written."""
    names = {*before.cues, *now.cues}
    changed = {name for name in names if _matters(before, name) != _matters(now, name)}
    every = {clip.cue for clip in were} | {
        name_of(lane.service, clip.cue) for lane in laid.lanes for clip in lane.clips
    }
    kinds = {
        kind
        for kind in ("music", "effects")
        if getattr(before, f"{kind}_gain_db") != getattr(now, f"{kind}_gain_db") or before.mix != now.mix
    }
    return changed | {name for name in every if name.partition(" ")[0] in kinds}


def _matters(choices: Choices, name: str) -> Any:
    found = choices.cues.get(name)
    return None if found is None or found.is_empty else replace(found, added=())


def _anew(scored: Opened, laid: Laid, cues: set[str], named: Callable[[Path], str]) -> Sequence[LaidAnew]:
    """The clips of chosen cues as they are written anew, by their tracks."""
    ours = {track.name: track for track in scored.timeline.tracks if track.stem is not None}
    made = []
    for lane in laid.lanes:
        numbers = {
            number: name
            for number, each in enumerate(lane.clips)
            if (name := name_of(lane.service, each.cue)) in cues
        }
        if numbers:
            track = ours[lane.name]
            clips = tuple(_named_anew(clip, scored.folder, named) for clip in track.clips)
            made.append(LaidAnew(replace(track, clips=clips), numbers, lane.is_spare))
    return made


def _named_anew(clip: Clip, folder: Path, named: Callable[[Path], str]) -> Clip:
    """A clip whose media is named as another timeline names its own."""
    media = clip.media
    paths = () if media is None else paths_of(media.url, folder)
    path = next((each for each in paths if each.exists()), next(iter(paths), None))
    if media is None or path is None:
        return clip
    url = named(path)
    return replace(clip, content=replace(media, path=url, name=name_in(url)))


def stem_of(clip: Clip) -> str:
    """The name of the file that a clip plays, without its ending."""
    media = clip.media
    return file_stem(media.names[0]) if media is not None and media.names else ""


def _place(cue: str, laid: Sequence[CueClip], timeline: Timeline) -> str:
    first = min((clip.start for clip in laid if clip.cue == cue), default=Fraction(0))
    return f"{cue} at {timeline.timecode(first)}"


def _folder(job: Path, output: Path) -> Path:
    key = hashlib.sha256(relative_to_job(job, output).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return job / BY_HAND / key
