"""What the service refuses, and what makes no sense of its answers."""

from __future__ import annotations

import pytest

from avm_otio import errors
from tests.loopback_http import Reply, html, raw, says
from tests.service.calls import call_youtube, error_of

DOCUMENTED = {
    "Insufficient analyze count": errors.AnalysesUsedUpError,
    "One of the file or YouTube url must be provided": errors.NoVideoSourceError,
    "The Youtube url is invalid": errors.YoutubeUrlInvalidError,
    "The Youtube url is unavailable": errors.YoutubeUrlUnavailableError,
    "The license data must be provide": errors.LicenseMissingError,
    "All usage_platform that choice must be related to the same usage data": errors.UsagePlatformError,
    "At least one service to be chosen": errors.NoServiceChosenError,
    "Sound effect start time unavailable": errors.EffectStartError,
}


@pytest.mark.parametrize("status", [400, 403, 503])
@pytest.mark.parametrize("message", DOCUMENTED)
def test_documented_messages_are_named_errors_that_keep_the_words(message: str, status: int) -> None:
    error, asked = error_of(says({"message": ["前言", message]}, status), call_youtube)
    assert type(error) is DOCUMENTED[message]
    assert isinstance(error, errors.RefusedError)
    assert error.status == status
    assert error.messages == ("前言", message)
    assert message in error.what
    assert error.hint
    assert asked == 1


@pytest.mark.parametrize("reply", [says({"message": ["no"]}, 401), says({"detail": "no"}, 403), html(403)])
def test_a_refused_token_has_its_own_error(reply: Reply) -> None:
    error, _ = error_of(reply)
    assert isinstance(error, errors.TokenRefusedError)
    assert error.exit_code == 4


@pytest.mark.parametrize("message", ["insufficient analyze count", "分析次數不足"])
def test_an_unknown_message_is_passed_on(message: str) -> None:
    error, _ = error_of(says({"message": [message]}, 400))
    assert type(error) is errors.RefusedError
    assert message in error.what


@pytest.mark.parametrize(
    "reply",
    [
        html(200),
        html(404),
        raw(200, b""),
        raw(400, b""),
        raw(200, b'{"id": 7'),
        says([]),
        says({}),
        says(None),
        says({"id": "seven"}),
        says({"message": "not a list"}, 400),
        says({"message": [1]}, 400),
        raw(200, b"\xff\xfe"),
        raw(200, b'{"id": NaN}'),
        raw(200, b'{"id": 1e999}'),
        raw(200, b"[" * 100_000),
        raw(200, b"junk", content_encoding="gzip"),
        html(302),
    ],
)
def test_anything_else_is_a_contract_error_on_one_line(reply: Reply) -> None:
    error, asked = error_of(reply)
    assert isinstance(error, errors.ContractError)
    assert asked == 1
    assert "\n" not in str(error)


def test_a_contract_error_shows_what_came() -> None:
    error, _ = error_of(raw(200, b"<html>\n" + b"x" * 5000, content_type="text/html"))
    assert "200 (text/html) «<html> xxx" in error.what
    assert len(error.what) < 400


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    error, asked = error_of(raw(200, b" " * (33 * 1024 * 1024)))
    assert isinstance(error, errors.ContractError)
    assert asked == 1
