/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge: from the end of a queue submission to the signal of a payload that the driver knows nothing of.
 *
 * Overview
 *   A submission whose fence is imported goes down with a fence of the layer's own pool in its place. When that
 *   fence is signalled, the payload's object is raised to the target it had at submission. Each submission is a
 *   record, delivered exactly once, by whoever sees its fence signalled first:
 *     pushed   by the lane's thread, which sleeps in the driver on the layer's own fences;
 *     pulled   by a thread of the application that asks for the payload's state, or has idled the queue, or chases the
 *              end of the submission (fence/chase.h). While it does, the lane's thread stays out of the driver.
 *   A lane is one queue: submissions of a queue complete in order, so one thread per queue that ever signals an
 *   imported payload is enough, and a stuck queue never holds up another. What is in no queue's order, presents and
 *   the fences that a mixed wait-any watches, goes to loose lanes, NTF_BRIDGE_LOOSE_LANES at the most: a record has one
 *   for itself while there is one; the last of them is common to all others, which it looks at in turn, every two
 *   milliseconds, so that none holds up another. A lane's thread starts with its first record, sleeps while nothing is
 *   pending, and ends with the device.
 *
 * No thread of the layer is ever inside the driver with one of the application's fences, and none submits.
 * Success is reported for a submission only after a driver call has returned that its fence is signalled, so that
 * validation and capture layers below have seen it too.
 *
 * States of a record (fence/lane.h)
 *   prepared   counted as pending, in no list; its owner's alone until commit, cancel or lose
 *   pending    in its lane's list; whoever wants to ask the driver about its fence holds it, outside of any lock
 *   delivered  by one of them, under the lane's lock: the payload is signalled, the counts go down. The lane's thread
 *              takes it out of the list, and the last who holds it gives its fence back to the pool and frees it
 *
 * Ordering
 *   Once: state changes under the lane's lock alone, so just one of those who have seen the fence signalled finds the
 *   record pending.
 *   Never early: the driver's answer comes before the delivery in the same thread, and orders the submission's work
 *   before it; the payload's signal releases it.
 *   Counts: they rise before the driver has the submission, and go down (release) behind the payload's signal. So who
 *   knows of the submission and reads none pending (acquire) sees the payload signalled, and need not take the lock.
 *   A lane's sleep: commit puts the record into the list, then changes `wake` (release), then wakes; the thread reads
 *   `wake` (acquire), then looks at the list and at `stop`, then sleeps on the value that it has read. Either it sees
 *   the record, or the word has changed when it goes to sleep.
 *   Lanes: published by release when they are made, never taken out before all threads have ended.
 *   Doorbells are rung behind each delivery, and behind a loss (fence/doorbell.h has their argument).
 *   Checked by tests/models/bridge_relacy.py: this file's sources, lane.c, doorbell.c, driver.c and base/lock.c as they
 *   are, with plain fields and memory watched for races and for touches behind their end.
 *
 * Failure: prepare acquires everything that can fail (fence, record, thread); after the driver has taken the
 * submission, nothing can. A device that is lost delivers what is pending, so that peers do not hang.
 *
 * Locking: one short lock per lane protects its list and its records' states. No call to the driver is made under it,
 * nor is the application told of anything: layers below may call back into it. Who asks the driver about a record holds
 * it meanwhile; the last holder recycles it. Between prepare and commit the caller has the queue's ticket, which puts
 * submissions of threads that share an internally synchronised queue in the order of their records; with any other
 * queue nobody ever waits for it.
 */
#ifndef NTF_FENCE_BRIDGE_H
#define NTF_FENCE_BRIDGE_H

#include "fence/doorbell.h"
#include "fence/driver.h"
#include "fence/payload.h"

#define NTF_BRIDGE_LOOSE_LANES 8

struct ntf_bridge_record;
struct ntf_bridge_gate { /* the first member of struct ntf_bridge */
    ntf_au32 pending;         /* records committed or about to be, and not delivered */
    ntf_au32 late_ns;         /* ntf_bridge_late_ns; atomic, relaxed */
    ntf_au64 chased_until_ns; /* somebody chases until then, or somebody did; atomic, relaxed */
};
struct ntf_bridge;

/* Whether there may be anything to pull: one load. */
static inline bool ntf_bridge_owes(struct ntf_bridge *bridge)
{
    return ntf_load(&((struct ntf_bridge_gate *)bridge)->pending, NTF_ACQUIRE) != 0;
}

/* How much later than a chase sees a submission's fence signalled the driver's own wait comes back, smoothed; 0: not
 * known yet. */
static inline uint32_t ntf_bridge_late_ns(struct ntf_bridge *bridge)
{
    return ntf_load(&((struct ntf_bridge_gate *)bridge)->late_ns, NTF_RELAXED);
}

/* No thread, no fence yet. pool and bells outlive the bridge; the bells are rung when a watched fence is over.
 * NTF_E_NO_MEMORY. */
enum ntf_result ntf_bridge_new(struct ntf_pool *pool, struct ntf_doorbells *bells, struct ntf_bridge **out);
/* The device is about to be destroyed, its queues are idle: delivers what is complete, ends the lanes, destroys the
 * pooled fences. A submission that is still not complete is given up and said so, after a quarter of a second at the
 * most. */
void ntf_bridge_destroy(struct ntf_bridge *bridge);

/* Before a submission to queue (its dispatchable handle as a number; 0: in no queue's order) that signals payload:
 * everything that may fail. The caller owns the record until commit, cancel or lose, which it calls soon. */
enum ntf_result ntf_bridge_prepare(struct ntf_bridge *bridge, uint64_t queue, struct ntf_payload *payload,
                                   struct ntf_bridge_record **out);
/* The fence that goes down in place of the application's. */
uint64_t ntf_bridge_record_fence(const struct ntf_bridge_record *record);
/* The driver has taken the submission. */
void ntf_bridge_commit(struct ntf_bridge_record *record);
/* The driver has refused it: the fence is unsignalled and goes back to the pool. */
void ntf_bridge_cancel(struct ntf_bridge_record *record);

/* Its device is lost, so nobody knows what became of the submission: the payload is signalled, lest anybody who waits
 * for it, here or in another process, hangs. */
void ntf_bridge_lose(struct ntf_bridge_record *record);

/* The device is lost: signals whatever is pending. Once is enough; later submissions go to ntf_bridge_lose. */
void ntf_bridge_lose_all(struct ntf_bridge *bridge);

/* Has a stand-in waited for by a loose lane, which rings the bells when it is over. Once per stand-in; later calls do
 * nothing. False without memory or thread: then nobody watches it. */
bool ntf_bridge_watch(struct ntf_bridge *bridge, struct ntf_payload *stand_in);

/* Delivers all completed records of a queue, or of the whole device (queue 0): before a state is told, and after a
 * driver call that has said that something is over. One load when nothing is pending. */
void ntf_bridge_pull_queue(struct ntf_bridge *bridge, uint64_t queue);
/* The same for the whole device, by somebody who does nothing else (fence/chase.h), and goes on until until_ns unless
 * he finds what he looks for: a moment from now. Threads of lanes that are not in the driver stay out of it until then:
 * two threads in the driver hold each other up. */
void ntf_bridge_chase(struct ntf_bridge *bridge, uint64_t until_ns);
/* He gives up, or has found it: lanes wait for what comes from now on. One that has left a record to him does so no
 * longer than it knew of. */
void ntf_bridge_chase_end(struct ntf_bridge *bridge);

#endif /* NTF_FENCE_BRIDGE_H */
