"""``avm-otio choose``: what is heard for each cue, chosen from the shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import UsageError
from avm_otio.words import counted, priced

if TYPE_CHECKING:
    from avm_otio.jobs.offered import Offered, OfferedCue, OfferedItem

_HEADS = ("CUE", "AT", "", "ITEM", "TITLE", "LENGTH", "PRICE", "LICENCE", "CHOSEN")
_RIGHT = ("CUE", "ITEM", "LENGTH", "PRICE")
_FRAMES = re.compile(r"([+-]?\d{1,7})\s*f?(?:rames?)?", re.IGNORECASE)


class _Frames(click.ParamType[int]):
    """``4f``, ``-4``: frames of the timeline."""

    name = "frames"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, or say why it cannot be."""
        found = _FRAMES.fullmatch(str(value).strip().replace("−", "-"))
        if found is None:
            self.fail(f"{value!r} is no number of frames: write 4f, or -4f.", param, ctx)
        return int(found[1])


@click.command(epilog="Example: avm-otio choose scored.otio --cue 12 --item 653 --gain -3 --update")
@click.argument("scored", metavar="SCORED|JOB", type=options.FILE)
@click.option("--list", "as_list", is_flag=True, help="Show the cues and what is offered for them.")
@click.option("--cue", metavar="N", help="The cue: its number in the list.")
@click.option("--item", metavar="ID", help="What is heard for it: the id, or the title.")
@click.option("--sound", metavar="FILE|ID", help="A sound that was not offered: a file, or of the library.")
@click.option("--gain", type=float, metavar="DB", help="How much louder than by itself, in dB.")
@click.option("--nudge", type=_Frames(), metavar="FRAMES", help="How much later: 4f, or -4f for earlier.")
@click.option("--leave-out/--keep", default=None, help="Nothing is heard for it; or something is again.")
@click.option("--note", metavar="TEXT", help="A note; it stands in the cue's marker.")
@click.option("--reset", is_flag=True, help="Forget what was chosen: for the cue; without --cue, everything.")
@click.option("--music-gain", type=float, metavar="DB", help="Gain of all music, in dB.")
@click.option("--effects-gain", type=float, metavar="DB", help="Gain of all effects, in dB.")
@click.option(
    "--mix",
    type=click.Choice(("off", "gentle", "standard", "strong")),
    help="How far music and effects make room for speech.",
)
@click.option("--update", is_flag=True, help="Write the timeline again, with what is chosen.")
@click.option("--overwrite", is_flag=True, help="Lay chosen cues even where they were changed by hand since.")
@click.option("--jobs-dir", type=options.FOLDER, help="Where its job lies, if not beside it.")
@pass_output
def choose(
    out: Output,
    scored: Path,
    as_list: bool,
    cue: str | None,
    item: str | None,
    sound: str | None,
    gain: float | None,
    nudge: int | None,
    leave_out: bool | None,
    note: str | None,
    reset: bool,
    music_gain: float | None,
    effects_gain: float | None,
    mix: str | None,
    update: bool,
    overwrite: bool,
    jobs_dir: Path | None,
) -> None:
    """Choose what is heard for a cue of a SCORED timeline, how loud and when.

    A choice is kept in the job at once; --update writes the timeline again, in the form that it has, and only
    the chosen cues change. Nothing is asked of the service, and nothing is bought.
    """
    from avm_otio import choosing
    from avm_otio.cli.score import report_outcome

    place = place_of(out, scored)
    says: dict[str, Any] = {
        "item": item,
        "sound": sound,
        "gain_db": gain,
        "nudge_frames": nudge,
        "leave_out": leave_out,
        "note": note,
        "music_gain_db": music_gain,
        "effects_gain_db": effects_gain,
        "mix": mix,
    }
    if overwrite and not update:
        raise UsageError("--overwrite goes with --update.", "Add --update, or leave it out.")
    chosen: Offered | None = None
    if reset or any(value is not None for value in says.values()):
        chosen = choosing.choose(place, cue, **says, reset=reset, jobs_dir=jobs_dir, report=out)
        for line in _chosen(chosen, cue):
            out.say(line)
        if not update:
            out.say(f"{_total(chosen)} avm-otio choose {scored} --update writes it.")
    if update:
        outcome = choosing.update(place, overwrite=overwrite, jobs_dir=jobs_dir, report=out)
        report_outcome(out, str(scored), outcome)
        return
    if chosen is None or as_list:
        chosen = chosen or choosing.offered(place, jobs_dir=jobs_dir, report=out)
        _list(out, chosen, cue)
    elif cue is not None:
        out.event("cue", **chosen.cue(cue).as_dict(chosen.place))
    out.event("done", **chosen.as_dict())


def place_of(out: Output, word: Path) -> Path:
    """A scored timeline as it is named, or the folder of a job that is named by its key."""
    if word.exists():
        return word
    from avm_otio.jobs.catalogue import identify_jobs

    (path,) = identify_jobs([str(word)], Path(), out, or_timeline=True)
    return path


def _list(out: Output, offered: Offered, cue: str | None) -> None:
    from avm_otio.cli.table import table, terminal_width

    listed = offered.cues if cue is None else (offered.cue(cue),)
    for each in listed:
        out.event("cue", **each.as_dict(offered.place))
    rows = [row for each in listed for row in _rows(offered, each)]
    for line in table(_HEADS, rows, right=_RIGHT, most=terminal_width()):
        out.result(line)
    out.result(_total(offered))
    if not offered.is_written:
        out.result("The timeline is not written with this yet: avm-otio choose … --update does it.")


def _rows(offered: Offered, cue: OfferedCue) -> Iterator[tuple[str, ...]]:
    for number, item in enumerate(cue.items):
        is_first = number == 0
        yield (
            str(cue.number) if is_first else "",
            offered.timecode(cue) if is_first else "",
            "▸" if item.is_heard else "",
            str(item.item.id),
            item.item.title or cue.words,
            _length(item),
            "" if item.item.price is None else priced(item.item.price, offered.currency),
            item.license,
            _words(cue) if is_first else "",
        )


def _length(item: OfferedItem) -> str:
    seconds = item.length_s
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{float(seconds):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _words(cue: OfferedCue) -> str:
    """What was decided for a cue besides its item."""
    choice = cue.choice
    words = [
        "left out" if choice.is_left_out else "",
        f"{choice.gain_db:+.1f} dB".replace("-", "−") if choice.gain_db else "",
        f"{choice.nudge_frames:+d} f".replace("-", "−") if choice.nudge_frames else "",
        f"“{choice.note}”" if choice.note else "",
    ]
    return ", ".join(filter(None, words))


def _chosen(offered: Offered, cue: str | None) -> Iterator[str]:
    """What is chosen now, for a person."""
    if cue is not None:
        each = offered.cue(cue)
        heard = "nothing" if each.heard is None else f"“{each.heard.item.title}” ({each.heard.item.id})"
        more = ", ".join(filter(None, [heard, _words(each) if each.choice.is_heard else ""]))
        yield f"Cue {each.number} at {offered.timecode(each)}: {more}."
        if each.heard is not None and each.heard.kept is None:
            yield "It is not here yet: --update fetches it."
    else:
        yield f"{counted(sum(not each.choice.is_empty for each in offered.cues), 'cue')} chosen."


def _total(offered: Offered) -> str:
    """What is heard costs, against the budget."""
    total, before = offered.total, offered.total_before
    unread = f" (and {', '.join(total.unread)} at a price that cannot be read)" if total.unread else ""
    was = f", without choices {priced(before.price, offered.currency)}" if before.price != total.price else ""
    budget = ""
    if offered.budget is not None:
        budget = f"; the budget is {priced(offered.budget, offered.currency)}" + (
            ": over it" if offered.is_over_budget else ""
        )
    from avm_otio.cli.score import example_prices

    examples = example_prices(offered.job)
    return f"What is heard costs {priced(total.price, offered.currency)}{examples}{unread}{was}{budget}."
