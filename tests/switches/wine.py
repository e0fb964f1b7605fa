# SPDX-License-Identifier: Apache-2.0
"""
What turns the layer on with the Khronos loader 1.4.309 for Windows: the plain one, which takes Wine's processes for
elevated, and the changed one, which does not. Usage:
wine.py --probe EXE --manifests FOLDER --kind plain|changed --loader DLL --rigrun EXE
"""
import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import subprocess
import sys

from rows import LAYER, OFF, ON, check, distinct, report

VERSION = "1.4.309"
# Rows that have the same registry do not disturb each other.
JOBS = 2

NAMED = {"VK_INSTANCE_LAYERS": LAYER}
LISTED = {"VK_LOADER_LAYERS_ENABLE": LAYER}
ENABLED = {"NTFENCE_ENABLE": "1"}
DISABLED = {"NTFENCE_DISABLE": "1"}
EXPLICIT = {"VK_LAYER_PATH": "explicit"}
IMPLICIT = {"VK_IMPLICIT_LAYER_PATH": "implicit"}

# What, variables (folders of manifests by their names), and what comes of it: with the plain loader, with the changed.
BY_VARIABLES = [
    ("nothing at all", {}, OFF, OFF),
    ("explicit, VK_LAYER_PATH, VK_INSTANCE_LAYERS", EXPLICIT | NAMED, OFF, ON),
    ("explicit, VK_LAYER_PATH, VK_LOADER_LAYERS_ENABLE", EXPLICIT | LISTED, OFF, ON),
    ("explicit, named, NTFENCE_DISABLE", EXPLICIT | NAMED | DISABLED, OFF, ON),
    ("implicit, VK_IMPLICIT_LAYER_PATH, NTFENCE_ENABLE", IMPLICIT | ENABLED, OFF, ON),
    ("implicit, VK_IMPLICIT_LAYER_PATH, nothing set", IMPLICIT, OFF, OFF),
    ("implicit, VK_IMPLICIT_LAYER_PATH, VK_INSTANCE_LAYERS", IMPLICIT | NAMED, OFF, ON),
    ("implicit, VK_IMPLICIT_LAYER_PATH, VK_LOADER_LAYERS_ENABLE", IMPLICIT | LISTED, OFF, ON),
]
BY_EXPLICIT_KEY = [
    ("explicit, VK_INSTANCE_LAYERS", NAMED, ON, ON),
    ("explicit, nothing set", {}, OFF, OFF),
]
BY_IMPLICIT_KEY = [
    ("implicit, NTFENCE_ENABLE", ENABLED, ON, ON),
    ("implicit, NTFENCE_ENABLE=0", {"NTFENCE_ENABLE": "0"}, OFF, OFF),
    ("implicit, nothing set", {}, OFF, OFF),
    ("implicit, not enabled, VK_INSTANCE_LAYERS", NAMED, ON, ON),
    ("implicit, not enabled, VK_LOADER_LAYERS_ENABLE", LISTED, OFF, ON),
    ("implicit, enabled and NTFENCE_DISABLE=1", ENABLED | DISABLED, OFF, OFF),
    ("implicit, enabled and NTFENCE_DISABLE=0", ENABLED | {"NTFENCE_DISABLE": "0"}, OFF, OFF),
    ("implicit, enabled, VK_LOADER_LAYERS_DISABLE=~all~", ENABLED | {"VK_LOADER_LAYERS_DISABLE": "~all~"}, ON, OFF),
]


def of_user(rows):
    """The same in the user's own part of the registry, which is not looked at in an elevated process."""
    return [(what, variables, OFF, changed) for what, variables, _, changed in rows]


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


def registry(*args):
    subprocess.run(["wine", "reg", *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=60)


@contextlib.contextmanager
def registered(hive, kind, manifests):
    """The manifest of that kind is a value in the loader's key, as an installer would put it there."""
    key = f"{hive}\\Software\\Khronos\\Vulkan\\{kind.capitalize()}Layers"
    manifest = windows_path(next((manifests / kind).glob("*.json")))
    registry("add", key, "/v", manifest, "/t", "REG_DWORD", "/d", "0", "/f")
    try:
        yield
    finally:
        registry("delete", key, "/v", manifest, "/f")


def groups(manifests):
    """(the registry as it has to be, where that is, rows)"""
    yield contextlib.nullcontext(), "variables", BY_VARIABLES
    for kind, rows in (("explicit", BY_EXPLICIT_KEY), ("implicit", BY_IMPLICIT_KEY)):
        yield registered("HKLM", kind, manifests), f"HKLM {kind}", rows
        yield registered("HKCU", kind, manifests), f"HKCU {kind}", of_user(rows)


def run_row(args, name, variables, expected):
    folders = {"explicit", "implicit"}
    assignments = [f"{key}={windows_path(args.manifests / value) if value in folders else value}"
                   for key, value in variables.items()]
    command = ["wine", args.rigrun, *assignments, "--", windows_path(args.probe), windows_path(args.loader)]
    return check(name, command, dict(os.environ), VERSION, expected)


def main():
    parser = argparse.ArgumentParser()
    for name in ("probe", "loader", "rigrun"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--manifests", required=True, type=pathlib.Path)
    parser.add_argument("--kind", choices=("plain", "changed"), required=True)
    args = parser.parse_args()
    if "WINEPREFIX" not in os.environ:
        sys.exit("no Wine session: scripts/test opens one")
    if not pathlib.Path(args.loader).is_file():
        sys.exit(f"{args.loader} is missing: scripts/test builds it")
    checks = []
    every = []
    for state, where, rows in groups(args.manifests):
        with state, concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            named = [(f"{where}: {what}", variables, plain if args.kind == "plain" else changed)
                     for what, variables, plain, changed in rows]
            every += named
            checks += pool.map(lambda row: run_row(args, *row), named)
    report([distinct(every)] + checks)


main()
