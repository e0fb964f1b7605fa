# SPDX-License-Identifier: Apache-2.0
"""
Every trap of the list has a row in TRAPS.md, and every test that a row names is there and is run.
Usage: traps.py TRAPS_MD TESTS_DIR

The last column is "folder/file: test, test; folder/file: test". A file without an end is a C program; a Python script
is named with its own, and what stands behind it is something that it does by that name.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "house"))
from report import planted, report  # noqa: E402

TRAPS = range(1, 35)


def rows(text):
    """[(number, the column "Shown by")]"""
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].isdigit():
            yield int(cells[0]), cells[-1]


def tests_named(column):
    for part in column.split(";"):
        file, colon, tests = part.partition(":")
        if colon:
            for test in tests.split(","):
                yield file.strip(), test.strip()


def is_run(file, source, test):
    """Defined, and in a list of those that are run."""
    name = re.escape(test)
    if file.endswith(".py"):
        return re.search(rf"\b{name}\b", source) is not None
    return (re.search(rf"^static void {name}\(void \*\*state\)", source, re.M) is not None
            and re.search(rf"\b([A-Z_]*TEST|CASE|cmocka_unit_test\w*)\({name}\b", source) is not None)


def breaches(table, read):
    """read(path below tests): its text, or None"""
    listed = list(rows(table))
    numbers = [number for number, _ in listed]
    for number in TRAPS:
        if numbers.count(number) != 1:
            yield f"trap {number} has {numbers.count(number)} rows"
    for number in sorted(set(numbers) - set(TRAPS)):
        yield f"row {number} is no trap"
    for number, column in listed:
        named = list(tests_named(column))
        if not named:
            yield f"trap {number} names no test"
        for file, test in named:
            source = read(file if file.endswith(".py") else f"{file}.c")
            if source is None or not is_run(file, source, test):
                yield f"trap {number} names {file}: {test}, which there is not"


def main():
    table = pathlib.Path(sys.argv[1]).read_text()
    folder = pathlib.Path(sys.argv[2])

    def read(file):
        path = folder / file
        return path.read_text() if path.is_file() else None

    seed = "\n".join(f"| {number} | x | a/b: runs |" for number in TRAPS if number not in (5, 6, 7, 8, 9, 10))
    seed += "\n| 5 | x | a/b: runs |\n| 5 | x | a/b: runs |\n| 77 | x | a/b: runs |\n| 7 | x | - |"
    seed += "\n| 8 | x | a/b: runs, is_gone |\n| 9 | x | a/b: not_run |\n| 10 | x | a/c: runs; a/d.py: there |"
    files = {"a/b.c": "static void runs(void **state)\n{\n}\nstatic void not_run(void **state)\n{\n}\nCASE(runs, 0)\n",
             "a/d.py": "there = 1"}
    wrong = list(breaches(seed, files.get))
    expected = ["trap 5 has 2", "trap 6 has 0", "row 77", "trap 7 names no", "a/b: is_gone", "a/b: not_run",
                "a/c: runs"]
    report([
        ("breaches are found", planted(wrong, expected) + ([] if len(wrong) == len(expected) else wrong)),
        (f"each of {len(TRAPS)} traps has a test", list(breaches(table, read))),
    ])


main()
