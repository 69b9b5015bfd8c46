"""What could not be written, for people and for scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.cli.output import Output

if TYPE_CHECKING:
    from avm_otio.timeline.features import Loss

_MOST_SHOWN = 40
"""Lines of losses for a person; the rest stand in a file."""

_NAMES_AND_NUMBERS = re.compile(r"“[^”]*”|[\d.]+")


def report_losses(out: Output, losses: Sequence[Loss], output: Path) -> None:
    """Report what could not be written.

    Args:
        out: Gets an event for each item; people read one line for several that are alike.
        losses: What was lost.
        output: The file; if a line stands for several items, all are in ``<name>.losses.txt`` beside it.

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
        out.say(f"{things} could not be written to {output.name}:")
    for line in lines[:_MOST_SHOWN]:
        out.say(f"  {line}")
    if not is_whole:
        more = f"and {len(lines) - _MOST_SHOWN} more; " if len(lines) > _MOST_SHOWN else ""
        out.say(f"  {more}one by one in {report}")


def _lines(losses: Sequence[Loss]) -> Iterator[str]:
    """A line for all that are alike but for their names and numbers."""
    alike: dict[str, list[Loss]] = {}
    for loss in losses:
        alike.setdefault(_NAMES_AND_NUMBERS.sub("", loss.message), []).append(loss)
    for first, *others in alike.values():
        yield f"{first} (and {len(others)} more like it)" if others else str(first)
