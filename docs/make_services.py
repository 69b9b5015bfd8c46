"""Writes the table of services into ``engine.md``: ``python docs/make_services.py``."""

from __future__ import annotations

from pathlib import Path

from avm_otio.services import SERVICES, FilmType, Laying, Service

PAGE = Path(__file__).parent / "engine.md"
BEGIN, END = "<!-- made by make_services.py -->\n", "<!-- end -->\n"
HEAD = "| service | its key in requests and results | its list there | on the Film | films | how it is laid |"

LAID = {
    Laying.BED: "the best under the whole film",
    Laying.CUES: "the best of each cue at its place",
    Laying.REPLACES: "the best instead of the film's own sound, which is disabled",
}


def row(service: Service) -> str:
    """A service as a row of the table."""
    refused = {each.film_type for each in service.unsupported}
    films = ", ".join(f"`{each}`" for each in FilmType if each not in refused)
    assumed = "" if service.is_documented else " (assumed)"
    track = service.track.format(number="1")
    cells = [
        f"`{service.name}`",
        f"`{service.request_key}`{assumed}",
        f"`{service.result_list}`{assumed}",
        f"`{service.film_list}`",
        films,
        f"{LAID[service.laying]}; “{track}”",
    ]
    return f"| {' | '.join(cells)} |\n"


def page() -> str:
    """The page with the table as it is now."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    rows = "".join(row(service) for service in SERVICES)
    rule = f"|{' --- |' * (HEAD.count('|') - 1)}"
    return f"{before}{BEGIN}{HEAD}\n{rule}\n{rows}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
