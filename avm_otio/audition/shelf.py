"""The library beside the page: sounds that are searched, heard, and added to a cue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avm_otio.choosing import Scoring
from avm_otio.config.load import load_settings
from avm_otio.errors import UsageError
from avm_otio.jobs import added
from avm_otio.jobs.added import NewSound
from avm_otio.jobs.offered import Offered
from avm_otio.report import Report
from avm_otio.sounds import Sounds, new_sound

_SHOWN = ("id", "title", "path", "kind", "category_words", "loudness_lufs", "tempo_bpm", "licence")
"""What the page shows of a sound, besides its length."""

_MOST_HEARD = 2_000
"""So many sounds that were found can still be heard and added."""


class Shelf:
    """The sounds that can be added to a job's cues.

    Args:
        scoring: The job.
        report: Receives progress and warnings.
    """

    def __init__(self, scoring: Scoring, report: Report) -> None:
        self._job = scoring.path
        self._report = report
        self._sounds = Sounds(scoring.request, load_settings(), report)
        self._found: dict[str, NewSound] = {}

    @property
    def missing(self) -> str:
        """Why there is nothing to search; empty where there is."""
        return self._sounds.missing

    def search(self, offered: Offered, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        """Sounds that fit, best first, as JSON.

        Args:
            offered: What there is to choose from.
            asked: ``words``; ``like``, a sound of the library, or ``cue`` and ``item``, one that is offered;
                ``kind``.

        Raises:
            UsageError: There is no library, or what is asked for is not there.
            InputError: The library cannot be searched.
        """
        like: Path | str | None = asked.get("like") or None
        if asked.get("item"):
            like = self._file_of(offered, asked.get("cue", ""), asked["item"])
        listed = []
        for found in self._sounds.search(asked.get("words", ""), like=like, kind=asked.get("kind", "")):
            facts = found.as_json()
            name = f"f{found.item.id}"
            self._found.pop(name, None)
            self._found[name] = new_sound(found)
            listed.append(
                {each: facts[each] for each in _SHOWN}
                | {"sound": name, "length_s": round(facts["duration_us"] / 1e6, 3)}
            )
        while len(self._found) > _MOST_HEARD:
            self._found.pop(next(iter(self._found)))
        return listed

    def file(self, name: str) -> Path | None:
        """The file of a sound that was found, by its name on the page; ``None`` for any other name."""
        found = self._found.get(name)
        return None if found is None else found.file

    def add(self, offered: Offered, cue: str, sound: str) -> None:
        """Add a sound that was found to a cue, and choose it; see ``jobs.added.add``.

        Raises:
            UsageError: It was not found before, or cannot be added.
        """
        found = self._found.get(sound)
        if found is None:
            raise UsageError("That sound was not found before.", "Search for it again.")
        added.add(self._job, offered, cue, found, self._report)

    def remove(self, offered: Offered, cue: str, item: int) -> None:
        """Take a sound that was added away again; see ``jobs.added.remove``."""
        added.remove(self._job, offered, cue, item)

    def _file_of(self, offered: Offered, cue: str, item: str) -> Path:
        listed = offered.cue(cue)
        for each in listed.items:
            if str(each.item.id) == item and each.kept is not None:
                return self._job / "media" / each.kept.file
        raise UsageError(f"Cue {listed.number} has no sound {item[:40]} that is here.", "Choose another.")
