"""The page in a real browser: what it takes, the server that shows it, and the script that drives it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

HERE = Path(__file__).parent


def chromium() -> str:
    """The browser; the test is skipped where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("Chromium is not here (apt install chromium)")
    return found


def modules() -> Path:
    """Where the modules are that drive it; got once."""
    if shutil.which("npm") is None:
        pytest.skip("node and npm are not here (apt install nodejs npm)")
    with FileLock(HERE.parents[1] / ".node_modules.lock"):
        if not (HERE / "node_modules" / ".package-lock.json").is_file():
            command = ["npm", "ci", "--no-audit", "--no-fund"]
            got = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
            if got.returncode:
                pytest.skip(f"npm could not get what drives the page: {got.stderr[-300:]}")
    return HERE


@contextmanager
def audition_of(timeline: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server of a scored timeline, and the page's address; it ends with the block."""
    command = [sys.executable, "-m", "avm_otio", "audition", str(timeline), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline().strip()
        finally:
            if server.poll() is None:
                server.kill()


def drive(script: str, address: str, *more: str, timeout_s: float = 480.0) -> dict[str, Any]:
    """What a script beside this file finds at an address; ``more`` goes to the script."""
    asked = ["node", str(HERE / script), str(modules()), address, chromium(), *more]
    driven = subprocess.run(asked, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert driven.returncode == 0, driven.stderr[-3000:]
    found: dict[str, Any] = json.loads(driven.stdout.splitlines()[-1])
    return found
