// SPDX-License-Identifier: Apache-2.0
// Many devices at once, and instances that are made and ended beside each other.
#include "many.h"

#include "../layer/vulkan.h"

#include "base/os/os.h"

static const char *const none[] = {NULL}, *const khr[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, NULL},
                         *const beyond[] = {VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL},
                         *const both[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                          VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL};

enum { DEVICES = 24 };

// Of every kind at once; one object in all that are served, each sees it; they go in another order.
void many_devices(void **state)
{
    static const char *const *const kinds[] = {none, khr, beyond, both};
    struct {
        struct vk vk;
        VkDevice device;
        VkFence fence;
    } all[DEVICES];
    struct kernel_fence object;
    (void)state;
    kernel_make(&object, true, false, 0);
    for (unsigned i = 0; i < DEVICES; i++) {
        device_use(device_new(kinds[i % 4]));
        all[i].device = world.device;
        all[i].fence = fence_new();
        all[i].vk = vk;
        // waitValue 1: without the structure, which belongs to the second extension.
        if (i % 4)
            assert_int_equal(import_by_handle(all[i].fence, object.handle, 0, 0), VK_SUCCESS);
    }
    kernel_signal(&object, 1);
    for (unsigned i = 0; i < DEVICES; i++) {
        const unsigned k = i * 7 % DEVICES;
        const VkResult right = k % 4 ? VK_SUCCESS : VK_NOT_READY;
        assert_int_equal(all[k].vk.GetFenceStatus(all[k].device, all[k].fence), right);
        all[k].vk.DestroyFence(all[k].device, all[k].fence, NULL);
        all[k].vk.DestroyDevice(all[k].device, NULL);
    }
    world.device = VK_NULL_HANDLE;
    kernel_destroy(&object);
}

/* ---- instances beside each other ---- */

enum { THREADS = 4, INSTANCES = 2 };

struct maker {
    struct ntf_thread *thread;
    ntf_handle handle; // of an object that is signalled
    unsigned wrong;
};

static bool use_fences(VkDevice device, ntf_handle handle)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkImportFenceWin32HandleInfoKHR import = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                              .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
                                              .handle = handle};
#define GET(Name) const PFN_vk##Name Name = (PFN_vk##Name)vk.GetDeviceProcAddr(device, "vk" #Name)
    GET(CreateFence);
    GET(DestroyFence);
    GET(WaitForFences);
    GET(ImportFenceWin32HandleKHR);
#undef GET
    bool right = CreateFence(device, &info, NULL, &import.fence) == VK_SUCCESS;
    right = right && WaitForFences(device, 1, &import.fence, VK_TRUE, 0) == VK_TIMEOUT;
    right = right && ImportFenceWin32HandleKHR(device, &import) == VK_SUCCESS;
    right = right && WaitForFences(device, 1, &import.fence, VK_TRUE, UINT64_MAX) == VK_SUCCESS;
    DestroyFence(device, import.fence, NULL);
    return right;
}

static bool use_instance(VkInstance instance, ntf_handle handle)
{
    static const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = 2,
                                     .ppEnabledExtensionNames = both};
    VkPhysicalDevice physical;
    VkDevice device;
    uint32_t count = 1;
#define GET(Name) const PFN_vk##Name Name = (PFN_vk##Name)vk.GetInstanceProcAddr(instance, "vk" #Name)
    GET(EnumeratePhysicalDevices);
    GET(CreateDevice);
#undef GET
    if (EnumeratePhysicalDevices(instance, &count, &physical) < 0 || count != 1 ||
        CreateDevice(physical, &info, NULL, &device) != VK_SUCCESS)
        return false;
    const bool right = use_fences(device, handle);
    ((PFN_vkDestroyDevice)vk.GetDeviceProcAddr(device, "vkDestroyDevice"))(device, NULL);
    return right;
}

static void make_instances(void *context)
{
    struct maker *maker = context;
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .apiVersion = VK_API_VERSION_1_1};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pApplicationInfo = &application};
    for (unsigned i = 0; i < INSTANCES; i++) {
        VkInstance instance;
        if (vk.CreateInstance(&info, NULL, &instance) != VK_SUCCESS) {
            maker->wrong++;
            continue;
        }
        maker->wrong += !use_instance(instance, maker->handle);
        ((PFN_vkDestroyInstance)vk.GetInstanceProcAddr(instance, "vkDestroyInstance"))(instance, NULL);
    }
}

void many_instances(void **state)
{
    struct maker makers[THREADS] = {{0}};
    struct kernel_fence object;
    (void)state;
    kernel_make(&object, false, false, 5);
    for (unsigned i = 0; i < THREADS; i++) {
        makers[i].handle = object.handle;
        assert_int_equal(ntf_thread_start(&makers[i].thread, "maker", make_instances, &makers[i]), NTF_OK);
    }
    for (unsigned i = 0; i < THREADS; i++)
        ntf_thread_join(makers[i].thread);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(makers[i].wrong, 0);
    kernel_destroy(&object);
}
