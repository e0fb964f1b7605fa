// SPDX-License-Identifier: Apache-2.0
// Command pools and buffers, with the commands of events. Everything else a buffer may be told is not here.
#include "driver.h"

#include <stdlib.h>

VKAPI_ATTR VkResult VKAPI_CALL vkCreateCommandPool(VkDevice device, const VkCommandPoolCreateInfo *info,
                                                   const VkAllocationCallbacks *allocator, VkCommandPool *out)
{
    struct call call;
    VkResult result;
    (void)info;
    (void)allocator;

    if (!call_begin(&call, CMD_CreateCommandPool, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    result = call_order(&call);
    if (result == VK_SUCCESS)
        *out = HANDLE_OF(VkCommandPool, object_new(KIND_POOL, sizeof(struct pool), call.device));
    return call_end(&call, result);
}

static void empty(struct buffer *buffer)
{
    free(buffer->ops.list);
    buffer->ops = (struct ops){0};
}

static void for_buffers(struct device *device, const struct pool *pool, bool ends)
{
    for (struct object *object = device->objects; object; object = object->next_of_device) {
        struct buffer *buffer = (struct buffer *)object;
        if (object->kind != KIND_BUFFER || !object->live || buffer->pool != pool)
            continue;
        empty(buffer);
        if (ends)
            object_end(object);
    }
}

VKAPI_ATTR void VKAPI_CALL vkDestroyCommandPool(VkDevice device, VkCommandPool handle,
                                                const VkAllocationCallbacks *allocator)
{
    struct call call;
    struct pool *pool;
    (void)allocator;

    if (call_begin(&call, CMD_DestroyCommandPool, device) && handle &&
        (pool = call_object(&call, NUMBER(handle), KIND_POOL))) {
        for_buffers(call.device, pool, true);
        object_end(&pool->object);
    }
    (void)call_end(&call, VK_SUCCESS);
}

VKAPI_ATTR VkResult VKAPI_CALL vkResetCommandPool(VkDevice device, VkCommandPool handle, VkCommandPoolResetFlags flags)
{
    struct call call;
    struct pool *pool;
    VkResult result;
    (void)flags;

    if (!call_begin(&call, CMD_ResetCommandPool, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    pool = call_object(&call, NUMBER(handle), KIND_POOL);
    result = call_order(&call);
    if (result == VK_SUCCESS && pool)
        for_buffers(call.device, pool, false);
    return call_end(&call, result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkAllocateCommandBuffers(VkDevice device, const VkCommandBufferAllocateInfo *info,
                                                        VkCommandBuffer *out)
{
    struct call call;
    struct pool *pool;
    VkResult result;

    if (!call_begin(&call, CMD_AllocateCommandBuffers, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    pool = call_object(&call, NUMBER(info->commandPool), KIND_POOL);
    result = call_order(&call);
    for (uint32_t i = 0; i < info->commandBufferCount && result == VK_SUCCESS; i++) {
        struct buffer *buffer = object_new(KIND_BUFFER, sizeof *buffer, call.device);
        buffer->pool = pool;
        out[i] = HANDLE_OF(VkCommandBuffer, buffer);
    }
    return call_end(&call, result);
}

VKAPI_ATTR void VKAPI_CALL vkFreeCommandBuffers(VkDevice device, VkCommandPool pool, uint32_t count,
                                                const VkCommandBuffer *handles)
{
    struct call call;
    (void)pool;

    if (call_begin(&call, CMD_FreeCommandBuffers, device))
        for (uint32_t i = 0; i < count; i++) {
            struct buffer *buffer = handles[i] ? call_object(&call, NUMBER(handles[i]), KIND_BUFFER) : NULL;
            if (buffer) {
                empty(buffer);
                object_end(&buffer->object);
            }
        }
    (void)call_end(&call, VK_SUCCESS);
}

// ---- recording

static struct buffer *begin_recording(struct call *call, enum command command, VkCommandBuffer handle)
{
    struct buffer *buffer = object_find(NUMBER(handle), KIND_BUFFER);

    if (!call_begin(call, command, buffer ? HANDLE_OF(VkDevice, buffer->object.device) : VK_NULL_HANDLE))
        return NULL;
    return call_object(call, NUMBER(handle), KIND_BUFFER);
}

static VkResult start_over(enum command command, VkCommandBuffer handle, bool emptied)
{
    struct call call;
    struct buffer *buffer = begin_recording(&call, command, handle);
    VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;

    if (buffer) {
        result = call_order(&call);
        if (result == VK_SUCCESS && emptied)
            empty(buffer);
    }
    return call_end(&call, result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkBeginCommandBuffer(VkCommandBuffer buffer, const VkCommandBufferBeginInfo *info)
{
    (void)info;
    return start_over(CMD_BeginCommandBuffer, buffer, true);
}

VKAPI_ATTR VkResult VKAPI_CALL vkEndCommandBuffer(VkCommandBuffer buffer)
{
    return start_over(CMD_EndCommandBuffer, buffer, false);
}

VKAPI_ATTR VkResult VKAPI_CALL vkResetCommandBuffer(VkCommandBuffer buffer, VkCommandBufferResetFlags flags)
{
    (void)flags;
    return start_over(CMD_ResetCommandBuffer, buffer, true);
}

static void record(enum command command, VkCommandBuffer handle, enum op_kind kind, uint32_t count,
                   const VkEvent *events)
{
    struct call call;
    struct buffer *buffer = begin_recording(&call, command, handle);

    for (uint32_t i = 0; i < count && buffer; i++) {
        struct event *event = call_object(&call, NUMBER(events[i]), KIND_EVENT);
        if (event)
            ops_add(&buffer->ops, kind)->event = event;
    }
    (void)call_end(&call, VK_SUCCESS);
}

VKAPI_ATTR void VKAPI_CALL vkCmdWaitEvents(VkCommandBuffer buffer, uint32_t count, const VkEvent *events,
                                           VkPipelineStageFlags from, VkPipelineStageFlags to, uint32_t barriers,
                                           const VkMemoryBarrier *barrier, uint32_t buffer_barriers,
                                           const VkBufferMemoryBarrier *buffer_barrier, uint32_t image_barriers,
                                           const VkImageMemoryBarrier *image_barrier)
{
    (void)from, (void)to, (void)barriers, (void)barrier, (void)buffer_barriers, (void)buffer_barrier;
    (void)image_barriers, (void)image_barrier;
    record(CMD_CmdWaitEvents, buffer, OP_WAIT_EVENT, count, events);
}

VKAPI_ATTR void VKAPI_CALL vkCmdSetEvent(VkCommandBuffer buffer, VkEvent event, VkPipelineStageFlags stages)
{
    (void)stages;
    record(CMD_CmdSetEvent, buffer, OP_SET_EVENT, 1, &event);
}

VKAPI_ATTR void VKAPI_CALL vkCmdResetEvent(VkCommandBuffer buffer, VkEvent event, VkPipelineStageFlags stages)
{
    (void)stages;
    record(CMD_CmdResetEvent, buffer, OP_RESET_EVENT, 1, &event);
}

VKAPI_ATTR void VKAPI_CALL vkCmdPipelineBarrier(VkCommandBuffer buffer, VkPipelineStageFlags from,
                                                VkPipelineStageFlags to, VkDependencyFlags flags, uint32_t barriers,
                                                const VkMemoryBarrier *barrier, uint32_t buffer_barriers,
                                                const VkBufferMemoryBarrier *buffer_barrier, uint32_t image_barriers,
                                                const VkImageMemoryBarrier *image_barrier)
{
    (void)from, (void)to, (void)flags, (void)barriers, (void)barrier, (void)buffer_barriers, (void)buffer_barrier;
    (void)image_barriers, (void)image_barrier;
    record(CMD_CmdPipelineBarrier, buffer, OP_WAIT_EVENT, 0, NULL);
}
