"""Other items, gains, nudges and notes for what was scored: kept, and laid on request.

The command ``choose``, the audition page and scripts come in here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.access import access_to
from avm_otio.addresses import LOCAL
from avm_otio.app import Outcome, check_delivery, patience_of
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings
from avm_otio.errors import AvmError, ChangedByHandError, UsageError
from avm_otio.files import same_file
from avm_otio.report import SILENT, Report
from avm_otio.request import Request

if TYPE_CHECKING:
    from avm_otio.jobs.alternatives import Alternatives
    from avm_otio.jobs.journal import Journal
    from avm_otio.jobs.offered import Offered, Place
    from avm_otio.jobs.question import Question


def offered(place: Path, *, jobs_dir: Path | None = None, report: Report = SILENT) -> Offered:
    """What a scored timeline's cues offer, with prices and licences, and what is chosen.

    Args:
        place: The scored timeline, or its job's folder.
        jobs_dir: Where its job lies, if not beside it.
        report: Receives progress and warnings.

    Raises:
        InputError: No job of it is found, it has no answer yet, or its files cannot be read.
    """
    return Scoring.at(place, jobs_dir, load_settings()).offered(report)


def choose(
    place: Path,
    cue: str | int | None = None,
    *,
    item: str | int | None = None,
    sound: str | Path | None = None,
    gain_db: float | None = None,
    nudge_frames: int | None = None,
    leave_out: bool | None = None,
    note: str | None = None,
    reset: bool = False,
    music_gain_db: float | None = None,
    effects_gain_db: float | None = None,
    mix: str | None = None,
    jobs_dir: Path | None = None,
    report: Report = SILENT,
) -> Offered:
    """Choose what is heard for a cue, and how loud and when. It is on disk when this returns.

    The timeline is not written: ``update`` does that. What is not said stays as it was chosen before.

    Args:
        place: The scored timeline, or its job's folder.
        cue: Its number or name, as ``offered`` says it; ``None`` to choose for all of a kind alone.
        item: The id or the title of the item that is heard.
        sound: A sound that was not offered, which is heard: a file, or the id or the path of one of the local
            engine's library. It is copied into the job, and stays among what can be chosen.
        gain_db: How much louder than by itself.
        nudge_frames: How many frames later.
        leave_out: Whether nothing is heard.
        note: In words.
        reset: Forget first what was chosen for it, or, without a cue, all that was chosen.
        music_gain_db: Gain of all music, in place of ``--music-gain``.
        effects_gain_db: Gain of all effects, in place of ``--effects-gain``.
        mix: How far music and effects make room for speech, in place of ``--mix``.
        jobs_dir: Where its job lies, if not beside it.
        report: Receives warnings.

    Returns:
        What is offered, and chosen now.

    Raises:
        UsageError: There is no such cue, item or sound, or a value cannot be.
        MediaError: The sound does not play.
        InputError: As for ``offered``.
        OutputError: It cannot be written.
    """
    settings = load_settings()
    scoring = Scoring.at(place, jobs_dir, settings)
    found = scoring.offered(report)
    changes = {"gain_db": gain_db, "nudge_frames": nudge_frames, "is_left_out": leave_out, "note": note}
    whole = {"music_gain_db": music_gain_db, "effects_gain_db": effects_gain_db, "mix": mix}
    if sound is not None:
        from avm_otio.jobs import added
        from avm_otio.jobs.choosing import decided
        from avm_otio.sounds import Sounds

        if item is not None:
            raise UsageError("Either an item or a sound is heard.", "Leave one of both out.")
        if cue is None:
            raise UsageError("Which cue?", "Name it with --cue N; avm-otio choose --list shows them.")
        then = None
        if any(value is not None for value in (*changes.values(), *whole.values())):
            then, _ = decided(found, str(cue), changes=changes, whole=whole)
        new = Sounds(scoring.request, settings, report).named(str(sound))
        added.add(scoring.path, found, str(cue), new, report, reset=reset, then=then)
        scoring = scoring.again()
    else:
        scoring.choose(found, cue, item=item, reset=reset, whole=whole, **changes)
    return scoring.offered(report, found.place)


def update(
    place: Path, *, overwrite: bool = False, jobs_dir: Path | None = None, report: Report = SILENT
) -> Outcome:
    """Write a scored timeline again, in the form that it has, with what is chosen.

    Only what was chosen changes: what somebody did in the file since stays. Nothing is asked or bought; items
    that are not here yet are fetched.

    Args:
        place: The scored timeline, or its job's folder.
        overwrite: Lay chosen cues as chosen even if somebody has changed them in the file since; and write
            a file anew that cannot be read again, so that what they did in it is lost.
        jobs_dir: Where its job lies, if not beside it.
        report: Receives progress and warnings.

    Raises:
        AvmError: In every way that ``errors`` lists. Nothing is written then.
    """
    from avm_otio.jobs import pipeline
    from avm_otio.jobs.by_hand import Update, before_of
    from avm_otio.jobs.paid_call import Access

    settings = load_settings()
    scoring = Scoring.at(place, jobs_dir, settings)
    request = scoring.request
    check_delivery(request)
    by_hand: Update | None = None
    before = before_of(scoring.path, request.output)
    if before is not None and before.is_changed(request.output):
        by_hand = Update(before, overwrite)
    elif before is None and scoring.is_changed and not overwrite:
        raise ChangedByHandError(
            f"{request.output} was changed since it was written, and would be written again.",
            "Save what was done under another name, then add --overwrite.",
        )
    access = Access(
        lambda: access_to(request, settings, report).open(),
        is_free=request.service == LOCAL,
        may_pay=False,
    )
    patience = patience_of(settings)
    try:
        scored = pipeline.written_again(
            scoring.path, request, scoring.question, access, patience, report, by_hand
        )
    except ChangedByHandError as error:
        if not overwrite:
            raise
        report.warn(f"{error.what} It is written again.")
        scored = pipeline.written_again(scoring.path, request, scoring.question, access, patience, report)
    return Outcome(scored.summary(), scored.losses)


def alternatives(place: Path, *, jobs_dir: Path | None = None, report: Report = SILENT) -> Alternatives:
    """Every alternative of a scored timeline, laid, fitted and levelled as it would be were it chosen.

    Args:
        place: The scored timeline, or its job's folder.
        jobs_dir: Where its job lies, if not beside it.
        report: Receives progress and warnings.

    Raises:
        AvmError: No job of it is found, or its timeline, its media or its answer cannot be used.
    """
    from avm_otio.jobs.alternatives import alternatives
    from avm_otio.jobs.paid_call import Access

    settings = load_settings()
    scoring = Scoring.at(place, jobs_dir, settings)
    request = scoring.request
    access = Access(
        lambda: access_to(request, settings, report).open(),
        is_free=request.service == LOCAL,
        may_pay=False,
    )
    return alternatives(scoring.path, request, scoring.question, access, patience_of(settings), report)


@dataclass(frozen=True, slots=True)
class Scoring:
    """A job, and how the timeline was made that is looked at: for whoever looks again and again.

    Attributes:
        path: The job's folder.
        journal: Its journal.
        request: Complete.
        question: What the service was asked.
    """

    path: Path
    journal: Journal
    request: Request
    question: Question

    @classmethod
    def at(cls, place: Path, jobs_dir: Path | None = None, settings: Settings | None = None) -> Scoring:
        """The job of a scored timeline, or of a folder.

        Raises:
            InputError: None is found.
        """
        from avm_otio.jobs.folder import JOURNAL, read_journal
        from avm_otio.jobs.of_timeline import job_of
        from avm_otio.jobs.question import Question

        settings = settings or load_settings()
        place = Path(os.path.normpath(place.absolute()))
        is_job = (place / JOURNAL).is_file()
        path = place if is_job else job_of(place, jobs_dir)
        journal = read_journal(path)
        order = journal.order
        for name, written in journal.outputs.items():
            if not is_job and written.order and same_file(path / name, place):
                order = written.order
        request = Request.parse(order, f"The request in {path}").in_folder(path.absolute())
        if not is_job and any(same_file(path / name, place) for name in journal.outputs):
            request = replace(request, output=place)
        request = replace(settings.complete(request), jobs_dir=path.absolute().parent, again=False)
        question = Question.from_journal(journal.asked, settings.service_keys, request.notify_url)
        return cls(path, journal, request, question)

    @property
    def is_changed(self) -> bool:
        """Whether somebody changed the timeline since it was written."""
        from avm_otio.jobs.folder import relative_to_job, stamp

        written = self.journal.outputs.get(relative_to_job(self.path, self.request.output))
        now = stamp(self.request.output)
        before = None if written is None else (written.size_bytes, written.modified_ns)
        return now[0] >= 0 and now != before

    def again(self) -> Scoring:
        """The same as it is now: its journal read again."""
        from avm_otio.jobs.folder import read_journal

        return replace(self, journal=read_journal(self.path))

    def choose(
        self,
        found: Offered,
        cue: str | int | None,
        *,
        item: str | int | None = None,
        reset: bool = False,
        whole: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        """Choose; see ``choose``.

        Args:
            found: What is offered.
            cue: As there.
            item: As there.
            reset: As there.
            whole: What concerns all of a kind.
            changes: Fields of ``mix.choices.Choice``.
        """
        from avm_otio.jobs import choices
        from avm_otio.jobs.choosing import decided

        decide, why = decided(
            found,
            None if cue is None else str(cue),
            item=None if item is None else str(item),
            changes=changes,
            whole=whole or {},
            reset=reset,
        )
        choices.change(self.path, decide, why)

    def offered(self, report: Report, place: Place | None = None) -> Offered:
        """What it offers.

        Args:
            report: Receives warnings.
            place: Where its film lies, where that is known.
        """
        from avm_otio.jobs import pipeline
        from avm_otio.jobs.offered import offered

        if place is None:
            try:
                place = pipeline.place_of(self.request)
            except AvmError as error:
                report.warn(f"Times are the film's, not the timeline's: {error.what}")
        return offered(self.path, self.journal, self.question, self.request, place)
