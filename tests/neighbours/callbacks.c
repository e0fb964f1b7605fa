// SPDX-License-Identifier: Apache-2.0
/*
 * An application's allocator: what is taken from it in a creation is given back by the destruction
 * at the latest (Vulkan, "Memory Allocation"), and when it has no more the creation fails with
 * VK_ERROR_OUT_OF_HOST_MEMORY, and with nothing else.
 */
#include "callbacks.h"

#include <stdlib.h>
#include <string.h>

enum { MARK = 0x4E544643, TRIES = 400 };

// Before each block: what is needed to find its beginning, and to know it again.
struct head {
    void *memory;
    size_t size;
    uint32_t mark;
};

static void *VKAPI_PTR allocate(void *user, size_t size, size_t alignment, VkSystemAllocationScope scope)
{
    struct callbacks *callbacks = user;
    const uint64_t number = ntf_fetch_add(&callbacks->made, 1, NTF_RELAXED) + 1;
    const uint64_t fail_at = ntf_load(&callbacks->fail_at, NTF_RELAXED);
    (void)scope;
    if (fail_at && number >= fail_at)
        return NULL;
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    char *memory = malloc(sizeof(struct head) + alignment + size);
    if (!memory)
        abort();
    const uintptr_t first = (uintptr_t)(memory + sizeof(struct head));
    char *block = (char *)((first + alignment - 1) / alignment * alignment);
    const struct head head = {.memory = memory, .size = size, .mark = MARK};
    memcpy(block - sizeof head, &head, sizeof head);
    ntf_fetch_add(&callbacks->live, 1, NTF_RELAXED);
    return block;
}

static void VKAPI_PTR release(void *user, void *block)
{
    struct callbacks *callbacks = user;
    struct head head;
    if (!block)
        return;
    memcpy(&head, (char *)block - sizeof head, sizeof head);
    if (head.mark != MARK) {
        ntf_fetch_add(&callbacks->strange, 1, NTF_RELAXED);
        return;
    }
    ntf_fetch_sub(&callbacks->live, 1, NTF_RELAXED);
    free(head.memory);
}

static void *VKAPI_PTR reallocate(void *user, void *block, size_t size, size_t alignment, VkSystemAllocationScope scope)
{
    struct head head;
    if (!block)
        return allocate(user, size, alignment, scope);
    if (size == 0) {
        release(user, block);
        return NULL;
    }
    void *larger = allocate(user, size, alignment, scope);
    if (!larger)
        return NULL;
    memcpy(&head, (char *)block - sizeof head, sizeof head);
    memcpy(larger, block, head.size < size ? head.size : size);
    release(user, block);
    return larger;
}

void callbacks_open(struct callbacks *callbacks)
{
    *callbacks = (struct callbacks){
        .vulkan = {
            .pUserData = callbacks, .pfnAllocation = allocate, .pfnReallocation = reallocate, .pfnFree = release}};
}

static void expect_balance(struct callbacks *callbacks)
{
    assert_int_equal(ntf_load(&callbacks->strange, NTF_RELAXED), 0);
    assert_int_equal(ntf_load(&callbacks->live, NTF_RELAXED), 0);
}

/* ---- fences ---- */

enum kind { PLAIN, SIGNALLED, EXPORTABLE, EXPORTABLE_SIGNALLED, KINDS };

static VkResult create(struct callbacks *callbacks, enum kind kind, VkFence *out)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
        .pNext = kind >= EXPORTABLE ? &types : NULL,
        .flags = kind == SIGNALLED || kind == EXPORTABLE_SIGNALLED ? VK_FENCE_CREATE_SIGNALED_BIT : 0};
    return vk.CreateFence(world.device, &info, &callbacks->vulkan, out);
}

// Some drivers take nothing from it (Wine's, the fake one): then there is only to see that nobody else does otherwise.
static bool driver_allocates(void)
{
    struct callbacks callbacks;
    VkFence fence;
    callbacks_open(&callbacks);
    assert_int_equal(create(&callbacks, PLAIN, &fence), VK_SUCCESS);
    vk.DestroyFence(world.device, fence, &callbacks.vulkan);
    return ntf_load(&callbacks.made, NTF_RELAXED) > 0;
}

// Created, imported into in each way, used, destroyed.
void fences_are_balanced(void **state)
{
    struct callbacks callbacks;
    struct kernel_fence object;
    (void)state;
    callbacks_open(&callbacks);
    kernel_make(&object, true, false, 0);
    for (int kind = 0; kind < KINDS; kind++)
        for (int use = 0; use < 4; use++) {
            VkFence fence;
            assert_int_equal(create(&callbacks, (enum kind)kind, &fence), VK_SUCCESS);
            fence_expect(fence, kind == SIGNALLED || kind == EXPORTABLE_SIGNALLED);
            if (use & 1)
                assert_int_equal(import_by_handle(fence, object.handle, 0, 1000), VK_SUCCESS);
            if (use & 2)
                assert_int_equal(import_by_handle(fence, object.handle, VK_FENCE_IMPORT_TEMPORARY_BIT, 1001),
                                 VK_SUCCESS);
            fence_reset(fence);
            fence_submit(fence);
            assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
            vk.DestroyFence(world.device, fence, &callbacks.vulkan);
            expect_balance(&callbacks);
        }
    assert_int_equal(ntf_load(&callbacks.made, NTF_RELAXED) > 0, driver_allocates());
    kernel_destroy(&object);
}

// (Mesa's drivers tell the messengers of each failure: no message of ours.)
void fences_of_a_failing_allocator(void **state)
{
    (void)state;
    messages_expect_foreign();
    for (int kind = 0; kind < KINDS; kind++) {
        VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
        unsigned failures = 0;
        for (uint64_t fail_at = 1; fail_at < TRIES && result != VK_SUCCESS; fail_at++) {
            struct callbacks callbacks;
            VkFence fence;
            callbacks_open(&callbacks);
            ntf_store(&callbacks.fail_at, fail_at, NTF_RELAXED);
            result = create(&callbacks, (enum kind)kind, &fence);
            if (result == VK_SUCCESS) {
                fence_expect(fence, kind == SIGNALLED || kind == EXPORTABLE_SIGNALLED);
                vk.DestroyFence(world.device, fence, &callbacks.vulkan);
            } else {
                assert_int_equal(result, VK_ERROR_OUT_OF_HOST_MEMORY);
                failures++;
            }
            expect_balance(&callbacks);
        }
        assert_int_equal(result, VK_SUCCESS);
        assert_int_equal(failures > 0, driver_allocates()); // it has asked at least once
    }
}

/* ---- devices ---- */

static VkResult create_device(struct callbacks *callbacks, const char *extension, VkDevice *out)
{
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = extension ? 1 : 0,
                                     .ppEnabledExtensionNames = &extension};
    return vk.CreateDevice(world.physical, &info, &callbacks->vulkan, out);
}

static void destroy_device(struct callbacks *callbacks, VkDevice device)
{
    const PFN_vkDestroyDevice destroy = (PFN_vkDestroyDevice)vk.GetDeviceProcAddr(device, "vkDestroyDevice");
    destroy(device, &callbacks->vulkan);
}

static const char *const extensions[] = {NULL, VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                         VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME};

void devices_are_balanced(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(extensions); i++) {
        struct callbacks callbacks;
        VkDevice device;
        callbacks_open(&callbacks);
        assert_int_equal(create_device(&callbacks, extensions[i], &device), VK_SUCCESS);
        destroy_device(&callbacks, device);
        expect_balance(&callbacks);
    }
}

void devices_of_a_failing_allocator(void **state)
{
    (void)state;
    messages_expect_foreign();
    for (size_t i = 0; i < NTF_COUNT(extensions); i++) {
        VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;
        for (uint64_t fail_at = 1; fail_at < TRIES && result != VK_SUCCESS; fail_at++) {
            struct callbacks callbacks;
            VkDevice device;
            callbacks_open(&callbacks);
            ntf_store(&callbacks.fail_at, fail_at, NTF_RELAXED);
            result = create_device(&callbacks, extensions[i], &device);
            if (result == VK_SUCCESS)
                destroy_device(&callbacks, device);
            else
                assert_int_equal(result, VK_ERROR_OUT_OF_HOST_MEMORY);
            expect_balance(&callbacks);
        }
        assert_int_equal(result, VK_SUCCESS);
    }
}
