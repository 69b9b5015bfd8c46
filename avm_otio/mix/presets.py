"""How a mix is balanced and what it has to come to: every figure in dB, LU or milliseconds.

Distances are below the anchor: the loudness of speech in the film's own sound, the programme target where
nobody speaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from avm_otio.errors import UsageError
from avm_otio.mix.roles import Role
from avm_otio.text import nearest


@dataclass(frozen=True, slots=True)
class RoleLevel:
    """How loud an effect of a role is.

    Attributes:
        level_lu: Its loudest 3 s (all of it where it is shorter) against the anchor.
        peak_db: Its true peak against the anchor, at most: 16 above −23 LUFS are −7 dBTP.
    """

    level_lu: float
    peak_db: float


_ROLES: Mapping[Role, RoleLevel] = {
    Role.HIT: RoleLevel(0, 16),
    Role.WHOOSH: RoleLevel(-5, 13),
    Role.RISER: RoleLevel(-5, 14),
    Role.TICK: RoleLevel(-9, 12),
    Role.AMBIENCE: RoleLevel(-18, 4),
    Role.FOLEY: RoleLevel(-9, 12),
    Role.OTHER: RoleLevel(-6, 13),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """How music and effects sit around speech.

    Attributes:
        name: What it is called.
        is_on: Whether levels are set at all.
        under_speech_lu: How far below the anchor music is while somebody speaks.
        between_lu: How far below it music is on the mean while nobody does.
        lookahead_ms: How long before a word the music is fully down.
        attack_ms: How long it takes to come down.
        hold_ms: How long it stays down after the last word.
        release_ms: How long it takes to rise.
        stay_ms: In a pause that is shorter, the music stays down. It does so, too, where it could not rise
            and be up for half a second.
        sections_lu: How far the parts of a piece may be from its mean; what is farther is brought there.
        lift_db: How far above its level between words a passage of the music that is soft itself may be
            raised under words.
        effects_below_lu: How far below the anchor the loudest 400 ms of an effect are, over a word.
        most_lowered_db: How far an effect is lowered for that before it is rather moved.
        dip_attack_ms: How long what was laid takes to come down before a true peak that would be too high.
        dip_release_ms: How long it takes to come back.
        roles: Of effects.
    """

    name: str
    is_on: bool = True
    under_speech_lu: float = 13
    between_lu: float = 5
    lookahead_ms: float = 100
    attack_ms: float = 300
    hold_ms: float = 400
    release_ms: float = 1000
    stay_ms: float = 2000
    sections_lu: float = 3
    lift_db: float = 8
    effects_below_lu: float = 6
    most_lowered_db: float = 6
    dip_attack_ms: float = 80
    dip_release_ms: float = 300
    roles: Mapping[Role, RoleLevel] = field(default_factory=lambda: _ROLES, hash=False)

    @property
    def least_pause_ms(self) -> float:
        """The shortest pause in which music rises."""
        moving = self.lookahead_ms + self.attack_ms + self.hold_ms + self.release_ms
        return max(self.stay_ms, moving + _LEAST_UP_MS)


_LEAST_UP_MS = 500
"""What rises for less is heard as pumping."""

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("off", is_on=False),
        Preset(
            "gentle",
            under_speech_lu=9,
            between_lu=4,
            attack_ms=500,
            hold_ms=300,
            effects_below_lu=3,
        ),
        Preset("standard"),
        Preset(
            "strong",
            under_speech_lu=20,  # WCAG 2.2, success criterion 1.4.7: background 20 dB below speech
            between_lu=6,
            lookahead_ms=150,
            attack_ms=200,
            hold_ms=600,
            release_ms=1500,
            stay_ms=3000,
            effects_below_lu=10,
        ),
    )
}
"""By name."""

_LONGEST_MS = 60_000
_MOST_DB = 60
_LEAST_STAY_MS = 1500


def preset_of(name: str, figures: Mapping[str, float] | None = None) -> Preset:
    """A preset with some of its figures changed.

    Args:
        name: One of ``PRESETS``.
        figures: By the name of a field of ``Preset``, or of a role and a field of ``RoleLevel``:
            ``hit_level_lu``.

    Raises:
        UsageError: There is no such preset or figure, or a figure cannot be.
    """
    if name not in PRESETS:
        raise UsageError(f"There is no mix “{name}”.", f"There are {', '.join(PRESETS)}.")
    preset = PRESETS[name]
    for figure, value in (figures or {}).items():
        _check(figure, value)
        role, _, of_role = figure.partition("_")
        if role in Role.__members__.values() and of_role in ROLE_FIGURES:
            level = replace(preset.roles[Role(role)], **{of_role: float(value)})
            preset = replace(preset, roles={**preset.roles, Role(role): level})
        elif figure in _FIGURES:
            changed: dict[str, Any] = {figure: float(value)}
            preset = replace(preset, **changed)
        else:
            near = nearest(figure, figures_of_a_mix())
            names = ", ".join((*_FIGURES, *(f"hit_{each}" for each in ROLE_FIGURES)))
            hint = f"Did you mean {near}? " if near else ""
            hint += f"It has {names}, and so for each role."
            raise UsageError(f"A mix has no figure “{figure}”.", hint)
    if preset.between_lu > preset.under_speech_lu:
        raise UsageError(
            f"Music would be {preset.between_lu:g} LU below speech between words and "
            f"{preset.under_speech_lu:g} LU under them.",
            "between_lu is at most under_speech_lu.",
        )
    return preset


_FIGURES = tuple(each.name for each in fields(Preset) if each.name not in ("name", "is_on", "roles"))
ROLE_FIGURES = tuple(each.name for each in fields(RoleLevel))
"""The figures that each role has."""


def figures_of_a_mix() -> tuple[str, ...]:
    """The name of every figure that can be set, those of roles among them."""
    return (*_FIGURES, *(f"{role}_{each}" for role in Role for each in ROLE_FIGURES))


def _check(figure: str, value: float) -> None:
    low, high = (0.0, _LONGEST_MS) if figure.endswith("_ms") else (0.0, _MOST_DB)
    if figure == "stay_ms":
        low = _LEAST_STAY_MS
    if figure.endswith(("_level_lu", "_peak_db")):
        low = -_MOST_DB
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"“{figure}” cannot be {value!r}.", f"It is from {low:g} to {high:g}.")


@dataclass(frozen=True, slots=True)
class Target:
    """What a whole mix has to come to.

    Attributes:
        name: What it is called.
        lufs: Integrated loudness; ``None`` where none is asked for.
        tolerance_lu: How far from it is near enough.
        peak_dbtp: What its true peak has to stay below.
    """

    name: str
    lufs: float | None
    tolerance_lu: float
    peak_dbtp: float


PROGRAMME_LUFS = -23.0
"""What a mix in which nobody speaks comes to where no target is given: EBU R 128's."""

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("none", None, 0, -1),
        Target("r128", -23, 0.5, -1),  # EBU R 128 (2023): −23.0 LUFS ±0.5 LU, at most −1 dBTP
        Target("a85", -24, 2, -2),  # ATSC A/85:2013, 5.2 and annex H: −24 LKFS ±2 dB, at most −2 dBTP
        Target("web", -14, 1, -1),  # what the large video and music sites turn programmes down to
    )
}
"""By name."""


def target_of(text: str) -> Target:
    """A target by its name, or by its loudness in LUFS: ``-16``.

    Raises:
        UsageError: It is neither.
    """
    if text in TARGETS:
        return TARGETS[text]
    try:
        loudness = float(text.replace("−", "-"))
    except ValueError:
        loudness = math.nan
    if not -60 <= loudness <= -5:
        hint = f"It is {', '.join(TARGETS)}, or LUFS from -60 to -5."
        raise UsageError(f"“{text}” is no loudness to aim for.", hint)
    return Target(f"{loudness:g} LUFS", loudness, 0.5, -1)
