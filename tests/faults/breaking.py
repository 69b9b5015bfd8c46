"""What can go wrong with a request in the proxy's hands."""

from __future__ import annotations

import time
from dataclasses import replace

from tests.faults.proxy import Answer, Call, Fault


def reset_at_once(call: Call) -> None:
    """The line breaks before anything has come through."""
    call.reset()


def reset_halfway(call: Call) -> None:
    """The line breaks in the middle of the request's body; the service never sees it."""
    call.receive(0.5)
    call.reset()


def reset_after_all(call: Call) -> None:
    """The line breaks when the whole request was read, before the service sees it."""
    call.receive()
    call.reset()


def lost(call: Call) -> None:
    """The service acts, and its answer is lost."""
    call.pass_on()
    call.reset()


def instead(answer: Answer, *, acted: bool = False) -> Fault:
    """Another answer than the service's, which did not see the request, or did and acted."""

    def fault(call: Call) -> None:
        (call.pass_on if acted else call.receive)()
        call.answer(answer)

    return fault


def cut(upto: int | float, *, has_length: bool = True) -> Fault:
    """The answer breaks off after so many bytes of its body, or that share of them.

    Args:
        upto: Bytes, or a share below one.
        has_length: Whether the answer's length says how much should have come.
    """

    def fault(call: Call) -> None:
        answer = call.pass_on()
        kept = int(len(answer.body) * upto) if isinstance(upto, float) else upto
        call.answer(replace(answer, length=None if has_length else min(kept, len(answer.body))), kept)

    return fault


def trickle(pause_s: float) -> Fault:
    """The answer comes a byte at a time."""
    return lambda call: call.answer(call.pass_on(), pause_s=pause_s)


def late(pause_s: float, *, acted: bool) -> Fault:
    """The answer comes when nobody waits for it any more; the service acts at once, or only then."""

    def fault(call: Call) -> None:
        call.receive()
        if acted:
            answer = call.pass_on()
            time.sleep(pause_s)
        else:
            time.sleep(pause_s)
            answer = call.pass_on()
        call.answer(answer)

    return fault


def run_out(status: int) -> Fault:
    """From this download on all links have run out; the service gives new ones when it is asked again."""

    def fault(call: Call) -> None:
        call.proxy.links += 1
        call.proxy.run_out_status = status
        call.answer(call.pass_on())

    return fault
