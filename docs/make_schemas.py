"""Writes the JSON Schemas of the watch folder's files and of analyses: ``python docs/make_schemas.py``."""

from __future__ import annotations

import json
from pathlib import Path

from avm_otio import request
from avm_otio.engine.analysis import Analysis
from avm_otio.jobs.watch.protocol import SCHEMAS

FOLDER = Path(__file__).parent / "schemas"
MODELS = {**SCHEMAS, "analysis": Analysis}
NAMES = ("request", *MODELS)


def schema_text(name: str) -> str:
    """The schema of one file, as it is written."""
    schema = request.schema() if name == "request" else MODELS[name].model_json_schema(mode="serialization")
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        (FOLDER / f"{name}.schema.json").write_text(schema_text(name), encoding="utf-8")
