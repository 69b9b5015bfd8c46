"""What a turnover must be, and what a mixer would complain of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from avm_otio.jobs.turnover.sequence import sample_of
from avm_otio.media.broadcast_wav import Header
from avm_otio.media.overs import Overs
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.time import format_timecode, since_midnight


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is not as it should be.

    Attributes:
        kind: Which kind of thing, in two words at most: ``pop``, ``handles``, ``sample rate`` …
        where: The file, and the place in it.
        what: What is wrong, a sentence.
        hint: What to do, a sentence.
    """

    kind: str
    where: str
    what: str
    hint: str = "Write the turnover again."


@dataclass(frozen=True, slots=True)
class Pop:
    """Where a pop must be: frame and samples from the sequence's first."""

    name: str
    frame: int
    sample: int
    samples: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What a manifest promises, with what follows from it by the rules.

    Attributes:
        folder: The turnover.
        manifest: As it stands there.
        rate: Frames a second.
        pops: Where they must be, reckoned from the programme and not from what the manifest says of them.
        headers: The heads of the WAVs that are there, by their paths in the folder.
        overs: What is at full scale in them.
    """

    folder: Path
    manifest: Mapping[str, Any]
    rate: Fraction
    pops: tuple[Pop, ...]
    headers: Mapping[str, Header]
    overs: Mapping[str, Overs]

    @property
    def samples(self) -> int:
        """How long the sequence is."""
        return sample_of(self.manifest["sequence"]["frames"], self.rate)

    @property
    def time_reference(self) -> int:
        """Samples since midnight at the sequence's first sample."""
        start = self.manifest["sequence"]["start_frame"] / self.rate
        return since_midnight(start, Fraction(SAMPLE_RATE_HZ))

    def timecode(self, frame: int) -> str:
        """The timecode of a frame of the sequence."""
        count = self.manifest["sequence"]["start_frame"] + frame
        return format_timecode(max(0, count), self.rate, self.manifest["drop_frame"])

    def at(self, sample: int) -> str:
        """The timecode of the frame in which a sample lies."""
        return self.timecode(int(Fraction(sample, SAMPLE_RATE_HZ) * self.rate))
