// SPDX-License-Identifier: Apache-2.0
// What the driver lists and gives out, its file descriptors and handles, and many devices.
#include "self.h"

#include <stdlib.h>
#include <string.h>

#define KHR_WIN32 VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME

static bool is_listed(const char *name)
{
    static VkExtensionProperties list[64];
    uint32_t count = NTF_COUNT(list);
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, NULL, &count, list), VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].extensionName, name) == 0)
            return true;
    return false;
}

static void lists(void **state)
{
    (void)state;
    assert_true(is_listed(VK_KHR_SWAPCHAIN_EXTENSION_NAME));
    assert_false(is_listed(KHR_WIN32));
    fake->extension(KHR_WIN32, true);
    fake->extension(VK_KHR_SWAPCHAIN_EXTENSION_NAME, false);
    assert_true(is_listed(KHR_WIN32));
    assert_false(is_listed(VK_KHR_SWAPCHAIN_EXTENSION_NAME));
    fake->restore();
    assert_true(is_listed(VK_KHR_SWAPCHAIN_EXTENSION_NAME));
    assert_false(is_listed(KHR_WIN32));
}

// Commands are those of what is enabled; with maintenance5 none above the application's version.
static void gives_out(void **state)
{
    static const char *const names[] = {NULL, "VK_KHR_maintenance5"};
    VkDevice first = world.device;
    (void)state;
    assert_non_null(vk.QueueSubmit2);
    assert_non_null(vk.AcquireNextImageKHR);
    assert_null(vk.QueueSubmit2KHR);
    assert_null(vk.ImportFenceWin32HandleKHR);
    assert_null(vk.GetFenceFdKHR);
    vk.DestroyDevice(first, NULL);
    instance_close();
    fake->extension("VK_KHR_maintenance5", true);
    instance_open(&(struct world_options){.api_version = VK_API_VERSION_1_1,
                                          .instance_extension = VK_KHR_SURFACE_EXTENSION_NAME,
                                          .another_extension = VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME});
    for (int i = 0; i < 2; i++) {
        VkDevice device = open_device((const char *const[]){names[i], NULL});
        device_use(device);
        assert_non_null(vk.QueueSubmit);
        assert_int_equal(vk.QueueSubmit2 != NULL, i == 0);
        vk.DestroyDevice(device, NULL);
    }
    instance_close();
    instance_open(&(struct world_options){.api_version = VK_API_VERSION_1_3,
                                          .instance_extension = VK_KHR_SURFACE_EXTENSION_NAME,
                                          .another_extension = VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME});
    more_use(open_device((const char *const[]){NULL}));
}

// The driver's own commands, without the loader, which would let neither of these through.
static struct {
    struct ntf_library *library;
    PFN_vkGetInstanceProcAddr get;
    VkInstance instance;
    VkPhysicalDevice physical;
} direct;
#define DIRECT(Name) ((PFN_vk##Name)direct.get(direct.instance, "vk" #Name))

static void direct_open(void)
{
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    uint32_t count = 1;
    direct.library = ntf_library_open_path(getenv("NTF_FAKE_LIBRARY"));
    direct.get = (PFN_vkGetInstanceProcAddr)ntf_library_symbol(direct.library, "vk_icdGetInstanceProcAddr");
    assert_int_equal(((PFN_vkCreateInstance)direct.get(NULL, "vkCreateInstance"))(&info, NULL, &direct.instance),
                     VK_SUCCESS);
    assert_int_equal(DIRECT(EnumeratePhysicalDevices)(direct.instance, &count, &direct.physical), VK_INCOMPLETE);
}

static void name_that_is_not_listed(void **state)
{
    static const char *const names[] = {KHR_WIN32, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .enabledExtensionCount = 2,
                                     .ppEnabledExtensionNames = names};
    VkDevice device;
    struct fake_call call;
    (void)state;
    direct_open();
    assert_int_equal(DIRECT(CreateDevice)(direct.physical, &info, NULL, &device), VK_ERROR_EXTENSION_NOT_PRESENT);
    expect("extension", 2);
    assert_true(fake->last("vkCreateDevice", &call));
    assert_string_equal(call.names, "VK_KHR_external_fence_win32 VK_NTFENCE_fence_import ");
    DIRECT(DestroyInstance)(direct.instance, NULL);
    ntf_library_close(direct.library);
}

static void device_left_in_its_instance(void **state)
{
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
    VkDevice device;
    (void)state;
    direct_open();
    assert_int_equal(DIRECT(CreateDevice)(direct.physical, &info, NULL, &device), VK_SUCCESS);
    DIRECT(DestroyInstance)(direct.instance, NULL);
    expect("device-busy", 1);
    DIRECT(DestroyDevice)(device, NULL);
    ntf_library_close(direct.library);
}

// ---- handles

static void native(void **state)
{
    const VkExportFenceWin32HandleInfoKHR win32 = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR};
    const VkExportFenceCreateInfo export = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .pNext = &win32,
                                            .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &export};
    VkDevice first = world.device;
    VkFence fence;
    (void)state;
    fake->extension(KHR_WIN32, true);
    device_use(open_device((const char *const[]){KHR_WIN32, NULL}));
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    const VkFenceGetWin32HandleInfoKHR get = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                              .fence = fence,
                                              .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    HANDLE handle;
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &get, &handle), FAKE_GET_RESULT);
    assert_int_equal(import_by_handle(fence, NULL, 0, 0), FAKE_IMPORT_RESULT);
    expect("chain", 0);
    assert_int_equal(import_by_handle(fence, NULL, 0, 1), FAKE_IMPORT_RESULT);
    expect("chain", 1); // our structure
    fake->queue_hold(world.queue);
    fence_submit(fence);
    assert_int_equal(import_by_handle(fence, NULL, 0, 0), FAKE_IMPORT_RESULT);
    expect("fence-import", 1);
    fake->queue_release(world.queue);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    fake->option(FAKE_NATIVE_WORKS, true);
    VkFence other = fence_new();
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &get, &handle), VK_SUCCESS);
    assert_int_equal(import_by_handle(other, handle, 0, 0), VK_SUCCESS);
    expect("fence-export", 0);
    const VkFenceGetWin32HandleInfoKHR get_other = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                                    .fence = other,
                                                    .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &get_other, &handle), VK_SUCCESS);
    expect("fence-export", 1);
    fence_expect(other, true);
    fence_reset(fence);
    fence_expect(other, false);
    fence_free(other);
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
    device_use(first);
}

// A timeline that is a D3DKMT object's: what the queue signals is signalled there, and what is signalled there is
// waited for.
static void imported_timeline(void **state)
{
    const VkImportSemaphoreWin32HandleInfoKHR base = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_WIN32_HANDLE_INFO_KHR,
        .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT};
    VkImportSemaphoreWin32HandleInfoKHR info = base;
    struct kernel_fence object;
    VkDevice first = world.device;
    VkFence fence;
    uint64_t value;
    (void)state;
    fake->extension(VK_KHR_EXTERNAL_SEMAPHORE_WIN32_EXTENSION_NAME, true);
    more_use(open_device((const char *const[]){VK_KHR_EXTERNAL_SEMAPHORE_WIN32_EXTENSION_NAME, NULL}));
    kernel_open();
    kernel_make(&object, false, false, 3);
    fence = fence_new();
    info.semaphore = semaphore_new(true, 0);
    info.handle = object.handle;
    assert_int_equal(more.ImportSemaphoreWin32HandleKHR(world.device, &info), VK_SUCCESS);
    assert_int_equal(more.GetSemaphoreCounterValue(world.device, info.semaphore, &value), VK_SUCCESS);
    assert_int_equal(value, 3);
    assert_int_equal(submit(world.queue, VK_NULL_HANDLE, 0, info.semaphore, 9, VK_NULL_HANDLE), VK_SUCCESS);
    kernel_wait(&object, 9);
    assert_int_equal(submit(world.queue, info.semaphore, 10, VK_NULL_HANDLE, 0, fence), VK_SUCCESS);
    fence_expect(fence, false);
    kernel_signal(&object, 10);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    expect("semaphore", 0);
    info.flags = VK_SEMAPHORE_IMPORT_TEMPORARY_BIT;
    assert_int_equal(more.ImportSemaphoreWin32HandleKHR(world.device, &info), VK_SUCCESS);
    expect("semaphore", 1);
    info.flags = 0;
    info.handle = NULL;
    assert_int_equal(more.ImportSemaphoreWin32HandleKHR(world.device, &info), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    semaphore_free(info.semaphore);
    fence_free(fence);
    kernel_destroy(&object);
    vk.DestroyDevice(world.device, NULL);
    more_use(first);
}

// ---- descriptors

static VkFence exportable(unsigned types)
{
    const VkExportFenceCreateInfo export = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO, .handleTypes = types};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &export};
    VkFence fence;
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    return fence;
}

static int get_fd(VkFence fence, VkExternalFenceHandleTypeFlagBits type)
{
    const VkFenceGetFdInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_FD_INFO_KHR, .fence = fence,
                                      .handleType = type};
    int fd;
    assert_int_equal(vk.GetFenceFdKHR(world.device, &info, &fd), VK_SUCCESS);
    return fd;
}

static VkResult import_fd(VkFence fence, VkExternalFenceHandleTypeFlagBits type, bool temporary, int fd)
{
    const VkImportFenceFdInfoKHR info = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_FD_INFO_KHR, .fence = fence,
                                         .flags = temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0,
                                         .handleType = type, .fd = fd};
    return vk.ImportFenceFdKHR(world.device, &info);
}

#define OPAQUE_FD VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT
#define SYNC VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT

static void opaque_descriptors(void)
{
    VkFence a = exportable(OPAQUE_FD), b = fence_new();
    assert_int_equal(import_fd(b, OPAQUE_FD, false, get_fd(a, OPAQUE_FD)), VK_SUCCESS);
    fence_submit(a);
    assert_int_equal(fence_wait(b, UINT64_MAX), VK_SUCCESS);
    fence_reset(b);
    fence_expect(a, false);
    assert_int_equal(import_fd(b, OPAQUE_FD, true, get_fd(a, OPAQUE_FD)), VK_SUCCESS);
    fence_free(a);
    fence_free(b);
}

static void sync_descriptors(void)
{
    VkFence a = exportable(SYNC), b = fence_new();
    fake->queue_hold(world.queue);
    fence_submit(a);
    const int fd = get_fd(a, SYNC);
    assert_int_equal(fake->fence_state(world.device, a), FAKE_FENCE_LIVE); // as if it had been reset
    assert_int_equal(import_fd(b, SYNC, true, fd), VK_SUCCESS);
    fence_expect(b, false);
    fake->queue_release(world.queue);
    assert_int_equal(fence_wait(b, UINT64_MAX), VK_SUCCESS);
    fence_expect(a, false);
    fence_reset(b);
    assert_int_equal(import_fd(b, SYNC, true, -1), VK_SUCCESS);
    fence_expect(b, true);
    fake->option(FAKE_SYNC_FD_SIGNALLED, true);
    fence_submit(a);
    assert_int_equal(fence_wait(a, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(get_fd(a, SYNC), -1);
    fence_expect(a, false);
    expect("fence-export", 0);
    os_handle_close((ntf_handle)(intptr_t)get_fd(a, SYNC));
    expect("fence-export", 1);
    fence_free(a);
    fence_free(b);
}

static void descriptors(void **state)
{
    VkDevice first = world.device;
    (void)state;
    if (!is_listed(VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME))
        skip();
    device_use(open_device((const char *const[]){VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME, NULL}));
    opaque_descriptors();
    sync_descriptors();
    VkFence plain = fence_new();
    fake->queue_hold(world.queue);
    fence_submit(plain);
    assert_int_equal(import_fd(plain, SYNC, true, -1), VK_SUCCESS);
    expect("fence-import", 1);
    fake->queue_release(world.queue);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    assert_int_equal(import_fd(plain, SYNC, false, -1), VK_SUCCESS);
    expect("handle-type", 1);
    os_handle_close((ntf_handle)(intptr_t)get_fd(plain, OPAQUE_FD));
    expect("fence-export", 1);
    assert_int_equal(import_fd(plain, OPAQUE_FD, false, 0), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    fence_free(plain);
    vk.DestroyDevice(world.device, NULL);
    device_use(first);
}

// ---- devices

static void two_physical_devices(void **state)
{
    PFN_vkEnumeratePhysicalDeviceGroups groups =
        (PFN_vkEnumeratePhysicalDeviceGroups)vk.GetInstanceProcAddr(world.instance, "vkEnumeratePhysicalDeviceGroups");
    VkPhysicalDeviceGroupProperties group = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_GROUP_PROPERTIES};
    uint32_t count = 1;
    (void)state;
    assert_int_equal(groups(world.instance, &count, &group), VK_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(group.physicalDeviceCount, 2);
    assert_true(group.physicalDevices[0] != group.physicalDevices[1]);
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1,
                                           .pQueuePriorities = &priority};
    const VkDeviceGroupDeviceCreateInfo both = {.sType = VK_STRUCTURE_TYPE_DEVICE_GROUP_DEVICE_CREATE_INFO,
                                                .physicalDeviceCount = 2, .pPhysicalDevices = group.physicalDevices};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &both,
                                     .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue};
    VkDevice first = world.device, device;
    assert_int_equal(vk.CreateDevice(group.physicalDevices[0], &info, NULL, &device), VK_SUCCESS);
    device_use(device);
    VkFence fence = fence_new();
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    vk.DestroyDevice(device, NULL);
    device_use(first);
}

static void dozens_of_devices(void **state)
{
    enum { COUNT = 48 };
    VkDevice first = world.device, devices[COUNT];
    VkFence fences[COUNT];
    const size_t threads = ntf_test_threads();
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        devices[i] = open_device((const char *const[]){NULL});
        device_use(devices[i]);
        fences[i] = fence_new();
        fence_submit(fences[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(vk.WaitForFences(devices[i], 1, &fences[i], VK_TRUE, UINT64_MAX), VK_SUCCESS);
        vk.DestroyFence(devices[i], fences[i], NULL);
        vk.DestroyDevice(devices[i], NULL);
    }
    assert_in_range(ntf_test_threads(), 1, threads);
    device_use(first);
}

const struct CMUnitTest other_tests[] = {
    SELF_TEST(lists), SELF_TEST(gives_out), SELF_TEST(name_that_is_not_listed), SELF_TEST(device_left_in_its_instance),
    SELF_TEST(native),
    SELF_TEST(imported_timeline), SELF_TEST(descriptors), SELF_TEST(two_physical_devices),
    SELF_TEST(dozens_of_devices),
};
const size_t other_test_count = NTF_COUNT(other_tests);
