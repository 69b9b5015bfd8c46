"""How much one file may ask of this machine, in one place.

Timelines and bundles come from anywhere, and a few lines of them can stand for gigabytes. Every reader, the
exporter and the converters hold to one ``Limits``; each refusal names the limit and how to raise it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from avm_otio.errors import TimelineError, UsageError

VARIABLE = "AVM_LIMITS"
"""Where limits are raised: ``AVM_LIMITS="frames=200M bytes=4G"``."""

_POWERS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_ENTRY = re.compile(r"([a-z]+)=(\d{1,15})([kMGT]?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one file may ask for. Far beyond real work, far below what hurts a machine.

    Attributes:
        bytes: Bytes of a timeline's document: its file, or the document inside a bundle.
        unpacked: Bytes of all that a bundle unpacks to.
        ratio: How many times its size a bundle may unpack to, beyond 64 MiB: media hardly shrink in a zip.
        members: Files in a bundle.
        frames: Frames of a timeline.
        seconds: Seconds of a timeline.
        depth: Nests in one another.
        objects: Clips that nests make when they are opened, beyond those that the file itself holds.
    """

    bytes: int = 512 * 10**6
    unpacked: int = 2 * 10**12
    ratio: int = 100
    members: int = 100_000
    frames: int = 100_000_000
    seconds: int = 1000 * 3600
    depth: int = 10
    objects: int = 16_000

    def check(self, name: str, amount: int, what: str, hint: str = "") -> None:
        """Check an amount against one of the limits.

        Args:
            name: Which limit, a field of this class.
            amount: How much there is.
            what: What there is, a clause that the limit is added to: ``"film.otio has 12 bytes"``.
            hint: What the user may do but raise the limit.

        Raises:
            TimelineError: It is more.
        """
        most = getattr(self, name)
        if amount > most:
            raise beyond(name, amount, most, what, hint)


def beyond(name: str, amount: int, most: int, what: str, hint: str = "") -> TimelineError:
    """The refusal of what is over a limit; see ``Limits.check``."""
    needed = f"{amount}" if amount < 10**15 else "NUMBER"
    raised = f"If it is meant, set {VARIABLE}={name}={needed}."
    return TimelineError(f"{what}: over the limit of {most} {name}.", f"{hint} {raised}".strip())


def in_force() -> Limits:
    """The limits of this run: those of the environment above the usual ones.

    Raises:
        UsageError: The variable names no limit, or no number.
    """
    return _read(os.environ.get(VARIABLE, ""))


@lru_cache(maxsize=8)
def _read(text: str) -> Limits:
    names = [each.name for each in fields(Limits)]
    given: dict[str, int] = {}
    for entry in text.replace(",", " ").split():
        found = _ENTRY.fullmatch(entry)
        if found is None or found[1] not in names:
            raise UsageError(
                f"{VARIABLE} says {entry[:80]!r}, which is no limit.",
                f"Write NAME=NUMBER (k, M, G and T may follow); names are {', '.join(names)}.",
            )
        given[found[1]] = int(found[2]) * _POWERS[found[3]]
    return replace(Limits(), **given)
