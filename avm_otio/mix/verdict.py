"""What a mix comes to against what was asked of it, in numbers and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from avm_otio.mix.presets import Target


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a mix is predicted to come to.

    Attributes:
        target: What was asked.
        integrated_lufs: Integrated loudness of the whole; minus infinity of silence.
        range_lu: Its loudness range.
        is_range_rough: Whether it is short of the minute that EBU Tech 3342 wants for that figure: in few
            blocks one more or less moves it, and meters differ in which they take.
        true_peak_dbtp: Its true peak.
        is_peak_exact: Whether that was measured; else it is at most that.
        anchor_lufs: Loudness of the speech in the film's own sound; ``None`` without any.
        own_lufs: Integrated loudness of the film's own sound by itself; ``None`` where it is silent.
        own_peak_dbtp: Its true peak by itself; ``None`` where it is silent.
        own_peak_at: The timecode of that, where it is above what was asked.
        own_peak_places: In how many places, a second apart or more, it is above that by itself.
        own_peak_raised_db: By how much what was laid raises it there, at most.
        own_change_db: What the film's own sound would have to change by for the loudness to be met; 0 where
            it is, ``None`` where no such change would do.
        own_peak_change_db: What it would have to change by for the true peak to be met; 0 where it is.
        held_down_db: By how much clips of ours are turned down for the true peak, at most.
    """

    target: Target
    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float
    is_peak_exact: bool
    anchor_lufs: float | None
    own_lufs: float | None
    own_peak_dbtp: float | None
    own_change_db: float | None = 0.0
    own_peak_change_db: float = 0.0
    held_down_db: float = 0.0
    is_range_rough: bool = False
    own_peak_at: str = ""
    own_peak_places: int = 0
    own_peak_raised_db: float = 0.0

    @property
    def is_loudness_met(self) -> bool:
        """Whether the loudness is what was asked, to its tolerance."""
        target = self.target
        return target.lufs is None or abs(self.integrated_lufs - target.lufs) <= target.tolerance_lu + 1e-9

    @property
    def is_peak_met(self) -> bool:
        """Whether the true peak is below what was asked."""
        return self.true_peak_dbtp <= self.target.peak_dbtp + 0.05

    @property
    def is_held_down(self) -> bool:
        """Whether it is too soft since clips of ours would peak too high."""
        target_lufs = self.target.lufs
        if target_lufs is None or self.is_loudness_met:
            return False
        return (
            self.integrated_lufs < target_lufs
            and self.held_down_db > (target_lufs - self.integrated_lufs) / 2
        )

    @property
    def is_met(self) -> bool:
        """Whether the mix is what was asked."""
        return self.is_loudness_met and self.is_peak_met

    @property
    def lines(self) -> tuple[str, ...]:
        """In words: what it comes to, and what would have to change where that is not what was asked."""
        if self.integrated_lufs == -math.inf:
            return ("The mix is silent.",)
        at_most = "" if self.is_peak_exact else "at most "
        about = "about " if self.is_range_rough else ""
        found = [
            f"The mix comes to {lufs_words(self.integrated_lufs)}, range {about}{self.range_lu:.1f} LU, "
            f"true peak {at_most}{_number(self.true_peak_dbtp)} dBTP{self._asked}"
        ]
        if not self.is_loudness_met:
            found.append(self._loudness_remedy)
        if not self.is_peak_met:
            found.append(self._peak_remedy)
        return tuple(found)

    @property
    def _asked(self) -> str:
        target = self.target
        peak = f"at most {_number(target.peak_dbtp)} dBTP"
        if target.lufs is None:
            return f"; {peak} is asked: {'met' if self.is_met else 'not met'}."
        asked = f"{lufs_words(target.lufs)} ±{target.tolerance_lu:g} LU and {peak}"
        return f"; {target.name} asks {asked}: {'met' if self.is_met else 'not met'}."

    @property
    def _loudness_remedy(self) -> str:
        assert self.target.lufs is not None
        short = self.target.lufs - self.integrated_lufs
        if self.is_held_down:
            return (
                f"Its peaks leave no room: clips of ours are turned down by up to {self.held_down_db:.1f} dB "
                "for them. Without a limiter it gets no louder."
            )
        if self.own_lufs is None:
            what = "louder" if short > 0 else "softer"
            return f"Music and effects would have to be {abs(short):.1f} dB {what} than clip gain goes."
        own = (
            f"Your own sound decides: it is {lufs_words(self.own_lufs)} by itself"
            + (f", its speech {lufs_words(self.anchor_lufs)}" if self.anchor_lufs is not None else "")
            + "."
        )
        if self.own_change_db is None:
            return f"{own} No gain on it alone would do."
        way = "Raise" if self.own_change_db > 0 else "Lower"
        return f"{own} {way} it by {abs(self.own_change_db):.1f} dB, then score again."

    @property
    def _peak_remedy(self) -> str:
        if self.own_peak_dbtp is None or not self.own_peak_change_db:
            over = self.true_peak_dbtp - self.target.peak_dbtp
            return f"Its peaks are {over:.1f} dB too high."
        if not self.own_peak_places:
            return (
                f"Your own sound decides: it peaks at {_number(self.own_peak_dbtp)} dBTP by itself. "
                f"Lower it by {abs(self.own_peak_change_db):.1f} dB."
            )
        where = f"at {self.own_peak_at}"
        more = self.own_peak_places - 1
        if more:
            where += (
                f", and is above {_number(self.target.peak_dbtp)} dBTP in {more} more place{'s' * (more > 1)}"
            )
        added = (
            f"What was laid raises such a peak by {self.own_peak_raised_db:.1f} dB at most"
            if self.own_peak_raised_db >= 0.05
            else "What was laid adds nothing to that"
        )
        return (
            f"Your own sound decides: it peaks at {_number(self.own_peak_dbtp)} dBTP by itself {where}. "
            f"{added}. Lower your sound there by {abs(self.own_peak_change_db):.1f} dB."
        )


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def lufs_words(value: float) -> str:
    """A loudness as people read it."""
    return f"{_number(value)} LUFS"
