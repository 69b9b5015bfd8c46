"""Estimates of how long a service takes, from how long it took before on this machine."""

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
"""The length of a film and how long its result took, both in seconds."""


def estimate(cache_dir: Path, service: str, film_s: float) -> float | None:
    """How long a service may take for a film.

    Of the last 50 waits for this service, the nine are used whose films are nearest in length (by ratio), and
    of these the median of *seconds waited per second of film*. So neither one slow night nor a film of quite
    another length spoils the estimate.

    Args:
        cache_dir: Folder where waits are kept.
        service: Identifies the service.
        film_s: Length of the film, in seconds.

    Returns:
        Seconds; ``None`` if there is nothing to go by.
    """
    waits = _read(cache_dir / _FILE).get(service, [])
    if not waits or not _is_length(film_s):
        return None
    nearest = sorted(waits, key=lambda wait: abs(math.log(wait[0] / film_s)))[:_NEAREST]
    return film_s * median(waited_s / length_s for length_s, waited_s in nearest)


def remember(cache_dir: Path, service: str, film_s: float, waited_s: float) -> None:
    """Keep how long a service took. Of two processes that do so at once, one may be lost.

    Args:
        cache_dir: Folder where waits are kept; nothing is kept if it cannot be written.
        service: Identifies the service, as for ``estimate``.
        film_s: Length of the film, in seconds.
        waited_s: From the paid call to the result, in seconds.
    """
    if not _is_wait((film_s, waited_s)):
        return
    waits = _read(cache_dir / _FILE)
    waits[service] = [*waits.get(service, []), (film_s, waited_s)][-_KEPT:]
    with suppress(OutputError):
        write_text(make_folder(cache_dir) / _FILE, json.dumps(waits))


def _read(path: Path) -> dict[str, list[Wait]]:
    """The waits for each service, the oldest first; empty if the file is missing or broken."""
    try:
        document = json.loads(path.read_bytes())
        found = {service: [(wait[0], wait[1]) for wait in waits] for service, waits in document.items()}
    except (OSError, ValueError, RecursionError, AttributeError, TypeError, LookupError):
        return {}
    return {service: [wait for wait in waits if _is_wait(wait)] for service, waits in found.items()}


def _is_wait(wait: tuple[object, object]) -> bool:
    film_s, waited_s = wait
    return _is_length(film_s) and isinstance(waited_s, int | float) and 0 <= waited_s < math.inf


def _is_length(film_s: object) -> bool:
    return isinstance(film_s, int | float) and 0 < film_s < math.inf
