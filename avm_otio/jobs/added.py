"""A sound that the service did not offer, added to what a cue can be chosen from, and kept in the job."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError, MediaError, OutputError, UsageError
from avm_otio.files import unwritable, whole
from avm_otio.jobs import choices
from avm_otio.jobs.downloads import is_here, remembered
from avm_otio.jobs.folder import Job, open_job
from avm_otio.jobs.offered import Offered, OfferedCue
from avm_otio.media.naming import safe_stem
from avm_otio.media.probe import sound_length
from avm_otio.mix.choices import Choices
from avm_otio.report import Report
from avm_otio.services import Laying

_OWN_IDS = 1 << 40
"""Ids of files that come from nowhere but a disk begin here: above those of services and of libraries."""


@dataclass(frozen=True, slots=True)
class NewSound:
    """A sound that can be added.

    Attributes:
        id: Its id: a library's, or one that is made of its bytes.
        title: What it is called.
        file: Where it lies.
        licence: What it may be used for, as far as that is stated.
        source: Where it comes from, in words.
    """

    id: int
    title: str
    file: Path
    licence: str = ""
    source: str = ""

    @classmethod
    def of_file(cls, path: Path) -> NewSound:
        """A sound of which nothing is known but its file.

        Raises:
            InputError: It cannot be read.
        """
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            raise InputError(
                f"{path} cannot be read: {error.strerror or error}.", "Check the path."
            ) from error
        return cls(_OWN_IDS + int.from_bytes(digest[:5], "big"), path.stem, path, source="file")

    def served(self) -> dict[str, Any]:
        """It as a service would say it: it has no price."""
        as_served: Mapping[str, Any] = {"id": self.id, "title": self.title, "avm_added": self.source or True}
        return {**as_served, **({"licence": self.licence} if self.licence else {})}


def add(
    job: Path,
    offered: Offered,
    cue: str,
    sound: NewSound,
    report: Report,
    *,
    reset: bool = False,
    then: Callable[[Choices], Choices] | None = None,
) -> None:
    """Add a sound to a cue, and choose it. Its file is in the job, and the choice on disk, when this returns.

    All is chosen at once: where any of it is refused, what was chosen before stays.

    Args:
        job: The job's folder; it is waited for where a run holds it.
        offered: What there is to choose from.
        cue: The number or the name of the cue.
        sound: The sound. What the cue offers already is chosen.
        report: Receives progress.
        reset: Forget first what was chosen for the cue.
        then: What else is chosen, as ``jobs.choosing.decided`` gives it.

    Raises:
        UsageError: There is no such cue, it takes no other sound, or has too many.
        MediaError: It does not play.
        OutputError: It cannot be written.
    """
    listed = offered.cue(cue)
    if listed.service.laying is Laying.REPLACES:
        raise UsageError(
            f"Cue {listed.number} is the film's own sound, and takes no other.", "Add it to another cue."
        )

    def decide(now: Choices) -> Choices:
        now = _with_sound(now.without(listed.name) if reset else now, listed, sound)
        return now if then is None else then(now)

    is_offered = any(each.item.id == sound.id for each in listed.items)
    decide(choices.kept(job).choices)  # what cannot be is said before anything is copied
    if not is_offered:
        with open_job(job, report) as (held, log):
            _keep(held, f"{listed.service.item} {sound.id}", sound)
            log.event("sound_added", cue=listed.name, id=sound.id, title=sound.title)
    choices.change(job, decide, f"{listed.name}, sound {sound.id}")


def remove(job: Path, offered: Offered, cue: str, item: int) -> None:
    """Take a sound that was added to a cue away again; if it was chosen, what is heard by itself is.

    Args:
        job: The job's folder.
        offered: What there is to choose from.
        cue: The number or the name of the cue.
        item: The sound's id.

    Raises:
        UsageError: There is no such cue, or it has no such sound that was added.
    """
    listed = offered.cue(cue)

    def decide(now: Choices) -> Choices:
        before = now.of(listed.service, listed.cue)
        left = tuple(each for each in before.added if each.get("id") != item)
        if left == before.added:
            raise UsageError(f"Nobody added {item} to cue {listed.number}.", "See avm-otio choose --list.")
        chosen = None if before.item == item else before.item
        return now.with_cue(listed.service, listed.cue, added=left, item=chosen)

    choices.change(job, decide, f"{listed.name}, without sound {item}")


def _with_sound(now: Choices, listed: OfferedCue, sound: NewSound) -> Choices:
    before = now.of(listed.service, listed.cue)
    is_there = any(each.get("id") == sound.id for each in before.added) or any(
        each.item.id == sound.id and not each.item.served.get("avm_added") for each in listed.items
    )
    added = before.added if is_there else (*before.added, sound.served())
    return now.with_cue(listed.service, listed.cue, added=added, item=sound.id, is_left_out=False)


def _keep(job: Job, name: str, sound: NewSound) -> None:
    """Copy a sound into the job's media, unless it is there."""
    before = job.journal.media.get(name)
    if before is not None and is_here(job.media, before):
        return
    facts = sound_length(sound.file)
    if min(facts.samples, facts.sample_rate_hz, facts.channels) < 1:
        raise MediaError(f"{sound.file} holds no sound.", "Choose another.")
    path = job.media / f"{safe_stem(sound.id, sound.title)}{sound.file.suffix.lower()}"
    try:
        with whole(path) as temporary:
            shutil.copyfile(sound.file, temporary)
    except OutputError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error
    left = {each: why for each, why in job.journal.unavailable.items() if each != name}
    job.record(media={**job.journal.media, name: remembered(path, facts)}, unavailable=left)
