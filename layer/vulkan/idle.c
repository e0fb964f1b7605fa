/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting until a queue or a device is idle: all its fences are signalled then, so ours have to be, too. */
#include "vulkan/commands.h"
#include "vulkan/device.h"

/* vkQueueWaitIdle: "equivalent to having submitted a valid fence to every previously executed queue submission
 * command that accepts a fence, then waiting for all of those fences". */
NTF_COMMAND(VkResult) ntf_vkQueueWaitIdle(VkQueue queue)
{
    struct ntf_device *device = ntf_device_of(queue);
    const VkResult result = device->next.QueueWaitIdle(queue);

    if (result == VK_ERROR_DEVICE_LOST)
        ntf_device_lose(device);
    else if (result == VK_SUCCESS && !ntf_fences_none(&device->fences))
        ntf_bridge_pull_queue(device->bridge, (uintptr_t)queue);
    return result;
}

NTF_COMMAND(VkResult) ntf_vkDeviceWaitIdle(VkDevice handle)
{
    struct ntf_device *device = ntf_device_of(handle);
    const VkResult result = device->next.DeviceWaitIdle(handle);

    ntf_device_after(device, result);
    return result;
}
