// SPDX-License-Identifier: Apache-2.0
/*
 * Vulkan, as often as wanted in one process: each world has an instance of its own with the layers that are named,
 * the first being next to the application, and one device. Every failure ends the program.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#define VK_NO_PROTOTYPES
#include "ntfence.h"

#include "producer.h"

#define WORLD_LAYER_SINK "VK_LAYER_NTFENCE_bench_sink"
#define WORLD_LAYER_MUTEX "VK_LAYER_NTFENCE_bench_mutex"

#define WORLD_COMMANDS(X)                                                                                              \
    X(DestroyDevice)                                                                                                   \
    X(DeviceWaitIdle)                                                                                                  \
    X(GetDeviceQueue)                                                                                                  \
    X(QueueSubmit)                                                                                                     \
    X(QueueWaitIdle)                                                                                                   \
    X(CreateFence)                                                                                                     \
    X(DestroyFence)                                                                                                    \
    X(ResetFences)                                                                                                     \
    X(GetFenceStatus)                                                                                                  \
    X(WaitForFences)                                                                                                   \
    X(CreateSemaphore)                                                                                                 \
    X(DestroySemaphore)                                                                                                \
    X(WaitSemaphores)                                                                                                  \
    X(SignalSemaphore)                                                                                                 \
    X(GetSemaphoreCounterValue)                                                                                        \
    X(ImportFenceWin32HandleKHR)                                                                                       \
    X(GetFenceWin32HandleKHR)

struct world {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    char driver[256];
    PFN_vkGetDeviceProcAddr GetDeviceProcAddr;
    PFN_vkDestroyInstance DestroyInstance;
#define WORLD_MEMBER(Name) PFN_vk##Name Name;
    WORLD_COMMANDS(WORLD_MEMBER) // NULL: the device has none
#undef WORLD_MEMBER
};

enum { WORLD_EXTENSIONS = 1, WORLD_HARDWARE = 2 };
/* layers: names divided by ':', or NULL. Extensions: both of ours. Hardware: not a driver that is the processor
 * itself; false if there is none. */
bool world_open(struct world *world, const char *layers, unsigned flags);
void world_close(struct world *world);

void world_must(VkResult result, const char *call);

VkFence world_fence(struct world *world);
/* A fence that waits for the value. By name if it has one, else by handle. */
VkFence world_import(struct world *world, const struct producer_fence *from, uint64_t value);
VkFence world_import_name(struct world *world, const char *name, uint64_t value);
void world_import_into(struct world *world, VkFence fence, ntf_handle handle, LPCWSTR name, uint64_t value);
void world_submit(struct world *world, VkFence fence);
void world_wait(struct world *world, VkFence fence);
void world_reset(struct world *world, VkFence fence);

/* A timeline semaphore, and a submission that it holds up until it reaches the value. */
VkSemaphore world_timeline(struct world *world);
void world_submit_behind(struct world *world, VkSemaphore semaphore, uint64_t value, VkFence fence);
void world_timeline_signal(struct world *world, VkSemaphore semaphore, uint64_t value);
void world_timeline_wait(struct world *world, VkSemaphore semaphore, uint64_t value);

#endif
