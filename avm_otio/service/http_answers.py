"""From an HTTP answer to a value, or to the error that says what came instead. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from avm_otio import services
from avm_otio.errors import (
    AnalysesUsedUpError,
    ContractError,
    EffectStartError,
    LicenseMissingError,
    NoServiceChosenError,
    NoVideoSourceError,
    RefusedError,
    ServiceError,
    TokenRefusedError,
    UsagePlatformError,
    YoutubeUrlInvalidError,
    YoutubeUrlUnavailableError,
)
from avm_otio.mix import lenient

SHOWN_CHARACTERS = 200
"""How much of an unexpected answer an error shows."""


@dataclass(frozen=True, slots=True)
class _Documented:
    error: type[RefusedError]
    message: str
    hint: str
    is_of_paid_call: bool = True


# The service's own spelling, matched exactly. Source: the reference's tables of error messages.
_DOCUMENTED = {
    "Insufficient analyze count": _Documented(
        AnalysesUsedUpError,
        "There is no subscription, or its analyses are used up",
        "Buy analyses from the service, or use --service local.",
    ),
    "One of the file or YouTube url must be provided": _Documented(
        NoVideoSourceError,
        "The service got neither a file nor a YouTube link",
        "Give one film: a file or a YouTube link.",
        is_of_paid_call=False,
    ),
    "The Youtube url is invalid": _Documented(
        YoutubeUrlInvalidError,
        "The service does not take this as a YouTube link",
        "Copy the link from the address bar of the video's own page.",
        is_of_paid_call=False,
    ),
    "The Youtube url is unavailable": _Documented(
        YoutubeUrlUnavailableError,
        "The service cannot get the video behind this YouTube link",
        "Check that it is public and not blocked by country or age, or send the file instead.",
        is_of_paid_call=False,
    ),
    "The license data must be provide": _Documented(
        LicenseMissingError,
        "The service wants to know what the music is licensed for",
        "Give the licence's range, duration and usage platforms as options or in the configuration.",
    ),
    "All usage_platform that choice must be related to the same usage data": _Documented(
        UsagePlatformError,
        "The licence's usage platforms belong to different usages",
        "Choose usage platforms of one usage only.",
    ),
    "At least one service to be chosen": _Documented(
        NoServiceChosenError,
        "The service was asked for nothing",
        f"Choose {services.any_of_names()}.",
    ),
    "Sound effect start time unavailable": _Documented(
        EffectStartError,
        "The service does not take the start of the stretch in which to look for effects",
        "Start inside the film, before the stretch's end.",
    ),
}

_REFUSING = frozenset({400, 401, 402, 403, 422})
"""Statuses with which a service says no. 404, 408, 409 and 499 are not among them: they also come, from the
service or from what stands before it, after the work was done."""

_TOKEN_REFUSED = (401, 403)
_PUT_OFF = 429
"""Refused for now: RFC 6585, 4."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer of the service.

    Attributes:
        asked: The call, such as ``GET /film/7/``, for messages.
        status: HTTP status.
        content_type: As it came; empty where there was none.
        body: Every byte, but for the token: should the service have sent it back, it is struck out.
        location: Where a redirect points, as it came.
        retry_after: ``Retry-After``, as it came.
        token: What must not be shown, should the service send it back.
    """

    asked: str
    status: int
    content_type: str
    body: bytes
    location: str | None = None
    retry_after: str | None = None
    token: str = field(default="", repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the call was carried out, by its status."""
        return 200 <= self.status < 300

    def without_token(self, text: str) -> str:
        """A text with the token struck out."""
        return text.replace(self.token, "[token]") if self.token else text

    def shown(self) -> str:
        """What came, on one line: status, content type and the first characters."""
        text = self.body.decode("utf-8", "replace")
        line = "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))
        if len(line) > SHOWN_CHARACTERS:
            line = line[:SHOWN_CHARACTERS] + "…"
        kind = self.without_token(self.content_type)[:80] or "no content type"
        return f"{self.status} ({kind}) {f'«{line}»' if line else 'with an empty body'}"


def json_of(answer: Answer) -> object:
    """The parsed body of an answer that is no refusal.

    Raises:
        RefusedError: The service refused; one of its named kinds where the reference documents the message.
        TokenRefusedError: 401 or 403.
        ContractError: The answer is not the API's.
    """
    if not answer.is_success:
        raise refusal(answer)
    return _parsed(answer)


def refuses_paid_call(answer: Answer) -> bool:
    """Whether an answer to the paid call proves that it was not carried out.

    It does where the service itself, in its own shape of an error, gives a reason that the reference
    documents for this very call, refuses the token, or puts the call off (429). Nothing else does: a status
    alone may come from a proxy, and after the work was done.
    """
    messages = _messages(answer)
    if answer.status in _REFUSING and any(
        documented.is_of_paid_call for message in messages if (documented := _DOCUMENTED.get(message))
    ):
        return True
    return bool(messages) and (answer.status in _TOKEN_REFUSED or puts_off(answer))


def puts_off(answer: Answer) -> bool:
    """Whether the service itself says that it will not do this now, and did not."""
    return answer.status == _PUT_OFF and bool(_messages(answer))


def contract_error(answer: Answer, why: str) -> ContractError:
    """The error for an answer that is not what the API promises."""
    return ContractError(
        f"{answer.asked}: {why}; came: {answer.shown()}.",
        "Check the service's address, and whether a proxy stands in between.",
        status=answer.status,
    )


def refusal(answer: Answer) -> ServiceError:
    """The error for an answer that is a refusal."""
    messages = _messages(answer)
    for message in messages:
        if documented := _DOCUMENTED.get(message):
            return documented.error(
                f"{documented.message} («{message}»).",
                documented.hint,
                status=answer.status,
                messages=messages,
            )
    if answer.status in _TOKEN_REFUSED:
        return TokenRefusedError(
            f"The service does not accept the token: {' '.join(messages) or answer.shown()}",
            "Run avm-otio login, or set AVM_TOKEN.",
            status=answer.status,
            messages=messages,
        )
    if messages:
        return RefusedError(
            f"{answer.asked}: the service refused ({answer.status}): {' '.join(messages)}",
            "Wait a while, then try again." if answer.status == 429 else "",
            status=answer.status,
            messages=messages,
        )
    if answer.location is not None:
        place = answer.without_token(answer.location.partition("?")[0])
        return contract_error(answer, f"a redirect to {place}")
    return contract_error(answer, "an error without the service's message")


def _messages(answer: Answer) -> tuple[str, ...]:
    """The service's own words; none where the answer is not ``{"message": [str, ...]}``."""
    try:
        data = _parsed(answer)
    except ContractError:
        return ()
    messages = data.get("message") if isinstance(data, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, str) for message in messages):
        return ()
    return tuple(lenient.whole_text(message) for message in messages)


def _parsed(answer: Answer) -> object:
    try:
        return lenient.parsed(answer.body)
    except ValueError:
        pass
    raise contract_error(answer, "not JSON")
