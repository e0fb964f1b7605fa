// SPDX-License-Identifier: Apache-2.0
#include "rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPIN_NS = 100000, SLEEP_ERROR_NS = 150000, MEET_MS = 60000, NO_METHOD = 0xFF };

struct rounds_page {
    _Alignas(128) ntf_au64 ready; // the round that the waiter has announced; counts over all methods
    _Alignas(128) ntf_au64 done;  // the signaller's side of it is over
    _Alignas(128) ntf_au32 turn;  // (count of chunks << 8) | method; the signallers sleep on it while it is not theirs
    _Alignas(128) ntf_au32 here[2]; // meetings of the first and the other process
    struct rounds_line lines[ROUNDS_LINES];
    uint64_t stamps[]; // [method][round]{ signal begins, signal took }
};

struct waiter {
    struct rounds *rounds;
    uint64_t *returned[ROUNDS_METHODS_MAX]; // stamps
    double *medians[ROUNDS_METHODS_MAX];    // of the chunks, in nanoseconds
    uint64_t cpu_ns[ROUNDS_METHODS_MAX], process_ns[ROUNDS_METHODS_MAX], wall_ns[ROUNDS_METHODS_MAX];
};

void rounds_begin(struct rounds *rounds, const struct bench *bench, uint32_t most)
{
    size_t size = sizeof(struct rounds_page) + (size_t)ROUNDS_METHODS_MAX * most * 2 * sizeof(uint64_t);

    memset(rounds, 0, sizeof *rounds);
    rounds->bench = bench;
    rounds->rounds = most;
    if (machine_cpus() < 2)
        die("this needs two processors");
    rounds->page = bench->peer ? os_page_open(bench->page, &size) : os_page_create(bench->page, size);
    if (!rounds->page)
        die("%s: %s", bench->page, os_error());
    rounds->lines = rounds->page->lines;
}

struct method *rounds_add(struct rounds *rounds, const char *series, double low_us, double high_us)
{
    struct method *method = &rounds->methods[rounds->count++];

    if (rounds->count > ROUNDS_METHODS_MAX)
        die("too many methods");
    *method = (struct method){.series = series, .low_us = low_us, .high_us = high_us};
    return method;
}

void rounds_meet(struct rounds *rounds)
{
    ntf_au32 *mine = &rounds->page->here[rounds->bench->peer], *other = &rounds->page->here[!rounds->bench->peer];
    const uint32_t count = ntf_fetch_add(mine, 1, NTF_SEQ_CST) + 1;

    for (unsigned ms = 0; ntf_load(other, NTF_SEQ_CST) < count; ms++) {
        if (ms == MEET_MS)
            die("the other process does not come");
        os_sleep_ms(1);
    }
}

static uint64_t *stamps_of(struct rounds *rounds, unsigned method, uint32_t round)
{
    return &rounds->page->stamps[((size_t)method * rounds->rounds + round) * 2];
}

// ---- the signaller

static void let_go_by(double us)
{
    const uint64_t end = stamp() + clock_ticks(us * 1000);

    if (us * 1000 > 2 * SLEEP_ERROR_NS)
        machine_sleep_until(os_now_ns() + (uint64_t)(us * 1000) - SLEEP_ERROR_NS);
    while (stamp() < end)
        spin_pause();
}

static void wait_for(ntf_au64 *counter, uint64_t value)
{
    const uint64_t end = stamp() + clock_ticks(SPIN_NS);

    while (ntf_load(counter, NTF_ACQUIRE) != value) {
        spin_pause();
        if (stamp() > end)
            machine_yield();
    }
}

struct signaller {
    struct rounds *rounds;
    uint64_t seed, numbers[ROUNDS_METHODS_MAX];
    uint32_t kept[ROUNDS_METHODS_MAX], chunk;
};

static void signal_chunk(struct signaller *me, unsigned index)
{
    struct rounds_page *page = me->rounds->page;
    const struct method *method = &me->rounds->methods[index];

    for (uint32_t i = 0; i < me->rounds->lead + me->chunk; i++) {
        const uint64_t serial = ntf_load(&page->done, NTF_ACQUIRE) + 1;
        const double share = (double)(random_next(&me->seed) % 4096) / 4096;
        uint64_t uncounted[2];
        uint64_t *stamps = i < me->rounds->lead ? uncounted : stamps_of(me->rounds, index, me->kept[index]++);
        wait_for(&page->ready, serial);
        let_go_by(method->low_us + share * (method->high_us - method->low_us));
        const uint64_t begins = stamp();
        method->signal(method->context, ++me->numbers[index]);
        const uint64_t ends = stamp();
        stamps[0] = begins;
        stamps[1] = ends - begins;
        ntf_store(&page->done, serial, NTF_RELEASE);
    }
}

static void signaller_run(struct signaller *me)
{
    struct rounds_page *page = me->rounds->page;

    machine_pin(0);
    machine_timer(true);
    for (uint32_t turn = 0;;) {
        while (ntf_load(&page->turn, NTF_ACQUIRE) == turn)
            machine_word_wait(&page->turn, turn, true);
        turn = ntf_load(&page->turn, NTF_ACQUIRE);
        const uint32_t method = turn & NO_METHOD;
        if (method == NO_METHOD)
            break;
        if (me->rounds->methods[method].remote == me->rounds->bench->peer)
            signal_chunk(me, method);
    }
    machine_pin(MACHINE_ANY);
}

// ---- the waiter

static void next_turn(struct rounds_page *page, uint32_t method)
{
    const uint32_t turn = (ntf_load(&page->turn, NTF_RELAXED) >> 8) + 1;

    ntf_store(&page->turn, turn << 8 | method, NTF_SEQ_CST);
    machine_word_wake(&page->turn, true, true);
}

static void wait_rounds(struct rounds *rounds, const struct method *method, uint32_t count, uint64_t number,
                        uint64_t *returned)
{
    struct rounds_page *page = rounds->page;

    for (uint32_t i = 0; i < count; i++) {
        const uint64_t serial = ntf_load(&page->ready, NTF_RELAXED) + 1;
        if (method->prepare)
            method->prepare(method->context, number + i);
        ntf_store(&page->ready, serial, NTF_RELEASE);
        method->wait(method->context, number + i);
        returned[i] = stamp();
        wait_for(&page->done, serial);
    }
}

static void wait_chunk(struct waiter *me, unsigned index, uint32_t at)
{
    struct rounds *rounds = me->rounds;
    const struct method *method = &rounds->methods[index];
    const uint64_t number = (uint64_t)at * (rounds->lead + rounds->chunk) + 1;
    uint64_t *returned = &me->returned[index][at * rounds->chunk];

    if (method->chunk)
        method->chunk(method->context, true);
    next_turn(rounds->page, index);
    // What the lead writes is written over.
    for (uint32_t i = 0; i < rounds->lead; i++)
        wait_rounds(rounds, method, 1, number + i, returned);
    const uint64_t cpu = machine_thread_cpu_ns(), process = machine_process_cpu_ns(), wall = os_now_ns();
    wait_rounds(rounds, method, rounds->chunk, number + rounds->lead, returned);
    me->cpu_ns[index] += machine_thread_cpu_ns() - cpu;
    me->process_ns[index] += machine_process_cpu_ns() - process;
    me->wall_ns[index] += os_now_ns() - wall;
    if (method->chunk)
        method->chunk(method->context, false);
}

static void waiter_main(void *context)
{
    struct waiter *me = context;
    struct rounds *rounds = me->rounds;

    machine_pin(1);
    for (uint32_t at = 0; (at + 1) * rounds->chunk <= rounds->rounds; at++) {
        for (unsigned i = 0; i < rounds->count; i++)
            wait_chunk(me, i, at);
    }
    next_turn(rounds->page, NO_METHOD);
}

// ---- what comes of it

static uint64_t *latencies_of(struct waiter *me, unsigned method, uint32_t count)
{
    uint64_t *latencies = me->returned[method];

    for (uint32_t i = 0; i < count; i++) {
        const uint64_t begins = stamps_of(me->rounds, method, i)[0];
        latencies[i] = latencies[i] > begins ? latencies[i] - begins : 0;
    }
    for (uint32_t at = 0; at < count; at += me->rounds->chunk) {
        uint64_t *copy = malloc(me->rounds->chunk * sizeof *copy);
        if (!copy)
            die("out of memory");
        memcpy(copy, &latencies[at], me->rounds->chunk * sizeof *copy);
        sort_ticks(copy, me->rounds->chunk);
        me->medians[method][at / me->rounds->chunk] = clock_ns(quantile(copy, me->rounds->chunk, .5));
        free(copy);
    }
    return latencies;
}

static void write_series(struct waiter *me, unsigned index, uint32_t count)
{
    const double wall = (double)me->wall_ns[index];
    uint64_t *signals = malloc(count * sizeof *signals);

    if (!signals)
        die("out of memory");
    for (uint32_t i = 0; i < count; i++)
        signals[i] = stamps_of(me->rounds, index, i)[1];
    output_begin(me->rounds->methods[index].series);
    output_text("unit", "ns");
    output_number("n", count);
    uint64_t *latencies = latencies_of(me, index, count);
    output_numbers("chunks", me->medians[index], count / me->rounds->chunk);
    output_latencies("", latencies, count);
    output_latencies("signal_", signals, count);
    output_number("cpu", (double)me->cpu_ns[index] / wall);
    output_number("process_cpu", (double)me->process_ns[index] / wall);
    output_end();
    free(signals);
}

void rounds_run(struct rounds *rounds, uint32_t count, uint32_t chunk)
{
    struct signaller signaller = {.rounds = rounds, .seed = 88172645463325252u, .chunk = chunk};
    struct waiter *waiter = calloc(1, sizeof *waiter);

    rounds->chunk = chunk;
    rounds->rounds = count - count % chunk;
    rounds_meet(rounds);
    if (rounds->bench->peer) {
        signaller_run(&signaller);
        return;
    }
    if (!waiter)
        die("out of memory");
    waiter->rounds = rounds;
    for (unsigned i = 0; i < rounds->count; i++) {
        waiter->returned[i] = calloc(rounds->rounds, sizeof(uint64_t));
        waiter->medians[i] = calloc(rounds->rounds / chunk, sizeof(double));
        if (!waiter->returned[i] || !waiter->medians[i])
            die("out of memory");
        memset(waiter->returned[i], 1, rounds->rounds * sizeof(uint64_t)); // no page fault later
    }
    memset(rounds->page->stamps, 1, (size_t)rounds->count * rounds->rounds * 2 * sizeof(uint64_t));
    struct machine_thread *thread = machine_thread_start(waiter_main, waiter);
    signaller_run(&signaller);
    machine_thread_join(thread);
    for (unsigned i = 0; i < rounds->count; i++) {
        write_series(waiter, i, rounds->rounds);
        free(waiter->returned[i]);
        free(waiter->medians[i]);
    }
    free(waiter);
}
