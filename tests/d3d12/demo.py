# SPDX-License-Identifier: Apache-2.0
"""demo.py RIGRUN PRODUCER CONSUMER D3DKMT DOUBLE MANIFESTS PAGE: the demo with fences of Direct3D 12, under Wine. With
the double the whole way is gone: shared by the runtime, imported through Vulkan by the rung that asks the runtime,
waited for, and answered by the GPU; and the runtime, as one that stands on Vulkan, imports the handle itself while it
is asked. Wine's own runtimes have to say that it is not possible."""
import pathlib
import re
import sys

from lent import System, run, windows_path

LAYER = "VK_LAYER_NTFENCE_external_fence_win32"
NOT_POSSIBLE_HERE = 77
INVALID_EXTERNAL_HANDLE = -1000072003


class Demo:
    def __init__(self, arguments):
        (self.rigrun, self.producer, self.consumer, self.library, self.double, self.manifests,
         self.page) = (pathlib.Path(argument).resolve() for argument in arguments)
        self.passed = self.failed = 0

    def run(self, kind, rounds, native=(), **variables):
        variables = {"VK_LAYER_PATH": windows_path(self.manifests), "VK_INSTANCE_LAYERS": LAYER,
                     "NTFENCE_D3DKMT": windows_path(self.library), **variables}
        return run([self.rigrun, *(f"{name}={value}" for name, value in variables.items()), "--",
                    windows_path(self.producer), "--page", windows_path(self.page), "--kind", kind, "--rounds", rounds,
                    "--", windows_path(self.consumer), "--expect-layer", "VK_INSTANCE_LAYERS"], {}, native)

    def check(self, name, result, status, *said):
        missing = [words for words in said if not re.search(words, result[1])]
        good = result[0] == status and not missing
        print(f"[{'OK' if good else 'FAILED'}] {name}", flush=True)
        if not good:
            print(f"  status {result[0]}, not {status}; does not say {missing}; it said:")
            print("\n".join("  | " + line for line in result[1].splitlines()), flush=True)
        self.passed, self.failed = self.passed + good, self.failed + (not good)


def main():
    demo = Demo(sys.argv[1:])
    with System() as system:
        system.lend({"d3d12.dll": demo.double})
        demo.check("fences of Direct3D 12, opened by its runtime",
                   demo.run("d3d12", 100, ["d3d12.dll"], NTFENCE_RUNGS="d3d12", NTF_D3D12_TRANSLATES="1"), 0,
                   f"translation: the import gave {INVALID_EXTERNAL_HANDLE}\n",
                   "imported temporarily by name: a monitored fence, opened by rung d3d12",
                   "imported permanently by handle: a monitored fence, opened by rung d3d12",
                   r"\n\d+ passed, 0 failed\n")
        system.lend({})
        demo.check("Wine's own Direct3D 12 cannot share", demo.run("d3d12", 100), NOT_POSSIBLE_HERE,
                   "not possible here")
    demo.check("Wine's own Direct3D 11 cannot share", demo.run("d3d11", 100), NOT_POSSIBLE_HERE, "not possible here")
    print(f"{demo.passed} passed, {demo.failed} failed")
    return 1 if demo.failed else 0


if __name__ == "__main__":
    sys.exit(main())
