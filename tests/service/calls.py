"""A client of a service of this machine, and the calls that tests make of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from avm_otio import errors
from avm_otio.retry import Retrying
from avm_otio.service.client import Client
from avm_otio.service.request import ServiceRequest
from tests.loopback_http import Reply, Service, serving

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
