/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver as fence/ sees it: the next layer's fence commands, on fences of the layer's own (but for the status of a
 * loan). They are made without the application's allocator, since they outlive the call that wants them. Whoever hears
 * from the driver that the device is lost says so to the device.
 */
#include <inttypes.h>

#include "vulkan/device.h"
#include "vulkan/reasons.h"

VkResult ntf_vk_result(enum ntf_result result)
{
    switch (result) {
    case NTF_OK: return VK_SUCCESS;
    case NTF_TIMEOUT: return VK_TIMEOUT;
    case NTF_NOT_READY: return VK_NOT_READY;
    case NTF_E_NO_MEMORY: return VK_ERROR_OUT_OF_HOST_MEMORY;
    case NTF_E_LOST: return VK_ERROR_DEVICE_LOST;
    default: return VK_ERROR_UNKNOWN;
    }
}

enum ntf_result ntf_result_of(VkResult result)
{
    switch (result) {
    case VK_SUCCESS: return NTF_OK;
    case VK_TIMEOUT: return NTF_TIMEOUT;
    case VK_NOT_READY: return NTF_NOT_READY;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: return NTF_E_NO_MEMORY;
    case VK_ERROR_DEVICE_LOST: return NTF_E_LOST;
    default: return NTF_E_FAILED;
    }
}

void ntf_device_lose(struct ntf_device *device)
{
    if (ntf_exchange(&device->lost, 1u, NTF_ACQ_REL))
        return;
    ntf_log_write(&device->instance->log, NTF_LOG_WARNING, ntf_reasons.FENCE_LOST,
                  "the device is lost: what its submissions would have signalled is signalled now, so that nobody hangs");
    ntf_bridge_lose_all(device->bridge);
    ntf_timelines_lose(device);
}

static enum ntf_result heard(struct ntf_device *device, VkResult result)
{
    if (result == VK_ERROR_DEVICE_LOST)
        ntf_device_lose(device);
    return ntf_result_of(result);
}

/* While no fence is ours the commands pass the driver's answers on unread. */
void ntf_device_ask(struct ntf_device *device)
{
    struct ntf_pooled *pooled;

    if (!ntf_fences_none(&device->fences) || !(pooled = ntf_pool_take(&device->pool)))
        return;
    (void)device->pool.driver.status(device, pooled->fence);
    ntf_pool_put_unused(&device->pool, pooled);
}

static enum ntf_result make(void *context, uint64_t *fence)
{
    static const VkFenceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
    struct ntf_device *device = context;
    VkFence made;
    const VkResult result = device->next.CreateFence(device->handle, &info, NULL, &made);

    if (result == VK_SUCCESS)
        *fence = ntf_fence_number(made);
    return ntf_result_of(result);
}

static void destroy(void *context, uint64_t fence)
{
    struct ntf_device *device = context;

    device->next.DestroyFence(device->handle, ntf_fence_handle(fence), NULL);
}

static enum ntf_result wait(void *context, uint64_t fence, uint64_t timeout_ns)
{
    struct ntf_device *device = context;
    const VkFence handle = ntf_fence_handle(fence);

    return heard(device, device->next.WaitForFences(device->handle, 1, &handle, VK_TRUE, timeout_ns));
}

static enum ntf_result status(void *context, uint64_t fence)
{
    struct ntf_device *device = context;

    return heard(device, device->next.GetFenceStatus(device->handle, ntf_fence_handle(fence)));
}

static enum ntf_result reset(void *context, uint64_t fence)
{
    struct ntf_device *device = context;
    const VkFence handle = ntf_fence_handle(fence);

    return heard(device, device->next.ResetFences(device->handle, 1, &handle));
}

bool ntf_device_share(struct ntf_device *device, VkFence fence)
{
    return ntf_table_insert(&device->shared, ntf_fence_number(fence), 1) == NTF_OK;
}

bool ntf_device_shares(struct ntf_device *device, VkFence fence)
{
    uint64_t value;

    return ntf_load(&device->shared.live, NTF_RELAXED) && ntf_table_find(&device->shared, ntf_fence_number(fence), &value);
}

/* PENDING is the bridge's word for a submission that was given up with its device. */
static void complain(void *context, uint64_t value, ntf_status status_word)
{
    struct ntf_device *device = context;
    struct ntf_log *log = &device->instance->log;

    if (status_word == NTF_STATUS_PENDING)
        ntf_log_write(log, NTF_LOG_WARNING, ntf_reasons.FENCE_ABANDONED,
                      "the device is destroyed while a submission that signals value %" PRIu64 " is not complete",
                      value);
    else
        ntf_log_write(log, NTF_LOG_ERROR, ntf_reasons.FENCE_SIGNAL,
                      "a submission is complete, but its object refused the signal of value %" PRIu64 ": 0x%08X (%s)",
                      value, (unsigned)status_word, ntf_status_name(status_word));
}

struct ntf_driver ntf_device_driver(struct ntf_device *device)
{
    return (struct ntf_driver){ device, make, destroy, wait, status, reset, complain };
}
