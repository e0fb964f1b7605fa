# SPDX-License-Identifier: Apache-2.0
"""ntfence-info as a Windows program: Wine, the Khronos loader for Windows, Wine's driver over lavapipe. Each run takes
seconds there, most of them the loader's, so there are fewer. Usage: see runs.arguments; --rigrun EXE."""
import concurrent.futures
import os
import sys

from runs import (NAMED, Runs, arguments, check_hang, check_probe, check_usage, compared, has, report, served, setting)

EXPLICIT = {"VK_LAYER_PATH": "explicit"}
IMPLICIT = {"VK_IMPLICIT_LAYER_PATH": "implicit"}
VERSION = "1.4.309"
JOBS = 2


def cases(runs):
    """(name, variables, status, what it has to say)"""
    manifest = runs.path(runs.args.manifests / "explicit/VkLayer_ntfence_explicit.json")
    yield "explicit", EXPLICIT | NAMED, 0, {
        "system.system": has("Windows"), "system.variety": has("Wine "), "loader.version": VERSION,
        "loader.library": has("vulkan-1.dll"), "layer.active": True, "layer.by": has("VK_INSTANCE_LAYERS"),
        "layer.manifests": lambda found: manifest.lower() in [m["path"].lower() for m in found],
        "layer.manifests.0.loaded": True, "kernel.in_use": has("provider soft"), "kernel.providers.1.usable": False,
        "kernel.providers.1.library": "gdi32.dll", "problems": [], **served()}
    yield "implicit, a library of D3DKMT", IMPLICIT | {
        "NTFENCE_ENABLE": "1", "NTFENCE_D3DKMT": runs.path(runs.args.soft)}, 0, {
        "layer.active": True, "layer.by": has("NTFENCE_ENABLE"), "layer.manifests.0.kind": "implicit",
        "kernel.in_use": has("provider library"),
        "kernel.rungs": lambda found: {r["rung"]: r["opens"] for r in found}["monitored"], **served()}
    yield "NTFENCE_DISABLE", IMPLICIT | {"NTFENCE_ENABLE": "1", "NTFENCE_DISABLE": "1"}, None, {
        "layer.active": False, "layer.why_not": has("NTFENCE_DISABLE turns it off")}
    yield "no driver", EXPLICIT | NAMED | {"VK_DRIVER_FILES": r"Z:\nowhere.json", "NTFENCE_PROVIDER": "hard"}, 1, {
        "vulkan.devices": [], "problems": has("no Vulkan device"), "settings.values": setting("provider", from_="environment", ignored=True)}
    yield "a driver with the extension", runs.fake(NTF_FAKE_EXTENSIONS="+VK_KHR_external_fence_win32"), 1, {
        "vulkan.devices.0.driver_alone.external_fence_win32": True,
        "vulkan.devices.0.with_layer.external_fence_win32_from": "driver",
        "problems": has("VK_ERROR_FRAGMENTED_POOL")}
    yield "not installed", {}, 1, {
        "layer.active": False, "layer.why_not": has("no manifest"), "problems": has("layer could not be loaded")}


def loaders(runs):
    """Wine's own, which loads no layers; none."""
    for name, override, expected in [
            ("Wine's own loader", "b", {"loader.found": True, "loader.notes": has("loads no layers"),
                                        "layer.active": False}),
            ("no loader", "", {"loader.found": False, "problems": has("no Vulkan loader"), "vulkan": None})]:
        overrides = os.environ.get("WINEDLLOVERRIDES", "") + f";vulkan-1={override}"
        yield name, compared(runs.json({}, outside={"WINEDLLOVERRIDES": overrides}), 1, expected)


def check_case(runs, case):
    name, variables, status, expected = case
    run = runs.json(variables)
    return name, compared(run, run[0] if status is None else status, expected)


def main():
    args = arguments("rigrun")
    if "WINEPREFIX" not in os.environ:
        sys.exit("no Wine session: scripts/test opens one")
    runs = Runs(args, wine=True)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        checks = list(pool.map(lambda case: check_case(runs, case), cases(runs)))
    checks += [*loaders(runs), *check_usage(runs), *check_hang(runs)]
    checks += check_probe(runs, {"NTFENCE_LOG": r"Z:\secret-folder\x"}, ["secret-folder", os.path.expanduser("~")])
    report(checks)


main()
