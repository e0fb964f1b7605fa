// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bench_group *run;
} groups[] = {
    {"spin", group_spin},   {"park", group_park}, {"frame", group_frame}, {"hogs", group_hogs},
    {"calls", group_calls}, {"many", group_many}, {"core", group_core},   {"idle", group_idle},
    {"mixed", group_mixed}, {"herd", group_herd}, {"gpu", group_gpu},
};

enum { PEER_END_MS = 20000 };

void bench_peer_start(const struct bench *bench, struct os_child *child)
{
    char rounds[16];
    char *argv[] = {(char *)machine_self(),
                    (char *)bench->group,
                    (char *)"--page",
                    (char *)bench->page,
                    (char *)"--rounds",
                    rounds,
                    (char *)"--peer",
                    (char *)"1",
                    bench->variant ? (char *)"--variant" : NULL,
                    (char *)"1",
                    NULL};

    snprintf(rounds, sizeof rounds, "%u", (unsigned)bench->rounds);
    if (!os_child_start(child, argv, NULL, 0))
        die("the other process could not be started: %s", os_error());
}

void bench_hog_start(const struct bench *bench, unsigned index, struct os_child *child)
{
    char number[16];
    char *argv[] = {(char *)machine_self(), (char *)"hog",         (char *)"--page",
                    (char *)bench->page,    (char *)"--processor", number,
                    (char *)"--peer",       (char *)"1",           NULL};

    snprintf(number, sizeof number, "%u", index + 1);
    if (!os_child_start(child, argv, NULL, 0))
        die("a hog could not be started: %s", os_error());
}

static _Noreturn void hog(unsigned processor)
{
    machine_pin(processor);
    for (;;)
        spin_pause();
}

void bench_peer_end(struct os_child *child)
{
    int status = -1;

    for (unsigned ms = 0; !os_child_ended(child, &status); ms++) {
        if (ms == PEER_END_MS)
            die("the other process does not end");
        os_sleep_ms(1);
    }
    if (status != 0)
        die("the other process has ended with status %d", status);
}

int demo_main(int argc, char **argv)
{
    struct bench bench = {.group = argc > 1 ? argv[1] : ""};
    const char *out = option(argc, argv, "out");

    report_begin("ntfence-bench");
    bench.page = option(argc, argv, "page");
    bench.rounds = (uint32_t)option_number(argc, argv, "rounds", 2000, 1000000);
    bench.seconds = (double)option_number(argc, argv, "milliseconds", 2000, 600000) / 1000;
    bench.peer = option(argc, argv, "peer") != NULL;
    bench.variant = option(argc, argv, "variant") != NULL;
    machine_cpus();
    if (bench.peer)
        machine_end_with_parent();
    if (strcmp(bench.group, "hog") == 0)
        hog((unsigned)option_number(argc, argv, "processor", 1, 1024) - 1);
    for (size_t i = 0; i < BENCH_COUNT(groups); i++) {
        if (strcmp(groups[i].name, bench.group) != 0)
            continue;
        machine_many_files();
        clock_begin();
        if (!bench.peer)
            output_open(out ? out : "bench.jsonl");
        groups[i].run(&bench);
        if (!bench.peer)
            output_close();
        return 0;
    }
    die("no such group of goals: '%s'", bench.group);
}
