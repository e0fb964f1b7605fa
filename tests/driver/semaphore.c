// SPDX-License-Identifier: Apache-2.0
// Semaphores of both kinds, and events.
#include "driver.h"

#include <stdlib.h>

#include "base/deadline.h"

// ---- on a queue

void semaphore_wait_add(struct call *call, struct ops *ops, VkSemaphore handle, uint64_t value)
{
    struct semaphore *semaphore = call_object(call, NUMBER(handle), KIND_SEMAPHORE);
    struct op *op;

    if (!semaphore)
        return;
    if (!semaphore->timeline && !semaphore->expected)
        violation(call, "semaphore", "", "binary semaphore 0x%llx is waited for, and nothing signals it",
                  (unsigned long long)NUMBER(semaphore));
    semaphore->expected = false;
    op = ops_add(ops, OP_WAIT_SEMAPHORE);
    op->semaphore = semaphore;
    op->value = value;
}

void semaphore_signal_add(struct call *call, struct ops *ops, VkSemaphore handle, uint64_t value)
{
    struct semaphore *semaphore = call_object(call, NUMBER(handle), KIND_SEMAPHORE);
    struct op *op;

    if (!semaphore)
        return;
    if (!semaphore->timeline && semaphore->expected)
        violation(call, "semaphore", "", "binary semaphore 0x%llx is signalled again before anything has waited for it",
                  (unsigned long long)NUMBER(semaphore));
    semaphore->expected = true;
    op = ops_add(ops, OP_SIGNAL_SEMAPHORE);
    op->semaphore = semaphore;
    op->value = value;
}

void semaphores_take_back(const struct ops *ops)
{
    for (unsigned i = ops->count; i-- > 0;)
        if (ops->list[i].kind == OP_WAIT_SEMAPHORE)
            ops->list[i].semaphore->expected = true;
        else if (ops->list[i].kind == OP_SIGNAL_SEMAPHORE)
            ops->list[i].semaphore->expected = false;
}

uint64_t semaphore_value(const struct semaphore *semaphore)
{
    return semaphore->kernel ? timeline_value(semaphore->kernel) : semaphore->value;
}

void semaphore_signal(struct semaphore *semaphore, uint64_t value)
{
    if (!semaphore->timeline) {
        semaphore->value = 1;
        return;
    }
    // An imported one is others' to raise, too.
    if (!semaphore->kernel && value <= semaphore->value)
        violation(NULL, "semaphore", "VkSubmitInfo-pSignalSemaphores-03242",
                  "timeline semaphore 0x%llx is at %llu and is signalled with %llu",
                  (unsigned long long)NUMBER(semaphore), (unsigned long long)semaphore->value,
                  (unsigned long long)value);
    if (semaphore->kernel)
        timeline_signal(semaphore->kernel, value);
    else if (value > semaphore->value)
        semaphore->value = value;
}

// ---- the commands

VKAPI_ATTR VkResult VKAPI_CALL vkCreateSemaphore(VkDevice device, const VkSemaphoreCreateInfo *info,
                                                 const VkAllocationCallbacks *allocator, VkSemaphore *out)
{
    const VkSemaphoreTypeCreateInfo *type = chain_find(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
    const bool timeline = type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
    struct call call;
    VkResult result;
    (void)allocator;

    if (!call_begin(&call, CMD_CreateSemaphore, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call_chain(&call, info->pNext);
    if (timeline && !call.device->timeline)
        violation(&call, "feature", "VkSemaphoreTypeCreateInfo-timelineSemaphore-03252",
                  "timelineSemaphore is not enabled");
    result = call_order(&call);
    if (result == VK_SUCCESS) {
        struct semaphore *semaphore = object_new(KIND_SEMAPHORE, sizeof *semaphore, call.device);
        semaphore->timeline = timeline;
        semaphore->value = timeline ? type->initialValue : 0;
        *out = HANDLE_OF(VkSemaphore, semaphore);
    }
    return call_end(&call, result);
}

VKAPI_ATTR void VKAPI_CALL vkDestroySemaphore(VkDevice device, VkSemaphore handle,
                                              const VkAllocationCallbacks *allocator)
{
    struct call call;
    struct semaphore *semaphore;
    (void)allocator;

    if (call_begin(&call, CMD_DestroySemaphore, device) && handle &&
        (semaphore = call_object(&call, NUMBER(handle), KIND_SEMAPHORE))) {
        if (queues_refer_to(call.device, &semaphore->object))
            violation(&call, "object", "vkDestroySemaphore-semaphore-05149", "the semaphore is in unfinished work");
        if (semaphore->kernel)
            timeline_close(semaphore->kernel);
        semaphore->kernel = NULL;
        object_end(&semaphore->object);
    }
    (void)call_end(&call, VK_SUCCESS);
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetSemaphoreCounterValue(VkDevice device, VkSemaphore handle, uint64_t *value)
{
    struct call call;
    struct semaphore *semaphore;
    VkResult result;

    if (!call_begin(&call, CMD_GetSemaphoreCounterValue, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    semaphore = call_object(&call, NUMBER(handle), KIND_SEMAPHORE);
    result = call_order_or_lost(&call);
    if (result == VK_SUCCESS && semaphore)
        *value = semaphore_value(semaphore);
    return call_end(&call, result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkSignalSemaphore(VkDevice device, const VkSemaphoreSignalInfo *info)
{
    struct call call;
    struct semaphore *semaphore;
    VkResult result;

    if (!call_begin(&call, CMD_SignalSemaphore, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    semaphore = call_object(&call, NUMBER(info->semaphore), KIND_SEMAPHORE);
    result = call_order(&call);
    if (result == VK_SUCCESS && semaphore) {
        semaphore_signal(semaphore, info->value);
        queues_advance();
    }
    return call_end(&call, result);
}

static bool reached(struct call *call, const VkSemaphoreWaitInfo *info, bool *strangers)
{
    const bool any = info->flags & VK_SEMAPHORE_WAIT_ANY_BIT;

    for (uint32_t i = 0; i < info->semaphoreCount; i++) {
        struct semaphore *semaphore = call_object(call, NUMBER(info->pSemaphores[i]), KIND_SEMAPHORE);
        *strangers |= semaphore && semaphore->kernel;
        if (semaphore && (semaphore_value(semaphore) >= info->pValues[i]) == any)
            return any;
    }
    return !any;
}

VKAPI_ATTR VkResult VKAPI_CALL vkWaitSemaphores(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout_ns)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), timeout_ns);
    bool strangers = false;
    struct call call;
    VkResult result;

    if (!call_begin(&call, CMD_WaitSemaphores, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call.record.timeout_ns = timeout_ns;
    result = call_order_or_lost(&call);
    while (result == VK_SUCCESS && !reached(&call, info, &strangers)) {
        // Of what strangers signal nobody tells us.
        const uint64_t soon_ns = strangers ? ntf_os_now_ns() + 1000000 : NTF_FOREVER;
        (void)state_wait(ntf_deadline_min(deadline_ns, soon_ns));
        if (call.device->lost || call.device->ending)
            result = VK_ERROR_DEVICE_LOST;
        else if (ntf_deadline_passed(deadline_ns, ntf_os_now_ns()) && !reached(&call, info, &strangers))
            result = VK_TIMEOUT;
    }
    return call_end(&call, result);
}

// ---- events

VKAPI_ATTR VkResult VKAPI_CALL vkCreateEvent(VkDevice device, const VkEventCreateInfo *info,
                                             const VkAllocationCallbacks *allocator, VkEvent *out)
{
    struct call call;
    VkResult result;
    (void)info;
    (void)allocator;

    if (!call_begin(&call, CMD_CreateEvent, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    result = call_order(&call);
    if (result == VK_SUCCESS)
        *out = HANDLE_OF(VkEvent, object_new(KIND_EVENT, sizeof(struct event), call.device));
    return call_end(&call, result);
}

VKAPI_ATTR void VKAPI_CALL vkDestroyEvent(VkDevice device, VkEvent handle, const VkAllocationCallbacks *allocator)
{
    struct call call;
    struct event *event;
    (void)allocator;

    if (call_begin(&call, CMD_DestroyEvent, device) && handle &&
        (event = call_object(&call, NUMBER(handle), KIND_EVENT))) {
        if (queues_refer_to(call.device, &event->object))
            violation(&call, "object", "vkDestroyEvent-event-01145", "the event is in unfinished work");
        object_end(&event->object);
    }
    (void)call_end(&call, VK_SUCCESS);
}

static VkResult change_event(enum command command, VkDevice device, VkEvent handle, bool set)
{
    struct call call;
    struct event *event;
    VkResult result;

    if (!call_begin(&call, command, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    event = call_object(&call, NUMBER(handle), KIND_EVENT);
    result = call_order(&call);
    if (result == VK_SUCCESS && event) {
        event->set = set;
        queues_advance();
    }
    return call_end(&call, result);
}

VKAPI_ATTR VkResult VKAPI_CALL vkSetEvent(VkDevice device, VkEvent event)
{
    return change_event(CMD_SetEvent, device, event, true);
}

VKAPI_ATTR VkResult VKAPI_CALL vkResetEvent(VkDevice device, VkEvent event)
{
    return change_event(CMD_ResetEvent, device, event, false);
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetEventStatus(VkDevice device, VkEvent handle)
{
    struct call call;
    struct event *event;
    VkResult result;

    if (!call_begin(&call, CMD_GetEventStatus, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    event = call_object(&call, NUMBER(handle), KIND_EVENT);
    result = call_order_or_lost(&call);
    if (result == VK_SUCCESS)
        result = event && event->set ? VK_EVENT_SET : VK_EVENT_RESET;
    return call_end(&call, result);
}
