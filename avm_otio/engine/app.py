"""The contract over HTTP: routes, who may call them, and the shape of every error."""

from __future__ import annotations

import asyncio
import errno
import hmac
import json
import mimetypes
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from avm_otio.addresses import is_loopback
from avm_otio.engine.answers import Answers
from avm_otio.engine.library import Library
from avm_otio.engine.library_pages import found_sounds, one_sound
from avm_otio.engine.requests import Locale, Refusal, check_youtube_url, read_locale, read_service_call
from avm_otio.engine.searching import Searcher
from avm_otio.engine.shop import Shop
from avm_otio.engine.store import Store, StoredFilm
from avm_otio.engine.upload import LARGEST_FILM_BYTES, FormError, TooLargeError, Upload
from avm_otio.engine.work import Work
from avm_otio.errors import AvmError

PAGE_SIZE = 20
_TOO_LARGE = "The film is larger than this engine takes.", "影片超過此引擎的上限。"
_NO_SOURCE = "One of the file or YouTube url must be provided"
_BODY_LIMIT_BYTES = 1024 * 1024
PATIENCE_S = 60.0
"""How long the next piece of a body may take, in seconds; and a request's head as a whole."""


class _NumberConvertor(Convertor[int]):
    """The id in an address: what is longer than any that is given is no address at all."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", _NumberConvertor())


class Api:
    """The engine's answers to every call.

    Args:
        store: Films, sessions and results.
        library: The sounds that can be downloaded.
        shop: What of them is bought.
        searcher: The same, to be searched.
        work: Who carries out sessions.
        token: The token that callers must show; any that is not empty where ``None``.
        analyses: How many service calls are taken in all; ``None`` for no limit.
    """

    def __init__(
        self,
        store: Store,
        library: Library,
        shop: Shop,
        searcher: Searcher,
        work: Work,
        token: str | None,
        analyses: int | None,
    ) -> None:
        self._store = store
        self._library = library
        self._shop = shop
        self._searcher = searcher
        self._work = work
        self._token = token
        self._analyses = analyses

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/film/", self._post_film, methods=["POST"]),
                Route("/film/", self._for_callers(self._list_films), methods=["GET"]),
                Route("/film/{film_id:number}/", self._for_callers(self._get_film), methods=["GET"]),
                Route("/film/{film_id:number}/service/", self._post_service, methods=["POST"]),
                Route(
                    "/film/{film_id:number}/service/{session_id:number}/",
                    self._for_callers(self._get_result),
                    methods=["GET"],
                ),
                Route("/library/sounds/", self._for_callers(self._find_sounds), methods=["GET"]),
                Route(
                    "/library/sounds/{sound_id:number}/",
                    self._for_callers(self._get_sound),
                    methods=["GET"],
                ),
                Route("/openapi.json", _contract, methods=["GET"]),
                Route("/media/{kind}/{number:number}/{signature}/{name}", self._download, methods=["GET"]),
            ],
            exception_handlers={
                Refusal: _refused,
                AvmError: _unusable,
                HTTPException: _no_route,
                Exception: _fault,
            },
        )

    def _for_callers(self, answer: Callable[[Request, Answers], Any]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            return JSONResponse(answer(request, self._answers(request)))

        return endpoint

    def _answers(self, request: Request) -> Answers:
        """Check the caller, and say how it is answered.

        Raises:
            Refusal: A missing or wrong token, another machine's address, or an unknown language or currency.
        """
        if not is_loopback(request.url.hostname or ""):
            raise Refusal("This engine answers on its own machine only.", 400)
        locale = _locale(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        is_right = self._token is None or hmac.compare_digest(token.encode(), self._token.encode())
        if scheme.lower() != "token" or not token or not is_right:
            raise Refusal(locale.say("The token is missing or wrong.", "授權權杖遺失或錯誤。"), 401)
        return Answers(self._store, self._shop, str(request.base_url).rstrip("/"), locale)

    async def _post_film(self, request: Request) -> Response:
        length = request.headers.get("content-length")
        if (
            length is not None and int(length) > 2 * LARGEST_FILM_BYTES
        ):  # whoever asks; the form has more than the film
            raise Refusal(_locale(request).say(*_TOO_LARGE), 413)
        answers = self._answers(request)
        locale = answers.locale
        try:
            with Upload(
                request.headers.get("content-type", ""),
                self._store.uploads,
                None if length is None else int(length),  # the server has seen that it is a number
            ) as upload:
                async for piece in _arriving(request, locale):
                    await run_in_threadpool(upload.write, piece)
                upload.finish()
                film = await run_in_threadpool(self._add_film, upload, locale)
        except (FormError, ClientDisconnect):
            raise Refusal(_NO_SOURCE) from None
        except TooLargeError:
            raise Refusal(locale.say(*_TOO_LARGE), 413) from None
        return JSONResponse({"id": film.id})

    def _add_film(self, upload: Upload, locale: Locale) -> StoredFilm:
        if len(upload.files) + len(upload.youtube_urls) != 1:
            raise Refusal(_NO_SOURCE)
        if upload.youtube_urls:
            raise check_youtube_url(upload.youtube_urls[0])
        path, filename = upload.files[0]
        try:
            shape = self._work.shape(path)
        except AvmError as error:
            reason = error.what.replace(str(path), filename or "The file")
            raise Refusal(
                locale.say(f"The file cannot be used: {reason}", f"無法使用此檔案：{reason}")
            ) from None
        return self._store.add_film(path, filename, shape)

    def _list_films(self, request: Request, answers: Answers) -> Any:
        asked = request.query_params.get("page", "1")
        ids = self._store.film_ids()
        pages = max(1, -(-len(ids) // PAGE_SIZE))
        if not asked.isascii() or not asked.isdecimal() or not 1 <= int(asked[:9]) <= pages:
            raise Refusal(
                answers.locale.say(f"There is no page {asked[:20]!r}.", f"沒有第 {asked[:20]!r} 頁。"), 404
            )
        page = int(asked)
        shown_ids = ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        films = [film for number in shown_ids if (film := self._store.film(number)) is not None]
        return {
            "count": len(ids),
            "next": f"{answers.base_url}/film/?page={page + 1}" if page < pages else None,
            "previous": f"{answers.base_url}/film/?page={page - 1}" if page > 1 else None,
            "results": [
                answers.film(film, self._store.sessions_of(film.id)[-1:])
                for film in films
                if film is not None
            ],
        }

    def _get_film(self, request: Request, answers: Answers) -> Any:
        film = self._film(request, answers.locale)
        return answers.film(film, self._store.sessions_of(film.id))

    async def _post_service(self, request: Request) -> Response:
        answers = self._answers(request)
        body = bytearray()
        async for piece in _arriving(request, answers.locale):
            body += piece
            if len(body) > _BODY_LIMIT_BYTES:
                raise Refusal(answers.locale.say("The body is too long.", "內容過長。"), 413)
        return JSONResponse(await run_in_threadpool(self._add_session, request, bytes(body), answers.locale))

    def _add_session(self, request: Request, body: bytes, locale: Locale) -> Any:
        film = self._film(request, locale)
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            asked = None
        wish = read_service_call(asked, film.type, film.duration_us, locale)
        if wish.notify_url is not None and not self._work.may_notify(wish.notify_url):
            raise Refusal(
                locale.say(
                    "notify_url must not lie inside a private network.", "notify_url 不能是內部網路的網址。"
                )
            )
        session = self._store.add_session(film.id, asdict(wish), wish.services, self._analyses)
        if session is None:
            raise Refusal("Insufficient analyze count")
        self._work.take_up(session.id)
        return {"session_id": session.id}

    def _get_result(self, request: Request, answers: Answers) -> Any:
        film = self._film(request, answers.locale)
        session = self._store.session(request.path_params["session_id"])
        if session is None or session.film_id != film.id:
            raise Refusal(answers.locale.say("There is no such session.", "沒有這個服務。"), 404)
        return answers.result(session)

    def _find_sounds(self, request: Request, answers: Answers) -> Any:
        return found_sounds(self._searcher, request.query_params, answers.locale, answers.item_url)

    def _get_sound(self, request: Request, answers: Answers) -> Any:
        number = request.path_params["sound_id"]
        return one_sound(self._searcher, number, answers.locale, answers.item_url)

    def _film(self, request: Request, locale: Locale) -> StoredFilm:
        film = self._store.film(request.path_params["film_id"])
        if film is None:
            raise Refusal(locale.say("There is no such film.", "沒有這部影片。"), 404)
        return film

    def _download(self, request: Request) -> Response:
        """A file, for whoever has its address; no token is asked for, and ranges are served."""
        kind, number, signature, name = (
            request.path_params[part] for part in ("kind", "number", "signature", "name")
        )
        right = self._store.signature(f"{kind}/{number}/{name}")
        path = self._file(kind, number) if hmac.compare_digest(signature.encode(), right.encode()) else None
        if path is None or not path.is_file():
            raise Refusal(_locale(request).say("There is no such file.", "沒有這個檔案。"), 404)
        return FileResponse(path, media_type=mimetypes.guess_type(name)[0] or "application/octet-stream")

    def _file(self, kind: str, number: int) -> Path | None:
        if kind == "item":
            return self._library.path(number)
        if kind == "preview":
            return self._shop.preview(number)
        if kind == "dialogue":
            return self._store.dialogue_path(number)
        film = self._store.film(number)
        return None if film is None else self._store.film_path(film)


async def _arriving(request: Request, locale: Locale) -> AsyncIterator[bytes]:
    """The pieces of a body.

    Raises:
        Refusal: The next one does not come.
    """
    pieces = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(PATIENCE_S):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Refusal(locale.say("The rest of the body did not come.", "內容未傳送完畢。"), 408) from None
        yield piece


def _locale(request: Request) -> Locale:
    return read_locale(request.headers.get("accept-language"), request.headers.get("avma-currency"))


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": [message]}, status_code=status)


def _contract(request: Request) -> Response:
    from avm_otio.engine.contract import openapi  # takes a while, and few ask for it

    return JSONResponse(openapi())


async def _refused(request: Request, error: Any) -> Response:
    return _error(error.status, error.message)


async def _unusable(request: Request, error: Any) -> Response:
    return _error(500, str(error))


def _say(request: Request, en: str, zh: str) -> str:
    """One of two wordings, also where the caller's language is none that the engine has."""
    try:
        return _locale(request).say(en, zh)
    except Refusal:
        return en


async def _no_route(request: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    messages = {
        404: ("There is no such address.", "沒有這個位址。"),
        405: ("This address does not take that method.", "此位址不接受這種方法。"),
    }
    words = messages.get(error.status_code, (str(error.detail), str(error.detail)))
    answer = _error(error.status_code, _say(request, *words))
    answer.headers.update(headers)
    return answer


async def _fault(request: Request, error: Any) -> Response:
    is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if is_full or (isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_FULL):
        words = (
            "The engine's disk is full. Free up space, then try again.",
            "引擎的磁碟已滿。請清出空間後再試。",
        )
        return _error(507, _say(request, *words))
    name = type(error).__name__
    return _error(
        500, _say(request, f"The engine failed ({name}). Try again.", f"引擎發生錯誤（{name}）。請再試一次。")
    )
