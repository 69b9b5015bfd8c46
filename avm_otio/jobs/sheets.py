"""A cue sheet of scored timelines, and what their library's licences say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avm_otio.addresses import LOCAL
from avm_otio.jobs.reels import Reel
from avm_otio.jobs.rights import rights_of
from avm_otio.licences import Licences, stated_alone
from avm_otio.mix.clearance import Clearance, Stated, clearance_of, credit_of, words_of
from avm_otio.mix.cue_sheet import CueSheet, Header, Row, ScoredReel, cue_sheet
from avm_otio.mix.cues import Item
from avm_otio.report import Report
from avm_otio.timeline.urls import paths_of


@dataclass(frozen=True, slots=True)
class Licensed:
    """A sound of the user's own library, and what is stated of it.

    Attributes:
        item: The sound.
        title: As the sheet says it.
        stated: What is stated.
    """

    item: Item
    title: str
    stated: Stated

    @property
    def clearance(self) -> Clearance:
        """How far it may be passed on."""
        return clearance_of(self.stated)

    def as_dict(self) -> dict[str, Any]:
        """As an event says it."""
        return {
            "kind": self.item.kind,
            "id": self.item.id,
            "title": self.title,
            "licence": self.stated.licence,
            "stated_in": self.stated.place,
            "author": self.stated.author,
            "clearance": str(self.clearance),
            "message": words_of(self.stated),
        }


@dataclass(frozen=True, slots=True)
class Sheet:
    """A cue sheet and what goes with it.

    Attributes:
        sheet: The cue sheet.
        licensed: Every sound of the user's own library that is heard, effects included.
    """

    sheet: CueSheet
    licensed: tuple[Licensed, ...] = ()

    @property
    def credits(self) -> dict[str, str]:
        """The lines that licences ask for, by the items' names."""
        lines = {each.item.name: credit_of(each.title, each.stated) for each in self.licensed}
        return {name: line for name, line in lines.items() if line}


def sheet_of(
    reels: Sequence[Reel],
    header: Header,
    *,
    table: Path | None = None,
    effects: bool = False,
    library: Path | None = None,
    original_of: Callable[[Item], Path | None] = lambda item: None,
    report: Report,
) -> Sheet:
    """Make a cue sheet.

    Args:
        reels: In the order of the programme.
        header: What stands above the rows; the production is the first reel's name where nobody said it.
        table: The user's table of rights.
        effects: Whether effects are listed, too.
        library: The user's own library, if there is one.
        original_of: The file in it that an item was made of.
        report: Receives progress and warnings.

    Raises:
        InputError: The table cannot be read.
        OutputError: Rights cannot be remembered.
    """
    parts = [ScoredReel(reel.name, reel.opened.timeline, reel.sounds) for reel in reels]
    whole = cue_sheet(parts, header, {}, effects=True)
    rights = rights_of([row.offered for row in whole.rows], table, report)
    sheet = cue_sheet(parts, header, rights, effects=effects)
    local = [row for row in whole.items() if row.offered.service == LOCAL]
    if library is None or not local:
        return Sheet(sheet)
    licensed, licences = [], Licences(library.absolute())
    with report.step("Looking up licences", len(local)) as advance:
        for number, row in enumerate(local, 1):
            licensed.append(Licensed(row.item, row.title, _stated(row, reels, licences, original_of)))
            advance(number, len(local))
    return Sheet(sheet, tuple(licensed))


def _stated(
    row: Row, reels: Sequence[Reel], licences: Licences, original_of: Callable[[Item], Path | None]
) -> Stated:
    """What is stated of a sound: by its file in the library, else by the copy that is played."""
    original = original_of(row.item)
    if original is not None and original.is_file():
        return licences.stated(original)
    for reel in reels:
        for sound in reel.sounds:
            media = sound.placed.clip.media
            if media is None or sound.offered is None or sound.offered.item.name != row.item.name:
                continue
            for path in paths_of(media.url, reel.opened.folder):
                if path.is_file():
                    return stated_alone(path)
    return Stated()
