"""What a run that wrote a timeline tells of it: the files, and what they do not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.cli.output import Output

if TYPE_CHECKING:
    from avm_otio.timeline.losses import Loss

_MOST_SHOWN = 40
"""Lines of losses for a person, who finds every item in a file where a line is of several."""

_NAMES_AND_NUMBERS = re.compile(r"“[^”]*”|[\d.]+")


def tell_losses(out: Output, losses: Sequence[Loss], output: Path) -> None:
    """Tell what a file does not say as the timeline does.

    Args:
        out: Who is told: each item is an event for scripts; people read once what became of several.
        losses: What was lost.
        output: The file; where people do not see every item, they are beside it in ``<name>.losses.txt``.

    Raises:
        OutputError: That list cannot be written.
    """
    for loss in losses:
        out.event("loss", feature=str(loss.feature), item=loss.item, told=loss.message)
    lines = list(_lines(losses))
    report = output.with_name(f"{output.name}.losses.txt")
    is_whole = len(lines) == len(losses) <= _MOST_SHOWN
    if is_whole:
        report.unlink(missing_ok=True)  # of an earlier run that lost more
    else:
        from avm_otio.files import write_text

        write_text(report, "".join(f"{loss}\n" for loss in losses))
    if losses:
        things = "1 thing" if len(losses) == 1 else f"{len(losses)} things"
        out.say(f"{output.name} does not say {things} as the timeline does:")
    for line in lines[:_MOST_SHOWN]:
        out.say(f"  {line}")
    if not is_whole:
        more = f"and {len(lines) - _MOST_SHOWN} more; " if len(lines) > _MOST_SHOWN else ""
        out.say(f"  {more}one by one in {report}")


def _lines(losses: Sequence[Loss]) -> Iterator[str]:
    """A line for all that the like became of, whatever their names and numbers."""
    alike: dict[str, list[Loss]] = {}
    for loss in losses:
        alike.setdefault(_NAMES_AND_NUMBERS.sub("", loss.message), []).append(loss)
    for first, *others in alike.values():
        yield f"{first} (and {len(others)} more like it)" if others else str(first)
