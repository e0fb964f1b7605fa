// SPDX-License-Identifier: Apache-2.0
/* Goal 18: 64 threads wait for one fence. */
#include <stdlib.h>

#include "bench.h"
#include "world.h"

enum { WAITERS = 64, ROUND_MS = 20000, SETTLE_NS = 300000 };
enum how { HOW_WORD, HOW_CONDITION, HOW_PRIVATE, HOW_SHARED, HOW_COUNT, HOW_ONE = HOW_COUNT, HOW_END };

static const char *const series[] = {"herd.word", "herd.condition", "herd.private", "herd.shared", "herd.one"};

static struct {
    _Alignas(128) ntf_au32 round, how; // counts; what is waited for in this round
    _Alignas(128) ntf_au32 inside, outside;
    _Alignas(128) ntf_au32 word;
    _Alignas(128) ntf_au64 value;
    struct machine_condition *condition;
    struct producer_fence private, shared;
    struct world world;
    VkFence fence;
    uint64_t returned[WAITERS];
} herd;

static void wait_how(enum how how, uint32_t round)
{
    switch (how) {
    case HOW_CONDITION:
        machine_condition_lock(herd.condition);
        while (ntf_load(&herd.value, NTF_ACQUIRE) < round)
            machine_condition_wait(herd.condition);
        machine_condition_unlock(herd.condition);
        break;
    case HOW_PRIVATE:
        producer_wait(&herd.private, round);
        break;
    case HOW_SHARED:
        world_wait(&herd.world, herd.fence);
        break;
    default:
        for (uint32_t seen; (seen = ntf_load(&herd.word, NTF_ACQUIRE)) < round;)
            machine_word_wait(&herd.word, seen, false);
    }
}

static void signal_how(enum how how, uint32_t round)
{
    switch (how) {
    case HOW_CONDITION:
        machine_condition_lock(herd.condition);
        ntf_store(&herd.value, round, NTF_RELEASE);
        machine_condition_wake_all(herd.condition);
        machine_condition_unlock(herd.condition);
        break;
    case HOW_PRIVATE:
        producer_signal(&herd.private, round);
        break;
    case HOW_SHARED:
        producer_signal(&herd.shared, round);
        break;
    default:
        ntf_store(&herd.word, round, NTF_RELEASE);
        machine_word_wake(&herd.word, true, false);
    }
}

static void waiter_main(void *context)
{
    const unsigned me = (unsigned)(uintptr_t)context;

    for (uint32_t round = 1;; round++) {
        for (uint32_t seen; (seen = ntf_load(&herd.round, NTF_ACQUIRE)) < round;)
            machine_word_wait(&herd.round, seen, false);
        const enum how how = ntf_load(&herd.how, NTF_ACQUIRE);
        if (how == HOW_END)
            return;
        ntf_fetch_add(&herd.inside, 1, NTF_ACQ_REL);
        if (how != HOW_ONE || me == 0)
            wait_how(how, round);
        herd.returned[me] = stamp();
        ntf_fetch_add(&herd.outside, 1, NTF_ACQ_REL);
    }
}

static void await_count(ntf_au32 *count)
{
    for (const uint64_t end = os_now_ns() + ROUND_MS * UINT64_C(1000000); ntf_load(count, NTF_ACQUIRE) < WAITERS;) {
        if (os_now_ns() > end)
            die("a herd does not come home");
        machine_sleep_until(os_now_ns() + 50000);
    }
}

/* Everything that counts is brought to the round first, so that a wait for it begins below. */
static void run_round(enum how how, uint32_t round, uint64_t *first, uint64_t *last, uint64_t *signal)
{
    const unsigned waiters = how == HOW_ONE ? 1 : WAITERS;

    ntf_store(&herd.inside, 0, NTF_RELAXED);
    ntf_store(&herd.outside, 0, NTF_RELAXED);
    ntf_store(&herd.how, (uint32_t)how, NTF_RELEASE);
    ntf_store(&herd.round, round, NTF_SEQ_CST);
    machine_word_wake(&herd.round, true, false);
    await_count(&herd.inside);
    machine_sleep_until(os_now_ns() + SETTLE_NS);
    const uint64_t begins = stamp();
    signal_how(how, round);
    *signal = stamp() - begins;
    await_count(&herd.outside);
    sort_ticks(herd.returned, waiters);
    *first = herd.returned[0] > begins ? herd.returned[0] - begins : 0;
    *last = herd.returned[waiters - 1] > begins ? herd.returned[waiters - 1] - begins : 0;
    if (how == HOW_SHARED)
        world_import_into(&herd.world, herd.fence, herd.shared.handle, NULL, round + HOW_END);
}

static void write_herd(enum how how, uint64_t *first, uint64_t *last, uint64_t *signals, uint32_t count)
{
    double *values = calloc(count, sizeof *values);

    if (!values)
        die("out of memory");
    for (uint32_t i = 0; i < count; i++)
        values[i] = clock_ns(last[i]);
    output_begin(series[how]);
    output_text("unit", "ns");
    output_number("n", count);
    output_numbers("chunks", values, count);
    output_latencies("", last, count);
    output_latencies("first_", first, count);
    output_latencies("signal_", signals, count);
    output_end();
    free(values);
}

void group_herd(const struct bench *bench)
{
    struct machine_thread *threads[WAITERS];
    uint64_t *stamps = calloc((size_t)bench->rounds * HOW_END * 3, sizeof *stamps);

    if (!stamps)
        die("out of memory");
    world_open(&herd.world, NTFENCE_LAYER_NAME, WORLD_EXTENSIONS);
    herd.condition = machine_condition_new();
    producer_make(&herd.private, false, NULL);
    producer_make(&herd.shared, true, NULL);
    // Rounds count over all ways, and the fence's turn is each time HOW_END later.
    herd.fence = world_import(&herd.world, &herd.shared, HOW_SHARED + 1);
    for (unsigned i = 0; i < WAITERS; i++)
        threads[i] = machine_thread_start(waiter_main, (void *)(uintptr_t)i);
    uint32_t round = 0;
    for (uint32_t i = 0; i < bench->rounds; i++) {
        for (unsigned how = 0; how < HOW_END; how++) {
            uint64_t *of = &stamps[(size_t)how * 3 * bench->rounds];
            run_round(how, ++round, &of[i], &of[bench->rounds + i], &of[2 * bench->rounds + i]);
        }
    }
    ntf_store(&herd.how, HOW_END, NTF_RELEASE);
    ntf_store(&herd.round, round + 1, NTF_SEQ_CST);
    machine_word_wake(&herd.round, true, false);
    for (unsigned i = 0; i < WAITERS; i++)
        machine_thread_join(threads[i]);
    for (unsigned how = 0; how < HOW_END; how++) {
        uint64_t *of = &stamps[(size_t)how * 3 * bench->rounds];
        write_herd(how, of, of + bench->rounds, of + 2 * bench->rounds, bench->rounds);
    }
    free(stamps);
}
