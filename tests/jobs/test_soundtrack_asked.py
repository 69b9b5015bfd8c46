"""What cannot be is refused before a film is made, sent or paid for."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from avm_otio.errors import AvmError, SelectionError, UsageError
from avm_otio.jobs.soundtrack import check
from avm_otio.request import Request
from avm_otio.timeline.model import Timeline

CUT = Timeline("cut", F(25), start_frame=90_000, duration=F(45))


def asked(**more: object) -> Request:
    return Request(Path("cut.otio"), Path("out.otio"), **{"mix": "standard", "loudness": "none"} | more)


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"mix_figures": ("under_speech=13",)}, UsageError, "Did you mean under_speech_lu?"),
        ({"mix_figures": ("foo",)}, AvmError, "under_speech_lu=12"),
        ({"mix_figures": ("attack_ms=-1",)}, UsageError, "attack_ms"),
        ({"loudness": -80.0}, UsageError, "LUFS"),
        ({"music_end": "02:00:00:00"}, SelectionError, "The music cannot end at 02:00:00:00"),
        ({"music_end": "later"}, AvmError, "later"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    more: dict[str, object], error: type[AvmError], words: str
) -> None:
    with pytest.raises(error) as caught:
        check(asked(**more), CUT)
    assert words in f"{caught.value} {caught.value.hint}"


def test_what_can_be_is_let_pass() -> None:
    check(
        asked(mix_figures=("under_speech_lu=12", "hit_level_lu=-3"), music_end="01:00:30:00", loudness=-16.0),
        CUT,
    )
