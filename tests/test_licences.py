"""One reader of licences: what the library lists and what the cue sheet warns of is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from avm_otio.engine.searching import Search, Searcher
from avm_otio.licences import Licences, stated_alone
from avm_otio.mix.clearance import Clearance, Stated, clearance_of, licence_in
from avm_otio.tags import NO_TAGS, Tags
from tests.scored import write_sound


@pytest.mark.parametrize(
    ("text", "licence", "clearance"),
    [
        ("Creative Commons Zero v1.0 Universal", "CC0", Clearance.FREE),
        ("dedicated to the public domain", "public domain", Clearance.FREE),
        ("This is free and unencumbered; the Unlicense", "CC0", Clearance.FREE),
        ("CC BY-NC 4.0", "CC BY-NC", Clearance.NO),
        ("Creative Commons Attribution - NonCommercial - No Derivatives", "CC BY-NC-ND", Clearance.NO),
        ("creativecommons.org/licenses/by-sa/3.0", "CC BY-SA", Clearance.TERMS),
        ("CC_BY rain", "CC BY", Clearance.CREDIT),
        ("OGA-BY 3.0", "OGA-BY", Clearance.CREDIT),
        ("Sampling Plus 1.0", "Sampling+", Clearance.TERMS),
        ("GNU General Public License", "GPL", Clearance.TERMS),
        ("released under the MIT License", "MIT", Clearance.TERMS),
        ("my accordion by night", "", Clearance.TERMS),
    ],
)
def test_every_licence_that_either_reader_knew_is_known(
    text: str, licence: str, clearance: Clearance
) -> None:
    assert licence_in(text) == licence
    assert clearance_of(Stated(text)) is clearance


def test_the_surest_statement_of_a_sound_counts(tmp_path: Path) -> None:
    library = tmp_path / "library"
    inner = library / "pack" / "CC0 sounds"
    inner.mkdir(parents=True)
    (tmp_path / "LICENSE").write_text("CC0")  # not the library's

    def stated(path: str, **tags: Any) -> tuple[str, str]:
        found = Licences(library).of(path, Tags(**tags))
        return found.licence, found.place

    assert stated("pack/rain.wav") == ("", "")
    assert stated("pack/rain.wav", copyright="2020 Ann") == ("2020 Ann", "tag “copyright”")
    (library / "LICENSE.rst").write_text("Creative Commons Attribution 4.0 International")
    assert stated("pack/rain.wav", copyright="2020 Ann") == ("CC BY", "LICENSE.rst")
    (library / "pack" / "README").write_text("All of it is royalty-free.")
    assert stated("pack/rain.wav") == ("royalty-free", "pack/README")
    assert stated("pack/CC0 sounds/rain.wav") == ("CC0", "the folder CC0 sounds")
    assert stated("pack/rain (public_domain).wav") == ("public domain", "its name")
    (library / "pack" / "rain.txt").write_text("\n\nAsk Ann first.\n")
    assert stated("pack/rain.wav") == ("Ask Ann first.", "rain.txt")
    (library / "pack" / "rain.wav.license").write_text("SPDX-License-Identifier: CC-BY-NC-4.0\n")
    assert stated("pack/rain.wav") == ("CC BY-NC", "rain.wav.license")
    assert stated("pack/rain.wav", licence="see terms") == ("see terms", "tag “licence”")
    assert stated("pack/rain.wav", description="from a CC-BY-SA set") == ("CC BY-SA", "tag “description”")


def test_an_author_goes_with_it_wherever_it_is_stated(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("CC BY")
    assert Licences(tmp_path).of("rain.wav", Tags(artist="Ann")) == Stated("CC BY", "LICENSE", "Ann")


def test_the_library_and_the_cue_sheet_say_the_same(tmp_path: Path) -> None:
    library = tmp_path / "library"
    (library / "pack").mkdir(parents=True)
    file = write_sound(library / "pack" / "rain.wav", 0.1)
    (library / "pack" / "rain.wav.license").write_text("SPDX-License-Identifier: CC-BY-NC-4.0\n")
    (found,) = Searcher(library, tmp_path / "index.sqlite").search(Search(most=1))
    assert found.item.licence == Licences(library).stated(file).licence == "CC BY-NC"
    assert stated_alone(file).licence == ""
    assert Licences(library).of("gone.wav", NO_TAGS) == Stated()
