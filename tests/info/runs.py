# SPDX-License-Identifier: Apache-2.0
"""Starts ntfence-info in surroundings that a test has set up, and compares what it says with them."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "house"))
from report import report  # noqa: E402, F401 (the line that every suite ends with, also for those who import this)

LAYER = "VK_LAYER_NTFENCE_external_fence_win32"
NAMED = {"VK_INSTANCE_LAYERS": LAYER}
SECONDS = 60
FOLDERS = {"explicit", "implicit"}


def arguments(*more):
    parser = argparse.ArgumentParser()
    for name in ("program", "manifests", "soft", "hang", "version", "keys", "fake-library", "fake-manifest") + more:
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    for name in ("program", "manifests", "soft", "hang", "fake_library", "fake_manifest"):
        setattr(args, name, pathlib.Path(getattr(args, name)).resolve())
    return args


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


class Runs:
    """All runs of one suite; keys: those that any of them had in its JSON."""

    def __init__(self, args, wine):
        self.args, self.wine, self.keys = args, wine, set()

    def path(self, path):
        return windows_path(path) if self.wine else str(path)

    def fake(self, **more):
        """Over the fake driver, with the explicit layer."""
        return {"NTF_FAKE_LIBRARY": self.path(self.args.fake_library), "VK_LAYER_PATH": "explicit",
                "VK_DRIVER_FILES": self.path(self.args.fake_manifest), **NAMED, **more}

    def command(self, variables, arguments):
        variables = {name: self.path(self.args.manifests / value) if value in FOLDERS else str(value)
                     for name, value in variables.items()}
        if not self.wine:
            return [self.args.program, *arguments], variables
        return ["wine", self.args.rigrun, *[f"{name}={value}" for name, value in variables.items()], "--",
                windows_path(self.args.program), *arguments], {}

    def start(self, variables, *arguments, outside=None, **how):
        """(status, standard output, standard error). outside: variables of Wine itself."""
        env = {name: value for name, value in os.environ.items()
               if name == "VK_DRIVER_FILES" or not name.startswith(("VK_", "NTFENCE_", "XDG_"))}
        if "NTF_TEST_PRELOAD" in env:
            env["LD_PRELOAD"] = env.pop("NTF_TEST_PRELOAD")
        command, more = self.command(variables, arguments)
        # Files, not pipes, which what Wine starts besides would hold open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                done = subprocess.run(command, env=env | more | (outside or {}), stdin=subprocess.DEVNULL, stdout=out,
                                      stderr=err, timeout=SECONDS, check=False, **how)
            except subprocess.TimeoutExpired:
                return None, "", f"no end after {SECONDS} s"
            texts = [(file.seek(0), file.read())[1] for file in (out, err)]
        return done.returncode, texts[0].decode().replace("\r\n", "\n"), texts[1].decode(errors="replace")

    def json(self, variables, *arguments, **how):
        """(status, the document); a document that cannot be read is one with an 'unreadable' in it."""
        status, out, err = self.start(variables, "--json", *arguments, **how)
        try:
            document = json.loads(out)
        except ValueError as error:
            return status, {"unreadable": f"{error}: {out[-400:]!r}, {err[-400:]!r}"}
        if "Validation Error" in err:
            document["unreadable"] = err[-800:] # the fake driver has seen a breach of a rule
        self.keys |= set(paths(document))
        return status, document


def paths(node, before=""):
    """The keys of a document: "kernel.providers[].usable"."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{before}{key}"
            yield from paths(value, f"{before}{key}.")
    elif isinstance(node, list):
        for value in node:
            yield from paths(value, f"{before[:-1]}[].")


def at(document, path):
    """The value at "layer.manifests.0.kind"; None: there is none."""
    for word in path.split("."):
        try:
            document = document[int(word)] if isinstance(document, list) else document[word]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return document


def compared(run, status, expected):
    """What is wrong with a run. expected: path -> value, or a function that is true of it."""
    found_status, document = run
    wrong = [] if found_status == status else [f"status {found_status}, not {status}"]
    if "unreadable" in document:
        return wrong + [document["unreadable"]]
    for path, value in expected.items():
        found = at(document, path)
        if not (value(found) if callable(value) else found == value and type(found) is type(value)):
            wrong.append(f"{path} is {found!r}" + ("" if callable(value) else f", not {value!r}"))
    return wrong + ([f"problems: {document.get('problems')}"] if wrong else [])


def has(*words):
    """Of a string or a list of strings: all these words are in it."""
    return lambda found: found is not None and all(word in (found if isinstance(found, str) else "\n".join(found))
                                                   for word in words)


def setting(key, **expected):
    """Of the list of settings: this one is like that; a field that is True has to have something in it."""
    def check(found):
        entry = next((entry for entry in found or [] if entry["key"] == key), {})
        return all(bool(entry.get(name)) if value is True else entry.get(name.rstrip("_")) == value
                   for name, value in expected.items())
    return check


def documented(keys_file):
    """The keys of JSON.md: first column of its tables."""
    text = pathlib.Path(keys_file).read_text()
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def steps_of(document, device):
    return {step["step"]: step for step in at(document, f"vulkan.devices.{device}.self_test.steps") or []}


def all_ok(*needed):
    """Of a list of steps: each went well, and these are among them."""
    return lambda steps: steps and all(step.get("ok") for step in steps) and \
        set(needed) <= {step["step"] for step in steps}


IMPORTS, EXPORTS = "import its handle into a VkFence", "export its handle"
WAITS, SLEEPS = "wait for it", "wait while another thread signals it"
WHOLE = all_ok(IMPORTS, EXPORTS, WAITS, SLEEPS, "wait for the other")


def served(path="vulkan.devices.0"):
    """A device without the extension, with the layer."""
    return {f"{path}.driver_alone.external_fence_win32": False,
            f"{path}.driver_alone.opaque_win32": {"import": False, "export": False},
            f"{path}.with_layer.external_fence_win32_from": "layer",
            f"{path}.with_layer.fence_import": True,
            f"{path}.with_layer.opaque_win32": {"import": True, "export": True},
            f"{path}.self_test.passed": True,
            f"{path}.self_test.steps": WHOLE}


def check_usage(runs):
    """The arguments, without JSON."""
    status, out, _ = runs.start({}, "--help")
    yield "--help", [] if status == 0 and "--probe" in out else [f"{status}: {out!r}"]
    status, out, _ = runs.start({}, "--version")
    yield "--version", [] if (status, out) == (0, f"ntfence-info {runs.args.version}\n") else [f"{status}: {out!r}"]
    for words in (["--frobnicate"], ["--timeout"], ["--timeout", "soon"], ["--timeout", "0"], ["x"]):
        status, out, err = runs.start({}, *words)
        yield f"{' '.join(words)}: usage", [] if (status, out) == (2, "") and "Usage" in err \
            else [f"{status}: {out!r}, {err!r}"]


def check_probe(runs, variables, secrets):
    """The questions: each is there once for each that was asked, and nothing names a user or a folder."""
    run = runs.json(variables, "--probe")
    asked = [entry for entry in at(run[1], "probe.asked_of") or [] if entry.get("questions")]
    wrong = compared(run, 0, {"passed": True, "settings": None, "vulkan": None, "ended_during": None})
    for entry in asked:
        numbers = [question["number"] for question in entry["questions"]]
        wrong += [f"{entry['provider']}: questions {numbers}"] if sorted(numbers) != [1, 4, 6, 7, 8, 9, 10, 11, 12, 13,
                                                                                       14] else []
        wrong += [f"{entry['provider']}: no answer to {question['number']}" for question in entry["questions"]
                  if not question["answers"]]
    wrong += ["soft was not asked"] if "soft" not in {entry["provider"] for entry in asked} else []
    yield "--probe asks everything", wrong
    soft = next((entry for entry in asked if entry["provider"] == "soft"), {"questions": []})
    said = {answer["asked"]: answer["status"] for question in soft["questions"] for answer in question["answers"]
            if "asked" in answer}
    yield "--probe tells what soft is known to answer", [f"{asked}: {said.get(asked)!r}" for asked, status in {
        "at 5, signal 5": "SUCCESS", "at 5, signal 4": "INVALID_PARAMETER",
        "an event, flags 0x3": "OBJECT_TYPE_MISMATCH", "share another object under that name": "OBJECT_NAME_COLLISION",
        "share with access 0x0 (no right to read)": "ACCESS_DENIED"}.items()
        if not (said.get(asked) or "").endswith(status)]
    text = json.dumps(run[1]) + runs.start(variables, "--probe")[1]
    yield "--probe names no user, no machine, no folder", [f"{secret!r} is in it" for secret in secrets
                                                           if secret and secret in text]


def check_hang(runs):
    """A kernel that never answers: the report is there all the same, and says where it ended."""
    variables = {"NTFENCE_D3DKMT": runs.path(runs.args.hang)}
    yield "a call that hangs: ended, with what is known", compared(
        runs.json(variables, "--timeout", "4"), 1,
        {"ended_during": has("providers"), "problems": has("ended after 4 s"), "passed": False,
         "settings.values": setting("d3dkmt", from_="environment")})
    status, out, _ = runs.start(variables, "--timeout", "4")
    yield "... as text", [] if status == 1 and "Settings" in out and "ended after 4 s" in out else [f"{status}: {out}"]


def check_keys(runs, not_here):
    """JSON.md names each key that there is, and none that is gone."""
    known = documented(runs.args.keys)
    yield "every key is documented", sorted(runs.keys - known)
    yield "no key is documented that is not there", sorted(known - runs.keys - not_here)
