/* SPDX-License-Identifier: Apache-2.0 */
/* A physical device as an instance shows it, and the self-test on it. */
#ifndef NTF_INFO_DEVICE_H
#define NTF_INFO_DEVICE_H

#include "base/settings.h"
#include "info/report.h"
#include "info/vulkan.h"

/* Handle types of fences that are asked about. */
enum info_fence_type { INFO_FENCE_WIN32, INFO_FENCE_WIN32_KMT, INFO_FENCE_FD, INFO_FENCE_SYNC_FD, INFO_FENCE_TYPES };

struct info_device {
    VkPhysicalDevice handle;
    VkPhysicalDeviceProperties properties;
    char driver[VK_MAX_DRIVER_NAME_SIZE + VK_MAX_DRIVER_INFO_SIZE + 2]; /* empty: it does not say */
    bool luid_valid;
    struct ntf_luid luid;
    uint32_t version;      /* that instance and device have in common */
    bool fence_import;     /* lists VK_NTFENCE_fence_import */
    bool fence_win32;      /* lists VK_KHR_external_fence_win32 */
    bool fence_fd;         /* lists VK_KHR_external_fence_fd */
    bool fence_base;       /* Vulkan 1.1, or lists VK_KHR_external_fence */
    bool needs_base;       /* the latter, and has to enable it */
    bool semaphore_win32;  /* lists VK_KHR_external_semaphore_win32 */
    bool timeline;         /* Vulkan 1.2, or lists VK_KHR_timeline_semaphore */
    bool asked_fences, asked_semaphores; /* the queries are there */
    VkExternalFenceFeatureFlags fences[INFO_FENCE_TYPES];
    VkExternalSemaphoreFeatureFlags d3d12_binary, d3d12_timeline;
};
void info_device_read(const struct info_instance *instance, VkPhysicalDevice handle, struct info_device *out);
/* The device of the list that is the same one; NULL: none. skip: so many that look the same come before it. */
const struct info_device *info_device_find(const struct info_device *list, uint32_t count,
                                           const struct info_device *like, uint32_t skip);

/* What it is, what its driver has by itself (bare; NULL: that could not be seen), and what the layer adds (layered;
 * NULL: it is in no instance). */
void info_device_describe(struct info_node *entry, const struct info_device *bare, const struct info_device *layered);

/* Imports, waits, exports on a device whose instance has the layer. True: every step did what it should. */
bool info_self_test(struct info_node *entry, const struct info_instance *instance, const struct info_device *device,
                    const struct ntf_settings *settings);

/* How the layer came into the instance, or why it did not; where it was found; what it said. named: into another one,
 * for the self-test, because this program named it; NULL: none such. */
void info_layer_part(const struct info_instance *instance, const struct info_instance *named);

#endif /* NTF_INFO_DEVICE_H */
