"""The tools over the Model Context Protocol: standard input and output, by its makers' own library."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from avm_otio import __version__
from avm_otio.agents.roots import Roots
from avm_otio.agents.tools import TOOLS, Tool
from avm_otio.agents.work import Desk
from avm_otio.config.faults import explained
from avm_otio.config.tokens import hidden
from avm_otio.errors import AvmError, UsageError
from avm_otio.report import Advance
from avm_otio.text import nearest, one_line

_PAUSE_S = 0.2
"""At most five notifications a second."""

_INSTRUCTIONS = (
    "Music and sound effects for film cuts. Run score_dry_run before score, and show the user what it "
    "would send and use up. The engine on this machine is free; another service is paid for, and never "
    "called unless the user agreed. Paths lie in: {folders}; relative ones are meant from the first."
)

Tell = Callable[[float, str], None]


def serve(roots: Roots) -> None:
    """Serve until the client closes standard input.

    Raises:
        UsageError: The library is not installed.
    """
    try:
        from mcp.server.lowlevel import Server
        from mcp.server.stdio import stdio_server
    except ImportError as error:
        raise UsageError(
            "avm-otio mcp needs the package mcp, which is not installed.", "pip install 'avm-otio[mcp]'"
        ) from error
    import mcp.types as types

    desk = Desk(roots)

    async def listed(context: Any, _: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[types.Tool.model_validate(_described(tool)) for tool in TOOLS.values()]
        )

    async def called(context: Any, params: Any) -> types.CallToolResult:
        loop = asyncio.get_running_loop()

        def tell(progress: float, message: str) -> None:
            sent = context.session.report_progress(progress, None, message)
            loop.call_soon_threadsafe(lambda: running.add(loop.create_task(sent)))

        running: set[asyncio.Task[None]] = set()
        following = Following(tell)
        try:
            answer, is_error = await asyncio.to_thread(
                _answer, desk, params.name, params.arguments or {}, following
            )
        except asyncio.CancelledError:
            following.stop()
            raise
        await asyncio.gather(*running, return_exceptions=True)
        return types.CallToolResult.model_validate(
            {
                "content": [{"type": "text", "text": _in_words(answer, is_error)}],
                "structuredContent": answer,
                "isError": is_error,
            }
        )

    async def run() -> None:
        server: Any = Server(
            "avm-otio",
            version=__version__,
            instructions=_INSTRUCTIONS.format(folders=", ".join(map(str, roots.folders))),
            on_list_tools=listed,
            on_call_tool=called,
        )
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    asyncio.run(run())


def _described(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.help,
        "inputSchema": tool.takes.schema(),
        "annotations": {
            "readOnlyHint": not tool.writes,
            "destructiveHint": tool.writes,
            "openWorldHint": tool.asks,
        },
    }


def _answer(
    desk: Desk, name: str, given: Mapping[str, Any], following: Following
) -> tuple[dict[str, Any], bool]:
    """What a call is answered with, and whether that is an error."""
    try:
        tool = TOOLS.get(name)
        if tool is None:
            close = nearest(name, TOOLS)
            raise UsageError(
                f"There is no tool {name}.",
                f"Did you mean {close}?" if close else f"There are {', '.join(TOOLS)}.",
            )
        found = tool.run(desk, tool.takes, tool.takes.read(given), following)
        return _shown({**found, "notes": following.notes}), False
    except StoppedError:
        return {"error": {"message": "Stopped.", "hint": "What was finished is kept."}}, True
    except Exception as error:
        failure: AvmError = explained(error)
        return _shown({"error": failure.as_dict(), "notes": following.notes}), True


def _in_words(answer: dict[str, Any], is_error: bool) -> str:
    if not is_error:
        return json.dumps(answer, ensure_ascii=False)
    return f"{answer['error']['message']} {answer['error']['hint']}".strip()


def _shown(value: Any) -> Any:
    """JSON without any token, and of characters alone that every reader takes."""
    if isinstance(value, str):
        return hidden(value).encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_shown(str(name)): _shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else _shown(str(value))


class StoppedError(BaseException):
    """The client wants no answer any more."""


class Following:
    """A ``Report`` that tells a client how far a call has come.

    Args:
        tell: Told how much is done, ever more, and of what.

    Attributes:
        notes: What the user should know, one line each.
    """

    def __init__(self, tell: Tell) -> None:
        self.notes: list[str] = []
        self._tell = tell
        self._lock = threading.Lock()
        self._last = (0.0, 0.0)
        self._steps = 0
        self._is_stopped = False

    def stop(self) -> None:
        """Break the call off where it next reports."""
        self._is_stopped = True

    def event(self, name: str, /, **fields: object) -> None:
        """The answer says what became of it."""
        self._go_on()

    def warn(self, text: str) -> None:
        """A note in the answer."""
        self._go_on()
        self.notes.append(one_line(text))

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """A stretch of work: one whole of the progress, however much there is to do."""
        self._go_on()
        with self._lock:
            begun = self._steps
            self._steps += 1
        self._send(begun, label)
        seen = total

        def advance(done: int, total: int | None = None) -> None:
            nonlocal seen
            self._go_on()
            seen = total or seen
            part = min(1.0, done / seen) if seen else done / (done + 1)
            self._send(begun + part, f"{label}: {done} of {seen}" if seen else f"{label}: {done}", _PAUSE_S)

        yield advance

    def _go_on(self) -> None:
        if self._is_stopped:
            raise StoppedError

    def _send(self, progress: float, message: str, pause_s: float = 0.0) -> None:
        now = time.monotonic()
        with self._lock:
            done, sent = self._last
            if (progress <= done and sent) or now < sent + pause_s:
                return
            self._last = progress, now
        self._tell(progress, message)
