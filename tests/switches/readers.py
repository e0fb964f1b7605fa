# SPDX-License-Identifier: Apache-2.0
"""Only these files of the layer read variables; elevated.c has each of them under test. Usage: readers.py LAYER"""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
from report import planted, report  # noqa: E402

# The last one is in the stand-alone library only, for tests; soft-play has it under test.
READERS = {"base/settings.c", "vulkan/origin.c", "kmt/soft/play.c"}
# The operation itself, which asks nobody.
OPERATION = {"base/os/posix/environment.c", "base/os/win32/environment.c", "base/os/os.h"}
CALL = re.compile(r"\b(\w*getenv\w*|GetEnvironmentVariable\w*|GetEnvironmentStrings\w*|environ)\b")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def breaches(layer):
    for path in sorted(layer.rglob("*.[ch]")):
        name = path.relative_to(layer).as_posix()
        found = set(CALL.findall(COMMENT.sub("", path.read_text())))
        if name in OPERATION or name.startswith("info/"): # a program, which tells what it finds
            continue
        if name in READERS:
            found.discard("ntf_os_getenv")
        for call in sorted(found):
            yield f"{name}: {call}"


def self_check():
    with tempfile.TemporaryDirectory() as folder:
        layer = pathlib.Path(folder)
        (layer / "base").mkdir()
        (layer / "base/settings.c").write_text("ntf_os_getenv(a, b, c); secure_getenv(d);\n")
        (layer / "base/log.c").write_text("/* getenv */ x = getenv(y);\n")
        return planted(list(breaches(layer)), ["settings.c: secure_getenv", "log.c: getenv"])


def main():
    layer = pathlib.Path(sys.argv[1])
    report([("a planted reader is found", self_check()), ("nobody else reads variables", list(breaches(layer))),
            ("the list is not older than the layer",
             [f"{name} is gone" for name in READERS | OPERATION if not (layer / name).is_file()])])


main()
