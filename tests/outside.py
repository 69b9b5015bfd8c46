"""Python files outside the package, loaded as modules: scripts of the docs, parts of plugins."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def module_at(path: Path) -> ModuleType:
    """A file as a module, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"outside_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # data classes look there for their types
    spec.loader.exec_module(module)
    return module


def docs_script(name: str) -> ModuleType:
    return module_at(DOCS / f"{name}.py")
