"""The address of a film service."""

from __future__ import annotations

from urllib.parse import urlsplit

from avm_otio.addresses import is_loopback

LOCAL = "local"
"""The engine on this machine; needs no token and no network."""

SHORT_NAMES = {"avmapping": "https://filmmusic.avmapping.co"}


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
        raise ValueError("must be local, avmapping or an address that begins with https://")
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
