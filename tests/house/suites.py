# SPDX-License-Identifier: Apache-2.0
"""The runner of all suites takes no silence and no lie for success. Usage: suites.py RUN_SUITES_PY"""
import argparse
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import sys
import tempfile

from report import report

LINE = b"1 passed, 0 failed\n"
# Status (None: out of time) and output of a program; passed and failed as the runner has to count them.
JUDGED = [
    ("a good run", 0, b"noise\n" + LINE, (1, 0)),
    ("a good run on Windows", 0, b"7 passed, 0 failed\r\n", (7, 0)),
    ("the last line counts", 0, b"1 passed, 1 failed\n" + LINE, (1, 0)),
    ("silence", 0, b"", (0, 1)),
    ("the line inside another", 0, b"well: " + LINE, (0, 1)),
    ("nothing passed", 0, b"0 passed, 0 failed\n", (0, 1)),
    ("status 0 in spite of failures", 0, b"3 passed, 2 failed\n", (3, 2)),
    ("a failing status in spite of the line", 3, LINE, (1, 1)),
    ("a signal after the line", -11, LINE, (1, 1)),
    ("out of time", None, LINE, (1, 1)),
    ("a validation message", 0, b"Validation Error: [ x ]\n" + LINE, (1, 1)),
    ("a report of TSan in spite of status 0", 0, b"WARNING: ThreadSanitizer: data race\n" + LINE, (1, 1)),
    ("a report of ASan in a child", 0, LINE + b"==7==ERROR: LeakSanitizer: detected\n", (1, 1)),
    ("a report of UBSan", 0, b"a.c:1:2: runtime error: shift\n" + LINE, (1, 1)),
    ("a validation identifier", 0, b"VUID-vkQueueSubmit-fence-00063\n" + LINE, (1, 1)),
]


def load(path):
    spec = importlib.util.spec_from_file_location("run_suites", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def children_are_heard(runner):
    """A report that a program's child wrote to a file is found; the program itself has said that all is well."""
    script = ("import os; path = os.environ['TSAN_OPTIONS'].split('log_path=')[1].split(':')[0];"
              "open(path + '.7', 'w').write('WARNING: ThreadSanitizer: data race\\n'); print('1 passed, 0 failed')")
    test = {"name": "x", "suite": ["x"], "cmd": [sys.executable, "-c", script], "env": {}, "workdir": None,
            "timeout": 9}
    result = runner.run_test(test, pathlib.Path.cwd(), "tsan", False)
    return [] if result["why"] else ["nothing was seen"]


def judged(runner, status, output, expected):
    passed, failed, _ = runner.judge(status, output)
    return [] if (passed, failed) == expected else [f"counted {passed} passed, {failed} failed"]


# The list of suites, a build, the suites that it has; what has to be said about them.
LISTED = [
    ("as it should be", "a linux\nb -linux linux-gcc  # once\n", "tsan", ["a", "b"], []),
    ("a missing suite", "a all\nb linux\n", "asan", ["a"], ["b is MISSING from asan"]),
    ("an unlisted suite", "a all\n", "win64", ["a", "new"], ["new has no line"]),
    ("a suite in a build that its line does not name", "a linux\n", "win32", ["a"], ["a is in win32"]),
    ("one that is not run may be missing", "a linux64 -linux-m32\n", "linux-m32", [], []),
]


def listed(suite_list, text, variant, names, expected):
    found = list(suite_list.breaches(suite_list.read(text), variant, names))
    if len(found) == len(expected) and all(part in line for part, line in zip(expected, found)):
        return []
    return [f"said {found}"]


def rewritten(suite_list):
    """What is known of a suite stays, what is new is added, what is gone goes; a second time changes nothing."""
    text = ("# comment\na                          -linux linux-gcc together\nb                          linux aside\n"
            "gone                       linux-gcc\n")
    names_of = {variant: ["a", "b", "new"] for variant in suite_list.LINUX}
    expected = ("# comment\na                          -linux linux-gcc together\n"
                "b                          linux aside\nnew                        linux\n")
    once = suite_list.rewritten(text, names_of)
    twice = suite_list.rewritten(once, names_of)
    return [] if once == twice == expected else [once]


def adds_up(runner, failed):
    """Two parts of one build are one column; a failure in the second is one of the whole."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        files = [pathlib.Path(folder) / name for name in ("asan.json", "asan.aside.json")]
        for file, bad in zip(files, (0, failed)):
            suite = {"name": file.name, "passed": 5, "failed": bad, "skipped": 0, "seconds": 1}
            file.write_text(json.dumps({"suites": [suite], "not_run": []}))
        good = runner.command_sum(argparse.Namespace(files=files, complete=False))
    last = said.getvalue().splitlines()[-1]
    return [] if (good, last) == (not failed, f"10 passed, {failed} failed") else [said.getvalue()]


def ends_what_hangs(runner):
    """A program that hangs, and holds its output open in a child of its own, is ended with it."""
    script = "import os, signal; print('begin', flush=True); os.fork(); signal.pause()"
    status, output = runner.execute([sys.executable, "-c", script], dict(os.environ),
                                    pathlib.Path.cwd(), 1, False)
    return [] if status is None and output == b"begin\n" else [f"status {status}, output {output}"]


def main():
    runner = load(sys.argv[1])
    report([(f"{name} is judged rightly", judged(runner, *case)) for name, *case in JUDGED]
           + [(f"the list of suites: {name}", listed(runner.suite_list, *case)) for name, *case in LISTED]
           + [("the list of suites is written anew", rewritten(runner.suite_list)),
              ("the parts of a build are added up", adds_up(runner, 0)),
              ("a failure in a part of a build is one", adds_up(runner, 2)),
              ("a report of a child is heard", children_are_heard(runner)),
              ("a program that hangs is ended", ends_what_hangs(runner))])


main()
