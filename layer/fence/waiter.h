/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for payloads. A wait knows only (source, target): at its beginning each payload becomes a target, and
 * reaching that at any time during the wait is success, even if the payload has been reset by somebody since.
 * How the time passes meanwhile is the poller's (fence/poller.h); here the payloads' past is asked, and told.
 *
 *   BEGUN    the targets are taken; nothing is armed, and no object knows of the wait
 *   WAITED   again and again, as often as the caller likes: look, spin, arm, sleep, disarm
 *   TOLD     a success is counted as told (payload.h, `seen`) before it is returned, never a look in vain
 *   ENDED    the memory goes back; there is nothing else to take back
 *
 * Ordering: that of the poller, which reads each value with acquire before it calls it reached. A target is taken once,
 * by its own thread; `seen` only rises, and is read by resets that the application orders behind the wait. What
 * tests/models/wait_relacy.py checks is the poller below with its objects; this file adds no step in which a wake could
 * be lost, and tests/stress/pairs counts the waits that go through it.
 *
 * A wait belongs to the thread that began it.
 */
#ifndef NTF_FENCE_WAITER_H
#define NTF_FENCE_WAITER_H

#include "fence/payload.h"
#include "fence/poller.h"
#include "fence/rooms.h"
#include "fence/spin.h"

#define NTF_WAIT_SCRATCH 128 /* payloads that a wait takes without asking for memory */

struct ntf_wait {
    struct ntf_payload *const *payloads;
    uint32_t count;
    bool spun;                 /* ntf_wait_spin has been in vain */
    struct ntf_watch *watches; /* one for each payload: scratch, or a room */
    struct ntf_pair *pairs;    /* as many, in the same room, for the spin; NULL: the spin takes its own */
    struct ntf_rooms *rooms;   /* where the room came from */
    struct ntf_watch scratch[NTF_WAIT_SCRATCH];
};

/* One look, without a wait: what a wait with a timeout of 0 answers, and where every wait may begin. NTF_OK: counted as
 * told for *index (any) or for each of them (all); NTF_NOT_READY; NTF_E_LOST. */
enum ntf_result ntf_wait_now(const struct ntf_poller *poller, struct ntf_payload *const *payloads, uint32_t count,
                             bool all, uint32_t *index);

/* Takes the targets. The payloads stay the caller's. NTF_E_NO_MEMORY: only with more than NTF_WAIT_SCRATCH of them;
 * then there is nothing to end. */
enum ntf_result ntf_wait_begin(struct ntf_wait *wait, struct ntf_payload *const *payloads, uint32_t count);
/* The same, with the memory from rooms. */
enum ntf_result ntf_wait_begin_in(struct ntf_wait *wait, struct ntf_rooms *rooms, struct ntf_payload *const *payloads,
                                  uint32_t count);
/* As much memory for each payload. */
#define NTF_WAIT_EACH_BYTES (sizeof(struct ntf_watch) + sizeof(struct ntf_pair))
void ntf_wait_end(struct ntf_wait *wait);

/* NTF_OK: payloads[*index] has reached its target, and that has been counted as told; NTF_TIMEOUT; NTF_E_LOST. May be
 * called again and again, also with a deadline that has passed (0 is cheapest), which only looks. */
enum ntf_result ntf_wait_any(struct ntf_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns, uint32_t *index);
/* The spin of a wait-any alone. look is asked now and then, and ends it by true. NTF_OK: as above; NTF_NOT_READY: the
 * caller looks at everything, and waits by ntf_wait_any, which does not spin again. */
enum ntf_result ntf_wait_spin(struct ntf_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns,
                              bool (*look)(void *context), void *context, uint32_t *index);
/* NTF_OK: all have reached their targets, and the caller counts them as told (ntf_wait_told) once all else that it
 * waits for has come as well; NTF_TIMEOUT; NTF_E_LOST. */
enum ntf_result ntf_wait_all(struct ntf_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns);
void ntf_wait_told(const struct ntf_wait *wait);

#endif /* NTF_FENCE_WAITER_H */
