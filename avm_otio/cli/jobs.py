"""``avm-otio jobs``: list, resume and clean up jobs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.cli.score import example_prices
from avm_otio.errors import AvmError, UsageError

if TYPE_CHECKING:
    from avm_otio.jobs.catalogue import Entry

_HERE = Path()

_places = click.argument("places", metavar="[PLACE]...", nargs=-1, type=options.FILE)
_words = click.argument("words", metavar="JOB...", nargs=-1, required=True)
_place = click.option(
    "--in", "place", type=options.FILE, default=_HERE, help="Where to look for keys.  [default: here]"
)
_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@click.group(epilog="Example: avm-otio jobs list")
def jobs() -> None:
    """List, resume and clean up jobs.

    A job is a folder with everything of one scoring. PLACE is a timeline, its .avm folder, a job's folder, or
    a folder to search; JOB is a job's folder, its key, or the start of its key.
    """


@jobs.command("list", epilog="Example: avm-otio jobs list ~/Films")
@_places
@pass_output
def list_jobs(out: Output, places: tuple[Path, ...]) -> None:
    """List the jobs at each PLACE, or in this folder; the latest changed first."""
    from avm_otio.cli import job_words
    from avm_otio.cli.table import shortened, table, terminal_width
    from avm_otio.jobs.catalogue import find_jobs

    found = find_jobs(places or (_HERE,), out)
    works = [not entry.is_done and entry.is_at_work() for entry in found]
    fields = [job_words.fields_of(entry, at_work) for entry, at_work in zip(found, works, strict=True)]
    for each in fields:
        out.event("job", **each)
    size_bytes = sum(each["size_bytes"] for each in fields)
    left = [entry for entry in found if not entry.is_done]
    out.event("done", jobs=len(found), unfinished=len(left), size_bytes=size_bytes)
    if not found:
        out.say("There are no jobs here; avm-otio score creates them.")
        return
    now, most = datetime.now().astimezone(), terminal_width()
    rows = [job_words.row(entry, at_work, now) for entry, at_work in zip(found, works, strict=True)]
    head, *lines = table(job_words.HEADS, rows, right=job_words.NUMBERS, most=most)
    out.result(head)
    for entry, line in zip(found, lines, strict=True):
        out.result(line)
        if entry.journal.error is not None:
            message = f"  {entry.journal.error.get('message', 'It failed.')}"
            out.result(message if most is None else shortened(message, most))
    count = f"{len(found)} job{'s' * (len(found) != 1)}, {job_words.size_text(size_bytes)}"
    out.say(f"{count}; {len(left)} unfinished: see avm-otio jobs resume --all." if left else f"{count}.")


@jobs.command(epilog="Example: avm-otio jobs show 3f2a91")
@click.argument("word", metavar="JOB")
@_place
@pass_output
def show(out: Output, word: str, place: Path) -> None:
    """Show one JOB: the request, what is paid for, every item with its price, and what to do next."""
    from avm_otio.cli import job_words
    from avm_otio.cli.table import table, terminal_width
    from avm_otio.config.load import load_settings
    from avm_otio.jobs.catalogue import Entry, identify_jobs

    (path,) = identify_jobs([word], place, out)
    entry = Entry.at(path)
    settings = load_settings()
    at_work = entry.is_at_work()
    answer = job_words.Answer()
    if entry.journal.answered is not None:
        try:
            answer = job_words.answer_of(entry, settings.service_keys)
        except AvmError as error:
            out.warn(str(error))
    out.event(
        "job",
        **job_words.fields_of(entry, at_work),
        request=entry.journal.asked.get("request"),
        items=[asdict(each) for each in answer.items],
        alternatives=answer.spare,
        unavailable=answer.unavailable,
        files={path.relative_to(entry.path).as_posix(): size for path, size in entry.files()},
        next=job_words.ways_on(entry),
    )
    out.event("done", job=str(entry.path))
    for line in job_words.lines_of(entry, at_work, settings.name_option):
        out.result(line)
    if answer.items:
        out.result("")
        currency = str(entry.journal.asked.get("currency"))
        rows = job_words.item_rows(answer.items, currency)
        for line in table(job_words.ITEM_HEADS, rows, right=("PRICE",), most=terminal_width()):
            out.result(line)
        total = job_words.total_of(answer, currency) + example_prices(entry.path)
        out.result(f"{total}; {answer.spare} more are offered and not laid.")
    for name, reason in answer.unavailable.items():
        out.result(f"{name} cannot be had: {reason}")
    if answer.unavailable:
        out.result("What cannot be had is tried again by avm-otio jobs resume --wait.")


@jobs.command(epilog="Example: avm-otio jobs resume --all --in ~/Films")
@click.argument("words", metavar="[JOB]...", nargs=-1)
@click.option("--all", "take_all", is_flag=True, help="All unfinished jobs at --in.")
@click.option("--wait", is_flag=True, help="Wait the full time for an uncertain paid call; try items again.")
@click.option("--resubmit", is_flag=True, help="Send an uncertain paid call again: you may pay twice.")
@_yes
@_place
@pass_output
def resume(
    out: Output,
    words: tuple[str, ...],
    take_all: bool,
    wait: bool,
    resubmit: bool,
    yes: bool,
    place: Path,
) -> None:
    """Continue each JOB where it stopped. What is finished and unchanged stays as it is."""
    from avm_otio import app
    from avm_otio.cli.score import report_outcome
    from avm_otio.jobs.catalogue import Entry, find_jobs, identify_jobs

    if take_all == bool(words):
        raise UsageError("Give a JOB, or --all.", "See avm-otio jobs list.")
    if resubmit and (wait or take_all):
        raise UsageError(
            "--resubmit cannot be combined with --wait or --all.", "Name the jobs to send again."
        )
    if take_all:
        chosen = [entry.path for entry in find_jobs([place], out) if not entry.is_done]
        if not chosen:
            out.say("Nothing is left to do.")
            out.event("done", jobs=0)
    else:
        chosen = identify_jobs(words, place, out)
    if resubmit:
        _agree_to_pay_again(out, [Entry.at(path) for path in chosen], yes)

    def go_on(path: Path) -> None:
        report_outcome(out, path.name, app.resume(path, wait=wait, resubmit=resubmit, report=out))

    _each(out, chosen, go_on)


@jobs.command(epilog="Example: avm-otio jobs forget 3f2a91 --yes")
@_words
@_yes
@_place
@pass_output
def forget(out: Output, words: tuple[str, ...], yes: bool, place: Path) -> None:
    """Delete the folder of each JOB. What was paid for is deleted only with --yes."""
    from avm_otio.cli.job_words import size_text, what_of
    from avm_otio.jobs import cleanup
    from avm_otio.jobs.catalogue import Entry, identify_jobs

    chosen = identify_jobs(words, place, out)
    lost = [f"{path} holds {thing}" for path in chosen for thing in cleanup.lost_if_deleted(Entry.at(path))]
    if lost and not yes:
        _agree(out, f"{'; '.join(lost)}.", "Delete it anyway?")

    def drop(path: Path) -> None:
        entry = Entry.at(path)
        freed = cleanup.forget(entry)
        out.event("job_forgotten", job=str(path), key=entry.journal.key, freed_bytes=freed)
        out.say(f"Deleted {what_of(entry)}: {path}, {size_text(freed)}")

    _each(out, chosen, drop)
    out.event("done", jobs=len(chosen))


@jobs.command(epilog="Example: avm-otio jobs clean ~/Films --older-than 30 --dry-run")
@_places
@click.option(
    "--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Only jobs unchanged for so many days."
)
@click.option("--dry-run", is_flag=True, help="Only list what would be deleted.")
@pass_output
def clean(out: Output, places: tuple[Path, ...], older_than: float | None, dry_run: bool) -> None:
    """Free disk space at each PLACE without losing anything that was paid for.

    Deletes the films of answered jobs, partial downloads, and what killed runs left behind. Answers,
    downloaded sounds and journals stay: every job can still be shown, resumed and laid again.
    """
    from avm_otio.cli.job_words import size_text
    from avm_otio.jobs import cleanup
    from avm_otio.jobs.catalogue import AtWorkError, find_jobs

    now = datetime.now().astimezone()
    found = find_jobs(places or (_HERE,), out)
    chosen = [entry for entry in found if older_than is None or cleanup.is_older(entry, older_than, now)]
    gone: list[cleanup.Removable] = []
    for entry in chosen:
        try:
            gone += cleanup.removable_in(entry) if dry_run else cleanup.clean(entry)
        except AtWorkError:
            out.warn(f"A run is at work on {entry.path}: nothing in it was deleted.")
    leftovers = cleanup.leftovers_beside(chosen, time.time())
    if not dry_run:
        cleanup.remove(leftovers)
    gone += leftovers
    for file in gone:
        out.event("freed", path=str(file.path), size_bytes=file.size_bytes, what=file.what)
        out.result(f"{size_text(file.size_bytes):>8}  {file.path}  ({file.what})")
    freed_bytes = sum(file.size_bytes for file in gone)
    out.event("done", jobs=len(chosen), files=len(gone), freed_bytes=freed_bytes, dry_run=dry_run)
    would = "would free" if dry_run else "freed"
    out.say(f"{len(chosen)} job{'s' * (len(chosen) != 1)}: {would} {size_text(freed_bytes)}.")


def _each(out: Output, chosen: Sequence[Path], act: Callable[[Path], None]) -> None:
    """Do something to each job; one that fails does not stop the others.

    Raises:
        AvmError: One failed; where several did, with the highest of their exit codes.
    """
    failed: list[AvmError] = []
    for path in chosen:
        try:
            act(path)
        except AvmError as error:
            if len(chosen) == 1:
                raise
            failed.append(error)
            out.event("job_failed", job=str(path), **error.as_dict())
            out.say(f"{path}: {error}")
    if failed:
        raise _SeveralError(failed, len(chosen))


class _SeveralError(AvmError):
    """Some of several jobs failed."""

    def __init__(self, errors: Sequence[AvmError], of: int) -> None:
        super().__init__(
            f"{len(errors)} of {of} jobs failed.", "See the messages above, and avm-otio jobs list."
        )
        self.exit_code = max(error.exit_code for error in errors)


def _agree_to_pay_again(out: Output, chosen: Sequence[Entry], yes: bool) -> None:
    """Confirm that a call is to be sent again that may already have been carried out, and paid."""
    from avm_otio.jobs.journal import State

    unsure = [each for each in chosen if each.journal.state is State.UNSURE and not each.is_free]
    if unsure and not yes:
        names = ", ".join(f"{entry.journal.name} ({entry.journal.key})" for entry in unsure)
        message = f"The paid call of {names} may have come through: to send it again may be to pay twice."
        _agree(out, message, "Send it again?")


def _agree(out: Output, message: str, question: str) -> None:
    """Ask at a terminal; without one, only ``--yes`` confirms.

    Raises:
        UsageError: There is no terminal, or the answer is no.
    """
    if not out.json and sys.stdin.isatty() and sys.stderr.isatty():
        out.say(message)
        if click.confirm(question, err=True):
            return
        raise UsageError("Nothing was done.")
    raise UsageError(message, "Add --yes to confirm.")
