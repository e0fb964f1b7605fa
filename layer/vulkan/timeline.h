/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue signals by the GPU: where the driver imports Direct3D 12 fences as timeline semaphores, the queue itself writes
 * the target of an imported value payload, and no thread of the layer has to carry it there.
 *
 * Overview
 *   vkCreateDevice   asks for VK_KHR_external_semaphore_win32 and the feature timelineSemaphore beside what the
 *                    application wants, if that has VK_NTFENCE_fence_import enabled (timeline_plan.c). Whether the
 *                    driver takes D3DKMT's objects is tried with one of ours, not believed (timeline_import.c).
 *   import           makes a semaphore whose payload is the object's, for as long as the payload lives. Where that
 *                    fails, the payload has none, and its submissions go by the bridge.
 *   submission       goes down with two batches more (timeline_batch.c): one signals the payload's semaphore with the
 *                    target, the one behind it a semaphore of the layer's own that counts the queue's writes; no fence.
 *                    Not vkQueueBindSparse: a batch says nothing of the bindings before it. A write is
 *                    *pending* until that count has reached it: the object's value says nothing of it, since
 *                    others may raise that, too.
 *   success          is told for no other reason than the object's value. Before it is, the lower chain is asked once
 *                    for the semaphore's value, so that it knows that the submission is over (ntf_timeline_see).
 *
 * Values rise strictly
 *   "a value greater than the current value of the semaphore when the semaphore signal operation is executed"
 *   (VUID-VkSubmitInfo-pSignalSemaphores-03242, -VkBindSparseInfo-pSignalSemaphores-03246,
 *   -vkQueueSubmit2-semaphore-03882). Imports of one object in this process know of each other: a target goes by the
 *   GPU if it is above the object's value and above all that a submission has written, or will, by either route, and if
 *   no write to the object is pending on another queue, which would be in no order with it. Everything else goes by
 *   the bridge, which reads before it writes. Against a peer that raises the object above a pending target nothing can
 *   be done; the same holds for two users of a Direct3D 12 fence, who have to agree on who signals what.
 *   The leap is bounded by the least maxTimelineSemaphoreValueDifference that there may be.
 *
 * Lifetime
 *   A pending write holds its payload, hence object and semaphore, whatever becomes of the fence. It is let go once it
 *   is over, by whoever destroys a fence or imports into one, and else by the watcher: a thread of the device's, made
 *   with the first write, that looks four times a second while there is anything pending, and sleeps when there is not.
 *   It is also the one who hears that the device is lost, when the application asks nothing of it; then all that
 *   is pending is signalled from the CPU, lest others hang. Nobody waits for a write, but for vkDestroyDevice, whose
 *   queues are idle.
 *
 * Locking
 *   One short lock per device for its lists, and one of the process for what imports know of each other; no call of the
 *   driver's is made under either. A queue's ticket is held from begin to the end of the submission, so that the
 *   counts of threads that share an internally synchronised queue rise; with any other queue nobody waits for it.
 */
#ifndef NTF_VULKAN_TIMELINE_H
#define NTF_VULKAN_TIMELINE_H

#include "fence/payload.h"
#include "vulkan/device_chain.h"
#include "vulkan/timeline_batch.h"

struct ntf_device;
struct ntf_instance;
struct ntf_timelines; /* of a device; NULL: all of its submissions go by the bridge */

/* ---- vkCreateDevice ---- */

#define NTF_TIMELINE_NAMES 3

/* What a device needs beyond the application's wishes. */
struct ntf_timeline_plan {
    bool wanted; /* the rest counts */
    bool forced; /* by the setting route: the driver is not put to the test */
    const char *why; /* not */
    const char *names[NTF_TIMELINE_NAMES]; /* extensions to add */
    uint32_t name_count;
    struct ntf_device_chain chain;
    bool adds_semaphores, adds_timelines; /* their commands are not the application's to see */
};

/* What is freed is what the chain needs; the rest may be read on. */
void ntf_timeline_plan_free(struct ntf_timeline_plan *plan);
void ntf_timeline_plan_make(struct ntf_timeline_plan *plan, struct ntf_instance *instance, VkPhysicalDevice physical,
                            const VkDeviceCreateInfo *info);
/* Whether a device that was refused with it may be had without. */
bool ntf_timeline_plan_adds(const struct ntf_timeline_plan *plan, const VkDeviceCreateInfo *info);
/* The plan, and whether the driver keeps what it promises, decide device->timelines; one line tells. The device's
 * table and its provider are there. */
void ntf_timelines_begin(struct ntf_device *device, VkPhysicalDevice physical, const struct ntf_timeline_plan *plan);
/* The device is about to be destroyed, its queues are idle or lost: no thread of ours looks any more, and what is over
 * is let go of. The bridge is there still, since the driver may say now that the device is lost. */
void ntf_timelines_stop(struct ntf_device *device);
/* After the bridge, and when it has no consequences any more that the device is lost. */
void ntf_timelines_finish(struct ntf_device *device);
/* A command that exists on the device only because the layer has asked for it. */
bool ntf_timelines_hide(const struct ntf_device *device, const char *name);

/* ---- payloads ---- */

/* Gives a value payload a semaphore with the object's payload, before a fence has it. handle and name are what the
 * application gave; either may be NULL. Where it fails, a line tells why, and nothing else has happened. */
void ntf_timeline_attach(struct ntf_device *device, struct ntf_payload *payload, ntf_handle handle, LPCWSTR name);

/* Success is about to be told for the payload. */
void ntf_timeline_see(struct ntf_device *device, struct ntf_payload *payload);

/* ---- submissions ---- */

struct ntf_timeline;
struct ntf_timeline_queue;
struct ntf_timeline_write { /* one submission, from begin to its end */
    struct ntf_timeline *timeline;
    struct ntf_timeline_queue *queue;
    VkSemaphore semaphores[NTF_BATCH_SIGNALS]; /* the payload's, the queue's own */
    uint64_t values[NTF_BATCH_SIGNALS];
    struct { /* what the object was known for before */
        uint64_t highest, turn;
        struct ntf_timeline_queue *queue;
    } before;
};

/* Whether the GPU may write the payload's target. If so, the caller has the queue's ticket until one of the three
 * below. Whatever may fail fails here. */
bool ntf_timeline_begin(struct ntf_device *device, VkQueue queue, struct ntf_payload *payload,
                        struct ntf_timeline_write *write);
void ntf_timeline_commit(struct ntf_timeline_write *write);
/* The driver has refused it: the target may be written again. */
void ntf_timeline_cancel(struct ntf_timeline_write *write);
/* The device is lost, nobody knows what became of it: the payload is signalled from here. */
void ntf_timeline_abandon(struct ntf_timeline_write *write);
/* A submission or a present of that payload goes by the bridge. */
void ntf_timeline_bypass(struct ntf_payload *payload);

/* Lets go of what is over. */
void ntf_timelines_retire(struct ntf_device *device);
/* The device is lost: signals what is pending. */
void ntf_timelines_lose(struct ntf_device *device);

#endif /* NTF_VULKAN_TIMELINE_H */
