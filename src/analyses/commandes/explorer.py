"""`bilan explorer`: JupyterLab in French on the notebooks."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    explore = commands.add_parser(
        "explorer",
        help="ouvre les carnets dans JupyterLab",
        description="Ouvre JupyterLab, en français, sur les carnets.",
    )
    explore.set_defaults(run=_explore)


def french_lab_settings(folder: Path) -> dict[str, str]:
    """Environment that shows JupyterLab in French; its settings file is written in `folder`.

    >>> french_lab_settings(Path(tempfile.mkdtemp()))["LANG"]
    'fr_FR.UTF-8'
    """
    target = folder / "labconfig"
    target.mkdir(parents=True, exist_ok=True)
    (target / "default_setting_overrides.json").write_text(
        '{"@jupyterlab/translation-extension:plugin": {"locale": "fr_FR"}}\n', encoding="utf-8"
    )
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    path = os.pathsep.join([str(folder), *([others] if others else [])])
    return {"LANG": "fr_FR.UTF-8", "LANGUAGE": "fr", "JUPYTER_CONFIG_PATH": path}


def _explore(args: argparse.Namespace) -> int:
    import subprocess

    from analyses.socle.paths import NOTEBOOKS, ROOT

    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "jupyter",
            "lab",
            f"--notebook-dir={ROOT}",
            f"--LabApp.default_url=/lab/tree/{NOTEBOOKS.name}",
        ]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            command.append("--allow-root")  # a container has no other user
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | french_lab_settings(Path(folder))
        )
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # JupyterLab got the same Ctrl-C: it asks and stops by itself
