"""A client of a service of this machine, and the calls that tests make of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from avm_otio import errors
from avm_otio.retry import Retrying
from avm_otio.service.client import Client
from avm_otio.service.request import ServiceRequest
from tests.loopback_http import Reply, Service, cut_short, html, raw, redirect, reset, says, serving

TOKEN = "s3cret-0123456789abcdef"


AT_ONCE = Retrying(attempts=3, sleep=lambda _: None)


REQUEST = ServiceRequest({"range": [16], "duration": 8, "usage_platforms": [2]}, {"effects": {}})


Call = Callable[[Client], object]


def client_of(service: Service, **named: object) -> Client:
    named = {"retrying": AT_ONCE, "answer_timeout_s": 5.0} | named
    return Client(service.url, TOKEN, **named)


def call_film(client: Client) -> object:
    return client.film(7)


def call_service(client: Client) -> object:
    return client.create_service(7, REQUEST)


def call_youtube(client: Client) -> object:
    return client.create_film_from_youtube("https://youtu.be/x")


def error_of(reply: Reply, call: Call = call_film) -> tuple[errors.AvmError, int]:
    """The error that a call ends in, and how often the service was asked."""
    with serving(reply) as service, client_of(service) as client:
        with pytest.raises(errors.AvmError) as caught:
            call(client)
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
        return caught.value, len(service.asked)


OWN = "Insufficient analyze count"


SHAPE = {"message": ["Not now."]}


UNSURE: dict[str, Reply] = {
    "reset": reset,
    "cut short": cut_short,
    "HTML": html(200),
    "nothing": raw(200, b""),
    "no session": says({}),
    "a session that is none": says({"session_id": "four"}),
    "no content": raw(204, b""),
    **{f"{status} HTML": html(status) for status in (400, 401, 403, 404, 408, 429, 499, 500, 502)},
    **{f"{status} redirect": redirect("/film/7/service/4/", status) for status in (301, 302, 303, 307, 308)},
    **{
        f"{status} own shape": says(SHAPE, status) for status in (400, 404, 405, 408, 409, 422, 499, 500, 503)
    },
    **{f"{status} documented": says({"message": [OWN]}, status) for status in (404, 408, 409, 499, 500, 503)},
    "documented, of another call": says({"message": ["The Youtube url is invalid"]}, 400),
    "documented, another shape": says({"detail": OWN}, 400),
    "documented, a bare text": says({"message": OWN}, 400),
}
"""Answers to the paid call that do not rule out that it was carried out."""


_OF_PAID_CALL = {
    OWN: errors.AnalysesUsedUpError,
    "The license data must be provide": errors.LicenseMissingError,
    "All usage_platform that choice must be related to the same usage data": errors.UsagePlatformError,
    "At least one service to be chosen": errors.NoServiceChosenError,
    "Sound effect start time unavailable": errors.EffectStartError,
}


REFUSED: dict[str, tuple[Reply, type[errors.AvmError], int]] = {
    **{
        f"{status} {message}": (says({"message": ["前言", message]}, status), kind, 1)
        for message, kind in _OF_PAID_CALL.items()
        for status in (400, 402, 403, 422)
    },
    "401": (says(SHAPE, 401), errors.TokenRefusedError, 1),
    "403": (says(SHAPE, 403), errors.TokenRefusedError, 1),
    "429": (says(SHAPE, 429), errors.RefusedError, 3),
}
"""Answers to the paid call that prove that it was not, the error, and how often it is sent."""
