# SPDX-License-Identifier: Apache-2.0
"""ntfence-info with the loader of Debian 12, lavapipe and the fake driver. Usage: see runs.arguments."""
import json
import os
import pathlib
import pwd
import shutil
import socket
import tempfile

from runs import (LAYER, NAMED, Runs, all_ok, arguments, check_hang, check_keys, check_probe, check_usage, compared,
                  has, report, served, setting, EXPORTS, IMPORTS, WAITS)

EXPLICIT = {"VK_LAYER_PATH": "explicit"}
ENABLED = {"NTFENCE_ENABLE": "1"}
VERSION = "1.3.239"


def layer_cases(runs, base):
    """(name, variables, status, what it has to say): how the layer comes in, or not."""
    explicit = str(runs.args.manifests / "explicit/VkLayer_ntfence_explicit.json")
    data = base / "data"
    (data / "vulkan").mkdir(parents=True)
    (data / "vulkan/implicit_layer.d").symlink_to(runs.args.manifests / "implicit")
    installed = {"XDG_DATA_HOME": str(data)}
    off = {"layer.active": False}
    yield "explicit", EXPLICIT | NAMED, 0, {
        "layer.active": True, "layer.by": has("VK_INSTANCE_LAYERS"), "layer.why_not": None, "layer.for_self_test": None,
        "layer.manifests": lambda found: [m["path"] for m in found] == [explicit], "layer.manifests.0.kind": "explicit",
        "layer.manifests.0.loaded": True, "layer.libraries": lambda found: len(found) == 1,
        "loader.version": VERSION, "vulkan.instance": "VK_SUCCESS", "vulkan.devices.0.name": has("llvmpipe"),
        "problems": [], "passed": True, "layer_messages": has("NTF-INFO-001", "NTF-INFO-002"),
        "kernel.in_use": has("provider soft"), **served()}
    # Under TSan the validation layer stays out: its own locking is reported.
    if not os.environ.get("TSAN_OPTIONS"):
        both = {"VK_LAYER_PATH": f"{pathlib.Path(explicit).parent}:/usr/share/vulkan/explicit_layer.d",
                "VK_INSTANCE_LAYERS": f"{LAYER}:VK_LAYER_KHRONOS_validation"}
        yield "explicit, the validation layer below", both, 0, {"layer.active": True, "warnings": [], **served()}
    yield "implicit", installed | ENABLED, 0, {
        "layer.active": True, "layer.by": has("NTFENCE_ENABLE"), "layer.manifests.0.kind": "implicit",
        "layer.manifests.0.loaded": True, **served()}
    yield "explicit, by a pattern", EXPLICIT | {"VK_LOADER_LAYERS_ENABLE": "*NTFENCE*"}, 0, {
        "layer.active": True, "layer.by": has("VK_LOADER_LAYERS_ENABLE"), **served()}
    yield "there, and nobody turns it on", EXPLICIT, 0, off | {
        "layer.why_not": has("nothing turns it on"), "layer.for_self_test": has("names it"), **served()}
    yield "installed, and nobody turns it on", installed, 0, off | {"layer.why_not": has("nothing turns it on")}
    yield "NTFENCE_ENABLE=0", installed | {"NTFENCE_ENABLE": "0"}, 0, off | {"layer.why_not": has("not to 1")}
    yield "NTFENCE_DISABLE", installed | ENABLED | {"NTFENCE_DISABLE": "1"}, 0, off | {
        "layer.why_not": "the variable NTFENCE_DISABLE turns it off"}
    yield "VK_LOADER_LAYERS_DISABLE", installed | ENABLED | {"VK_LOADER_LAYERS_DISABLE": LAYER}, 1, off | {
        "layer.why_not": "the variable VK_LOADER_LAYERS_DISABLE turns it off",
        "problems": has("layer could not be loaded")}
    yield "not installed", {}, 1, off | {
        "layer.why_not": has("no manifest", "no variable asks"), "layer.manifests": [], "passed": False,
        "problems": has("layer could not be loaded"), "vulkan.devices.0.with_layer": None,
        "vulkan.devices.0.driver_alone.timeline_semaphore": True}
    yield "named, not installed", NAMED, 1, off | {
        "layer.why_not": has("VK_INSTANCE_LAYERS asks for it", "no manifest")}
    yield "named, only implicit", installed | NAMED, 0, off | {"layer.why_not": has("implicit", "1.3.247")}
    copy = base / "copy"
    copy.mkdir()
    manifest = json.loads(pathlib.Path(explicit).read_text())
    library = runs.args.manifests / "explicit" / manifest["layer"]["library_path"]
    manifest["layer"]["library_path"] = str(shutil.copy(library, copy / "libVkLayer_ntfence.so"))
    (copy / "other.json").write_text(json.dumps(manifest))
    yield "two copies", {"VK_LAYER_PATH": f"{runs.args.manifests / 'explicit'}:{copy}"} | NAMED, 0, {
        "layer.active": True, "layer.notes": has("Several copies"),
        "layer.manifests": lambda found: sorted(m["loaded"] for m in found) == [False, True]}
    broken = base / "broken"
    broken.mkdir()
    manifest["layer"]["library_path"] = str(base / "nowhere/libVkLayer_ntfence.so")
    (broken / "broken.json").write_text(json.dumps(manifest))
    yield "a library that is gone", {"VK_LAYER_PATH": str(broken)} | NAMED, 1, off | {
        "layer.why_not": has("has not loaded it"), "layer.loader_warnings": has("nowhere/libVkLayer_ntfence.so"),
        "layer.notes": has("nowhere/libVkLayer_ntfence.so")}


def kernel_cases(runs):
    """Settings and providers."""
    on = EXPLICIT | NAMED
    yield "settings that do not fit", on | {
        "NTFENCE_LOG_LEVEL": "loud", "NTFENCE_PROVIDER": "hard", "NTFENCE_RUNGS": "soft,nativ",
        "NTFENCE_LOG": "/" + "x" * 600, "NTFENCE_PROVDER": "soft", "NTFENCE_FORCE": "1"}, 0, {
        "settings.elevated": False, "settings.values": lambda found: {
            "log": ("default", True), "log_level": ("environment", True), "provider": ("environment", True),
            "d3dkmt": ("default", False), "rungs": ("environment", True), "force": ("environment", False)}.items() <= {
                entry["key"]: (entry["from"], bool(entry["ignored"])) for entry in found}.items(),
        "settings.unknown": lambda found: len(found) == 1 and "NTFENCE_PROVDER" in found[0],
        "layer_messages": has("NTF-SETTING-001")}
    # A byte that is no UTF-8, what JSON escapes, a control character, a letter of two bytes.
    yield "a value that is no text", on | {"NTFENCE_LOG_LEVEL": "\udcff\"\\\x01\u00e9"}, 0, {
        "settings.values": setting("log_level", value="?\"\\?\u00e9")}
    yield "a library of D3DKMT", on | {"NTFENCE_D3DKMT": runs.args.soft}, 0, {
        "kernel.in_use": has("provider library"), "kernel.providers.0.usable": True, "kernel.providers.0.in_use": True,
        "kernel.providers.2.usable": True, "kernel.providers.2.in_use": False,
        "kernel.adapters.0.provider": "library", "kernel.adapters.0.luid": "00000000:00004e46",
        "kernel.rungs": lambda found: {r["rung"]: r["opens"] for r in found}["monitored"], **served()}
    yield "a library that is not there", on | {"NTFENCE_D3DKMT": "/nowhere/lib.so"}, 0, {
        "kernel.providers.0.asked": True, "kernel.providers.0.refused_at": "library",
        "kernel.providers.0.steps.0.status": has("0xC0000034"), "kernel.in_use": has("provider soft")}
    yield "a library without the calls", on | {"NTFENCE_D3DKMT": runs.args.fake_library}, 0, {
        "kernel.providers.0.refused_at": "symbols", "kernel.providers.0.detail": has("is not exported")}
    yield "no provider", on | {"NTFENCE_PROVIDER": "system"}, 1, {
        "kernel.in_use": has("none"), "kernel.providers.1.refused_at": "library",
        "kernel.providers.2.usable": True, "problems": has("no D3DKMT provider"),
        "vulkan.devices.0.self_test.passed": False, "vulkan.devices.0.with_layer.opaque_win32":
        {"import": False, "export": False}}
    yield "no rung", on | {"NTFENCE_RUNGS": "native"}, 1, {"problems": has(IMPORTS)}


def driver_cases(runs):
    """Drivers with and without what it takes."""
    khr = "+VK_KHR_external_fence_win32"
    yield "no driver", EXPLICIT | NAMED | {"VK_DRIVER_FILES": "/nowhere.json"}, 1, {
        "vulkan.instance": "VK_ERROR_INCOMPATIBLE_DRIVER", "vulkan.devices": [], "problems": has("no Vulkan device"),
        "layer.active": False, "layer.manifests.0.kind": "explicit", "layer.why_not": has("no instance")}
    yield "a driver with descriptors", runs.fake(), 0, {
        "vulkan.devices.1.name": "fake device 1", "vulkan.devices.0.driver_alone.external_fence_fd": True,
        "vulkan.devices.0.driver_alone.opaque_fd": {"import": True, "export": True},
        "vulkan.devices.0.driver_alone.d3d12_fence_timeline": {"import": False, "export": False},
        "vulkan.devices.0.driver_alone.external_semaphore_win32": False, **served(), **served("vulkan.devices.1")}
    yield "a driver that takes D3D12 fences", runs.fake(NTF_FAKE_EXTENSIONS="+VK_KHR_external_semaphore_win32"), 0, {
        "vulkan.devices.0.driver_alone.external_semaphore_win32": True,
        "vulkan.devices.0.driver_alone.d3d12_fence_timeline.import": True}
    native = {"vulkan.devices.0.driver_alone.external_fence_win32": True,
              "vulkan.devices.0.driver_alone.opaque_win32": {"import": True, "export": True},
              "vulkan.devices.0.with_layer.external_fence_win32_from": "driver",
              "vulkan.devices.0.with_layer.notes": has("force")}
    yield "a driver with the extension", runs.fake(NTF_FAKE_EXTENSIONS=khr, NTF_FAKE_OPTIONS="native_works"), 0, native
    # Its own two commands answer with codes that nobody else gives: that of the export has to be told.
    yield "a driver whose extension fails", runs.fake(NTF_FAKE_EXTENSIONS=khr), 1, native | {
        "problems": has(EXPORTS, "VK_ERROR_FRAGMENTED_POOL", "fake device 1"),
        "vulkan.devices.0.self_test.passed": False}
    yield "the same, force", runs.fake(NTF_FAKE_EXTENSIONS=khr, NTFENCE_FORCE="1"), 0, {
        "vulkan.devices.0.self_test.passed": True}
    yield "a driver that loses a device", runs.fake(NTF_FAKE_FAIL="vkCreateDevice:1:1:-4"), 1, {
        "vulkan.devices.0.self_test.passed": False, "vulkan.devices.1.self_test.passed": True, "passed": False,
        "problems": has("fake device 0", "make a device", "VK_ERROR_DEVICE_LOST")}
    yield "a driver that refuses a submission", runs.fake(NTF_FAKE_FAIL="vkQueueSubmit:1:1:-1"), 1, {
        "problems": has("submit", "VK_ERROR_OUT_OF_HOST_MEMORY")}
    bare = "-VK_KHR_external_fence,-VK_KHR_external_fence_fd"
    yield "a driver of Vulkan 1.0", runs.fake(NTF_FAKE_API="1.0", NTF_FAKE_EXTENSIONS=bare), 0, {
        "vulkan.devices.0.with_layer.external_fence_win32_from": "nobody",
        "vulkan.devices.0.with_layer.fence_import": True,
        "vulkan.devices.0.self_test.steps": lambda steps: "not_done" in steps[-1] and
        all_ok(IMPORTS, WAITS)(steps[:-1])}


def elevate():
    """As set-user-id does, without a file that has the bit (tests/base/posix.c)."""
    os.setresuid(65534, 0, 0)


def elevated(runs):
    """Of one's own variables nothing is taken, and that is said."""
    run = runs.json({"NTFENCE_PROVIDER": "system", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                     ":detect_leaks=0"}, preexec_fn=elevate)
    yield "elevated", compared(run, 1, {
        "settings.elevated": True,
        "settings.values": setting("provider", value="auto", from_="default",
                                   ignored="NTFENCE_PROVIDER is set, but an elevated process reads no variable"),
        "kernel.in_use": has("provider soft")})


def no_loader(runs, base):
    """A library of the loader's name that is none."""
    (base / "none").mkdir()
    shutil.copy(runs.args.soft, base / "none/libvulkan.so.1")
    run = runs.json({"LD_LIBRARY_PATH": str(base / "none")})
    yield "no loader", compared(run, 1, {"loader.found": False, "loader.notes": has("no Vulkan loader"),
                                         "problems": has("no Vulkan loader"), "layer": None, "vulkan": None})


def relative(runs):
    """A folder that is named relative to where one is."""
    run = runs.json({"VK_LAYER_PATH": "./explicit"} | NAMED, cwd=runs.args.manifests)
    yield "a relative VK_LAYER_PATH", compared(run, 0, {
        "layer.active": True, "layer.manifests.0.path": "./explicit/VkLayer_ntfence_explicit.json",
        "layer.manifests.0.loaded": True})


def as_text(runs):
    status, out, _ = runs.start(EXPLICIT | NAMED)
    words = ["System", "Settings", "Graphics kernel", "Vulkan loader", LAYER, "Self-test", "Verdict", "1 of 1 devices"]
    yield "as text", [f"status {status}"] * (status != 0) + [f"no {word!r}" for word in words if word not in out] + \
        [line for line in out.splitlines() if line.startswith("{")]


def main():
    args = arguments()
    runs = Runs(args, wine=False)
    with tempfile.TemporaryDirectory(prefix="ntfence-info-") as folder:
        base = pathlib.Path(folder)
        home = {"HOME": str(base), "XDG_CONFIG_HOME": str(base), "XDG_CONFIG_DIRS": str(base)}
        checks = []
        for name, variables, status, expected in [*layer_cases(runs, base), *kernel_cases(runs), *driver_cases(runs)]:
            checks.append((name, compared(runs.json(home | variables), status, expected)))
        checks += [*no_loader(runs, base), *relative(runs), *as_text(runs), *check_usage(runs), *check_hang(runs)]
        secrets = [pwd.getpwuid(os.getuid()).pw_dir, socket.gethostname(), "secret-folder", str(args.soft)]
        checks += check_probe(runs, {"NTFENCE_LOG": "/secret-folder/x", "NTFENCE_D3DKMT": args.soft}, secrets)
        checks += check_probe(runs, {}, secrets)
        if os.geteuid() == 0:
            checks += elevated(runs)
        else:
            print("1 skipped")
        # These need a device that has a LUID, and a provider that lacks something or has no adapter.
        checks += check_keys(runs, {"vulkan.devices[].luid", "kernel.providers[].notes"})
    report(checks)


main()
