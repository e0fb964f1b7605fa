#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wakes by name and by bell, the real parker, under Relacy (parker_relacy.cpp).

Usage: parker_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
from relacy import Change, Model, Scene, main

SLOTS = ("NTF_PAGE_SLOTS=1u",)
NAME, BORROW, VALUE, BOTH, LATE = (
    Scene(number, name, SLOTS, ("bound 3", "random 100000"))
    for number, name in enumerate(("a wake by name", "a bell borrowed meanwhile", "a ring", "a ring and a wake",
                                   "a deadline"), 1))
SYSTEM = "kmt/os/win32/parker.c"

main(Model(
    main="parker_relacy.cpp",
    sources=("kmt/soft/page.c", "kmt/soft/herd.c", "kmt/parker.c", "kmt/watch.c", SYSTEM),
    scenes=(NAME, BORROW, VALUE, BOTH, LATE),
    trims=((SYSTEM, "#include <windows.h>\n", ""),),
    changes=(
        Change(BORROW, "the look for a wake before the sleep", "kmt/parker.c",
               "    if (ntf_load(&parker->wake, NTF_SEQ_CST) != parker->seen)\n        return NTF_OK;\n", ""),
        Change(BORROW, "the order of that look", "kmt/parker.c", "ntf_load(&parker->wake, NTF_SEQ_CST)",
               "ntf_load(&parker->wake, NTF_RELAXED)"),
        Change(BORROW, "the order of the count", "kmt/parker.c", "ntf_fetch_add(&parker->wake, 1u, NTF_SEQ_CST)",
               "ntf_fetch_add(&parker->wake, 1u, NTF_RELEASE)"),
        Change(BORROW, "the order of the bell's store", SYSTEM, "ntf_store(&parker->bell, bell, NTF_SEQ_CST);",
               "ntf_store(&parker->bell, bell, NTF_RELEASE);"),
        Change(BORROW, "the order of the bell's load", SYSTEM, "ntf_load(&parker->bell, NTF_SEQ_CST)",
               "ntf_load(&parker->bell, NTF_RELAXED)"),
        Change(NAME, "the count", "kmt/parker.c", "    (void)ntf_fetch_add(&parker->wake, 1u, NTF_SEQ_CST);\n", ""),
        Change(NAME, "the wake behind the count", SYSTEM, "    ntf_os_unpark_all(&parker->wake);\n", ""),
        Change(BORROW, "the ring behind the count", SYSTEM,
               "        ntf_bell_ring(bell - 1);\n    ntf_os", "        ;\n    ntf_os"),
        Change(NAME, "the acquire of the count", "kmt/parker.c", "ntf_load(&parker->wake, NTF_ACQUIRE)",
               "ntf_load(&parker->wake, NTF_RELAXED)"),
        Change(NAME, "telling of a wake", "kmt/watch.c",
               "            if (parker->seen != before)\n                return NTF_NOT_READY;\n", ""),
        Change(VALUE, "the look behind the arming", "kmt/watch.c",
               "    first = look_again(watches, count);\n    if (first == count)\n        (void)",
               "    first = count;\n    if (first == count)\n        (void)"),
        Change(VALUE, "the owner before the bit", "parker_relacy.cpp",
               "const uint64_t owner = ntf_parker_owner(parker);", "const uint64_t owner = COPY + 1;"),
        Change(LATE, "the sleep's deadline", SYSTEM, "ntf_bell_sleep(bell - 1, deadline_ns);",
               "ntf_bell_sleep(bell - 1, UINT64_MAX);"),
        Change(LATE, "the look at the deadline", "kmt/watch.c",
               "            if (ntf_deadline_passed(deadline_ns, parker->ops->now_ns()))\n"
               "                return NTF_TIMEOUT;\n", ""),
        Change(LATE, "which deadline has passed", "kmt/watch.c",
               "ntf_deadline_passed(deadline_ns, parker->ops->now_ns())", "parker->ops->now_ns() != 0"),
        Change(VALUE, "the order of the arming", "kmt/soft/page.c", "<< slot, NTF_SEQ_CST", "<< slot, NTF_RELAXED"),
    ),
))
