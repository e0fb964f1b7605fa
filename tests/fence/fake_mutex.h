/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyed mutex without a kernel: a core, which is the mutex, and any number of openings of it. Everything is counted,
 * and who breaks the rules of kmt/mutex.h (gives what he has not taken, closes what he holds) is found out.
 */
#ifndef NTF_TEST_FAKE_MUTEX_H
#define NTF_TEST_FAKE_MUTEX_H

#include "fence/keyed.h"

struct fake_mutex;
struct fake_core {
    struct ntf_lock lock;
    struct fake_mutex *owner; /* protected by lock, as are the next three */
    uint64_t key, value;
    bool abandoned;
    ntf_au64 turns;
    ntf_au32 breaches; /* of the rules */
    ntf_au32 word;     /* block() sleeps on it */
};

struct fake_mutex {
    struct ntf_mutex mutex; /* first: the address of one is that of the other */
    struct fake_core *core;
    ntf_au32 attempts, taken, given, armed, disarmed, closed;
    uint64_t last_key, last_value; /* of the last give */
    uint64_t last_target;          /* of the last arm */
    enum ntf_result failure;       /* take and block say this; NTF_OK: they work */
    bool refuses;                  /* give fails */
    ntf_au32 blocked;              /* threads in block() */
    ntf_au32 blocks;               /* calls of it */
    /* What block() has got it keeps until this is 0 again: for the test to do something in between. */
    ntf_au32 held;
    ntf_au32 holding; /* a thread is there */
};

void fake_core_init(struct fake_core *core, uint64_t key, uint64_t value);
/* counts: it has turns. An opening with a companion owns that. */
void fake_mutex_init(struct fake_mutex *fake, struct fake_core *core, uint64_t order, bool counts,
                     struct ntf_object *companion);
/* Somebody else, who is no opening. */
bool fake_core_take(struct fake_core *core, uint64_t key, uint64_t *value);
void fake_core_give(struct fake_core *core, uint64_t key, uint64_t value);
void fake_core_abandon(struct fake_core *core);
struct fake_mutex *fake_core_owner(struct fake_core *core);
bool fake_core_free_at(struct fake_core *core, uint64_t key, uint64_t value);

#endif
