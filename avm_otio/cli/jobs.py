"""``avm-otio jobs``: what was scored, what is left to do, and the room that it takes."""

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
from avm_otio.errors import AvmError, UsageError

if TYPE_CHECKING:
    from avm_otio.jobs.catalogue import Entry

_HERE = Path()

_places = click.argument("places", metavar="[PLACE]...", nargs=-1, type=options.FILE)
_words = click.argument("words", metavar="JOB...", nargs=-1, required=True)
_place = click.option(
    "--in", "place", type=options.FILE, default=_HERE, help="Where keys are looked for.  [default: here]"
)
_yes = click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")


@click.group()
def jobs() -> None:
    """What was scored, what is left to do, and the room that it takes.

    A job is a folder that holds all of one scoring. PLACE is a timeline, its .avm folder, a job's folder, or
    a folder that is looked through; JOB is a job's folder, or its key, or the beginning of that.
    """


@jobs.command("list", epilog="Example: avm-otio jobs list ~/Films")
@_places
@pass_output
def list_jobs(out: Output, places: tuple[Path, ...]) -> None:
    """List the jobs at each PLACE, the one that changed last first; without one, those in this folder."""
    from avm_otio.cli import job_words
    from avm_otio.cli.table import shortened, table, terminal_width
    from avm_otio.jobs.catalogue import look

    found = look(places or (_HERE,), out)
    works = [not entry.is_done and entry.is_at_work() for entry in found]
    fields = [job_words.fields_of(entry, at_work) for entry, at_work in zip(found, works, strict=True)]
    for each in fields:
        out.event("job", **each)
    size_bytes = sum(each["size_bytes"] for each in fields)
    left = [entry for entry in found if not entry.is_done]
    out.event("done", jobs=len(found), unfinished=len(left), size_bytes=size_bytes)
    if not found:
        out.say("There are no jobs here; avm-otio score makes one for each scoring.")
        return
    now, most = datetime.now().astimezone(), terminal_width()
    rows = [job_words.row(entry, at_work, now) for entry, at_work in zip(found, works, strict=True)]
    head, *lines = table(job_words.HEADS, rows, right=job_words.NUMBERS, most=most)
    out.result(head)
    for entry, line in zip(found, lines, strict=True):
        out.result(line)
        if entry.journal.error is not None:
            told = f"  {entry.journal.error.get('message', 'It failed.')}"
            out.result(told if most is None else shortened(told, most))
    count = f"{len(found)} job{'s' * (len(found) != 1)}, {job_words.size_text(size_bytes)}"
    out.say(f"{count}; {len(left)} unfinished: see avm-otio jobs resume --all." if left else f"{count}.")


@jobs.command(epilog="Example: avm-otio jobs show 3f2a91")
@click.argument("word", metavar="JOB")
@_place
@pass_output
def show(out: Output, word: str, place: Path) -> None:
    """Show all of one JOB: what was asked, what is paid for, every item with its price, what to do next."""
    from avm_otio import app
    from avm_otio.cli import job_words
    from avm_otio.cli.table import table, terminal_width
    from avm_otio.config.load import load_settings
    from avm_otio.jobs.catalogue import Entry, pick

    (path,) = pick([word], place, out)
    entry = Entry.at(path)
    settings = load_settings()
    at_work = entry.is_at_work()
    items: list[job_words.Bought] = []
    spare = 0
    if entry.journal.answered is not None:
        try:
            items, spare = job_words.laid_items(entry, app.service_keys(settings))
        except AvmError as error:
            out.warn(str(error))
    out.event(
        "job",
        **job_words.fields_of(entry, at_work),
        request=entry.journal.asked.get("request"),
        items=[asdict(each) for each in items],
        alternatives=spare,
        files={path.relative_to(entry.path).as_posix(): size for path, size in entry.files()},
        next=job_words.ways_on(entry),
    )
    out.event("done", job=str(entry.path))
    for line in job_words.lines_of(entry, at_work, settings.name_option):
        out.result(line)
    if items:
        out.result("")
        currency = str(entry.journal.asked.get("currency"))
        rows = job_words.item_rows(items, currency)
        for line in table(job_words.ITEM_HEADS, rows, right=("PRICE",), most=terminal_width()):
            out.result(line)
        out.result(f"{job_words.total_of(items, currency)}; {spare} more are offered and not laid.")


@jobs.command(epilog="Example: avm-otio jobs resume --all --in ~/Films")
@click.argument("words", metavar="[JOB]...", nargs=-1)
@click.option("--all", "take_all", is_flag=True, help="All that are not finished, where --in says.")
@click.option(
    "--wait", is_flag=True, help="Look for the answer of an uncertain paid call as long as for any."
)
@click.option("--resubmit", is_flag=True, help="Send an uncertain paid call again: it may be paid for twice.")
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
    """Go on with each JOB where it stopped. What is finished and unchanged is left as it is."""
    from avm_otio import app
    from avm_otio.cli.score import tell
    from avm_otio.jobs.catalogue import Entry, look, pick

    if take_all == bool(words):
        raise UsageError("Say which jobs: JOB, or --all.", "See avm-otio jobs list.")
    if resubmit and (wait or take_all):
        raise UsageError("--resubmit goes with neither --wait nor --all.", "Name the jobs that it is for.")
    if take_all:
        chosen = [entry.path for entry in look([place], out) if not entry.is_done]
        if not chosen:
            out.say("Nothing is left to do.")
            out.event("done", jobs=0)
    else:
        chosen = pick(words, place, out)
    if resubmit:
        _agree_to_pay_again(out, [Entry.at(path) for path in chosen], yes)

    def go_on(path: Path) -> None:
        tell(out, path.name, app.resume(path, wait=wait, resubmit=resubmit, report=out))

    _each(out, chosen, go_on)


@jobs.command(epilog="Example: avm-otio jobs forget 3f2a91 --yes")
@_words
@_yes
@_place
@pass_output
def forget(out: Output, words: tuple[str, ...], yes: bool, place: Path) -> None:
    """Delete the folder of each JOB. What was paid for is not deleted without --yes."""
    from avm_otio.cli.job_words import size_text, what_of
    from avm_otio.jobs import cleanup as tidy
    from avm_otio.jobs.catalogue import Entry, pick

    chosen = pick(words, place, out)
    lost = [f"{path} holds {told}" for path in chosen for told in tidy.lost_with(Entry.at(path))]
    if lost and not yes:
        _agree(out, f"{'; '.join(lost)}.", "Delete it all the same?")

    def drop(path: Path) -> None:
        entry = Entry.at(path)
        freed = tidy.forget(entry)
        out.event("job_forgotten", job=str(path), key=entry.journal.key, freed_bytes=freed)
        out.say(f"Forgot {what_of(entry)}: {path}, {size_text(freed)}")

    _each(out, chosen, drop)
    out.event("done", jobs=len(chosen))


@jobs.command(epilog="Example: avm-otio jobs clean ~/Films --older-than 30 --dry-run")
@_places
@click.option(
    "--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Only jobs that rested so long."
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@pass_output
def clean(out: Output, places: tuple[Path, ...], older_than: float | None, dry_run: bool) -> None:
    """Free room at each PLACE without losing anything that was paid for.

    Films of answered jobs go, parts of downloads, and what killed runs left behind. Answers, downloaded
    sounds and journals stay: every job can still be shown, gone on with and laid anew.
    """
    from avm_otio.cli.job_words import size_text
    from avm_otio.jobs import cleanup as tidy
    from avm_otio.jobs.catalogue import AtWorkError, look

    now = datetime.now().astimezone()
    found = look(places or (_HERE,), out)
    rested = [entry for entry in found if older_than is None or tidy.is_older(entry, older_than, now)]
    gone: list[tidy.Spare] = []
    for entry in rested:
        try:
            gone += tidy.spare_in(entry) if dry_run else tidy.clean(entry)
        except AtWorkError:
            out.warn(f"A run is at work on {entry.path}: nothing of it was deleted.")
    litter = tidy.litter_beside(rested, time.time())
    if not dry_run:
        tidy.remove(litter)
    gone += litter
    for spare in gone:
        out.event("freed", path=str(spare.path), size_bytes=spare.size_bytes, what=spare.what)
        out.result(f"{size_text(spare.size_bytes):>8}  {spare.path}  ({spare.what})")
    freed_bytes = sum(spare.size_bytes for spare in gone)
    out.event("done", jobs=len(rested), files=len(gone), freed_bytes=freed_bytes, dry_run=dry_run)
    would = "would free" if dry_run else "freed"
    out.say(f"{len(rested)} job{'s' * (len(rested) != 1)}: {would} {size_text(freed_bytes)}.")


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
        super().__init__(f"{len(errors)} of {of} jobs failed.", "Each says why; see avm-otio jobs list.")
        self.exit_code = max(error.exit_code for error in errors)


def _agree_to_pay_again(out: Output, chosen: Sequence[Entry], yes: bool) -> None:
    """Make sure that a call is to be sent that may have been carried out, and paid for, already."""
    from avm_otio.jobs.journal import State

    unsure = [each for each in chosen if each.journal.state is State.UNSURE and not each.is_free]
    if unsure and not yes:
        names = ", ".join(f"{entry.journal.name} ({entry.journal.key})" for entry in unsure)
        told = f"The paid call of {names} may have come through: sent again, it would be paid for twice."
        _agree(out, told, "Send it again?")


def _agree(out: Output, told: str, question: str) -> None:
    """Ask at a terminal; where there is none, only ``--yes`` agrees.

    Raises:
        UsageError: There is nobody to ask, or the answer is no.
    """
    if not out.json and sys.stdin.isatty() and sys.stderr.isatty():
        out.say(told)
        if click.confirm(question, err=True):
            return
        raise UsageError("Nothing was done.")
    raise UsageError(told, "Say --yes if that is meant.")
