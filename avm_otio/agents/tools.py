"""The tools that agents get: their names, what they say of themselves, and what they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from avm_otio import searching
from avm_otio.agents import work
from avm_otio.agents.arguments import Arguments, flag, number, text, texts, word
from avm_otio.agents.work import Desk
from avm_otio.report import Report

_SCORED = "A scored timeline, or the folder of its job."
_OUTPUT = "The timeline to write; its suffix names the format."
_SCORED_LIST = "Scored timelines, or folders of their jobs; reels in order."


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool.

    Attributes:
        name: Its name.
        help: What it does, for agents.
        takes: Its arguments.
        run: Does it; returns what is answered, as JSON.
        writes: Whether it writes files.
        asks: Whether it may ask a service on the network.
    """

    name: str
    help: str
    takes: Arguments
    run: Callable[[Desk, Arguments, Mapping[str, Any], Report], dict[str, Any]]
    writes: bool = False
    asks: bool = False


_TIMELINES = {"timeline": text("The timeline to score."), "output": text(_OUTPUT)}
_JOBS = {"jobs_dir": text("Where its job lies, if not beside it.")}
_CONFIRMED = {
    "confirm_paid_call": flag("True once the user has seen the dry run and agreed to the paid call."),
    "confirmation": text("The “confirmation” of that dry run; of use once."),
}

TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "score_dry_run",
            "What score would send, to whom, and what it would use up. Sends, asks and writes nothing. "
            "Where something would be paid, “confirmation” is the code that score wants: show the user the"
            " rest first.",
            Arguments(_TIMELINES, ("timeline", "output"), "score"),
            work.dry_run,
        ),
        Tool(
            "score",
            "Lay music and effects into a copy of a timeline. The engine on this machine (service “local”)"
            " is free. Another service is paid for: nothing is sent without confirm_paid_call and the "
            "confirmation of a dry run with the same arguments. What was asked before is not paid for "
            "again.",
            Arguments({**_TIMELINES, **_CONFIRMED}, ("timeline", "output"), "score"),
            work.score,
            writes=True,
            asks=True,
        ),
        Tool(
            "list_alternatives",
            "The cues of a scored timeline and what is offered for each, with prices, and what is chosen.",
            Arguments(
                {
                    "scored": text(_SCORED),
                    "cue": word("One cue alone: its number, or its name such as “effects 12”."),
                    "from_cue": number("The number of the first one listed.", whole=True, least=1),
                    "most": number(f"How many are listed; {work.MOST_CUES} by default.", whole=True, least=1),
                    **_JOBS,
                },
                ("scored",),
            ),
            work.alternatives,
        ),
        Tool(
            "choose",
            "Choose what is heard for a cue, how loud and when. It is kept at once; with update the timeline "
            "is written again, and only the chosen cues change. Nothing is bought or paid.",
            Arguments(
                {
                    "scored": text(_SCORED),
                    "cue": word("The cue: its number in list_alternatives, or its name."),
                    "item": word("What is heard for it: the id, or the title."),
                    "sound": text("A sound not offered: a file, or the id or path of one of the library."),
                    "gain_db": number("How much louder than by itself, in dB."),
                    "nudge_frames": number("How many frames later; below 0 for earlier.", whole=True),
                    "leave_out": flag("Nothing is heard for it; false: something is again."),
                    "note": text("A note; it stands in the cue's marker."),
                    "reset": flag("Forget first what was chosen: for the cue; without one, everything."),
                    "music_gain_db": number("Gain of all music, in dB."),
                    "effects_gain_db": number("Gain of all effects, in dB."),
                    "mix": text("How far all makes room for speech.", "off", "gentle", "standard", "strong"),
                    "update": flag("Write the timeline again, with what is chosen."),
                    "overwrite": flag("Write it even if it was changed since: that is lost."),
                    **_JOBS,
                },
                ("scored",),
            ),
            work.choose,
            writes=True,
            asks=True,
        ),
        Tool(
            "search_library",
            "Find the user's own sounds by words, by sound, or for a moment of a film, best first.",
            Arguments(
                {
                    "words": text("What they should speak of."),
                    "library": text("The folder of sounds; the configured one by default."),
                    "like": text("A sound that they should sound like."),
                    "for_frame": text("A moment of a film that they should fit: film.mov@00:01:02:03."),
                    "most": number("How many; 20 by default.", whole=True, least=1),
                    "kind": text("Only of this kind.", *searching.KINDS),
                    "role": text("Only effects that do this.", *searching.ROLES),
                    "category": text("Only of this category of the Universal Category System."),
                    "licence": text("Only with this in their licence: CC0."),
                    "channels": number("Only with so many channels.", whole=True, least=1),
                    "min_length_s": number("Only so long or longer, in seconds.", least=0),
                    "max_length_s": number("Only so long or shorter, in seconds.", least=0),
                    "min_bpm": number("Only so fast or faster.", least=0),
                    "max_bpm": number("Only so fast or slower.", least=0),
                }
            ),
            work.search,
        ),
        Tool(
            "cost",
            "What scored timelines use and what it costs, each item once; what is switched off apart.",
            Arguments(
                {
                    "scored": texts(_SCORED_LIST),
                    "max_cost": text("Refuse where the sum is higher: “500”."),
                },
                ("scored",),
                "cost",
            ),
            work.cost,
        ),
        Tool(
            "conform",
            "Take the soundtrack of a scored timeline along into a changed cut. Nothing is sent or paid.",
            Arguments(
                {
                    "scored": text(_SCORED),
                    "new_cut": text("The changed cut of the same picture."),
                    "output": text(_OUTPUT),
                },
                ("scored", "new_cut", "output"),
                "conform",
            ),
            work.conform,
            writes=True,
        ),
        Tool(
            "cue_sheet",
            "Write the cue sheet of scored timelines: .csv, .xlsx, .pdf or .json.",
            Arguments(
                {
                    "scored": texts(_SCORED_LIST),
                    "output": text("The file to write."),
                    "production": text("The programme or series."),
                    "episode": text("Its title or number."),
                    "air_date": text("When it is first shown."),
                    "company": text("Who made it."),
                    "rights": text("A .csv of composers, publishers and shares, which are remembered."),
                    "effects": flag("List sound effects, too."),
                    "credits": text("Write the credits, too, to this .txt file."),
                },
                ("scored", "output"),
                "cuesheet",
            ),
            work.cue_sheet,
            writes=True,
        ),
        Tool(
            "relink",
            "Put licensed files in the place of the previews that a scored timeline plays, where they are "
            "bought by now. The service is asked; nothing is bought.",
            Arguments(
                {"scored": text(_SCORED), "output": text(_OUTPUT)},
                ("scored", "output"),
                "relink",
            ),
            work.relink,
            writes=True,
            asks=True,
        ),
    )
}  # fmt: skip
"""Every tool by its name."""
