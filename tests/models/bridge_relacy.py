#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bridge's delivery record, the real fence/bridge.c and lane.c, under Relacy (bridge_relacy.cpp).

Usage: bridge_relacy.py SOURCE_ROOT [--compiler g++] [--jobs N]
"""
import re

from relacy import Change, Model, Scene, main

BRIDGE, LANE, INSIDE = "fence/bridge.c", "fence/lane.c", "fence/lane.h"
DRIVER, BELLS = "fence/driver.c", "fence/doorbell.c"


def watched(file, *fields):
    """Plain fields, which Relacy is to watch; an enumeration as a number."""
    for field in fields:
        kind, names = re.fullmatch(r"(.*? \*?)([a-z]+(?:, \*?[a-z]+)*)", field).groups()
        kind = "int" if kind.startswith("enum") else kind.strip()
        yield file, f"    {field};", f"    plain<{kind}> {names.replace('*', '')};"


TRIMS = (
    ("fence/bridge.h", "#define NTF_BRIDGE_LOOSE_LANES 8", "#define NTF_BRIDGE_LOOSE_LANES loose_lanes"),
    *watched(INSIDE, "struct ntf_bridge_record *next", "struct ntf_bridge_lane *lane", "struct ntf_payload *payload",
             "uint64_t value", "struct ntf_pooled *pooled", "uint64_t fence", "uint64_t turn",
             "enum record_state state", "uint32_t holders", "struct ntf_bridge *bridge", "uint64_t queue",
             "bool common", "uint32_t used",
             "struct ntf_bridge_record *head, *tail", "uint64_t turns", "struct ntf_pool *pool"),
    *watched("fence/driver.h", "struct ntf_pooled *next", "struct ntf_pooled *free", "struct ntf_pooled *unsettled",
             "struct ntf_pooled *latest"),
    *watched("fence/doorbell.h", "struct ntf_doorbell *next", "struct ntf_doorbell *first",
             "struct ntf_parker *parker"),
    (DRIVER, "*pop(struct ntf_pool *pool, struct ntf_pooled **list)",
     "*pop(struct ntf_pool *pool, plain<struct ntf_pooled *> *list)"),
    (DRIVER, "push(struct ntf_pool *pool, struct ntf_pooled **list,",
     "push(struct ntf_pool *pool, plain<struct ntf_pooled *> *list,"),
    (BELLS, "    struct ntf_doorbell **at = &board->first;", "    plain<struct ntf_doorbell *> *at = &board->first;"),
)

# And every schedule without a switch, where they are few.
RANDOM, ALL = ("random 20000",), ("bound 0", "random 20000")
S = {number: Scene(number, name, (), ALL if number in (3, 5, 7, 9) else RANDOM) for number, name in (
    (1, "a queue, pushed and pulled"),
    (2, "two threads submit to a queue"),
    (3, "a device is lost"),
    (4, "in no order, on the common lane"),
    (5, "a stand-in is watched"),
    (6, "cancelled, and the fences' next use"),
    (7, "a submission that never ends"),
    (8, "loose lanes"),
    (9, "a loss is told by doorbells"),
    (10, "on the common lane, and nobody pulls"),
    (11, "chased, and no sleep ends by itself"),
    (12, "a submission that never ends, chased"),
)}

main(Model(
    main="bridge_relacy.cpp",
    parts="bridge_parts.cpp",
    sources=("base/lock.c", "fence/bridge.h", INSIDE, "fence/driver.h", "fence/doorbell.h", DRIVER, BELLS, LANE,
             BRIDGE),
    scenes=tuple(S.values()),
    tries=("random 30000", "bound 1"),
    trims=TRIMS,
    changes=(
        # Once, and when it is time.
        Change(S[1], "the look whether it has been delivered", LANE,
               "    if (record->state == RECORD_DELIVERED)\n        return complaint;\n", ""),
        Change(S[1], "the lock of a delivery", LANE,
               "    ntf_lock_take(&record->lane->lock);\n    complaint = deliver_locked(record);\n"
               "    ntf_lock_drop(&record->lane->lock);\n", "    complaint = deliver_locked(record);\n"),
        Change(S[1], "the driver's word before a pull delivers", LANE,
               "over = ntf_record_is_over(driver->status(driver->context, record->fence));", "over = true;"),
        Change(S[7], "the driver's word before a push delivers", LANE,
               "    if (ntf_record_is_over(result))\n        return true;\n    if (result != NTF_TIMEOUT)",
               "    if (result != NTF_TIMEOUT)\n        return true;\n    if (result != NTF_TIMEOUT)"),
        Change(S[1], "the signal before the count", LANE,
               "    if (!ntf_payload_is_driver(record->payload))\n        complaint.due",
               "    ntf_record_forget(record);\n    if (!ntf_payload_is_driver(record->payload))\n"
               "        complaint.due"),
        Change(S[1], "the release of the payload's count", LANE, "record->payload->pending, 1, NTF_RELEASE",
               "record->payload->pending, 1, NTF_RELAXED"),
        Change(S[1], "the release of the bridge's count", LANE, "gate.pending, 1, NTF_RELEASE",
               "gate.pending, 1, NTF_RELAXED"),
        Change(S[1], "the acquire of the bridge's count", BRIDGE, "ntf_load(&bridge->gate.pending, NTF_ACQUIRE)",
               "ntf_load(&bridge->gate.pending, NTF_RELAXED)"),
        Change(S[1], "the bridge's count", LANE,
               "    ntf_fetch_add(&lane->bridge->gate.pending, 1, NTF_RELAXED);\n", ""),
        # The list, and who holds what is in it.
        Change(S[6], "the lane's hold", LANE,
               "        if (record)\n            record->holders++;\n        ntf_lock_drop", "        ntf_lock_drop"),
        Change(S[6], "a pull's hold", LANE,
               "    if (record)\n        record->holders++;\n    ntf_lock_drop(&lane->lock);\n    return record;",
               "    ntf_lock_drop(&lane->lock);\n    return record;"),
        Change(S[6], "the lock of the holders", LANE,
               "    ntf_lock_take(&lane->lock);\n    last = --record->holders == 0;\n    ntf_lock_drop(&lane->lock);\n",
               "    last = --record->holders == 0;\n"),
        Change(S[6], "the sweep", LANE,
               "        lane_sweep(lane);\n        ntf_record_release(record);\n        if (!over",
               "        ntf_record_release(record);\n        if (!over"),
        Change(S[1], "the list's end behind a sweep", LANE,
               "        if (lane->tail == record)\n            lane->tail = before;\n", ""),
        Change(S[10], "the sweep past what is pending", LANE,
               "(lane->common || record->state == RECORD_DELIVERED)", "(record->state == RECORD_DELIVERED)"),
        Change(S[6], "the list's reference", LANE,
               "        ntf_record_release(record);\n    }\n}\n\nstatic void lane_body",
               "        (void)record;\n    }\n}\n\nstatic void lane_body"),
        Change(S[1], "the lock of a new record", LANE,
               "    ntf_lock_take(&lane->lock);\n    record->turn = ++lane->turns;",
               "    record->turn = ++lane->turns;"),
        Change(S[1], "the lock of a look at the list", LANE,
               "    ntf_lock_take(&lane->lock);\n    record = lane->head;\n    while",
               "    record = lane->head;\n    while"),
        # The lane's sleep.
        Change(S[1], "the wake behind a commit", LANE,
               "    ntf_lane_wake(lane);\n}\n\nstruct ntf_bridge_record *ntf_lane_hold",
               "}\n\nstruct ntf_bridge_record *ntf_lane_hold"),
        Change(S[1], "the change of the word before the wake", LANE,
               "    ntf_fetch_add(&lane->wake, 1, NTF_RELEASE);\n", ""),
        Change(S[1], "the word read before the look", LANE, "ntf_os_park(&lane->wake, seen, UINT64_MAX);",
               "ntf_os_park(&lane->wake, ntf_load(&lane->wake, NTF_ACQUIRE), UINT64_MAX);"),
        Change(S[1], "the release of the word", LANE, "ntf_fetch_add(&lane->wake, 1, NTF_RELEASE)",
               "ntf_fetch_add(&lane->wake, 1, NTF_RELAXED)"),
        Change(S[1], "the acquire of the word", LANE, "        uint32_t seen = ntf_load(&lane->wake, NTF_ACQUIRE);",
               "        uint32_t seen = ntf_load(&lane->wake, NTF_RELAXED);"),
        Change(S[1], "the wake at the end", BRIDGE, "        ntf_lane_wake(lane);\n    }\n", "    }\n"),
        Change(S[7], "the look whether the device ends", LANE,
               "        if (!over && ntf_load(&lane->stop, NTF_ACQUIRE))\n            return;\n", ""),
        Change(S[1], "the wait for the threads' ends", BRIDGE,
               "        ntf_thread_join(lane->thread);\n", "        (void)lane;\n"),
        # What is left to a chase.
        Change(S[11], "the look whether it is still pending", LANE, "    if (pending)\n        ntf_os_park(",
               "    (void)pending;\n    ntf_os_park("),
        Change(S[12], "the look whether the device ends, before it is left", LANE,
               " ||\n        ntf_load(&lane->stop, NTF_ACQUIRE))\n        return false;", ")\n        return false;"),
        Change(S[11], "the word read before it is left", LANE, "ntf_os_park(&lane->wake, seen, until_ns)",
               "ntf_os_park(&lane->wake, ntf_load(&lane->wake, NTF_ACQUIRE), until_ns)"),
        Change(S[11], "the sweep of what was chased", LANE,
               "            lane_sweep(lane);\n            ntf_record_release(record);\n            continue;",
               "            ntf_record_release(record);\n            continue;"),
        # Order, lanes, and what is in no order.
        Change(S[2], "the ticket", BRIDGE, "    if (queue)\n        ntf_lock_take(&lane->ticket);\n", ""),
        Change(S[2], "the ticket kept until the record is in the list", BRIDGE,
               "    ntf_lane_append(record);\n    give_ticket_back(lane);\n",
               "    give_ticket_back(lane);\n    ntf_lane_append(record);\n"),
        Change(S[2], "the second look for a lane", LANE,
               "    lane = lane_find(bridge, queue);\n    if (!lane)\n        lane = ",
               "        lane = "),
        Change(S[2], "the release of a new lane", LANE, "(uintptr_t)lane, NTF_RELEASE", "(uintptr_t)lane, NTF_RELAXED"),
        Change(S[2], "the acquire of a new lane", INSIDE, "ntf_load(&bridge->lanes, NTF_ACQUIRE)",
               "ntf_load(&bridge->lanes, NTF_RELAXED)"),
        Change(S[4], "the pull past what is not over", LANE, "return over || !lane->queue;", "return over;"),
        Change(S[4], "the pull's way forward", LANE, "    *behind = record->turn;\n", ""),
        Change(S[10], "the common lane's look at the others", LANE,
               "        if (lane->common)\n            ntf_lane_pull(lane, false);\n", ""),
        Change(S[8], "the count of a loose lane's records", LANE, "        best->used++;\n", "        (void)best;\n"),
        # Loss.
        Change(S[3], "the delivery of a refused submission", BRIDGE,
               "    ntf_record_deliver(record);\n    ntf_record_release(record);\n}\n\nbool",
               "    ntf_record_release(record);\n}\n\nbool"),
        Change(S[3], "the delivery at a loss", BRIDGE,
               "            ntf_record_deliver(record);\n            ntf_record_release(record);\n",
               "            ntf_record_release(record);\n"),
        Change(S[3], "the ticket of a refused submission", BRIDGE,
               "    give_ticket_back(record->lane);\n    ntf_record_deliver(record);",
               "    ntf_record_deliver(record);"),
        Change(S[9], "the ring at a loss", BRIDGE,
               "    }\n    ntf_doorbells_ring(bridge->bells);\n}\n", "    }\n}\n"),
        # Stand-ins and doorbells.
        Change(S[5], "the mark that it is watched", BRIDGE, "ntf_exchange(&stand_in->driver.watched, 1u, NTF_ACQ_REL)",
               "ntf_load(&stand_in->driver.watched, NTF_ACQUIRE)"),
        Change(S[5], "the ring behind a delivery", LANE, "    ntf_doorbells_ring(bridge->bells);\n", ""),
        Change(S[9], "the ringer's fence", BELLS, "    ntf_fence(NTF_SEQ_CST);\n    if (ntf_load(&board->count",
               "    if (ntf_load(&board->count"),
        Change(S[9], "the fence of a bell hung up", BELLS,
               "    ntf_lock_drop(&board->lock);\n    ntf_fence(NTF_SEQ_CST);\n", "    ntf_lock_drop(&board->lock);\n"),
        Change(S[9], "the fence of a bell taken down", BELLS,
               "NTF_RELAXED);\n    ntf_fence(NTF_SEQ_CST);\n}\n\nvoid ntf_doorbell_remove",
               "NTF_RELAXED);\n}\n\nvoid ntf_doorbell_remove"),
        Change(S[9], "the wake of a ring", BELLS,
               "        if (bell->parker)\n            ntf_parker_wake(bell->parker);\n", ""),
        Change(S[5], "the bells' lock", BELLS,
               "    *at = bell->next;\n    ntf_fetch_sub(&board->count, 1u, NTF_RELAXED);\n"
               "    ntf_lock_drop(&board->lock);\n",
               "    ntf_lock_drop(&board->lock);\n    *at = bell->next;\n"
               "    ntf_fetch_sub(&board->count, 1u, NTF_RELAXED);\n"),
        # The pool.
        Change(S[6], "the reset of a fence that comes back", DRIVER,
               "driver->reset(driver->context, pooled->fence) == NTF_OK", "true"),
        Change(S[3], "the driver's word about a fence that comes back", DRIVER,
               "switch (driver->status(driver->context, pooled->fence)) {", "switch (NTF_OK) {"),
        Change(S[6], "the pool's lock", DRIVER,
               "    ntf_lock_take(&pool->lock);\n    pooled = *list;\n",
               "    pooled = *list;\n    ntf_lock_take(&pool->lock);\n"),
        Change(S[6], "the reference on the payload", LANE, "record->payload = ntf_payload_ref(payload);",
               "record->payload = payload;"),
    ),
))
