#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs the tests of Meson build folders, one process per suite program:

    run_suites.py run BUILD_DIR --variant NAME [--wine] [--aside yes|no] [--only PATTERN]
                     [--disturbed] [--totals FILE]
    run_suites.py sum [--complete] FILE...
    run_suites.py list BUILD_DIR...

A program passes when it ends with status 0 and has printed "N passed, N failed" alone on a line, N passed being at
least 1 and N failed 0, no validation message, and no report of a sanitizer. What the build has is compared with
expected_suites.txt (suite_list.py). --aside: only those that the list says run aside, at the priority of idle time, or
only the others. --disturbed: somebody sees to it that they are slow (disturb.py). --totals leaves the result as JSON,
which 'sum' adds up over several builds, BUILD.json and BUILD.PART.json being of one build; --complete: all builds have
to be there. Both print the sum as their last line. 'list' prints expected_suites.txt as it should be for the builds,
each in a folder with its name.
"""
import argparse
import concurrent.futures
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
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import suite_list  # noqa: E402 (beside this file, wherever it was called from)

EXPECTED = pathlib.Path(__file__).resolve().parent / "expected_suites.txt"
RESULT = re.compile(rb"^(\d+) passed, (\d+) failed\r?$", re.MULTILINE)
SKIPPED = re.compile(rb"^(\d+) skipped\r?$", re.MULTILINE)
VALIDATION = re.compile(rb"VUID-|Validation Error")
SANITIZER = re.compile(rb"(ERROR|WARNING): \w+Sanitizer|: runtime error: ")
# A busy machine is slower than the one that a limit was measured on.
TIMEOUT_FACTOR = 4
# One that gets what the others leave, or is disturbed, is slower by far.
SLOW_FACTOR = 12
# Suites whose verdict does not depend on time run this many at once.
JOBS = 2
# Kept out of the programs: they belong to whoever calls, and change what a test sees.
FOREIGN = ("VK_", "NTFENCE_", "MESA_", "LP_", "DISABLE_LAYER", "ENABLE_LAYER", "LD_PRELOAD",
           "ASAN_", "LSAN_", "TSAN_", "UBSAN_")
# The host's validation layer hears what a Windows program's driver calls become (Linux tests name
# their layers themselves).
HOST_VALIDATED = {"layer", "demo", "conformance"}
# Suites of these kinds have no Vulkan driver in their processes.
WITHOUT_DRIVER = {"support", "house", "base", "kmt", "soft", "fence", "models", "driver"}
VALIDATION_LAYER = "VK_LAYER_KHRONOS_validation"
# A program that does nothing but return this: one that ends well without having run is found out by it.
CANARY_STATUS = 5
NOT_RUN = "n/r"


def introspect(build_dir):
    listing = subprocess.run(["meson", "introspect", "--tests", build_dir],
                             check=True, capture_output=True, text=True).stdout
    return json.loads(listing)


def suites_of(test):
    return {suite.split(":")[-1] for suite in test["suite"]}


def selected(tests, only):
    """Those whose name or suite fits the pattern (a part of it is enough)."""
    for test in tests:
        if not only or any(fnmatch.fnmatch(name, f"*{only}*") for name in suites_of(test) | {test["name"]}):
            yield test


# ---- surroundings

def driver_manifest():
    """Software rendering on every machine, also on one that has a GPU."""
    return next(iter(sorted(glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json"))), None)


def base_environment():
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # Scripts among the tests leave no __pycache__ beside their sources.
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    if driver_manifest():
        env["VK_DRIVER_FILES"] = driver_manifest()
    return env


def add_option(env, name, *options):
    env[name] = ":".join([*filter(None, [env.get(name)]), *options])


def use_asan(env, test, reports, own_program):
    # Reports go to files, so that those of a test's children, wherever their output went, are seen too.
    add_option(env, "ASAN_OPTIONS", f"log_path={reports}/asan")
    add_option(env, "UBSAN_OPTIONS", "print_stacktrace=1", f"log_path={reports}/ubsan")
    if driver_manifest() and not suites_of(test) & WITHOUT_DRIVER:
        # lavapipe keeps what it has allocated in its own variables: no leak, until it is unloaded. So it stays.
        driver = json.loads(pathlib.Path(driver_manifest()).read_text())["ICD"]["library_path"]
        runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)
        # A script hands it on to the programs that it starts: an interpreter's own leaks are not ours.
        env["LD_PRELOAD" if own_program else "NTF_TEST_PRELOAD"] = f"{runtime.stdout.strip()} {driver}"


def use_tsan(env, _test, reports, _own_program):
    add_option(env, "TSAN_OPTIONS", "second_deadlock_stack=1", "atexit_sleep_ms=100", f"log_path={reports}/tsan")
    # The validation layer's own locking is reported (it is not instrumented), so it stays out.
    layers = env.get("VK_INSTANCE_LAYERS", "").split(":")
    if VALIDATION_LAYER in layers:
        env["VK_INSTANCE_LAYERS"] = ":".join(layer for layer in layers if layer != VALIDATION_LAYER)


SANITIZERS = {"asan": use_asan, "tsan": use_tsan}


def windows_path(value):
    return "Z:" + value.replace("/", "\\") if value.startswith("/") else value


def wine_command(test, rigrun):
    """The program under Wine, with the test's own variables set inside (Wine drops VK_*)."""
    variables = [f"{name}={windows_path(value)}" for name, value in test["env"].items()]
    program, *args = test["cmd"]
    return ["wine", rigrun, *variables, "--", windows_path(program), *map(windows_path, args)]


# ---- one program

def end_group(process, wine):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if wine:
        # Windows processes leave the group; only the server knows them all.
        subprocess.run(["wineserver", "-k"], check=False)
    process.wait()


# What runs now, for whoever has to end it before its time; from then on there is nothing more to tell.
live = set()
ending = threading.Event()


def execute(command, env, folder, timeout, wine):
    """(status or None after a time-out, output). A file, not a pipe, that a stray child could hold open."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        live.add(process)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
            end_group(process, wine)
        except BaseException:
            end_group(process, wine)
            raise
        finally:
            live.discard(process)
        output.seek(0)
        return status, output.read()


def judge(status, output):
    """(passed, failed, why it failed or None)"""
    results = RESULT.findall(output)
    passed, failed = map(int, results[-1]) if results else (0, 0)
    if status is None:
        why = "ran out of time"
    elif SANITIZER.search(output):
        why = "a report of a sanitizer"
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


def surroundings(test, build_dir, variant, wine, reports):
    """(command, environment, whether it is a Windows program)"""
    env = base_environment()
    own_program = test["cmd"][0].startswith(f"{build_dir}/")
    # Only the build's own programs are Windows ones; a script that looks at them runs here.
    if wine and test["cmd"][0].endswith(".exe"):
        if suites_of(test) & HOST_VALIDATED:
            env["VK_INSTANCE_LAYERS"] = VALIDATION_LAYER
        return wine_command(test, str(build_dir / "tests/support/rigrun.exe")), env, True
    env.update(test["env"])
    if variant in SANITIZERS:
        SANITIZERS[variant](env, test, reports, own_program)
    return test["cmd"], env, False


def run_test(test, build_dir, variant, wine, factor=TIMEOUT_FACTOR):
    with tempfile.TemporaryDirectory(prefix="ntfence-reports-") as reports:
        command, env, in_wine = surroundings(test, build_dir, variant, wine, reports)
        start = time.monotonic()
        status, output = execute(command, env, test["workdir"] or build_dir,
                                 test["timeout"] * factor, in_wine)
        seconds = time.monotonic() - start
        output += b"".join(path.read_bytes() for path in sorted(pathlib.Path(reports).iterdir()))
    passed, failed, why = judge(status, output)
    skipped = sum(map(int, SKIPPED.findall(output)))
    return {"name": test["name"], "passed": passed, "failed": failed, "skipped": skipped, "seconds": seconds,
            "why": why, "output": output}


def tell(result):
    """One print, so that what is told of two programs at once does not mix."""
    skipped = f"  ({result['skipped']} skipped)" if result["skipped"] else ""
    text = (f"  {'FAILED' if result['why'] else 'ok':6}  {result['seconds']:6.2f} s  {result['passed']:5}  "
            f"{result['name']}{skipped}\n")
    if result["why"]:
        output = result["output"].decode(errors="replace").replace("\r\n", "\n").rstrip()
        text += f"---- {result['name']}: {result['why']}; its output:\n{output}\n----\n"
    sys.stdout.write(text)
    sys.stdout.flush()


def run_and_tell(*args):
    result = run_test(*args)
    if not ending.is_set():
        tell(result)
    return {key: value for key, value in result.items() if key not in ("why", "output")}


# ---- one build

def broken(name, why):
    print(f"  FAILED  {name}: {why}", flush=True)
    return {"name": name, "passed": 0, "failed": 1, "seconds": 0, "skipped": 0}


def canary_status(build_dir):
    return execute(["wine", str(build_dir / "tests/support/canary.exe")], base_environment(), build_dir, 120, True)[0]


def left_out(build_dir, variant):
    """(why the build's own programs can't be run or None, failures): the canary decides."""
    status = canary_status(build_dir)
    if status == CANARY_STATUS:
        return None, []
    if variant == "win32":
        # Debian's wine64 ends an x86 program with 0, and has not run it.
        return f"x86 programs do not run here (canary returned {status})", []
    return "the canary did not run", [broken("canary", f"returned {status}, not {CANARY_STATUS}")]


def run_pool(tests, jobs, build_dir, variant, wine, *more):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(run_and_tell, test, build_dir, variant, wine, *more) for test in tests]
        try:
            return [run.result() for run in runs]
        except BaseException:
            ending.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(live):
                end_group(process, wine)
            raise


def run_aside(tests, build_dir, variant):
    if tests:
        try:  # and so is all that is started from here on
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError:  # not to be had in every container
            os.nice(19)
    return run_pool(tests, JOBS, build_dir, variant, False, SLOW_FACTOR)


def run_all(tests, lines, build_dir, variant, wine, factor):
    together = [test for test in tests if lines[test["name"]].together]
    alone = [test for test in tests if not lines[test["name"]].together]
    return (run_pool(together, JOBS, build_dir, variant, wine, factor)
            + [run_and_tell(test, build_dir, variant, wine, factor) for test in alone])


def print_sum(suites):
    passed = sum(suite["passed"] for suite in suites)
    failed = sum(suite["failed"] for suite in suites)
    print(f"{passed} passed, {failed} failed", flush=True)
    return passed > 0 and failed == 0


def command_run(args):
    build_dir = pathlib.Path(args.build_dir).resolve()
    tests = introspect(build_dir)
    lines = suite_list.read(EXPECTED.read_text())
    results = [broken("list of suites", breach)
               for breach in suite_list.breaches(lines, args.variant, [test["name"] for test in tests])
               if args.aside != "yes"]
    # What has no line is run as well: the failure is that it has none.
    for test in tests:
        lines.setdefault(test["name"], suite_list.Line(test["name"], ["all"]))
    tests = [test for test in selected(tests, args.only) if args.variant not in lines[test["name"]].not_run]
    aside = [test for test in tests if lines[test["name"]].aside and args.aside != "no"]
    tests = [test for test in tests if not lines[test["name"]].aside and args.aside != "yes"]
    not_run = []
    if args.wine and any(test["cmd"][0].endswith(".exe") for test in tests):
        reason, failures = left_out(build_dir, args.variant)
        results += failures
        if reason:
            not_run = [test["name"] for test in tests if test["cmd"][0].endswith(".exe")]
            tests = [test for test in tests if test["name"] not in not_run]
            print(f"  {reason}; {len(not_run)} suites were built and not run", flush=True)
    results += run_all(tests, lines, build_dir, args.variant, args.wine,
                       SLOW_FACTOR if args.disturbed else TIMEOUT_FACTOR)
    results += run_aside(aside, build_dir, args.variant)
    if args.totals:
        pathlib.Path(args.totals).write_text(json.dumps({"suites": results, "not_run": not_run}, indent=1) + "\n")
    if not results:
        print("no test fits")
    # An empty selection is no failure of one build; the sum over all of them decides.
    return print_sum(results) or not results


# ---- all builds

def print_table(parts):
    """Which suite ran in which build, and the seconds that it took."""
    names = list(dict.fromkeys(name for part in parts.values()
                               for name in [suite["name"] for suite in part["suites"]] + part["not_run"]))
    wide = max(map(len, names), default=0)
    print(f"{'seconds in':{wide}}", *(f"{variant:>11}" for variant in parts), sep="  ")
    for name in names:
        cells = []
        for part in parts.values():
            of_name = [suite for suite in part["suites"] if suite["name"] == name]
            if any(suite["failed"] for suite in of_name):
                cells.append("FAILED")
            elif of_name:
                cells.append(f"{of_name[0]['seconds']:.1f}")
            else:
                cells.append(NOT_RUN if name in part["not_run"] else ".")
        print(f"{name:{wide}}", *(f"{cell:>11}" for cell in cells), sep="  ")
    print(f"({NOT_RUN}: built, can't be run here; .: not in this build, or not chosen)")


def command_sum(args):
    parts = {}
    for file in map(pathlib.Path, args.files):
        part = parts.setdefault(file.name.split(".")[0], {"suites": [], "not_run": []})
        for key, of_file in json.loads(file.read_text()).items():
            part[key] += of_file
    print_table(parts)
    suites = []
    for variant, part in parts.items():
        seconds = sum(suite["seconds"] for suite in part["suites"])
        failed = [suite["name"] for suite in part["suites"] if suite["failed"]]
        print(f"{variant:12} {seconds:6.1f} s  {len(part['suites']):4} suites, "
              f"{sum(suite['passed'] for suite in part['suites']):5} passed"
              + (f", {len(part['not_run'])} suites not run" if part["not_run"] else "")
              + (f"  FAILED: {', '.join(failed)}" if failed else ""))
        suites += part["suites"]
    if args.complete:
        suites += [broken(variant, "this build did not run") for variant in suite_list.VARIANTS if variant not in parts]
    return print_sum(suites)


def command_list(args):
    names_of = {pathlib.Path(folder).name: [test["name"] for test in introspect(folder)]
                for folder in args.build_dirs}
    sys.stdout.write(suite_list.rewritten(EXPECTED.read_text(), names_of))
    return True


def interrupt(number, _frame):
    raise KeyboardInterrupt(number)


def main():
    # The programs are in sessions of their own: whoever ends this one ends them by it.
    signal.signal(signal.SIGTERM, interrupt)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run")
    run.add_argument("build_dir")
    run.add_argument("--variant", required=True)
    run.add_argument("--wine", action="store_true")
    run.add_argument("--aside", choices=("yes", "no"))
    run.add_argument("--only")
    run.add_argument("--disturbed", action="store_true")
    run.add_argument("--totals")
    run.set_defaults(function=command_run)
    sums = commands.add_parser("sum")
    sums.add_argument("--complete", action="store_true")
    sums.add_argument("files", nargs="+")
    sums.set_defaults(function=command_sum)
    lists = commands.add_parser("list")
    lists.add_argument("build_dirs", nargs="+")
    lists.set_defaults(function=command_list)
    args = parser.parse_args()
    try:
        sys.exit(0 if args.function(args) else 1)
    except KeyboardInterrupt as interrupted:
        sys.exit(128 + (interrupted.args[0] if interrupted.args else signal.SIGINT))


if __name__ == "__main__":
    main()
