// SPDX-License-Identifier: Apache-2.0
/*
 * What lies below the calls, where no call can show it alone. Another thread does something, again and again, beside
 * what is measured: each measured loop says what.
 */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

#include "loops.h"

/* What the other thread does once, and again, from the return of other_does on; NULL: it rests. */
typedef void other_work(void);
void other_does(other_work *work);

/* A loop's body, with the other thread at that work. */
#define WITH_OTHER(name, what, loop)                                                                                   \
    static void name(void *context, uint32_t count)                                                                    \
    {                                                                                                                  \
        other_does(what);                                                                                              \
        loop(context, count);                                                                                          \
    }

void core_lookups(const struct bench *bench);      // goals 11 and 20
void core_registration(const struct bench *bench); // goal 16
void core_costs(const struct bench *bench);        // goals 17, 19 and 20

#endif
