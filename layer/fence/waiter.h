/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for payloads. A wait knows only (source, target): at its beginning each payload becomes a target, and
 * reaching that at any time during the wait is success, even if the payload has been reset by somebody since.
 *
 * Wait-all waits for one after the other: values only rise, so a target once reached stays reached, and the order
 * in which they are looked at cannot lose one.
 *
 * A wait belongs to the thread that began it.
 */
#ifndef NTF_FENCE_WAITER_H
#define NTF_FENCE_WAITER_H

#include "fence/payload.h"
#include "fence/poller.h"

#define NTF_WAIT_SCRATCH 128 /* payloads that a wait takes without asking for memory */

struct ntf_wait {
    struct ntf_payload *const *payloads;
    uint32_t count;
    struct ntf_watch *watches; /* one for each payload: scratch, or memory of its own */
    struct ntf_watch scratch[NTF_WAIT_SCRATCH];
};

/* Takes the targets. The payloads stay the caller's. NTF_E_NO_MEMORY: only with more than NTF_WAIT_SCRATCH of them;
 * then there is nothing to end. */
enum ntf_result ntf_wait_begin(struct ntf_wait *wait, struct ntf_payload *const *payloads, uint32_t count);
void ntf_wait_end(struct ntf_wait *wait);

/* NTF_OK: payloads[*index] has reached its target, and that has been counted as told; or NTF_TIMEOUT. May be called
 * again and again, also with a deadline that has passed, which only looks. */
enum ntf_result ntf_wait_any(struct ntf_wait *wait, const struct ntf_poller *poller, uint64_t deadline_ns,
                             uint32_t *index);
/* NTF_OK: all have reached their targets, and the caller counts them as told (ntf_wait_told) once all else that it
 * waits for has come as well; or NTF_TIMEOUT. */
enum ntf_result ntf_wait_all(struct ntf_wait *wait, const struct ntf_poller *poller, uint64_t deadline_ns);
void ntf_wait_told(const struct ntf_wait *wait);

#endif /* NTF_FENCE_WAITER_H */
