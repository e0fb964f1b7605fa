/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fence signal operation: what a submission, an acquire or a present does to its fence, taken in hand before the
 * command goes down and settled after it has come back. Four routes:
 *
 *   driver    a plain fence, or one whose payload the driver has: its own handle goes down;
 *   bridge    the payload is ours: a pooled fence goes down in its place, and the bridge signals the payload when that
 *             one is signalled (fence/bridge.h);
 *   timeline  the payload is ours, and the queue writes its target itself, by a batch behind the submission's; no fence
 *             goes down (vulkan/timeline.h);
 *   stand-in  a pooled fence goes down, and is the fence's temporary payload until its next reset. That is what an
 *             acquire does to an imported fence, since it acts as a temporary import of a payload that nobody shares
 *             (Vulkan 1.3, "Importing Fence Payloads", vkAcquireNextImageKHR), and what every command does to a plain
 *             fence once the device has seen a mixed wait-any (vulkan/wait_mixed.c).
 *
 * The application's own handle never goes down while its payload is not the driver's.
 */
#ifndef NTF_VULKAN_SIGNAL_H
#define NTF_VULKAN_SIGNAL_H

#include "vulkan/device.h"

enum ntf_route { NTF_ROUTE_DRIVER, NTF_ROUTE_BRIDGE, NTF_ROUTE_TIMELINE, NTF_ROUTE_STAND_IN };

struct ntf_signal {
    struct ntf_device *device;
    VkFence fence; /* the application's; may be VK_NULL_HANDLE */
    VkFence below; /* what goes down */
    enum ntf_route route;
    union {
        struct ntf_bridge_record *record;
        struct ntf_timeline_write write;
        struct ntf_payload *stand_in;
    } of;
};

enum ntf_outcome {
    NTF_OUTCOME_TAKEN,   /* the fence will be signalled */
    NTF_OUTCOME_REFUSED, /* it will not: everything is as before */
    NTF_OUTCOME_LOST,    /* nobody knows */
};

/* Whatever may fail fails here. False: out of memory, and there is nothing to end. */
/* batch: the command takes a batch behind all others that is signalled behind them. */
bool ntf_signal_of_queue(struct ntf_signal *signal, struct ntf_device *device, VkQueue queue, VkFence fence,
                         bool batch);
bool ntf_signal_of_present(struct ntf_signal *signal, struct ntf_device *device, VkFence fence);
bool ntf_signal_of_acquire(struct ntf_signal *signal, struct ntf_device *device, VkFence fence);
void ntf_signal_end(struct ntf_signal *signal, enum ntf_outcome outcome);

/* Whether the fence's own handle would go down. One relaxed load when nothing is imported. */
bool ntf_signal_is_plain(struct ntf_device *device, VkFence fence);

#endif /* NTF_VULKAN_SIGNAL_H */
