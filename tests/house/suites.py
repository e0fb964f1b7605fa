# SPDX-License-Identifier: Apache-2.0
"""The runner of all suites takes no silence and no lie for success. Usage: suites.py RUN_SUITES_PY"""
import importlib.util
import os
import pathlib
import sys

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
    ("a validation identifier", 0, b"VUID-vkQueueSubmit-fence-00063\n" + LINE, (1, 1)),
]


def load(path):
    spec = importlib.util.spec_from_file_location("run_suites", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged(runner, status, output, expected):
    passed, failed, _ = runner.judge(status, output)
    return [] if (passed, failed) == expected else [f"counted {passed} passed, {failed} failed"]


def ends_what_hangs(runner):
    """A program that hangs, and holds its output open in a child of its own, is ended with it."""
    script = "import os, signal; print('begin', flush=True); os.fork(); signal.pause()"
    status, output = runner.execute([sys.executable, "-c", script], dict(os.environ),
                                    pathlib.Path.cwd(), 1, False)
    return [] if status is None and output == b"begin\n" else [f"status {status}, output {output}"]


def main():
    runner = load(sys.argv[1])
    report([(f"{name} is judged rightly", judged(runner, *case)) for name, *case in JUDGED]
           + [("a program that hangs is ended", ends_what_hangs(runner))])


main()
