#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs the measuring program (tests/bench) group by group, and says of each numbered goal whether it holds.

    bench.py measure --build DIR --out DIR [--mode full|quick|smoke] [--goal N]... [--wine] [--require N=FACTOR]...
    bench.py readme|draw --out DIR

measure writes bench.json and the pictures, and prints the table; the status is 0 only if every goal that could be
measured holds. --require makes the requirements of a goal FACTOR times as lax (below 1: stricter), to try the verdicts;
below 0: nothing meets them. readme prints the table of the last run as Markdown, draw draws its
pictures again.
"""
import argparse
import datetime
import glob
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench_code  # noqa: E402 (beside this file, wherever it was called from)
import bench_draw  # noqa: E402
import bench_goals  # noqa: E402

# Rounds of each run of a group: full, quick, smoke; and what else the program is told.
RUNS = {
    "spin": ("spin", 20000, 2000, 20, []),
    "park": ("park", 20000, 1500, 20, []),
    "frame": ("frame", 2500, 200, 4, []),
    "frame16": ("frame", 800, 60, 2, ["--variant", "1"]),
    "hogs": ("hogs", 3000, 400, 10, []),
    "mixed": ("mixed", 2000, 200, 4, []),
    "calls": ("calls", 9300, 3000, 50, []),
    "many": ("many", 9300, 3000, 50, []),
    "core": ("core", 9300, 3000, 50, []),
    "idle": ("idle", 100, 100, 100, []),
    "herd": ("herd", 300, 40, 2, []),
    "gpu": ("gpu", 5000, 500, 10, []),
    "gpu-software": ("gpu", 2000, 300, 10, ["--variant", "1"]),
}
MODES = {"full": 1, "quick": 2, "smoke": 3}
IDLE_MS = {"full": 10000, "quick": 2000, "smoke": 200}
RUN_SECONDS = {"full": 900, "quick": 120, "smoke": 30}
FOREIGN = ("VK_", "NTFENCE_", "MESA_", "LP_", "DISABLE_LAYER", "ENABLE_LAYER", "LD_PRELOAD")


def program_of(build, wine):
    return pathlib.Path(build) / "tests" / "bench" / ("ntfence-bench" + (".exe" if wine else ""))


def rounds_of(name, mode, wine):
    rounds = RUNS[name][MODES[mode]]
    # There all takes longer, and nothing is judged.
    return rounds // 4 if wine and mode != "smoke" and name != "idle" else rounds


def windows_path(value):
    return "Z:" + str(value).replace("/", "\\") if str(value).startswith("/") else str(value)


def environment(build, wine, name):
    """Nothing of the caller's; the layers of the build; software rendering, but for the group that looks for a GPU."""
    build = pathlib.Path(build)
    library = "ntfence-d3dkmt.dll" if wine else "libntfence-d3dkmt.so"
    variables = {
        "VK_LAYER_PATH": [build / "json" / "explicit", build / "tests" / "bench"],
        "NTFENCE_D3DKMT": [build / "layer" / "kmt" / "soft" / library],
        "NTFENCE_PROVIDER": ["soft"],
    }
    inside = {name: (";" if wine else ":").join(windows_path(part) if wine else str(part) for part in parts)
              for name, parts in variables.items()}
    outside = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    software = sorted(glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json"))
    if name != "gpu" and software:
        outside["VK_DRIVER_FILES"] = software[0]
    elif os.environ.get("BENCH_DRIVER_FILES"):
        outside["VK_DRIVER_FILES"] = os.environ["BENCH_DRIVER_FILES"]
    return inside, outside


def run_group(build, mode, wine, name, folder):
    """One run of the program; its series, or one that says why there are none."""
    group, *_, more = RUNS[name]
    out, page = folder / f"{name}.jsonl", pathlib.Path("/dev/shm") / f"ntfence-bench-{os.getpid()}-{name}"
    if wine or not page.parent.is_dir():
        page = folder / f"{name}.page"
    inside, outside = environment(build, wine, name)
    path = windows_path if wine else str
    command = [path(program_of(build, wine)), group, "--rounds", str(rounds_of(name, mode, wine)), "--out", path(out),
               "--page", path(page), "--milliseconds", str(IDLE_MS[mode]), *more]
    if wine:
        rigrun = pathlib.Path(build) / "tests" / "support" / "rigrun.exe"
        command = ["wine", str(rigrun), *(f"{key}={value}" for key, value in inside.items()), "--", *command]
        outside["WINEPREFIX"] = os.environ["WINEPREFIX"]
    else:
        outside |= inside
    started = time.monotonic()
    try:
        done = subprocess.run(command, env=outside, capture_output=True, text=True, errors="replace",
                              timeout=RUN_SECONDS[mode])
        said = done.stdout.strip()[-300:]
        failed = done.returncode and f"the run of '{name}' ended with status {done.returncode}: {said}"
    except subprocess.TimeoutExpired:
        failed = f"the run of '{name}' did not end"
    finally:
        page.unlink(missing_ok=True)
    series = {}
    for line in out.read_text().splitlines() if out.exists() else []:
        entry = json.loads(line)
        series[renamed(name, group, entry.pop("series"))] = entry
    print(f"  {name}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
    return series, failed


def renamed(name, group, series):
    """Two runs of one group have series of their own."""
    return series.replace(f"{group}.", f"{name}.", 1) if name != group else series


def explain_traces(series):
    for name, entry in series.items():
        if not name.startswith("trace.") or "offsets" not in entry:
            continue
        try:
            entry |= bench_code.describe(entry["module"], entry.pop("offsets"))
        except (OSError, ValueError, subprocess.CalledProcessError) as why:
            entry["missing"] = str(why)
        entry["module"] = pathlib.Path(entry["module"]).name


# ---- the machine, in general words

def machine(wine):
    cpus = len(os.sched_getaffinity(0))
    info = pathlib.Path("/proc/cpuinfo").read_text() if pathlib.Path("/proc/cpuinfo").exists() else ""
    words = [f"{cpus} processors", platform.machine()]
    if re.search(r"^flags\s*:.*\bhypervisor\b", info, re.MULTILINE):
        words.append("virtual")
    words.append("Linux " + ".".join(platform.release().split(".")[:2]))
    for package, said in (("mesa-vulkan-drivers", "Mesa"), ("libvulkan1", "loader")):
        found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
        if found.returncode == 0:
            words.append(f"{said} {found.stdout.split('-')[0]}")
    if wine:
        words.append(subprocess.run(["wine", "--version"], capture_output=True, text=True).stdout.strip())
    return ", ".join(words)


# ---- tables

def number(value, unit):
    if value is None:
        return "-"
    if unit == "x":
        return f"{value:.3g}"
    return f"{value:.3g}{' ' + unit if unit else ''}"


def bound(row, which):
    if row[which] is None:
        return "-"
    return f"{'<=' if row['most'] else '>='} {number(row[which], row['unit'])}"


def verdict_of(row, reported):
    if row["verdict"] == bench_goals.CANNOT:
        return f"can't be measured here: {row['why']}"
    if reported or not row["decides"] or row["verdict"] == bench_goals.REPORTED:
        return "reported"
    return row["verdict"] + (", stretch too" if row["verdict"] == bench_goals.HOLDS and row["stretch_met"] else "")


def goal_verdict(goal, reported):
    if goal["verdict"] == bench_goals.CANNOT:
        return f"can't be measured here: {goal['why']}"
    return "reported" if reported else goal["verdict"].upper()


COLUMNS = ("what", "measured (p50 / p90 / p99)", "limit, same run", "figure", "required", "stretch", "verdict")


def cells(row, reported):
    limit = row.get("limit", "")
    return (row["what"], row.get("measured", "-"), limit or "-", number(row.get("figure"), row["unit"]),
            bound(row, "required"), bound(row, "stretch"), verdict_of(row, reported))


def print_table(result):
    reported = result["reported_only"]
    rows = [cells(row, reported) for goal in result["goals"] for row in goal["checks"]]
    widths = [min(46, max(len(row[i]) for row in [*rows, COLUMNS])) for i in range(len(COLUMNS))]
    print("  " + "  ".join(name.ljust(width) for name, width in zip(COLUMNS, widths)))
    for goal in result["goals"]:
        print(f"goal {goal['number']}: {goal['title']}: {goal_verdict(goal, reported)}")
        for row in goal["checks"]:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells(row, reported), widths)).rstrip())


def print_readme(result):
    print(f"Measured {result['date']} by `scripts/bench{'' if result['mode'] == 'full' else ' --' + result['mode']}`: "
          f"{result['machine']}.\n")
    print("| goal | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    for goal in result["goals"]:
        for i, row in enumerate(goal["checks"]):
            label = f"{goal['number']}. {goal['title']}" if i == 0 else ""
            line = " | ".join([label, *cells(row, result["reported_only"])])
            print(f"| {line} |".replace("<=", "≤").replace(">=", "≥"))


# ---- the two modes

def measure(options):
    goals = [goal for goal in bench_goals.goals(options.wine) if not options.goal or goal.number in options.goal]
    if not goals:
        sys.exit("there is no such goal")
    wanted = [name for name in RUNS if any(name in goal.groups for goal in goals)]
    series, failures = bench_goals.Series(), {}
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        for name in wanted:
            found, failed = run_group(options.build, options.mode, options.wine, name, pathlib.Path(folder))
            series.update(found)
            if failed:
                failures[name] = failed
                print(f"error: {failed}", file=sys.stderr)
    explain_traces(series)
    scales = dict((int(number), float(factor)) for number, factor in (one.split("=") for one in options.require))
    result = {
        "date": datetime.date.today().isoformat(), "mode": options.mode, "machine": machine(options.wine),
        "reported_only": options.wine, "rounds": {name: rounds_of(name, options.mode, options.wine) for name in wanted},
        "goals": [bench_goals.judge(goal, series, scales.get(goal.number, 1)) for goal in goals],
        "failures": failures, "series": series,
    }
    (out / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    print_table(result)
    if options.mode != "smoke":
        draw(result, out)
    return result


def draw(result, out):
    try:
        print("drawn:", ", ".join(bench_draw.draw(result["series"], out)) or "nothing: no numbers for a picture")
    except bench_draw.Undrawn as why:
        result["failures"]["pictures"] = str(why)


def summary(result):
    """The last lines, and the status."""
    verdicts = [goal["verdict"] for goal in result["goals"]]
    count = {word: verdicts.count(word) for word in (bench_goals.HOLDS, bench_goals.MISSES, bench_goals.CANNOT)}
    judged = f"{count[bench_goals.HOLDS]} hold, {count[bench_goals.MISSES]} miss"
    if result["reported_only"]:
        judged = f"{len(verdicts) - count[bench_goals.CANNOT]} reported"
    print(f"{judged}, {count[bench_goals.CANNOT]} can't be measured here; {result['machine']}; {result['mode']}")
    for name, why in result["failures"].items():
        print(f"FAILED: {why}")
    if result["failures"]:
        return 1
    return 0 if result["reported_only"] else int(count["misses"] > 0 or count["holds"] == 0 and len(verdicts) > 1)


def main():
    parser = argparse.ArgumentParser()
    modes = parser.add_subparsers(dest="command", required=True)
    run = modes.add_parser("measure")
    run.add_argument("--build", required=True)
    run.add_argument("--out", required=True)
    run.add_argument("--mode", choices=MODES, default="full")
    run.add_argument("--goal", type=int, action="append", default=[])
    run.add_argument("--wine", action="store_true")
    run.add_argument("--require", action="append", default=[])
    for command in ("readme", "draw"):
        modes.add_parser(command).add_argument("--out", required=True)
    options = parser.parse_args()
    if options.command != "measure":
        latest = pathlib.Path(options.out) / "bench.json"
        if not latest.exists():
            sys.exit(f"there is no {latest}: run scripts/bench first")
        result = json.loads(latest.read_text())
        if options.command == "readme":
            print_readme(result)
        else:
            draw(result, options.out)
        return int("pictures" in result["failures"])
    return summary(measure(options))


if __name__ == "__main__":
    sys.exit(main())
