// SPDX-License-Identifier: Apache-2.0
#define VK_NO_PROTOTYPES
#include "translation.h"

#include <stdio.h>
#include <string.h>

#include "ntfence.h"

static PFN_vkGetInstanceProcAddr get;
static VkInstance instance;

static void (*find(const char *name))(void)
{
    return (void (*)(void))get(instance, name);
}

static VkDevice make_device(void)
{
    static const char *const extensions[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                             VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME};
    const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = 2,
                                     .ppEnabledExtensionNames = extensions};
    VkPhysicalDevice physical;
    VkDevice device;
    uint32_t count = 1;

    if (((PFN_vkEnumeratePhysicalDevices)find("vkEnumeratePhysicalDevices"))(instance, &count, &physical) < 0 ||
        count == 0 || ((PFN_vkCreateDevice)find("vkCreateDevice"))(physical, &info, NULL, &device) != VK_SUCCESS)
        return VK_NULL_HANDLE;
    return device;
}

static VkResult import(VkDevice device, HANDLE handle)
{
    const VkFenceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkImportFenceWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                            .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
                                            .handle = handle};
    VkResult result = ((PFN_vkCreateFence)find("vkCreateFence"))(device, &create, NULL, &info.fence);

    if (result != VK_SUCCESS)
        return result;
    result = ((PFN_vkImportFenceWin32HandleKHR)((PFN_vkGetDeviceProcAddr)find("vkGetDeviceProcAddr"))(
        device, "vkImportFenceWin32HandleKHR"))(device, &info);
    ((PFN_vkDestroyFence)find("vkDestroyFence"))(device, info.fence, NULL);
    return result;
}

void translate(HANDLE handle)
{
    static LONG once;
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .apiVersion = VK_API_VERSION_1_1};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pApplicationInfo = &application};
    VkDevice device = VK_NULL_HANDLE;
    FARPROC address;

    if (!GetEnvironmentVariableW(L"NTF_D3D12_TRANSLATES", NULL, 0) || InterlockedExchange(&once, 1))
        return;
    address = GetProcAddress(LoadLibraryW(L"vulkan-1.dll"), "vkGetInstanceProcAddr");
    memcpy(&get, &address, sizeof get);
    if (((PFN_vkCreateInstance)find("vkCreateInstance"))(&info, NULL, &instance) == VK_SUCCESS)
        device = make_device();
    if (!device) {
        fprintf(stderr, "translation: no device\n");
        return;
    }
    fprintf(stderr, "translation: the import gave %d\n", import(device, handle));
    ((PFN_vkDestroyDevice)find("vkDestroyDevice"))(device, NULL);
    ((PFN_vkDestroyInstance)find("vkDestroyInstance"))(instance, NULL);
}
