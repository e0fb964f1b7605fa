/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload behind which a keyed mutex stands, temporarily, for one wait.
 *
 *   signalled   while the fence owns the mutex: a wait has taken it at the acquire key, when its companion, if it has
 *               one, had reached the value that the release before left. Nothing but a wait takes it (fence/
 *               keyed_wait.h); asking for the status never does.
 *   released    at the release key, with the value that came with it, when the fence gives the payload up: a reset, an
 *               import in its place, its destruction, the end of the device. Only if it is owned.
 *
 * Ownership that was taken and is not kept, because another fence ended the wait or because not all that a wait needs
 * was there, goes back at the acquire key with the value that came: for everybody else nothing has happened.
 *
 * A struct ntf_mutex is owned by one at a time, so of several waits that take the same payload's one has it, and the
 * others look again when it says what became of it: the release, or a ring (fence/doorbell.h) when it is kept.
 *
 * Thread rules: all from any thread; but the release, like every change of what a fence's payload is, is serialised by
 * the application with the fence's waits.
 */
#ifndef NTF_FENCE_KEYED_H
#define NTF_FENCE_KEYED_H

#include "fence/payload.h"
#include "fence/sitter.h"
#include "kmt/mutex.h"

struct ntf_keyed {
    struct ntf_mutex *mutex; /* owned; immutable */
    uint64_t acquire_key;    /* immutable, as is what follows */
    uint64_t release_key;
    struct ntf_keyed_house *house;
    ntf_au32 owned; /* 1: the fence has it */
    uint64_t value; /* that it came with; written before owned is set */
    ntf_au32 told;  /* why it cannot be had has been said */
    struct ntf_seat seat;
};

/* What all of a device's share; it outlives them. */
struct ntf_keyed_house {
    struct ntf_sitters sitters;
    struct ntf_doorbells *bells; /* of threads in a wait that may end when one of them is kept or handed over */
    /* One of them could not be released, or given back: its struct ntf_payload is gone or going. NULL: nobody hears. */
    void (*complain)(void *context, enum ntf_result result, ntf_status status);
    void *context;
};
void ntf_keyed_house_init(struct ntf_keyed_house *house, struct ntf_doorbells *bells,
                          void (*complain)(void *context, enum ntf_result result, ntf_status status), void *context);
/* After the last fence has given its payload up. Waits for the threads: as long as one may sit (fence/sitter.h). */
void ntf_keyed_house_finish(struct ntf_keyed_house *house);

static inline bool ntf_payload_is_keyed(const struct ntf_payload *payload)
{
    return payload->kind == NTF_PAYLOAD_MUTEX;
}

/* Takes the mutex over, also on failure (then it is closed). One reference. NTF_E_NO_MEMORY. */
enum ntf_result ntf_payload_new_keyed(struct ntf_mutex *mutex, uint64_t acquire_key, uint64_t release_key,
                                      struct ntf_keyed_house *house, struct ntf_payload **out);
/* The companion, then the mutex. */
void ntf_keyed_close_mutex(struct ntf_mutex *mutex);

static inline bool ntf_keyed_owned(struct ntf_keyed *keyed)
{
    return ntf_load(&keyed->owned, NTF_ACQUIRE) != 0;
}

/* Whoever has taken the mutex leaves it to the fence, which is signalled from now on. The caller rings the bells. */
void ntf_keyed_keep(struct ntf_keyed *keyed, uint64_t value);
/* Whoever has taken the mutex gives it back as it was. */
void ntf_keyed_give_back(struct ntf_keyed *keyed, uint64_t value);
/* The fence gives the payload up. NTF_OK also when it is not owned. The refusal has been complained of. */
enum ntf_result ntf_keyed_release(struct ntf_keyed *keyed, ntf_status *status);
/* For the last reference. */
void ntf_keyed_free(struct ntf_keyed *keyed);

#endif /* NTF_FENCE_KEYED_H */
