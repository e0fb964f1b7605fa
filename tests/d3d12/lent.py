# SPDX-License-Identifier: Apache-2.0
"""What the scripts here share: files that the Wine prefix's system folder gets for a while, and programs run under
Wine with them. Wine has libraries of its own behind those files: "native only" keeps them out."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

FILES = ("d3d12.dll", "dxgi.dll")
SAVED = ".saved-by-ntfence"


class System:
    """The system folder; `with` gives its own files back, whatever happens."""

    def __init__(self):
        self.folder = pathlib.Path(os.environ["WINEPREFIX"]) / "drive_c/windows/system32"

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.restore()  # what a run that was killed has left
        return self

    def __exit__(self, *_):
        self.restore()

    def lend(self, files):
        """files: name -> what lies there from now on; None: nothing does. The others are its own."""
        self.restore()
        for name, file in files.items():
            own = self.folder / name
            os.rename(own, own.with_name(name + SAVED))
            if file:
                shutil.copy(file, own)

    def restore(self):
        for name in FILES:
            saved = self.folder / (name + SAVED)
            if saved.exists():
                os.replace(saved, self.folder / name)


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


def run(command, variables, native=()):
    """(status, what it printed); native: the libraries that are what lies in the system folder, or not there."""
    environment = {name: value for name, value in os.environ.items()
                   if name == "VK_DRIVER_FILES" or not name.startswith(("VK_", "NTFENCE_"))}
    environment.update(variables)
    if native:
        environment["WINEDLLOVERRIDES"] = ";".join(
            filter(None, [environment.get("WINEDLLOVERRIDES"), ",".join(name.split(".")[0] for name in native) + "=n"]))
    result = subprocess.run(["wine", *map(str, command)], env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=200)
    return result.returncode, result.stdout.replace("\r", "")
