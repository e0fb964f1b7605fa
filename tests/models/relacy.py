# SPDX-License-Identifier: Apache-2.0
"""
Runs a model under Relacy: as it stands it has to pass, and with one fence, one order, one re-read taken out it has to
fail. A change that does not find its place in the source, once, is a failure too, so that no list can go stale.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["-std=c++17", "-w", "-DNTF_ATOMIC_RELACY=1", "-D_Alignas=alignas", "-D_Static_assert=static_assert"]
# What stands is searched for seconds; what falls is found at once nearly always, and compiling is all that it takes.
FAST, QUICKLY_BUILT = "-O1", "-O0"


class Scene(typing.NamedTuple):
    """One of a model's scenes: its number, what it is built with, how it is searched ("bound 3", "random 100000")."""
    number: int
    name: str
    defines: tuple = ()
    searches: tuple = ()


class Change(typing.NamedTuple):
    """What is taken out: of `file` the text `old`, which becomes `new`; seen in this scene."""
    scene: Scene
    name: str
    file: str
    old: str
    new: str


class Model(typing.NamedTuple):
    main: str  # in this folder
    sources: tuple  # below layer/, headers too; the main file includes them by these names
    scenes: tuple
    changes: tuple
    tries: tuple = ("bound 2", "random 20000", "bound 3", "random 300000")  # until a change is seen
    trims: tuple = ()  # (file, old, new): made in every build, to what is only a size or a plain field's type
    parts: str = ""  # in this folder: includes the sources instead of main, which is then compiled but once


def replaced(text, old, new):
    if text.count(old) != 1:
        raise LookupError(f"{text.count(old)} places, not one, for: {old.strip()}")
    return text.replace(old, new)


def copy_sources(bench, folder, change=None):
    """The sources as they are judged, changed or not; the file in the folder that is to be compiled with them."""
    model = bench.model
    judged = model.parts or model.main
    changes = [*model.trims, *([(change.file, change.old, change.new)] if change else [])]
    paths = {source: bench.root / "layer" / source for source in model.sources}
    paths[judged] = HERE / judged
    for name, path in paths.items():
        text = path.read_text()
        for _, old, new in (one for one in changes if one[0] == name):
            text = replaced(text, old, new)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    if not {one[0] for one in changes} <= set(paths):
        raise LookupError("a change to what is no source of this model")
    return folder / judged


class Build:
    """Copies of the sources, changed or not, and a program of them."""

    def __init__(self, bench, defines, speed, change=None):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        self.program = folder / "model"
        judged = copy_sources(bench, folder, change)
        objects = [str(bench.main_object(speed, defines))] if bench.model.parts else []
        bench.compile(speed, defines, folder, [str(judged), *objects, "-o", str(self.program)])

    def run(self, search, scene):
        begun = time.monotonic()
        done = subprocess.run([str(self.program), *search.split(), str(scene.number)], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        line = (done.stdout.strip().splitlines() or ["no output"])[-1]
        return done.returncode, f"{line}, {time.monotonic() - begun:.1f} s"


class Bench:
    def __init__(self, model, root, compiler):
        self.model, self.root, self.compiler = model, root, compiler
        self.folder = tempfile.TemporaryDirectory()
        self.objects, self.lock = {}, threading.Lock()
        for speed in (FAST, QUICKLY_BUILT):
            # Relacy takes longer to compile than everything else together: once for each is enough.
            header = self.header(speed)
            header.parent.mkdir()
            header.write_text((HERE / "ntf_relacy.h").read_text())
            subprocess.run([compiler, *FLAGS, speed, "-x", "c++-header", str(header)], check=True)

    def header(self, speed):
        return pathlib.Path(self.folder.name) / speed / "ntf_relacy.h"

    def compile(self, speed, defines, folder, arguments):
        includes = [f"-I{path}" for path in (folder, HERE, self.root / "layer")]
        subprocess.run([self.compiler, *FLAGS, speed, "-include", str(self.header(speed)),
                        *[f"-D{define}" for define in defines], *includes, *arguments], check=True)

    def main_object(self, speed, defines):
        """What no change touches, compiled when it is first asked for."""
        with self.lock:
            if (speed, defines) not in self.objects:
                folder = pathlib.Path(self.folder.name) / f"main-{len(self.objects)}"
                copy_sources(self, folder)
                self.compile(speed, defines, folder,
                             ["-c", str(HERE / self.model.main), "-o", str(folder / "main.o")])
                self.objects[speed, defines] = folder / "main.o"
            return self.objects[speed, defines]

    def stand(self, scene, build):
        lines = []
        for search in scene.searches:
            status, line = build.result().run(search, scene)
            lines.append(f"{search}: {line}")
            if status != 0:
                return False, "; ".join(lines)
        return True, "; ".join(lines)

    def fall(self, change):
        build = Build(self, change.scene.defines, QUICKLY_BUILT, change)
        for search in self.model.tries:
            status, line = build.run(search, change.scene)
            if status == 1:
                return True, f"{search}: {line}"
        return False, "the model did not notice"


def jobs_of(bench, pool):
    """Names and futures of all that is to be done; those that stand share a build where they can."""
    builds = {scene.defines: None for scene in bench.model.scenes}
    for defines in builds:
        builds[defines] = pool.submit(Build, bench, defines, FAST)
    for scene in bench.model.scenes:
        yield f"as it stands, {scene.name}", pool.submit(bench.stand, scene, builds[scene.defines])
    for change in bench.model.changes:
        yield f"red without: {change.name}", pool.submit(bench.fall, change)


def main(model):
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--jobs", type=int, default=max(2, min(4, os.cpu_count() or 1)))
    options = parser.parse_args()
    bench = Bench(model, options.root, options.compiler)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, future in list(jobs_of(bench, pool)):
            try:
                good, line = future.result()
            except (LookupError, subprocess.CalledProcessError) as error:
                good, line = False, str(error)
            print(f"[{'OK' if good else 'FAILED'}] {name}: {line}", flush=True)
            passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)
