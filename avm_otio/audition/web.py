"""What the page asks its server for, and what it is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from avm_otio import choosing
from avm_otio.audition.session import Session
from avm_otio.errors import AvmError, UsageError
from avm_otio.jobs.folder import CHOICES, stamp
from avm_otio.jobs.watch.protocol import result_of
from avm_otio.report import SILENT, Report

PAGE = Path(__file__).parent / "page"

_FILES = {path.name: path for path in PAGE.iterdir() if path.suffix in (".html", ".js", ".css", ".svg")}
"""All that is served as it is: nothing is looked up by a path that somebody sent."""

_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}

_BODY_BYTES = 64 * 1024
_LOOK_EVERY_S = 0.5
_ALIVE_EVERY_S = 10.0

_PICTURE_S, _FIRST_FRAME_S = 4.0, 1.0
"""How long a page may take to ask for its film, and to show the first frame of it, before anything else of
weight is done."""


class Web:
    """The page's server.

    Args:
        session: The job.
        grace_s: How long it waits for a page to come back, once all are closed.
        ended: Called when none came back.
        report: Receives what a script that serves the page for somebody else wants to hear.
    """

    def __init__(
        self, session: Session, grace_s: float, ended: Callable[[], None], report: Report = SILENT
    ) -> None:
        self._session = session
        self._report = report
        self._grace_s = grace_s
        self._ended = ended
        self._pages: set[asyncio.Queue[Mapping[str, Any]]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: set[asyncio.Task[Any]] = set()
        self._begun = False
        self._is_laying = False
        self._film_asked = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None
        session.tell_by(self._tell)

    def app(self) -> Starlette:
        """The ASGI application."""
        get = ["GET"]
        made = Starlette(
            routes=[
                Route("/", self._file, methods=get),
                Route("/page/{name}", self._file, methods=get),
                Route("/api/session", self._document, methods=get),
                Route("/api/events", self._events, methods=get),
                Route("/api/choose", self._choose, methods=["POST"]),
                Route("/api/library", self._library, methods=get),
                Route("/api/sound", self._add, methods=["POST"]),
                Route("/api/update", self._update, methods=["POST"]),
                Route("/sound/{name}/{number:int}", self._sound, methods=get),
                Route("/peaks/{name}", self._peaks, methods=get),
                Route("/thumb/{number:int}", self._thumb, methods=get),
                Route("/film", self._film, methods=get),
            ],
            exception_handlers={AvmError: _refused, HTTPException: _no_route, Exception: _fault},
        )
        made.router.redirect_slashes = False
        return made

    # The page and what it shows

    async def _file(self, request: Request) -> Response:
        path = _FILES.get(request.path_params.get("name", "index.html"))
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=_TYPES[path.suffix])

    async def _document(self, request: Request) -> Response:
        self._begin()
        return JSONResponse(await run_in_threadpool(self._session.document))

    async def _events(self, request: Request) -> Response:
        self._begin()
        return StreamingResponse(self._told(), media_type="text/event-stream")

    async def _told(self) -> AsyncIterator[str]:
        """What happens, to one page, as long as it is open."""
        queue: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._pages.add(queue)
        self._event("page_opened")
        if self._ending is not None:
            self._ending.cancel()
        try:
            yield _event({"event": "hello", "is_settled": self._session.is_settled})
            while True:
                try:
                    yield _event(await asyncio.wait_for(queue.get(), _ALIVE_EVERY_S))
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._pages.discard(queue)
            if not self._pages:
                self._ending = asyncio.create_task(self._end_unless_back())

    async def _end_unless_back(self) -> None:
        await asyncio.sleep(self._grace_s)
        while self._session.is_updating:
            await asyncio.sleep(_LOOK_EVERY_S)
        if not self._pages:
            self._ended()

    def _begin(self) -> None:
        """Start what goes on beside the answers, at the first of them."""
        if self._begun:
            return
        self._begun = True
        self._loop = asyncio.get_running_loop()
        self._keep(asyncio.create_task(self._prepare_after_picture()))
        self._keep(asyncio.create_task(self._watch()))

    async def _watch(self) -> None:
        """Look whether somebody else chose something: another page's server, or a command."""
        path = self._session.job / CHOICES
        before = stamp(path)
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now = stamp(path)
            if now != before:
                before = now
                try:
                    await run_in_threadpool(self._session.look_again)
                except AvmError as error:
                    self._tell({"event": "note", "message": str(error)})
                else:
                    self._tell({"event": "chosen", **self._session.chosen()})
                    if self._session.is_stale:
                        self._prepare()

    def _tell(self, event: Mapping[str, Any]) -> None:
        """Tell every page; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, dict(event))

    def _put(self, event: Mapping[str, Any]) -> None:
        for queue in self._pages:
            queue.put_nowait(event)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _event(self, name: str, **fields: object) -> None:
        with suppress(OSError):  # nobody listens any more, and the page goes on
            self._report.event(name, **fields)

    # Choosing

    async def _choose(self, request: Request) -> Response:
        asked = await _body(request)
        return JSONResponse(await run_in_threadpool(self._chosen, asked))

    def _chosen(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        kinds = {
            "cue": str, "item": int, "gain_db": float, "nudge_frames": int, "leave_out": bool, "note": str,
            "reset": bool, "music_gain_db": float, "effects_gain_db": float, "mix": str,
        }  # fmt: skip
        fields: dict[str, Any] = {}
        for name, value in asked.items():
            kind = kinds.get(name)
            if kind is None:
                raise UsageError(f"There is no “{name[:40]}”.", f"There are {', '.join(kinds)}.")
            if value is None:
                continue
            is_number = (
                kind in (int, float) and isinstance(value, int | float) and not isinstance(value, bool)
            )
            if not is_number and type(value) is not kind:
                raise UsageError(f"“{name}” cannot be {str(value)[:40]!r}.")
            fields[name] = kind(value)
        cue = fields.pop("cue", None)
        now = self._session.choose(cue, fields)
        if self._session.is_stale and self._loop is not None:
            self._loop.call_soon_threadsafe(self._prepare)
        return now

    async def _library(self, request: Request) -> Response:
        """Sounds of the library that fit."""
        asked = {name: text[:500] for name, text in request.query_params.items()}
        found = await run_in_threadpool(self._session.look_for, asked)
        return JSONResponse({"sounds": found})

    async def _add(self, request: Request) -> Response:
        """A sound of the library goes to a cue, or is taken away from it again."""
        asked = await _body(request)
        cue, sound, item = (asked.get(name) for name in ("cue", "sound", "remove"))
        is_item = isinstance(item, int) and not isinstance(item, bool)
        if not isinstance(cue, str) or isinstance(sound, str) is is_item:
            raise UsageError("Say which cue, and which sound is added to it or taken away.")
        if isinstance(sound, str):
            now = await run_in_threadpool(self._session.add, cue, sound)
        else:
            assert isinstance(item, int)
            now = await run_in_threadpool(self._session.remove, cue, item)
        self._tell({"event": "chosen", **now})
        self._prepare()
        return JSONResponse(now)

    async def _prepare_after_picture(self) -> None:
        """Lay every alternative once the page shows its picture: both would want the processor."""
        if self._session.film is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._film_asked.wait(), _PICTURE_S)
                await asyncio.sleep(_FIRST_FRAME_S)
        self._prepare()

    def _prepare(self) -> None:
        """Lay every alternative; once more where something is chosen meanwhile that changes how."""
        if not self._is_laying:
            self._is_laying = True
            self._keep(asyncio.create_task(self._lay()))

    async def _lay(self) -> None:
        try:
            await run_in_threadpool(self._session.prepare)
            while self._session.is_stale:
                await run_in_threadpool(self._session.prepare)
        finally:
            self._is_laying = False

    async def _update(self, request: Request) -> Response:
        asked = await _body(request)
        if self._session.is_updating:
            raise UsageError("The timeline is being written already.")
        self._session.is_updating = True
        self._tell({"event": "updating"})
        try:
            overwrite = asked.get("overwrite") is True
            outcome = await run_in_threadpool(choosing.update, self._session.place, overwrite=overwrite)
        finally:
            self._session.is_updating = False
            await run_in_threadpool(self._session.look_again)
            self._tell({"event": "chosen", **self._session.chosen()})
        written = result_of(outcome.summary, outcome.losses, is_recalled=False)
        self._event("updated", result=written.model_dump(mode="json"))
        mix = outcome.summary.get("mix") or {}
        answer = {
            "output": Path(outcome.summary["output"]).name,
            "losses": len(outcome.losses),
            "words": mix.get("words", []),
            **self._session.chosen(),
        }
        self._tell({"event": "updated", "output": answer["output"], "words": answer["words"]})
        return JSONResponse(answer)

    # Media

    async def _sound(self, request: Request) -> Response:
        name, number = request.path_params["name"], request.path_params["number"]
        found = await run_in_threadpool(self._session.samples, name, number)
        if found is None:
            raise HTTPException(404)
        return Response(found, media_type="application/octet-stream", headers=_KEPT)

    async def _peaks(self, request: Request) -> Response:
        found = await run_in_threadpool(self._session.peaks, request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        headers = {**_KEPT, "x-columns-a-second": str(found[0])}
        return Response(found[1], media_type="application/octet-stream", headers=headers)

    async def _thumb(self, request: Request) -> Response:
        found = await run_in_threadpool(self._session.thumbnail, request.path_params["number"])
        if found is None:
            raise HTTPException(404)
        return Response(found, media_type="image/jpeg", headers=_KEPT)

    async def _film(self, request: Request) -> Response:
        path = self._session.film
        if path is None or not path.is_file():
            raise HTTPException(404)
        self._film_asked.set()
        return FileResponse(path, media_type="video/mp4", headers=_KEPT)


_KEPT = {"cache-control": "private, max-age=0, no-cache"}


async def _body(request: Request) -> Mapping[str, Any]:
    """What the page sent.

    Raises:
        UsageError: It is no JSON object, or too long.
    """
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > _BODY_BYTES:
                raise UsageError("That is too much at once.")
    except ClientDisconnect:
        raise UsageError("The page broke off.") from None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("That is no JSON object.")
    return found


def _event(event: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(event, ensure_ascii=True)}\n\n"


async def _refused(request: Request, error: Exception) -> Response:
    status = 400 if isinstance(error, UsageError) else 409
    fields = error.as_dict() if isinstance(error, AvmError) else {"message": "It failed."}
    return JSONResponse(fields, status_code=status)


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return PlainTextResponse("There is nothing here.", status)


async def _fault(request: Request, error: Exception) -> Response:
    return JSONResponse(
        {"message": f"The server failed ({type(error).__name__}). Try again.", "hint": ""}, 500
    )
