# SPDX-License-Identifier: Apache-2.0
"""scripts/install-windows.cmd under Wine: what it writes and where, that the Khronos loader then finds the layer, which
folders it refuses, and that the registry is afterwards what it was before. Wine's icacls prints nothing and its
registry refuses nothing, so the script gets a system folder of doubles where that matters (double.c)."""
import difflib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from staged import Report, arguments, clean_environment, differences, files_of, install, open_to_others, unlike

LAYER = "VK_LAYER_NTFENCE_external_fence_win32"
FILES = {"VkLayer_ntfence.dll", "VkLayer_ntfence_explicit.json", "VkLayer_ntfence_implicit.json",
         "install-windows.cmd", "ntfence-d3dkmt.dll", "ntfence-info.exe"}
# What Windows has for its own folder, and for one below Program Files.
SYSTEM_ACL = [r"NT SERVICE\TrustedInstaller:(F)", r"NT SERVICE\TrustedInstaller:(CI)(IO)(F)",
              r"NT AUTHORITY\SYSTEM:(M)", r"NT AUTHORITY\SYSTEM:(OI)(CI)(IO)(F)", r"BUILTIN\Administrators:(M)",
              r"BUILTIN\Administrators:(OI)(CI)(IO)(F)", r"BUILTIN\Users:(RX)",
              r"BUILTIN\Users:(OI)(CI)(IO)(GR,GE)", r"CREATOR OWNER:(OI)(CI)(IO)(F)",
              r"APPLICATION PACKAGE AUTHORITY\ALL APPLICATION PACKAGES:(RX)"]
SAFE_ACL = [r"NT SERVICE\TrustedInstaller:(I)(F)", r"NT SERVICE\TrustedInstaller:(I)(CI)(IO)(F)",
            r"NT AUTHORITY\SYSTEM:(I)(F)", r"BUILTIN\Administrators:(I)(F)", r"BUILTIN\Users:(I)(RX)",
            r"CREATOR OWNER:(I)(OI)(CI)(IO)(F)", r"BUILTIN\Guests:(DENY)(W)",
            r"Mandatory Label\High Mandatory Level:(OI)(CI)(NW)"]
# What Windows has for C:\. Making a folder there is no way to ours.
ROOT_ACL = [r"NT AUTHORITY\Authenticated Users:(AD)", r"NT AUTHORITY\Authenticated Users:(OI)(CI)(IO)(M)"] + SAFE_ACL
TRIES = 5
KEYS = [rf"{root}\Software\{between}Khronos" for root in ("HKLM", "HKCU") for between in ("", "Wow6432Node\\")]


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


class Wine:
    def __init__(self, args, scratch):
        self.args, self.scratch, self.environment = args, scratch, clean_environment()
        self.system = scratch / "windows"
        (self.system / "System32").mkdir(parents=True)
        for name in ("icacls.exe", "whoami.exe"):
            shutil.copy(args.double, self.system / "System32" / name)
        self.deny(False)

    def run(self, *command):
        return subprocess.run(["wine", *command], env=self.environment, cwd=self.scratch, capture_output=True,
                              text=True, errors="replace", timeout=120, stdin=subprocess.DEVNULL)

    def batch(self, *lines):
        """As if typed: the quotes of an argument of "cmd /c" would not reach a script as they are."""
        batch = self.scratch / "batch.cmd"
        batch.write_bytes("\r\n".join(["@echo off", *lines, ""]).encode())
        return self.run("cmd", "/c", windows_path(batch))

    def script(self, folder, *arguments, doubles=True):
        lines = [f'set "SystemRoot={windows_path(self.system)}"'] if doubles else []
        result = self.batch(*lines, " ".join([f'"{windows_path(folder / "install-windows.cmd")}"', *arguments]))
        return result.returncode, result.stdout.replace("\r", "") + result.stderr

    def acl(self, rules=None):
        """rules: path -> entries; None as a path is for all that is not said."""
        rules = {None: SAFE_ACL, windows_path(self.system): SYSTEM_ACL, "Z:\\": ROOT_ACL, **(rules or {})}
        text = "".join("|".join([path or "*", *entries, "\n"]) for path, entries in rules.items())
        (self.system / "System32/acl.txt").write_text(text)

    def deny(self, denied):
        own = pathlib.Path(self.environment["WINEPREFIX"]) / "drive_c/windows/system32/reg.exe"
        shutil.copy(self.args.double if denied else own, self.system / "System32/reg.exe")

    def query(self):
        """What reg prints of the keys. Of one it lists what is there, or says that there is none: where it has said
        neither, Wine has ended a process before it began (support/start_win32.h), and it is asked again."""
        for _ in range(TRIES):
            text = self.batch(*[line for key in KEYS for line in (f"reg query {key} /s", "echo status %errorlevel%")])
            answers = text.stdout.replace("\r", "").split("status ")
            if len(answers) == len(KEYS) + 1 and all(after.startswith("0") or "Unable to find" in before
                                                     for before, after in zip(answers, answers[1:])):
                return "".join(answers)
            print("a process was ended before it began: the registry is read again", flush=True)
        raise RuntimeError(f"the registry cannot be read: {text.stdout} {text.stderr}")

    def values(self):
        """{(key, name)} of all that Khronos has in the registry, keys without values as (key, None)."""
        found, key = set(), None
        for line in self.query().splitlines():
            if line.startswith("HKEY_"):
                key = line
                found.add((key, None))
            elif line.startswith("    "):
                name, kind, data = line[4:].rsplit("    ", 2)
                found.add((key, f"{name} {kind} {data}"))
        return found

    def tidy(self):
        """Other suites leave empty keys for layers behind, which uninstalling would take along."""
        for _ in range(3):
            found = self.values()
            used = {key for key, name in found if name} | {key.rsplit("\\", 1)[0] for key, _ in found}
            empty = [key for key, _ in found if key not in used and key.endswith(("Layers", "\\Vulkan", "\\Khronos"))]
            self.batch(*[f'reg delete "{key}" /f' for key in empty])
        # Of a key without anything in it, "reg query" says nothing.
        found = {key for key, _ in self.values()}
        for key in KEYS:
            root, path = key.split("\\", 1)
            if not any(name.endswith(path) or f"{path}\\" in name for name in found if name.startswith(LONG[root])):
                self.batch(f'reg delete "{key}" /f')

    def export(self):
        """Both hives as text, for the comparison of everything."""
        texts = []
        for hive in ("HKLM", "HKCU"):
            file = self.scratch / f"{hive}.reg"
            file.unlink(missing_ok=True)
            for _ in range(TRIES):
                self.run("reg", "export", rf"{hive}\Software", windows_path(file), "/y")
                if file.exists():
                    break
            texts += file.read_text("utf-16").splitlines() or [f"no export of {hive}"]
        return texts

    def probe(self, **variables):
        assignments = [f"{name}={value}" for name, value in {"NTFENCE_PROVIDER": "soft", **variables}.items()]
        result = self.run(windows_path(self.args.build / "tests/support/rigrun.exe"), *assignments, "--",
                          windows_path(self.args.probe))
        return result.stdout.strip() if result.returncode == 0 else f"status {result.returncode}: {result.stderr}"


LONG = {"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER"}


def long_key(root, kind, between=""):
    return rf"{LONG[root]}\Software\{between}Khronos\Vulkan\{kind}Layers"


def registered(folder, root, between=""):
    return {(long_key(root, kind, between),
             rf"{windows_path(folder)}\VkLayer_ntfence_{kind.lower()}.json REG_DWORD 0x0")
            for kind in ("Implicit", "Explicit")}


class Scenes:
    def __init__(self, report, wine, stage):
        self.report, self.wine = report, wine
        self.stage, self.work = stage, wine.scratch / "folders"
        self.before = wine.values()

    def folder(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.stage, folder)
        return folder

    def added(self):
        """The values that are there now and were not, or a note of what is gone."""
        now = self.wine.values()
        return {(key, name) for key, name in now - self.before if name} | \
               {(key, f"GONE: {name}") for key, name in self.before - now}

    def expect(self, name, result, status, said=(), values=frozenset()):
        found_status, text = result
        breaches = unlike("status", found_status, status) + \
            [f"does not say {word!r}" for word in said if word not in text] + \
            differences({str(value) for value in self.added()}, {str(value) for value in values})
        self.report.check(name, breaches + ([text] if breaches else []))

    def nothing_left(self, name, folder, doubles=True):
        result = self.wine.script(folder, "/uninstall", doubles=doubles)
        now = self.wine.values()
        self.report.check(name, unlike("status", result[0], 0) + [f"left: {v}" for v in now - self.before] +
                          [f"gone: {v}" for v in self.before - now])

    def real_tools(self):
        """Wine's own reg, findstr and icacls: the last says nothing, and nothing is not safe."""
        folder = self.folder("Program Files (x86) & more!")
        run = lambda *arguments: self.wine.script(folder, *arguments, doubles=False)
        self.expect("icacls says nothing: refused", run(), 1, ["/unchecked"])
        self.expect("/unchecked: registered, a warning", run("/unchecked"), 0, ["warning", "HKLM"],
                    registered(folder, "HKLM"))
        dll = rf"{windows_path(folder)}\VkLayer_ntfence.dll"
        for name, variables, expected in [
                ("nothing set", {}, "off"),
                ("implicit", {"NTFENCE_ENABLE": "1"}, f"on by NTFENCE_ENABLE from {dll}"),
                ("implicit, disabled", {"NTFENCE_ENABLE": "1", "NTFENCE_DISABLE": "1"}, "off"),
                ("explicit", {"VK_INSTANCE_LAYERS": LAYER}, f"on by VK_INSTANCE_LAYERS from {dll}")]:
            self.report.check(f"the loader, HKLM: {name}",
                              unlike("the probe", self.wine.probe(**variables).lower(), expected.lower()))
        self.expect("again: the same", run("/unchecked"), 0, [], registered(folder, "HKLM"))
        self.nothing_left("uninstalled: as before", folder, doubles=False)

    def safe(self):
        other = self.folder("elsewhere")
        folder = self.folder("a safe one")
        self.wine.acl()
        self.expect("a folder that only administrators can write to", self.wine.script(folder), 0, ["HKLM"],
                    registered(folder, "HKLM"))
        newer = self.folder("a newer one")
        self.expect("a newer one takes its place", self.wine.script(other, f'"{windows_path(newer)}"'), 0, [],
                    registered(newer, "HKLM"))
        shutil.rmtree(newer)
        self.expect("a folder that is gone loses its place too", self.wine.script(folder), 0, [],
                    registered(folder, "HKLM"))
        shutil.rmtree(folder)
        self.nothing_left("the folder gone, uninstalled from elsewhere: as before", other)
        self.expect("uninstalled again", self.wine.script(other, "/uninstall"), 0, ["not registered"])

    def refused(self):
        folder = self.folder("open folder")
        here = windows_path(folder)
        dll = here + r"\VkLayer_ntfence.dll"
        above = windows_path(folder.parent)
        writers = {
            here: [r"Everyone:(OI)(CI)(F)", r"NT AUTHORITY\Authenticated Users:(I)(M)", r"TESTBOX\one right:(RX,WD)",
                   r"TESTBOX\unknown right:(QQ)", r"VORDEFINIERT\Benutzer:(I)(AD)"],
            dll: [r"TESTBOX\dll:(I)(M)"],
            above: [r"TESTBOX\renames:(M)", r"TESTBOX\deletes:(DC)"]}
        readers = [r"TESTBOX\reads:(OI)(CI)(R,REA,GE)", r"TESTBOX\later:(OI)(CI)(IO)(F)", r"TESTBOX\denied:(DENY)(F)"]
        self.wine.acl({path: [*readers, *entries, *SAFE_ACL] for path, entries in writers.items()})
        status, text = self.wine.script(folder, "/unchecked")
        named = {line for line in text.splitlines() if " may write to " in line}
        self.report.check("just those who can write are named, with what they can write to", unlike("names", named, {
            f'"{entry.split(":")[0]}" may write to "{path}"' for path, entries in writers.items() for entry in entries}))
        self.wine.acl({here: [r"BUILTIN\Users:(I)(OI)(CI)(W)", *SAFE_ACL]})
        self.expect("refused: Users", self.wine.script(folder, "/unchecked"), 1,
                    [r"BUILTIN\Users", "Mend it", "icacls"])
        self.wine.acl({dll: []})
        self.expect("refused: nothing is said of the DLL", self.wine.script(folder), 1, ["/unchecked"])
        self.wine.acl({windows_path(self.wine.system): []})
        self.expect("refused: nothing is said of Windows' own folder", self.wine.script(folder), 1)
        self.wine.acl({here: [r"TESTBOX\me:(I)(F)", *SAFE_ACL]})
        self.expect("refused for all users: this user can write", self.wine.script(folder), 1, ["/user", "Mend it"])
        self.expect("but /user does", self.wine.script(folder, "/user"), 0, ["HKCU"], registered(folder, "HKCU"))
        self.nothing_left("uninstalled: as before", folder)

    def without_rights(self):
        folder = self.folder("no rights")
        self.wine.acl({windows_path(folder): [r"TESTBOX\me:(I)(F)", *SAFE_ACL]})
        self.wine.deny(True)
        self.expect("HKLM refuses: HKCU, and what that means is said", self.wine.script(folder), 0,
                    ["HKCU", "elevated"], registered(folder, "HKCU"))
        dll = rf"{windows_path(folder)}\VkLayer_ntfence.dll"
        self.report.check("the loader, HKCU: implicit",
                          unlike("the probe", self.wine.probe(NTFENCE_ENABLE="1").lower(),
                                 f"on by NTFENCE_ENABLE from {dll}".lower()))
        self.nothing_left("uninstalled without rights: as before", folder)
        self.wine.deny(False)
        self.wine.acl()
        self.wine.script(folder)
        self.wine.deny(True)
        self.expect("without rights HKLM keeps its values, and that is an error",
                    self.wine.script(folder, "/uninstall"), 1, ["administrator"], registered(folder, "HKLM"))
        self.wine.deny(False)
        self.nothing_left("with rights: as before", folder)

    def other_kind(self):
        """A 32-bit layer, as far as its manifests say: its keys, and no harm to a 64-bit one in HKCU's one key."""
        folder, small = self.folder("big"), self.folder("small")
        for file in small.glob("*.json"):
            file.write_text(file.read_text().replace('"library_arch": "64"', '"library_arch": "32"'))
        self.wine.acl()
        self.expect("a 32-bit layer", self.wine.script(small), 0, ["32-bit"],
                    registered(small, "HKLM", "Wow6432Node\\"))
        self.expect("a 64-bit one beside it", self.wine.script(folder), 0, ["64-bit"],
                    registered(small, "HKLM", "Wow6432Node\\") | registered(folder, "HKLM"))
        self.nothing_left("uninstalled: as before", folder)
        self.wine.script(folder, "/user")
        self.wine.script(small, "/user")
        names = {name for _, name in self.added()}
        self.report.check("both for one user", unlike("values", names, {
            name for where in (small, folder) for _, name in registered(where, "HKCU")}))
        self.nothing_left("uninstalled: as before", folder)

    def neighbours(self):
        """Values of others, some of which look like ours."""
        names = [r"C:\other\VkLayer_other.json", r"C:\other\VkLayer_ntfence_implicit.json.bak",
                 r"C:\other\notVkLayer_ntfence_implicit.json", r"C:\VkLayer_ntfence_implicit.json\layer.json"]
        key = r"HKLM\Software\Khronos\Vulkan\ImplicitLayers"
        self.wine.batch(*[f'reg add {key} /v "{name}" /t REG_DWORD /d 0 /f' for name in names])
        before, self.before = self.before, self.wine.values()
        folder = self.folder("neighbours")
        self.wine.acl()
        self.expect("beside layers of others", self.wine.script(folder), 0, [], registered(folder, "HKLM"))
        self.nothing_left("uninstalled: theirs stay", folder)
        self.wine.batch(f"reg delete {key} /f")
        self.before = before

    def wrong_calls(self):
        folder = self.folder("incomplete")
        (folder / "VkLayer_ntfence_explicit.json").unlink()
        self.wine.acl()
        self.expect("an incomplete folder", self.wine.script(folder), 1, ["not a folder of the layer"])
        self.expect("an unknown option", self.wine.script(folder, "/frobnicate"), 2, ["usage"])
        self.expect("a folder of another machine", self.wine.script(folder, r"\\server\share"), 1, ["letter"])


def main():
    args = arguments("bindir", "double")
    if "WINEPREFIX" not in os.environ:
        print("no Wine session: run this by scripts/test --variant win64 --only install")
        sys.exit(1)
    report = Report()
    prefix = pathlib.PurePosixPath(args.prefix).relative_to("/")
    stage = install(args, "stage", "--tags", "runtime") / prefix / args.bindir
    report.check("all that is listed is installed, and nothing else", differences(files_of(args.work / "stage"),
                 {str((stage / name).relative_to(args.work / "stage")) for name in FILES}))
    report.check("others can write to none of it", open_to_others(stage))
    script = (stage / "install-windows.cmd").read_bytes()
    report.check("the script is ASCII with CR LF, as cmd wants it",
                 unlike("lines", script.count(b"\n"), script.count(b"\r\n")) + unlike("ASCII", script.isascii(), True))
    with tempfile.TemporaryDirectory() as scratch:
        wine = Wine(args, pathlib.Path(scratch))
        wine.tidy()
        before = wine.export()
        scenes = Scenes(report, wine, stage)
        for scene in (scenes.real_tools, scenes.safe, scenes.refused, scenes.without_rights, scenes.other_kind,
                      scenes.neighbours, scenes.wrong_calls):
            scene()
        after = wine.export()
        report.check("all of the registry is as it was",
                     list(difflib.unified_diff(before, after, "before", "after", lineterm="", n=1))
                     if before != after else unlike("enough of it", len(before) > 1000, True))
    report.end()


main()
