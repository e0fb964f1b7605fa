/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A payload: the state behind a fence. It is reference-counted and outlives the VkFence handle that it was imported
 * into, since a submission or a waiter may still hold it. Its kind is decided when it is made, never from a value.
 *
 *   value    behind it stands a D3DKMT native or monitored fence. Signalled when CurrentValue >= target. A reset
 *            moves the target to max(target, seen) + 1, where seen is the largest value that a wait or a status of
 *            this import read when it returned success: a signal that nobody was told of is never swallowed. Target
 *            and seen are local to this import; resetting touches neither the object nor another import. A queue
 *            signal raises CurrentValue to the target of the moment of submission; at or above it already: nothing.
 *
 * (The driver's own payload has no such record: a fence whose active payload is NULL is the driver's.)
 *
 * Thread rules: status, target and the wait bookkeeping from any thread at any time. Reset is serialised with them
 * by the application (Vulkan: host access to a fence that is reset is externally synchronised).
 */
#ifndef NTF_FENCE_PAYLOAD_H
#define NTF_FENCE_PAYLOAD_H

#include "kmt/object.h"

struct ntf_payload {
    ntf_au32 refs;
    ntf_au32 pending;          /* submissions of this process that have not been delivered yet (fence/bridge.h) */
    struct ntf_object *object; /* owned; immutable */
    ntf_au64 target;           /* written by reset */
    ntf_au64 seen;             /* only ever raised */
};

/* Takes the object over, also on failure (then it is closed). wait_value: the first target. One reference. */
enum ntf_result ntf_payload_new_value(struct ntf_object *object, uint64_t wait_value, struct ntf_payload **out);
struct ntf_payload *ntf_payload_ref(struct ntf_payload *payload);
void ntf_payload_unref(struct ntf_payload *payload); /* NULL is allowed */

/* NTF_OK signalled (and counted as told), NTF_NOT_READY. Never blocks. */
enum ntf_result ntf_payload_status(struct ntf_payload *payload);
void ntf_payload_reset(struct ntf_payload *payload);
/* What a wait that begins now waits for. */
uint64_t ntf_payload_target(const struct ntf_payload *payload);
/* A wait returns success to the application: remembers what was told. */
void ntf_payload_told(struct ntf_payload *payload);
/* Raises CurrentValue to value. NTF_OK also when it was there. */
enum ntf_result ntf_payload_signal(struct ntf_payload *payload, uint64_t value, ntf_status *status);

#endif /* NTF_FENCE_PAYLOAD_H */
