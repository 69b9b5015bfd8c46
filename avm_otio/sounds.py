"""Sounds that can be added to a cue: of the local engine's library, found by words or by how they sound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.addresses import LOCAL
from avm_otio.config.settings import Settings
from avm_otio.errors import UsageError
from avm_otio.jobs.added import NewSound
from avm_otio.report import SILENT, Report
from avm_otio.request import Request
from avm_otio.searching import KINDS, searcher_in

if TYPE_CHECKING:
    from avm_otio.engine.searching import Found, Searcher

MOST = 30
"""So many sounds are found at once."""

LONGEST_WORDS = 400


@dataclass(slots=True)
class Sounds:
    """The library of a job.

    Args:
        request: The job's; complete.
        settings: What is configured.
        report: Receives progress, where the library must be listened to first.
    """

    request: Request
    settings: Settings
    report: Report = SILENT
    _searcher: Searcher | None = None

    @property
    def missing(self) -> str:
        """Why there is no library to search; empty where there is one."""
        if self.request.service == LOCAL:
            return ""
        return "The service offers no library to search: only the local engine does."

    def search(self, words: str = "", *, like: Path | str | None = None, kind: str = "") -> list[Found]:
        """Sounds that fit, best first.

        Args:
            words: What they should speak of.
            like: What they should sound like: a file, or the id of a sound of the library.
            kind: What they must be, of ``KINDS``; empty for any.

        Raises:
            UsageError: The service has no library, or there is no such kind or sound.
            InputError: There is no such folder, no sound in it, or the sound to be like cannot be used.
        """
        from avm_otio.engine.catalogue import Filter
        from avm_otio.engine.searching import Search

        if len(words) > LONGEST_WORDS:
            raise UsageError(
                f"So many words find nothing: {len(words)} letters.", f"At most {LONGEST_WORDS}."
            )
        if kind and kind not in KINDS:
            raise UsageError(f"There is no kind {kind[:40]!r}.", f"There are {', '.join(KINDS)}.")
        searcher, wanted = self._open(), Search(words, where=Filter(kind=kind), most=MOST)
        if isinstance(like, str):
            found = searcher.sound(like)
            wanted = replace(wanted, signature=tuple(found.facts["signature"]), without=found.item.path)
        elif like is not None:
            wanted = replace(wanted, like=like)
        return searcher.search(wanted)

    def named(self, word: str) -> NewSound:
        """A sound as a person names it: by a file, or by its id or its path in the library.

        Raises:
            UsageError: There is none.
            InputError: The file, or the library, cannot be read.
        """
        try:
            path = Path(word).expanduser()
        except RuntimeError:
            raise UsageError(
                f"{word} begins with ~, and there is no such home.", "Write the whole path."
            ) from None
        if path.is_file():
            return NewSound.of_file(path.absolute())
        if self.missing:
            raise UsageError(f"There is no file {word}.", f"{self.missing} Give a file.")
        return new_sound(self._open().named(word))

    def _open(self) -> Searcher:
        if self.missing:
            raise UsageError(self.missing, "A file can be added: avm-otio choose --cue N --sound FILE.")
        if self._searcher is None:
            self._searcher = searcher_in(self.request, self.settings, self.report)
        return self._searcher


def new_sound(found: Found) -> NewSound:
    """A sound of the library, to be added."""
    return NewSound(found.item.id, found.item.title, found.file, found.item.licence, "library")
