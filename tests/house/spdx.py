# SPDX-License-Identifier: Apache-2.0
"""Every text file of the project carries the licence line near its top. Usage: spdx.py ROOT"""
import os
import pathlib
import subprocess
import sys
import tempfile

from report import planted, report

# Split, so that this line is not itself the licence line that the check looks for.
LINE = "SPDX-License-" + "Identifier: Apache-2.0"
FIRST_LINES = 5
# The licence itself, and JSON, which has no comments.
EXEMPT_NAMES = {"LICENSE"}
EXEMPT_SUFFIXES = (".json", ".json.in")


def project_files(root):
    """What git tracks or would track; without git, all but the generated and hidden folders."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                             capture_output=True)
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
        return sorted(path for name in set(names) - {""} if (path := root / name).is_file())
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in (".git", ".build")]
        found += [pathlib.Path(folder) / name for name in names]
    return sorted(found)


def breaches(root):
    missing = []
    for path in project_files(root):
        if path.name in EXEMPT_NAMES or path.name.endswith(EXEMPT_SUFFIXES):
            continue
        data = path.read_bytes()
        if b"\0" in data:
            continue
        top = data.decode(errors="replace").splitlines()[:FIRST_LINES]
        if not any(LINE in line for line in top):
            missing.append(f"{path.relative_to(root)}: no line '{LINE}' among its first {FIRST_LINES}")
    return missing


def self_check():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "good.c").write_text(f"// {LINE}\n")
        (root / "bare.c").write_text("int x;\n")
        (root / "late.c").write_text("\n" * FIRST_LINES + f"// {LINE}\n")
        found = breaches(root)
        wrong = [line for line in found if "good.c" in line]
        return planted(found, ["bare.c", "late.c"]) + wrong


def main():
    root = pathlib.Path(sys.argv[1])
    report([("a file without the line is found", self_check()),
            ("every file has the licence line", breaches(root))])


main()
