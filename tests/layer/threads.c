// SPDX-License-Identifier: Apache-2.0
/*
 * Many threads in the layer at once: on one device with fences of their own, and making and ending
 * devices of either kind beside each other. (Without the validation layer: under the thread
 * sanitizer every report is then ours.)
 */
#include "vulkan.h"

#include "base/os/os.h"

enum { THREADS = 4, ROUNDS = 150, DEVICES = 25 };

struct worker {
    struct ntf_thread *thread;
    unsigned index;
    struct kernel_fence object;
    ntf_au32 wrong;
};

static void check(struct worker *worker, bool right)
{
    // Assertions belong to the main thread.
    if (!right)
        ntf_fetch_add(&worker->wrong, 1, NTF_RELAXED);
}

static void run(void (*body)(void *))
{
    static struct worker workers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].index = i;
        ntf_init(&workers[i].wrong, 0);
        kernel_make(&workers[i].object, i % 2, false, 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(ntf_thread_start(&workers[i].thread, "worker", body, &workers[i]), NTF_OK);
    for (unsigned i = 0; i < THREADS; i++)
        ntf_thread_join(workers[i].thread);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(ntf_load(&workers[i].wrong, NTF_RELAXED), 0);
        kernel_destroy(&workers[i].object);
    }
}

static void on_one_device(void *context)
{
    struct worker *worker = context;
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
                                    .flags = VK_FENCE_CREATE_SIGNALED_BIT};
    VkFence fences[2];
    check(worker, vk.CreateFence(world.device, &info, NULL, &fences[1]) == VK_SUCCESS);
    for (uint64_t k = 1; k <= ROUNDS; k++) {
        check(worker, vk.CreateFence(world.device, &info, NULL, &fences[0]) == VK_SUCCESS);
        check(worker, import_by_handle(fences[0], worker->object.handle, k % 2, k) == VK_SUCCESS);
        check(worker, vk.GetFenceStatus(world.device, fences[0]) == VK_NOT_READY);
        check(worker, vk.WaitForFences(world.device, 2, fences, VK_TRUE, 0) == VK_TIMEOUT);
        kernel_signal(&worker->object, k);
        check(worker, vk.WaitForFences(world.device, 2, fences, VK_TRUE, UINT64_MAX) == VK_SUCCESS);
        check(worker, vk.ResetFences(world.device, 1, fences) == VK_SUCCESS);
        check(worker, vk.GetFenceStatus(world.device, fences[0]) == VK_NOT_READY);
        vk.DestroyFence(world.device, fences[0], NULL);
    }
    vk.DestroyFence(world.device, fences[1], NULL);
}

static VkDevice make_device(bool served)
{
    static const float priority = 1;
    static const char *const name = VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueCount = 1, .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = served, .ppEnabledExtensionNames = &name};
    VkDevice device;
    return vk.CreateDevice(world.physical, &info, NULL, &device) == VK_SUCCESS ? device : VK_NULL_HANDLE;
}

static void with_devices(void *context)
{
    struct worker *worker = context;
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkImportFenceWin32HandleInfoKHR import = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, .handle = worker->object.handle};
    kernel_signal(&worker->object, 1);
    for (unsigned i = 0; i < DEVICES; i++) {
        const bool served = (i + worker->index) % 2;
        VkDevice device = make_device(served);
        if (!device) {
            check(worker, false);
            continue;
        }
#define GET(Name) PFN_vk##Name Name = (PFN_vk##Name)vk.GetDeviceProcAddr(device, "vk" #Name)
        GET(ImportFenceWin32HandleKHR);
        GET(CreateFence);
        GET(DestroyFence);
        GET(GetFenceStatus);
        GET(DestroyDevice);
        check(worker, (ImportFenceWin32HandleKHR != NULL) == served);
        check(worker, CreateFence(device, &info, NULL, &import.fence) == VK_SUCCESS);
        check(worker, GetFenceStatus(device, import.fence) == VK_NOT_READY);
        if (served) {
            check(worker, ImportFenceWin32HandleKHR(device, &import) == VK_SUCCESS);
            check(worker, GetFenceStatus(device, import.fence) == VK_SUCCESS);
        }
        DestroyFence(device, import.fence, NULL);
        DestroyDevice(device, NULL);
    }
}

static void one_device(void **state)
{
    (void)state;
    run(on_one_device);
}

static void many_devices(void **state)
{
    (void)state;
    run(with_devices);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {WORLD_TEST(one_device), WORLD_TEST(many_devices)};
    return ntf_test_run("layer-threads", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
