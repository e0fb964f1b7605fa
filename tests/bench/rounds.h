// SPDX-License-Identifier: Apache-2.0
/*
 * Wake-ups: from the signal to the waiter's return, many ways in turns.
 *
 * One thread waits, on a processor of its own; another, or another process, signals, on the first. A round: the waiter
 * prepares, announces itself, and waits; the signaller lets a random time go by, takes a stamp and signals; the waiter
 * takes a stamp when it is back. Methods take turns in chunks of rounds, so that what the machine does to one it does
 * to its neighbours; each chunk's median is kept, and two methods are best compared chunk by chunk.
 *
 * A method that learns from past waits would have to start anew in every chunk, which nobody's waits do who does one
 * thing: where that matters, a chunk begins with a few rounds that count for no method.
 *
 * Stamps go to arrays that nobody reads before the end: a stamp in a line that the other side looks at would delay the
 * very store that is measured. The latency contains one stamp.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include "bench.h"

enum { ROUNDS_METHODS_MAX = 32, ROUNDS_LINES = 1024 };

/* A line of the cache that both processes see, for methods that need one. */
struct rounds_line {
    _Alignas(128) ntf_au64 value;
    ntf_au32 word, armed;
};

struct method {
    const char *series;
    void *context;
    void (*chunk)(void *context, bool begins);      // the waiter's, around a chunk; NULL: nothing to do
    void (*prepare)(void *context, uint64_t round); // the waiter's, before it announces itself; NULL: nothing
    void (*wait)(void *context, uint64_t round);
    void (*signal)(void *context, uint64_t round);
    double low_us, high_us; // the time that goes by
    bool remote;            // the signaller is the other process
};

struct rounds {
    const struct bench *bench;
    struct method methods[ROUNDS_METHODS_MAX];
    unsigned count;
    struct rounds_line *lines; // zero at first
    struct rounds_page *page;
    uint32_t rounds, chunk;
    uint32_t lead; // set before run: so many rounds begin each chunk and are not counted
};

/* Makes the page, or opens it in the other process. rounds is the most that run will be asked for. */
void rounds_begin(struct rounds *rounds, const struct bench *bench, uint32_t most);
struct method *rounds_add(struct rounds *rounds, const char *series, double low_us, double high_us);
/* The two processes meet: whatever the other has made before it came here is there. */
void rounds_meet(struct rounds *rounds);
/* Once: runs all of it and writes the series; in the other process: signals until it is over. Each method's rounds are
 * numbered from 1. chunk must divide what is to be counted of count. */
void rounds_run(struct rounds *rounds, uint32_t count, uint32_t chunk);

#endif
