"""Every call of the film service, a method each; and the wait for its result."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import httpx

from avm_otio.errors import ContractError, NetworkError, RefusedError, ServiceError, UnsureIfPaidError
from avm_otio.mix import lenient
from avm_otio.mix.answers import Film, ServiceResult, read_film, read_result
from avm_otio.retry import PASSING_STATUSES, Retrying
from avm_otio.service.http_answers import Answer, contract_error, json_of, puts_off, refuses_paid_call
from avm_otio.service.request import ServiceRequest
from avm_otio.service.upload import FilmUpload, Progress
from avm_otio.service.wire import AnswerLostError, Wire
from avm_otio.services import ServiceKeys

T = TypeVar("T")

Received = Callable[[bytes], object]
"""Takes an answer as it came, but for the token, before anything of it is read."""

ANSWER_TIMEOUT_S = 60.0
FILM_TIMEOUT_S = 600.0
"""A service looks through a whole upload, or gets a video from YouTube, before it answers."""

_LOOK_FOR_FILM = "It may exist all the same (that costs no analysis): look with avm-otio film list."
_LOOK_BEFORE_PAYING = (
    "The analysis may be paid for: look with avm-otio film show {film_id}, and do not send it again before."
)

SHORTEST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 15.0
PAUSE_SHARE = 0.1
"""Each pause is a tenth of the time waited so far: the result is seen at most about a tenth late."""

_FIRST_SERVER_FAULT = 500

_KEYS, _RETRYING = ServiceKeys(), Retrying()


class Client:
    """The film service at one address, for one token. Use it as a context manager; not for several threads.

    Args:
        base_url: ``https://…``, or ``http://`` on this machine only; may have a path.
        token: The API token. It goes to this address only, and is never shown.
        language: What the service's words are in: ``zh`` or ``en``.
        currency: What prices are in: ``TWD``, ``USD`` or ``EUR``. Prices do not say so: store it beside them.
        keys: The JSON keys of the services.
        answer_timeout_s: How long an answer may take.
        film_timeout_s: How long the answer to a whole upload may take.
        retrying: When to try again.
        transport: Instead of the network, for tests.

    Raises:
        UsageError: The address, language or currency cannot be used.
        TokenRefusedError: There is no token, or it has characters that no token has.

    Every call raises, beside what its own docstring names:

    - ``RefusedError``: the service refused; named kinds for the documented messages, ``TokenRefusedError``
      for 401 and 403;
    - ``ContractError``: what came is not the API's;
    - ``NetworkError``: no answer came.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        language: str = "en",
        currency: str = "USD",
        keys: ServiceKeys = _KEYS,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        film_timeout_s: float = FILM_TIMEOUT_S,
        retrying: Retrying = _RETRYING,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url
        self.language = language
        self.currency = currency
        self.keys = keys
        self._film_timeout_s = film_timeout_s
        self._wire = Wire(
            base_url,
            token,
            {"accept-language": language, "avma-currency": currency},
            timeout_s=answer_timeout_s,
            retrying=retrying,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"Client({str(self._wire.base)!r}, currency={self.currency!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def create_film(
        self, path: Path, *, filename: str | None = None, progress: Progress | None = None
    ) -> int:
        """Send a film from disk, in constant memory.

        Args:
            path: The film.
            filename: The name to send it under; the path's own by default.
            progress: Called with the bytes sent and the bytes in all, after each piece.

        Returns:
            The film's id.

        Raises:
            MediaError: The file is missing, empty, or cannot be read.
        """
        upload = FilmUpload(path, filename, progress)
        return self._create_film(
            upload, {"content-type": upload.content_type, "content-length": str(len(upload))}
        )

    def create_film_from_youtube(self, url: str) -> int:
        """Make a film of a YouTube video.

        Returns:
            The film's id.
        """
        form = httpx.Request("POST", self._wire.url("/film/"), files={"youtube_url": (None, url)})
        return self._create_film(form.read(), {"content-type": form.headers["content-type"]})

    def films(self) -> Iterator[Film]:
        """All films, page by page: a page is asked for when its first film is."""
        url = self._wire.url("/film/")
        seen = {url}
        while True:
            answer = self._wire.get(url)
            films, following = _read(answer, _page)
            yield from films
            if following is None:
                return
            url = self._wire.url_from_service(following, answer.asked, relative_to=url)
            if url in seen:
                raise contract_error(answer, "the pages run in a circle")
            seen.add(url)

    def film(self, film_id: int, *, received: Received = lambda body: None) -> Film:
        """One film, with the recommendations of all its analyses."""
        return _read(self._wire.get(self._wire.url(f"/film/{film_id}/")), read_film, received)

    def create_service(
        self,
        film_id: int,
        request: ServiceRequest,
        *,
        leaving: Callable[[], None] = lambda: None,
        received: Received = lambda body: None,
    ) -> int:
        """Ask for services. **Uses up an analysis**: sent once, and again only where it surely never left.

        Args:
            film_id: The film.
            request: What to ask for.
            received: Takes the answer, be it a refusal, before anything of it is read.
            leaving: Called when the connection stands and the body is about to leave: before that the service
                cannot have acted, after it may have.

        Returns:
            The session's id.

        Raises:
            NoServiceChosenError: The request asks for no service; nothing was sent.
            UnsureIfPaidError: It was sent, and what came does not rule out that it was carried out; see
                ``http_answers.refuses_paid_call``. A refusal that proves nothing is its cause.
            RefusedError: It was surely not carried out, in the service's own words.
            NetworkError: It surely never left.
        """
        body = json.dumps(request.payload(self.keys), allow_nan=False).encode()
        hint = _LOOK_BEFORE_PAYING.format(film_id=film_id)
        try:
            answer = self._wire.post(
                self._wire.url(f"/film/{film_id}/service/"),
                _Watched(body, leaving),
                {"content-type": "application/json", "content-length": str(len(body))},
                is_put_off=puts_off,
            )
        except AnswerLostError as lost:
            raise UnsureIfPaidError(f"No answer to the paid call: {lost.what}", hint) from None
        received(answer.body)
        try:
            return _read(answer, partial(_number, name="session_id"))
        except ServiceError as error:
            if refuses_paid_call(answer):
                raise
            raise UnsureIfPaidError(f"No session came of the paid call: {error.what}", hint) from error

    def service_result(
        self, film_id: int, session_id: int, *, received: Received = lambda body: None
    ) -> ServiceResult:
        """The result as far as it is; ``is_done`` says whether that is all."""
        answer = self._wire.get(self._wire.url(f"/film/{film_id}/service/{session_id}/"))
        return _read(answer, partial(read_result, keys=self.keys), received)

    def _create_film(self, content: bytes | FilmUpload, headers: dict[str, str]) -> int:
        try:
            answer = self._wire.post(
                self._wire.url("/film/"), content, headers, timeout_s=self._film_timeout_s
            )
        except AnswerLostError as lost:
            raise NetworkError(f"No answer to creating a film: {lost.what}", _LOOK_FOR_FILM) from None
        return _read(answer, partial(_number, name="id"))


def wait_for_result(
    client: Client,
    film_id: int,
    session_id: int,
    *,
    later: str,
    timeout_s: float = 3600.0,
    on_poll: Callable[[float, ServiceResult], object] = lambda elapsed_s, result: None,
    on_trouble: Callable[[str], object] = lambda text: None,
    received: Received = lambda body: None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> ServiceResult:
    """Ask until the result is done; a service that is out for a while is asked on.

    Args:
        client: The service.
        film_id: The film.
        session_id: What ``create_service`` gave.
        later: How to continue after the deadline, as a sentence.
        timeout_s: How long to wait in all. A question that is under way then is let to its end.
        on_poll: Called with the seconds waited and the result so far, after each answer.
        on_trouble: Called with a message, once for each time that the service is out.
        received: Takes each answer before anything of it is read.
        clock: Seconds that only grow: a wall clock may jump.
        pause: Waits so many seconds, or less where something makes asking worth while.

    Raises:
        ServiceError: Not done in time; the hint is ``later``.
        RefusedError: The service refused, and not for the moment only.
        ContractError: What came is not the API's, and the service is not just out.
    """
    started = clock()
    trouble = ""
    while True:
        try:
            result = client.service_result(film_id, session_id, received=received)
        except ServiceError as error:
            if not _may_pass(error):
                raise
            if not trouble:
                on_trouble(f"The service is down; still waiting: {error.what}")
            trouble = f" The service is out: {error.what}"
            elapsed_s = clock() - started
        else:
            trouble = ""
            elapsed_s = clock() - started
            on_poll(elapsed_s, result)
            if result.is_done:
                return result
        if elapsed_s >= timeout_s:
            raise ServiceError(f"Session {session_id} is not done after {elapsed_s:.0f} s.{trouble}", later)
        pause_s = min(max(SHORTEST_PAUSE_S, elapsed_s * PAUSE_SHARE), LONGEST_PAUSE_S)
        pause(min(pause_s, timeout_s - elapsed_s))


def _may_pass(error: ServiceError) -> bool:
    """Whether it says that the service is out for the moment, not that asking is of no use."""
    if isinstance(error, RefusedError | ContractError):
        return error.status in PASSING_STATUSES or error.status >= _FIRST_SERVER_FAULT
    return isinstance(error, NetworkError)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A body that calls ``leaving`` when it is about to leave."""

    body: bytes
    leaving: Callable[[], None]

    def __iter__(self) -> Iterator[bytes]:
        self.leaving()
        yield self.body


def _read(answer: Answer, parse: Callable[[object], T], received: Received = lambda body: None) -> T:
    if answer.is_success:
        received(answer.body)
    data = json_of(answer)
    try:
        return parse(data)
    except ContractError as error:
        raise contract_error(answer, error.what) from None


def _number(document: object, name: str) -> int:
    number = lenient.whole_number(document.get(name)) if isinstance(document, Mapping) else None
    if number is None:
        raise ContractError(f"“{name}” should be a whole number")
    return number


def _page(document: object) -> tuple[list[Film], str | None]:
    """The films of a page, and the address of the page that follows."""
    if not isinstance(document, Mapping):
        raise ContractError("not a page of films")
    films, following = document.get("results"), document.get("next")
    if not isinstance(films, list | None) or not isinstance(following, str | None):
        raise ContractError("not a page of films")
    return [read_film(film) for film in films or ()], following
