# SPDX-License-Identifier: Apache-2.0
"""What both installation tests share: arguments, 'meson install' into a folder, and the line at the end."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys


def arguments(*more):
    parser = argparse.ArgumentParser()
    for name in ("build", "work", "prefix", "probe") + more:
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    for name in ("build", "work", "probe"):
        setattr(args, name, pathlib.Path(getattr(args, name)).resolve())
    return args


def install(args, name, *options):
    """Installs below args.work / name; the folder that stands for /."""
    stage = args.work / name
    shutil.rmtree(stage, ignore_errors=True)
    # The modes of what is installed are no business of the caller's mask.
    subprocess.run(["meson", "install", "-C", args.build, "--no-rebuild", "--quiet", "--destdir", stage, *options],
                   check=True, umask=0, stdout=sys.stderr)
    return stage


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def differences(found, expected):
    return [f"installed, but not listed: {name}" for name in sorted(found - expected)] + \
           [f"listed, but not installed: {name}" for name in sorted(expected - found)]


def open_to_others(folder):
    return [f"{path.relative_to(folder)} can be written to by others"
            for path in [*folder.rglob("*")] if not path.is_symlink() and path.stat().st_mode & 0o022]


def unlike(what, found, expected):
    return [] if found == expected else [f"{what}: {found!r}, not {expected!r}"]


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, breaches):
        print(f"[{'FAILED' if breaches else 'OK'}] {name}")
        for breach in breaches:
            print(f"  {breach}")
        self.failed += bool(breaches)
        self.passed += not breaches
        sys.stdout.flush()

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(self.failed > 0 or self.passed == 0)


def clean_environment():
    """No other layers, no settings; the driver that the caller has named stays."""
    return {name: value for name, value in os.environ.items()
            if name == "VK_DRIVER_FILES" or not name.startswith(("VK_", "NTFENCE_", "XDG_"))}
