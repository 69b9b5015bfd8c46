"""Sound at full scale in a 24-bit WAV: what was cut off there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from avm_otio.media.broadcast_wav import BYTES_A_SAMPLE, Header

LEAST_RUN = 3
"""So many samples in a row at full scale are an over: one or two are a loud peak."""

_TOP, _BOTTOM = 0x7F, 0x80


@dataclass(slots=True)
class Overs:
    """What was found.

    Attributes:
        count: How many runs.
        first: The first sample of the first run; ``None`` for none.
    """

    count: int = 0
    first: int | None = None


@dataclass(slots=True)
class OversIn:
    """Looks for runs at full scale while a file is read.

    Attributes:
        header: The file's.
        found: What was found so far.
    """

    header: Header
    found: Overs = field(default_factory=Overs)
    _at: int = 0
    _rest: bytes = b""
    _done: int = 0
    _runs: dict[int, tuple[int, int]] = field(default_factory=dict)

    def look(self, data: bytes) -> None:
        """Look at the next bytes of the file, from its first on."""
        header = self.header
        if header.bits != 8 * BYTES_A_SAMPLE:
            return
        frame = header.channels * BYTES_A_SAMPLE
        first = min(len(data), max(0, header.offset - self._at))
        end = header.offset + header.samples * frame - self._at
        self._at += len(data)
        data = self._rest + data[first : max(first, min(len(data), end))]
        whole = len(data) // frame * frame
        self._rest = data[whole:]
        block = np.frombuffer(data, np.uint8, whole).reshape(-1, BYTES_A_SAMPLE)
        top = block[:, 2]
        near = np.flatnonzero((top == _TOP) | (top == _BOTTOM))
        if len(near):
            low, middle, high = block[near].T
            is_full = ((high == _TOP) & (middle == 0xFF) & (low == 0xFF)) | (
                (high == _BOTTOM) & (middle == 0) & (low == 0)
            )
            self._add(near[is_full])
        self._done += whole // frame

    def _add(self, places: np.ndarray) -> None:
        """Count runs of samples at full scale, each channel's by itself."""
        for channel in range(self.header.channels):
            own = places[places % self.header.channels == channel] // self.header.channels + self._done
            for run in np.split(own, np.flatnonzero(np.diff(own) > 1) + 1):
                if not len(run):
                    continue
                start, length = int(run[0]), len(run)
                before = self._runs.get(channel)
                if before is not None and before[0] + before[1] == start:
                    was_long = before[1] >= LEAST_RUN
                    start, length = before[0], before[1] + length
                else:
                    was_long = False
                self._runs[channel] = start, length
                if length >= LEAST_RUN and not was_long:
                    self.found.count += 1
                    if self.found.first is None or start < self.found.first:
                        self.found.first = start
