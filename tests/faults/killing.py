"""The whole program in a forked child that is stopped at one of its own *events*; the product has no hooks.

An event is anything by which a run touches the world: a file opened to be written, synced, renamed or
removed, a folder made, a connection, a piece sent or received. Each is told by a label that is the same in
every run of one job (``rename job.json``), and how often that label came before, so that a run can be stopped
at "the 2nd time job.json is about to be renamed": before it happens. What follows a piece that was sent is an
event of its own.

Runs are forked from a process that has all of the program loaded and a single thread; this module is that
process, too (``python killing.py``), which takes lists of runs as JSON, one a line.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Moment = tuple[str, int]
"""An event: its label, and how many of that label there were up to it, from 1."""


@dataclass(frozen=True)
class Run:
    """One run of the command line.

    Attributes:
        arguments: What is typed after the program's name.
        folder: Where it runs; files outside make no events.
        env: Variables on top of the server's own.
        at: The event before which something happens.
        nth: The same as a number, of all events, from 1.
        does: What happens: ``kill``, ``term`` (SIGTERM), ``jump`` (the clock jumps by ``clock_s``), nothing.
        clock_s: By how much the clock is wrong; from the start where ``does`` is not ``jump``.
        file_limit_bytes: No file may grow beyond this, as on a full disk.
        patience_s: After this long without a word or an event a run hangs, and is killed.
    """

    arguments: tuple[str, ...]
    folder: str
    env: Mapping[str, str] = field(default_factory=dict)
    at: Moment | None = None
    nth: int | None = None
    does: str = ""
    clock_s: float = 0.0
    file_limit_bytes: int | None = None
    patience_s: float = 60.0


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        code: Its exit code; the negative number of the signal that ended it; ``HUNG``.
        output: Both outputs.
        moments: Its events, in order.
        done: Whether what was to happen to it did.
    """

    code: int
    output: str
    moments: tuple[Moment, ...]
    done: bool


HUNG = -1000

_PATIENCES = 10
"""Times its patience, a run hangs whatever it says."""


class Runner:
    """Runs the program, many times a second. A context manager; takes one list of runs at a time."""

    def __enter__(self) -> Self:
        # One thread only: a fork takes no other along, whatever that one holds.
        env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.communicate()

    def together(self, *runs: Run) -> list[Ended]:
        """Run all at the same time; how each ended."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([asdict(run) for run in runs]) + "\n")
        self._server.stdin.flush()
        ends = json.loads(self._server.stdout.readline())
        return [
            Ended(end["code"], end["output"], tuple((label, n) for label, n in end["moments"]), end["done"])
            for end in ends
        ]


# --- the child: counting events


_TEMPORARY = re.compile(r"^\.[0-9a-f]{8}(?=\.|$)")
_KEY = re.compile(r"[0-9a-f]{12,}")
_FILE_EVENTS = {
    "os.rename": 1,
    "os.remove": 0,
    "os.rmdir": 0,
    "os.mkdir": 0,
    "os.link": 1,
    "os.symlink": 1,
    "os.truncate": 0,
}
"""Audit events of Python that change files, and which of their arguments names what is changed."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Events:
    """The events of this process, written down as they happen."""

    def __init__(self, run: Run, log: int) -> None:
        self._run = run
        self._log = log
        self._folder = os.path.realpath(run.folder)
        self._counts: Counter[str] = Counter()
        self._labels: dict[int, str] = {}
        self._lock = threading.RLock()
        self.clock_s = 0.0 if run.does == "jump" else run.clock_s

    def happens(self, label: str) -> None:
        """An event is about to happen."""
        with self._lock:
            self._counts[label] += 1
            moment = (label, self._counts[label])
            self._write(moment)
            if self._run.does and (moment == self._run.at or self._counts.total() == self._run.nth):
                self._write(("done", 0))
                self._stop()

    def _stop(self) -> None:
        if self._run.does == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._run.does == "term":
            os.kill(os.getpid(), signal.SIGTERM)
        self.clock_s = self._run.clock_s

    def _write(self, moment: Moment) -> None:
        os.write(self._log, (json.dumps(moment) + "\n").encode())

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python is about to do something."""
        if event == "open":
            path, mode, flags = arguments
            is_writing = flags & _WRITING if isinstance(flags, int) else set(mode or "r") & set("wax+")
            if is_writing and isinstance(path, str | bytes | os.PathLike):
                self._file("open", path)
        elif event in _FILE_EVENTS:
            self._file(event.removeprefix("os."), arguments[_FILE_EVENTS[event]])
        elif event == "socket.connect":
            self.happens("connect")

    def _file(self, verb: str, path: Any) -> None:
        try:
            inside = os.path.relpath(os.path.realpath(os.fsdecode(path)), self._folder)
        except TypeError:  # a handle that is open already
            return
        if inside.startswith("..") or "__pycache__" in inside:
            return
        name, place = _TEMPORARY.sub(".temporary", Path(inside).name), Path(inside).parent.name
        shown = f"{place}/{name}" if place == "media" else name
        self.happens(f"{verb} {_KEY.sub('KEY', shown)}")

    def synced(self, handle: int) -> None:
        """A file is about to be synced."""
        self._file("fsync", Path(f"/proc/self/fd/{handle}").readlink())

    def leaves(self, line: socket.socket, data: Any) -> str:
        """A piece is about to be sent; what it belongs to."""
        first = bytes(data[:300]).split(b"\r\n")[0].decode("latin-1")
        if found := re.fullmatch(r"(GET|POST) (\S+) HTTP/1\.1", first):
            path = found[2] if "/media/" not in found[2] else f"/item/{found[2].rsplit('/', 1)[-1]}"
            path = path if path.startswith("/item/") else re.sub(r"\d+", "N", path)
            self._labels[line.fileno()] = f"{found[1]} {path}"
            label = self._labels[line.fileno()]
        else:
            label = f"body of {self._labels.get(line.fileno(), 'nothing')}"
        self.happens(f"send {label}")
        return label

    def left(self, label: str) -> None:
        """A piece was sent."""
        self.happens(f"after sending {label}")

    def comes(self, line: socket.socket) -> None:
        """A piece is about to be received."""
        self.happens(f"receive {self._labels.get(line.fileno(), 'something')}")

    def watch(self) -> None:
        """Put this in the way of everything, for good."""
        sys.addaudithook(self.audit)
        fsync, send, recv, recv_into = (
            os.fsync,
            socket.socket.send,
            socket.socket.recv,
            socket.socket.recv_into,
        )
        sendall = socket.socket.sendall

        def watched_fsync(handle: Any) -> None:
            self.synced(handle if isinstance(handle, int) else handle.fileno())
            fsync(handle)

        def watched_send(line: socket.socket, data: Any, *more: Any) -> int:
            label = self.leaves(line, data)
            sent = send(line, data, *more)
            self.left(label)
            return sent

        def watched_sendall(line: socket.socket, data: Any, *more: Any) -> None:
            label = self.leaves(line, data)
            sendall(line, data, *more)
            self.left(label)

        def watched_recv(line: socket.socket, *more: Any) -> bytes:
            self.comes(line)
            return recv(line, *more)

        def watched_recv_into(line: socket.socket, *more: Any) -> int:
            self.comes(line)
            return recv_into(line, *more)

        os.fsync = watched_fsync
        for name, watched in {
            "send": watched_send,
            "sendall": watched_sendall,
            "recv": watched_recv,
            "recv_into": watched_recv_into,
        }.items():
            setattr(socket.socket, name, watched)
        if self._run.clock_s:
            self._bend_time()

    def _bend_time(self) -> None:
        """Let the clock be wrong for all that ask it; what measures lengths of time is another one."""
        true_time, events = time.time, self

        class Bent(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return datetime.now(tz) + timedelta(seconds=events.clock_s)

        time.time = lambda: true_time() + events.clock_s
        for name, module in list(sys.modules.items()):
            if name.startswith("avm_otio") and getattr(module, "datetime", None) is datetime:
                module.datetime = Bent


def _perform(run: Run, output: int, log: int) -> int:
    """In the child: be the program."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name, handle in {"stdout": 1, "stderr": 2}.items():
        os.dup2(output, handle)
        setattr(
            sys, name, os.fdopen(handle, "w", closefd=False)
        )  # what the server's could do, a pipe may not
    os.chdir(run.folder)
    os.environ.update(run.env)
    if run.file_limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.file_limit_bytes,) * 2)
    Events(run, log).watch()
    from avm_otio.cli.main import run as program

    return program(run.arguments)


# --- the server: one thread, everything loaded


class _Child(BaseException):
    """Unwinds the server in a child, so that the child ends as any program does."""

    def __init__(self, code: int) -> None:
        self.code = code


def _load_all() -> None:
    """Import what a run needs, and let no pause of it last long."""
    true_sleep = time.sleep
    time.sleep = lambda seconds: true_sleep(min(seconds, 0.02))  # before anybody has taken it
    import avm_otio

    for module in pkgutil.walk_packages(avm_otio.__path__, "avm_otio."):
        if not module.name.startswith(("avm_otio.engine", "avm_otio.__main__")):
            importlib.import_module(module.name)
    for name in ("av", "numpy", "httpx", "httpcore", "h11", "pydantic", "filelock", "encodings.idna"):
        importlib.import_module(name)
    import httpx
    import opentimelineio

    certificates = httpx.create_ssl_context()  # read once: a tenth of a second, and nothing here speaks TLS
    httpx._transports.default.create_ssl_context = lambda *_, **__: certificates
    opentimelineio.plugins.ActiveManifest()


def _fork(run: Run) -> tuple[int, int, int]:
    """Start a child: its process, and where to read what it says and its events."""
    output, output_in = os.pipe()
    log, log_in = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(output)
        os.close(log)
        raise _Child(_perform(run, output_in, log_in))
    os.close(output_in)
    os.close(log_in)
    return process, output, log


def _carry_out(runs: Sequence[Run]) -> list[dict[str, Any]]:
    children = [_fork(run) for run in runs]
    patience_s = max(run.patience_s for run in runs)
    until = time.monotonic() + patience_s
    at_last = time.monotonic() + _PATIENCES * patience_s
    held: dict[int, bytearray] = {}
    hung = False
    with selectors.DefaultSelector() as reading:
        for _, output, log in children:
            for handle in (output, log):
                held[handle] = bytearray()
                reading.register(handle, selectors.EVENT_READ)
        while reading.get_map():
            ready = reading.select(max(0.0, until - time.monotonic()))
            if not ready and not hung:
                hung, until = True, time.monotonic() + 5
                for process, *_ in children:
                    os.kill(process, signal.SIGKILL)
            for key, _ in ready:
                piece = os.read(key.fd, 65_536)
                if piece and not hung:  # slow on a busy machine, but it goes on
                    until = min(at_last, time.monotonic() + patience_s)
                held[key.fd] += piece
                if not piece:
                    reading.unregister(key.fd)
                    os.close(key.fd)
    return [_end(process, bytes(held[output]), bytes(held[log]), hung) for process, output, log in children]


def _end(process: int, output: bytes, log: bytes, hung: bool) -> dict[str, Any]:
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    moments = [json.loads(line) for line in log.splitlines()]
    return {
        "code": HUNG if hung and code == -signal.SIGKILL else code,
        "output": output.decode("utf-8", "replace"),
        "moments": [moment for moment in moments if moment[0] != "done"],
        "done": ["done", 0] in moments,
    }


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _load_all()
    for line in sys.stdin:
        runs = [Run(**asked | {"at": asked["at"] and tuple(asked["at"])}) for asked in json.loads(line)]
        answers.write(json.dumps(_carry_out(runs)) + "\n")
        answers.flush()


if __name__ == "__main__":
    try:
        _serve()
    except _Child as child:
        sys.exit(child.code)
