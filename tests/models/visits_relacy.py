#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Visits, the real visits.c, under Relacy (visits_relacy.cpp).

Usage: visits_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
from relacy import Change, Model, Scene, main

TWO = Scene(1, "2 places", ("SOFT_PLACES=2u",), ("bound 3", "random 200000"))
ONE = Scene(2, "1 place", ("SOFT_PLACES=1u",), ("bound 3", "random 200000"))
VISITS = "kmt/soft/visits.c"

main(Model(
    main="visits_relacy.cpp",
    sources=(VISITS,),
    scenes=(TWO, ONE),
    changes=(
        Change(TWO, "the waiting", VISITS,
               "        while ((seen & 1u) != 0 && ntf_load(&visits->places[i].turn, NTF_ACQUIRE) == seen)\n"
               "            rest(&looks);\n", ""),
        Change(TWO, "the look at every place", VISITS, "for (i = 0; i < SOFT_PLACES; i++) {",
               "for (i = 0; i < 1; i++) {"),
        Change(TWO, "the order of the entering", VISITS, "&seen, seen + 1, NTF_SEQ_CST",
               "&seen, seen + 1, NTF_RELAXED"),
        Change(TWO, "the order of the look at a place", VISITS, "turn, NTF_SEQ_CST)", "turn, NTF_RELAXED)"),
        Change(TWO, "the release of the leaving", VISITS, "+ 1, NTF_RELEASE", "+ 1, NTF_RELAXED"),
        Change(TWO, "the order of the cut", "visits_relacy.cpp", "(uintptr_t)0, NTF_SEQ_CST",
               "(uintptr_t)0, NTF_RELEASE"),
        Change(TWO, "the order of the way", "visits_relacy.cpp", "ntf_load(&way, NTF_SEQ_CST)",
               "ntf_load(&way, NTF_RELAXED)"),
        Change(ONE, "one visitor in a place", VISITS, "(seen & 1u) == 0 && ", ""),
    ),
))
