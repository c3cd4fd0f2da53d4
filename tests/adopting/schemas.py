"""The schemas of CI services, as check-jsonschema brings them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest


def violations(schema: str | Path, instance: str | Path) -> str:
    """What a schema, a builtin one or a file, has against a file or a text of YAML; nothing where it is met."""
    pytest.importorskip("check_jsonschema")
    which = ("--builtin-schema", schema) if isinstance(schema, str) else ("--schemafile", str(schema))
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(instance, str):
            text, instance = instance, Path(folder, "instance.yml")
            instance.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", *which, str(instance)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode in (0, 1), done.stderr
    return "" if done.returncode == 0 else done.stdout
