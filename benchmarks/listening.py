"""Listening to three minutes of music, against real time and against ffmpeg's meter alone.

The piece is made here: the tune of the tests, coded as WAV, FLAC and MP3. Processor time, the least of three;
``ffmpeg`` (``-threads 1``) is left out where it is not installed.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import av

sys.path.insert(0, str(Path(__file__).parent.parent))

from avm_otio.media.listening import hear
from avm_otio.media.speech import hear_speech
from tests.media.sounds import wav
from tests.media.tunes import tune

SECONDS = 180
RUNS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain = wav(Path(folder) / "piece.wav", tune(110, seconds=SECONDS - 4).sound)
        files = [plain, coded(plain, "flac", "flac"), coded(plain, "mp3", "libmp3lame")]
        for path in files:
            own = least(lambda path=path: hear(path, music=True))
            print(f"{path.name}: {own:.2f} s, {SECONDS / own:.0f} x real time", end="")
            if shutil.which("ffmpeg"):
                meter = least(lambda path=path: ebur128(path), of=resource.RUSAGE_CHILDREN)
                print(f"; ffmpeg's ebur128 alone {meter:.2f} s, so {own / meter:.1f} times that", end="")
            print()
        speech = least(lambda: hear_speech(plain))
        print(f"speech: {speech:.2f} s, {SECONDS / speech:.0f} x real time")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {memory} MiB, making the piece included")


def coded(plain: Path, ending: str, codec: str) -> Path:
    path = plain.with_suffix(f".{ending}")
    with av.open(str(path), "w") as file, av.open(str(plain)) as source:
        stream = file.add_stream(codec, rate=48_000, layout="stereo")
        for frame in source.decode(audio=0):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def ebur128(path: Path) -> None:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-threads",
        "1",
        "-i",
        str(path),
        "-af",
        "ebur128=peak=true",
        "-f",
        "null",
        "-",
    ]
    subprocess.run(command, check=True)


def least(work: Callable[[], object], of: int = resource.RUSAGE_SELF) -> float:
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(of)
        work()
        after = resource.getrusage(of)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


if __name__ == "__main__":
    main()
