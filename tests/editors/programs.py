"""The editing programs that can be run here, and the reason where one cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

EDITORS = Path(os.environ.get("AVM_EDITORS") or Path.home() / ".cache" / "avm-otio-editors")
"""Where ``setup.sh`` puts what is not a package of this system. Read before tests get homes of their own."""

FORKY = EDITORS / "forky"
BLENDER = EDITORS / "bpy" / "bin" / "python"
XGES = EDITORS / "xges" / "bin" / "python"

_TIME_LIMIT_SECONDS = 60
"""melt hangs in about 1 of 60 runs, at times twice in a row: a run has a time limit, and is begun again."""


def program(name: str) -> str:
    """The path of a program of this system; the test is skipped where it is absent."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: run tests/editors/setup.sh")
    return found


def run_again(
    command: Sequence[str],
    limit: float = _TIME_LIMIT_SECONDS,
    makes: Path | None = None,
    tries: int = 2,
    **named: object,
) -> str:
    """Run a program, again if it hangs or breaks down; what it said.

    Editors on a screen of their own do both now and then, whatever they are given: Kdenlive 26.08 while it
    draws the sound of a clip. ``makes`` may not be there when it begins.
    """
    for number in range(tries):
        is_last = number == tries - 1
        if makes is not None:
            makes.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                command, timeout=limit, capture_output=True, text=True, errors="replace", check=False, **named
            )
        except subprocess.TimeoutExpired:
            if is_last:
                raise
            continue
        if done.returncode == 0:
            return done.stdout + done.stderr
        if is_last or "Segmentation fault" not in done.stderr:
            raise AssertionError(done.stderr[-2000:])
    raise AssertionError("unreachable")


def melt(project: Path, sound: Path) -> Path:
    """Let melt render the sound of a project, from a folder that is not the project's."""
    # With a thread of its own for frames (real_time=-1) it hangs where others use the processors:
    # 29 of 60 runs against none.
    consumer = ["-quiet", "-consumer", f"avformat:{sound}", "acodec=pcm_s16le", "vn=1", "real_time=0"]
    run_again([program("melt"), f"xml:{project}", *consumer], cwd="/", tries=4)
    return sound


@contextmanager
def inside_forky(folder: Path, needs: str) -> Iterator[tuple[Path, str, list[str]]]:
    """A copy of a folder inside the Debian root that holds newer programs.

    Yields:
        The copy as we see it, as the programs inside see it, and how a command is started there.
    """
    if not (FORKY / needs).exists():
        pytest.skip(f"{FORKY / needs} is not there: run tests/editors/setup.sh --with-kdenlive")
    root = Path(tempfile.mkdtemp(prefix="avm-", dir=FORKY / "tmp"))
    try:
        copy = shutil.copytree(folder, root / "files")
        (root / "home").mkdir()
        inside = f"/tmp/{root.name}"
        as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        start = [*as_root, "chroot", str(FORKY), "env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"]
        start += [f"HOME={inside}/home", f"XDG_RUNTIME_DIR={inside}/home"]
        yield copy, f"{inside}/files", start
    finally:
        shutil.rmtree(root, ignore_errors=True)


def kdenlive_render(folder: Path, project: str, into: Path) -> Path:
    """Let Kdenlive itself open a project and render its sound.

    Args:
        folder: Holds the project and its media, named relatively.
        project: The project's name in it.
        into: A folder for the sound.
    """
    with inside_forky(folder, "usr/bin/kdenlive") as (copy, inside, start):
        return Path(shutil.copy(_render(start, f"{inside}/{project}", copy, inside), into))


def kdenlive_import(folder: Path, cut: str, into: Path) -> tuple[Path, Path]:
    """Let Kdenlive take in an .otio by its own importer, save the project, and render its sound.

    Args:
        folder: Holds the .otio and its media, which it names by their full paths there.
        cut: The .otio's name in it.
        into: A folder for both.

    Returns:
        The project as Kdenlive saved it, and the sound.
    """
    with inside_forky(folder, "usr/bin/xdotool") as (copy, inside, start):
        path = copy / cut
        path.write_text(path.read_text(encoding="utf-8").replace(str(folder), inside), encoding="utf-8")
        shutil.copy(Path(__file__).with_name("kdenlive_import.sh"), copy)
        project = f"{inside}/taken.kdenlive"
        script = [
            "dbus-run-session",
            "--",
            "bash",
            f"{inside}/kdenlive_import.sh",
            f"{inside}/{cut}",
            project,
        ]
        run_again([*start, *script], limit=180, makes=copy / "taken.kdenlive")
        mix = _render(start, project, copy, inside)
        return Path(shutil.copy(copy / "taken.kdenlive", into)), Path(shutil.copy(mix, into))


def _render(start: Sequence[str], project: str, folder: Path, inside: str) -> Path:
    """Let Kdenlive render a project into a folder, which the programs inside see as ``inside``."""
    mix = folder / "mix.wav"
    render = ["kdenlive", "--render", "--render-preset", "WAV", project, f"{inside}/{mix.name}"]
    run_again([*start, "QT_QPA_PLATFORM=offscreen", *render], limit=150, makes=mix)
    return mix
