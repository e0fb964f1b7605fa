# SPDX-License-Identifier: Apache-2.0
"""
scripts/bench works at all: a few rounds of everything, and its verdicts can come out either way.
Usage: smoke.py BENCH_PY BUILD_DIR OUT_DIR
"""
import json
import pathlib
import re
import subprocess
import sys

GOALS = 22


def bench(script, *arguments):
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


def every_goal(done, result):
    numbers = [goal["number"] for goal in result["goals"]]
    if numbers != list(range(1, GOALS + 1)):
        yield f"goals in the JSON: {numbers}"
    for number in range(1, GOALS + 1):
        if not re.search(rf"^goal {number}: .*: (HOLDS|MISSES|can't be measured here: .+)$", done.stdout, re.MULTILINE):
            yield f"goal {number} has no line with a verdict"


def everything_runs(result):
    yield from (f"{name}: {why}" for name, why in result["failures"].items())
    for goal in result["goals"]:
        # A machine that builds this may have no GPU; all else has to be measured, or the table says less than it seems.
        for row in goal["checks"]:
            if row["verdict"].startswith("can't") and goal["number"] != 22:
                yield f"goal {goal['number']}, {row['what']}: {row['why']}"


def traces_see(result):
    """A signal goes up by a locked compare-and-swap: if none is found, none would be found where it is forbidden."""
    signal = result["series"].get("trace.signal", {})
    if "missing" not in signal and not (signal.get("locked") and signal.get("stores")):
        yield "no locked instruction and no store was found in a signal"


def impossible(script, build, out):
    """Goal 7 holds; when what it asks for is impossible it misses, and the status says so."""
    common = ["measure", "--build", build, "--out", out, "--mode", "smoke", "--goal", "7"]
    if bench(script, *common).returncode != 0:
        yield "status of a goal that holds: not 0"
    done = bench(script, *common, "--require", "7=-1")
    if done.returncode == 0 or "goal 7: extension not enabled: MISSES" not in done.stdout:
        yield f"status of a goal that cannot hold: {done.returncode}"


def readme(script, out):
    done = bench(script, "readme", "--out", out)
    if done.returncode != 0 or "| goal |" not in done.stdout:
        yield f"no table: {done.stdout}{done.stderr}"


def main():
    script, build, out = sys.argv[1:]
    done = bench(script, "measure", "--build", build, "--out", out, "--mode", "smoke")
    result = {"goals": [], "failures": {"all": done.stdout[-500:] + done.stderr[-500:]}, "series": {}}
    file = pathlib.Path(out) / "bench.json"
    if done.returncode in (0, 1) and file.exists():
        result = json.loads(file.read_text())
    checks = [("every goal has a line", list(every_goal(done, result))),
              ("everything runs and is measured", list(everything_runs(result))),
              ("a trace sees what it looks for", list(traces_see(result))),
              ("the table for the README", list(readme(script, out))),
              ("an impossible requirement is missed", list(impossible(script, build, out)))]
    for name, breaches in checks:
        print(f"[{'FAILED' if breaches else 'OK'}] {name}", *breaches, sep="\n  ")
    failed = sum(bool(breaches) for _, breaches in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
