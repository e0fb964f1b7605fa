/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/doorbell.h"

#include <string.h>

void ntf_doorbells_init(struct ntf_doorbells *board)
{
    ntf_lock_init(&board->lock);
    board->first = NULL;
    ntf_init(&board->count, 0u);
}

void ntf_doorbells_ring(struct ntf_doorbells *board)
{
    ntf_fence(NTF_SEQ_CST);
    if (ntf_load(&board->count, NTF_RELAXED) == 0)
        return;
    ntf_lock_take(&board->lock);
    for (struct ntf_doorbell *bell = board->first; bell; bell = bell->next) {
        ntf_store(&bell->value, 1u, NTF_RELEASE);
        if (bell->parker)
            ntf_parker_wake(bell->parker);
    }
    ntf_lock_drop(&board->lock);
}

static struct ntf_doorbell *bell_of(const struct ntf_watch *watch)
{
    const struct ntf_object *object = (const struct ntf_object *)watch->object;

    return (struct ntf_doorbell *)((char *)(uintptr_t)object - offsetof(struct ntf_doorbell, object));
}

/* A ring from here on finds the parker; one before has set the value, which the caller reads next. */
static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct ntf_doorbell *bell = bell_of(watch);

    ntf_lock_take(&bell->board->lock);
    bell->parker = parker;
    ntf_lock_drop(&bell->board->lock);
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct ntf_doorbell *bell = bell_of(watch);

    (void)parker;
    ntf_lock_take(&bell->board->lock);
    bell->parker = NULL;
    ntf_lock_drop(&bell->board->lock);
}

/* Of an object, a wait uses no more than this. */
static const struct ntf_object_ops ops = { .watch = { arm, disarm } };

void ntf_doorbell_hang(struct ntf_doorbell *bell, struct ntf_doorbells *board)
{
    memset(bell, 0, sizeof *bell);
    ntf_init(&bell->value, 0u);
    bell->object = (struct ntf_object){ .ops = &ops, .value = &bell->value, .kind = NTF_OBJECT_MONITORED };
    ntf_payload_init_value(&bell->payload, &bell->object, 1);
    bell->board = board;
    ntf_lock_take(&board->lock);
    bell->next = board->first;
    board->first = bell;
    ntf_fetch_add(&board->count, 1u, NTF_RELAXED);
    ntf_lock_drop(&board->lock);
    ntf_fence(NTF_SEQ_CST);
}

void ntf_doorbell_quiet(struct ntf_doorbell *bell)
{
    ntf_store(&bell->value, 0u, NTF_RELAXED);
    ntf_fence(NTF_SEQ_CST);
}

void ntf_doorbell_remove(struct ntf_doorbell *bell)
{
    struct ntf_doorbells *board = bell->board;
    struct ntf_doorbell **at = &board->first;

    ntf_lock_take(&board->lock);
    while (*at != bell)
        at = &(*at)->next;
    *at = bell->next;
    ntf_fetch_sub(&board->count, 1u, NTF_RELAXED);
    ntf_lock_drop(&board->lock);
}
