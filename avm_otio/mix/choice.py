"""Which of the items that are offered for a cue are heard."""

from __future__ import annotations

from dataclasses import replace

from avm_otio.mix.cues import Cue, Cues
from avm_otio.mix.music_plan import MOST_TIMES
from avm_otio.mix.repeats import without_repeats
from avm_otio.request import Request
from avm_otio.services import Laying

_MOST_PIECES = 4
"""Of music under one film: enough for variety, and no more to pay for."""


def choose(cues: Cues, film_us: int | None, request: Request) -> Cues:
    """Choose what is heard, before prices are summed up and files fetched.

    Args:
        cues: The answer, what cannot be had left out.
        film_us: How long the film is, microseconds; ``None`` where nobody knows.
        request: What gets a piece of music of its own, and how long it is heard.
    """
    varied = without_repeats(cues)
    by_service = {
        service: tuple(replace(cue, pieces=_pieces(cue, film_us, request)) for cue in offered)
        if service.laying is Laying.BED
        else offered
        for service, offered in varied.by_service.items()
    }
    return replace(varied, by_service=by_service)


def _pieces(cue: Cue, film_us: int | None, request: Request) -> int:
    """How many pieces of music are heard: one, as long as it need not be heard more than three times."""
    most = min(_MOST_PIECES, len(cue.items))
    if request.music_per not in (None, "film"):
        return most
    length_us = cue.items[0].duration_us
    if request.music_length not in (None, "picture") or not film_us or not length_us:
        return 1
    return min(most, -(-film_us // (MOST_TIMES * length_us)))
