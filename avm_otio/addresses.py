"""Addresses of services, and which network addresses lie on this machine and which on the internet."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from avm_otio.errors import UsageError
from avm_otio.text import nearest

if TYPE_CHECKING:
    import socket

LOCAL = "local"
"""The engine on this machine; needs no token and no network."""

SHORT_NAMES = {"avmapping": "https://filmmusic.avmapping.co"}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that is really reached."""


def is_web_address(word: str) -> bool:
    """Whether a word is an address in the web, and no path of a file, whatever folders there are."""
    scheme, is_one, rest = word.partition("://")
    return (
        bool(is_one)
        and scheme.lower() in ("http", "https")
        and ".." not in rest.replace("\\", "/").split("/")
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine. Resolves nothing."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return _reached(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet reaches.

    Private (RFC 1918), shared (RFC 6598), unique-local, link-local, loopback, multicast, unspecified and
    reserved addresses are not, nor is an IPv6 address that leads to such an IPv4 one.

    Raises:
        ValueError: It is not an IP address.
    """
    reached = _reached(address)
    site_local = isinstance(reached, ipaddress.IPv6Address) and reached.is_site_local
    return reached.is_global and not reached.is_multicast and not reached.is_reserved and not site_local


def _reached(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that packets really go to: the IPv4 one inside a translated IPv6 one."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed
    if parsed in _NAT64:
        return ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else parsed)


def read_service(value: object) -> str:
    """``local``, or the address that a short name or a URL means.

    Raises:
        ValueError: It is neither, or the token would travel in clear text.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be local, avmapping or an address such as https://filmmusic.avmapping.co")
    text = value.strip()
    if text.lower() == LOCAL:
        return LOCAL
    text = SHORT_NAMES.get(text.lower(), text)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    if parts.scheme not in ("http", "https") or not host:
        near = nearest(text, (LOCAL, *SHORT_NAMES))
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"must be local, avmapping or an address that begins with https://{hint}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must hold no user, query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"must begin with https://: the token must not travel to {host} in clear text")
    return text.rstrip("/")


def origin_of(service: str) -> str:
    """Scheme, host and port of a service's address: what a token belongs to."""
    if service == LOCAL:
        return LOCAL
    parts = urlsplit(service)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


@contextmanager
def listening_at(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """A socket at an address of this machine, and its base URL.

    Args:
        host: The address.
        port: 0 for one that the system chooses.

    Raises:
        UsageError: The host is not this machine's, or the port is taken or none.
    """
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"{host}, port {port}, cannot be listened at: {getattr(error, 'strerror', None) or error}.",
            "Choose another port, or 0 for any, and a host that is this machine.",
        ) from error
    with listening:
        shown = f"[{host}]" if ":" in host else host
        yield listening, f"http://{shown}:{listening.getsockname()[1]}"
