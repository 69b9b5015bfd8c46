"""The one place where bytes and the token go to the service, and to nobody else.

- Redirects are never followed by httpx. A GET's redirect within the service's own origin is followed here,
  every other one is an error.
- No connection is kept open between calls. The service may close an idle one at the very moment at which a
  paid call is sent on it, which would leave it uncertain whether the call got through.
- Proxies of the environment are used for a remote service (whose traffic is https, so none can read it),
  not for one on this machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import partial

import httpx

from avm_otio.addresses import is_loopback
from avm_otio.deadline import CONNECTED, SENT, Deadline
from avm_otio.errors import ContractError, NetworkError, TokenRefusedError, UsageError
from avm_otio.retry import PASSING_STATUSES, PassingFault, Retrying
from avm_otio.service.http_answers import Answer, refusal

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""More than any page of films; an answer that is longer is not the API's."""

MAX_REDIRECTS = 5
CONNECT_TIMEOUT_S = 10.0

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""What httpx raises before a request leaves: no connection, TLS not agreed, a tunnel refused."""

TOO_MANY = 429

_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)

_LOOK = "Check the network and the service's address, then try again."

_SHORTEST_SECRET, _SHORTEST_SECRET_NUMBER = 6, 20
"""Signs from which on a token is one; an id of the service has at most 19 digits."""

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")


class AnswerLostError(NetworkError):
    """The request left, or may have, and no whole answer came back. Does not leave this room."""


class Wire:
    """Requests to one service.

    Args:
        base_url: ``https://…``, or ``http://`` on this machine only; may have a path.
        token: The API token.
        headers: Further headers for every call.
        timeout_s: How long an exchange may take, from its first byte to its last.
        retrying: When to try again.
        transport: Instead of the network, for tests.

    Raises:
        UsageError: The address cannot be used, or a header's value cannot be sent.
        TokenRefusedError: There is no token, or it has characters that no token has.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        headers: dict[str, str],
        *,
        timeout_s: float,
        retrying: Retrying,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self.base = check_base_url(base_url)
        if not _HEADER_VALUE.fullmatch(token):
            raise TokenRefusedError(
                "The token has characters that no token has."
                if token
                else "There is no token for the service.",
                "Run avm-otio login, or set AVM_TOKEN to the token alone.",
            )
        for name, value in headers.items():
            if not _HEADER_VALUE.fullmatch(value):
                raise UsageError(f"{name} cannot be {value!r}.", "Use a code such as en or USD.")
        self._token = token
        self._token_in_json = _in_json(token)
        self._headers = headers | {"accept": "application/json", "user-agent": "avm-otio"}
        self._timeout_s = timeout_s
        self._retrying = retrying
        self._http = httpx.Client(
            transport=transport,
            trust_env=not is_loopback(self.base.host),
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Let go of the network."""
        self._http.close()

    def url(self, path: str) -> httpx.URL:
        """The address of a path of the API."""
        return httpx.URL(str(self.base).rstrip("/") + path)

    def url_from_service(self, text: str, asked: str, relative_to: httpx.URL) -> httpx.URL:
        """An address that the service gave for a further call to itself.

        Raises:
            ContractError: It points at another origin, where the token must not go, or is no address.
        """
        try:
            url = relative_to.join(text)
        except httpx.InvalidURL:
            raise ContractError(f"{asked}: the service gave an address that is none.") from None
        if _origin(url) != _origin(self.base):
            place = f"{url.scheme}://{url.host}".replace(self._token, "[token]")
            raise ContractError(
                f"{asked}: the service pointed to another origin, {place}.",
                "The token was not sent there. Check the service's address.",
            )
        return url

    def get(self, url: httpx.URL) -> Answer:
        """Ask, as often as the policy allows, and follow redirects within the origin.

        Raises:
            NetworkError: No answer.
            RefusedError: The service kept saying, in its own words, that it cannot now.
            ContractError: An answer that is too long, broken, kept failing, or points elsewhere.
        """
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._retrying.run(partial(self._get_once, url))
            if answer.location is None:
                return answer
            url = self.url_from_service(answer.location, answer.asked, relative_to=url)
        raise ContractError(f"GET {url.path}: more than {MAX_REDIRECTS} redirects.", _LOOK)

    def post(
        self,
        url: httpx.URL,
        content: bytes | Iterable[bytes],
        headers: dict[str, str],
        *,
        timeout_s: float | None = None,
        is_put_off: Callable[[Answer], bool] = lambda answer: answer.status == TOO_MANY,
    ) -> Answer:
        """Send once; again only where the request surely never left, or was put off.

        Args:
            url: Where to.
            content: The body. One that comes in pieces may take as long as the line does.
            headers: To send with it.
            timeout_s: How long the exchange, or the answer to a body in pieces, may take.
            is_put_off: Whether an answer says that nothing was done, and to send it again later.

        Returns:
            The answer, whatever it says; a redirect is not followed.

        Raises:
            AnswerLostError: It left, or may have, and no whole answer came.
            NetworkError: It surely never left.
            ServiceError: The service kept putting it off; nothing was done.
        """

        def once() -> Answer:
            try:
                answer = self._exchange("POST", url, content, headers, timeout_s or self._timeout_s)
            except _NEVER_SENT as error:
                raise PassingFault(NetworkError(self._failure("POST", url, error), _LOOK)) from None
            except httpx.RequestError as error:
                raise AnswerLostError(self._failure("POST", url, error)) from None
            if is_put_off(answer):
                raise PassingFault(refusal(answer), answer.retry_after)
            return answer

        return self._retrying.run(once)

    def _get_once(self, url: httpx.URL) -> Answer:
        try:
            answer = self._exchange("GET", url, None, {}, self._timeout_s)
        except httpx.DecodingError as error:
            raise ContractError(self._failure("GET", url, error)) from None
        except _HOPELESS as error:
            raise NetworkError(self._failure("GET", url, error)) from None
        except httpx.RequestError as error:
            raise PassingFault(NetworkError(self._failure("GET", url, error), _LOOK)) from None
        if answer.status in PASSING_STATUSES:
            raise PassingFault(refusal(answer), answer.retry_after)
        return answer

    def _failure(self, method: str, url: httpx.URL, error: httpx.RequestError) -> str:
        reason = str(error).replace(self._token, "[token]") or type(error).__name__
        return f"{method} {url.path} at {url.host}: {reason.rstrip('.')}."

    def _exchange(
        self,
        method: str,
        url: httpx.URL,
        content: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
        timeout_s: float,
    ) -> Answer:
        """One request on the wire and the whole of its answer."""
        request = self._http.build_request(
            method,
            url,
            content=content,
            headers=self._headers | headers | {"authorization": f"Token {self._token}"},
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
        )
        is_upload = not isinstance(content, bytes | None)
        with Deadline(timeout_s, SENT if is_upload else CONNECTED) as deadline:
            request.extensions["trace"] = deadline.trace
            try:
                response, body = self._answer_to(request, deadline)
            except httpx.RequestError:
                if deadline.is_over:
                    raise httpx.ReadTimeout("the answer took too long", request=request) from None
                raise
        return Answer(
            asked=f"{method} {url.path}",
            status=response.status_code,
            content_type=response.headers.get("content-type", ""),
            body=self._without_token(body),
            location=response.headers.get("location") if response.is_redirect else None,
            retry_after=response.headers.get("retry-after"),
            token=self._token,
        )

    def _answer_to(self, request: httpx.Request, deadline: Deadline) -> tuple[httpx.Response, bytes]:
        response = self._http.send(request, stream=True)
        try:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise httpx.DecodingError("the answer is longer than any of the API's")
            if deadline.is_over:  # a body without a length ends where the line does
                raise httpx.ReadTimeout("the answer took too long")
        finally:
            response.close()
        return response, bytes(body)

    def _without_token(self, body: bytes) -> bytes:
        """A body in which no token stands, however JSON spells it, should the service send it back."""
        encoding = json.detect_encoding(body)
        if not encoding.startswith("utf-8"):
            body = body.decode(encoding, "replace").encode()
        return body if self._token_in_json is None else self._token_in_json.sub(b"[token]", body)


def _in_json(token: str) -> re.Pattern[bytes] | None:
    """A token in a text of JSON, where each sign may be escaped; ``None`` for one that is no secret.

    Striking out what might be an ordinary word or number would spoil answers.
    """
    if len(token) < _SHORTEST_SECRET or (token.isdecimal() and len(token) < _SHORTEST_SECRET_NUMBER):
        return None
    spelt = (f"(?:\\\\?{re.escape(sign)}|\\\\u00(?i:{ord(sign):02x}))" for sign in token)
    return re.compile("".join(spelt).encode())


def check_base_url(text: str) -> httpx.URL:
    """The service's address, if the token may travel to it.

    Raises:
        UsageError: It is not an address, carries a user, a query or a fragment, or is not https (http is
            allowed on this machine only, where nothing travels).
    """
    hint = "Give local, or an address such as https://filmmusic.avmapping.co."
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise UsageError("The service's address is not a URL.", hint) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError("The service's address must begin with https://.", hint)
    if url.userinfo or url.query or url.fragment:
        raise UsageError("The service's address must hold no user, query or fragment.", hint)
    if url.scheme == "http" and not is_loopback(url.host):
        raise UsageError(f"The token must not travel to {url.host} in clear text.", "Write https://.")
    return url


def _origin(url: httpx.URL) -> tuple[str, str, int | None, bytes]:
    """Scheme, host and port (``None`` is the scheme's own); a user in the address makes it another one."""
    return url.scheme, url.host, url.port, url.userinfo
