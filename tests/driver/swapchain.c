// SPDX-License-Identifier: Apache-2.0
// Surfaces without a window, swapchains, and what a presentation engine holds back.
#include "driver.h"

#include <stdlib.h>

#include "base/deadline.h"

// ---- surfaces

VKAPI_ATTR VkResult VKAPI_CALL vkCreateHeadlessSurfaceEXT(VkInstance instance,
                                                          const VkHeadlessSurfaceCreateInfoEXT *info,
                                                          const VkAllocationCallbacks *allocator, VkSurfaceKHR *out)
{
    struct call call;
    VkResult result;
    (void)instance, (void)info, (void)allocator;

    call_begin_instance(&call, CMD_CreateHeadlessSurfaceEXT);
    result = call_order(&call);
    if (result == VK_SUCCESS)
        *out = HANDLE_OF(VkSurfaceKHR, object_new(KIND_SURFACE, sizeof(struct surface), NULL));
    return call_end(&call, result);
}

VKAPI_ATTR void VKAPI_CALL vkDestroySurfaceKHR(VkInstance instance, VkSurfaceKHR handle,
                                               const VkAllocationCallbacks *allocator)
{
    struct call call;
    struct surface *surface;
    (void)instance, (void)allocator;

    call_begin_instance(&call, CMD_DestroySurfaceKHR);
    if (handle && (surface = call_object(&call, NUMBER(handle), KIND_SURFACE)))
        object_end(&surface->object);
    (void)call_end(&call, VK_SUCCESS);
}

// ---- swapchains

static struct swapchain *make(struct device *device, const VkSwapchainCreateInfoKHR *info)
{
    struct swapchain *swapchain = object_new(KIND_SWAPCHAIN, sizeof *swapchain, device);

    swapchain->count = info->minImageCount < IMAGES_MAX ? info->minImageCount : IMAGES_MAX;
    swapchain->hold_acquire = state.hold_acquires;
    swapchain->hold_present = state.hold_presents;
    swapchain->starve = state.starve;
    for (uint32_t i = 0; i < swapchain->count; i++)
        swapchain->images[i] = object_new(KIND_IMAGE, sizeof(struct image), device);
    return swapchain;
}

VKAPI_ATTR VkResult VKAPI_CALL vkCreateSwapchainKHR(VkDevice device, const VkSwapchainCreateInfoKHR *info,
                                                    const VkAllocationCallbacks *allocator, VkSwapchainKHR *out)
{
    struct call call;
    struct swapchain *old;
    VkResult result;
    (void)allocator;

    if (!call_begin(&call, CMD_CreateSwapchainKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    call_chain(&call, info->pNext);
    (void)call_object(&call, NUMBER(info->surface), KIND_SURFACE);
    old = info->oldSwapchain ? call_object(&call, NUMBER(info->oldSwapchain), KIND_SWAPCHAIN) : NULL;
    result = call_order_or_lost(&call);
    if (old)
        old->retired = true;
    if (result == VK_SUCCESS)
        *out = HANDLE_OF(VkSwapchainKHR, make(call.device, info));
    return call_end(&call, result);
}

static bool has_fence(const struct ops *ops)
{
    for (unsigned i = 0; i < ops->count; i++)
        if (ops->list[i].fence)
            return true;
    return false;
}

VKAPI_ATTR void VKAPI_CALL vkDestroySwapchainKHR(VkDevice device, VkSwapchainKHR handle,
                                                 const VkAllocationCallbacks *allocator)
{
    struct call call;
    struct swapchain *swapchain;
    (void)allocator;

    if (call_begin(&call, CMD_DestroySwapchainKHR, device) && handle &&
        (swapchain = call_object(&call, NUMBER(handle), KIND_SWAPCHAIN))) {
        if (swapchain->acquires.count || has_fence(&swapchain->presents) ||
            queues_refer_to(call.device, &swapchain->object))
            violation(&call, "swapchain", "vkDestroySwapchainKHR-swapchain-01282",
                      "an acquire, or a present with a fence, is not finished");
        swapchain_release_held(swapchain, true, true);
        swapchain_release_held(swapchain, false, true);
        for (uint32_t i = 0; i < swapchain->count; i++)
            object_end(&swapchain->images[i]->object);
        object_end(&swapchain->object);
    }
    (void)call_end(&call, VK_SUCCESS);
}

VKAPI_ATTR VkResult VKAPI_CALL vkGetSwapchainImagesKHR(VkDevice device, VkSwapchainKHR handle, uint32_t *count,
                                                       VkImage *images)
{
    struct call call;
    struct swapchain *swapchain;
    VkResult result;

    if (!call_begin(&call, CMD_GetSwapchainImagesKHR, device))
        return call_end(&call, VK_ERROR_DEVICE_LOST);
    swapchain = call_object(&call, NUMBER(handle), KIND_SWAPCHAIN);
    result = call_order(&call);
    if (result == VK_SUCCESS && swapchain) {
        const uint32_t room = images ? *count : swapchain->count;
        *count = room < swapchain->count ? room : swapchain->count;
        for (uint32_t i = 0; i < *count && images; i++)
            images[i] = HANDLE_OF(VkImage, swapchain->images[i]);
        result = *count < swapchain->count ? VK_INCOMPLETE : VK_SUCCESS;
    }
    return call_end(&call, result);
}

// ---- what is held back

static void finish_acquire(const struct op *op, bool signal)
{
    if (op->semaphore && signal)
        op->semaphore->value = 1;
    if (op->fence)
        fence_finish(op, signal);
}

static void finish_present(const struct op *op, bool signal)
{
    if (op->value < op->swapchain->count)
        op->swapchain->states[op->value] = IMAGE_FREE;
    if (op->fence)
        fence_finish(op, signal);
}

void swapchain_release_held(struct swapchain *swapchain, bool acquires, bool signal)
{
    struct ops *ops = acquires ? &swapchain->acquires : &swapchain->presents;

    for (unsigned i = 0; i < ops->count; i++)
        (acquires ? finish_acquire : finish_present)(&ops->list[i], signal);
    free(ops->list);
    *ops = (struct ops){0};
    if (signal)
        queues_advance();
}

void swapchain_present(const struct op *op)
{
    if (op->swapchain->hold_present && op->swapchain->object.live)
        *ops_add(&op->swapchain->presents, OP_PRESENT) = *op;
    else
        finish_present(op, true);
}

// ---- acquiring

struct acquire {
    struct call call;
    struct swapchain *swapchain;
    struct semaphore *semaphore;
    struct fence *fence;
    uint64_t timeout_ns;
};

static bool take_free(struct swapchain *swapchain, uint32_t *index)
{
    for (uint32_t i = 0; i < swapchain->count && !swapchain->starve; i++) {
        const uint32_t candidate = (swapchain->next + i) % swapchain->count;
        if (swapchain->states[candidate] == IMAGE_FREE) {
            swapchain->states[candidate] = IMAGE_ACQUIRED;
            swapchain->next = (candidate + 1) % swapchain->count;
            *index = candidate;
            return true;
        }
    }
    return false;
}

static VkResult wait_for_image(struct acquire *acquire, uint32_t *index)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), acquire->timeout_ns);
    bool in_time = acquire->timeout_ns != 0;

    for (;;) {
        if (acquire->call.device->lost || acquire->call.device->ending)
            return VK_ERROR_DEVICE_LOST;
        if (acquire->swapchain->retired)
            return VK_ERROR_OUT_OF_DATE_KHR;
        if (take_free(acquire->swapchain, index))
            return VK_SUCCESS;
        if (!in_time)
            return acquire->timeout_ns ? VK_TIMEOUT : VK_NOT_READY;
        in_time = state_wait(deadline_ns);
    }
}

// The fence is as if another payload had been imported for the time until its reset.
static void begin_signals(struct acquire *acquire, uint32_t index)
{
    struct op *op = ops_add(&acquire->swapchain->acquires, OP_FENCE);

    op->semaphore = acquire->semaphore;
    op->value = index;
    if (acquire->semaphore)
        acquire->semaphore->expected = true;
    if (acquire->fence) {
        fence_use_temporary(acquire->fence, payload_new());
        fence_begin(op, acquire->fence);
    }
    if (!acquire->swapchain->hold_acquire)
        swapchain_release_held(acquire->swapchain, true, true);
}

static VkResult acquire_image(struct acquire *acquire, uint32_t *index)
{
    VkResult result = call_order_or_lost(&acquire->call);

    if (!acquire->swapchain)
        return VK_ERROR_OUT_OF_DATE_KHR;
    if (result == VK_SUCCESS || is_enqueued(acquire->call.command, result)) {
        const VkResult waited = wait_for_image(acquire, index);
        if (waited != VK_SUCCESS)
            return waited;
        begin_signals(acquire, *index);
    }
    return result;
}

static VkResult acquire_any(enum command command, VkDevice device, const VkAcquireNextImageInfoKHR *info,
                            uint32_t *index)
{
    struct acquire acquire = {.timeout_ns = info->timeout};
    const bool first = command == CMD_AcquireNextImageKHR;

    if (!call_begin(&acquire.call, command, device))
        return call_end(&acquire.call, VK_ERROR_DEVICE_LOST);
    acquire.call.record.timeout_ns = info->timeout;
    call_chain(&acquire.call, info->pNext);
    acquire.swapchain = call_object(&acquire.call, NUMBER(info->swapchain), KIND_SWAPCHAIN);
    if (info->semaphore)
        acquire.semaphore = call_object(&acquire.call, NUMBER(info->semaphore), KIND_SEMAPHORE);
    if (acquire.semaphore && acquire.semaphore->expected)
        violation(&acquire.call, "semaphore", "vkAcquireNextImageKHR-semaphore-01286", "the semaphore is signalled");
    if (info->fence)
        acquire.fence = call_fence(&acquire.call, info->fence, true);
    if (acquire.fence)
        fence_check(&acquire.call, acquire.fence,
                    first ? "vkAcquireNextImageKHR-fence-01287" : "VkAcquireNextImageInfoKHR-fence-01289",
                    first ? "vkAcquireNextImageKHR-fence-10066" : "VkAcquireNextImageInfoKHR-fence-10067");
    if (!info->semaphore && !info->fence)
        violation(&acquire.call, "swapchain", "vkAcquireNextImageKHR-semaphore-01780", "neither semaphore nor fence");
    return call_end(&acquire.call, acquire_image(&acquire, index));
}

VKAPI_ATTR VkResult VKAPI_CALL vkAcquireNextImageKHR(VkDevice device, VkSwapchainKHR swapchain, uint64_t timeout,
                                                     VkSemaphore semaphore, VkFence fence, uint32_t *index)
{
    const VkAcquireNextImageInfoKHR info = {
        .swapchain = swapchain, .timeout = timeout, .semaphore = semaphore, .fence = fence};
    return acquire_any(CMD_AcquireNextImageKHR, device, &info, index);
}

VKAPI_ATTR VkResult VKAPI_CALL vkAcquireNextImage2KHR(VkDevice device, const VkAcquireNextImageInfoKHR *info,
                                                      uint32_t *index)
{
    return acquire_any(CMD_AcquireNextImage2KHR, device, info, index);
}
