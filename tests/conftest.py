"""For every test: no outside network, no real user folders, no real keyring."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, not of the program.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sample",
        default="1/1",
        metavar="K/N",
        help="of the cases of each test every n-th alone, from the k-th on, and at least one",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    first, every = map(int, config.getoption("--sample").split("/"))
    kept = set(sample([item.nodeid for item in items], first, every))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in kept])
    items[:] = [item for item in items if item.nodeid in kept]


def sample(ids: Sequence[str], first: int, every: int) -> list[str]:
    """Every n-th case of each test, from the ``first`` on, which may be any whole number; all have a turn.

    A test with fewer cases than ``every`` keeps one.
    """
    cases: dict[str, list[str]] = {}
    for each in ids:
        cases.setdefault(each.partition("[")[0], []).append(each)
    kept = []
    for of_one in cases.values():
        step = min(every, len(of_one))
        kept += of_one[first % step :: step]
    return kept


_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo


def _is_loopback(host: object) -> bool:
    if host in ("localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address}")
        _connect(self, address)

    def getaddrinfo(host: object, *rest: object, **named: object) -> object:
        try:
            ipaddress.ip_address(str(host))
        except ValueError:
            if not _is_loopback(host):
                raise socket.gaierror(socket.EAI_NONAME, f"tests resolve no outside names: {host}") from None
        return _getaddrinfo(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One cache for the whole run, all its processes, so that the starter library is synthesised once."""
    folder = tmp_path_factory.getbasetemp()
    cache = (folder if worker_id == "master" else folder.parent) / "cache"
    cache.mkdir(exist_ok=True)
    return cache


@pytest.fixture(autouse=True)
def own_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, shared_cache: Path
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AVM_CONFIG_DIR", str(home / "config"))
    monkeypatch.setenv("AVM_CACHE_DIR", str(shared_cache))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in ("AVM_TOKEN", "AVM_SERVICE", "AVM_LIBRARY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
