// SPDX-License-Identifier: Apache-2.0
/*
 * Stamps. On x86 the processor's own counter, read so that no later instruction comes before it (RDTSCP); elsewhere
 * the system's clock. Ticks are compared between threads and processes of one machine, and become nanoseconds by a
 * factor that clock_begin measures against the system's clock.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

#include "../demo/os.h"

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
static inline uint64_t stamp(void)
{
    unsigned processor;
    return __rdtscp(&processor);
}
static inline void spin_pause(void)
{
    _mm_pause();
}
#else
static inline uint64_t stamp(void)
{
    return os_now_ns();
}
static inline void spin_pause(void)
{
#if defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}
#endif

void clock_begin(void);
double clock_ns(uint64_t ticks);
uint64_t clock_ticks(double ns);
/* The cost of two stamps with nothing between them, which every latency contains; in nanoseconds. */
double clock_own_ns(void);

/* A cheap generator for delays and keys; state must not be 0. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

#endif
