// SPDX-License-Identifier: Apache-2.0
// Acquires and presents whose fences are imported, or are plain ones that are given stand-ins.
#include "paths.h"

#include "fake_driver.h"

// More swapchains than a present has room for without memory.
enum { MOST = 18 };
#define POISON 0xA5A5A5A5u

static struct kernel_fence object;
static VkSurfaceKHR surface;
static VkSwapchainKHR swapchains[MOST];
static uint32_t count, indices[MOST];
static VkFence fence, fences[MOST];

#define COMMAND(Name) ((PFN_vk##Name)vk.GetDeviceProcAddr(world.device, "vk" #Name))
#define INSTANCE_COMMAND(Name) ((PFN_vk##Name)vk.GetInstanceProcAddr(world.instance, "vk" #Name))

// ---- images

static VkSwapchainKHR swapchain_new(void)
{
    const VkSwapchainCreateInfoKHR info = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
                                           .surface = surface,
                                           .minImageCount = 8,
                                           .imageFormat = VK_FORMAT_B8G8R8A8_UNORM,
                                           .imageExtent = {64, 64},
                                           .imageArrayLayers = 1,
                                           .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
                                           .preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
                                           .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
                                           .presentMode = VK_PRESENT_MODE_FIFO_KHR};
    VkSwapchainKHR swapchain;
    CHECK(COMMAND(CreateSwapchainKHR)(world.device, &info, NULL, &swapchain) == VK_SUCCESS);
    return swapchain;
}

static void images_open(uint32_t swapchain_count)
{
    const VkHeadlessSurfaceCreateInfoEXT info = {.sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT};
    CHECK(INSTANCE_COMMAND(CreateHeadlessSurfaceEXT)(world.instance, &info, NULL, &surface) == VK_SUCCESS);
    count = swapchain_count;
    for (uint32_t i = 0; i < count; i++)
        swapchains[i] = swapchain_new();
}

static void images_close(void)
{
    CHECK(vk.DeviceWaitIdle(world.device) == VK_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        COMMAND(DestroySwapchainKHR)(world.device, swapchains[i], NULL);
    INSTANCE_COMMAND(DestroySurfaceKHR)(world.instance, surface, NULL);
}

// An imported fence, and once the device has seen a mixed wait-any, a plain one.
static void fence_open(void)
{
    VkFence imported = fence_new();
    kernel_make(&object, true, false, 0);
    CHECK(import_by_handle(imported, object.handle, 0, 1) == VK_SUCCESS);
    fence = imported;
    if (!(path->argument & STAND_IN))
        return;
    mixed_begin(imported);
    fence_free(imported);
    fence = fence_new();
}

static void fence_close(void)
{
    fence_free(fence);
    kernel_destroy(&object);
}

// ---- acquire

enum { TAKEN = 4 };
static VkFence taken[TAKEN];
static uint32_t taken_indices[TAKEN];

// Fences that the layer has at hand go to others, which keep them.
static void empty_pool(void)
{
    for (int i = 0; i < TAKEN; i++) {
        taken[i] = fence_new();
        CHECK(import_by_handle(taken[i], object.handle, 0, 1) == VK_SUCCESS);
        CHECK(vk.AcquireNextImageKHR(world.device, swapchains[0], UINT64_MAX, VK_NULL_HANDLE, taken[i],
                                     &taken_indices[i]) == VK_SUCCESS);
    }
}

void acquire_arrange(void)
{
    images_open(1);
    fence_open();
    if (path->argument & EMPTY_POOL)
        empty_pool();
    indices[0] = POISON;
}

VkResult acquire_act(void)
{
    const VkAcquireNextImageInfoKHR info = {.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
                                            .swapchain = swapchains[0],
                                            .timeout = UINT64_MAX,
                                            .fence = fence,
                                            .deviceMask = 1};
    if (path->argument & SECOND)
        return vk.AcquireNextImage2KHR(world.device, &info, indices);
    return vk.AcquireNextImageKHR(world.device, swapchains[0], UINT64_MAX, VK_NULL_HANDLE, fence, indices);
}

static uint64_t next = 1; // what the imported fence waits for

// The fence is what it was.
void acquire_refused(void)
{
    CHECK(indices[0] == POISON);
    fence_expect(fence, false);
    CHECK(kernel_value(&object) == 0);
    if (path->argument & STAND_IN)
        return;
    kernel_signal(&object, next++);
    fence_expect(fence, true);
    fence_reset(fence);
}

// It acts as a temporary import: the object is not signalled by it, and comes back with the next reset.
void acquire_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    CHECK(indices[0] != POISON);
    CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
    CHECK(kernel_value(&object) == next - 1);
    fence_reset(fence); // of what comes back, too
    fence_expect(fence, false);
    if (path->argument & STAND_IN)
        fence_submit(fence);
    else
        kernel_signal(&object, next + 1);
    CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
}

static void give_back(uint32_t index_count, const uint32_t *which)
{
    const VkReleaseSwapchainImagesInfoEXT back = {.sType = VK_STRUCTURE_TYPE_RELEASE_SWAPCHAIN_IMAGES_INFO_EXT,
                                                  .swapchain = swapchains[0],
                                                  .imageIndexCount = index_count,
                                                  .pImageIndices = which};
    CHECK(COMMAND(ReleaseSwapchainImagesEXT)(world.device, &back) == VK_SUCCESS);
}

void acquire_tidy(void)
{
    give_back(1, indices);
    if (path->argument & EMPTY_POOL)
        give_back(TAKEN, taken_indices);
    for (int i = 0; i < TAKEN; i++)
        fence_free(taken[i]); // or there is none
    images_close();
    fence_close();
}

// ---- present: the first and the last swapchain have the fence in turn, the others none

static void take_image(uint32_t i)
{
    VkFence there = fence_new();
    CHECK(vk.AcquireNextImageKHR(world.device, swapchains[i], UINT64_MAX, VK_NULL_HANDLE, there, &indices[i]) ==
          VK_SUCCESS);
    CHECK(fence_wait(there, UINT64_MAX) == VK_SUCCESS);
    fence_free(there);
}

void present_arrange(void)
{
    images_open(path->argument & SEVERAL ? MOST : 1);
    fence_open();
    for (uint32_t i = 0; i < count; i++)
        take_image(i);
    fences[count - 1] = fence;
    if (path->argument & SEVERAL)
        CHECK(import_by_handle(fences[0] = fence_new(), object.handle, 0, 1) == VK_SUCCESS);
}

// In front of the fences stands what has to be copied.
VkResult present_act(void)
{
    const VkSwapchainPresentFenceInfoEXT last = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                                 .swapchainCount = count,
                                                 .pFences = fences};
    const VkPresentRegionsKHR regions = {
        .sType = VK_STRUCTURE_TYPE_PRESENT_REGIONS_KHR, .pNext = &last, .swapchainCount = count};
    const VkPresentInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                                   .pNext = &regions,
                                   .swapchainCount = count,
                                   .pSwapchains = swapchains,
                                   .pImageIndices = indices};
    messages_clear();
    return vk.QueuePresentKHR(world.queue, &info);
}

// Nothing has been presented, nothing will come of it, and nothing was said that is not so.
void present_refused(void)
{
    CHECK(vk.QueueWaitIdle(world.queue) == VK_SUCCESS);
    fence_expect(fence, false);
    CHECK(kernel_value(&object) == 0);
    CHECK(messages_of("NTF-FENCE-001") == 0);
}

void present_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    CHECK(fence_wait(fence, UINT64_MAX) == VK_SUCCESS);
    if (path->argument & STAND_IN)
        return;
    kernel_wait(&object, 1);
    CHECK(kernel_value(&object) == 1);
}

void present_tidy(void)
{
    images_close();
    if (path->argument & SEVERAL)
        fence_free(fences[0]);
    fence_close();
}
