# SPDX-License-Identifier: Apache-2.0
"""What the instructions of a trace do: read from the module itself, at the places where the program has been."""
import functools
import re
import subprocess

# What reads memory although its last operand is there, or goes there without touching it.
NO_STORE = re.compile(
    r"^(cmp|test|lea|call|jmp|j[a-z]+|push|nop|prefetch|endbr|bt[lqw]?$|ucomis|comis|i?mul|i?div|data16)")
STACK = re.compile(r"\(%[er](sp|bp)\b")
LOCKED = re.compile(r"^(lock\b|xchg.*\(|mfence)")


@functools.cache
def listing(module):
    """Address to text, for the whole module."""
    out = subprocess.run(["objdump", "-d", "-w", "--no-show-raw-insn", module], capture_output=True, text=True,
                         check=True)
    code = {}
    for line in out.stdout.splitlines():
        address, colon, text = line.strip().partition(":")
        if colon and re.fullmatch("[0-9a-f]+", address):
            code[int(address, 16)] = " ".join(text.split())
    return code


def is_store(text):
    words = text.split(None, 1)
    if len(words) < 2 or NO_STORE.match(words[0]):
        return False
    last = re.split(r",(?![^()]*\))", words[1].split("#")[0].split("<")[0].strip())[-1]
    return "(" in last and not STACK.search(last)


def describe(module, offsets):
    """Lists of what is locked and what stores, among the instructions at these offsets."""
    code = listing(module)
    texts = [code.get(int(offset), "?") for offset in offsets]
    if "?" in texts:
        raise ValueError(f"{module} has no instruction where the trace has been")
    return {
        "locked": [text for text in texts if LOCKED.match(text)],
        "stores": [text for text in texts if is_store(text)],
    }
