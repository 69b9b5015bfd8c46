"""Ask an address that a service named, and that is not trusted.

Only http and https, and no way into the network of whoever runs this program. The service's token is
unknown here.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

import httpx

from avm_otio.addresses import is_loopback, is_public
from avm_otio.deadline import Deadline
from avm_otio.errors import DownloadError, LinkExpiredError
from avm_otio.retry import PassingFault

MAX_REDIRECTS = 5
AGAIN = "Run it again: what is already here is kept."
ASK = "Ask the service for the result again: its links may have run out."

_LABEL = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?", re.ASCII)

_NOBODY_THERE = (httpx.ConnectError, httpx.ConnectTimeout)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much and how long.

    Attributes:
        max_bytes: The largest item.
        connect_s: How long a connection may take.
        read_s: How long a server may be silent.
        slow_s: How long it may be slow, and take for the headers of its answer.
        least_bytes_per_s: What is slow.
    """

    max_bytes: int = 2 * 1024**3
    connect_s: float = 10.0
    read_s: float = 60.0
    slow_s: float = 60.0
    least_bytes_per_s: int = 1024


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks for one item.

    Attributes:
        item: What it is called in errors.
        service_host: The service's own host, which may be a private one.
        limits: How long things may take.
    """

    item: str
    service_host: str
    limits: FetchLimits

    @contextmanager
    def answer(self, url_text: str, headers: dict[str, str]) -> Iterator[tuple[httpx.URL, httpx.Response]]:
        """Ask, and follow redirects: where the answer came from, and the answer, its body still to come.

        Proxies of the environment are used, save for this machine. The proxy then resolves names; an address
        that is seen to be private from here is refused all the same.

        Args:
            url_text: The address.
            headers: To send with it.

        Raises:
            PassingFault: Nobody is there, or it broke off, be it while its body was read.
            DownloadError: The address, or one that it redirects to, must not be asked.
        """
        url = self._join(None, url_text)
        with ExitStack() as held:
            try:
                for _ in range(MAX_REDIRECTS + 1):
                    response = self._ask(held, url, headers)
                    if not response.has_redirect_location:
                        yield url, response
                        return
                    response.close()
                    url = self._join(url, response.headers["location"])
            except httpx.RequestError as error:
                reason = str(error) or type(error).__name__
                kind = LinkExpiredError if isinstance(error, _NOBODY_THERE) else DownloadError
                failed = self.error(url, f"broke off ({reason.rstrip('.')})", AGAIN, kind)
                raise PassingFault(failed) from None
        raise self.error(url, f"redirected more than {MAX_REDIRECTS} times", ASK)

    def post(self, url_text: str, body: bytes) -> bool:
        """Post JSON to an address, by the same rules; a redirect is not followed.

        Returns:
            Whether it was taken.

        Raises:
            PassingFault: Nobody is there, or it broke off.
            DownloadError: The address must not be asked.
        """
        url = self._join(None, url_text)
        with ExitStack() as held:
            try:
                headers = {"content-type": "application/json"}
                return self._ask(held, url, headers, "POST", body).is_success
            except httpx.RequestError as error:
                failed = self.error(url, f"broke off ({type(error).__name__})", AGAIN)
                raise PassingFault(failed) from None

    def check(self, url_text: str) -> None:
        """Refuse an address that must not be asked, as far as its text tells: no name is resolved.

        Raises:
            DownloadError: It must not.
        """
        url = self._join(None, url_text)
        host = url.raw_host.decode("ascii").strip("[]")
        try:
            self._refuse_inside(url, str(ipaddress.ip_address(host)))
        except ValueError:  # a name
            return

    def error(
        self, url: httpx.URL, fault: str, hint: str, kind: type[DownloadError] = DownloadError
    ) -> DownloadError:
        """The error about an address, without its secrets."""
        return kind(f"{self.item}: {url.host} {fault}; the address was {place_of(url)}.", hint)

    def _ask(
        self,
        held: ExitStack,
        url: httpx.URL,
        headers: dict[str, str],
        method: str = "GET",
        body: bytes | None = None,
    ) -> httpx.Response:
        """Send one request, to an address that was checked and to no other: names are resolved once."""
        addresses, proxy = self._ways_to(url)

        def may_lead_on(response: httpx.Response) -> None:
            # Seen before httpx sees it, to which a bad address there is a line that broke off.
            if response.has_redirect_location:
                self._join(url, response.headers["location"])

        http = held.enter_context(
            httpx.Client(
                proxy=proxy,
                trust_env=False,
                verify=httpx.create_ssl_context() if url.scheme == "https" else False,
                timeout=httpx.Timeout(self.limits.read_s, connect=self.limits.connect_s),
                event_hooks={"response": [may_lead_on]},
            )
        )
        failed: httpx.RequestError = httpx.ConnectError("it has no address")
        for address in addresses:
            request = http.build_request(
                method,
                url.copy_with(host=address, userinfo=b""),
                headers={
                    "host": url.netloc.decode("ascii"),
                    "accept-encoding": "identity",
                    "user-agent": "avm-otio",
                    **headers,
                },
                content=body,
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                with Deadline(self.limits.slow_s) as deadline:  # of the headers; the body has a pace
                    request.extensions["trace"] = deadline.trace
                    response = http.send(request, stream=True)
            except _NOBODY_THERE as error:
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
                fault = f"has no address ({error.strerror or error})"
                raise PassingFault(self.error(url, fault, AGAIN, LinkExpiredError)) from None
        for address in addresses:
            self._refuse_inside(url, address)
        return ([host], proxy) if proxy is not None else (addresses, None)

    def _refuse_inside(self, url: httpx.URL, address: str) -> None:
        if url.host == self.service_host or is_public(address):
            return
        if is_loopback(self.service_host) and is_loopback(address):
            return
        raise self.error(
            url,
            f"is {address}, an address inside a private network, and is not the service itself",
            "If it is meant, download it by hand.",
        )

    def _join(self, base: httpx.URL | None, text: str) -> httpx.URL:
        """The next URL to ask, checked as far as its text allows."""
        try:
            url = base.join(text) if base is not None else httpx.URL(text)
            _ = url.host, url.netloc  # each is read from the text only now
        except (httpx.InvalidURL, UnicodeError):
            raise DownloadError(f"{self.item}: its address is not a URL.", ASK) from None
        if url.scheme not in ("http", "https") or not url.host:
            raise DownloadError(
                f"{self.item}: its address begins with {url.scheme or 'nothing'}:, and only http and https "
                "are fetched.",
                ASK,
            )
        host = url.raw_host.decode("ascii")
        if not (":" in host or _HOST.fullmatch(host)) or (url.port or 0) > 65_535:
            raise self.error(url, "is not a host name", ASK)
        if base is not None and base.scheme == "https" and url.scheme == "http" and not is_loopback(url.host):
            raise self.error(url, "was pointed to in clear text from an encrypted address", ASK)
        return url


def place_of(url: httpx.URL) -> str:
    """An address without its query and user: signed addresses carry secrets there."""
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))


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
