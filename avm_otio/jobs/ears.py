"""What was heard in a job's sounds and its film: listened to once, kept in the job's folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from avm_otio.errors import AvmError, MediaError
from avm_otio.files import write_text
from avm_otio.folders import Folder, is_ours, own_folder
from avm_otio.jobs.cache import Cache, media_digests
from avm_otio.jobs.folder import HEARD, Job, stamp
from avm_otio.jobs.journal import Kept
from avm_otio.jobs.pool import Pool
from avm_otio.media.heard_json import heard_in, heard_text, speech_in, speech_text
from avm_otio.mix.cues import Cues, Item
from avm_otio.mix.heard import Heard, Speech
from avm_otio.report import Report
from avm_otio.services import Laying
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import ExportPlan

_Found = TypeVar("_Found", Heard, Speech)

_LARGEST_KEPT = 64 * 1024**2
"""Bytes of a text that was kept; three hours of film come to 3 MB."""


def hear_items(
    job: Job, cues: Cues, alternatives: int, report: Report
) -> tuple[Callable[[Item], Heard | None], tuple[str, ...]]:
    """Listen to every item that is laid.

    Args:
        job: Where they are.
        cues: The answer.
        alternatives: How many more than what is heard are laid for each place.
        report: Where progress goes.

    Returns:
        What was heard in an item, ``None`` where it is not here or cannot be listened to; and a line for each
        of the latter.
    """
    found: dict[str, Heard] = {}
    waiting: list[tuple[Item, Kept, bool]] = []
    for name, (item, music) in _items(cues, alternatives).items():
        kept = job.journal.media.get(name)
        if kept is None:
            continue
        before = _kept(job, f"{kept.sha256}.json", heard_in)
        if before is not None and (before.music is not None or not music):
            found[name] = before
        else:
            waiting.append((item, kept, music))
    notes = []
    if waiting:
        heard, failed = _hear_all(job, waiting, report)
        found |= heard
        notes = [
            f"{item.title or item.name} could not be listened to: {failed[item.name]}"
            for item, _, _ in waiting
            if item.name in failed
        ]
    return (lambda item: found.get(item.name)), tuple(notes)


def hear_film(job: Job, report: Report) -> tuple[Heard | None, Speech]:
    """Listen to the film's own sound.

    Returns:
        What was heard in it, ``None`` where it has no sound; and where people speak.
    """
    made = job.journal.film
    path = job.film
    if made is None or not made.has_sound:
        return None, Speech()
    heard, speech = _kept(job, "film.json", heard_in), _kept(job, "film-speech.json", speech_in)
    if path is None or (heard is not None and speech is not None):
        return heard, speech or Speech()
    from avm_otio.media.speech import hear_speech

    with report.step("Listening to the film", 2) as advance:
        try:
            heard = _heard(path, fine=False)
            advance(1, 2)
            speech = hear_speech(path)
        except MediaError as error:
            report.warn(f"The film's own sound could not be listened to: {error}")
            return None, Speech()
        advance(2, 2)
    _keep(job, {"film.json": heard_text(heard), "film-speech.json": speech_text(speech)}, report)
    return heard, speech


def hear_record(
    job: Job,
    plan: ExportPlan,
    media: Mapping[Media, Path],
    report: Report,
) -> tuple[Heard, Speech]:
    """Listen to what a timeline plays: where a job's film does not sound as that does.

    Args:
        job: Where it is kept.
        plan: What is heard; see ``timeline.playback``.
        media: Where each source lies.
        report: Where progress goes.

    Returns:
        What was heard, and where people speak, times of the plan.

    Raises:
        MediaError: A sound cannot be read.
    """
    from avm_otio.media.fingerprint import film_asked
    from avm_otio.media.playing import hear_playing

    plan = replace(plan, picture=())
    cache = Cache(job.path.parent)
    asked = film_asked(plan, media_digests(plan, media, cache, report))
    cache.save()
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    names = f"record-{key}.json", f"record-{key}-speech.json"
    heard, speech = _kept(job, names[0], heard_in), _kept(job, names[1], speech_in)
    if heard is None or speech is None:
        with report.step("Listening to the timeline") as advance:
            heard, speech = hear_playing(plan, media, advance)
        _keep(job, {names[0]: heard_text(heard), names[1]: speech_text(speech)}, report)
    return heard, speech


def _items(cues: Cues, alternatives: int) -> dict[str, tuple[Item, bool]]:
    """What may be laid, by name, and whether it is music."""
    found: dict[str, tuple[Item, bool]] = {}
    for service, offered in cues.by_service.items():
        for cue in offered:
            most = max(cue.pieces, 1 + alternatives * bool(service.spare_track))
            for item in cue.items[:most]:
                found.setdefault(item.name, (item, service.laying is Laying.BED))
    return found


def _hear_all(
    job: Job, waiting: Iterable[tuple[Item, Kept, bool]], report: Report
) -> tuple[dict[str, Heard], dict[str, AvmError]]:
    sounds = {item.name: (kept, music) for item, kept, music in waiting}
    found: dict[str, Heard] = {}
    failed: dict[str, AvmError] = {}
    left = list(sounds)
    with Pool[Heard]() as pool, report.step("Listening", len(sounds)) as advance:
        while left or pool.running:
            while left and pool.running < (os.cpu_count() or 1):
                kept, music = sounds[left[0]]
                pool.start(left.pop(0), partial(_heard, job.media / kept.file, music=music))
            name, came = pool.next()
            if isinstance(came, Heard):
                found[name] = came
            else:
                failed[name] = came
            advance(len(found) + len(failed), len(sounds))
    _keep(job, {f"{sounds[name][0].sha256}.json": heard_text(heard) for name, heard in found.items()}, report)
    return found, failed


def _heard(path: Path, *, music: bool = False, fine: bool = True) -> Heard:
    """What is heard in a file.

    Raises:
        MediaError: It cannot be listened to, or was changed meanwhile: what was heard is not in it.
    """
    from avm_otio.media.listening import hear

    before = stamp(path)
    heard = hear(path, music=music, fine=fine)
    if stamp(path) != before:
        raise MediaError(f"{path} was changed while it was listened to.", "Run it again.")
    return heard


def _kept(job: Job, name: str, read: Callable[[str], _Found | None]) -> _Found | None:
    """What was kept: of a plain file in a folder of our own, which no pipe or link replaces."""
    try:
        with Folder.open(job.path) as folder, folder.below(HEARD) as inside:
            if not is_ours(inside.stat()):
                return None
            return read(inside.read(name, most_bytes=_LARGEST_KEPT).decode())
    except (OSError, ValueError, AvmError):
        return None


def _keep(job: Job, texts: Mapping[str, str], report: Report) -> None:
    """Keep what was heard for the next run; where it cannot be kept, that is told and nothing else lost."""
    try:
        own_folder(job.path, HEARD)
        for name, text in texts.items():
            write_text(job.path / HEARD / name, text, lasting=False)
    except (OSError, AvmError) as error:
        report.warn(f"What was heard is not kept, and is listened to again by the next run: {error}")
