// SPDX-License-Identifier: Apache-2.0
/*
 * A plain Vulkan application. Prints "off", or "on by HOW from FILE": how the layer says that it was
 * enabled, and which file it was loaded from.
 */
#include "../layer/vulkan.h"

#include <stdio.h>
#include <string.h>

static bool is_listed(void)
{
    static VkExtensionProperties list[1024];
    uint32_t count = NTF_COUNT(list);
    if (vk.EnumerateDeviceExtensionProperties(world.physical, NULL, &count, list) != VK_SUCCESS)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].extensionName, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME) == 0)
            return true;
    return false;
}

static const char *how(void)
{
    static const char *const ways[] = {"VK_INSTANCE_LAYERS", "NTFENCE_ENABLE"};
    const char *line = messages_last("NTF-INFO-001");
    for (size_t i = 0; i < NTF_COUNT(ways); i++)
        if (strstr(line, ways[i]))
            return ways[i];
    return line;
}

int main(void)
{
    instance_open(&(struct world_options){0});
    if (!is_listed()) {
        puts("off");
    } else {
        device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
        printf("on by %s from %s\n", how(),
               os_module_of((void (*)(void))vk.ImportFenceWin32HandleKHR));
        vk.DestroyDevice(world.device, NULL);
    }
    instance_close();
    return 0;
}
