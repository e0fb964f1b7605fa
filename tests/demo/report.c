// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include "os.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 2048, LOOK_MS = 100 };

static const char *speaker = "?";

void report_begin(const char *program)
{
    speaker = program;
}

// Written at once and whole: the two programs share one stream.
DEMO_PRINTF(1, 0) static void say_list(const char *format, va_list args)
{
    char line[LINE_SIZE];
    int lead = snprintf(line, sizeof line, "%s: ", speaker);
    int length = vsnprintf(line + lead, sizeof line - (size_t)lead - 1, format, args) + lead;
    if (length > LINE_SIZE - 2)
        length = LINE_SIZE - 2;
    line[length] = '\n';
    fwrite(line, 1, (size_t)length + 1, stdout);
    fflush(stdout);
}

void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say_list(format, args);
    va_end(args);
}

_Noreturn void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say_list(format, args);
    va_end(args);
    os_exit_now(1);
}

const char *option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0)
            return argv[i + 1];
    }
    return NULL;
}

uint64_t option_number(int argc, char **argv, const char *name, uint64_t otherwise, uint64_t most)
{
    const char *text = option(argc, argv, name);
    if (!text)
        return otherwise;
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || *end || number == 0 || number > most)
        die("--%s wants a number from 1 to %" PRIu64 ", not '%s'", name, most, text);
    return number;
}

void check(struct checks *checks, bool passed, const char *format, ...)
{
    char text[LINE_SIZE / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (passed)
        checks->passed++;
    else
        checks->failed++;
    say("  %-6s %s", passed ? "ok" : "FAILED", text);
}

void samples_add(struct samples *samples, uint64_t ns)
{
    if (samples->count == samples->room) {
        size_t room = samples->room ? 2 * samples->room : 1024;
        uint64_t *grown = realloc(samples->ns, room * sizeof *grown);
        if (!grown)
            die("out of memory");
        samples->ns = grown;
        samples->room = room;
    }
    samples->ns[samples->count++] = ns;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

double samples_percentile_us(struct samples *samples, double percent)
{
    if (samples->count == 0)
        return 0;
    qsort(samples->ns, samples->count, sizeof *samples->ns, compare);
    size_t rank = (size_t)(percent / 100 * (double)(samples->count - 1) + 0.5);
    return (double)samples->ns[rank] / 1000;
}

static void watchdog_main(void *context)
{
    struct watchdog *watchdog = context;
    uint64_t seen = atomic_load(&watchdog->progress), since = os_now_ns();
    for (;;) {
        os_sleep_ms(LOOK_MS);
        if (watchdog->look)
            watchdog->look();
        uint64_t progress = atomic_load(&watchdog->progress), now = os_now_ns();
        if (progress != seen) {
            seen = progress;
            since = now;
        } else if (now - since > (uint64_t)watchdog->seconds * 1000000000u) {
            watchdog->expired();
            since = now;
        }
    }
}

void watchdog_start(struct watchdog *watchdog)
{
    if (!os_thread_start(watchdog_main, watchdog))
        die("no thread for the watchdog");
}
