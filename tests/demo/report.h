// SPDX-License-Identifier: Apache-2.0
/* What both programs need to speak to a person: lines, options, checks, latencies, the watchdog. */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MinGW's plain "printf" means Microsoft's, which is not what these functions use.
#if defined(__clang__)
#define DEMO_PRINTF(text, first) __attribute__((format(printf, text, first)))
#elif defined(__GNUC__)
#define DEMO_PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define DEMO_PRINTF(text, first)
#endif

/* Who speaks; at the start, before any other call. */
void report_begin(const char *program);
/* One line, led by the program's name. From any thread. */
void say(const char *format, ...) DEMO_PRINTF(1, 2);
/* The same, then the end of the process with status 1. */
_Noreturn void die(const char *format, ...) DEMO_PRINTF(1, 2);

/* The value after "--name" among the arguments, up to a lone "--"; NULL if it is not there. */
const char *option(int argc, char **argv, const char *name);
uint64_t option_number(int argc, char **argv, const char *name, uint64_t otherwise, uint64_t most);

/* Counts; a failed check is said as a line, a passed one too. */
struct checks {
    uint64_t passed, failed;
};
void check(struct checks *checks, bool passed, const char *format, ...) DEMO_PRINTF(3, 4);

/* Durations, kept until the end. */
struct samples {
    uint64_t *ns;
    size_t count, room;
};
void samples_add(struct samples *samples, uint64_t ns);
/* The value that `percent` of the samples do not exceed, in microseconds; 0 without samples. Sorts.
 */
double samples_percentile_us(struct samples *samples, double percent);

/*
 * The watchdog: a thread that calls `expired` when `progress` has stood still for `seconds`, and
 * `look`, if there is one, ten times a second. Both may end the process.
 */
struct watchdog {
    _Atomic uint64_t progress;
    unsigned seconds;
    void (*expired)(void);
    void (*look)(void);
};
void watchdog_start(struct watchdog *watchdog);

#endif
