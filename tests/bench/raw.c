// SPDX-License-Identifier: Apache-2.0
#include "raw.h"

#include <stdio.h>
#include <stdlib.h>

static struct raw *raw_new(struct rounds *rounds, unsigned lines, bool shared)
{
    static unsigned next;
    struct raw *raw = calloc(1, sizeof *raw);

    if (!raw || next + lines > ROUNDS_LINES)
        die("no room for another method");
    raw->line = &rounds->lines[next];
    next += lines;
    raw->count = lines;
    raw->shared = shared;
    return raw;
}

static bool there(const struct raw *raw, uint64_t round)
{
    return ntf_load(&raw->line->value, NTF_ACQUIRE) >= round;
}

static struct raw *add(struct rounds *rounds, const char *series, double low_us, double high_us, unsigned lines,
                       bool remote, void (*wait)(void *, uint64_t), void (*signal)(void *, uint64_t))
{
    struct method *method = rounds_add(rounds, series, low_us, high_us);
    struct raw *raw = raw_new(rounds, lines, remote);

    method->context = raw;
    method->wait = wait;
    method->signal = signal;
    method->remote = remote;
    return raw;
}

// ---- looking again and again

static void store(void *context, uint64_t round)
{
    const struct raw *raw = context;
    ntf_store(&raw->line->value, round, NTF_RELEASE);
}

static void spin(void *context, uint64_t round)
{
    while (!there(context, round))
        spin_pause();
}

static void yield(void *context, uint64_t round)
{
    while (!there(context, round))
        machine_yield();
}

static void doze(void *context, uint64_t round)
{
    machine_timer(true);
    while (!there(context, round))
        machine_sleep_until(os_now_ns() + 50000);
    machine_timer(false); // the others wait in this thread, too
}

void raw_spin(struct rounds *rounds, const char *series, double low_us, double high_us, bool remote)
{
    add(rounds, series, low_us, high_us, 1, remote, spin, store);
}

void raw_yield(struct rounds *rounds, const char *series, double low_us, double high_us)
{
    add(rounds, series, low_us, high_us, 1, false, yield, store);
}

void raw_sleep(struct rounds *rounds, const char *series, double low_us, double high_us)
{
    add(rounds, series, low_us, high_us, 1, false, doze, store);
}

// ---- a word, and a second one that says whether anybody sleeps

static void futex_wait(void *context, uint64_t round)
{
    const struct raw *raw = context;

    ntf_fetch_add(&raw->line->armed, 1, NTF_SEQ_CST);
    for (;;) {
        const uint32_t seen = ntf_load(&raw->line->word, NTF_SEQ_CST);
        if (there(raw, round))
            break;
        machine_word_wait(&raw->line->word, seen, raw->shared);
    }
    ntf_fetch_sub(&raw->line->armed, 1, NTF_SEQ_CST);
}

static void futex_signal(void *context, uint64_t round)
{
    const struct raw *raw = context;

    ntf_store(&raw->line->value, round, NTF_RELEASE);
    ntf_store(&raw->line->word, (uint32_t)round, NTF_SEQ_CST);
    if (ntf_load(&raw->line->armed, NTF_SEQ_CST))
        machine_word_wake(&raw->line->word, true, raw->shared);
}

void raw_futex(struct rounds *rounds, const char *series, double low_us, double high_us, bool remote)
{
    add(rounds, series, low_us, high_us, 1, remote, futex_wait, futex_signal);
}

// ---- a condition variable

static void condition_wait(void *context, uint64_t round)
{
    const struct raw *raw = context;

    machine_condition_lock(raw->condition);
    while (!there(raw, round))
        machine_condition_wait(raw->condition);
    machine_condition_unlock(raw->condition);
}

static void condition_signal(void *context, uint64_t round)
{
    const struct raw *raw = context;

    machine_condition_lock(raw->condition);
    ntf_store(&raw->line->value, round, NTF_RELEASE);
    machine_condition_wake_all(raw->condition);
    machine_condition_unlock(raw->condition);
}

void raw_condition(struct rounds *rounds, const char *series, double low_us, double high_us)
{
    add(rounds, series, low_us, high_us, 1, false, condition_wait, condition_signal)->condition =
        machine_condition_new();
}

// ---- an event

static void event_wait(void *context, uint64_t round)
{
    const struct raw *raw = context;

    while (!there(raw, round))
        machine_event_wait(raw->event);
}

static void event_signal(void *context, uint64_t round)
{
    const struct raw *raw = context;

    ntf_store(&raw->line->value, round, NTF_RELEASE);
    machine_event_set(raw->event);
}

bool raw_event(struct rounds *rounds, const char *series, double low_us, double high_us)
{
    uint32_t hash = 2166136261u;
    char name[48];

    for (const char *at = rounds->bench->page; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    snprintf(name, sizeof name, "ntfence-bench-event-%08x", (unsigned)hash);
    struct machine_event *event = machine_event_open(name);
    if (event)
        add(rounds, series, low_us, high_us, 1, true, event_wait, event_signal)->event = event;
    return event != NULL;
}

// ---- many words

static void words_wait(void *context, uint64_t round)
{
    const struct raw *raw = context;
    ntf_au32 *words[128];
    uint32_t seen[128];

    for (;;) {
        for (unsigned i = 0; i < raw->count; i++) {
            words[i] = &raw->line[i].word;
            seen[i] = ntf_load(words[i], NTF_SEQ_CST);
        }
        if (there(raw, round))
            break;
        machine_words_wait(words, seen, raw->count, raw->shared);
    }
}

static void words_signal(void *context, uint64_t round)
{
    const struct raw *raw = context;
    ntf_au32 *word = &raw->line[round % raw->count].word;

    ntf_store(&raw->line->value, round, NTF_RELEASE);
    ntf_fetch_add(word, 1, NTF_SEQ_CST);
    machine_word_wake(word, false, raw->shared);
}

void raw_words(struct rounds *rounds, const char *series, double low_us, double high_us, unsigned count, bool remote)
{
    add(rounds, series, low_us, high_us, count, remote, words_wait, words_signal);
}
