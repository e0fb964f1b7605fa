// SPDX-License-Identifier: Apache-2.0
/* What anybody could do without Vulkan: the limits, and the usual ways. All over lines of the rounds' page. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include "rounds.h"

/* lines: taken from the page one after another, in the same order in both processes. */
struct raw {
    struct rounds_line *line;
    unsigned count; // of lines: for the waits over many words
    bool shared;    // between processes
    struct machine_condition *condition;
    struct machine_event *event;
};

/* Each adds a method. The limits: R is raw_spin, K raw_futex with its "somebody is there" word. */
void raw_spin(struct rounds *rounds, const char *series, double low_us, double high_us, bool remote);
void raw_futex(struct rounds *rounds, const char *series, double low_us, double high_us, bool remote);
void raw_yield(struct rounds *rounds, const char *series, double low_us, double high_us);
void raw_sleep(struct rounds *rounds, const char *series, double low_us, double high_us);
void raw_condition(struct rounds *rounds, const char *series, double low_us, double high_us);
/* futex_waitv over count words, one of which is signalled, in turns. */
void raw_words(struct rounds *rounds, const char *series, double low_us, double high_us, unsigned count, bool remote);

/* An event of the system's, which Windows has between processes; false where there is none. */
bool raw_event(struct rounds *rounds, const char *series, double low_us, double high_us);

#endif
