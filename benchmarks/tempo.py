"""The tempo of music whose tempo is in its project file: within 1 %, right up to an octave, or 2:3 wrong.

The demo projects of LMMS (Debian: ``lmms``, ``lmms-common``) are rendered once, and kept in ``--kept``. Where
librosa is installed it hears the same files, and the processor time of both is printed.

Usage: python benchmarks/tempo.py --kept DIR [--projects /usr/share/lmms/projects] [--most N]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from avm_otio.engine.measuring import measured

SUFFIXES = {".mmp", ".mmpz"}
PATIENCE_S = 900
THIRDS = (2 / 3, 3 / 2, 4 / 3, 3 / 4)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--projects", type=Path, default=Path("/usr/share/lmms/projects"))
    options.add_argument("--kept", type=Path, required=True)
    options.add_argument("--most", type=int, default=100, help="so many, the smallest files first")
    asked = options.parse_args()
    projects = sorted(
        (path for path in asked.projects.rglob("*") if path.suffix in SUFFIXES),
        key=lambda path: path.stat().st_size,
    )
    pieces = []
    for project in projects[: asked.most]:
        bpm, wav = stated_bpm(project), rendered(project, asked.kept)
        if bpm and wav is not None:
            pieces.append((wav, bpm))
    report("avm-otio", pieces, lambda path: measured(path)["tempo_bpm"])
    try:
        import librosa
    except ImportError:
        print("librosa is not installed")
        return

    def theirs(path: Path) -> float:
        samples, rate = librosa.load(path, sr=22_050, duration=120)
        return float(librosa.beat.beat_track(y=samples, sr=rate)[0][0])

    report("librosa", pieces, theirs)


def stated_bpm(project: Path) -> float | None:
    """The tempo that a project states; ``None`` where it changes."""
    content = project.read_bytes()
    text = (zlib.decompress(content[4:]) if project.suffix == ".mmpz" else content).decode("utf-8", "replace")
    head = text.partition("<head")[2].partition(">")[0]
    found = re.search(r'\bbpm="([0-9.]+)"', head)
    return float(found[1]) if found else None


def rendered(project: Path, kept: Path) -> Path | None:
    """The project as a WAV."""
    kept.mkdir(parents=True, exist_ok=True)
    wav = kept / f"{project.stem}.wav"
    if not wav.exists():
        command = ["lmms", "--allowroot", "render", str(project), "-f", "wav", "-o", str(wav)]
        place = dict(os.environ, QT_QPA_PLATFORM="offscreen")
        try:
            subprocess.run(command, env=place, timeout=PATIENCE_S, capture_output=True, check=True)
        except (subprocess.SubprocessError, OSError) as error:
            print(f"{project.name} is not rendered: {type(error).__name__}")
            wav.unlink(missing_ok=True)
    return wav if wav.exists() else None


def report(what: str, pieces: list[tuple[Path, float]], hear: Callable[[Path], float | None]) -> None:
    """Print how many are right."""
    right = octave = thirds = 0
    began = time.process_time()
    for path, bpm in pieces:
        found = hear(path) or 0.0
        ratios = {near: abs(found / (bpm * near) - 1) <= 0.01 for near in (1, 2, 1 / 2, *THIRDS)}
        right += ratios[1]
        octave += ratios[1] or ratios[2] or ratios[1 / 2]
        thirds += any(ratios[near] for near in THIRDS)
        print(f"  {path.stem[:40]:40} {bpm:6.1f} {found:6.1f}")
    spent_s = time.process_time() - began
    print(
        f"{what}: {right} of {len(pieces)} within 1 %, {octave} up to an octave, {thirds} 2:3 or 3:4 wrong; "
        f"{spent_s:.1f} s of processor time"
    )


if __name__ == "__main__":
    main()
