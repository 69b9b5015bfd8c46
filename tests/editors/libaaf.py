"""libaaf, by which Ardour reads an AAF: what it finds in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.editors.programs import FORKY

_LIBRARY = FORKY / "usr/lib/ardour9/libaaf.so"


_LOADER = FORKY / "lib64/ld-linux-x86-64.so.2"


def trace(path: Path) -> str:
    """What libaaf says, run by this Python under the loader of the system that libaaf is built for."""
    if not (_LIBRARY.exists() and _LOADER.exists()):
        pytest.skip(f"{_LIBRARY} is not there: run tests/editors/setup.sh --with-kdenlive")
    ours = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"]
    libraries = ":".join([str(FORKY / "usr/lib/x86_64-linux-gnu"), str(_LIBRARY.parent), *ours])
    script = Path(__file__).with_name("libaaf_trace.py")
    python = os.path.realpath(sys.executable)
    command = [_LOADER, "--library-path", libraries, python, script, _LIBRARY, path]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
