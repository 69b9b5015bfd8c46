"""What agents give a tool: its JSON Schema, and the values read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from avm_otio.addresses import LOCAL
from avm_otio.agents.roots import Roots
from avm_otio.errors import InputError, UsageError
from avm_otio.request import Request, rows
from avm_otio.request import schema as request_schema
from avm_otio.text import nearest

_NOT_FOR_AGENTS = ("notify_url",)
"""Fields of a request that send something elsewhere, or make no sense in a call that waits for its end."""

_IS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "text"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "integer": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "number": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "a number",
    ),
    "array": (
        lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
        "a list of texts",
    ),
}


def text(help: str, *choices: str, default: str | None = None) -> dict[str, Any]:
    """The schema of a text, or of one of some words."""
    more = {"enum": list(choices)} if choices else {}
    return {
        "type": "string",
        "description": help,
        **more,
        **({} if default is None else {"default": default}),
    }


def flag(help: str) -> dict[str, Any]:
    """The schema of what is so or not."""
    return {"type": "boolean", "description": help}


def number(help: str, *, whole: bool = False, least: int | None = None) -> dict[str, Any]:
    """The schema of a number."""
    more = {} if least is None else {"minimum": least}
    return {"type": "integer" if whole else "number", "description": help, **more}


def word(help: str) -> dict[str, Any]:
    """The schema of a text that may be a whole number."""
    return {"type": ["string", "integer"], "description": help}


def texts(help: str) -> dict[str, Any]:
    """The schema of several texts."""
    return {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": help}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a tool takes.

    Attributes:
        own: Schemas by name.
        required: The names that must be given.
        command: The command whose options it takes, too; empty for none.
    """

    own: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()
    command: str = ""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        of_request = request_schema()["properties"]
        return {
            "type": "object",
            "properties": {**self.own, **{name: of_request[name] for name in self._fields()}},
            "required": list(self.required),
            "additionalProperties": False,
        }

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a call; ``None`` stands for nothing.

        Raises:
            UsageError: One is missing, unknown, or of another kind; names the nearest right name.
        """
        allowed = {*self.own, *self._fields()}
        found = {name: value for name, value in given.items() if value is not None}
        for name, value in found.items():
            if name not in allowed:
                close = nearest(name, allowed)
                hint = f"Did you mean “{close}”?" if close else f"There are {', '.join(sorted(allowed))}."
                raise UsageError(f"There is no argument “{name}”.", hint)
            if name in self.own:
                _check(name, value, self.own[name])
        for name in self.required:
            if name not in found:
                raise UsageError(f"“{name}” is missing.", str(self.own[name]["description"]))
        return found

    def request(
        self, given: Mapping[str, Any], roots: Roots, services: tuple[str, ...], **more: Any
    ) -> Request:
        """The request that the options of the command make.

        Args:
            given: What ``read`` gave.
            roots: The folders that paths may lie in.
            services: The services that may be named.
            more: Fields besides: ``timeline``, ``output``.

        Raises:
            UsageError: A value cannot be.
            InputError: A path leads out of the folders, or the service is another.
        """
        table = rows()
        values = dict(more)
        for name in self._fields():
            if name in given:
                try:
                    values[name] = table[name].read_json(given[name])
                except ValueError as error:
                    raise UsageError(f"“{name}” {error}.", table[name].help) from None
        request = roots.checked(Request(**values))
        if "service" in values and request.service not in (LOCAL, *services):
            raise InputError(
                f"The service {request.service} is not the one configured here.",
                "Leave out “service”, or have the user configure it.",
            )
        return request

    def _fields(self) -> tuple[str, ...]:
        """The fields of a request that the command has as options."""
        if not self.command:
            return ()
        named = [row.name for row in rows().values() if self.command in row.commands]
        return tuple(name for name in named if name not in (*_NOT_FOR_AGENTS, *self.own))


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = " or ".join(_IS[kind][1] for kind in kinds)
    if not any(_IS[kind][0](value) for kind in kinds):
        raise UsageError(f"“{name}” must be {words}.", str(schema["description"]))
    if value == [] or value == "" or (isinstance(value, str) and "\0" in value):
        raise UsageError(f"“{name}” must not be empty.", str(schema["description"]))
    if "enum" in schema and value not in schema["enum"]:
        close = nearest(value, schema["enum"])
        hint = f"Did you mean “{close}”?" if close else f"There are {', '.join(schema['enum'])}."
        raise UsageError(f"“{name}” cannot be {value!r}.", hint)
    if "minimum" in schema and value < schema["minimum"]:
        raise UsageError(f"“{name}” must be {schema['minimum']} or more.", str(schema["description"]))
