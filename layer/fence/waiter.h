/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for payloads. A wait knows only (source, target): at entry each payload becomes a target, and reaching it
 * at any time during the wait is success, even if it has been reset by somebody since.
 *
 * Wait-all waits for one after the other: values only rise, so a target once reached stays reached, and the order
 * in which they are looked at cannot lose one.
 */
#ifndef NTF_FENCE_WAITER_H
#define NTF_FENCE_WAITER_H

#include "fence/payload.h"
#include "fence/poller.h"

#define NTF_WAIT_SCRATCH 128 /* payloads that a wait-any takes without asking for memory */

/* NTF_OK: payloads[*index] has reached its target, and that has been counted as told. NTF_TIMEOUT.
 * NTF_E_NO_MEMORY: only with more than NTF_WAIT_SCRATCH payloads; nothing was waited for. */
enum ntf_result ntf_wait_any(const struct ntf_poller *poller, struct ntf_payload *const *payloads, uint32_t count,
                             uint64_t deadline_ns, uint32_t *index);
/* NTF_OK: all have reached their targets (the caller counts them as told once the whole wait has succeeded), or
 * NTF_TIMEOUT. Needs no memory. */
enum ntf_result ntf_wait_all(const struct ntf_poller *poller, struct ntf_payload *const *payloads, uint32_t count,
                             uint64_t deadline_ns);

#endif /* NTF_FENCE_WAITER_H */
