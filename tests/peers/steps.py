# SPDX-License-Identifier: Apache-2.0
"""
Writes the page protocol with a stop at each of its named steps, so that layer/kmt/soft/page.c
itself stays as it is:

    steps.py page.c OUT.c OUT.h

A step is a line of page.c, found by a text that must be there exactly once (memory orders are left
out: tests/models judges them), and the side of it where the stop goes: "before" is between what
came earlier and that line, "after" between the line and what follows. A line that is gone, or there
twice, fails the build: then the steps below have to be looked at again.
"""
import pathlib
import sys

# Name, side, text; the order is that of the protocol (page.h).
STEPS = [
    # WAIT: the owner's CAS, the target, the bit, the word, and the caller's re-read.
    ("OWNED", "before", "ntf_store(&page->slots[slot].target, target, "),
    ("TARGETED", "before", "if ((ntf_load(&page->armed, "),
    ("ARMED", "before", "/* Before the caller's re-read: "),
    ("FENCED", "before", "*seen = ntf_load(&page->slots[slot].word, "),
    ("WORD_READ", "after", "*seen = ntf_load(&page->slots[slot].word, "),
    ("CROWDED", "after", "*seen = ntf_fetch_or(&page->overflow, "),
    # LEAVE: the target, the bit, the owner.
    ("LEAVING", "before", "ntf_store(&page->slots[slot].target, NTF_PAGE_NOBODY"),
    ("UNTARGETED", "before", "if (slot >= STICKY)"),
    ("DISARMED", "before", "ntf_store(&page->slots[slot].owner, (uint64_t)0, "),
    # SIGNAL: the store, the fence, the bits; for each slot the word, the wake, the wipe; the
    # overflow word.
    ("STORED", "before", "    if (ops->wake_one)"),
    ("STORE_FENCED", "before", "    armed = ntf_load(&page->armed, "),
    ("ARMED_READ", "after", "overflow = ntf_load(&page->overflow, "),
    ("REACHED", "before", "(void)ntf_fetch_add(&slot->word, 1u, "),
    ("WORD_BUMPED", "before", "ops->wake(ops->context, &slot->word, "),
    ("WOKEN", "before", "if (!ops->keep_targets)"),
    ("WIPED", "after", "(void)ntf_cas(&slot->target, &target, "),
    ("OVERFLOWN", "before", "if (ntf_cas(&page->overflow, &overflow, "),
    ("OVERFLOW_COUNTED", "before", "ops->wake(ops->context, &page->overflow, 0);"),
    ("OVERFLOW_WOKEN", "after", "ops->wake(ops->context, &page->overflow, 0);"),
]


def instrument(text):
    stops = {}  # by line: what goes before it and after it
    lines = text.splitlines(keepends=True)
    for name, side, marker in STEPS:
        found = [i for i, line in enumerate(lines) if marker in line]
        if len(found) != 1:
            sys.exit(f"steps.py: step {name}: {len(found)} lines with: {marker.strip()}")
        if side == "after" and not lines[found[0]].rstrip().endswith(";"):
            sys.exit(f"steps.py: step {name}: the line does not end a statement")
        stops.setdefault(found[0], {})[side] = name
    out = ['#include "peers_steps.h"\n']
    for i, line in enumerate(lines):
        around = {side: f"    peers_step(PEERS_{name});\n"
                  for side, name in stops.get(i, {}).items()}
        out += [around.get("before", ""), line, around.get("after", "")]
    return "".join(out)


def header():
    names = "".join(f"    PEERS_{name},\n" for name, _, _ in STEPS)
    texts = ", ".join(f"\"{name.lower()}\"" for name, _, _ in STEPS)
    return ("/* Made by steps.py. */\n#ifndef PEERS_STEPS_H\n#define PEERS_STEPS_H\n"
            f"enum peers_step {{\n{names}    PEERS_STEPS\n}};\n"
            f"#define PEERS_STEP_NAMES {texts}\n"
            "/* Called at each step, by whichever thread. */\n"
            "void peers_step(enum peers_step step);\n#endif\n")


def main():
    source, out_c, out_h = map(pathlib.Path, sys.argv[1:])
    out_c.write_text(instrument(source.read_text()))
    out_h.write_text(header())


main()
