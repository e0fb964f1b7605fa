# SPDX-License-Identifier: Apache-2.0
"""
The structures of kmt/d3dkmt.h against the declarations of other people: mingw-w64's for the NT
types, and for the D3DKMT ones, of which no mingw-w64 package of Debian has any, Wine's
(scripts/lib/mingw_headers.sh). Usage: structs.py LAYER_DIR HEADERS_DIR COMPILER...

Names clash, so each side is a translation unit of its own; both put sizes and offsets into a
section of their object file, and those are compared. Nothing is linked or run.
"""
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "house"))
from report import planted, report  # noqa: E402

# The structures that fences need of the D3DKMT calls; that of GetDeviceState is documented nowhere in full.
TABLE_1_1 = """
    OPENNATIVEFENCEFROMNTHANDLE CREATENATIVEFENCE CREATESYNCHRONIZATIONOBJECT2
    OPENSYNCOBJECTFROMNTHANDLE OPENSYNCOBJECTFROMNTHANDLE2 OPENSYNCHRONIZATIONOBJECT
    OPENSYNCOBJECTNTHANDLEFROMNAME OPENNTHANDLEFROMNAME WAITFORSYNCHRONIZATIONOBJECTFROMCPU
    SIGNALSYNCHRONIZATIONOBJECTFROMCPU DESTROYSYNCHRONIZATIONOBJECT OPENRESOURCEFROMNTHANDLE
    QUERYRESOURCEINFOFROMNTHANDLE CREATEKEYEDMUTEX CREATEKEYEDMUTEX2 OPENKEYEDMUTEX OPENKEYEDMUTEX2
    OPENKEYEDMUTEXFROMNTHANDLE ACQUIREKEYEDMUTEX ACQUIREKEYEDMUTEX2 RELEASEKEYEDMUTEX
    RELEASEKEYEDMUTEX2 DESTROYKEYEDMUTEX OPENADAPTERFROMLUID ENUMADAPTERS2 CREATEDEVICE
    DESTROYDEVICE CLOSEADAPTER QUERYADAPTERINFO ISFEATUREENABLED
""".split()

# Those that the pinned packages do not declare: a newer package that does makes this list wrong.
UNDECLARED = """
    OPENNATIVEFENCEFROMNTHANDLE CREATENATIVEFENCE OPENNTHANDLEFROMNAME
    WAITFORSYNCHRONIZATIONOBJECTFROMCPU SIGNALSYNCHRONIZATIONOBJECTFROMCPU ACQUIREKEYEDMUTEX
    ACQUIREKEYEDMUTEX2 RELEASEKEYEDMUTEX RELEASEKEYEDMUTEX2 ISFEATUREENABLED
""".split()

NT_NAMES = {"ntf_luid": "LUID", "ntf_unicode_string": "UNICODE_STRING",
            "ntf_object_attributes": "OBJECT_ATTRIBUTES"}

# A spare word at the end of these two, which Wine leaves out; the sizes are compared all the same.
NOT_THEIRS = {("D3DDDI_SYNCHRONIZATIONOBJECTINFO2", "MonitoredFence.Padding"),
              ("D3DDDI_SYNCHRONIZATIONOBJECTINFO2", "PeriodicMonitoredFence.Padding")}

OURS = '#include "kmt/d3dkmt.h"\n'
THEIRS = "#include <windows.h>\n#include <winternl.h>\n#include <d3dkmthk.h>\n"
SECTION = "ntfrows"
CHECKS = '#include "kmt/d3dkmt_layout.h"'


def layouts(checks):
    """{structure: [field]}, from the text of the layout checks."""
    found = {}
    layout = r"^NTF_LAYOUT\((\w+), \d+, \d+,((?:\s*AT\([^)]*\))+)\)"
    for name, body in re.findall(layout, checks, re.M):
        found[name] = re.findall(r"AT\(([\w.]+),", body)
    written = len(re.findall(r"^NTF_LAYOUT\(", checks, re.M))
    fields = len(re.findall(r"\bAT\([\w.]+, \d+, \d+\)", checks))
    if (len(found), sum(map(len, found.values()))) != (written, fields):
        raise SystemExit(f"of {written} layout checks {len(found)} were understood")
    return found


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{done.stderr}")
    return done.stdout


def declared(compiler, flags, source):
    """{name: the file that declares it} of every typedef that ends a structure."""
    found, file = {}, ""
    for line in run([*compiler, *flags, "-E", "-x", "c", "-"], input=source).splitlines():
        marker = re.match(r'# \d+ "(.*)"', line)
        if marker:
            file = marker[1]
        end = re.match(r"\s*}\s*(\w+)\s*[;,]", line)
        if end:
            found[end[1]] = file
    return found


def section_of(data, wanted):
    """The bytes of a section of a COFF object."""
    count, = struct.unpack_from("<H", data, 2)
    optional, = struct.unpack_from("<H", data, 16)
    for i in range(count):
        at = 20 + optional + 40 * i
        name = data[at:at + 8].rstrip(b"\0").decode()
        size, start = struct.unpack_from("<II", data, at + 16)
        if name == wanted:
            return data[start:start + size]
    raise SystemExit(f"no section {wanted} in the object")


def measure(compiler, flags, source, structures, names):
    """{(structure, field or ''): (offset, size)} as this compiler sees them declared by source."""
    keys, rows = [], []
    for structure, fields in structures.items():
        name = names.get(structure, structure)
        keys.append((structure, ""))
        rows.append(f"0, sizeof({name})")
        for field in fields:
            keys.append((structure, field))
            rows.append(f"offsetof({name}, {field}), sizeof((({name} *)0)->{field})")
    text = (source + "#include <stddef.h>\n"
            f'__attribute__((section("{SECTION}"), used)) static const unsigned rows[] = {{\n'
            + ",\n".join(rows) + "\n};\n")
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / "unit.c"
        unit.write_text(text)
        run([*compiler, "-std=c11", *flags, "-c", unit, "-o", unit.with_suffix(".o")])
        data = section_of(unit.with_suffix(".o").read_bytes(), SECTION)
    # A section may be longer: it is padded to its alignment.
    values = struct.unpack_from(f"<{2 * len(keys)}I", data)
    return {key: values[2 * i:2 * i + 2] for i, key in enumerate(keys)}


def differences(ours, theirs):
    return [f"{structure}{'.' + field if field else ''}: ours {ours[structure, field]}, "
            f"theirs {theirs[structure, field]} (offset, size)"
            for structure, field in theirs if ours[structure, field] != theirs[structure, field]]


def altered(header, layer, folder):
    """Our header with handles of 64 bits, less its own checks, which would not let it through."""
    if CHECKS not in header:
        raise SystemExit(f"kmt/d3dkmt.h does not have the line {CHECKS}")
    text = header.replace(CHECKS, "")
    text = text.replace("typedef uint32_t D3DKMT_HANDLE;", "typedef uint64_t D3DKMT_HANDLE;")
    (folder / "kmt").mkdir()
    (folder / "kmt/d3dkmt.h").write_text(text)
    return ["-I", str(folder), "-I", str(layer)]


def main():
    layer, headers, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    if not headers.is_dir():
        raise SystemExit(f"{headers} is missing: scripts/lib/mingw_headers.sh makes it")
    header = (layer / "kmt/d3dkmt.h").read_text()
    own = run([*compiler, "-print-file-name=include"]).strip()
    # The package's headers alone, and of the compiler's only its own: bookworm's are older.
    their_flags = ["-nostdinc", "-D_WIN32_WINNT=0x0A00", "-isystem", own,
                   "-isystem", str(headers / "mingw"), "-isystem", str(headers / "wine")]
    all_of_ours = layouts((layer / "kmt/d3dkmt_layout.h").read_text())
    sources = declared(compiler, their_flags, THEIRS)
    common = {name: [field for field in fields if (name, field) not in NOT_THEIRS]
              for name, fields in all_of_ours.items() if NT_NAMES.get(name, name) in sources}
    ours = measure(compiler, ["-I", str(layer)], OURS, common, {})
    theirs = measure(compiler, their_flags, THEIRS, common, NT_NAMES)
    with tempfile.TemporaryDirectory() as folder:
        flags = altered(header, layer, pathlib.Path(folder))
        wrong = differences(measure(compiler, flags, OURS, common, {}), theirs)
    for name in all_of_ours:
        source = sources.get(NT_NAMES.get(name, name))
        print(f"  {name}: {pathlib.Path(source).name if source else 'declared by nobody else'}")
    table = {f"D3DKMT_{name}" for name in TABLE_1_1}
    undeclared = {f"D3DKMT_{name}" for name in UNDECLARED}
    absent = sorted(table - set(common))
    report([
        ("every structure of table 1.1 is laid out in our header",
         [f"{name} is not" for name in sorted(table - set(all_of_ours))]),
        ("the list of those that nobody else declares is right",
         [f"{name}: {'not in the list' if name in absent else 'declared now'}"
          for name in sorted(undeclared ^ set(absent))]),
        ("mingw-w64's NT types are among the compared",
         [f"{name} is not" for name in NT_NAMES if name not in common]),
        ("handles of 64 bits are found out",
         planted(wrong, ["D3DKMT_OPENADAPTERFROMLUID: ours",
                         "D3DKMT_OPENADAPTERFROMLUID.hAdapter: ours",
                         "D3DKMT_CREATESYNCHRONIZATIONOBJECT2.hSyncObject: ours"])),
        (f"{len(common)} structures, {len(theirs)} sizes and offsets are theirs",
         differences(ours, theirs)),
    ])


main()
