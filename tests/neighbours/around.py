# SPDX-License-Identifier: Apache-2.0
"""
Runs the layer's test programs in the midst of other layers, Mesa's device selection and overlay, and
the validation layer at the end:

    around.py above|below --programs PROGRAM... --manifests JSON_FOLDER

    above   device selection, overlay, ntfence (explicit), validation
    below   ntfence (implicit, found before them), device selection, overlay, validation

Each program has to pass by its own words, and the loader has to have said, of every instance and every
device of it, that the layers were there and in this order: no run passes without them. (Device selection
has no part in devices.)
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

OURS = "VK_LAYER_NTFENCE_external_fence_win32"
SELECT = "VK_LAYER_MESA_device_select"
OVERLAY = "VK_LAYER_MESA_overlay"
VALIDATION = "VK_LAYER_KHRONOS_validation"
ORDERS = {"above": [SELECT, OVERLAY, OURS, VALIDATION], "below": [OURS, SELECT, OVERLAY, VALIDATION]}
SYSTEM = pathlib.Path("/usr/share/vulkan")
RESULT = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
# Asks physical devices alone.
WITHOUT_DEVICE = {"layer-properties"}
# The loader's account of a chain, from the application down to the drivers.
CHAIN = re.compile(r"vkCreate(Instance|Device) layer callstack setup to:(.*?)<(?:Drivers|Device)>", re.DOTALL)
LAYER = re.compile(r"\b(VK_LAYER_\w+)\s*$", re.MULTILINE)


def manifest_of(layer, kind):
    """The file of the system's that describes a layer."""
    for path in sorted((SYSTEM / kind).glob("*.json")):
        if f'"{layer}"' in path.read_text():
            return path
    sys.exit(f"{layer} is not in {SYSTEM / kind}: is mesa-vulkan-drivers, or vulkan-validationlayers, installed?")


def folder_with(work, name, manifest):
    """A folder with a link to one manifest: folders, unlike files in one, have an order."""
    folder = work / name
    folder.mkdir(parents=True)
    (folder / manifest.name).symlink_to(manifest)
    return folder


def arrange(order, manifests, work):
    env = dict(os.environ, VK_LOADER_DEBUG="layer", XDG_CONFIG_HOME=str(work / "config"))
    overlay = folder_with(work, "overlay", manifest_of(OVERLAY, "explicit_layer.d"))
    validation = folder_with(work, "validation", manifest_of(VALIDATION, "explicit_layer.d"))
    manifest_of(SELECT, "implicit_layer.d")
    explicit, names = [overlay, validation], [OVERLAY, VALIDATION]
    if order == "above":
        explicit.insert(1, manifests / "explicit")
        names.insert(1, OURS)
    else:
        # Of implicit layers the one whose folder is looked at first is on top.
        (work / "config/vulkan").mkdir(parents=True)
        (work / "config/vulkan/implicit_layer.d").symlink_to(manifests / "implicit")
        env["NTFENCE_ENABLE"] = "1"
    env["VK_LAYER_PATH"] = ":".join(map(str, explicit))
    env["VK_INSTANCE_LAYERS"] = ":".join(names)
    if "NTF_TEST_PRELOAD" in env:
        env["LD_PRELOAD"] = env["NTF_TEST_PRELOAD"]
    return env


def chain_breaches(output, order, has_device):
    chains = [(kind, LAYER.findall(text)) for kind, text in CHAIN.findall(output)]
    device_order = [layer for layer in order if layer != SELECT]
    instances = [layers for kind, layers in chains if kind == "Instance"]
    devices = [[layer for layer in layers if layer != SELECT] for kind, layers in chains if kind == "Device"]
    if not instances:
        yield "the loader told of no instance"
    if has_device and not devices:
        yield "the loader told of no device"
    for layers in instances:
        if layers != order:
            yield f"an instance had the layers {layers}"
    for layers in devices:
        if layers != device_order:
            yield f"a device had the layers {layers}"


def run(program, env, order):
    """(passed, failed)"""
    done = subprocess.run([program], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    # A line of the loader's may end without a newline where the program's own begins.
    results = RESULT.findall(done.stdout)
    passed, failed = map(int, results[-1]) if results else (0, 1)
    breaches = list(chain_breaches(done.stdout, order, pathlib.Path(program).name not in WITHOUT_DEVICE))
    if done.returncode or failed or not passed or breaches:
        said = "\n".join(line for line in done.stdout.splitlines() if not re.match(r"(\w+ \| )?LAYER", line))
        print(f"{program}: status {done.returncode}; {'; '.join(breaches)}\n{said}")
        return passed, max(failed, 1)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("order", choices=ORDERS)
    parser.add_argument("--programs", nargs="+", required=True)
    parser.add_argument("--manifests", type=pathlib.Path, required=True)
    args = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="ntfence-around-") as work:
        env = arrange(args.order, args.manifests, pathlib.Path(work))
        for program in args.programs:
            of_program = run(program, env, ORDERS[args.order])
            print(f"{pathlib.Path(program).name}: {of_program[0]} passed, {of_program[1]} failed")
            passed, failed = passed + of_program[0], failed + of_program[1]
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
