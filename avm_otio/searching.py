"""The user's own sounds, found by words, by sound, by a moment of a film.

The command ``library``, agents and scripts come in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.access import library_of
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings
from avm_otio.errors import InputError, UsageError
from avm_otio.report import SILENT, Report
from avm_otio.request import Request

if TYPE_CHECKING:
    from avm_otio.engine.catalogue import Filter
    from avm_otio.engine.searching import Found, Searcher

KINDS = ("music", "effect", "ambience", "dialogue")
ROLES = ("whoosh", "impact", "riser", "tick", "ambience", "spot")


def search(
    words: str = "",
    *,
    library: Path | None = None,
    like: Path | None = None,
    for_frame: tuple[Path, str] | None = None,
    most: int = 20,
    report: Report = SILENT,
    **where: Any,
) -> Sequence[Found]:
    """Find sounds of a library, best first. A library that was never indexed is indexed first.

    Args:
        words: What they should speak of.
        library: The folder of sounds; the configured one by default, else the starter library.
        like: A sound that they should sound like: a file, or a path within the library.
        for_frame: A film and a time in it (``00:01:02:03``) that they should fit.
        most: How many at most.
        report: Receives progress, and what is seen in the film.
        where: What they must be: ``kind``, ``role``, ``category``, ``licence``, ``channels``,
            ``min_length_s``, ``max_length_s``, ``min_bpm``, ``max_bpm``.

    Raises:
        UsageError: Nothing is looked for, or a value cannot be.
        InputError: The library, the sound or the film cannot be used.
    """
    from avm_otio.engine.searching import Search

    if not words.strip() and like is None and for_frame is None:
        raise UsageError("Say what you look for.", "Give words, --like FILE, or --for-frame FILM@TC.")
    wanted = Search(words, like, where=filter_of(**where), most=most)
    if for_frame is not None:
        from avm_otio.engine.frame_offers import offers_of

        film, moment = for_frame
        offered = offers_of(film, moment)
        report.event("frame", film=str(film), at=moment, words=offered.words, reasons=list(offered.reasons))
        wanted = replace(wanted, words=f"{words} {offered.words}".strip(), signature=offered.signature)
    return searcher_of(library, report).search(wanted)


def searcher_of(library: Path | None = None, report: Report = SILENT) -> Searcher:
    """A library's index, to be searched.

    Args:
        library: The folder of sounds; the configured one by default, else the starter library.
        report: Receives progress and warnings.
    """
    settings = load_settings()
    request = Request() if library is None else Request(library=library.absolute())
    return searcher_in(settings.complete(request), settings, report)


def searcher_in(request: Request, settings: Settings, report: Report = SILENT) -> Searcher:
    """The index of a request's library.

    Args:
        request: Complete.
        settings: What is configured.
        report: Receives progress and warnings.

    Raises:
        InputError: There is no such folder.
    """
    from avm_otio.engine.index import index_of
    from avm_otio.engine.searching import Searcher

    folder = library_of(request, settings, report)
    if not folder.is_dir():
        raise InputError(f"There is no library folder {folder}.", "Give a folder of sounds.")
    return Searcher(folder, index_of(folder, settings.cache_dir / "engine"), report.warn, report.step)


def filter_of(
    *,
    kind: str | None = None,
    role: str | None = None,
    category: str | None = None,
    licence: str | None = None,
    channels: int | None = None,
    min_length_s: float | None = None,
    max_length_s: float | None = None,
    min_bpm: float | None = None,
    max_bpm: float | None = None,
) -> Filter:
    """What sounds must be."""
    from avm_otio.engine.catalogue import Filter

    def micros(seconds: float | None) -> int | None:
        return None if seconds is None else round(seconds * 1e6)

    return Filter(
        kind=kind or "",
        role=role or "",
        category=category or "",
        licence=licence or "",
        channels=channels,
        min_us=micros(min_length_s),
        max_us=micros(max_length_s),
        min_bpm=min_bpm,
        max_bpm=max_bpm,
    )
