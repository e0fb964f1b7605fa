# SPDX-License-Identifier: Apache-2.0
"""
Every entry of soft's list of deviations is shown by a test, and every deviation that a row of the
facts names is an entry. Usage: deviations.py DEVIATIONS_MD TESTS_SOFT_DIR

An entry names tests in its last column ("file: test, test; file: test"), or a test's source names
the entry by its number ("deviation 9", ROW_DEVIATES).
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "house"))
from report import planted, report  # noqa: E402

# What no test on one machine with one session can show.
UNSHOWN = {12: "it takes two sessions of Windows"}


def entries(text):
    """{number: the column "Shown by"}"""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].isdigit():
            if int(cells[0]) in found:
                raise SystemExit(f"two entries {cells[0]}")
            found[int(cells[0])] = cells[-1]
    return found


def tests_named(column):
    """(file, test) pairs of "share: one, two (why); waits: three"; "-" has none."""
    column = re.sub(r"\([^)]*\)", "", column)
    for part in column.split(";"):
        if ":" in part:
            file, tests = part.split(":", 1)
            for test in tests.split(","):
                yield file.strip(), test.strip()


def is_test(source, test):
    """Defined, and in the list of those that are run."""
    name = re.escape(test)
    return (re.search(rf"^static void {name}\(void \*\*state\)", source, re.M) is not None
            and re.search(rf"\b(cmocka_unit_test\w*|TEST)\({name}\b", source) is not None)


def breaches(listed, sources):
    """sources: {path below tests/soft: text}"""
    by_number, by_rows = set(), set()
    for text in sources.values():
        by_number |= {int(number) for number in re.findall(r"\bdeviation (\d+)\b", text)}
        by_rows |= {int(number) for number in
                    re.findall(r"ROW_DEVIATES\([^;{}]*?\b[A-Z_]+,\s*(\d+),\s*[A-Z_]+\),", text)}
    found = [f"deviation {number} is named in a test and is no entry"
             for number in sorted((by_number | by_rows) - set(listed))]
    for number, column in listed.items():
        named = list(tests_named(column))
        for file, test in named:
            texts = [sources.get(f"{file}{end}", "") for end in (".c", "_posix.c")]
            if not any(is_test(text, test) for text in texts):
                found.append(f"entry {number} names the test {file}: {test}, which there is not")
        if not named and number not in by_number | by_rows | set(UNSHOWN):
            found.append(f"entry {number} is shown by no test")
    return found


def main():
    listed = entries(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(sys.argv[2])
    sources = {str(path.relative_to(folder)): path.read_text()
               for path in sorted(folder.glob("**/*.c"))}
    seed = {1: "a: runs", 2: "a: is_gone", 3: "a: not_run", 4: "-", 5: "-", 12: "-"}
    source = ("static void runs(void **state)\n{\n}\n"
              "static void not_run(void **state)\n{\n}\n"
              "cmocka_unit_test(runs) /* deviation 5 */ deviation 77\n"
              'ROW_DEVIATES("x", "y", run, 0, 1, SUCCESS, 78,\n             PENDING),\n')
    wrong = breaches(seed, {"a.c": source})
    for number, why in UNSHOWN.items():
        print(f"  entry {number} has no test: {why}")
    report([
        ("breaches are found",
         planted(wrong, ["a: is_gone", "a: not_run", "entry 4 is", "77", "78"])
         + [line for line in wrong if re.search(r"entry (1|5|12) ", line)]),
        (f"each of {len(listed)} deviations is shown by a test", breaches(listed, sources)
         + ([] if listed else ["the list is empty"])),
    ])


main()
