# SPDX-License-Identifier: Apache-2.0
"""One table, one loader: starts the probe for each row and compares."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
from report import report  # noqa: E402, F401 (the line that every suite ends with, also for those who import this)

LAYER = "VK_LAYER_NTFENCE_external_fence_win32"
ON, OFF = "on", "off"
# A loader that looks for drivers on a busy machine.
SECONDS = 60


def check(what, command, env, version, expected, **how):
    """(name of the row, what is wrong with it)"""
    name = f"{what}: {expected}"
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SECONDS,
                              text=True, check=False, **how)
    except subprocess.TimeoutExpired:
        return name, [f"no end after {SECONDS} s"]
    said = done.stdout.strip()
    if done.returncode == 0 and said == f"{version} {expected}":
        return name, []
    return name, [f"expected '{version} {expected}', the probe said '{said}', status {done.returncode}"]


def distinct(rows):
    """A table in which two rows have one name would hide which of them failed."""
    names = [row[0] for row in rows]
    return "every row has a name of its own", sorted({name for name in names if names.count(name) > 1})
