#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page protocol, the real page.c, under Relacy (page_relacy.cpp): every schedule with two switches, and many random
ones.

Usage: page_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
from relacy import Change, Model, Scene, main

# Slots with which the loss can be seen: for each of the two waiters, or for one only.
ONE = Scene(1, "1 slot for 2 waiters", ("NTF_PAGE_SLOTS=1u",), ("bound 2", "random 300000"))
TWO = Scene(2, "2 slots for 2 waiters", ("NTF_PAGE_SLOTS=2u",), ("bound 2", "random 300000"))
FENCE = "    ntf_fence(NTF_SEQ_CST);\n"

main(Model(
    main="page_relacy.cpp",
    sources=("kmt/soft/page.c",),
    scenes=(ONE, TWO),
    tries=("random 20000", "bound 2", "random 500000"),
    changes=(
        Change(TWO, "waiter's fence, in a slot", "kmt/soft/page.c", "slot, NTF_RELAXED);\n" + FENCE,
               "slot, NTF_RELAXED);\n"),
        Change(ONE, "waiter's fence, without a slot", "kmt/soft/page.c", "    " + FENCE + "        return slot;",
               "        return slot;"),
        Change(TWO, "signaller's fence", "kmt/soft/page.c", FENCE + "    armed = ", "    armed = "),
        Change(TWO, "waiter's re-read", "page_relacy.cpp", "value = look(); /* THE RE-READ */", ""),
        Change(TWO, "word read before the re-read", "page_relacy.cpp", "value = look(); /* THE RE-READ */",
               "value = look(); seen = ntf_load(ntf_page_word(&page, slot), NTF_ACQUIRE);"),
        Change(TWO, "word changed before the wake", "kmt/soft/page.c",
               "(void)ntf_fetch_add(&slot->word, 1u, NTF_RELAXED);", ""),
        Change(ONE, "overflow word changed before the wake", "kmt/soft/page.c",
               "(overflow & ~OVERFLOW_WAITING) + OVERFLOW_COUNT", "overflow"),
        Change(TWO, "target published", "kmt/soft/page.c",
               "    ntf_store(&page->slots[slot].target, target, NTF_RELAXED);\n", ""),
        Change(TWO, "bit published", "kmt/soft/page.c",
               "    (void)ntf_fetch_or(&page->armed, (uint64_t)1 << slot, NTF_RELAXED);\n", ""),
        Change(TWO, "acquire of the word", "kmt/soft/page.c", ".word, NTF_ACQUIRE", ".word, NTF_RELAXED"),
        Change(TWO, "release of CurrentValue", "kmt/soft/page.c", "&current, value, NTF_RELEASE",
               "&current, value, NTF_RELAXED"),
        Change(TWO, "acquire of CurrentValue", "page_relacy.cpp", "return ntf_load(&page.current, NTF_ACQUIRE);",
               "return ntf_load(&page.current, NTF_RELAXED);"),
        Change(ONE, "release of the owner", "kmt/soft/page.c", "(uint64_t)0, NTF_RELEASE", "(uint64_t)0, NTF_RELAXED"),
        # Not in the list: the acquire of the owner. It keeps the new tenant's store of the target behind the old one's
        # in the modification order, and Relacy only ever tries the order in which the stores were executed.
    ),
))
