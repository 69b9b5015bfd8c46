"""How long a service will take, from how long it took before on this machine."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from statistics import median

from avm_otio.errors import OutputError
from avm_otio.files import make_folder, write_text

_FILE = "waits.json"
_KEPT = 50
_NEAREST = 9

Wait = tuple[float, float]
"""A film's length and how long its result was waited for, both in seconds."""


def estimate(cache_dir: Path, service: str, film_s: float) -> float | None:
    """How long a service may take for a film.

    Of the last 50 waits for this service those nine are taken whose films are nearest in length (by ratio);
    the median of *seconds waited per second of film* is what this film is expected to take. So neither a
    night on which the service was slow nor a film of another order of length spoils it.

    Args:
        cache_dir: Where waits are remembered.
        service: Which service, in any words that stay the same.
        film_s: The film's length in seconds.

    Returns:
        Seconds; ``None`` where nothing is known.
    """
    waits = _read(cache_dir / _FILE).get(service, [])
    if not waits or not _is_length(film_s):
        return None
    nearest = sorted(waits, key=lambda wait: abs(math.log(wait[0] / film_s)))[:_NEAREST]
    return film_s * median(waited_s / length_s for length_s, waited_s in nearest)


def remember(cache_dir: Path, service: str, film_s: float, waited_s: float) -> None:
    """Keep how long a service took. Of two processes that do so at once, one may be forgotten.

    Args:
        cache_dir: Where waits are remembered; a cache that cannot be written remembers nothing.
        service: Which service, in the words of ``estimate``.
        film_s: The film's length in seconds.
        waited_s: From the paid call to the result, in seconds.
    """
    if not _is_wait((film_s, waited_s)):
        return
    known = _read(cache_dir / _FILE)
    known[service] = [*known.get(service, []), (film_s, waited_s)][-_KEPT:]
    with suppress(OutputError):
        write_text(make_folder(cache_dir) / _FILE, json.dumps(known))


def _read(path: Path) -> dict[str, list[Wait]]:
    """Every service's waits, the oldest first; nothing where the file is broken or not there."""
    try:
        known = json.loads(path.read_bytes())
        waits = {service: [(wait[0], wait[1]) for wait in waits] for service, waits in known.items()}
    except (OSError, ValueError, RecursionError, AttributeError, TypeError, LookupError):
        return {}
    return {service: [wait for wait in of_it if _is_wait(wait)] for service, of_it in waits.items()}


def _is_wait(wait: tuple[object, object]) -> bool:
    film_s, waited_s = wait
    return _is_length(film_s) and isinstance(waited_s, int | float) and 0 <= waited_s < math.inf


def _is_length(film_s: object) -> bool:
    return isinstance(film_s, int | float) and 0 < film_s < math.inf
