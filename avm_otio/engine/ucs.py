"""Names in the Universal Category System (UCS): ``CatID_FXName_CreatorID_SourceID``, and what they say.

``CatID-UserCategory_VendorCategory-FXName_CreatorID_SourceID_UserData`` is a name with all parts.
``tables/ucs.txt`` holds the published system's categories and ids (version 8.2.1), and what a sound of each
does, which is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

_LEAST_FOLDED = 6
"""A shorter id counts only as it is written: ``wind`` and ``mix`` begin many names that are not UCS."""


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the system.

    Attributes:
        cat_id: Its id, as in ``DOORWood``.
        category: As in ``doors``.
        subcategory: As in ``wood``; what is general or has no other place says ``general`` or ``misc``.
        does: What a sound of it does: a role, or a kind.
    """

    cat_id: str
    category: str
    subcategory: str
    does: str

    @property
    def words(self) -> str:
        """Its names, as words of a sound."""
        sub = "" if self.subcategory in ("misc", "general") else self.subcategory
        return f"{self.category} {sub}".replace("&", " ").strip()


@dataclass(frozen=True, slots=True)
class UcsName:
    """What a file's name says of its sound; parts that it lacks are empty."""

    category: Category
    fx_name: str = ""
    user_data: str = ""
    user_category: str = ""


@lru_cache(maxsize=64)
def ucs_name(stem: str) -> UcsName | None:
    """Take a file's name, without its ending, apart; ``None`` where it begins with no id of the system."""
    parts = [part.strip() for part in stem.split("_")]
    cat_id, _, user_category = parts[0].partition("-")
    category = category_of(cat_id)
    if category is None or (len(parts) == 1 and len(cat_id) < _LEAST_FOLDED):
        return None
    vendor, dash, fx_name = (parts[1] if len(parts) > 1 else "").partition("-")
    if not dash or " " in vendor.strip() or vendor.islower():  # "Tick-Tock Clock", "low-end" are names
        fx_name = parts[1] if len(parts) > 1 else ""
    return UcsName(category, fx_name, "_".join(parts[4:]), user_category)


def category_of(cat_id: str) -> Category | None:
    """The category of an id; case counts for the short ones."""
    exact, folded = _ids()
    found = exact.get(cat_id)
    return folded.get(cat_id.lower()) if found is None and len(cat_id) >= _LEAST_FOLDED else found


def category_named(category: str, subcategory: str) -> Category | None:
    """The category that has these names, as tags say them; ``None`` where none has."""
    wanted = _name(category), _name(subcategory)
    return next((each for each in categories() if wanted == (each.category, each.subcategory)), None)


@cache
def categories() -> tuple[Category, ...]:
    """All categories of the system."""
    found = []
    for line in (files("avm_otio.engine") / "tables" / "ucs.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        category, start, usual, rest = line.split("|")
        for entry in rest.split():
            end, _, subcategory = entry.partition("=")
            subcategory, _, does = subcategory.partition("!")
            cat_id = start if end == "-" else start + end
            found.append(Category(cat_id, category, subcategory.replace("_", " "), does or usual))
    return tuple(found)


@cache
def _ids() -> tuple[Mapping[str, Category], Mapping[str, Category]]:
    return (
        {each.cat_id: each for each in categories()},
        {each.cat_id.lower(): each for each in categories()},
    )


def _name(text: str) -> str:
    return " ".join(text.lower().split())
