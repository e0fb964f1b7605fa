# SPDX-License-Identifier: Apache-2.0
"""What turns the layer on with the loader of Debian 12, 1.3.239. Usage: linux.py --probe FILE --manifests FOLDER"""
import argparse
import os
import pathlib
import tempfile

from rows import LAYER, OFF, ON, check, distinct, report

VERSION = "1.3.239"
LOADER = "libvulkan.so.1"

# Where the implicit manifest is installed: nowhere, in XDG_DATA_HOME, in the home folder.
NOWHERE, DATA, HOME = "nowhere", "data", "home"
NAMED = {"VK_INSTANCE_LAYERS": LAYER}
ENABLED = {"NTFENCE_ENABLE": "1"}
EXPLICIT = {"VK_LAYER_PATH": "explicit"}
IMPLICIT_AS_EXPLICIT = {"VK_LAYER_PATH": "implicit"}

# What, where, variables (folders of manifests by their names), and what comes of it.
ROWS = [
    ("nothing at all", NOWHERE, {}, OFF),
    ("not installed, NTFENCE_ENABLE", NOWHERE, ENABLED, OFF),

    ("explicit, VK_LAYER_PATH alone", NOWHERE, EXPLICIT, OFF),
    ("explicit, VK_LAYER_PATH, NTFENCE_ENABLE", NOWHERE, EXPLICIT | ENABLED, OFF),
    ("explicit, VK_LAYER_PATH, VK_INSTANCE_LAYERS", NOWHERE, EXPLICIT | NAMED, ON),
    ("explicit, VK_LAYER_PATH, VK_LOADER_LAYERS_ENABLE", NOWHERE, EXPLICIT | {"VK_LOADER_LAYERS_ENABLE": LAYER}, ON),
    ("explicit, VK_ADD_LAYER_PATH, VK_INSTANCE_LAYERS", NOWHERE, {"VK_ADD_LAYER_PATH": "explicit"} | NAMED, ON),
    ("explicit, VK_ADD_LAYER_PATH, VK_LOADER_LAYERS_ENABLE", NOWHERE,
     {"VK_ADD_LAYER_PATH": "explicit", "VK_LOADER_LAYERS_ENABLE": LAYER}, ON),
    # The explicit manifest has no variable that would turn it off.
    ("explicit, named, NTFENCE_DISABLE", NOWHERE, EXPLICIT | NAMED | {"NTFENCE_DISABLE": "1"}, ON),

    ("implicit, installed, nothing set", DATA, {}, OFF),
    ("implicit, in XDG_DATA_HOME, NTFENCE_ENABLE", DATA, ENABLED, ON),
    ("implicit, in ~/.local/share, NTFENCE_ENABLE", HOME, ENABLED, ON),
    ("implicit, in ~/.local/share, nothing set", HOME, {}, OFF),
    ("implicit, NTFENCE_ENABLE=0", DATA, {"NTFENCE_ENABLE": "0"}, OFF),
    ("implicit, NTFENCE_ENABLE empty", DATA, {"NTFENCE_ENABLE": ""}, OFF),
    ("implicit, NTFENCE_ENABLE=11", DATA, {"NTFENCE_ENABLE": "11"}, OFF),
    ("implicit, not enabled, VK_INSTANCE_LAYERS", DATA, NAMED, OFF),
    ("implicit, not enabled, VK_LOADER_LAYERS_ENABLE", DATA, {"VK_LOADER_LAYERS_ENABLE": LAYER}, ON),
    ("implicit, not enabled, VK_LOADER_LAYERS_ENABLE with a pattern", DATA,
     {"VK_LOADER_LAYERS_ENABLE": "*NTFENCE*"}, ON),
    ("implicit, not enabled, VK_LOADER_LAYERS_ENABLE with another's pattern", DATA,
     {"VK_LOADER_LAYERS_ENABLE": "*nobody*"}, OFF),
    ("implicit, enabled and NTFENCE_DISABLE=1", DATA, ENABLED | {"NTFENCE_DISABLE": "1"}, OFF),
    ("implicit, enabled and NTFENCE_DISABLE=0", DATA, ENABLED | {"NTFENCE_DISABLE": "0"}, OFF),
    ("implicit, enabled and NTFENCE_DISABLE empty", DATA, ENABLED | {"NTFENCE_DISABLE": ""}, OFF),
    ("implicit, NTFENCE_DISABLE, VK_INSTANCE_LAYERS", DATA, NAMED | {"NTFENCE_DISABLE": "1"}, OFF),
    ("implicit, enabled, VK_LOADER_LAYERS_DISABLE=~implicit~", DATA,
     ENABLED | {"VK_LOADER_LAYERS_DISABLE": "~implicit~"}, OFF),
    ("implicit, enabled, VK_LOADER_LAYERS_DISABLE=name", DATA, ENABLED | {"VK_LOADER_LAYERS_DISABLE": LAYER}, OFF),

    # Variables that this loader does not know yet.
    ("implicit, VK_IMPLICIT_LAYER_PATH, NTFENCE_ENABLE", NOWHERE,
     ENABLED | {"VK_IMPLICIT_LAYER_PATH": "implicit"}, OFF),
    ("implicit, VK_IMPLICIT_LAYER_PATH, VK_INSTANCE_LAYERS", NOWHERE,
     NAMED | {"VK_IMPLICIT_LAYER_PATH": "implicit"}, OFF),
    ("implicit, VK_ADD_IMPLICIT_LAYER_PATH, NTFENCE_ENABLE", NOWHERE,
     ENABLED | {"VK_ADD_IMPLICIT_LAYER_PATH": "implicit"}, OFF),
    ("implicit, VK_ADD_IMPLICIT_LAYER_PATH, VK_INSTANCE_LAYERS", NOWHERE,
     NAMED | {"VK_ADD_IMPLICIT_LAYER_PATH": "implicit"}, OFF),

    ("implicit manifest in VK_LAYER_PATH, VK_INSTANCE_LAYERS", NOWHERE, IMPLICIT_AS_EXPLICIT | NAMED, ON),
    ("implicit manifest in VK_LAYER_PATH, NTFENCE_ENABLE", NOWHERE, IMPLICIT_AS_EXPLICIT | ENABLED, OFF),
]

# A process that has other rights than who started it: what a user can write is not looked at.
ELEVATED = [
    ("elevated: explicit, VK_LAYER_PATH, VK_INSTANCE_LAYERS", NOWHERE, EXPLICIT | NAMED, OFF),
    ("elevated: explicit, VK_ADD_LAYER_PATH, VK_LOADER_LAYERS_ENABLE", NOWHERE,
     {"VK_ADD_LAYER_PATH": "explicit", "VK_LOADER_LAYERS_ENABLE": LAYER}, OFF),
    ("elevated: implicit, in XDG_DATA_HOME, NTFENCE_ENABLE", DATA, ENABLED, OFF),
    ("elevated: implicit, in ~/.local/share, NTFENCE_ENABLE", HOME, ENABLED, OFF),
]


def install(folder, manifests):
    (folder / "vulkan").mkdir(parents=True)
    (folder / "vulkan/implicit_layer.d").symlink_to(manifests / "implicit")


def prepare(base, manifests):
    """An empty home, one with the manifest, and a data folder with it."""
    (base / NOWHERE).mkdir()
    install(base / DATA, manifests)
    install(base / HOME / ".local/share", manifests)


def environment(base, manifests, where, variables):
    # Nothing of the caller's: neither his layers nor his settings of the loader.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "VK_LAYER"))}
    env["HOME"] = str(base / (HOME if where == HOME else NOWHERE))
    if where == DATA:
        env["XDG_DATA_HOME"] = str(base / DATA)
    if "NTF_TEST_PRELOAD" in env:
        env["LD_PRELOAD"] = env.pop("NTF_TEST_PRELOAD")
    folders = {"explicit", "implicit"}
    env.update((name, str(manifests / value) if value in folders else value) for name, value in variables.items())
    return env


def elevate():
    """As set-user-id does, without a file that has the bit (tests/base/posix.c)."""
    os.setresuid(65534, 0, 0)


def elevated(env):
    # The dynamic loader drops LD_PRELOAD there, so the driver is unloaded and its variables count as leaks.
    return env | {"ASAN_OPTIONS": env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--probe", required=True)
    parser.add_argument("--manifests", required=True, type=pathlib.Path)
    args = parser.parse_args()
    command = [args.probe, LOADER]
    with tempfile.TemporaryDirectory(prefix="ntfence-switches-") as folder:
        base = pathlib.Path(folder)
        prepare(base, args.manifests)
        checks = [distinct(ROWS + ELEVATED)]
        for what, where, variables, expected in ROWS:
            env = environment(base, args.manifests, where, variables)
            checks.append(check(what, command, env, VERSION, expected))
        if os.geteuid() == 0:
            for what, where, variables, expected in ELEVATED:
                env = elevated(environment(base, args.manifests, where, variables))
                checks.append(check(what, command, env, VERSION, expected, preexec_fn=elevate))
        else:
            print(f"{len(ELEVATED)} skipped")
    report(checks)


main()
