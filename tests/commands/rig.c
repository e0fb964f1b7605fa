// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <string.h>

struct more more;
const struct fake *fake;
static VkSurfaceKHR surface;
static ntf_au32 gate; // of lane_hold; 1: open

// ---- instances and devices

static void loader_open(void)
{
    static struct ntf_library *library;

    if (library)
        return;
    library = ntf_library_open_system(os_loader);
    assert_non_null(library);
    vk.GetInstanceProcAddr = (PFN_vkGetInstanceProcAddr)ntf_library_symbol(library, "vkGetInstanceProcAddr");
    assert_non_null(vk.GetInstanceProcAddr);
#define FETCH(Name) vk.Name = (PFN_vk##Name)vk.GetInstanceProcAddr(NULL, "vk" #Name);
    GLOBAL_COMMANDS(FETCH)
#undef FETCH
}

static void messenger_open(void)
{
    const VkDebugUtilsMessengerCreateInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = messages_take};

    assert_int_equal(vk.CreateDebugUtilsMessengerEXT(world.instance, &info, NULL, &world.messenger), VK_SUCCESS);
}

static void surface_open(void)
{
    const VkHeadlessSurfaceCreateInfoEXT info = {.sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT};
    const PFN_vkCreateHeadlessSurfaceEXT create =
        (PFN_vkCreateHeadlessSurfaceEXT)vk.GetInstanceProcAddr(world.instance, "vkCreateHeadlessSurfaceEXT");

    assert_non_null(create);
    assert_int_equal(create(world.instance, &info, NULL, &surface), VK_SUCCESS);
}

void rig_instance(void)
{
    static const char *const extensions[] = {
        VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_KHR_SURFACE_EXTENSION_NAME, VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME,
        VK_KHR_DISPLAY_EXTENSION_NAME, VK_EXT_DISPLAY_SURFACE_COUNTER_EXTENSION_NAME};
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .apiVersion = VK_API_VERSION_1_3};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pApplicationInfo = &application,
                                       .enabledExtensionCount = NTF_COUNT(extensions),
                                       .ppEnabledExtensionNames = extensions};
    uint32_t count = 1;

    loader_open();
    assert_int_equal(vk.CreateInstance(&info, NULL, &world.instance), VK_SUCCESS);
#define FETCH(Name) vk.Name = (PFN_vk##Name)vk.GetInstanceProcAddr(world.instance, "vk" #Name);
    INSTANCE_COMMANDS(FETCH)
#undef FETCH
    messenger_open();
    assert_in_range(vk.EnumeratePhysicalDevices(world.instance, &count, &world.physical), VK_SUCCESS, VK_INCOMPLETE);
    assert_int_equal(count, 1);
    world.family = 0;
    surface_open();
}

static bool listed(const char *name)
{
    static VkExtensionProperties list[64];
    uint32_t count = NTF_COUNT(list);

    assert_int_equal(vk.EnumerateDeviceExtensionProperties(world.physical, NULL, &count, list), VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].extensionName, name) == 0)
            return true;
    return false;
}

static uint32_t default_extensions(const char **names)
{
    static const char *const wanted[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME,
                                         VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                         VK_KHR_SWAPCHAIN_EXTENSION_NAME,
                                         VK_EXT_SWAPCHAIN_MAINTENANCE_1_EXTENSION_NAME,
                                         VK_EXT_DISPLAY_CONTROL_EXTENSION_NAME,
                                         VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME,
                                         VK_KHR_EXTERNAL_FENCE_FD_EXTENSION_NAME}; // the last one is not everywhere
    uint32_t count = 0;

    for (size_t i = 0; i < NTF_COUNT(wanted); i++)
        if (i + 1 < NTF_COUNT(wanted) || listed(wanted[i]))
            names[count++] = wanted[i];
    return count;
}

VkDevice rig_device(const struct rig_options *options)
{
    static const float priorities[2] = {1, 1};
    const char *names[16];
    const VkDeviceQueueCreateInfo queues = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                            .flags = options->queue_flags,
                                            .queueFamilyIndex = 0,
                                            .queueCount = 2,
                                            .pQueuePriorities = priorities};
    const VkPhysicalDeviceSynchronization2Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
        .pNext = (void *)(uintptr_t)options->chain,
        .synchronization2 = VK_TRUE};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = &features,
                               .queueCreateInfoCount = 1,
                               .pQueueCreateInfos = &queues,
                               .ppEnabledExtensionNames = options->extensions};
    VkDevice device;

    if (!options->extensions) {
        info.enabledExtensionCount = default_extensions(names);
        info.ppEnabledExtensionNames = names;
    } else {
        while (options->extensions[info.enabledExtensionCount])
            info.enabledExtensionCount++;
    }
    assert_int_equal(vk.CreateDevice(world.physical, &info, NULL, &device), VK_SUCCESS);
    rig_use(device);
    return device;
}

void rig_use(VkDevice device)
{
    device_use(device);
#define FETCH(Name) more.Name = (PFN_vk##Name)vk.GetDeviceProcAddr(device, "vk" #Name);
    MORE_COMMANDS(FETCH)
#undef FETCH
}

VkQueue rig_queue(uint32_t index)
{
    VkQueue queue;

    vk.GetDeviceQueue(world.device, 0, index, &queue);
    return queue;
}

// ---- of a group, and of its tests

int rig_open(void **state)
{
    (void)state;
    fake = fake_find();
    assert_non_null(fake);
    kernel_open();
    rig_instance();
    return 0;
}

void rig_instance_close(void)
{
    const PFN_vkDestroySurfaceKHR destroy =
        (PFN_vkDestroySurfaceKHR)vk.GetInstanceProcAddr(world.instance, "vkDestroySurfaceKHR");
    destroy(world.instance, surface, NULL);
    instance_close();
}

int rig_close(void **state)
{
    (void)state;
    rig_instance_close();
    kernel_close();
    return 0;
}

int rig_setup(void **state)
{
    (void)state;
    fake->restore();
    messages_clear();
    rig_device(&(struct rig_options){0});
    fake->calls_clear();
    return 0;
}

static void let_go(void)
{
    fake->order_nothing();
    ntf_store(&gate, 1, NTF_RELEASE);
    ntf_os_unpark_all(&gate);
    fake->queue_release(VK_NULL_HANDLE);
    fake->acquire_release(VK_NULL_HANDLE);
    fake->present_release(VK_NULL_HANDLE);
}

void rig_end(void)
{
    let_go();
    if (world.device) {
        (void)vk.DeviceWaitIdle(world.device);
        vk.DestroyDevice(world.device, NULL);
    }
    world.device = VK_NULL_HANDLE;
}

int rig_teardown(void **state)
{
    unsigned bad;

    (void)state;
    rig_end();
    bad = messages_foreign() + fake->violations();
    fake->restore();
    return bad != 0;
}

// ---- what tests do all the time

VkFence imported(const struct kernel_fence *object, VkFenceImportFlags flags, uint64_t value)
{
    VkFence fence = fence_new();

    assert_int_equal(import_by_handle(fence, object->handle, flags, value), VK_SUCCESS);
    return fence;
}

VkFence exportable(void)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkFence fence;

    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &fence), VK_SUCCESS);
    return fence;
}

VkResult export_handle(VkFence fence, HANDLE *handle)
{
    const VkFenceGetWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                               .fence = fence,
                                               .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};

    return vk.GetFenceWin32HandleKHR(world.device, &info, handle);
}

VkFence below(const char *command)
{
    struct fake_call call;

    assert_true(fake->last(command, &call));
    return call.fence;
}

unsigned state_of(VkFence fence)
{
    return fake->fence_state(VK_NULL_HANDLE, fence);
}

void expect_pooled(const char *command, VkFence fence)
{
    const VkFence pooled = below(command);

    assert_true(pooled != VK_NULL_HANDLE);
    assert_true(pooled != fence);
    assert_int_equal(state_of(fence) & (FAKE_FENCE_PENDING | FAKE_FENCE_SIGNALLED), 0);
}

VkResult wait_for(uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns)
{
    return vk.WaitForFences(world.device, count, fences, all, timeout_ns);
}

// ---- images

enum { IMAGES = 8 };

VkSwapchainKHR swapchain_new(void)
{
    const VkSwapchainCreateInfoKHR info = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
                                           .surface = surface,
                                           .minImageCount = IMAGES,
                                           .imageFormat = VK_FORMAT_B8G8R8A8_UNORM,
                                           .imageExtent = {64, 64},
                                           .imageArrayLayers = 1,
                                           .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
                                           .preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
                                           .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
                                           .presentMode = VK_PRESENT_MODE_FIFO_KHR};
    VkSwapchainKHR swapchain;

    assert_int_equal(more.CreateSwapchainKHR(world.device, &info, NULL, &swapchain), VK_SUCCESS);
    return swapchain;
}

void swapchain_free(VkSwapchainKHR swapchain)
{
    more.DestroySwapchainKHR(world.device, swapchain, NULL);
}

static VkResult acquire_index(VkSwapchainKHR swapchain, VkFence fence, uint64_t timeout_ns, bool second,
                              uint32_t *index)
{
    const VkAcquireNextImageInfoKHR info = {.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
                                            .swapchain = swapchain,
                                            .timeout = timeout_ns,
                                            .fence = fence,
                                            .deviceMask = 1};

    if (second)
        return vk.AcquireNextImage2KHR(world.device, &info, index);
    return vk.AcquireNextImageKHR(world.device, swapchain, timeout_ns, VK_NULL_HANDLE, fence, index);
}

VkResult acquire_for(VkSwapchainKHR swapchain, VkFence fence, uint64_t timeout_ns, bool second)
{
    VkReleaseSwapchainImagesInfoEXT back = {.sType = VK_STRUCTURE_TYPE_RELEASE_SWAPCHAIN_IMAGES_INFO_EXT,
                                            .swapchain = swapchain,
                                            .imageIndexCount = 1};
    uint32_t index = 0xA5A5A5A5;
    const VkResult result = acquire_index(swapchain, fence, timeout_ns, second, &index);

    back.pImageIndices = &index;
    if (result == VK_SUCCESS || result == VK_SUBOPTIMAL_KHR)
        assert_int_equal(more.ReleaseSwapchainImagesEXT(world.device, &back), VK_SUCCESS);
    else
        assert_int_equal(index, 0xA5A5A5A5);
    return result;
}

VkResult acquire(VkSwapchainKHR swapchain, VkFence fence, bool second)
{
    return acquire_for(swapchain, fence, UINT64_MAX, second);
}

uint32_t image_of(VkSwapchainKHR swapchain)
{
    VkFence fence = fence_new();
    uint32_t index;

    assert_int_equal(acquire_index(swapchain, fence, UINT64_MAX, false, &index), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    return index;
}

VkResult present(VkSwapchainKHR swapchain, VkFence fence)
{
    const uint32_t index = image_of(swapchain);
    const VkSwapchainPresentFenceInfoEXT fences = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                                   .swapchainCount = 1,
                                                   .pFences = &fence};
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                                   .pNext = &fences,
                                   .swapchainCount = 1,
                                   .pSwapchains = &swapchain,
                                   .pImageIndices = &index};

    return vk.QueuePresentKHR(world.queue, &info);
}

// ---- a thread of the layer that is held up


static VkResult stay(void *context, const char *command)
{
    (void)context, (void)command;
    while (!ntf_load(&gate, NTF_ACQUIRE))
        (void)ntf_os_park(&gate, 0, ntf_os_now_ns() + SECONDS);
    return VK_SUCCESS;
}

void lane_hold(void)
{
    ntf_store(&gate, 0, NTF_RELEASE);
    fake->on_call("vkWaitForFences", stay, NULL);
}

void lane_held(void)
{
    assert_true(fake->await_inside("vkWaitForFences", 1));
    fake->on_call("vkWaitForFences", NULL, NULL);
}

void lane_release(void)
{
    ntf_store(&gate, 1, NTF_RELEASE);
    ntf_os_unpark_all(&gate);
    while (fake->inside("vkWaitForFences"))
        ;
}

// ---- the layer's reserve

static struct {
    struct kernel_fence object;
    VkFence fences[32];
    unsigned count;
} reserve;

void pool_use_up(void)
{
    unsigned made;

    kernel_make(&reserve.object, true, false, 0);
    fake->queue_hold(world.queue);
    reserve.count = 0;
    do {
        assert_in_range(reserve.count, 0, NTF_COUNT(reserve.fences) - 1);
        VkFence fence = reserve.fences[reserve.count++] = imported(&reserve.object, 0, 1);
        made = fake->calls("vkCreateFence");
        fence_submit(fence);
    } while (fake->calls("vkCreateFence") == made); // by the layer, which had none left
}

void pool_let_go(void)
{
    fake->queue_release(world.queue);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    while (reserve.count)
        fence_free(reserve.fences[--reserve.count]);
    kernel_destroy(&reserve.object);
}

// ---- threads

static void waiter_body(void *context)
{
    struct waiter *waiter = context;

    waiter->result = waiter->wait(waiter->device, waiter->count, waiter->fences, waiter->all, waiter->timeout_ns);
}

void waiter_start(struct waiter *waiter, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns)
{
    assert_in_range(count, 1, NTF_COUNT(waiter->fences));
    memcpy(waiter->fences, fences, count * sizeof *fences);
    waiter->device = world.device;
    waiter->wait = vk.WaitForFences;
    waiter->count = count;
    waiter->all = all;
    waiter->timeout_ns = timeout_ns;
    assert_int_equal(ntf_thread_start(&waiter->thread, "test-waiter", waiter_body, waiter), NTF_OK);
}

VkResult waiter_join(struct waiter *waiter)
{
    ntf_thread_join(waiter->thread);
    return waiter->result;
}
