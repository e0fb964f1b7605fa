// SPDX-License-Identifier: Apache-2.0
#include "loops.h"

#include <stdlib.h>
#include <string.h>

enum { REPEATS_LEAST = 3, REPEATS_MOST = 31 };

static ntf_au32 other_ends;

static void other_thread(void *context)
{
    (void)context;
    while (!ntf_load(&other_ends, NTF_ACQUIRE))
        machine_word_wait(&other_ends, 0, false);
}

unsigned loops_repeats(const struct bench *bench)
{
    const unsigned repeats = bench->rounds / 300;
    return repeats < REPEATS_LEAST ? REPEATS_LEAST : repeats > REPEATS_MOST ? REPEATS_MOST : repeats;
}

void loops_begin(struct loops *loops, const struct bench *bench)
{
    memset(loops, 0, sizeof *loops);
    loops->bench = bench;
}

void loops_add(struct loops *loops, const char *series, void (*body)(void *, uint32_t), void *context, uint32_t count)
{
    if (loops->count == LOOPS_MAX)
        die("too many loops");
    // Few rounds: a look at whether it works.
    if (loops->bench->rounds < 100 && count > 64)
        count = count / 64 < 64 ? 64 : count / 64;
    loops->loops[loops->count++] = (struct loop){series, body, context, count};
}

static void write_loop(const struct loop *loop, double *values, unsigned repeats)
{
    output_begin(loop->series);
    output_text("unit", "ns");
    output_number("n", (double)loop->count * repeats);
    output_numbers("chunks", values, repeats);
    output_number("p50", median_of(values, repeats));
    output_number("min", values[0]);
    output_end();
}

void loops_run(struct loops *loops)
{
    const unsigned repeats = loops_repeats(loops->bench);
    double *values = calloc((size_t)loops->count * repeats, sizeof *values);
    struct machine_thread *other = machine_thread_start(other_thread, NULL);

    if (!values)
        die("out of memory");
    machine_pin(machine_cpus() > 1 ? 1 : 0);
    for (unsigned repeat = 0; repeat < repeats; repeat++) {
        for (unsigned i = 0; i < loops->count; i++) {
            const struct loop *loop = &loops->loops[i];
            const uint64_t begins = stamp();
            loop->body(loop->context, loop->count);
            values[i * repeats + repeat] = clock_ns(stamp() - begins) / loop->count;
        }
    }
    machine_pin(MACHINE_ANY);
    for (unsigned i = 0; i < loops->count; i++)
        write_loop(&loops->loops[i], &values[i * repeats], repeats);
    ntf_store(&other_ends, 1, NTF_RELEASE);
    machine_word_wake(&other_ends, true, false);
    machine_thread_join(other);
    ntf_store(&other_ends, 0, NTF_RELEASE);
    free(values);
}
