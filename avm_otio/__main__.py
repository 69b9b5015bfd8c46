"""The program's way in."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; answer ``--version`` without loading it, since plugins ask at every click."""
    if sys.argv[1:] == ["--version"]:
        from avm_otio import __version__

        sys.stdout.write(f"avm-otio {__version__}\n")
        return
    from avm_otio.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
