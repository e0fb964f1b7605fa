// SPDX-License-Identifier: Apache-2.0
#include "clock.h"

enum { CALIBRATE_MS = 60 };

static double ticks_per_ns = 1;

void clock_begin(void)
{
    const uint64_t ns = os_now_ns(), ticks = stamp();
    uint64_t then;

    while ((then = os_now_ns()) - ns < CALIBRATE_MS * UINT64_C(1000000))
        os_sleep_ms(5);
    ticks_per_ns = (double)(stamp() - ticks) / (double)(then - ns);
}

double clock_ns(uint64_t ticks)
{
    return (double)ticks / ticks_per_ns;
}

uint64_t clock_ticks(double ns)
{
    return (uint64_t)(ns * ticks_per_ns);
}

double clock_own_ns(void)
{
    uint64_t best = UINT64_MAX;

    for (unsigned i = 0; i < 1000; i++) {
        const uint64_t before = stamp(), took = stamp() - before;
        if (took < best)
            best = took;
    }
    return clock_ns(best);
}
