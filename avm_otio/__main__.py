"""The program's way in."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; answer ``--version`` without loading it, since plugins ask at every click."""
    if sys.argv[1:] == ["--version"]:
        from avm_otio import __version__

        sys.stdout.write(f"avm-otio {__version__}\n")
        return
    # Otherwise pydantic looks through every installed package for plugins, at every start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from avm_otio.cli.main import run
    except KeyboardInterrupt:
        sys.exit(130)  # interrupted before there was anything to clean up
    sys.exit(run())


if __name__ == "__main__":
    main()
