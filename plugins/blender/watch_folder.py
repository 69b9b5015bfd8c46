"""A request in the watch folder, from its writing to its result; docs/watch-folder.md of avm-otio.

Nothing of Blender is here, and nothing that its Python does not bring along.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

NEEDS = (0, 1, 0)
"""The oldest avm-otio that this add-on works with."""

LAST = "AVM Last Blender Job.txt"
"""In the watch folder: the request that was left last."""

LOOK_S = 0.5
"""Between two looks at a request."""

_SILENCE_S = 1.5
"""A watcher that lives changes its file every second; that none does is known within two."""

_GONE_S = 30.0
"""One that was started needs a moment to begin."""

_OF_THE_HOST = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH")
"""What a host sets for its own Python and libraries would break the program's."""


class Problem(Exception):  # noqa: N818  # what the user is told
    """What went wrong, in a sentence for the user."""


class Settings:
    """What ``avm-otio plugin install`` has written beside the add-on.

    Raises:
        Problem: It is not there, or what it names is not.
    """

    def __init__(self, path: Path) -> None:
        found = _json(path) or {}
        self.program = [str(word) for word in found.get("program") or ()]
        if not self.program or not found.get("watch_folder"):
            raise Problem(
                f"avm-otio was not found: {path} does not say where it is. Install it "
                "(pip install avm-otio), then run: avm-otio plugin install blender"
            )
        self.version = str(found.get("program_version") or "")
        self.watch_folder = Path(found["watch_folder"])
        if not self.watch_folder.is_dir():
            raise Problem(
                f"The watch folder {self.watch_folder} is not there: make it, or run: "
                "avm-otio plugin install blender --watch-folder DIR"
            )


class Request:
    """A request that was left, and what has come of it.

    Args:
        settings: What to call.
        folder: The request's folder.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self._settings = settings
        self._seen = self._beat()
        self._silent_s = 0.0
        self._is_heard = False
        self._started: subprocess.Popen[bytes] | None = None

    @classmethod
    def leave(
        cls, settings: Settings, name: str, timeline: dict[str, Any], options: dict[str, Any]
    ) -> Request:
        """Leave a timeline with what is asked for it.

        Raises:
            Problem: It cannot be written.
        """
        plain = re.sub(r"[^\w -]+", "_", name)[:60].strip() or "scene"
        order = {"timeline": "cut.otio", "output": "scored.otio", "editor": "blender", **options}

        def prepare(folder: Path) -> None:
            (folder / "cut.otio").write_text(json.dumps(timeline), encoding="utf-8")
            (settings.watch_folder / LAST).write_text(f"{folder.name}\n", encoding="utf-8")

        return cls._left(settings, plain, order, prepare)

    def ask_for_page(self) -> Request:
        """Leave a request for the audition page of this one's job.

        Raises:
            Problem: It cannot be written.
        """
        return self._left(self._settings, f"Audition {self.folder.name}", {"audition": self.folder.name})

    @classmethod
    def _left(
        cls,
        settings: Settings,
        name: str,
        order: dict[str, Any],
        prepare: Callable[[Path], None] = lambda folder: None,
    ) -> Request:
        plain = f"{name} {datetime.now():%Y-%m-%d %H%M%S}"
        folder, number = settings.watch_folder / plain, 1
        try:
            while folder.exists():
                number += 1
                folder = settings.watch_folder / f"{plain} {number}"
            folder.mkdir()
            (folder / "request.part").write_text(json.dumps(order), encoding="utf-8")
            prepare(folder)
            (folder / "request.part").rename(folder / "request.json")
        except OSError as error:
            raise Problem(
                f"{error.filename} could not be written ({error.strerror}): choose another folder with "
                "avm-otio plugin install blender --watch-folder DIR"
            ) from error
        return cls(settings, folder)

    @classmethod
    def last(cls, settings: Settings) -> Request:
        """The request that was left last from this host, by whichever run of it.

        Raises:
            Problem: There is none.
        """
        try:
            name = (settings.watch_folder / LAST).read_text(encoding="utf-8").strip()
        except OSError:
            name = ""
        if not name or not (settings.watch_folder / name).is_dir():
            raise Problem(
                f"No job was begun from Blender yet in {settings.watch_folder}: choose Score first."
            )
        return cls(settings, settings.watch_folder / name)

    def result(self) -> dict[str, Any] | None:
        """What has come; ``None`` as long as it is under way. To be asked every ``LOOK_S``.

        Raises:
            Problem: It failed, in the program's own words; or nobody works on it and nobody can be called.
        """
        code = self._started.poll() if self._started else None  # before the looks: it writes, then ends
        found = _json(self.folder / "result.json")
        if found is not None:
            all_of = (*found["clips"], *found.get("spare_clips", ()))
            gone = [clip for clip in all_of if not _is_there(clip.get("file"))]
            if gone:
                raise Problem(
                    f"The sound {gone[0].get('file') or gone[0]['title']} is not there: score again, "
                    "what was paid for is kept."
                )
            return found
        self._look_after(code)
        return None

    def page(self) -> dict[str, Any] | None:
        """The audition page that was asked for; ``None`` until it is there. To be asked every ``LOOK_S``.

        Raises:
            Problem: There is none, in the program's own words; or it is on another machine.
        """
        code = self._started.poll() if self._started else None
        found = _json(self.folder / "page.json")
        if found is not None and found["host"] != socket.gethostname():
            raise Problem(
                f"avm-otio watch runs on {found['host']}: run avm-otio audition there, "
                "with the scored timeline."
            )
        if found is None:
            self._look_after(code)
        return found

    def _look_after(self, code: int | None) -> None:
        """See that somebody works on it.

        Args:
            code: What the program that was started has ended with.

        Raises:
            Problem: It failed, or nobody works on it and nobody can be called.
        """
        wrong = _json(self.folder / "error.json")
        if wrong is not None:
            raise Problem(f"{wrong['message']} {wrong.get('hint', '')}".strip())
        if not self.folder.is_dir():
            raise Problem(f"{self.folder} was deleted: score again.")
        watch_folder = self._settings.watch_folder
        ask = f'run  avm-otio watch "{watch_folder}"  and leave it open; then choose Import Last Scored Job.'
        if code:
            raise Problem(f"avm-otio ended with code {code} and did not say why: {ask}")
        beat = self._beat()
        self._silent_s = self._silent_s + LOOK_S if beat == self._seen else 0.0
        if self._silent_s >= _GONE_S:
            raise Problem(f"Nobody watches {watch_folder} any more: {ask}")
        self._call_somebody(beat)
        self._seen = beat

    def progress(self) -> tuple[str, float | None]:
        """What is done just now, and how much of it, from 0 to 1; ``None`` where nobody knows."""
        found = _json(self.folder / "progress.json") or {"label": "Waiting for avm-otio"}
        done, total = found.get("done"), found.get("total")
        return str(found["label"]), done / total if done is not None and total else None

    def cancel(self) -> None:
        """Ask for it to be ended. What was paid for is kept."""
        if self.folder.is_dir():
            (self.folder / "cancel").touch()

    def _beat(self) -> tuple[object, object] | None:
        found = _json(self._settings.watch_folder / "watcher.json")
        return None if found is None else (found.get("id"), found.get("beat"))

    def _call_somebody(self, beat: tuple[object, object] | None) -> None:
        """Where nobody watches, have it carried out by a process that outlives this one."""
        if self._is_heard:
            return
        if beat != self._seen and beat is not None:
            self._is_heard = True
            found = _json(self._settings.watch_folder / "watcher.json") or {}
            _check(str(found.get("program") or ""))
        elif beat is None or self._silent_s >= _SILENCE_S:
            self._is_heard = True
            self._start()

    def _start(self) -> None:
        _check(self._settings.version)
        program, folder = self._settings.program, self._settings.watch_folder
        try:
            self._started = subprocess.Popen(
                [*program, "watch", str(folder), "--once"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if name not in _OF_THE_HOST},
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise Problem(
                f"avm-otio was not found at {program[0]}: install it (pip install avm-otio), then run: "
                "avm-otio plugin install blender"
            ) from error


def _is_there(path: str | None) -> bool:
    return bool(path) and Path(path).is_file()


def _check(version: str) -> None:
    numbers = tuple(int(one) for one in re.findall(r"\d+", version)[:3])
    if numbers and numbers < NEEDS:
        needed = ".".join(map(str, NEEDS))
        raise Problem(
            f"avm-otio {version} is older than this add-on (needs {needed}): update it "
            "(pip install -U avm-otio)."
        )


def _json(path: Path) -> dict[str, Any] | None:
    """A JSON file; ``None`` where there is none, or none that is whole yet."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
