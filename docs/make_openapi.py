"""Writes the engine's OpenAPI document: ``python docs/make_openapi.py``."""

from __future__ import annotations

import json
from pathlib import Path

from avm_otio.engine.contract import openapi

if __name__ == "__main__":
    text = json.dumps(openapi(), ensure_ascii=False, indent=1) + "\n"
    Path(__file__).with_name("openapi.json").write_text(text, encoding="utf-8", newline="\n")
