"""Writes the table of a request's fields into ``command-line.md``: ``python docs/make_options.py``."""

from __future__ import annotations

from pathlib import Path

from avm_otio.cli.options import help_of
from avm_otio.request import rows

PAGE = Path(__file__).parent / "command-line.md"
FIRST, LAST = "<!-- Made by docs/make_options.py -->\n", "<!-- End -->\n"


def with_table(page: str) -> str:
    """The page with the table as the rows make it."""
    before, _, rest = page.partition(FIRST)
    _, _, after = rest.partition(LAST)
    lines = ["| field | option | | settings |", "|---|---|---|---|"]
    for row in rows().values():
        option = f"`{row.flag}`" if row.commands else ""
        unit = f" In {row.unit}." if row.unit else ""
        says, default_mark, default = help_of(row).replace("|", "\\|").partition("  [default: ")
        default = f" Default: {default.removesuffix(']')}." if default_mark else ""
        setting = f"`{row.setting}`" if row.setting else ""
        lines.append(f"| `{row.name}` | {option} | {says}{unit}{default} | {setting} |")
    return before + FIRST + "\n".join(lines) + "\n" + LAST + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
