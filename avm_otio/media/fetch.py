"""Download one item to a file.

An item's address comes from the service, so it is not trusted: only http and https, no way into the
network of whoever runs this program, and nothing that is not sound. The service's token is unknown here.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import httpx

from avm_otio.core.addresses import is_loopback, is_public
from avm_otio.core.errors import DownloadError
from avm_otio.core.retry import PASSING_STATUSES, PassingFault, Retrying
from avm_otio.files import make_folder, whole
from avm_otio.media.naming import audio_ending, sniffed_ending

MAX_REDIRECTS = 5
HEAD_BYTES = 512
"""How much of a body is looked at before it counts as sound."""

Progress = Callable[[int, int | None], None]
"""Told the bytes done and the bytes in all, ``None`` where the server does not say."""

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/xhtml")
_TEXT_MARKS = (b"<!doctype", b"<html", b"<?xml")
_AGAIN = "Run it again: what is already here is kept."
_ASK = "Ask the service for the result again: its links may have run out."


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much and how long.

    Attributes:
        max_bytes: The largest item.
        connect_s: How long a connection may take.
        read_s: How long a server may be silent.
    """

    max_bytes: int = 2 * 1024**3
    connect_s: float = 10.0
    read_s: float = 60.0


def fetch(
    url: str,
    folder: Path,
    stem: str,
    *,
    service_url: str,
    limits: FetchLimits = FetchLimits(),  # a frozen value
    progress: Progress = lambda done, total: None,
    retrying: Retrying = Retrying(),  # noqa: B008  # a frozen value
) -> Path:
    """Download an item whole, or leave nothing.

    Proxies of the environment are used, save for this machine. The proxy then resolves names; an address that
    is seen to be private from here is refused all the same.

    Args:
        url: Where it lies.
        folder: Where it goes; made if need be.
        stem: Its file name without the ending, as ``naming.safe_stem`` makes it.
        service_url: The service that gave the URL: its own host may be a private one.
        limits: How much and how long.
        progress: Told after each piece.
        retrying: When to try again.

    Returns:
        The file, ``folder / (stem + ending)``.

    Raises:
        DownloadError: It could not be had whole, is no sound, is too large, or lies where it must not.
        OutputError: It could not be written.
    """
    make_folder(folder)
    download = _Download(stem, folder, httpx.URL(service_url).host, limits, progress)
    return retrying.run(lambda: download.attempt(url))


@dataclass(frozen=True, slots=True)
class _Download:
    stem: str
    folder: Path
    service_host: str
    limits: FetchLimits
    progress: Progress

    def attempt(self, url_text: str) -> Path:
        """Download once."""
        url = self._join(None, url_text)
        with ExitStack() as held:
            try:
                for _ in range(MAX_REDIRECTS + 1):
                    response = self._ask(held, url)
                    if not response.has_redirect_location:
                        return self._keep(response, url)
                    response.close()
                    url = self._join(url, response.headers["location"])
            except httpx.DecodingError:
                raise self._error(url, "sent a body whose compression is broken", _ASK) from None
            except httpx.RequestError as error:
                reason = str(error) or type(error).__name__
                raise PassingFault(self._error(url, f"broke off ({reason.rstrip('.')})", _AGAIN)) from None
        raise self._error(url, f"redirected more than {MAX_REDIRECTS} times", _ASK)

    def _ask(self, held: ExitStack, url: httpx.URL) -> httpx.Response:
        """Send one request, to an address that was checked and to no other: names are resolved once."""
        addresses, proxy = self._ways_to(url)
        http = held.enter_context(
            httpx.Client(
                proxy=proxy,
                trust_env=False,
                verify=httpx.create_ssl_context() if url.scheme == "https" else False,
                timeout=httpx.Timeout(self.limits.read_s, connect=self.limits.connect_s),
            )
        )
        failed: httpx.RequestError = httpx.ConnectError("it has no address")
        for address in addresses:
            request = http.build_request(
                "GET",
                url.copy_with(host=address, userinfo=b""),
                headers={
                    "host": url.netloc.decode("ascii"),
                    "accept-encoding": "identity",
                    "user-agent": "avm-otio",
                },
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                response = http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
            else:
                held.callback(response.close)
                return response
        raise failed

    def _ways_to(self, url: httpx.URL) -> tuple[list[str], str | None]:
        """The addresses at which a host may be asked, or the proxy that asks it by its name."""
        host = url.raw_host.decode("ascii").strip("[]")
        proxy = None if is_loopback(host) or proxy_bypass(host) else _proxy_for(url.scheme)
        try:
            addresses = _resolve(host, url.port or (443 if url.scheme == "https" else 80))
        except OSError as error:
            addresses = []
            if proxy is None:
                raise PassingFault(
                    self._error(url, f"has no address ({error.strerror or error})", _AGAIN)
                ) from None
        except UnicodeError:
            raise self._error(url, "is not a host name", _ASK) from None
        for address in addresses:
            if not self._may_be_asked(url.host, address):
                raise self._error(
                    url,
                    f"is {address}, an address inside a private network, and is not the service itself",
                    "If it is meant, download it by hand.",
                )
        return ([host], proxy) if proxy is not None else (addresses, None)

    def _may_be_asked(self, host: str, address: str) -> bool:
        if host == self.service_host or is_public(address):
            return True
        return is_loopback(self.service_host) and is_loopback(address)

    def _join(self, base: httpx.URL | None, text: str) -> httpx.URL:
        """The next URL to ask, checked for what its words alone tell."""
        try:
            url = base.join(text) if base is not None else httpx.URL(text)
        except httpx.InvalidURL:
            raise DownloadError(f"{self.stem}: its address is not a URL.", _ASK) from None
        if url.scheme not in ("http", "https") or not url.host:
            raise DownloadError(
                f"{self.stem}: its address begins with {url.scheme or 'nothing'}:, and only http and https "
                "are fetched.",
                _ASK,
            )
        if base is not None and base.scheme == "https" and url.scheme == "http" and not is_loopback(url.host):
            raise self._error(url, "was pointed to in clear text from an encrypted address", _ASK)
        return url

    def _keep(self, response: httpx.Response, url: httpx.URL) -> Path:
        """Write the body of an answer to its file."""
        if not response.is_success:
            failed = self._error(url, f"answered {response.status_code}", _ASK)
            if response.status_code in PASSING_STATUSES:
                raise PassingFault(failed, response.headers.get("retry-after"))
            raise failed
        pieces = response.iter_bytes()
        head = _head(pieces)
        content_type = response.headers.get("content-type", "")
        self._check_sound(url, head, content_type)
        length = response.headers.get("content-length", "")
        total = int(length) if length.isascii() and length.isdigit() else None
        self._check_size(url, total or 0)
        ending = audio_ending(head, content_type, url.path) or ".bin"
        target = self.folder / (self.stem + ending)
        with whole(target) as temporary, temporary.open("wb") as file:
            done = 0
            for piece in _after(head, pieces):
                done += len(piece)
                self._check_size(url, done)
                file.write(piece)
                self.progress(done, total)
        return target

    def _check_sound(self, url: httpx.URL, head: bytes, content_type: str) -> None:
        if not head:
            raise self._error(url, "sent an empty body", _ASK)
        if sniffed_ending(head):
            return
        is_text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_TEXT_MARKS)
        if is_text or content_type.lower().startswith(_TEXT_TYPES):
            raise self._error(url, f"sent no sound but text ({content_type or 'HTML'})", _ASK)

    def _check_size(self, url: httpx.URL, size: int) -> None:
        if size > self.limits.max_bytes:
            raise self._error(
                url,
                f"sends more than the limit of {self.limits.max_bytes} bytes",
                "Download it by hand.",
            )

    def _error(self, url: httpx.URL, what: str, hint: str) -> DownloadError:
        # Without its query and user: signed addresses carry secrets there.
        place = str(url.copy_with(query=None, fragment=None, userinfo=b""))
        return DownloadError(f"{self.stem}: {url.host} {what}; the address was {place}.", hint)


def _resolve(host: str, port: int) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _proxy_for(scheme: str) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _head(pieces: Iterator[bytes]) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (piece := next(pieces, b"")):
        head += piece
    return head


def _after(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from pieces
