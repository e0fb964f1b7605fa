# SPDX-License-Identifier: Apache-2.0
"""
A built library exports the names of one pattern and nothing else.
Usage: exports.py --breach FIXTURE LIBRARY PATTERN, the fixture having one export too many.
"""
import pathlib
import re
import struct
import subprocess
import sys

from report import report


def elf_exports(path):
    listing = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", path],
                             check=True, capture_output=True, text=True).stdout
    return [line.split()[0].split("@")[0] for line in listing.splitlines()]


def pe_exports(data):
    """The names in a PE file's export table; an export without a name counts as '#ordinal'."""
    def unpack(form, offset):
        return struct.unpack_from("<" + form, data, offset)

    pe = unpack("I", 0x3C)[0]
    if data[pe:pe + 4] != b"PE\0\0":
        raise ValueError("not a PE file")
    section_count, optional_size = unpack("H", pe + 6)[0], unpack("H", pe + 20)[0]
    optional = pe + 24
    # The data directories follow a header whose length depends on PE32 or PE32+.
    directories = optional + (112 if unpack("H", optional)[0] == 0x20B else 96)
    sections = [unpack("IIII", optional + optional_size + 40 * i + 8) for i in range(section_count)]

    def offset_of(address):
        for size, start, raw_size, raw in sections:
            if start <= address < start + max(size, raw_size):
                return address - start + raw
        raise ValueError(f"address {address:#x} is in no section")

    table_address = unpack("I", directories)[0]
    if table_address == 0:
        return []
    table = offset_of(table_address)
    base, function_count, name_count, functions, names, ordinals = unpack("IIIIII", table + 16)
    exports, named = [], set()
    for i in range(name_count):
        start = offset_of(unpack("I", offset_of(names) + 4 * i)[0])
        exports.append(data[start:data.index(b"\0", start)].decode())
        named.add(unpack("H", offset_of(ordinals) + 2 * i)[0])
    exports += [f"#{base + i}" for i in range(function_count)
                if i not in named and unpack("I", offset_of(functions) + 4 * i)[0]]
    return exports


def breaches(path, pattern):
    data = pathlib.Path(path).read_bytes()
    exports = pe_exports(data) if data[:2] == b"MZ" else elf_exports(path)
    if not exports:
        return ["nothing is exported"]
    return [f"exported: {name}" for name in exports if not re.fullmatch(pattern, name)]


def self_check(fixture, pattern):
    """The fixture's two exports, one of which the pattern allows: the other one is the breach."""
    found = breaches(fixture, pattern)
    return [] if len(found) == 1 else [f"expected one breach in the fixture, found {found}"]


def main():
    _, switch, fixture, library, pattern = sys.argv
    if switch != "--breach":
        sys.exit(__doc__)
    report([("the one export too many is found", self_check(fixture, pattern)),
            (f"{pathlib.Path(library).name} exports {pattern} only", breaches(library, pattern))])


main()
