"""The faults of the network, as a table: what goes wrong, with which call, how often in a row."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.breaking import (
    cut,
    instead,
    late,
    lost,
    reset_after_all,
    reset_at_once,
    reset_halfway,
    run_out,
    trickle,
)
from tests.faults.proxy import FILM, FILMS, ITEM, PAY, POLL, UPLOAD, Fault, says, text

LONGER_THAN_ANY_RETRY = 12
_LONGER_THAN_AN_ANSWER_S = 2.5
"""The stage's runs wait for a second, and look for half a one."""


@dataclass(frozen=True)
class Trouble:
    """A fault of the network.

    Attributes:
        kind: What goes wrong, in few words.
        call: The call that it meets, for people.
        on: The same as an expression.
        fault: What happens.
        nth: The first call that it meets.
        times: How many calls in a row.
    """

    kind: str
    call: str
    on: str
    fault: Fault
    nth: int = 1
    times: int = 1

    def __str__(self) -> str:
        often = "" if self.times == 1 else f", {self.times} times"
        return f"{self.kind}, {self.call} {self.nth}{often}"


CALLS = {"upload": UPLOAD, "paid call": PAY, "poll": POLL, "film": FILM, "item": ITEM}

_STATUSES = (429, 500, 502, 503)
_HTML = "<html><h1>Gateway</h1>\n down </html>"


def _of_any_call() -> dict[str, Fault]:
    return {
        "reset at once": reset_at_once,
        "reset after the request": reset_after_all,
        "answer lost": lost,
        "answer cut": cut(0.5),
        "answer cut at its first byte": cut(1),
        "answer empty": cut(0, has_length=False),
        "HTML": instead(text(_HTML)),
        "HTML, acted": instead(text(_HTML), acted=True),
        "HTML 502": instead(text(_HTML, 502)),
    }


def _statuses(acted: bool) -> dict[str, Fault]:
    return {
        f"{status}{' Retry-After' if wait else ''}{', acted' if acted else ''}": instead(
            says({"message": ["Try later."]}, status, **({"retry_after": "1"} if wait else {})), acted=acted
        )
        for status in _STATUSES
        for wait in (False, True)
    }


def _of_json() -> dict[str, Fault]:
    wrong = {"list": [], "nothing": {}, "text for a number": {"id": "x", "session_id": "y", "is_done": "z"}}
    return {
        "JSON cut": cut(0.5, has_length=False),
        "slow-loris": trickle(0.3),
        "answered late": late(_LONGER_THAN_AN_ANSWER_S, acted=True),
        "acted late": late(_LONGER_THAN_AN_ANSWER_S, acted=False),
        **{f"wrong JSON ({name})": instead(says(document), acted=True) for name, document in wrong.items()},
    }


def _of_paid_call() -> dict[str, Fault]:
    """Answers that prove nothing, after the service acted and after it did not."""
    return {
        f"{status}{', acted' if acted else ''}": instead(
            says({"message": ["It is so."]}, status, **({"location": "/film/"} if status < 400 else {})),
            acted=acted,
        )
        for status in (301, 302, 307, 400, 404, 408, 409, 499)
        for acted in (False, True)
    } | {
        "documented, acted": instead(says({"message": ["Insufficient analyze count"]}, 400), acted=True),
    }


def network() -> list[Trouble]:
    """Every fault of the network with every call that it can meet."""
    found = []
    for call, on in CALLS.items():
        faults = _of_any_call() | _statuses(acted=False)
        if call != "item":
            faults |= _of_json()
        if call in ("upload", "paid call"):
            faults |= {"reset halfway": reset_halfway} | _statuses(acted=True)
        if call == "paid call":
            # A 429 means that nothing was done (RFC 6585, 4): there is no guard against a lie.
            faults = {
                kind: fault
                for kind, fault in faults.items()
                if not kind.startswith("429") or "acted" not in kind
            }
            faults |= _of_paid_call()
        if call == "item":
            faults |= {f"link run out ({status})": run_out(status) for status in (401, 403, 404, 410)}
            faults |= {f"download cut at {size}": cut(size) for size in (511, 513, 8192, 16_000)}
        found += [Trouble(kind, call, on, fault) for kind, fault in faults.items()]
    found += [
        Trouble(kind, call, CALLS[call], fault, times=LONGER_THAN_ANY_RETRY)
        for call in CALLS
        for kind, fault in {
            "reset at once": reset_at_once,
            "503": instead(says({"message": ["Try later."]}, 503)),
            "HTML": instead(text(_HTML)),
        }.items()
        if (call, kind) != ("item", "HTML")  # an item that is HTML again and again can never be had
    ]
    found += [Trouble("download cut at 5000", "item", ITEM, cut(5000), nth=nth, times=2) for nth in (1, 2)]
    found += [Trouble("link run out (403)", "item", ITEM, run_out(403), nth=2)]
    return found


def pairs() -> list[tuple[Trouble, Trouble]]:
    """An answer that is lost, and then no way to find out."""
    ways = {"503": instead(says({"message": ["Try later."]}, 503)), "reset at once": reset_at_once}
    return [
        (Trouble("answer lost", call, CALLS[call], lost), Trouble(kind, name, on, fault, times=times))
        for call, name, on in (("upload", "list of films", FILMS), ("paid call", "film", FILM))
        for kind, fault in ways.items()
        for times in (1, LONGER_THAN_ANY_RETRY)
    ]
