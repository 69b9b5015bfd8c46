"""Who may talk to the page's server: a browser that was given the address, and nobody else.

Any web page may send requests to this machine, and any name may be made to lead here (DNS rebinding). So a
request must name this server's own host, come from this server's own page where it says where it comes from,
and carry the cookie that the token in the address was exchanged for. That token is of use once; where the
page is shared with other machines, it is the one that its user stated, for all of them.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    "cache-control": "no-store",
}
"""With every answer."""

_ENTER = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content='0;url=/'>"
    "<title>avm-otio</title><p><a href='/'>Audition</a>"
)

_SAFE = ("GET", "HEAD")

_WAIT_S, _MOST_WAIT_S = 0.02, 2.0
"""After each wrong token of a shared page so much longer, up to the second."""


class Doors:
    """Lets requests in, or not.

    Args:
        app: What answers those that are let in.
        hosts: The names under which this server may be asked for, each with its port.
        shared: The token for all who are given it; ``None`` for one of use once.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], shared: str | None = None) -> None:
        self._app = app
        self._hosts = hosts
        self._is_shared = shared is not None
        self._token: str | None = shared or secrets.token_urlsafe(32)
        self._wrong = 0
        self._cookie = secrets.token_urlsafe(32)
        self._name = f"avm-{hosts[0].rpartition(':')[2]}"

    @property
    def token(self) -> str:
        """What the address holds; of use once, but where it is shared."""
        assert self._token is not None
        return self._token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name for name, _ in message.get("headers", ())}
                more = [
                    (name.encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.encode() not in held
                ]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        headers = Headers(scope=scope)
        answer = self._refusal(scope, headers)
        if answer is None and scope["path"] == "/enter":
            answer = await self._enter(scope)
        elif answer is None and not self._has_cookie(headers):
            answer = PlainTextResponse("Open the address that avm-otio audition printed.", 403)
        await (answer or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Why a request is not let in, whoever sends it; ``None`` where it may be."""
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return PlainTextResponse("This page is not at this address.", 421)
        origin = headers.get("origin")
        ours = f"http://{headers['host']}"
        if origin is not None and origin != ours:
            return PlainTextResponse("Another page may not ask.", 403)
        site = headers.get("sec-fetch-site", "none")
        is_entering = scope["path"] in ("/", "/enter") and headers.get("sec-fetch-mode") == "navigate"
        if site not in ("same-origin", "none") and not is_entering:
            return PlainTextResponse("Another page may not ask.", 403)
        if scope["method"] not in _SAFE:
            if origin != ours:
                return PlainTextResponse("Only the page itself may change anything.", 403)
            if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return PlainTextResponse("Only JSON is read.", 415)
        return None

    async def _enter(self, scope: Scope) -> Response:
        """Exchange the token for the cookie."""
        from urllib.parse import parse_qs

        given = parse_qs(scope["query_string"].decode("ascii", "replace")).get("token", [""])[0]
        right, self_token = self._token or "", self._token
        if self_token is None or not hmac.compare_digest(given.encode(), right.encode()):
            if not self._is_shared:
                return PlainTextResponse("This address was of use once. Start avm-otio audition again.", 403)
            self._wrong += 1
            await asyncio.sleep(min(_MOST_WAIT_S, _WAIT_S * self._wrong))  # nobody guesses by trying
            return PlainTextResponse("That is not the token of this page.", 403)
        if not self._is_shared:
            self._token = None
        answer = Response(_ENTER, media_type="text/html")
        answer.set_cookie(self._name, self._cookie, httponly=True, samesite="strict", path="/")
        return answer

    def _has_cookie(self, headers: Headers) -> bool:
        given = _cookies(headers).get(self._name, "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._cookie.encode())


def _cookies(headers: Headers) -> Mapping[str, str]:
    pairs = (part.partition("=") for line in headers.getlist("cookie") for part in line.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}
