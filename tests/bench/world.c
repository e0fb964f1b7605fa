// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "../demo/os.h"
#include "../demo/report.h"

enum { LAYERS_MAX = 4, DEVICES_MAX = 16 };

static PFN_vkGetInstanceProcAddr get_instance_proc_addr;

void world_must(VkResult result, const char *call)
{
    if (result != VK_SUCCESS)
        die("%s: VkResult %d", call, (int)result);
}

static void open_loader(void)
{
    if (get_instance_proc_addr)
        return;
    struct os_library *loader = os_library_open_vulkan();
    if (!loader)
        die("no Vulkan loader");
    void (*get)(void) = os_library_symbol(loader, "vkGetInstanceProcAddr");
    memcpy(&get_instance_proc_addr, &get, sizeof get);
}

static PFN_vkVoidFunction of_instance(const struct world *world, const char *name)
{
    PFN_vkVoidFunction function = get_instance_proc_addr(world->instance, name);

    if (!function)
        die("there is no %s", name);
    return function;
}
#define OF_INSTANCE(world, Name) ((PFN_vk##Name)of_instance((world), "vk" #Name))

static void open_instance(struct world *world, const char *layers)
{
    char names[256] = "";
    const char *list[LAYERS_MAX];
    uint32_t count = 0;

    open_loader();
    if (layers)
        snprintf(names, sizeof names, "%s", layers);
    for (char *name = strtok(names, ":"); name && count < LAYERS_MAX; name = strtok(NULL, ":"))
        list[count++] = name;
    VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                     .pApplicationName = "ntfence-bench",
                                     .apiVersion = VK_API_VERSION_1_2};
    VkInstanceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                   .pApplicationInfo = &application,
                                   .enabledLayerCount = count,
                                   .ppEnabledLayerNames = list};
    world->instance = VK_NULL_HANDLE;
    world_must(OF_INSTANCE(world, CreateInstance)(&create, NULL, &world->instance), "vkCreateInstance");
    world->DestroyInstance = OF_INSTANCE(world, DestroyInstance);
    world->GetDeviceProcAddr = OF_INSTANCE(world, GetDeviceProcAddr);
}

static bool pick_device(struct world *world, bool hardware)
{
    VkPhysicalDevice list[DEVICES_MAX];
    VkPhysicalDeviceProperties about;
    uint32_t count = DEVICES_MAX;

    if (OF_INSTANCE(world, EnumeratePhysicalDevices)(world->instance, &count, list) < 0)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        OF_INSTANCE(world, GetPhysicalDeviceProperties)(list[i], &about);
        if (hardware && about.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU)
            continue;
        world->physical = list[i];
        snprintf(world->driver, sizeof world->driver, "%s", about.deviceName);
        return true;
    }
    return false;
}

static void open_device(struct world *world, bool extensions)
{
    const char *const names[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME};
    const float priority = 1;
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES, .timelineSemaphore = VK_TRUE};
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
    VkDeviceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                 .pNext = &timeline,
                                 .queueCreateInfoCount = 1,
                                 .pQueueCreateInfos = &queue,
                                 .enabledExtensionCount = extensions ? 2 : 0,
                                 .ppEnabledExtensionNames = names};

    world_must(OF_INSTANCE(world, CreateDevice)(world->physical, &create, NULL, &world->device), "vkCreateDevice");
#define LOAD(Name) world->Name = (PFN_vk##Name)world->GetDeviceProcAddr(world->device, "vk" #Name);
    WORLD_COMMANDS(LOAD)
#undef LOAD
    world->GetDeviceQueue(world->device, 0, 0, &world->queue);
}

bool world_open(struct world *world, const char *layers, unsigned flags)
{
    memset(world, 0, sizeof *world);
    open_instance(world, layers);
    if (!pick_device(world, flags & WORLD_HARDWARE)) {
        if (!(flags & WORLD_HARDWARE))
            die("no Vulkan device");
        world->DestroyInstance(world->instance, NULL);
        return false;
    }
    open_device(world, flags & WORLD_EXTENSIONS);
    return true;
}

void world_close(struct world *world)
{
    world->DeviceWaitIdle(world->device);
    world->DestroyDevice(world->device, NULL);
    world->DestroyInstance(world->instance, NULL);
}

// ---- fences

VkFence world_fence(struct world *world)
{
    const VkFenceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence;

    world_must(world->CreateFence(world->device, &create, NULL, &fence), "vkCreateFence");
    return fence;
}

void world_import_into(struct world *world, VkFence fence, ntf_handle handle, LPCWSTR name, uint64_t value)
{
    const NtfenceImportValueInfo wait = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO, .waitValue = value};
    const VkImportFenceWin32HandleInfoKHR import = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                                    .pNext = &wait,
                                                    .fence = fence,
                                                    .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
                                                    .handle = handle,
                                                    .name = name};

    world_must(world->ImportFenceWin32HandleKHR(world->device, &import), "vkImportFenceWin32HandleKHR");
}

VkFence world_import(struct world *world, const struct producer_fence *from, uint64_t value)
{
    VkFence fence = world_fence(world);

    world_import_into(world, fence, from->handle, NULL, value);
    return fence;
}

VkFence world_import_name(struct world *world, const char *name, uint64_t value)
{
    char16_t units[64];
    LPCWSTR wide;
    const void *address = units;
    VkFence fence = world_fence(world);

    for (size_t i = 0; i <= strlen(name); i++)
        units[i] = (char16_t)(unsigned char)name[i];
    memcpy(&wide, &address, sizeof wide);
    world_import_into(world, fence, NULL, wide, value);
    return fence;
}

void world_submit(struct world *world, VkFence fence)
{
    world_must(world->QueueSubmit(world->queue, 0, NULL, fence), "vkQueueSubmit");
}

void world_wait(struct world *world, VkFence fence)
{
    world_must(world->WaitForFences(world->device, 1, &fence, VK_TRUE, UINT64_MAX), "vkWaitForFences");
}

void world_reset(struct world *world, VkFence fence)
{
    world_must(world->ResetFences(world->device, 1, &fence), "vkResetFences");
}

// ---- timelines

VkSemaphore world_timeline(struct world *world)
{
    const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                            .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    const VkSemaphoreCreateInfo create = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    VkSemaphore semaphore;

    world_must(world->CreateSemaphore(world->device, &create, NULL, &semaphore), "vkCreateSemaphore");
    return semaphore;
}

void world_submit_behind(struct world *world, VkSemaphore semaphore, uint64_t value, VkFence fence)
{
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    const VkTimelineSemaphoreSubmitInfo values = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                  .waitSemaphoreValueCount = 1,
                                                  .pWaitSemaphoreValues = &value};
    const VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                 .pNext = &values,
                                 .waitSemaphoreCount = 1,
                                 .pWaitSemaphores = &semaphore,
                                 .pWaitDstStageMask = &stage};

    world_must(world->QueueSubmit(world->queue, 1, &submit, fence), "vkQueueSubmit");
}

void world_timeline_signal(struct world *world, VkSemaphore semaphore, uint64_t value)
{
    const VkSemaphoreSignalInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = semaphore, .value = value};

    world_must(world->SignalSemaphore(world->device, &signal), "vkSignalSemaphore");
}

void world_timeline_wait(struct world *world, VkSemaphore semaphore, uint64_t value)
{
    const VkSemaphoreWaitInfo wait = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                      .semaphoreCount = 1,
                                      .pSemaphores = &semaphore,
                                      .pValues = &value};

    world_must(world->WaitSemaphores(world->device, &wait, UINT64_MAX), "vkWaitSemaphores");
}
