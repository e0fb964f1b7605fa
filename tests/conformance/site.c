// SPDX-License-Identifier: Apache-2.0
#include "site.h"

#include "fake_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAMILIES_MAX = 16, EXTENSIONS_MAX = 512, EXTENSIONS_ENABLED_MAX = 20 };

// ---- opening

void host_open(struct host *host)
{
    instance_open(&(struct world_options){.api_version = VK_API_VERSION_1_3});
    host->world = world;
}

void host_close(struct host *host)
{
    world = host->world;
    instance_close();
}

static bool has_extension(struct host *host, const char *name)
{
    static VkExtensionProperties list[EXTENSIONS_MAX];
    uint32_t count = EXTENSIONS_MAX;
    assert_int_equal(vk.EnumerateDeviceExtensionProperties(host->world.physical, NULL, &count, list), VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].extensionName, name) == 0)
            return true;
    return false;
}

// The first family, with two queues if it has them, and the first one that can bind sparse memory, if any.
static uint32_t choose_families(struct device *device, VkDeviceQueueCreateInfo infos[2], uint32_t *sparse)
{
    static const float priorities[] = {1, 1};
    const PFN_vkGetPhysicalDeviceQueueFamilyProperties families =
        (PFN_vkGetPhysicalDeviceQueueFamilyProperties)vk.GetInstanceProcAddr(
            device->host->world.instance, "vkGetPhysicalDeviceQueueFamilyProperties");
    VkQueueFamilyProperties list[FAMILIES_MAX];
    uint32_t count = FAMILIES_MAX;
    families(device->host->world.physical, &count, list);
    *sparse = UINT32_MAX;
    for (uint32_t i = count; i-- > 0;)
        if (list[i].queueFlags & VK_QUEUE_SPARSE_BINDING_BIT)
            *sparse = i;
    device->family = 0;
    device->queue_count = list[0].queueCount > 1 ? 2 : 1;
    infos[0] = (VkDeviceQueueCreateInfo){.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                         .queueCount = device->queue_count,
                                         .pQueuePriorities = priorities};
    infos[1] = infos[0];
    infos[1].queueFamilyIndex = *sparse;
    infos[1].queueCount = 1;
    return *sparse != UINT32_MAX && *sparse != 0 ? 2 : 1;
}

void device_open(struct device *device, struct host *host)
{
    device_open_with(device, host, (const char *const[]){NULL}, NULL);
}

void device_open_with(struct device *device, struct host *host, const char *const *more, const void *chain)
{
    const char *extensions[EXTENSIONS_ENABLED_MAX] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME};
    VkPhysicalDeviceSynchronization2Features synchronization2 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
        .pNext = (void *)(uintptr_t)chain,
        .synchronization2 = VK_TRUE};
    VkDeviceQueueCreateInfo queues[2];
    uint32_t sparse, count = 1;
    memset(device, 0, sizeof *device);
    device->host = host;
    assert_true(has_extension(host, extensions[0]));
    const bool second = has_extension(host, VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME);
    if (second)
        extensions[count++] = VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME;
    for (; *more; more++)
        extensions[count++] = *more;
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = second ? &synchronization2 : chain,
                                     .queueCreateInfoCount = choose_families(device, queues, &sparse),
                                     .pQueueCreateInfos = queues,
                                     .enabledExtensionCount = count,
                                     .ppEnabledExtensionNames = extensions};
    assert_int_equal(vk.CreateDevice(host->world.physical, &info, NULL, &device->device), VK_SUCCESS);
#define FETCH(Name) device->Name = (PFN_vk##Name)vk.GetDeviceProcAddr(device->device, "vk" #Name);
    SITE_COMMANDS(FETCH)
#undef FETCH
    for (uint32_t i = 0; i < device->queue_count; i++)
        device->GetDeviceQueue(device->device, 0, i, &device->queues[i]);
    if (sparse != UINT32_MAX)
        device->GetDeviceQueue(device->device, sparse, 0, &device->sparse);
    if (!second)
        device->QueueSubmit2 = NULL; // the feature is not there
}

void device_close(struct device *device)
{
    if (device->device)
        device->DestroyDevice(device->device, NULL);
    memset(device, 0, sizeof *device);
}

void site_open(struct site *site, struct device *device, unsigned queue)
{
    memset(site, 0, sizeof *site);
    site->device = device;
    site->queue = device->queues[queue];
}

VkExternalFenceProperties host_query(struct host *host, VkExternalFenceHandleTypeFlagBits type)
{
    const VkPhysicalDeviceExternalFenceInfo info = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO,
                                                    .handleType = type};
    VkExternalFenceProperties properties = {.sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES};
    vk.GetPhysicalDeviceExternalFenceProperties(host->world.physical, &info, &properties);
    return properties;
}

void name_widen(char16_t units[SITE_TEXT], const char *name)
{
    for (size_t i = 0; i < SITE_TEXT; i++) {
        units[i] = (char16_t)(unsigned char)*name;
        name += *name != '\0';
    }
}

// ---- calls

static struct answer answer(VkResult result)
{
    return (struct answer){.result = result};
}

static struct answer create(struct site *site, const struct call *call)
{
    char16_t name[SITE_TEXT];
    uint32_t number = 0;
    name_widen(name, call->text);
    const VkExportFenceWin32HandleInfoKHR win32 = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                                   .dwAccess = 0x80000001u, // DXGI_SHARED_RESOURCE_READ and _WRITE
                                                   .name = (LPCWSTR)name};
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .pNext = call->text[0] ? &win32 : NULL,
                                           .handleTypes = call->type};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
                                    .pNext = call->type ? &types : NULL,
                                    .flags = call->flags};
    while (site->fences[number])
        if (++number == SITE_FENCES)
            abort();
    return (struct answer){site->device->CreateFence(site->device->device, &info, NULL, &site->fences[number]), number};
}

static void destroy(struct site *site, uint32_t number)
{
    site->device->DestroyFence(site->device->device, site->fences[number], NULL);
    site->fences[number] = VK_NULL_HANDLE;
}

static struct answer import(struct site *site, const struct call *call)
{
    char16_t name[SITE_TEXT];
    name_widen(name, call->text);
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .fence = site->fences[call->fence],
        .flags = call->flags,
        .handleType = (VkExternalFenceHandleTypeFlagBits)call->type,
        .handle = (HANDLE)(uintptr_t)call->value,
        .name = call->text[0] ? (LPCWSTR)name : NULL};
    return answer(site->device->ImportFenceWin32HandleKHR(site->device->device, &info));
}

static struct answer export(struct site *site, const struct call *call)
{
    const HANDLE poison = (HANDLE)(uintptr_t)0x5A5A5A5A;
    HANDLE handle = poison;
    const VkFenceGetWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                               .fence = site->fences[call->fence],
                                               .handleType = (VkExternalFenceHandleTypeFlagBits)call->type};
    const VkResult result = site->device->GetFenceWin32HandleKHR(site->device->device, &info, &handle);
    return (struct answer){result, result == VK_SUCCESS ? (uintptr_t)handle : 0};
}

static uint32_t numbers_read(struct site *site, const char *text, VkFence fences[SITE_FENCES])
{
    uint32_t count = 0;
    for (char *end; count < SITE_FENCES; text = end) {
        const unsigned long number = strtoul(text, &end, 10);
        if (end == text)
            break;
        fences[count++] = site->fences[number];
    }
    return count;
}

static struct answer wait(struct site *site, const struct call *call)
{
    VkFence fences[SITE_FENCES];
    const uint32_t count = numbers_read(site, call->text, fences);
    return answer(site->device->WaitForFences(site->device->device, count, fences, call->flags, call->value));
}

static struct answer reset(struct site *site, const struct call *call)
{
    VkFence fences[SITE_FENCES];
    const uint32_t count = numbers_read(site, call->text, fences);
    return answer(site->device->ResetFences(site->device->device, count, fences));
}

static bool has_submission(const struct device *device, enum submission kind)
{
    switch (kind) {
    case SUBMIT2_NOTHING:
    case SUBMIT2_BATCH: return device->QueueSubmit2 != NULL;
    case SUBMIT2_KHR: return device->QueueSubmit2KHR != NULL;
    case SUBMIT_SPARSE: return device->sparse != NULL;
    default: return true;
    }
}

static struct answer submit(struct site *site, const struct call *call)
{
    const struct device *device = site->device;
    const VkSubmitInfo batch = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO};
    const VkSubmitInfo2 batch2 = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    const VkBindSparseInfo sparse = {.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO};
    const VkFence fence = call->fence == NO_FENCE ? VK_NULL_HANDLE : site->fences[call->fence];
    if (!has_submission(device, (enum submission)call->type))
        return answer(VK_ERROR_FEATURE_NOT_PRESENT);
    switch ((enum submission)call->type) {
    case SUBMIT_NOTHING: return answer(device->QueueSubmit(site->queue, 0, NULL, fence));
    case SUBMIT_BATCH: return answer(device->QueueSubmit(site->queue, 1, &batch, fence));
    case SUBMIT2_NOTHING: return answer(device->QueueSubmit2(site->queue, 0, NULL, fence));
    case SUBMIT2_BATCH: return answer(device->QueueSubmit2(site->queue, 1, &batch2, fence));
    case SUBMIT2_KHR: return answer(device->QueueSubmit2KHR(site->queue, 1, &batch2, fence));
    default: return answer(device->QueueBindSparse(device->sparse, 1, &sparse, fence));
    }
}

static VkResult hold_make(struct site *site, VkCommandBuffer *buffer)
{
    const struct device *device = site->device;
    const VkEventCreateInfo event = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = device->family};
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkCommandBufferAllocateInfo allocate = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandBufferCount = 1};
    VkResult result = device->CreateEvent(device->device, &event, NULL, &site->hold.event);
    if (result == VK_SUCCESS)
        result = device->CreateCommandPool(device->device, &pool, NULL, &site->hold.pool);
    allocate.commandPool = site->hold.pool;
    if (result == VK_SUCCESS)
        result = device->AllocateCommandBuffers(device->device, &allocate, buffer);
    if (result == VK_SUCCESS)
        result = device->BeginCommandBuffer(*buffer, &begin);
    if (result != VK_SUCCESS)
        return result;
    device->CmdWaitEvents(*buffer, 1, &site->hold.event, VK_PIPELINE_STAGE_HOST_BIT,
                          VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0, NULL, 0, NULL);
    return device->EndCommandBuffer(*buffer);
}

// After the queue has done all that it had.
static VkResult hold_end(struct site *site)
{
    const struct device *device = site->device;
    if (!site->hold.event)
        return VK_SUCCESS;
    const VkResult result = device->QueueWaitIdle(site->queue);
    device->DestroyCommandPool(device->device, site->hold.pool, NULL);
    device->DestroyEvent(device->device, site->hold.event, NULL);
    memset(&site->hold, 0, sizeof site->hold);
    return result;
}

static struct answer hold(struct site *site, const struct call *call)
{
    VkCommandBuffer buffer = NULL;
    VkResult result = site->hold.on ? VK_ERROR_UNKNOWN : hold_end(site);
    const VkFence fence = call->fence == NO_FENCE ? VK_NULL_HANDLE : site->fences[call->fence];
    if (result == VK_SUCCESS)
        result = hold_make(site, &buffer);
    const VkSubmitInfo batch = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &buffer};
    if (result == VK_SUCCESS)
        result = site->device->QueueSubmit(site->queue, 1, &batch, fence);
    site->hold.on = result == VK_SUCCESS;
    return answer(result);
}

// Says no more than that the queue may go on.
static struct answer release(struct site *site)
{
    if (!site->hold.on)
        return answer(VK_SUCCESS);
    site->hold.on = false;
    return answer(site->device->SetEvent(site->device->device, site->hold.event));
}

static struct answer idle(struct site *site, enum idle kind)
{
    const struct device *device = site->device;
    return answer(kind == IDLE_QUEUE ? device->QueueWaitIdle(site->queue) : device->DeviceWaitIdle(device->device));
}

unsigned complaints(void)
{
    const struct fake *fake = fake_find();
    return messages_foreign() + (fake ? fake->violations() : 0);
}

// Whatever a test has left, also one that failed halfway.
static struct answer clean(struct site *site)
{
    VkResult result = release(site).result;
    if (result == VK_SUCCESS)
        result = hold_end(site);
    if (result == VK_SUCCESS)
        result = idle(site, IDLE_DEVICE).result;
    for (uint32_t i = 0; i < SITE_FENCES; i++)
        destroy(site, i);
    return (struct answer){result, complaints()};
}

struct answer site_do(struct site *site, const struct call *call)
{
    switch (call->op) {
    case OP_CREATE: return create(site, call);
    case OP_DESTROY: destroy(site, call->fence); return answer(VK_SUCCESS);
    case OP_IMPORT: return import(site, call);
    case OP_EXPORT: return export(site, call);
    case OP_CLOSE: os_handle_close((HANDLE)(uintptr_t)call->value); return answer(VK_SUCCESS);
    case OP_STATUS: return answer(site->device->GetFenceStatus(site->device->device, site->fences[call->fence]));
    case OP_WAIT: return wait(site, call);
    case OP_RESET: return reset(site, call);
    case OP_SUBMIT: return submit(site, call);
    case OP_HOLD: return hold(site, call);
    case OP_RELEASE: return release(site);
    case OP_IDLE: return idle(site, (enum idle)call->type);
    case OP_CLEAN: return clean(site);
    case OP_CAN: return (struct answer){VK_SUCCESS, has_submission(site->device, (enum submission)call->type)};
    case OP_CARRY: break;
    }
    abort();
}
