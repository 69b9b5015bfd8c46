"""A stranger in a process of its own, who swaps files and links in a watcher's folder until its input ends.

Run as ``python -m tests.jobs.swap_as_user REQUEST HOME USER``; prints how many swaps were made. It begins as
root and becomes the other user. Not a fork of the test's process: that one has threads, whose locks a fork
would copy as they are, and would then wait for.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from pathlib import Path


def swaps(made: Path, home: Path) -> int:
    """Make names in a request's folder mean something else, again and again; how often."""
    secret, victim = home / "private.mp4", home / "victim.txt"
    count = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        with suppress(OSError):
            for each in list(made.iterdir()):
                if each.name.startswith(".") or each.suffix in (".otio", ".json", ".lua"):
                    if each.name in ("cut.otio", "request.json"):
                        continue
                    with suppress(OSError):
                        each.rename(made / f"kept-{count}")
                    with suppress(OSError):
                        each.symlink_to(victim)
                    count += 1
        for name, target in (("a.mp4", secret), ("sub", home), ("cut.otio", home / "secret.txt")):
            with suppress(OSError):
                (made / name).rename(made / f"real {name}")
            with suppress(OSError):
                (made / name).symlink_to(target)
            count += 1
            with suppress(OSError):
                (made / name).unlink()
            with suppress(OSError):
                (made / f"real {name}").rename(made / name)
        with suppress(OSError):
            made.rename(made.with_name("aside"))
            made.symlink_to(home)
            count += 1
        with suppress(OSError):
            made.unlink()
        with suppress(OSError):
            made.with_name("aside").rename(made)
    return count


def main() -> None:
    """Swap as another user."""
    made, home, user = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    sys.stdout.write(str(swaps(made, home)))


if __name__ == "__main__":
    main()
