"""A cue sheet as a file, by the file's suffix; and as credits."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from avm_otio.delivery.cue_sheets.words import exact_clock, holders_of, share_words
from avm_otio.errors import UsageError
from avm_otio.files import same_file, write_text
from avm_otio.mix.cue_sheet import CueSheet, Row
from avm_otio.mix.rights import NOBODY, NOT_ON_FILE, Role, Use

SUFFIXES = (".csv", ".xlsx", ".pdf", ".json")
"""What a cue sheet can be written as."""


def refuse_suffix(path: Path) -> None:
    """Refuse a name that no cue sheet can have, before any work is done.

    Raises:
        UsageError: It names none of the kinds.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{path} names no kind of cue sheet.", f"Name it {path.stem} with {', '.join(SUFFIXES)}."
        )


def refuse_outputs(sheet: Path, credit_file: Path | None, sources: Sequence[Path]) -> None:
    """Refuse files to write that are read, or are one another, or are named as something else.

    Args:
        sheet: The cue sheet.
        credit_file: The credits, where they are written.
        sources: What is read: scored timelines, the folders of jobs, the table of rights.

    Raises:
        UsageError: It is so. Nothing was read or written.
    """
    refuse_suffix(sheet)
    if credit_file is not None:
        if credit_file.suffix.lower() != ".txt":
            raise UsageError(f"{credit_file} is no text file.", f"Name it {credit_file.stem}.txt.")
        if same_file(credit_file, sheet):
            raise UsageError(f"{credit_file} is the cue sheet itself.", "Choose another name.")
    for path in filter(None, (sheet, credit_file)):
        for source in sources:
            if same_file(path, source):
                raise UsageError(
                    f"{path} is read itself.", "The input is never changed: choose another name."
                )


def write_cue_sheet(sheet: CueSheet, path: Path) -> None:
    """Write a cue sheet.

    Args:
        sheet: The sheet.
        path: Where to; ``.csv``, ``.xlsx``, ``.pdf`` or ``.json``. It appears whole or not at all.

    Raises:
        UsageError: The suffix is another.
        OutputError: It cannot be written.
    """
    refuse_suffix(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        write_text(path, _csv(sheet))
    elif suffix == ".json":
        write_text(path, json.dumps(as_json(sheet), indent=1, ensure_ascii=False) + "\n")
    elif suffix == ".xlsx":
        from avm_otio.delivery.cue_sheets.workbook import write_workbook

        write_workbook(sheet, path)
    else:
        from avm_otio.delivery.cue_sheets.page import write_page

        write_page(sheet, path)


def as_json(sheet: CueSheet) -> dict[str, Any]:
    """A cue sheet as plain JSON."""
    header = sheet.header
    return {
        "production": header.production,
        "episode": header.episode,
        "air_date": header.air_date,
        "company": header.company,
        "programme_length": exact_clock(sheet.programme_s),
        "programme_length_s": str(sheet.programme_s),
        "music_length": exact_clock(sheet.music_s),
        "music_length_s": str(sheet.music_s),
        "cues": [row_json(row) for row in sheet.rows],
    }


def row_json(row: Row) -> dict[str, Any]:
    """A cue as plain JSON."""
    return {
        "sequence": row.sequence,
        "cue": row.number,
        "title": row.title,
        "use": str(row.use),
        "timecode_in": row.timecode_in,
        "timecode_out": row.timecode_out,
        "duration": exact_clock(row.duration),
        "duration_s": str(row.duration),
        "frames": row.frames,
        "rate": str(row.rate),
        "kind": row.item.kind,
        "id": row.item.id,
        "service": row.offered.service,
        "source": row.rights.source,
        "reel": row.reel,
        "is_on_file": bool(row.rights.holders),
        "holders": row.rights.as_dict()["holders"],
    }


_COLUMNS = (
    "sequence", "cue", "title", "use", "timecode_in", "timecode_out", "duration", "frames",
    "composer", "composer_society", "composer_ipi", "composer_share",
    "publisher", "publisher_society", "publisher_ipi", "publisher_share",
    "source", "kind", "id", "reel", "rate",
    "production", "episode", "air_date", "company", "programme_length", "music_length",
)  # fmt: skip


def _csv(sheet: CueSheet) -> str:
    """A row for each cue, the header's words in its last columns: any program reads it as one table."""
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n", extrasaction="ignore")
    table.writeheader()
    whole = as_json(sheet)
    for row, listed in zip(sheet.rows, whole["cues"], strict=True):
        people: dict[str, str] = {}
        for role in Role:
            holders = holders_of(row, role)
            people[role] = "; ".join(holder.name for holder in holders)
            people[f"{role}_society"] = _joined([holder.society for holder in holders])
            people[f"{role}_ipi"] = _joined([holder.ipi for holder in holders])
            people[f"{role}_share"] = _joined([share_words(holder) for holder in holders])
        table.writerow({**whole, **listed, **people})
    return text.getvalue()


def _joined(words: Sequence[str]) -> str:
    return "; ".join(words) if any(words) else ""


# Credits


def credits_text(sheet: CueSheet, licences: Mapping[str, str]) -> str:
    """The credits that the pieces of a sheet ask for.

    Args:
        sheet: The sheet.
        licences: What a licence asks to be printed, by the item's name.
    """
    return "\n".join(_credits(sheet, licences)) + "\n"


def _credits(sheet: CueSheet, licences: Mapping[str, str]) -> Iterator[str]:
    rows = sheet.items()
    owed = [row for row in rows if row.rights != NOBODY or row.item.name in licences]
    effects = [row for row in owed if row.use is Use.EFFECT]  # of others there is nothing to say
    for head, listed in (("MUSIC", [row for row in rows if row.use is not Use.EFFECT]), ("EFFECTS", effects)):
        if not listed:
            continue
        yield head
        for row in listed:
            yield ""
            yield f"“{row.title}”"
            for role, words in ((Role.COMPOSER, "Composed by"), (Role.PUBLISHER, "Published by")):
                if holders := row.rights.of(role):
                    names = [
                        f"{each.name} ({each.society})" if each.society else each.name for each in holders
                    ]
                    yield f"{words} {', '.join(names)}"
            if not row.rights.holders and row.item.name not in licences and row.use is not Use.EFFECT:
                yield f"Composer and publisher {NOT_ON_FILE} ({row.item.name})"
            if row.rights.source:
                yield f"Courtesy of {row.rights.source}"
            if row.item.name in licences:
                yield licences[row.item.name]
        yield ""
