// SPDX-License-Identifier: Apache-2.0
/*
 * The measuring program: one group of goals a run, so that what is compared is measured in one process, in turns.
 *
 *     ntfence-bench GROUP --out FILE --page FILE [--rounds N] [--milliseconds M] [--variant 1] [--peer 1]
 *
 * --rounds: of wake-ups; loops scale their repeats from it. --milliseconds: how long a state is watched. --page: memory
 * that two processes share. --variant: groups with two kinds of a thing have the second. --peer is for the child
 * that a group starts as its other process. The layer under test comes in as an application would bring it: by name,
 * through the real loader, from the manifests of VK_LAYER_PATH.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "clock.h"
#include "machine.h"
#include "output.h"

#define BENCH_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct bench {
    const char *group, *page;
    uint32_t rounds;
    double seconds; // of a state that is watched
    bool peer;      // this is the other process
    bool variant;   // the group has two: this is the second
};

typedef void bench_group(const struct bench *bench);
bench_group group_spin, group_park, group_frame, group_hogs, group_calls, group_many, group_core, group_idle,
    group_mixed, group_herd, group_gpu;

/* The other process of a group, which is this program with --peer. */
void bench_peer_start(const struct bench *bench, struct os_child *child);
/* A process that does nothing but use the i-th processor, until it is killed or this one is gone. */
void bench_hog_start(const struct bench *bench, unsigned index, struct os_child *child);
/* Waits for its end; a status that is not 0 ends this program. */
void bench_peer_end(struct os_child *child);

#endif
