#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page protocol under spin (page.pml): every interleaving, somebody killed at every step, and each broken variant
that has to be found out.

Usage: page.py [--jobs 2]
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).resolve().with_name("page.pml")

# What has to hold: name, switches.
STANDS = [
    ("a signaller dies, a slot for each waiter", ["SLOTS=2"]),
    ("a signaller dies, one slot for both waiters", ["SLOTS=1"]),
    ("a waiter dies, one slot for all", ["SLOTS=1", "VICTIM_WAITS=1"]),
    ("a signaller dies, bits stay set, wakes by owner", ["SLOTS=2", "BELL=1", "STICKY=1"]),
    ("a signaller dies, wakes by owner", ["SLOTS=2", "BELL=1"]),
    ("a dead signaller's wake is made up for by the next one", ["SLOTS=2", "MAKEUP=1"]),
    ("a value that never comes, and a deadline, in a slot or without", ["SLOTS=1", "DEADLINE=1"]),
    ("the same, wakes by owner", ["SLOTS=1", "DEADLINE=1", "BELL=1"]),
]
# What has to be found out: name, switches.
FALLS = [
    ("no re-read after arming", ["BROKEN=1"]),
    ("the word is read after the re-read", ["BROKEN=2"]),
    ("the target goes before the wake", ["BROKEN=3", "SLOTS=2", "MAKEUP=1"]),
    ("no re-read after the overflow bit", ["BROKEN=4"]),
    ("no re-read while parked, and somebody dies", ["BROKEN=5"]),
    ("a dead owner's slot is never taken over", ["BROKEN=6", "VICTIM_WAITS=1"]),
    ("the owner is written after the re-read", ["BROKEN=7", "SLOTS=2", "BELL=1"]),
    ("the bits are read before the value is stored", ["BROKEN=8"]),
    ("a parked waiter does not look at its deadline", ["BROKEN=9", "DEADLINE=1"]),
]


def check(switches, speed):
    """True, False for an error that spin found, None when the search did not come to its end; and what was said."""
    with tempfile.TemporaryDirectory() as folder:
        run = lambda *command: subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        made = run("spin", *[f"-D{switch}" for switch in switches], "-a", str(MODEL))
        if made.returncode != 0:
            return None, made.stdout
        # Every state is remembered by a hash of 64 bits: the search is complete but for collisions of those.
        built = run("gcc", speed, "-w", "-DSAFETY", "-DNOFAIR", "-DHC4", "-DMEMLIM=6000", "-o", "pan", "pan.c")
        if built.returncode != 0:
            return None, built.stdout
        out = run("./pan", "-m100000", "-w26").stdout
    found = next((line for line in out.splitlines() if "errors:" in line), "")
    states = next((line.strip() for line in out.splitlines() if "states, stored" in line), "")
    why = next((line for line in out.splitlines() if line.startswith("pan:1:")), "")
    if "errors: 0" in found:
        unfinished = "Search not completed" in out or "max search depth too small" in out
        return None if unfinished else True, states
    return False if why else None, why or out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    # What falls does so soon: compiling it well would take longer.
    jobs = [(name, s, True, "-O2") for name, s in STANDS] + [(f"red: {name}", s, False, "-O0") for name, s in FALLS]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (name, _, wanted, _), (got, text) in zip(jobs, pool.map(lambda job: check(job[1], job[3]), jobs)):
            print(f"[{'OK' if got is wanted else 'FAILED'}] {name}: {text}", flush=True)
            passed, failed = passed + (got is wanted), failed + (got is not wanted)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
