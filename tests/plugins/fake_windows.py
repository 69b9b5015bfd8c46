"""A stand-in for the windows that DaVinci Resolve Studio gives to scripts, with a user before them.

What it is held to: UIManager's parts and their properties as Blackmagic Design's guide and public scripts use
them. A property that is not among them is an error here, where the real host would be silent. ``StepLoop``
raises for an event that nobody asked for, as users report of the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.plugins.fake_resolve import Seems

PROPERTIES = {
    "Label": {"Text", "WordWrap"},
    "Button": {"Text", "Enabled"},
    "CheckBox": {"Text", "Checked"},
    "ComboBox": {"CurrentIndex"},
    "LineEdit": {"Text", "PlaceholderText"},
    "TextEdit": {"PlainText", "ReadOnly"},
    "VGroup": {"Spacing"},
    "HGroup": {"Spacing"},
}
OF_ALL = {"ID", "Weight"}
EMPTY = {"Text": "", "PlainText": "", "Checked": False, "Enabled": True, "CurrentIndex": 0}


class Part(Seems):
    """One part of a window."""

    def __init__(self, kind: str, look: dict[str, Any], children: Iterable[Part]) -> None:
        allowed = PROPERTIES[kind] | OF_ALL
        assert set(look) <= allowed, f"{kind} has no {set(look) - allowed}"
        vars(self).update(
            {name: value for name, value in EMPTY.items() if name in allowed} | look,
            kind=kind,
            children=list(children),
            choices=[],
            seen=[],
        )

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in PROPERTIES[self.kind], f"{self.kind} has no {name}"
        if name == "CurrentIndex":
            assert 0 <= value < len(self.choices), f"{self.ID} has no choice {value}"
        vars(self)[name] = value
        self.seen.append(value)

    def AddItem(self, words: str) -> None:
        assert self.kind == "ComboBox"
        self.choices.append(words)

    def all(self) -> Iterable[Part]:
        yield self
        for child in self.children:
            yield from child.all()


class Manager(Seems):
    """Makes parts: ``ui.Label({...})``, ``ui.VGroup({...}, [...])``; in Lua all in one table."""

    def __getattr__(self, kind: str) -> Any:
        if kind not in PROPERTIES:
            return super().__getattr__(kind)

        def make(look: Any = None, children: Any = ()) -> Part:
            if isinstance(look, list):
                look, children = {}, look
            named = {name: value for name, value in (look or {}).items() if isinstance(name, str)}
            numbered = [value for name, value in (look or {}).items() if not isinstance(name, str)]
            return Part(kind, named, [*numbered, *children])

        return make


class Handlers(Seems):
    """What a window answers to: ``window.On.Score.Clicked = …``."""

    def __init__(self, names: Iterable[str]) -> None:
        for name in names:
            vars(self)[name] = Handler()


class Handler(Seems):
    """The events of one part, by name."""


class Window(Seems):
    """A window with a user before it."""

    def __init__(self, look: dict[str, Any], children: Any) -> None:
        assert set(look) == {"ID", "WindowTitle", "Geometry"}
        self.id: str = look["ID"]
        parts = [part for child in children for part in child.all()]
        self.parts = {part.ID: part for part in parts if "ID" in vars(part)}
        self.On = Handlers([self.id, *self.parts])
        self.is_shown = False

    def GetItems(self) -> dict[str, Part]:
        return self.parts

    def Show(self) -> None:
        self.is_shown = True

    def Hide(self) -> None:
        self.is_shown = False

    def click(self, name: str) -> None:
        assert self.parts[name].Enabled, f"{name} cannot be pressed now"
        vars(vars(self.On)[name])["Clicked"]({})

    def close(self) -> None:
        vars(vars(self.On)[self.id])["Close"]({})


class Windows:
    """What ``bmd.UIDispatcher`` gives: an event loop, in which a user acts once a step.

    Args:
        user: Looks at the window, and acts.
    """

    def __init__(self, user: Callable[[Window], None]) -> None:
        self.user = user
        self.made: list[Window] = []
        self.manager = Manager()

    def dispatcher(self, manager: Any) -> Any:
        assert isinstance(manager, Manager)
        windows, steps = self, iter(range(1_000_000))

        class Dispatcher(Seems):
            def AddWindow(self, look: dict[str, Any], children: Any) -> Window:
                windows.made.append(Window(look, children if isinstance(children, list) else [children]))
                return windows.made[-1]

            def StepLoop(self, waits: bool = True) -> bool:
                assert waits is False, "it would wait for the next event"
                if next(steps) % 3 == 0:
                    raise KeyError("On")
                if windows.made[-1].is_shown:
                    windows.user(windows.made[-1])
                return True

        return Dispatcher()
