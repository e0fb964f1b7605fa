# SPDX-License-Identifier: Apache-2.0
"""run.py PROGRAM D3DKMT DOUBLE: the rung's tests under Wine, in the session that scripts/test has opened, each scene
with other files in the place of d3d12.dll and dxgi.dll."""
import pathlib
import re
import sys

from lent import FILES, System, run, windows_path

RESULT = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)


def run_scene(program, library, scene, native):
    print(f"[{scene}]", flush=True)
    status, text = run([program], {"NTFENCE_D3DKMT": windows_path(library), "NTF_TEST_SCENE": scene}, native)
    counts = [tuple(map(int, found)) for found in RESULT.findall(text)]
    print(RESULT.sub(lambda match: f"  {match[0]}", text), flush=True)
    # A program that ends without having run has said nothing.
    return counts[0] if status == 0 and len(counts) == 1 else (0, max(1, sum(failed for _, failed in counts)))


def main():
    program, library, double = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    # A library that exports nothing of theirs is at hand.
    scenes = {"whole": double, "bare": library, "missing": None}
    results = []
    with System() as system:
        for scene, file in scenes.items():
            system.lend(dict.fromkeys(FILES, file))
            results.append(run_scene(program, library, scene, FILES))
        system.lend({})
        results.append(run_scene(program, library, "own", ()))
    passed, failed = map(sum, zip(*results))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
