"""Whose pieces are, given once and remembered for the user, by service and item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from avm_otio.addresses import LOCAL
from avm_otio.config.folders import config_dir
from avm_otio.errors import InputError
from avm_otio.files import make_folder, read_plain, write_text
from avm_otio.mix.rights import Rights, read_rights
from avm_otio.mix.used import ServiceItem
from avm_otio.report import Report

Names = tuple[str, str]
"""What tells an item from all others: its service and its name."""

_VERSION = 1
_LARGEST = 32 * 1024**2
_MOST_NAMED = 5


def rights_file() -> Path:
    """Where rights are remembered. May not exist."""
    return config_dir() / "rights.json"


def rights_of(offered: Iterable[ServiceItem], table: Path | None, report: Report) -> dict[Names, Rights]:
    """Whose some items are: as a table says, else as it was remembered. What the table says is remembered.

    Args:
        offered: The items.
        table: The user's table; ``None`` for none.
        report: Receives what is odd about it.

    Raises:
        InputError: The table, or what was remembered, cannot be read.
        OutputError: It cannot be remembered.
    """
    items = {(each.service, each.item.name): each.item.title for each in offered}
    remembered = _remembered()
    if table is not None:
        _learn(remembered, items, table, report)
    found: dict[Names, Rights] = {}
    for names, title in items.items():
        entry = remembered.get("\n".join(names))
        if entry is None:
            continue
        if names[0] == LOCAL and entry.get("of", title) != title:  # a number of a library that was changed
            report.warn(
                f"What is on file for {names[1]} is of “{entry['of']}”, this is “{title}”: it is not used."
            )
            continue
        try:
            found[names] = Rights.from_dict(entry)
        except ValueError:
            raise InputError(f"{rights_file()} is damaged at {names[1]}.", "Give its rights again.") from None
    return found


def _learn(remembered: dict[str, Any], items: Mapping[Names, str], table: Path, report: Report) -> None:
    try:
        text = read_plain(table, most_bytes=_LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{table} cannot be read: {error.strerror or error}.", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{table} is not text in UTF-8.", "Save it as CSV in UTF-8.") from error
    given, odd = read_rights(text, table.name)
    for note in odd:
        report.warn(f"{table.name}: {note}")
    used = set()
    for (service, name), title in items.items():
        if name in given:
            used.add(name)
            remembered[f"{service}\n{name}"] = {**given[name].as_dict(), "of": title}
    if left := sorted(given.keys() - used):
        some = ", ".join(left[:_MOST_NAMED]) + (" …" if len(left) > _MOST_NAMED else "")
        report.warn(
            f"{table.name}: {len(left)} of its items are not in this sheet, and not remembered: {some}."
        )
    if used:
        make_folder(rights_file().parent)
        document = {"version": _VERSION, "rights": remembered}
        write_text(rights_file(), json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _remembered() -> dict[str, Any]:
    """All that is on file.

    Raises:
        InputError: The file is damaged, or of a later program.
    """
    path = rights_file()
    try:
        document = json.loads(read_plain(path, most_bytes=_LARGEST))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", "Check its permissions."
        ) from error
    except (ValueError, RecursionError):
        document = None
    rights = document.get("rights") if isinstance(document, dict) else None
    if not isinstance(rights, dict) or not all(isinstance(each, dict) for each in rights.values()):
        raise InputError(
            f"{path} is damaged.", "Restore it from a backup, or delete it and give rights again."
        )
    if isinstance(document, dict) and document.get("version") != _VERSION:
        raise InputError(f"{path} was written by a later avm-otio.", "Update avm-otio.")
    return rights
