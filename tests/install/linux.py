# SPDX-License-Identifier: Apache-2.0
"""Installs into an empty folder and looks at all that came: its place, its modes, what the manifests say, and whether
the system's loader finds the layer there. The manifests name the library by its whole path, that of the installed
system, so for the loader's sake the copies in the empty folder get that folder's name put before it."""
import json
import pathlib
import shutil
import subprocess

from staged import Report, arguments, clean_environment, differences, files_of, install, open_to_others, unlike

LAYER = "VK_LAYER_NTFENCE_external_fence_win32"


def manifests(root, paths, library):
    found = {kind: json.loads((root / path).read_text())["layer"] for kind, path in paths.items()}
    return [breach for kind, layer in found.items() for breach in
            unlike(f"{kind}: name", layer["name"], LAYER) +
            unlike(f"{kind}: library_path", layer["library_path"], library) +
            unlike(f"{kind}: enable_environment", layer.get("enable_environment"),
                   {"NTFENCE_ENABLE": "1"} if kind == "implicit" else None) +
            unlike(f"{kind}: disable_environment", "disable_environment" in layer, kind == "implicit")]


def run_paths(library):
    listing = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    return [f"{library.name}: {line.strip()}" for line in listing.splitlines() if "RPATH" in line or "RUNPATH" in line]


def header(include, build):
    source = build / "includes-ntfence.c"
    source.write_text("#include <ntfence.h>\n#ifndef NTFENCE_LAYER_NAME\n#error not the header\n#endif\n")
    result = subprocess.run(["cc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", "-I", include, source],
                            capture_output=True, text=True)
    return result.stderr.splitlines() if result.returncode else []


def soft(library):
    listing = subprocess.run(["readelf", "--wide", "--dyn-syms", library], check=True, capture_output=True, text=True)
    return [] if " D3DKMTEnumAdapters2\n" in listing.stdout else ["D3DKMTEnumAdapters2 is not exported"]


def probe(program, environment, **variables):
    result = subprocess.run([program], env={**environment, **variables}, capture_output=True, text=True, timeout=60)
    return result.stdout.strip() if result.returncode == 0 else f"status {result.returncode}: {result.stderr}"


def through_the_loader(report, args, root, data, library):
    nowhere = args.work / "nowhere"
    shutil.rmtree(nowhere, ignore_errors=True)
    nowhere.mkdir()
    base = {**clean_environment(), "HOME": str(nowhere), "NTFENCE_PROVIDER": "soft", "XDG_CONFIG_HOME": str(nowhere),
            "XDG_CONFIG_DIRS": str(nowhere)}
    places = {"XDG_DATA_DIRS": {**base, "XDG_DATA_HOME": str(nowhere), "XDG_DATA_DIRS": str(root / data)},
              "XDG_DATA_HOME": {**base, "XDG_DATA_HOME": str(root / data), "XDG_DATA_DIRS": str(nowhere)}}
    cases = [("nothing set", {}, "off"),
             ("implicit", {"NTFENCE_ENABLE": "1"}, f"on by NTFENCE_ENABLE from {library}"),
             ("implicit, disabled", {"NTFENCE_ENABLE": "1", "NTFENCE_DISABLE": "1"}, "off"),
             ("explicit", {"VK_INSTANCE_LAYERS": LAYER}, f"on by VK_INSTANCE_LAYERS from {library}")]
    for place, environment in places.items():
        for name, variables, expected in cases:
            report.check(f"found in {place}: {name}",
                         unlike("the probe", probe(args.probe, environment, **variables), expected))


def main():
    args = arguments("libdir", "datadir", "includedir", "bindir")
    report = Report()
    stage = install(args, "stage")
    prefix = pathlib.PurePosixPath(args.prefix)
    root = stage / prefix.relative_to("/")
    data, libraries = pathlib.PurePosixPath(args.datadir), pathlib.PurePosixPath(args.libdir)
    layer, d3dkmt = libraries / "libVkLayer_ntfence.so", libraries / "libntfence-d3dkmt.so"
    program = pathlib.PurePosixPath(args.bindir) / "ntfence-info"
    paths = {kind: data / f"vulkan/{kind}_layer.d/VkLayer_ntfence_{kind}.json" for kind in ("explicit", "implicit")}
    expected = {str(prefix.relative_to("/") / path) for path in
                [layer, d3dkmt, pathlib.PurePosixPath(args.includedir) / "ntfence.h", program, *paths.values()]}
    report.check("all that is listed is installed, and nothing else", differences(files_of(stage), expected))
    report.check("others can write to none of it", open_to_others(stage))
    report.check("the manifests are valid and name the installed library",
                 manifests(root, paths, str(prefix / layer)))
    report.check("no library looks for others in a folder of the build",
                 run_paths(root / layer) + run_paths(root / d3dkmt) + run_paths(root / program))
    report.check("the header can be included from there", header(root / args.includedir, args.work))
    report.check("the D3DKMT library has its calls", soft(root / d3dkmt))
    for path in paths.values():
        text = (root / path).read_text()
        (root / path).write_text(text.replace(f'"{prefix / layer}"', json.dumps(str(root / layer))))
    through_the_loader(report, args, root, data, root / layer)
    report.check("the runtime part has no header",
                 unlike("files", {name for name in files_of(install(args, "runtime", "--tags", "runtime"))},
                        {name for name in expected if not name.endswith(".h")}))
    report.end()


main()
