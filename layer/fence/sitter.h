/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that wait for keyed mutexes which cannot be watched: those of a kernel, whose only wait is a call that blocks
 * (kmt/mutex.h, block).
 *
 * A payload has one seat. While some wait is blocked for it the seat is wanted, and a thread of the pool sits in it:
 * it blocks in the kernel for NTF_SIT_NS at a time, and between two of those looks whether it is still wanted. When it
 * gets the mutex it lays the ownership down in the seat, rings, and leaves; one of the waits collects it there. A seat
 * that nobody wants any more is empty: what lies in it, or what a thread brings that did not know yet, is given back at
 * the acquire key. So ownership goes to a wait exactly once, or back exactly once.
 *
 * Threads: none before the first seat is wanted; one per seat that is wanted at the same time, and none twice for a
 * seat whose thread has not come back yet; without anything to do it ends after NTF_SIT_IDLE_NS. Starting one pins the
 * module (base/os/os.h); nothing is joined but by ntf_sitters_finish and by the start of another one.
 *
 * Locking: one short lock for the pool and all its seats. No mutex is touched, nor a bell rung, under it.
 */
#ifndef NTF_FENCE_SITTER_H
#define NTF_FENCE_SITTER_H

#include "base/os/os.h"
#include "kmt/ntstatus.h"

#define NTF_SIT_NS 100000000ull       /* a tenth of a second: so long may one stay who is not wanted any more */
#define NTF_SIT_IDLE_NS 1000000000ull /* one second */

struct ntf_payload;
struct ntf_sitter;

struct ntf_sitters {
    struct ntf_lock lock; /* protects all but wake, and every seat */
    struct ntf_payload *first, *last; /* whose seats are wanted and have nobody; one reference each */
    uint32_t queued, idle;            /* such seats; threads that look for one, or are about to */
    struct ntf_sitter *threads;
    bool stop;
    ntf_au32 wake; /* idle threads sleep on it */
};
void ntf_sitters_init(struct ntf_sitters *sitters);
/* Ends the threads: waits up to NTF_SIT_NS. Nobody may want a seat any more. */
void ntf_sitters_finish(struct ntf_sitters *sitters);

struct ntf_seat { /* protected by the lock of the pool */
    struct ntf_payload *next;
    uint32_t wants;          /* waits that are blocked for it */
    bool taken;              /* it is in the queue, or a thread sits in it */
    enum ntf_result outcome; /* what lies in it: ownership (NTF_OK), a failure, or nothing (NTF_NOT_READY) */
    uint64_t value;          /* that the ownership came with */
    ntf_status status;
};
void ntf_seat_init(struct ntf_seat *seat);

/* A wait is about to sleep for the payload's mutex. begins: it has not wanted the seat yet. False: no thread could be
 * had, and the caller looks itself from time to time; the seat is wanted all the same. */
bool ntf_seat_want(struct ntf_payload *payload, bool begins);
/* Takes what lies in it. NTF_OK: the ownership is the caller's; NTF_NOT_READY: nothing; else why there is none. */
enum ntf_result ntf_seat_collect(struct ntf_payload *payload, uint64_t *value, ntf_status *status);
/* A wait that has wanted it does not any more. */
void ntf_seat_leave(struct ntf_payload *payload);

#endif /* NTF_FENCE_SITTER_H */
