// SPDX-License-Identifier: Apache-2.0
#include "vulkan.h"

#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "fake_driver.h"

struct vk vk;
struct world world;

static const char *const both_extensions[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                              VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL};

// ---- messages

enum { MESSAGES_MAX = 4096, TEXT_MAX = 2048, PRINTED_MAX = 4 };

static struct {
    struct ntf_lock lock; // callbacks may come from any thread
    unsigned count, foreign;
    bool foreign_wanted;
    struct {
        char code[32];
        char text[TEXT_MAX];
    } list[MESSAGES_MAX];
} messages;

VKAPI_ATTR VkBool32 VKAPI_CALL messages_take(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                             VkDebugUtilsMessageTypeFlagsEXT types,
                                             const VkDebugUtilsMessengerCallbackDataEXT *data,
                                             void *user)
{
    const char *id = data->pMessageIdName ? data->pMessageIdName : "";
    (void)types;
    (void)user;
    ntf_lock_take(&messages.lock);
    if (strncmp(id, "NTF-", 4) == 0) {
        if (messages.count < MESSAGES_MAX) {
            snprintf(messages.list[messages.count].code, sizeof messages.list->code, "%s", id);
            snprintf(messages.list[messages.count].text, TEXT_MAX, "%s", data->pMessage);
        }
        messages.count++;
    } else if (severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT &&
               strcmp(id, "Loader Message") != 0) {
        // Fences that a failed test has left are many.
        if (messages.foreign++ < PRINTED_MAX && !messages.foreign_wanted)
            fprintf(stderr, "%s: %s\n", id, data->pMessage);
    }
    ntf_lock_drop(&messages.lock);
    return VK_FALSE;
}

unsigned messages_of(const char *code)
{
    unsigned count = 0, all;
    ntf_lock_take(&messages.lock);
    all = messages.count;
    for (unsigned i = 0; i < all && i < MESSAGES_MAX; i++)
        count += strcmp(messages.list[i].code, code) == 0;
    ntf_lock_drop(&messages.lock);
    assert_in_range(all, 0, MESSAGES_MAX);
    return count;
}

const char *messages_last(const char *code)
{
    const char *text = "";
    ntf_lock_take(&messages.lock);
    for (unsigned i = 0; i < messages.count && i < MESSAGES_MAX; i++)
        if (strcmp(messages.list[i].code, code) == 0)
            text = messages.list[i].text;
    ntf_lock_drop(&messages.lock);
    return text;
}

unsigned messages_foreign(void)
{
    unsigned foreign;
    ntf_lock_take(&messages.lock);
    foreign = messages.foreign;
    ntf_lock_drop(&messages.lock);
    return foreign;
}

void messages_clear(void)
{
    ntf_lock_take(&messages.lock);
    messages.count = messages.foreign = 0;
    messages.foreign_wanted = false;
    ntf_lock_drop(&messages.lock);
}

void messages_expect_foreign(void)
{
    ntf_lock_take(&messages.lock);
    messages.foreign_wanted = true;
    ntf_lock_drop(&messages.lock);
}

// Over the fake driver, which says on stderr what it is.
static unsigned violations(void)
{
    const struct fake *fake = fake_find();
    return fake ? fake->violations() : 0;
}

static unsigned violations_before;

int messages_setup(void **state)
{
    (void)state;
    messages_clear();
    violations_before = violations();
    return 0;
}

int messages_teardown(void **state)
{
    (void)state;
    return (messages.foreign && !messages.foreign_wanted) || violations() > violations_before;
}

// ---- the loader, an instance, a device

static void loader_open(void)
{
    static struct ntf_library *library;
    if (library)
        return;
    library = ntf_library_open_system(os_loader);
    assert_non_null(library);
    vk.GetInstanceProcAddr =
        (PFN_vkGetInstanceProcAddr)ntf_library_symbol(library, "vkGetInstanceProcAddr");
    assert_non_null(vk.GetInstanceProcAddr);
#define FETCH(Name) vk.Name = (PFN_vk##Name)vk.GetInstanceProcAddr(NULL, "vk" #Name);
    GLOBAL_COMMANDS(FETCH)
#undef FETCH
}

static void messenger_open(void)
{
    VkDebugUtilsMessengerCreateInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = messages_take,
    };
    assert_int_equal(vk.CreateDebugUtilsMessengerEXT(world.instance, &info, NULL, &world.messenger),
                     VK_SUCCESS);
}

void instance_open(const struct world_options *options)
{
    const char *extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME, options->instance_extension,
                                options->another_extension};
    VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .apiVersion = options->api_version ? options->api_version : VK_API_VERSION_1_1,
    };
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = options->instance_chain,
        .pApplicationInfo = &application,
        .enabledExtensionCount = 1u + !!options->instance_extension + !!options->another_extension,
        .ppEnabledExtensionNames = extensions,
    };
    uint32_t count = 1;

    loader_open();
    assert_int_equal(vk.CreateInstance(&info, NULL, &world.instance), VK_SUCCESS);
#define FETCH(Name) vk.Name = (PFN_vk##Name)vk.GetInstanceProcAddr(world.instance, "vk" #Name);
    INSTANCE_COMMANDS(FETCH)
#undef FETCH
    world.messenger = VK_NULL_HANDLE;
    if (!options->no_messenger)
        messenger_open();
    assert_in_range(vk.EnumeratePhysicalDevices(world.instance, &count, &world.physical),
                    VK_SUCCESS, VK_INCOMPLETE);
    assert_int_equal(count, 1);
    world.family = 0;
}

void instance_close(void)
{
    if (world.messenger)
        vk.DestroyDebugUtilsMessengerEXT(world.instance, world.messenger, NULL);
    vk.DestroyInstance(world.instance, NULL);
    memset(&world, 0, sizeof world);
}

VkDevice device_new(const char *const *extensions)
{
    return device_new_with(extensions, NULL);
}

VkDevice device_new_with(const char *const *extensions, const void *chain)
{
    static const float priority = 1;
    VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                     .queueFamilyIndex = world.family,
                                     .queueCount = 1,
                                     .pQueuePriorities = &priority};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = chain,
                               .queueCreateInfoCount = 1,
                               .pQueueCreateInfos = &queue,
                               .ppEnabledExtensionNames = extensions};
    VkDevice device;
    while (extensions[info.enabledExtensionCount])
        info.enabledExtensionCount++;
    assert_int_equal(vk.CreateDevice(world.physical, &info, NULL, &device), VK_SUCCESS);
    return device;
}

void device_use(VkDevice device)
{
    world.device = device;
#define FETCH(Name) vk.Name = (PFN_vk##Name)vk.GetDeviceProcAddr(device, "vk" #Name);
    DEVICE_COMMANDS(FETCH)
#undef FETCH
    vk.GetDeviceQueue(device, world.family, 0, &world.queue);
}

int world_setup(void **state)
{
    (void)state;
    kernel_open();
    instance_open(&(struct world_options){0});
    device_use(device_new(both_extensions));
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    messages_clear();
    vk.DestroyDevice(world.device, NULL);
    instance_close();
    kernel_close();
    // What was leaked is told here.
    return messages.foreign != 0 || violations() != 0;
}

// ---- fences

static VkFence fence_make(VkFenceCreateFlags flags)
{
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .flags = flags};
    VkFence fence;
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    return fence;
}

VkFence fence_new(void)
{
    return fence_make(0);
}

VkFence fence_new_signalled(void)
{
    return fence_make(VK_FENCE_CREATE_SIGNALED_BIT);
}

void fence_free(VkFence fence)
{
    vk.DestroyFence(world.device, fence, NULL);
}

VkResult fence_status(VkFence fence)
{
    return vk.GetFenceStatus(world.device, fence);
}

VkResult fence_wait(VkFence fence, uint64_t timeout_ns)
{
    return vk.WaitForFences(world.device, 1, &fence, VK_TRUE, timeout_ns);
}

void fence_reset(VkFence fence)
{
    assert_int_equal(vk.ResetFences(world.device, 1, &fence), VK_SUCCESS);
}

void fence_expect(VkFence fence, bool signalled)
{
    assert_int_equal(fence_status(fence), signalled ? VK_SUCCESS : VK_NOT_READY);
    assert_int_equal(fence_wait(fence, 0), signalled ? VK_SUCCESS : VK_TIMEOUT);
}

void fence_submit(VkFence fence)
{
    assert_int_equal(vk.QueueSubmit(world.queue, 0, NULL, fence), VK_SUCCESS);
}

// ---- imports

static VkResult import(VkFence fence, ntf_handle handle, const char16_t *name,
                       VkFenceImportFlags flags, uint64_t wait_value)
{
    const NtfenceImportValueInfo value = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO,
                                          .waitValue = wait_value};
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
        .pNext = wait_value ? &value : NULL,
        .fence = fence,
        .flags = flags,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
        .handle = handle,
        .name = (LPCWSTR)name,
    };
    return vk.ImportFenceWin32HandleKHR(world.device, &info);
}

VkResult import_by_handle(VkFence fence, ntf_handle handle, VkFenceImportFlags flags,
                          uint64_t wait_value)
{
    return import(fence, handle, NULL, flags, wait_value);
}

VkResult import_by_name(VkFence fence, const char16_t *name, VkFenceImportFlags flags,
                        uint64_t wait_value)
{
    return import(fence, NULL, name, flags, wait_value);
}

// ---- a queue that is held up

static struct {
    VkCommandPool pool;
    VkEvent event;
} stuck;

void stuck_begin(void)
{
    const VkEventCreateInfo event = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = world.family};
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandBufferCount = 1};
    VkCommandBuffer buffer;
    assert_int_equal(vk.CreateEvent(world.device, &event, NULL, &stuck.event), VK_SUCCESS);
    assert_int_equal(vk.CreateCommandPool(world.device, &pool, NULL, &stuck.pool), VK_SUCCESS);
    allocate.commandPool = stuck.pool;
    assert_int_equal(vk.AllocateCommandBuffers(world.device, &allocate, &buffer), VK_SUCCESS);
    assert_int_equal(vk.BeginCommandBuffer(buffer, &begin), VK_SUCCESS);
    vk.CmdWaitEvents(buffer, 1, &stuck.event, VK_PIPELINE_STAGE_HOST_BIT,
                     VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, NULL, 0, NULL, 0, NULL);
    assert_int_equal(vk.EndCommandBuffer(buffer), VK_SUCCESS);
    const VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                 .commandBufferCount = 1,
                                 .pCommandBuffers = &buffer};
    assert_int_equal(vk.QueueSubmit(world.queue, 1, &submit, VK_NULL_HANDLE), VK_SUCCESS);
}

void stuck_release(void)
{
    assert_int_equal(vk.SetEvent(world.device, stuck.event), VK_SUCCESS);
}

void stuck_end(void)
{
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    vk.DestroyCommandPool(world.device, stuck.pool, NULL);
    vk.DestroyEvent(world.device, stuck.event, NULL);
}
