#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The wait, from the poller down to the page, under Relacy (wait_relacy.cpp).

Usage: wait_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
from relacy import Change, Model, Scene, main

TWO = ("THREADS=2", "NTF_PAGE_SLOTS=2u", "NTF_SPIN_LOOKS=1u")
FOUR = ("THREADS=4", *TWO[1:])
SCENES = {scene.number: scene for scene in (
    Scene(1, "wait-any", TWO, ("bound 4", "random 100000")),
    Scene(2, "wait-all", FOUR, ("bound 2", "random 200000")),
    Scene(3, "a moment is expected", TWO, ("bound 3", "random 100000")),
    Scene(4, "a deadline", TWO, ("bound 4", "random 100000")),
    Scene(5, "a loss", TWO, ("bound 4", "random 100000")),
    Scene(6, "two of any", FOUR, ("bound 2", "random 100000")),
    Scene(7, "a deadline and a hostile peer", TWO, ("bound 4", "random 100000")),
)}

main(Model(
    main="wait_relacy.cpp",
    sources=("kmt/soft/herd.c", "kmt/soft/page.c", "kmt/parker.c", "kmt/watch.h", "kmt/watch.c", "fence/spin.c",
             "fence/poller.c"),
    scenes=tuple(SCENES.values()),
    changes=(
        Change(SCENES[1], "the look behind the arming", "kmt/watch.c",
               "    first = look_again(watches, count);\n    if (first == count)\n        (void)",
               "    first = count;\n    if (first == count)\n        (void)"),
        Change(SCENES[1], "the arming of all", "kmt/watch.c",
               "    for (i = 0; i < count; i++)\n        watches[i].ops->arm(",
               "    for (i = 0; i < 1; i++)\n        watches[i].ops->arm("),
        Change(SCENES[1], "the disarming", "kmt/watch.c",
               "        watches[i].ops->disarm(&watches[i], parker);", "        ;"),
        Change(SCENES[1], "the order of the look behind the arming", "kmt/watch.c", "value, NTF_SEQ_CST)",
               "value, NTF_RELAXED)"),
        Change(SCENES[1], "the order of the arming", "kmt/soft/page.c", "<< slot, NTF_SEQ_CST", "<< slot, NTF_RELAXED"),
        Change(SCENES[6], "the acquire of a look", "kmt/watch.h",
               "watch->value, NTF_ACQUIRE)", "watch->value, NTF_RELAXED)"),
        Change(SCENES[4], "the acquire of a spin's look", "fence/spin.c", "return ntf_load(pair->value, NTF_ACQUIRE)",
               "return ntf_load(pair->value, NTF_RELAXED)"),
        Change(SCENES[1], "the name of the one", "fence/poller.c",
               "    poll->index = index;\n    return true;", "    return true;"),
        Change(SCENES[2], "which of all is armed", "fence/poller.c",
               "poll->all ? &poll->watches[poll->left - 1] : poll->watches",
               "poll->watches"),
        Change(SCENES[2], "the look at the rest of all", "fence/spin.c",
               "left > 0 && ntf_watch_reached(&poll->watches[left - 1])", "left > 0"),
        Change(SCENES[3], "the park behind a spin", "fence/poller.c",
               "            result = park(poller, poll, &parker, deadline_ns);\n", ""),
        Change(SCENES[3], "the spin's end", "fence/poller.c",
               "if (spin != NTF_SPIN_REACHED) {", "if (spin == NTF_SPIN_LOST_CPU) {"),
        Change(SCENES[7], "the deadline of a sleep", "fence/poller.c",
               "result = park(poller, poll, &parker, deadline_ns);",
               "result = park(poller, poll, &parker, NTF_FOREVER);"),
        Change(SCENES[5], "which deadline has passed", "fence/poller.c",
               "result == NTF_TIMEOUT && ntf_deadline_passed(until_ns, ops->now_ns())", "result == NTF_TIMEOUT"),
        Change(SCENES[5], "the safety period", "fence/poller.c",
               "poller->lost ? ntf_deadline_min(until_ns, ntf_deadline_after(now_ns, NTF_SAFETY_NS)) : until_ns",
               "until_ns"),
        Change(SCENES[5], "the look at the loss", "fence/poller.c",
               "        if (ntf_poller_is_lost(poller))\n            return NTF_E_LOST;\n", ""),
    ),
))
