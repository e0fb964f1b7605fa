# SPDX-License-Identifier: Apache-2.0
"""Reads the layer's includes and conditionals, and fails when a floor is breached. Usage: floors.py LAYER"""
import pathlib
import re
import sys
import tempfile

from report import planted, report

# A file includes only from its own floor or below.
FLOORS = {"base": 0, "kmt": 1, "fence": 2, "vulkan": 3, "info": 4}
# The public header speaks Vulkan, so it belongs to the floor that does.
PUBLIC_HEADER = "ntfence.h"
# The one file beside os/ that may ask which compiler it has.
ATOMICS = "base/atomic.h"

# The model checker's stand-in for the atomics, which the tests bring.
MODEL_CHECKER = "ntf_relacy.h"

# Outside os/ only what C itself gives, less what belongs to an operating system's way of doing it
# (errno, signals, threads, clocks). A list of what is allowed misses nothing.
C_HEADERS = set("""assert.h ctype.h float.h inttypes.h limits.h math.h stdalign.h stdarg.h stdatomic.h
    stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h uchar.h wchar.h""".split())
ATOMICS_HEADERS = C_HEADERS | {"atomic", "intrin.h"}
VULKAN_HEADER = re.compile(r"(vulkan|vk_video)/\w+\.h$")
WIN32_HEADERS = {"windows.h"}

PLATFORM_MACRO = re.compile(
    r"\b(_?WIN(32|64)|_WIN32_WINNT|WINVER|__linux(__)?|__unix(__)?|__APPLE__|__ANDROID__|__CYGWIN__|"
    r"__MINGW\w*|_MSC_\w+|__GNUC\w*|__clang\w*|__x86_64(__)?|__i386(__)?|__aarch64__|__arm__|"
    r"_M_(X64|IX86|ARM64|AMD64)|VK_USE_PLATFORM_\w+)\b")

DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w+)[ \t]*(.*)$", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def directives(text):
    """(line number, keyword, argument) of each; comments blanked and continued lines joined."""
    blank = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    joined = blank.replace("\\\n", " \v")
    for match in DIRECTIVE.finditer(joined):
        number = 1 + sum(joined.count(end, 0, match.start()) for end in "\n\v")
        yield number, match[1], match[2].replace("\v", "").strip()


def floor_of(name):
    """The floor of a file, by its path below layer/; None where there is no such floor."""
    if name == PUBLIC_HEADER:
        return FLOORS["vulkan"]
    return FLOORS.get(name.split("/")[0]) if "/" in name else None


def system_header_allowed(name, header):
    if "/os/" in name:
        return not VULKAN_HEADER.match(header)
    if VULKAN_HEADER.match(header):
        return name == PUBLIC_HEADER or name.split("/")[0] in ("vulkan", "info")
    if name == ATOMICS:
        return header in ATOMICS_HEADERS
    if name == PUBLIC_HEADER and header in WIN32_HEADERS:
        return True
    return header in C_HEADERS


def include_breach(layer, name, argument):
    """What is wrong with one include of the file called name, or None."""
    match = re.match(r'(<|")([^>"]+)[>"]$', argument)
    if not match:
        return f"an include must name its file: {argument}"
    header = match[2]
    if name == ATOMICS and header == MODEL_CHECKER:
        return None
    if match[1] == "<":
        return None if system_header_allowed(name, header) else f"<{header}> is not for this place"
    if not (layer / header).is_file() or ".." in header.split("/"):
        return f'"{header}" is not a path relative to layer/'
    floor = floor_of(header)
    if floor is None or floor > floor_of(name):
        return f'"{header}" stands on a higher floor'
    return None


def file_breaches(layer, name):
    if floor_of(name) is None:
        yield f"{name}: stands on none of the floors {', '.join(FLOORS)}"
        return
    may_ask_platform = "/os/" in name or name in (PUBLIC_HEADER, ATOMICS)
    for number, keyword, argument in directives((layer / name).read_text()):
        problem = None
        if keyword == "include":
            problem = include_breach(layer, name, argument)
        elif keyword in ("if", "ifdef", "ifndef", "elif") and not may_ask_platform:
            macro = PLATFORM_MACRO.search(argument)
            problem = macro and f"asks for the platform: {macro[0]}"
        if problem:
            yield f"{name}:{number}: {problem}"


def sources(layer):
    return sorted(path.relative_to(layer).as_posix() for path in layer.rglob("*")
                  if path.suffix in (".c", ".h", ".inc"))


def breaches(layer):
    return [breach for name in sources(layer) for breach in file_breaches(layer, name)]


GOOD = {
    "ntfence.h": '#include <vulkan/vulkan_core.h>\n#ifdef _WIN32\n#include <windows.h>\n#endif\n',
    "base/atomic.h": '#if defined(_MSC_VER)\n#include <intrin.h>\n#endif\n#include <stdatomic.h>\n',
    "base/os/os.h": '#include <stdint.h>\n',
    "base/os/posix/os.c": '#include "base/os/os.h"\n#include <sys/mman.h>\n#ifdef __linux__\n#endif\n',
    "kmt/kmt.h": '// #include <windows.h>\n/* #ifdef _WIN32 */\n#include "base/atomic.h"\n',
    "vulkan/wait.c": '#include "ntfence.h"\n#include "kmt/kmt.h"\n#include <vulkan/vk_layer.h>\n',
}
# Content, and the breach that has to be found in it.
BAD = {
    "base/up.h": ('#include "kmt/kmt.h"\n', "base/up.h:1: "),
    "base/posix.c": ('#include <stdint.h>\n#include <unistd.h>\n', "base/posix.c:2: "),
    "base/errno.c": ('#include <errno.h>\n', "base/errno.c:1: "),
    "kmt/windows.c": ('#include <windows.h>\n', "kmt/windows.c:1: "),
    "kmt/os/posix/vulkan.c": ('#include <vulkan/vulkan.h>\n', "kmt/os/posix/vulkan.c:1: "),
    "fence/vulkan.c": ('#include <vulkan/vulkan.h>\n', "fence/vulkan.c:1: "),
    "fence/public.c": ('#include "ntfence.h"\n', "fence/public.c:1: "),
    "fence/platform.c": ('\n  #  ifdef _WIN32\n#endif\n', "fence/platform.c:2: "),
    "fence/joined.c": ('#if 0 || \\\n  defined(__GNUC__)\n#endif\n#elif _MSC_VER\n', "fence/joined.c:1: "),
    "vulkan/relative.c": ('#include "wait.h"\n', "vulkan/relative.c:1: "),
    "vulkan/parent.c": ('#include "../vulkan/wait.c"\n', "vulkan/parent.c:1: "),
    "vulkan/macro.c": ('#include WHATEVER\n', "vulkan/macro.c:1: "),
    "cellar/x.c": ("", "cellar/x.c: "),
    "loose.c": ("", "loose.c: "),
}


def self_check():
    with tempfile.TemporaryDirectory() as folder:
        layer = pathlib.Path(folder)
        bad = {name: content for name, (content, _) in BAD.items()}
        for name, content in (GOOD | bad).items():
            (layer / name).parent.mkdir(parents=True, exist_ok=True)
            (layer / name).write_text(content)
        found = breaches(layer)
        wrong = [f"false alarm: {line}" for line in found if line.split(":")[0] in GOOD]
        return planted(found, [breach for _, breach in BAD.values()]) + wrong


def main():
    layer = pathlib.Path(sys.argv[1])
    nothing = [] if sources(layer) else ["no source found"]
    report([("each planted breach is found", self_check()),
            ("no floor is breached", nothing or breaches(layer))])


main()
