/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge: from the end of a queue submission to the signal of a payload that the driver knows nothing of.
 *
 * Overview
 *   A submission whose fence is imported goes down with a fence of the layer's own pool in its place. When that
 *   fence is signalled, the payload's object is raised to the target it had at submission. Each submission is a
 *   record, delivered exactly once, by whoever sees its fence signalled first:
 *     pushed   by the lane's thread, which sleeps in the driver on the layer's own fences, in submission order;
 *     pulled   by a thread of the application that asks for the payload's state, or has idled the queue.
 *   A lane is one queue: submissions of a queue complete in order, so one thread per queue that ever signals an
 *   imported payload is enough, and a stuck queue never holds up another. A lane's thread starts with its first
 *   submission, sleeps while nothing is pending, and ends with the device.
 *
 * No thread of the layer is ever inside the driver with one of the application's fences, and none submits.
 * Success is reported for a submission only after a driver call has returned that its fence is signalled, so that
 * validation and capture layers below have seen it too.
 *
 * Failure: prepare acquires everything that can fail (fence, record, thread); after the driver has taken the
 * submission, nothing can. A device that is lost delivers what is pending, so that peers do not hang.
 *
 * Locking: one short lock per lane protects its list and its records' states. No call to the driver is made under it,
 * nor is the application told of anything: layers below may call back into it. Who asks the driver about a record holds
 * it meanwhile; the last holder recycles it.
 */
#ifndef NTF_FENCE_BRIDGE_H
#define NTF_FENCE_BRIDGE_H

#include "fence/payload.h"

/* The driver, as much of it as the bridge needs. Fences are the layer's own; numbers are VkFence values. */
struct ntf_bridge_driver {
    void *context;
    enum ntf_result (*make)(void *context, uint64_t *fence);
    void (*destroy)(void *context, uint64_t fence);
    /* NTF_OK, NTF_TIMEOUT, NTF_E_LOST, or another failure. */
    enum ntf_result (*wait)(void *context, uint64_t fence, uint64_t timeout_ns);
    /* NTF_OK, NTF_NOT_READY, NTF_E_LOST. */
    enum ntf_result (*status)(void *context, uint64_t fence);
    enum ntf_result (*reset)(void *context, uint64_t fence);
    /* A payload could not be signalled. */
    void (*complain)(void *context, uint64_t value, ntf_status status);
};

struct ntf_bridge;
struct ntf_bridge_record;

/* No thread, no fence yet. driver is copied. NTF_E_NO_MEMORY. */
enum ntf_result ntf_bridge_new(const struct ntf_bridge_driver *driver, struct ntf_bridge **out);
/* The device is about to be destroyed, its queues are idle: delivers what is complete, ends the lanes, destroys the
 * pooled fences. A submission that is still not complete is given up and said so, after a quarter of a second at the
 * most. */
void ntf_bridge_destroy(struct ntf_bridge *bridge);

/* Before a submission to queue (its dispatchable handle as a number) that signals payload: everything that may fail.
 * The caller owns the record until commit or cancel. */
enum ntf_result ntf_bridge_prepare(struct ntf_bridge *bridge, uint64_t queue, struct ntf_payload *payload,
                                   struct ntf_bridge_record **out);
/* The fence that goes down in place of the application's. */
uint64_t ntf_bridge_record_fence(const struct ntf_bridge_record *record);
/* The driver has taken the submission. Calls for one queue come in submission order (the application serialises
 * its queue). */
void ntf_bridge_commit(struct ntf_bridge_record *record);
/* The driver has refused it: the fence is unsignalled and goes back to the pool. */
void ntf_bridge_cancel(struct ntf_bridge_record *record);

/* Its device is lost, so nobody knows what became of the submission: the payload is signalled, lest anybody who waits
 * for it, here or in another process, hangs. */
void ntf_bridge_lose(struct ntf_bridge_record *record);

/* Delivers all completed records of a queue, or of the whole device (queue 0): before a state is told, and after a
 * driver call that has said that something is over. One load when nothing is pending. */
void ntf_bridge_pull_queue(struct ntf_bridge *bridge, uint64_t queue);

#endif /* NTF_FENCE_BRIDGE_H */
