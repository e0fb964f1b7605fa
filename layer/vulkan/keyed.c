/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/keyed.h"

#include <inttypes.h>

#include "vulkan/reasons.h"

enum { TOLD_ABANDONED = 1, TOLD_REFUSED = 2 };

void ntf_keyed_complain(void *context, enum ntf_result result, ntf_status status)
{
    struct ntf_device *device = context;

    ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.KEYED_REFUSED,
                  "a keyed mutex was not released: %s, 0x%08X (%s)", ntf_result_name(result), (unsigned)status,
                  ntf_status_name(status));
}

static void tell(struct ntf_device *device, const struct ntf_keyed_wait *wait, enum ntf_result result)
{
    const bool abandoned = result == NTF_E_ABANDONED;
    const uint32_t bit = abandoned ? TOLD_ABANDONED : TOLD_REFUSED;
    struct ntf_keyed *keyed = wait->culprit->keyed;

    if (ntf_fetch_or(&keyed->told, bit, NTF_RELAXED) & bit)
        return;
    if (abandoned)
        ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.KEYED_ABANDONED,
                      "vkWaitForFences: the keyed mutex that was imported with acquire key %" PRIu64
                      " is abandoned: its owner has ended without having released it, and it stays so",
                      keyed->acquire_key);
    else
        ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.KEYED_REFUSED,
                      "vkWaitForFences: the keyed mutex that was imported with acquire key %" PRIu64
                      " could not be taken: %s, 0x%08X (%s)",
                      keyed->acquire_key, ntf_result_name(result), (unsigned)wait->status,
                      ntf_status_name(wait->status));
}

/* That the device behind the mutex is gone does not say so of the Vulkan device. */
static VkResult answer(struct ntf_device *device, const struct ntf_keyed_wait *wait, enum ntf_result result)
{
    switch (result) {
    case NTF_OK:
    case NTF_E_NO_MEMORY: return ntf_vk_result(result);
    case NTF_TIMEOUT:
    case NTF_NOT_READY: return VK_TIMEOUT;
    case NTF_E_LOST:
        if (ntf_device_lost(device) || !wait->culprit)
            return VK_ERROR_DEVICE_LOST;
        break;
    default: break;
    }
    tell(device, wait, result);
    return VK_ERROR_UNKNOWN;
}

VkResult ntf_keyed_look(struct ntf_device *device, struct ntf_keyed_wait *wait)
{
    return answer(device, wait, ntf_keyed_wait_try(wait));
}

VkResult ntf_keyed_last(struct ntf_device *device, struct ntf_keyed_wait *wait, uint64_t deadline_ns)
{
    return answer(device, wait, ntf_keyed_wait_for(wait, &device->poller, deadline_ns));
}

bool ntf_keyed_refuses(struct ntf_device *device, VkFence fence, const char *command)
{
    const struct ntf_payload *payload = ntf_device_payload(device, fence);

    if (!payload || !ntf_payload_is_keyed(payload))
        return false;
    ntf_log_write(&device->instance->log, NTF_LOG_ERROR, ntf_reasons.KEYED_SIGNAL,
                  "%s: fence 0x%" PRIx64 " has a keyed mutex imported, which no queue signals: reset it first", command,
                  ntf_fence_number(fence));
    return true;
}
