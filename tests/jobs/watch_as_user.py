"""A watcher in a process of its own, as another user: delivers what a request names, and scores nothing.

Run as ``python -m tests.jobs.watch_as_user FOLDER USER [--root ROOT] [--for SECONDS]``. It begins as root,
which can read all of the program, loads it, and becomes the other user before it looks at the folder.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import tempfile
import time
from pathlib import Path

import avm_otio
from avm_otio.delivery.deliver import deliver
from avm_otio.errors import AvmError
from avm_otio.jobs.films import open_timeline
from avm_otio.jobs.watch.protocol import CountedResult, Result
from avm_otio.jobs.watch.visits import Rules
from avm_otio.jobs.watch.watcher import Watch
from avm_otio.media.locate import look_for
from avm_otio.media.probe import probe
from avm_otio.report import Report, Silent
from avm_otio.request import Request
from tests.jobs.watching import done, real_request, request, watched


def carry_out(asked: Request, report: Report) -> Result:
    """Open the timeline and every piece of its media, and write it anew."""
    opened = open_timeline(asked, report)
    found, _ = look_for(opened.timeline.media(), folder=opened.folder, roots=asked.media_roots)
    for path in found.values():
        if path.is_file():
            probe(path)
    written = deliver(opened, asked, report)
    made: CountedResult = done(asked, report, write=False)
    return made.model_copy(
        update={"output": str(asked.output), "notes": (*written.notes, f"{len(found)} found")}
    )


def become(user: int) -> None:
    """Load all that will be needed, by use, and become another user."""
    for module in pkgutil.walk_packages(avm_otio.__path__, "avm_otio."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    "a".encode("idna")
    with tempfile.TemporaryDirectory() as made:
        for name in ("out.otio", "out.otioz", "out.fcpxml", "out.xml"):
            real_request(Path(made), name, 0)
            carry_out(Request(Path(made, name, "cut.otio"), Path(made, name, name), deliver="link"), Silent())
        request(Path(made), "one")
        watched(Path(made, "one"))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.umask(0o022)


def main() -> None:
    """Watch until a time is over, or until nothing is left to do."""
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("user", type=int)
    options.add_argument("--root", type=Path, action="append", default=[])
    options.add_argument("--for", type=float, dest="seconds", default=0.0)
    given = options.parse_args()
    become(given.user)
    rules = Rules(("local",), media_roots=tuple(given.root))
    ends = time.monotonic() + given.seconds
    while True:
        try:
            Watch([given.folder], carry_out, rules, Silent()).run(once=True, poll_s=0.05)
        except AvmError as error:
            sys.stdout.write(f"{error}\n")
            return
        if time.monotonic() >= ends:
            return


if __name__ == "__main__":
    main()
