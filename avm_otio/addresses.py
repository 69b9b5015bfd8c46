"""Which network addresses lie on this machine, and which out on the internet."""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that is really reached."""


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
