"""One row of the table of what can be asked: all that is said of a field of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from avm_otio import kinds
from avm_otio.kinds import Kind

SCORING = ("score", "batch", "farm")
"""The commands that take a whole request."""


class Part(StrEnum):
    """What a field is part of."""

    SOURCE = "source"
    """Which timeline, what of it, and how its film is made."""
    QUESTION = "question"
    """What the service is asked: with what the film shows, the identity of a job."""
    LAYOUT = "layout"
    """How cues are laid."""
    DELIVERY = "delivery"
    """How the file is written, and for whom."""
    JOB = "job"
    """Where the job goes."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One field of a request.

    Attributes:
        name: As in JSON.
        kind: What its values are.
        default: What holds where neither the user nor the settings say anything.
        help: One line, for every help and table.
        part: What it is part of.
        commands: The commands that have it as an option.
        flag: That option.
        unit: Of a number.
        metavar: What stands for its value in help.
        default_words: The default in words, where it is no plain value.
        setting: The dotted key of the settings from which it comes where the user does not say it.
        env: The variable that stands above that key.
        table: The service's option table in which its names are looked up.
        adds_up: Whether what is configured is added to what the user says, not replaced by it.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    part: Part
    commands: tuple[str, ...] = SCORING
    flag: str = ""
    unit: str = ""
    metavar: str = ""
    default_words: str = ""
    setting: str = ""
    env: str = ""
    table: str = ""
    adds_up: bool = False

    @property
    def not_given(self) -> Any:
        """The value that means that the user gave none."""
        return None if self.setting and not self.adds_up else self.default

    def read(self, value: object) -> Any:
        """A value as it was given.

        Raises:
            ValueError: It cannot be; "must be …".
        """
        return value if value is self.not_given or value is None else self.kind.read(value)

    def read_json(self, value: object) -> Any:
        """A value as JSON has it, whose numbers know no whole ones.

        Raises:
            ValueError: It cannot be.
        """
        found = self.read(value)
        is_number = self.kind.schema.get("type") == "number"
        return float(found) if is_number and found is not None else found

    def read_text(self, text: str) -> Any:
        """A value as a person types it.

        Raises:
            ValueError: It cannot be.
        """
        return self.read_json(kinds.words_in(text) if self.kind.is_list else text)


def row(kind: Kind, default: Any, help: str, **more: Any) -> Any:
    """A field of ``Request``; see ``Row``."""
    made = Row("", kind, default, help, **more)
    return field(default=made.not_given, metadata={"row": made})
