# SPDX-License-Identifier: Apache-2.0
"""
expected_suites.txt: which suite runs in which build. Meson says what there is, this list says what there has to be;
each is a failure where it differs from the other. A line is

    NAME WORD...       words: a build or a group of builds (it is there and is run),
                       the same after a '-' (it may be there and is not run), 'together' or 'aside'

The last word about a build counts: "-linux linux-gcc" is run in one of them. 'together' says that the verdict does
not depend on time, so that the suite may run beside another such; all others run alone. 'aside' says that the suite
does nothing but compute, for long: it runs beside all others, of all builds, with what processor time they leave.
"""
LINUX64 = ("linux-gcc", "linux-clang", "asan", "tsan")
LINUX = LINUX64 + ("linux-m32",)
WINDOWS = ("win64", "win32")
VARIANTS = LINUX + WINDOWS
# The largest first: so they are named when the list is written.
GROUPS = {"all": VARIANTS, "linux": LINUX, "linux64": LINUX64, "windows": WINDOWS}
TOGETHER, ASIDE = "together", "aside"


class Line:
    def __init__(self, name, words):
        self.name = name
        self.runs, self.not_run = set(), set()
        self.together, self.aside = TOGETHER in words, ASIDE in words
        for word in words:
            if word in (TOGETHER, ASIDE):
                continue
            variants = GROUPS.get(word.lstrip("-"), (word.lstrip("-"),))
            if not set(variants) <= set(VARIANTS):
                raise ValueError(f"expected_suites.txt: {name}: no such build or group: {word}")
            to, away = (self.not_run, self.runs) if word.startswith("-") else (self.runs, self.not_run)
            to.update(variants)
            away.difference_update(variants)

    def __str__(self):
        words = compressed(self.runs)
        without = compressed(self.not_run)
        around = [group for group, members in GROUPS.items() if self.not_run < set(members) <= self.runs | self.not_run]
        if len(without) > 1 and around:
            words.insert(0, f"-{around[-1]}")
        else:
            words += [f"-{word}" for word in without]
        return f"{self.name:26} {' '.join(words + [TOGETHER] * self.together + [ASIDE] * self.aside)}"


def compressed(variants):
    """Groups, then single builds, that together are these builds."""
    words, left = [], set(variants)
    for group, members in GROUPS.items():
        if left and set(members) <= left:
            words.append(group)
            left -= set(members)
    return words + [variant for variant in VARIANTS if variant in left]


def read(text):
    lines = {}
    for text_line in text.splitlines():
        words = text_line.partition("#")[0].split()
        if words:
            if words[0] in lines:
                raise ValueError(f"expected_suites.txt: {words[0]} has two lines")
            lines[words[0]] = Line(words[0], words[1:])
    return lines


def breaches(lines, variant, names):
    """What is wrong between the list and the suites that a build has."""
    for name in names:
        if name not in lines:
            yield f"suite {name} has no line in scripts/lib/expected_suites.txt: add one (scripts/test --list does)"
        elif variant not in lines[name].runs | lines[name].not_run:
            yield f"suite {name} is in {variant}, but its line in scripts/lib/expected_suites.txt does not say so"
    for line in lines.values():
        if variant in line.runs and line.name not in names:
            yield f"suite {line.name} is MISSING from {variant}: scripts/lib/expected_suites.txt expects it"


def rewritten(text, names_of):
    """The list as it is in these builds ({build: names}): comments and what is said about suites that are still there
    stay; a suite that is in none of the builds has no line any more if all of them were looked at."""
    lines = read(text)
    for variant, names in names_of.items():
        for name in names:
            line = lines.setdefault(name, Line(name, []))
            if variant not in line.not_run:
                line.runs.add(variant)
        for line in lines.values():
            if line.name not in names:
                line.runs.discard(variant)
    header = [line for line in text.splitlines() if line.startswith("#")]
    return "\n".join(header + [str(line) for line in lines.values() if line.runs]) + "\n"
