#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page protocol, the real page.c, under Relacy (page_relacy.cpp).

As it stands it has to pass: every schedule with two switches, and a million random ones. Then one fence, one order,
one re-read at a time is taken out of a copy, and each copy has to fail. A change that leaves page.c as it was is a
failure too, so the list cannot go stale.

Usage: page_relacy.py SOURCE_ROOT [--compiler g++] [--random N]
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# name, file, text, what it becomes, slots with which the loss can be seen
FENCE = "    ntf_fence(NTF_SEQ_CST);\n"
BROKEN = [
    ("waiter's fence, in a slot", "page.c", "slot, NTF_RELAXED);\n" + FENCE, "slot, NTF_RELAXED);\n", 2),
    ("waiter's fence, without a slot", "page.c", "    " + FENCE + "        return slot;", "        return slot;", 1),
    ("signaller's fence", "page.c", FENCE + "    armed = ", "    armed = ", 2),
    ("waiter's re-read", "page_relacy.cpp", "value = look(); /* THE RE-READ */", "", 2),
    ("word read before the re-read", "page_relacy.cpp", "value = look(); /* THE RE-READ */",
     "value = look(); seen = ntf_load(ntf_page_word(&page, slot), NTF_ACQUIRE);", 2),
    ("word changed before the wake", "page.c", "(void)ntf_fetch_add(&slot->word, 1u, NTF_RELAXED);", "", 2),
    ("overflow word changed before the wake", "page.c", "(overflow & ~OVERFLOW_WAITING) + OVERFLOW_COUNT", "overflow", 1),
    ("target published", "page.c", "    ntf_store(&page->slots[slot].target, target, NTF_RELAXED);\n", "", 2),
    ("bit published", "page.c", "    (void)ntf_fetch_or(&page->armed, (uint64_t)1 << slot, NTF_RELAXED);\n", "", 2),
    ("acquire of the word", "page.c", ".word, NTF_ACQUIRE", ".word, NTF_RELAXED", 2),
    ("release of CurrentValue", "page.c", "&current, value, NTF_RELEASE", "&current, value, NTF_RELAXED", 2),
    ("acquire of CurrentValue", "page_relacy.cpp", "return ntf_load(&page.current, NTF_ACQUIRE);",
     "return ntf_load(&page.current, NTF_RELAXED);", 2),
    ("release of the owner", "page.c", "(uint64_t)0, NTF_RELEASE", "(uint64_t)0, NTF_RELAXED", 1),
    # Not in the list: the acquire of the owner. It keeps the new tenant's store of the target behind the old one's in
    # the modification order, and Relacy only ever tries the order in which the stores were executed.
]


class Model:
    """One build of the model: copies of the two files, changed or not."""

    def __init__(self, root, compiler, slots, change=None):
        self.folder = tempfile.TemporaryDirectory()
        self.program = pathlib.Path(self.folder.name) / "model"
        sources = {"page.c": root / "layer/kmt/soft/page.c", "page_relacy.cpp": HERE / "page_relacy.cpp"}
        for name, path in sources.items():
            text = path.read_text()
            if change and change[1] == name:
                if text.count(change[2]) != 1:
                    raise LookupError(f"{name} has {text.count(change[2])} places, not one, to take out: {change[0]}")
                text = text.replace(change[2], change[3])
            (pathlib.Path(self.folder.name) / name).write_text(text)
        subprocess.run([compiler, "-std=c++17", "-O2", "-w", f"-DNTF_PAGE_SLOTS={slots}u", "-I", self.folder.name,
                        "-I", str(HERE), "-I", str(root / "layer"), str(pathlib.Path(self.folder.name) / "page_relacy.cpp"),
                        "-o", str(self.program)], check=True)

    def run(self, *arguments):
        done = subprocess.run([str(self.program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.returncode, (done.stdout.strip().splitlines() or ["no output"])[-1]


def stands(root, options, slots):
    model = Model(root, options.compiler, slots)
    lines = []
    for arguments in (("bound",), ("random", str(options.random))):
        status, line = model.run(*arguments)
        lines.append(f"{arguments[0]}: {line}")
        if status != 0:
            return False, "; ".join(lines)
    return True, "; ".join(lines)


def falls(root, options, change):
    model = Model(root, options.compiler, change[4], change)
    for arguments in (("random", "200000"), ("bound",)):
        status, line = model.run(*arguments)
        if status == 1:
            return True, f"{arguments[0]}: {line}"
    return False, "the model did not notice"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--random", type=int, default=1000000)
    options = parser.parse_args()
    jobs = [(f"as it stands, {slots} slots for 2 waiters", stands, slots) for slots in (1, 2)]
    jobs += [(f"red without: {change[0]}", falls, change) for change in BROKEN]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [(name, pool.submit(job, options.root, options, what)) for name, job, what in jobs]
        for name, future in futures:
            try:
                good, line = future.result()
            except (LookupError, subprocess.CalledProcessError) as error:
                good, line = False, str(error)
            print(f"[{'OK' if good else 'FAILED'}] {name}: {line}", flush=True)
            passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
