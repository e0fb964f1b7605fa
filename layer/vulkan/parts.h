/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wait list taken apart: what the layer answers for, and what the driver does; and the driver's part of it. How both
 * are waited for is wait.c's, and that of mixed waits wait_mixed.c's.
 *
 * On the stack of the thread that waits, which alone touches it.
 */
#ifndef NTF_VULKAN_PARTS_H
#define NTF_VULKAN_PARTS_H

#include "fence/waiter.h"
#include "vulkan/device.h"
#include "vulkan/keyed.h"

struct ntf_parts {
    struct ntf_device *device;
    uint64_t deadline_ns;
    struct ntf_payload **payloads; /* of the imported ones; with room for one more, and for each of keyed */
    VkFence *plain;                /* those of the driver's, in the application's order */
    VkFence *below;                /* what the driver is asked for in their place; see ntf_parts_look_up */
    uint32_t payload_count, plain_count, below_count;
    struct ntf_keyed_wait keyed;
    bool waiting; /* some of plain are in no queue yet */
    bool exposed; /* some of below are not watched by a thread of the layer */
    void *memory; /* NULL: the scratch on the stack was enough */
    struct ntf_payload *payload_scratch[NTF_WAIT_SCRATCH + 1];
    VkFence plain_scratch[NTF_WAIT_SCRATCH];
    VkFence below_scratch[NTF_WAIT_SCRATCH];
};

static inline struct ntf_rooms *ntf_parts_rooms(const struct ntf_parts *parts)
{
    return &parts->device->fences.rooms;
}

/* Room for so many fences of the device, which is set; ntf_room_give(ntf_parts_rooms, memory) is the end of it. False
 * without memory. */
bool ntf_parts_begin(struct ntf_parts *parts, uint32_t count);
/* Takes the list apart, and delivers what submissions of this process still owe the imported ones. False without
 * memory. keyed has been begun. */
bool ntf_parts_take(struct ntf_parts *parts, uint32_t count, const VkFence *fences);
/* What is left of the time, in nanoseconds. */
uint64_t ntf_parts_left(const struct ntf_parts *parts);

/* ---- the driver's part ---- */

/* Fills `below`: the application's handle, or its stand-in; nothing for a fence that is in no queue. watch: has
 * stand-ins waited for by the layer. */
void ntf_parts_look_up(struct ntf_parts *parts, bool watch);
/* The driver's own wait for what is below. VK_TIMEOUT also when there is nothing to ask for. */
VkResult ntf_parts_ask(const struct ntf_parts *parts, VkBool32 all, uint64_t timeout_ns);
/* Whether one of them is over, without waiting: VK_SUCCESS, VK_TIMEOUT, or an error. */
VkResult ntf_parts_ask_now(const struct ntf_parts *parts);

/* ---- mixed waits (wait_mixed.c) ---- */

/* For all of the plain ones. A fence that is submitted only while we wait is waited for from then on. */
VkResult ntf_mixed_plain_all(struct ntf_parts *parts);
/* Looks at everything once. VK_TIMEOUT: nothing has come. Behind the payloads of the wait there may be a bell. */
VkResult ntf_mixed_look(struct ntf_parts *parts, struct ntf_wait *wait, bool watch);
/* For any: a spin, then sleeps on everything that there is. look_up has been made. */
VkResult ntf_mixed_any(struct ntf_parts *parts);

#endif /* NTF_VULKAN_PARTS_H */
