"""What a person says about a cue, as a change of what is chosen: for commands, scripts and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from avm_otio.errors import UsageError
from avm_otio.jobs.offered import Offered, item_named
from avm_otio.mix.choices import Choices


def decided(
    offered: Offered,
    cue: str | None,
    *,
    item: str | None = None,
    changes: Mapping[str, Any],
    whole: Mapping[str, Any],
    reset: bool = False,
) -> tuple[Callable[[Choices], Choices], str]:
    """A change of what is chosen, and what it is in words.

    Args:
        offered: What there is to choose from.
        cue: The number or the name of a cue; ``None`` for what concerns all of a kind.
        item: The id, the title or the number of the item that is heard.
        changes: Fields of ``Choice``; ``None`` leaves one as it is.
        whole: Fields of ``Choices``, likewise.
        reset: Forget first what was chosen: for the cue, without one everything.

    Raises:
        UsageError: There is no such cue or item, or nothing is said.
    """
    changes = {name: value for name, value in changes.items() if value is not None}
    whole = {name: value for name, value in whole.items() if value is not None}
    if cue is None and (changes or item is not None):
        raise UsageError("Which cue?", "Name it with --cue N; avm-otio choose --list shows them.")
    if not (changes or whole or reset or item is not None):
        raise UsageError("Nothing is chosen.", "Give an item, a gain, a nudge, a note or --leave-out.")
    listed = None if cue is None else offered.cue(cue)
    if listed is not None and item is not None:
        changes["item"] = item_named(listed, item)

    def decide(now: Choices) -> Choices:
        if reset:
            now = now.without(listed.name) if listed is not None else Choices()
        if listed is not None and changes:
            now = now.with_cue(listed.service, listed.cue, **changes)
        return now.whole(**whole) if whole else now

    decide(Choices())  # what cannot be is said before anything is locked
    fields = {"cue": None if listed is None else listed.name, "reset": reset or None, **changes, **whole}
    return decide, ", ".join(f"{name} {value}" for name, value in fields.items() if value is not None)
