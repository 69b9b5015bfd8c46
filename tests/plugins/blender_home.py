"""The real Blender with the add-on in it, installed as users do."""

from __future__ import annotations

import os
import subprocess
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from avm_otio.cli.main import run
from tests.editors.programs import BLENDER

FPS = {Fraction(24_000, 1001): ("24", "1.001"), Fraction(25): ("25", "1.0")}
"""A rate as Blender keeps it: frames a second, and what they are divided by."""


@cache
def version() -> str:
    """Of the Blender that is there, as its folders have it."""
    asked = "import bpy; print('%d.%d' % bpy.app.version[:2])"
    output = subprocess.run([str(BLENDER), "-c", asked], capture_output=True, text=True, check=True).stdout
    return output.split()[-1]


def home_in(folder: Path) -> Path:
    """A home with the add-on in it."""
    if not BLENDER.exists():
        pytest.skip(f"{BLENDER} is not there: run tests/editors/setup.sh")
    home = folder / "home"
    (home / ".config/blender" / version()).mkdir(parents=True)
    assert run(["plugin", "install", "blender", "--os", "linux", "--home", str(home)]) == 0
    return home


def in_blender(home: Path, script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script that lies beside this file, in Blender."""
    return subprocess.run(
        [str(BLENDER), str(Path(__file__).with_name(script)), *map(str, words)],
        env=os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")},
        capture_output=True,
        text=True,
        timeout=200,
    )
