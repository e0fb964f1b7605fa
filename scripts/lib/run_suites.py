#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs the tests of one Meson build folder, one process per suite program, one after the other:

    run_suites.py run BUILD_DIR [--wine] [--only PATTERN] [--suite NAME]... [--totals FILE]
    run_suites.py sum FILE...

A program passes when it ends with status 0 and has printed "N passed, N failed" alone on a line, N
passed being at least 1 and N failed 0, and no validation message. --totals leaves the result as JSON,
which 'sum' adds up over several builds. Both print the sum as their last line.
"""
import argparse
import fnmatch
import glob
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

RESULT = re.compile(rb"^(\d+) passed, (\d+) failed\r?$", re.MULTILINE)
VALIDATION = re.compile(rb"VUID-|Validation Error")
# A busy machine is slower than the one that a limit was measured on.
TIMEOUT_FACTOR = 4
# Kept out of the programs: they belong to whoever calls, and change what a test sees.
FOREIGN = ("VK_", "NTFENCE_", "MESA_", "LP_", "DISABLE_LAYER", "ENABLE_LAYER")
# The host's validation layer hears what a Windows program's driver calls become (Linux tests name
# their layers themselves).
HOST_VALIDATED = {"layer", "demo"}


def introspect(build_dir):
    listing = subprocess.run(["meson", "introspect", "--tests", build_dir],
                             check=True, capture_output=True, text=True).stdout
    return json.loads(listing)


def suites_of(test):
    return {suite.split(":")[-1] for suite in test["suite"]}


def selected(tests, only, suites):
    """Those of the named suites whose name or suite fits the pattern (a part of it is enough)."""
    for test in tests:
        names = suites_of(test)
        if suites and not names & set(suites):
            continue
        if only and not any(fnmatch.fnmatch(name, f"*{only}*") for name in names | {test["name"]}):
            continue
        yield test


def base_environment():
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # Scripts among the tests leave no __pycache__ beside their sources.
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    # Software rendering on every machine, also on one that has a GPU.
    drivers = sorted(glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json"))
    if drivers:
        env["VK_DRIVER_FILES"] = drivers[0]
    return env


def windows_path(value):
    return "Z:" + value.replace("/", "\\") if value.startswith("/") else value


def wine_command(test, rigrun):
    """The program under Wine, with the test's own variables set inside (Wine drops VK_*)."""
    variables = [f"{name}={windows_path(value)}" for name, value in test["env"].items()]
    program, *args = test["cmd"]
    return ["wine", rigrun, *variables, "--", windows_path(program), *map(windows_path, args)]


def end_group(process, wine):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if wine:
        # Windows processes leave the group; only the server knows them all.
        subprocess.run(["wineserver", "-k"], check=False)
    process.wait()


def execute(command, env, folder, timeout, wine):
    """(status or None after a time-out, output). A file, not a pipe, that a stray child could hold open."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
            end_group(process, wine)
        except BaseException:
            end_group(process, wine)
            raise
        output.seek(0)
        return status, output.read()


def judge(status, output):
    """(passed, failed, why it failed or None)"""
    results = RESULT.findall(output)
    passed, failed = map(int, results[-1]) if results else (0, 0)
    if status is None:
        why = "ran out of time"
    elif status != 0:
        why = f"status {status}" if status > 0 else f"signal {-status}"
    elif not results:
        why = "status 0, but no line 'N passed, N failed'"
    elif passed == 0 or failed > 0:
        why = "status 0, but its line says otherwise"
    elif VALIDATION.search(output):
        why = "a validation message"
    else:
        return passed, 0, None
    return passed, max(failed, 1), why


def run_test(test, build_dir, wine):
    env = base_environment()
    # Only the build's own programs are Windows ones; a script that looks at them runs here.
    in_wine = wine and test["cmd"][0].endswith(".exe")
    if in_wine:
        command = wine_command(test, str(build_dir / "tests/support/rigrun.exe"))
        if suites_of(test) & HOST_VALIDATED:
            env["VK_INSTANCE_LAYERS"] = "VK_LAYER_KHRONOS_validation"
    else:
        command = test["cmd"]
        env.update(test["env"])
    start = time.monotonic()
    status, output = execute(command, env, test["workdir"] or build_dir,
                             test["timeout"] * TIMEOUT_FACTOR, in_wine)
    passed, failed, why = judge(status, output)
    seconds = time.monotonic() - start
    print(f"  {'FAILED' if why else 'ok':6}  {seconds:6.2f} s  {passed:5}  {test['name']}", flush=True)
    if why:
        print(f"---- {test['name']}: {why}; its output:")
        sys.stdout.flush()
        sys.stdout.buffer.write(output.rstrip() + b"\n")
        print("----", flush=True)
    return {"name": test["name"], "passed": passed, "failed": failed, "seconds": seconds}


def print_sum(suites):
    passed = sum(suite["passed"] for suite in suites)
    failed = sum(suite["failed"] for suite in suites)
    print(f"{passed} passed, {failed} failed", flush=True)
    return passed > 0 and failed == 0


def command_run(args):
    build_dir = pathlib.Path(args.build_dir).resolve()
    suites = [run_test(test, build_dir, args.wine)
              for test in selected(introspect(build_dir), args.only, args.suite)]
    if args.totals:
        pathlib.Path(args.totals).write_text(json.dumps(suites, indent=1) + "\n")
    if not suites:
        print("no test fits")
    # An empty selection is no failure of one build; the sum over all of them decides.
    return print_sum(suites) or not suites


def command_sum(args):
    suites = []
    for file in map(pathlib.Path, args.files):
        part = json.loads(file.read_text())
        seconds = sum(suite["seconds"] for suite in part)
        failed = [suite["name"] for suite in part if suite["failed"]]
        print(f"{file.stem:12} {seconds:6.1f} s  {sum(suite['passed'] for suite in part):5} passed"
              + (f"  FAILED: {', '.join(failed)}" if failed else ""))
        suites += part
    return print_sum(suites)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run")
    run.add_argument("build_dir")
    run.add_argument("--wine", action="store_true")
    run.add_argument("--only")
    run.add_argument("--suite", action="append", default=[])
    run.add_argument("--totals")
    run.set_defaults(function=command_run)
    sums = commands.add_parser("sum")
    sums.add_argument("files", nargs="+")
    sums.set_defaults(function=command_sum)
    args = parser.parse_args()
    try:
        sys.exit(0 if args.function(args) else 1)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
