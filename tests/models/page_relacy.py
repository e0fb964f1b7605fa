#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page protocol, the real page.c, under Relacy (page_relacy.cpp): every schedule with two switches, and many random
ones.

Usage: page_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
from relacy import Change, Model, Scene, main

# Slots with which the loss can be seen: for each of the two waiters, or for one only.
ONE = Scene(1, "1 slot for 2 waiters", ("NTF_PAGE_SLOTS=1u",), ("bound 2", "random 300000"))
TWO = Scene(2, "2 slots for 2 waiters", ("NTF_PAGE_SLOTS=2u", "NTF_PAGE_STICKY=1u"), ("bound 2", "random 300000"))
HERD = Scene(3, "a herd of 2", ("NTF_PAGE_SLOTS=1u", "NTF_HERD_FEW=1u"), ("bound 2", "random 300000"))
AGAIN = Scene(4, "1 slot, used already", ("NTF_PAGE_SLOTS=1u", "NTF_PAGE_STICKY=1u"), ("bound 2", "random 300000"))
QUIT = ("    if (ntf_fetch_and(&slot->herd, ~BATON, NTF_RELAXED) & BATON)\n"
        "        ops->wake(ops->context, &slot->word, 0);\n")

main(Model(
    main="page_relacy.cpp",
    sources=("kmt/soft/page.c", "kmt/soft/herd.c"),
    scenes=(ONE, TWO, HERD, AGAIN),
    tries=("random 20000", "bound 2", "random 500000"),
    changes=(
        Change(TWO, "the order of the bit", "kmt/soft/page.c", "<< slot, NTF_SEQ_CST", "<< slot, NTF_RELAXED"),
        Change(AGAIN, "the order of the target", "kmt/soft/page.c", "target, target, NTF_SEQ_CST",
               "target, target, NTF_RELAXED"),
        Change(AGAIN, "the order of the look at the target", "kmt/soft/page.c", "&slot->target, NTF_SEQ_CST",
               "&slot->target, NTF_RELAXED"),
        Change(ONE, "acquire of the overflow word", "kmt/soft/page.c", "OVERFLOW_WAITING, NTF_SEQ_CST",
               "OVERFLOW_WAITING, NTF_RELEASE"),
        Change(ONE, "the order of the overflow bit", "kmt/soft/page.c", "OVERFLOW_WAITING, NTF_SEQ_CST",
               "OVERFLOW_WAITING, NTF_ACQUIRE"),
        Change(TWO, "the order of a signal", "kmt/soft/page.c", "&current, value, NTF_SEQ_CST",
               "&current, value, NTF_RELEASE"),
        Change(TWO, "the order of the look at the bits", "kmt/soft/page.c", "&page->armed, NTF_SEQ_CST",
               "&page->armed, NTF_RELAXED"),
        Change(ONE, "the order of the look at the overflow word", "kmt/soft/page.c", "&page->overflow, NTF_SEQ_CST",
               "&page->overflow, NTF_RELAXED"),
        Change(TWO, "waiter's re-read", "page_relacy.cpp", "value = look_again(); /* THE RE-READ */", ""),
        Change(TWO, "word read before the re-read", "page_relacy.cpp", "value = look_again(); /* THE RE-READ */",
               "value = look_again(); seen = ntf_load(ntf_page_word(&page, slot), NTF_SEQ_CST);"),
        Change(TWO, "word changed before the wake", "kmt/soft/page.c",
               "(void)ntf_fetch_add(&slot->word, 1u, NTF_RELEASE);", ""),
        Change(ONE, "overflow word changed before the wake", "kmt/soft/page.c",
               "(overflow & ~OVERFLOW_WAITING) + OVERFLOW_COUNT", "overflow"),
        Change(TWO, "target published", "kmt/soft/page.c",
               "    ntf_store(&page->slots[slot].target, target, NTF_SEQ_CST);\n", ""),
        Change(TWO, "bit published", "kmt/soft/page.c",
               "        (void)ntf_fetch_or(&page->armed, (uint64_t)1 << slot, NTF_SEQ_CST);\n", "        ;\n"),
        Change(HERD, "the order of the joining", "kmt/soft/herd.c", "herd, 1u, NTF_SEQ_CST", "herd, 1u, NTF_RELAXED"),
        Change(HERD, "the herd's re-read", "page_relacy.cpp", "value = look_again(); /* THE HERD'S RE-READ */", ""),
        Change(HERD, "the order of the look at the herd", "kmt/soft/herd.c", "&slot->herd, NTF_SEQ_CST",
               "&slot->herd, NTF_RELAXED"),
        Change(HERD, "the order of a signal to a herd", "kmt/soft/page.c", "&current, value, NTF_SEQ_CST",
               "&current, value, NTF_RELEASE"),
        Change(HERD, "the herd's word changed before the wake", "kmt/soft/herd.c",
               "    (void)ntf_fetch_add(&slot->word, 1u, NTF_RELEASE);\n", ""),
        Change(HERD, "the baton", "kmt/soft/herd.c", "        (void)ntf_fetch_or(&slot->herd, BATON, NTF_RELAXED);\n",
               "        ;\n"),
        Change(HERD, "the wakes of who has the baton", "kmt/soft/herd.c", QUIT, ""),
        Change(TWO, "acquire of CurrentValue", "page_relacy.cpp", "return ntf_load(&page.current, NTF_ACQUIRE);",
               "return ntf_load(&page.current, NTF_RELAXED);"),
        Change(TWO, "the order of the re-read", "page_relacy.cpp", "return ntf_load(&page.current, NTF_SEQ_CST);",
               "return ntf_load(&page.current, NTF_ACQUIRE);"),
        Change(ONE, "release of the owner", "kmt/soft/page.c", "(uint64_t)0, NTF_RELEASE", "(uint64_t)0, NTF_RELAXED"),
        # Not in the list: release and acquire of the words, by which a changed word brings the changed CurrentValue
        # with it. For Relacy a seq_cst load never reads what is older than the last seq_cst store, whatever was read before.
        # Not in the list: the acquire of the owner. It keeps the new tenant's store of the target behind the old one's
        # in the modification order, and Relacy only ever tries the order in which the stores were executed.
    ),
))
