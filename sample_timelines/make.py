"""Make the sample timelines and their media again: ``python sample_timelines/make.py [FOLDER]``.

Needs numpy, av and opentimelineio. Two runs on one machine give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import footage
import opentimelineio as otio
from interchange import edl, fcp7_xml
from timelines import TIMELINES


def texts() -> dict[str, str]:
    """Every timeline's file name and text."""
    made: dict[str, Callable[[], str]] = {
        name: partial(_otio_text, make) for name, make in TIMELINES.items()
    } | {"fcp7_short.xml": fcp7_xml, "edl_short.edl": edl}
    return {name: make() for name, make in made.items()}


def main() -> None:
    """Write the timelines, then their media."""
    parser = argparse.ArgumentParser(description="Make the sample timelines and their media again.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    parser.add_argument(
        "--media", nargs="*", choices=footage.FOOTAGE, default=[*footage.FOOTAGE], metavar="NAME"
    )
    asked = parser.parse_args()
    media = asked.folder / "media"
    media.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (asked.folder / name).write_text(text, encoding="utf-8", newline="\n")
    with ProcessPoolExecutor() as workers:
        made = workers.map(partial(footage.write, folder=media), asked.media)
        for number, _ in enumerate(made, 1):
            print(f"Media file {number} of {len(asked.media)}")


def _otio_text(make: Callable[[], otio.schema.Timeline]) -> str:
    text: str = otio.adapters.write_to_string(make(), "otio_json", indent=2)
    return text + "\n"


if __name__ == "__main__":
    main()
