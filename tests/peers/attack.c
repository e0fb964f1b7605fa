/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include "base/os/os.h"
#include "kmt/os/bells.h"
#include "ntf_test.h"
#include "peer_os.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = NTF_PAGE_BYTES / 8, THREADS = 2 };

const char *const attack_names[ATTACKS] = {"zeroes", "ones",      "random",     "bytes",
                                           "punch",  "own slots", "your slots", "dead slots",
                                           "words",  "masks",     "value"};

static uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static ntf_au64 *word_of(struct attacker *attacker, uint64_t i)
{
    return (ntf_au64 *)(void *)attacker->page + i % WORDS;
}

static void fill(struct attacker *attacker, uint64_t value)
{
    for (uint64_t i = 0; i < WORDS; i++)
        ntf_store(word_of(attacker, i), value, NTF_RELAXED);
}

static void scatter(struct attacker *attacker, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        ntf_store(word_of(attacker, count == WORDS ? i : random64(&attacker->random)),
                  random64(&attacker->random), NTF_RELAXED);
}

static void scatter_bytes(struct attacker *attacker)
{
    for (int i = 0; i < 8; i++) {
        const uint64_t r = random64(&attacker->random);
        (void)ntf_fetch_add(word_of(attacker, r >> 8), (uint64_t)1 << r % 64, NTF_RELAXED);
    }
}

static void take_slots(struct attacker *attacker)
{
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++) {
        uint64_t owner = random64(&attacker->random);
        if (attacker->attack == ATTACK_OWN_SLOTS)
            owner = attacker->own;
        else if (attacker->attack == ATTACK_YOUR_SLOTS)
            owner = attacker->yours | (owner & 0xFFFF);
        ntf_store(&attacker->page->slots[i].owner, owner, NTF_RELAXED);
        ntf_store(&attacker->page->slots[i].target, NTF_PAGE_NOBODY, NTF_RELAXED);
    }
    ntf_store(&attacker->page->armed, UINT64_MAX, NTF_RELAXED);
}

static void change_words(struct attacker *attacker)
{
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++)
        (void)ntf_fetch_add(&attacker->page->slots[i].word, 1u, NTF_RELAXED);
    (void)ntf_fetch_add(&attacker->page->overflow, 2u, NTF_RELAXED);
}

void attack_once(struct attacker *attacker)
{
    struct ntf_page *page = attacker->page;

    switch (attacker->attack) {
    case ATTACK_ZEROES:
    case ATTACK_ONES:
        fill(attacker, attacker->attack == ATTACK_ONES ? UINT64_MAX : 0);
        break;
    case ATTACK_RANDOM:
        scatter(attacker, WORDS);
        break;
    case ATTACK_BYTES:
        scatter_bytes(attacker);
        break;
    case ATTACK_PUNCH:
        peer_punch(page, attacker->handle);
        break;
    case ATTACK_OWN_SLOTS:
    case ATTACK_YOUR_SLOTS:
    case ATTACK_DEAD_SLOTS:
        take_slots(attacker);
        break;
    case ATTACK_WORDS:
        change_words(attacker);
        break;
    case ATTACK_MASKS:
        ntf_store(&page->armed, random64(&attacker->random), NTF_RELAXED);
        ntf_store(&page->overflow, (uint32_t)random64(&attacker->random), NTF_RELAXED);
        break;
    case ATTACK_VALUE:
        ntf_store(&page->current, random64(&attacker->random) % 64, NTF_RELAXED);
        break;
    case ATTACKS:
        break;
    }
}

/* ---- the child ---- */

static ntf_au32 attack_now; /* ATTACKS: a rest */

struct thug {
    struct attacker attacker;
    ntf_au32 attack_seen;
};

static void go_on(void *context)
{
    struct thug *thug = context;

    for (;;) {
        const uint32_t attack = ntf_load(&attack_now, NTF_ACQUIRE);
        thug->attacker.attack = (enum attack)attack;
        /* First of all who waits now is asked for his name. */
        if (attack == ATTACKS)
            thug->attacker.yours = ntf_load(&thug->attacker.page->slots[0].owner, NTF_RELAXED);
        attack_once(&thug->attacker);
        ntf_store(&thug->attack_seen, attack, NTF_RELEASE);
    }
}

/* Until every thread has come to it, and has left what it was at before. */
static void begin(struct thug thugs[THREADS], uint32_t attack)
{
    ntf_store(&attack_now, attack, NTF_RELEASE);
    for (int i = 0; i < THREADS; i++)
        while (ntf_load(&thugs[i].attack_seen, NTF_ACQUIRE) != attack)
            ;
}

int attack_child(void)
{
    static struct thug thugs[THREADS];
    static uint64_t as_it_was[WORDS];
    struct ntf_thread *thread;
    char line[NTF_LINE_MAX];
    ntf_handle handle;

    if (!ntf_parent_receive(line))
        return 1;
    handle = (ntf_handle)(uintptr_t)strtoull(line, NULL, 0);
    ntf_init(&attack_now, (uint32_t)ATTACKS);
    for (int i = 0; i < THREADS; i++) {
        struct attacker *attacker = &thugs[i].attacker;
        attacker->page = peer_map(handle);
        attacker->handle = handle;
        attacker->own = ntf_copy_id() | 1;
        attacker->random = 88172645463325252u + (uint64_t)i;
        ntf_init(&thugs[i].attack_seen, UINT32_MAX);
    }
    memcpy(as_it_was, (const void *)thugs[0].attacker.page, sizeof as_it_was);
    for (int i = 0; i < THREADS; i++)
        if (ntf_thread_start(&thread, "thug", go_on, &thugs[i]) != NTF_OK)
            return 2;
    while (ntf_parent_receive(line)) {
        const uint32_t attack = (uint32_t)strtoul(line, NULL, 0);
        begin(thugs, attack);
        if (attack == ATTACKS)
            memcpy((void *)thugs[0].attacker.page, as_it_was, sizeof as_it_was);
        ntf_parent_send("done");
    }
    return 0;
}
