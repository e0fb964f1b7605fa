#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of a keyed mutex, the real mutex_page.c, under Relacy (mutex_relacy.cpp).

Usage: mutex_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
from relacy import Change, Model, Scene, main

SIZES = ("NTF_PAGE_SLOTS=2u", "NTF_MUTEX_DATA_WORDS=1u")
TURNS = Scene(1, "turns", (*SIZES, "NTF_MUTEX_SEATS=4u"), ("bound 1", "random 150000"))
DEATH = Scene(2, "a death", (*SIZES, "NTF_MUTEX_SEATS=2u"), ("bound 1", "random 150000"))
PAGE, MUTEX = "kmt/soft/page.c", "kmt/soft/mutex_page.c"

main(Model(
    main="mutex_relacy.cpp",
    sources=(PAGE, MUTEX),
    scenes=(TURNS, DEATH),
    tries=("random 20000", "bound 1", "random 200000"),
    changes=(
        Change(TURNS, "second look at turns", MUTEX,
               "    if (ntf_load(&mutex->page.current, NTF_ACQUIRE) != now) /* THE SECOND LOOK */\n"
               "        return NTF_NOT_READY;\n", ""),
        Change(TURNS, "compare in the take", MUTEX,
               "if (!ntf_cas(&mutex->taken, &taken, taken_by(now, seat), NTF_ACQ_REL))",
               "ntf_store(&mutex->taken, taken_by(now, seat), NTF_RELEASE); if (false)"),
        Change(TURNS, "look at who has taken the turn", MUTEX, "    if (names(taken, now))\n", "    if (false)\n"),
        Change(TURNS, "release of turns", PAGE, "&current, to, NTF_SEQ_CST", "&current, to, NTF_RELAXED"),
        Change(TURNS, "acquire of turns in the take", MUTEX, "NTF_ACQUIRE) != now)", "NTF_RELAXED) != now)"),
        Change(TURNS, "record written before the turn is given", MUTEX,
               "    ntf_store(&record->fence_value, fence_value, NTF_RELAXED);\n", ""),
        Change(TURNS, "wake of who waits for the turn", PAGE, "    wake_reached(page, from, to, ops);\n", ""),
        Change(TURNS, "seat before the take is seen", MUTEX, "taken_by(now, seat), NTF_ACQ_REL",
               "taken_by(now, seat), NTF_RELAXED"),
        Change(DEATH, "look at a dead owner before his seat is taken", MUTEX,
               "    if ((turn & NTF_MUTEX_ABANDONED) == 0 && names(taken, turn) && seat_of(taken) == seat)\n"
               "        (void)look(mutex, turn, taken, ops);\n    return ntf_cas", "    return ntf_cas"),
        Change(DEATH, "look with which arming begins, and that of the take", "mutex_relacy.cpp",
               "ntf_mutex_page_look(&mutex, &ops); /* WHAT ARMING BEGINS WITH */", "if (now == now) { }"),
        Change(DEATH, "question whether the owner is gone", MUTEX,
               "if (owner != 0 && !ops->gone(ops->context, owner))", "if (false)"),
    ),
))
