#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of a keyed mutex under spin (mutex.pml): every interleaving, somebody killed at every step, and each broken
variant that has to be found out.

Usage: mutex.py [--jobs 2]
"""
import sys

import page

page.MODEL = page.MODEL.with_name("mutex.pml")
page.STANDS = [
    ("a seat for each", ["SEATS=3"]),
    ("two seats for three", ["SEATS=2"]),
]
page.FALLS = [
    ("no second look at turns", ["BROKEN=1", "SEATS=3"]),
    ("a take that does not compare", ["BROKEN=2", "SEATS=3"]),
    ("nobody asks whether the owner is gone", ["BROKEN=3", "SEATS=3"]),
    ("a dead owner's seat is taken without a look at what he held", ["BROKEN=4", "SEATS=2"]),
    ("the wake comes before the turn", ["BROKEN=5", "SEATS=3"]),
    ("no look again by oneself, and somebody dies", ["BROKEN=6", "SEATS=3"]),
    ("the record is written after the turn", ["BROKEN=7", "SEATS=3"]),
    ("an owner is found gone, whatever turn it is by now", ["BROKEN=8", "SEATS=2"]),
]
sys.exit(page.main())
