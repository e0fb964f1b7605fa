// SPDX-License-Identifier: Apache-2.0
// Devices and their queues: two of family 0, one of family 1.
#include "driver.h"

#include <string.h>

#include "late_headers.h"

static const uint32_t queues_of_family[] = {2, 1};
enum { FAMILIES = 2 };

// ---- what is asked for

static void note_names(struct call *call, const VkDeviceCreateInfo *info)
{
    size_t room = sizeof call->record.names - 1;

    for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
        const size_t length = strlen(info->ppEnabledExtensionNames[i]);
        if (length + 1 > room)
            return;
        strcat(call->record.names, info->ppEnabledExtensionNames[i]);
        strcat(call->record.names, " ");
        room -= length + 1;
    }
}

static VkResult judge_extensions(struct call *call, const VkDeviceCreateInfo *info, uint64_t *enabled)
{
    VkResult result = VK_SUCCESS;

    *enabled = 0;
    for (uint32_t i = 0; i < info->enabledExtensionCount; i++) {
        const enum extension extension = extension_by_name(info->ppEnabledExtensionNames[i]);
        if (extension == EXTENSIONS || !extension_listed(extension) || extension_of_instance(extension)) {
            violation(call, "extension", "vkCreateDevice-ppEnabledExtensionNames-01387", "%s is not listed",
                      info->ppEnabledExtensionNames[i]);
            result = VK_ERROR_EXTENSION_NOT_PRESENT;
        } else {
            *enabled |= UINT64_C(1) << extension;
        }
    }
    return result;
}

static void note_features(struct device *device, const void *chain)
{
    for (const VkBaseInStructure *node = chain; node; node = node->pNext)
        switch ((unsigned)node->sType) {
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES:
            device->timeline |= ((const VkPhysicalDeviceTimelineSemaphoreFeatures *)node)->timelineSemaphore;
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
            device->timeline |= ((const VkPhysicalDeviceVulkan12Features *)node)->timelineSemaphore;
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES:
            device->synchronization2 |= ((const VkPhysicalDeviceSynchronization2Features *)node)->synchronization2;
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES:
            device->synchronization2 |= ((const VkPhysicalDeviceVulkan13Features *)node)->synchronization2;
            break;
        }
}

// ---- made

static void add_queues(struct device *device, const VkDeviceQueueCreateInfo *info)
{
    for (uint32_t i = 0; i < info->queueCount && device->queue_count < QUEUES_MAX; i++) {
        struct queue *queue = object_new(KIND_QUEUE, sizeof *queue, device);
        queue->family = info->queueFamilyIndex;
        queue->index = i;
        queue->flags = info->flags;
        queue->internally_synchronised = info->flags & LATE_QUEUE_INTERNALLY_SYNCHRONIZED_BIT;
        queue->held = state.hold_queues;
        device->queues[device->queue_count++] = queue;
    }
}

static struct device *make(const struct physical *physical, const VkDeviceCreateInfo *info, uint64_t enabled)
{
    struct device *device = object_new(KIND_DEVICE, sizeof *device, NULL);

    device->instance = physical->instance;
    device->extensions = enabled;
    note_features(device, info->pNext);
    for (uint32_t i = 0; i < info->queueCreateInfoCount; i++)
        add_queues(device, &info->pQueueCreateInfos[i]);
    device->next = state.devices;
    state.devices = device;
    return device;
}

static bool are_queues_there(const VkDeviceCreateInfo *info)
{
    for (uint32_t i = 0; i < info->queueCreateInfoCount; i++) {
        const VkDeviceQueueCreateInfo *queues = &info->pQueueCreateInfos[i];
        if (queues->queueFamilyIndex >= FAMILIES || queues->queueCount > queues_of_family[queues->queueFamilyIndex])
            return false;
    }
    return true;
}

VKAPI_ATTR VkResult VKAPI_CALL vkCreateDevice(VkPhysicalDevice handle, const VkDeviceCreateInfo *info,
                                              const VkAllocationCallbacks *allocator, VkDevice *out)
{
    struct call call;
    struct physical *physical;
    VkResult result, wanted;
    uint64_t enabled;
    (void)allocator;

    call_begin_instance(&call, CMD_CreateDevice);
    physical = call_object(&call, NUMBER(handle), KIND_PHYSICAL);
    call_chain(&call, info->pNext);
    note_names(&call, info);
    result = judge_extensions(&call, info, &enabled);
    if (!physical || !are_queues_there(info))
        result = VK_ERROR_INITIALIZATION_FAILED;
    wanted = call_order(&call);
    if (wanted != VK_SUCCESS)
        result = wanted;
    if (result == VK_SUCCESS)
        *out = call.record.device = HANDLE_OF(VkDevice, make(physical, info, enabled));
    return call_end(&call, result);
}

// ---- destroyed

static void judge_leaks(const struct call *call, const struct device *device)
{
    for (const struct object *object = device->objects; object; object = object->next_of_device)
        if (object->live && object->kind == KIND_FENCE)
            violation(call, "fence-leak", "vkDestroyDevice-device-05137", "fence 0x%llx is left",
                      (unsigned long long)NUMBER(object));
        else if (object->live && object->kind != KIND_QUEUE && object->kind != KIND_IMAGE)
            violation(call, "object", "vkDestroyDevice-device-05137", "%s 0x%llx is left", kind_name(object->kind),
                      (unsigned long long)NUMBER(object));
}

static void judge_busy(const struct call *call, const struct device *device)
{
    if (device->inside > 1)
        violation(call, "device-busy", "", "another thread is in a command of device %p", (const void *)device);
    for (unsigned i = 0; i < device->queue_count; i++)
        if (device->queues[i]->length)
            violation(call, "device-busy", "vkDestroyDevice-device-05137", "queue %u has %u unfinished submissions", i,
                      device->queues[i]->length);
}

// What is left of fences, for the memory checkers of the tests: the objects themselves stay.
static void empty_objects(struct device *device)
{
    for (struct object *object = device->objects; object; object = object->next_of_device)
        if (object->live && object->kind == KIND_SEMAPHORE && ((struct semaphore *)object)->kernel)
            timeline_close(((struct semaphore *)object)->kernel);
    for (struct object *object = device->objects; object; object = object->next_of_device)
        object->live = false;
}

VKAPI_ATTR void VKAPI_CALL vkDestroyDevice(VkDevice handle, const VkAllocationCallbacks *allocator)
{
    struct call call;
    (void)allocator;

    if (handle && call_begin(&call, CMD_DestroyDevice, handle)) {
        struct device *device = call.device, **link = &state.devices;
        (void)call_order(&call);
        judge_busy(&call, device);
        judge_leaks(&call, device);
        device->ending = true;
        state_changed();
        for (unsigned i = 0; i < device->queue_count; i++)
            queue_stop(device->queues[i]);
        while (*link != device)
            link = &(*link)->next;
        *link = device->next;
        device->object.live = false;
        empty_objects(device);
    } else if (!handle) {
        return;
    }
    (void)call_end(&call, VK_SUCCESS);
}

// ---- queues

static void get_queue(enum command command, VkDevice device, VkDeviceQueueCreateFlags flags, uint32_t family,
                      uint32_t index, VkQueue *out)
{
    struct call call;

    *out = VK_NULL_HANDLE;
    if (call_begin(&call, command, device))
        for (unsigned i = 0; i < call.device->queue_count; i++) {
            struct queue *queue = call.device->queues[i];
            if (queue->family == family && queue->index == index && queue->flags == flags)
                *out = HANDLE_OF(VkQueue, queue);
        }
    (void)call_end(&call, VK_SUCCESS);
}

VKAPI_ATTR void VKAPI_CALL vkGetDeviceQueue(VkDevice device, uint32_t family, uint32_t index, VkQueue *out)
{
    get_queue(CMD_GetDeviceQueue, device, 0, family, index, out);
}

VKAPI_ATTR void VKAPI_CALL vkGetDeviceQueue2(VkDevice device, const VkDeviceQueueInfo2 *info, VkQueue *out)
{
    get_queue(CMD_GetDeviceQueue2, device, info->flags, info->queueFamilyIndex, info->queueIndex, out);
}
