"""What a run that wrote a timeline tells of it: the files, and what they do not say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.cli.output import Output

if TYPE_CHECKING:
    from avm_otio.core.arrangement import Loss

_MOST_SHOWN = 40
"""Lines of losses for a person; where there are more, all of them are in a file."""


def tell_losses(out: Output, losses: Sequence[Loss], output: Path) -> None:
    """Tell what a file does not say as the timeline does, item by item.

    Args:
        out: Who is told: each is an event for scripts.
        losses: What was lost.
        output: The file; a long list for people goes beside it as ``<name>.losses.txt``.

    Raises:
        OutputError: That list cannot be written.
    """
    for loss in losses:
        out.event("loss", feature=str(loss.feature), item=loss.item, told=loss.told)
    report = output.with_name(f"{output.name}.losses.txt")
    if len(losses) <= _MOST_SHOWN:
        report.unlink(missing_ok=True)  # of an earlier run that lost more
    else:
        from avm_otio.files import write_text

        write_text(report, "".join(f"{loss}\n" for loss in losses))
    if losses:
        things = "1 thing" if len(losses) == 1 else f"{len(losses)} things"
        out.say(f"{output.name} does not say {things} as the timeline does:")
    for loss in losses[:_MOST_SHOWN]:
        out.say(f"  {loss}")
    if len(losses) > _MOST_SHOWN:
        out.say(f"  and {len(losses) - _MOST_SHOWN} more: all in {report}")
