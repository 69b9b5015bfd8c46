"""Names as an AAF can carry them."""

from __future__ import annotations

from dataclasses import dataclass, field

from avm_otio.formats.aaf.objects import text
from avm_otio.formats.xml import REPLACEMENT
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses

_LONGEST = 1000
"""Characters of a name; a property of an AAF holds 32,767 at the very most."""


def plain_text(words: str) -> str:
    """A text without what no string of an AAF holds: control characters and halves of characters."""
    return "".join(
        REPLACEMENT if sign < " " or "\ud800" <= sign <= "\udfff" or sign == "\x7f" else sign
        for sign in words
    )


@dataclass
class Names:
    """Names as an AAF can carry them, and which could not stay as they are."""

    losses: Losses
    _encoded: dict[str, bytes] = field(default_factory=dict)

    def encoded(self, name: str) -> bytes:
        """A name as a property's bytes."""
        found = self._encoded.get(name)
        if found is None:
            plain = plain_text(name[:_LONGEST])
            if plain != name:
                self.losses.add(Feature.NAME, f"“{plain[:80]}”", "its name is changed or shortened")
            found = self._encoded[name] = text(plain)
        return found
