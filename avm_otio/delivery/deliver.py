"""A timeline and its sound as one editor takes them in: the file, its media, and what was lost."""

from __future__ import annotations

import errno
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.config.folders import default_cache_dir
from avm_otio.delivery.sound_files import Deliver, MediaFormat, prepare
from avm_otio.delivery.takes import ending, must_be_converted, sounds
from avm_otio.errors import OutputError, UsageError
from avm_otio.files import unwritable, whole
from avm_otio.formats.format import Editor
from avm_otio.formats.otio.read import from_document
from avm_otio.formats.otio.write import in_otio
from avm_otio.formats.reading import Opened, save
from avm_otio.formats.table import editor_for, editor_named, writable, writer_of
from avm_otio.formats.writing import write
from avm_otio.media.originals import located, measure, offline
from avm_otio.media.recognise import is_media
from avm_otio.report import SILENT, Report
from avm_otio.request import Request
from avm_otio.strangers import is_strangers
from avm_otio.text import nearest
from avm_otio.timeline.completed import completed
from avm_otio.timeline.counted import counted
from avm_otio.timeline.features import Loss
from avm_otio.timeline.limits import (
    believe,
    bounded,
    refuse_deep_nests,
    refuse_empty,
    refuse_unmeasured,
    refuse_wide_nests,
    unmeasured,
    within_a_day,
)
from avm_otio.timeline.losses import OFFLINE, Losses
from avm_otio.timeline.model import Media, Timeline
from avm_otio.timeline.picture_sound import with_picture_sound

if TYPE_CHECKING:
    from avm_otio.media.drawings import Span

_PLAIN = "otio"
"""The editor whose file says all that the timeline does."""

_MOST_NAMES = 5
"""Missing media that a note names; the rest are counted."""

BUNDLE = "bundle"
"""What ``--deliver`` says for one file with all media inside."""

BUNDLES = (".zip", ".otioz")
"""Suffixes of one file with all media inside."""

_UNPACK_HERE = "The file names full paths: unpack it where it lies, or point the editor at its media folder."

_MIXED_BY = " What a mixer wants, AAF with handles and stems, is written by avm-otio turnover --for protools."


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be written.

    Attributes:
        editor: Who will open it; ``None`` for what no editor opens: a picture.
        deliver: Whether media are copied.
        media_format: What the sound is turned into.
        suffix: Of the timeline itself: of a ``.zip`` what lies in it.
        strict: Whether media that several files could be are refused.
    """

    editor: Editor | None
    deliver: Deliver
    media_format: MediaFormat
    suffix: str
    strict: bool = False

    @property
    def is_as_it_is(self) -> bool:
        """Whether nothing but OTIO's own writing is asked for."""
        return (
            self.editor is not None
            and self.editor.name == _PLAIN
            and self.deliver is not Deliver.COPY
            and self.media_format is MediaFormat.KEEP
        )


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was written.

    Attributes:
        paths: Every timeline file; the one that was asked for first.
        tracks: Names of the tracks in it.
        losses: What the file does not say as the timeline does.
        notes: What else the user should know, one line each.
        media_folder: Where media were copied or made, if any were.
        made: Path of a sound that the editor does not take as it is → of what it gets instead.
    """

    paths: tuple[Path, ...]
    tracks: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    notes: tuple[str, ...] = ()
    media_folder: Path | None = None
    made: Mapping[str, str] = field(default_factory=dict)


def delivery_of(request: Request) -> Delivery:
    """What is to be written for a request, checked before any work is done.

    Raises:
        UsageError: Output, editor and ``deliver`` do not go together.
    """
    output, editor, deliver = request.output, request.editor, request.deliver
    suffix = output.suffix.lower()
    if suffix == ".zip" and editor is None:
        raise UsageError(f"{output} does not say whose timeline goes in it.", "Name the editor with --for.")
    found = editor_for(suffix) if editor is None else editor_named(editor)
    if found is None:
        if suffix in writable():
            return Delivery(None, Deliver.LINK, MediaFormat.KEEP, suffix)
        near = nearest(suffix, writable())
        hint = f"Did you mean {near}? " if near else ""
        raise UsageError(
            f"{output} names no format that can be written.",
            f"{hint}Writable are {', '.join(writable())}, .zip.",
        )
    if suffix not in (*found.suffixes, ".zip"):
        raise UsageError(
            f"{found.title} does not take {suffix or 'a file without an ending'} from here.",
            f"Name the output {' or '.join(output.stem + one for one in (*found.suffixes, '.zip'))}."
            + (_MIXED_BY if found.name == "protools" else ""),
        )
    if deliver == BUNDLE and suffix not in BUNDLES:
        ways = [one for one in BUNDLES if one == ".zip" or one in found.suffixes]
        raise UsageError(
            "A bundle is one file.", f"Name it {' or '.join(output.stem + one for one in ways)}."
        )
    # An .otioz takes its media in by itself, from wherever they lie.
    copies = deliver == Deliver.COPY or suffix == ".zip"
    return Delivery(
        found,
        Deliver.COPY if copies and suffix != ".otioz" else Deliver.LINK,
        MediaFormat(request.media_format),
        found.suffixes[0] if suffix == ".zip" else suffix,
        strict=request.strict,
    )


def deliver(
    opened: Opened, request: Request, report: Report = SILENT, *, speech: Sequence[Span] = ()
) -> Delivered:
    """Write a timeline for an editor, with its media where they are to go.

    Media are there before the file that names them; each file is whole or absent. What is missing is reported
    once: clip by clip among the losses, or where the file says so itself or shows no media, in a note.

    Args:
        opened: The timeline; not modified.
        request: Where to, for whom, and where moved media are found.
        report: Receives progress.
        speech: Where people speak, record time, where that is known: a picture shows it.

    Raises:
        UsageError: See ``delivery_of``.
        InputError: A clip has no length, or media cannot be read.
        OutputError: Something cannot be written.
    """
    made = _made(opened, request, report, speech)
    if any(loss.message == OFFLINE for loss in made.losses):
        return made
    missing = offline(opened.timeline, opened.folder, request.media_roots)
    return replace(made, notes=(*made.notes, *_note_of(missing)))


def _note_of(missing: Sequence[Media]) -> Iterator[str]:
    """How many media are missing, and which."""
    names = tuple(dict.fromkeys(next(iter(media.names), "?") for media in missing))
    if names:
        shown = ", ".join(f"“{name}”" for name in names[:_MOST_NAMES])
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        files = "1 media file is" if len(names) == 1 else f"{len(names)} media files are"
        yield f"{files} missing: {shown}{more}. Name the folder that holds them with --media-root."


def _made(opened: Opened, request: Request, report: Report, speech: Sequence[Span]) -> Delivered:
    how, output, media_roots = delivery_of(request), request.output, request.media_roots
    if not output.absolute().parent.is_dir():
        raise unwritable(output, FileNotFoundError(errno.ENOENT, ""))  # before any work is done
    if how.editor is None:
        return _drawn(opened, request, how, report, speech)
    if output.suffix.lower() != ".zip" and how.is_as_it_is:
        return Delivered((output,), _names(opened.timeline), notes=save(opened, output, is_media=is_media))
    if output.suffix.lower() not in BUNDLES:
        return _deliver(opened, output, how, output.with_suffix(".media"), media_roots, report)
    with _workshop(output) as folder:
        inside = folder / f"{output.stem}{how.suffix}"
        made = _deliver(opened, inside, how, folder / "media", media_roots, report)
        if how.suffix == ".otioz":
            with whole(output) as temporary:
                shutil.copyfile(inside, temporary)
            return replace(made, paths=(output,), media_folder=None)
        _zip(folder, output)
    notes = (*made.notes, *([_UNPACK_HERE] if how.editor.names_absolutely else []))
    return replace(made, paths=(output,), media_folder=None, notes=notes)


def _drawn(
    opened: Opened, request: Request, how: Delivery, report: Report, speech: Sequence[Span]
) -> Delivered:
    """A file that no editor opens: a picture, for which the media are looked at."""
    timeline, wanted = opened.timeline, writer_of(how.suffix).wanted
    drawn = None
    if wanted is not None:
        from avm_otio.media.drawings import drawings

        refuse_deep_nests(timeline)
        timeline = counted(with_lengths(opened, request.media_roots).timeline)
        refuse_empty(timeline)
        # What is drawn is the timeline as it is; the clips of this copy count in their files' own time.
        there = located(timeline, opened.folder, request.media_roots, report, strict=how.strict)
        keep = None if is_strangers(opened.folder) else default_cache_dir() / "drawn"
        drawn = drawings(there, wanted(timeline), report, speech, keep)
    paths, losses = write(
        timeline,
        request.output,
        never=opened.path,
        drawings=drawn,
        theme=request.picture_theme,
        prices=request.picture_prices,
    )
    return Delivered(paths, _names(timeline), losses)


def _deliver(
    opened: Opened, output: Path, how: Delivery, media_folder: Path, roots: Sequence[Path], report: Report
) -> Delivered:
    editor = "" if how.editor is None else how.editor.name
    timeline = with_media(
        opened,
        roots,
        report,
        strict=how.strict,
        form=in_otio if how.suffix in (".otio", ".otioz") else None,
        picture_sound=editor != _PLAIN,
    )
    timeline, moved = (timeline, ()) if editor == _PLAIN else within_a_day(timeline)
    is_foreign = must_be_converted(editor)
    foreign = {media.path: ending(media) for media in sounds(timeline) if is_foreign(media)}
    if foreign and how.editor is not None and how.media_format is MediaFormat.KEEP:
        kinds = ", ".join(sorted(set(foreign.values())))
        message = f"{how.editor.title} does not list {kinds} among what it takes in"
        report.warn(f"{message}: {len(foreign)} sound{'s' * (len(foreign) != 1)} made into WAV.")
    opened_nests = Losses(timeline)
    with _no_empty_folder(media_folder):
        delivered = prepare(
            timeline,
            media_folder,
            need=writer_of(how.suffix, editor).sound,
            deliver=how.deliver,
            media_format=how.media_format,
            report=report,
            losses=opened_nests,
            is_foreign=is_foreign,
        )
        paths, losses = write(delivered, output, editor=editor, never=opened.path, is_media=is_media)
    pairs = zip(sounds(timeline), sounds(delivered), strict=True) if foreign else ()
    return Delivered(
        paths,
        tuple(track.name for track in delivered.tracks),
        (*moved, *opened_nests, *losses),
        media_folder=media_folder if media_folder.is_dir() else None,
        made={old.path: new.path for old, new in pairs if old.path in foreign},
    )


def with_media(
    opened: Opened,
    roots: Sequence[Path],
    report: Report,
    *,
    strict: bool = False,
    form: Callable[[Timeline], Timeline] | None = None,
    picture_sound: bool = True,
) -> Timeline:
    """A timeline as the files of editors are made of it: all that it leaves open is filled in from its media.

    Args:
        opened: The timeline.
        roots: Where moved media are looked for by name.
        report: Receives progress and warnings.
        strict: Whether media that several files could be are refused.
        form: What OTIO, which keeps what the timeline itself says of its media, makes of it first.
        picture_sound: Whether the sound of its pictures is put on tracks of its own.

    Raises:
        InputError: It is empty, a clip has no length, or nothing can be believed.
    """
    refuse_deep_nests(opened.timeline)
    timeline = with_lengths(opened, roots).timeline
    refuse_empty(timeline)
    refuse_unmeasured(timeline)
    if form is not None:
        refuse_wide_nests(timeline)
        timeline = form(timeline)
    timeline = located(counted(timeline), opened.folder, roots, report, strict=strict)
    if picture_sound:
        timeline, _ = with_picture_sound(timeline)
    timeline = completed(timeline)
    believe(timeline)
    return timeline


def with_lengths(opened: Opened, roots: Sequence[Path]) -> Opened:
    """The timeline, its clips that say nowhere how long they are as long as their media.

    Args:
        opened: The timeline.
        roots: Where moved media are looked for by name.
    """
    if unmeasured(opened.timeline) is None:
        return opened
    document = deepcopy(dict(opened.timeline.raw or {}))
    return replace(opened, timeline=bounded(from_document(document, measure(opened.folder, roots))))


@contextmanager
def _no_empty_folder(folder: Path) -> Iterator[None]:
    """Take a folder away again where nothing came of it; whole files stay for the next run."""
    was_there = folder.exists()
    try:
        yield
    except BaseException:
        if not was_there:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _workshop(output: Path) -> Iterator[Path]:
    """The folder that a bundle is made of, beside it and named like it, gone afterwards.

    So a file that can name its media by absolute paths only is right once the bundle is unpacked in place.
    """
    folder = output.absolute().with_suffix("")
    try:
        folder.mkdir()
    except FileExistsError as error:
        message = f"{folder} is there already: the bundle is made in a folder of that name."
        raise OutputError(message, "Move it away, or choose another name.") from error
    except OSError as error:
        raise unwritable(output, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _zip(folder: Path, output: Path) -> None:
    """A folder as one file; media are not packed smaller."""
    with whole(output) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as bundle:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                bundle.write(path, path.relative_to(folder.parent).as_posix())


def _names(timeline: Timeline) -> tuple[str, ...]:
    return tuple(track.name for track in timeline.tracks)
