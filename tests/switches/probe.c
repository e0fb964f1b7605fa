// SPDX-License-Identifier: Apache-2.0
/*
 * switches-probe LOADER: a plain Vulkan application that prints "<version of the loader> on" or "... off", for the
 * layer. It asks for an extension of the layer's that no manifest names: who answers is in the chain.
 */
#define VK_NO_PROTOTYPES
#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "ntfence.h"

enum { DEVICES = 16, EXTENSIONS = 2048 };

static PFN_vkGetInstanceProcAddr get;
#define GET(instance, Name) ((PFN_vk##Name)get((instance), "vk" #Name))

static int fail(const char *what, int code)
{
    printf("failed: %s, %d\n", what, code);
    return 1;
}

// Negative: a VkResult. On one device of the first: all are behind the same layers.
static int is_on(VkInstance instance)
{
    static VkExtensionProperties list[EXTENSIONS];
    VkPhysicalDevice devices[DEVICES];
    uint32_t count = DEVICES;
    VkResult result = GET(instance, EnumeratePhysicalDevices)(instance, &count, devices);
    if (result < 0 || count == 0)
        return result < 0 ? result : VK_ERROR_INITIALIZATION_FAILED;
    count = EXTENSIONS;
    result = GET(instance, EnumerateDeviceExtensionProperties)(devices[0], NULL, &count, list);
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].extensionName, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME) == 0)
            return 1;
    return 0;
}

static int run(void)
{
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .apiVersion = VK_API_VERSION_1_1};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pApplicationInfo = &application};
    VkInstance instance = VK_NULL_HANDLE;
    uint32_t version = 0;
    VkResult result = GET(NULL, EnumerateInstanceVersion)(&version);
    if (result != VK_SUCCESS)
        return fail("vkEnumerateInstanceVersion", result);
    result = GET(NULL, CreateInstance)(&info, NULL, &instance);
    if (result != VK_SUCCESS)
        return fail("vkCreateInstance", result);
    const int on = is_on(instance);
    GET(instance, DestroyInstance)(instance, NULL);
    if (on < 0)
        return fail("the devices and their extensions", on);
    printf("%u.%u.%u %s\n", VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version),
           VK_API_VERSION_PATCH(version), on ? "on" : "off");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return fail("usage: switches-probe LOADER", argc);
    struct ntf_library *loader =
        strpbrk(argv[1], "/\\") ? ntf_library_open_path(argv[1]) : ntf_library_open_system(argv[1]);
    if (!loader)
        return fail("no such loader", 0);
    get = (PFN_vkGetInstanceProcAddr)ntf_library_symbol(loader, "vkGetInstanceProcAddr");
    return get ? run() : fail("no vkGetInstanceProcAddr", 0);
}
