// SPDX-License-Identifier: Apache-2.0
/*
 * The cost of a call: many of it in a row, the variants in turns, again and again; what counts is the least. Another
 * thread is there: a C library leaves lock prefixes out as long as there is none, which no application enjoys.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include "bench.h"

enum { LOOPS_MAX = 40 };

struct loop {
    const char *series;
    void (*body)(void *context, uint32_t count); // does it count times
    void *context;
    uint32_t count;
};

struct loops {
    const struct bench *bench;
    struct loop loops[LOOPS_MAX];
    unsigned count;
};

void loops_begin(struct loops *loops, const struct bench *bench);
void loops_add(struct loops *loops, const char *series, void (*body)(void *, uint32_t), void *context, uint32_t count);
/* Writes the series: min, p50, and all, in nanoseconds for one. */
void loops_run(struct loops *loops);
/* Repeats that --rounds comes to. */
unsigned loops_repeats(const struct bench *bench);

#endif
