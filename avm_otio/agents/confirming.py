"""Paid calls confirmed: a dry run names what would be sent, and gives a code for it that is of use once."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from contextlib import suppress

from avm_otio.errors import UsageError
from avm_otio.jobs.forecast import Forecast
from avm_otio.request import Request

_SHOWN_ALONE = ("wait_s", "size_bytes", "is_size_estimate")
"""Estimates, which may be others a moment later while the same would be sent."""


class Confirmations:
    """The codes that dry runs gave, each for what it showed."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._lock = threading.Lock()

    def give(self, request: Request, ahead: Forecast) -> str | None:
        """The code that confirms what was shown; ``None`` where nothing would be paid."""
        if not pays(ahead):
            return None
        code = secrets.token_hex(8)
        with self._lock:
            self._given[code] = _digest(request, ahead)
        return code

    def take(self, request: Request, ahead: Forecast, *, is_confirmed: bool, code: str) -> None:
        """Use up the code for what would be sent now.

        Raises:
            UsageError: The paid call is not confirmed, or something else was shown.
        """
        what = f"{ahead.question.service} would be sent {ahead.name} ({ahead.length}) and use up an analysis"
        how = (
            "Run score_dry_run, show the user what it says, and call again with confirm_paid_call true and"
            " its confirmation. Nothing was sent."
        )
        if not is_confirmed or not code:
            raise UsageError(f"{what}: that is not confirmed.", how)
        with self._lock:
            shown = self._given.get(code)
            if shown == _digest(request, ahead):
                del self._given[code]
                return
        if shown is None:
            raise UsageError(f"{what}: the confirmation is none, or was used before.", how)
        raise UsageError(f"{what}: the confirmation is of something else.", how)


def pays(ahead: Forecast) -> bool:
    """Whether a film would be sent, or an analysis used up."""
    return ahead.sends_film or bool(ahead.analyses)


def _digest(request: Request, ahead: Forecast) -> str:
    shown = {name: value for name, value in ahead.as_dict().items() if name not in _SHOWN_ALONE}
    with suppress(OSError):  # the same cut: one that was saved again may be another
        shown["saved"] = request.timeline.stat().st_mtime_ns
    whole = json.dumps([request.dump(), shown, ahead.digest], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
