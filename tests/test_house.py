"""Rules of the house that ruff, mypy and import-linter do not check.

No module depends, by whatever way round, on one that depends on it. Nothing is imported from a test module.
No line of prose is too long to read.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import avm_otio
from tests.conftest import sample

PACKAGE = Path(avm_otio.__file__).parent
ROOT = Path(__file__).parent.parent
LONGEST_LINE = 200

Graph = Mapping[str, set[str]]


def modules() -> dict[str, Path]:
    """Every module of the package by its full name, but for the package's own face.

    ``avm_otio`` itself is left out: it lists what scripts import, from wherever that is.
    """
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    del found["avm_otio"]
    return found


def imported(tree: ast.AST, *, for_types: bool) -> Iterator[str]:
    """Names that are imported anywhere in a module, also within functions.

    Args:
        tree: The module.
        for_types: Whether imports for type checkers only count.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute in this package"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types:
            yield from imported(ast.Module(node.orelse, []), for_types=for_types)
        else:
            yield from imported(node, for_types=for_types)


def graph(*, for_types: bool) -> Graph:
    """Which module imports which."""
    paths = modules()
    edges: dict[str, set[str]] = {}
    for module, path in paths.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = set(imported(tree, for_types=for_types))
        targets = {name if name in paths else name.rpartition(".")[0] for name in names}
        edges[module] = {name for name in targets if name in paths and name != module}
    return edges


def reached(edges: Graph, start: str) -> set[str]:
    """Every module that one depends on, directly or through others."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        for following in edges[ahead.pop()] - found:
            found.add(following)
            ahead.append(following)
    return found


def circles(edges: Graph) -> set[frozenset[str]]:
    """Groups of modules of which each depends on each."""
    below = {module: reached(edges, module) for module in edges}
    return {
        frozenset(other for other in below[module] if module in below[other])
        for module in edges
        if module in below[module]
    }


@pytest.mark.parametrize("for_types", [False, True], ids=["at run time", "for type checkers, too"])
def test_no_modules_import_each_other(for_types: bool) -> None:
    assert circles(graph(for_types=for_types)) == set()


def test_a_circle_is_found_however_long_it_is() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert circles(edges) == {frozenset("abc")}
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == set()


def test_what_tests_share_stands_in_no_test_module() -> None:
    shared = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("tests", "benchmarks", "docs")
        for path in (ROOT / folder).rglob("*.py")
        for name in imported(ast.parse(path.read_text(encoding="utf-8")), for_types=True)
        if re.match(r"tests\.(.+\.)?test_", name)
    ]
    assert shared == [], "move what is shared into a helper module of its room"


def test_imports_within_functions_and_for_type_checkers_are_seen() -> None:
    text = (
        "import a\n"
        "if TYPE_CHECKING:\n    from b import c\nelse:\n    import d\n"
        "def f():\n    from e import g\n"
    )
    tree = ast.parse(text)
    assert list(imported(tree, for_types=True)) == ["a", "b.c", "d", "e.g"]
    assert list(imported(tree, for_types=False)) == ["a", "d", "e.g"]


def prose_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if listed.returncode:
        pytest.skip("not a checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def prose_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that can be wrapped: no code, and no row of a table."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        is_fence = line.lstrip().startswith("```")
        is_code ^= is_fence
        if not (is_code or is_fence or line.lstrip().startswith("|")):
            yield number, line


def test_no_line_of_prose_is_longer_than_a_screen_is_wide() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{number}: {len(line)} characters"
        for path in prose_files()
        for number, line in prose_lines(path.read_text(encoding="utf-8"))
        if len(line) > LONGEST_LINE
    ] == []


@pytest.mark.parametrize(
    "name",
    ["blender/blender_manifest.toml", "premiere/manifest.json", "premiere/package.json"],
)
def test_a_plugin_has_the_version_of_the_program(name: str) -> None:
    text = (ROOT / "plugins" / name).read_text(encoding="utf-8")
    assert re.findall(r'^\s*"?version"? ?[:=] ?"(.+?)"', text, re.MULTILINE) == [avm_otio.__version__]


@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_every_case_has_its_turn_in_a_sample_and_no_test_is_left_out(every: int) -> None:
    ids = [f"a.py::many[{number}]" for number in range(10)] + ["a.py::two[x]", "a.py::two[y]", "a.py::one"]
    turns = [sample(ids, first, every) for first in range(100, 100 + every * 2)]
    assert set(ids) == {each for turn in turns for each in turn}
    assert all(
        {each.partition("[")[0] for each in turn} == {"a.py::many", "a.py::two", "a.py::one"}
        for turn in turns
    )
