"""What a format of timelines says of itself: each package beside this module exports one ``Format``.

A ``Format`` is a value that costs nothing to load. Reading and writing stand in modules that are loaded when
they are first called; see ``later``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from avm_otio.timeline.features import Feature, Loss

if TYPE_CHECKING:
    from fractions import Fraction

    from avm_otio.timeline.drawings import Drawings, Wanted
    from avm_otio.timeline.model import Timeline

EVERYTHING = frozenset(Feature)
"""All that a format may be able to say."""


class SoundFiles(StrEnum):
    """What sound files a format can point at."""

    ANY = "any"
    """Whatever the editor decodes."""
    MONO = "mono"
    """One 48 kHz 24-bit WAV a channel."""
    SPOTTED = "spotted"
    """One 48 kHz 24-bit Broadcast WAV a clip, cut to what is used, with its record time as time reference."""


AS_IT_IS = "otio"
"""The editor for whom a timeline is written just as it is, whatever its media hold."""


@dataclass(frozen=True, slots=True)
class Editor:
    """An editing program that opens a format.

    Attributes:
        name: What ``--for`` takes.
        title: What people call it.
        names_absolutely: Whether the file names media by absolute paths only.
        suffixes: Of every file that is written for it, the first where nothing is said. The table fills them
            in from all formats that the editor opens.
    """

    name: str
    title: str
    names_absolutely: bool = False
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a timeline goes.

    Attributes:
        path: The file to write; its suffix is one that the format writes.
        editor: Name of the editor that will open it; empty for a format that no editor opens.
        is_media: Whether a file is media, and so may go into a bundle.
        drawings: Of a format that draws the media, what is drawn; ``None`` where nobody looked.
        theme: Of a picture, its colours: ``auto``, ``light`` or ``dark``.
        prices: Whether a picture shows prices.
    """

    path: Path
    editor: str = ""
    is_media: Callable[[Path], bool] = Path.is_file
    drawings: Drawings | None = field(default=None, repr=False)
    theme: str = "auto"
    prices: bool = False

    @property
    def folder(self) -> Path:
        """Where the file will lie, absolute: relative paths in it are meant from here."""
        return self.path.absolute().parent


Read: TypeAlias = "Callable[[Path, Fraction | None], tuple[Sequence[Timeline], tuple[str, ...]]]"
"""Path, and frames a second for a file that does not say → all its timelines, and notes for the user."""

RateOf: TypeAlias = (
    "Callable[[Path, Fraction | None, Sequence[tuple[str, Fraction, Fraction]]], tuple[Fraction, str]]"
)
"""Path, the rate that the user gives, and of each picture found its name, rate and seconds seen → frames a
second, and a note for the user."""

Files = Mapping[Path, str | Callable[[Path], object]]
"""File → its text, or what saves it at a path. The one that was asked for comes first."""

Write: TypeAlias = "Callable[[Timeline, Target], tuple[Files, tuple[Loss, ...]]]"
"""Timeline and target → what is to be written, and what it does not say as the timeline does."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of timelines.

    Attributes:
        name: Its own name; what is kept in a timeline for this format carries it.
        reads: Suffixes that it reads, lower case with the dot.
        writes: Suffixes that it writes; the first where nothing is said.
        editors: Who opens what it writes; the first by default.
        sound: What sound files it can point at.
        says: What it can say, at least in part. All else is reported as lost by ``losses.unsaid``.
        between_frames: Whether sound may begin and end between two frames.
        read: Reads a file; ``None`` where it is only written.
        write: Writes one; ``None`` where it is only read. It writes no file itself.
        rate_of: Of a format that does not say its rate, finds it; ``None`` for every other.
        wanted: Of a format that draws the media, what of them it has room for; ``None`` for every other.
    """

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    editors: tuple[Editor, ...] = ()
    sound: SoundFiles = SoundFiles.ANY
    says: frozenset[Feature] = EVERYTHING
    between_frames: bool = False
    read: Read | None = None
    write: Write | None = None
    rate_of: RateOf | None = None
    wanted: Callable[[Timeline], Wanted] | None = None


def later(module: str, name: str) -> Callable[..., Any]:
    """A function of a module that is loaded at the first call: a run reads one format and writes one."""

    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(import_module(module), name)(*arguments, **options)

    return call


def as_text(document: Callable[[Timeline, Path], tuple[str, tuple[Loss, ...]]]) -> Write:
    """The ``write`` of a format that is one text file.

    Args:
        document: Timeline and the folder in which the file will lie → its text, and what it does not say.
    """

    def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
        text, losses = document(timeline, target.folder)
        return {target.path: text}, losses

    return write
