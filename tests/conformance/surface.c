// SPDX-License-Identifier: Apache-2.0
/*
 * Fences that the presentation engine and displays signal, with payloads that others share (vkAcquireNextImageKHR,
 * VkSwapchainPresentFenceInfoEXT, VK_EXT_display_control). It takes a driver with surfaces that need no window.
 */
#include "matrix.h"

#include <string.h>

#include "fake_driver.h"

enum { IMAGES = 3 };

#define SURFACE_COMMANDS(X)                                                                                  \
    X(CreateSwapchainKHR)                                                                                    \
    X(DestroySwapchainKHR)                                                                                   \
    X(AcquireNextImageKHR)                                                                                   \
    X(AcquireNextImage2KHR)                                                                                  \
    X(QueuePresentKHR)                                                                                       \
    X(RegisterDeviceEventEXT)                                                                                \
    X(RegisterDisplayEventEXT)
static struct {
#define MEMBER(Name) PFN_vk##Name Name;
    SURFACE_COMMANDS(MEMBER)
#undef MEMBER
} more;

static struct host host;
static struct device device;
static struct party screen; // whose fences the engine signals
static VkSurfaceKHR surfaces[2];
static VkSwapchainKHR chains[2];
static const struct fake *fake; // NULL: what takes holding back cannot be asked.

// ---- a world with surfaces

static void open_instance(void)
{
    static const char *const names[] = {VK_KHR_SURFACE_EXTENSION_NAME, VK_EXT_HEADLESS_SURFACE_EXTENSION_NAME,
                                        VK_KHR_GET_SURFACE_CAPABILITIES_2_EXTENSION_NAME,
                                        VK_EXT_SURFACE_MAINTENANCE_1_EXTENSION_NAME, VK_KHR_DISPLAY_EXTENSION_NAME,
                                        VK_EXT_DISPLAY_SURFACE_COUNTER_EXTENSION_NAME};
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .apiVersion = VK_API_VERSION_1_3};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pApplicationInfo = &application,
                                       .enabledExtensionCount = NTF_COUNT(names),
                                       .ppEnabledExtensionNames = names};
    uint32_t count = 1;
    memset(&host, 0, sizeof host);
    assert_int_equal(vk.CreateInstance(&info, NULL, &host.world.instance), VK_SUCCESS);
    assert_in_range(vk.EnumeratePhysicalDevices(host.world.instance, &count, &host.world.physical), VK_SUCCESS,
                    VK_INCOMPLETE);
}

static void open_chain(unsigned i)
{
    const PFN_vkCreateHeadlessSurfaceEXT create =
        (PFN_vkCreateHeadlessSurfaceEXT)vk.GetInstanceProcAddr(host.world.instance, "vkCreateHeadlessSurfaceEXT");
    const VkHeadlessSurfaceCreateInfoEXT surface = {.sType = VK_STRUCTURE_TYPE_HEADLESS_SURFACE_CREATE_INFO_EXT};
    VkSwapchainCreateInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR, .minImageCount = IMAGES,
        .imageFormat = VK_FORMAT_B8G8R8A8_UNORM, .imageExtent = {64, 64}, .imageArrayLayers = 1,
        .imageUsage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, .preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
        .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR, .presentMode = VK_PRESENT_MODE_FIFO_KHR};
    assert_int_equal(create(host.world.instance, &surface, NULL, &surfaces[i]), VK_SUCCESS);
    info.surface = surfaces[i];
    assert_int_equal(more.CreateSwapchainKHR(device.device, &info, NULL, &chains[i]), VK_SUCCESS);
}

static void close_all(void)
{
    const PFN_vkDestroySurfaceKHR destroy_surface =
        (PFN_vkDestroySurfaceKHR)vk.GetInstanceProcAddr(host.world.instance, "vkDestroySurfaceKHR");
    for (unsigned i = 0; i < 2; i++) {
        more.DestroySwapchainKHR(device.device, chains[i], NULL);
        destroy_surface(host.world.instance, surfaces[i], NULL);
    }
    device_close(&device);
    host_close(&host);
}

// Made by the first case.
static void begin(void)
{
    static const char *const names[] = {VK_KHR_SWAPCHAIN_EXTENSION_NAME, VK_EXT_SWAPCHAIN_MAINTENANCE_1_EXTENSION_NAME,
                                        VK_EXT_DISPLAY_CONTROL_EXTENSION_NAME, NULL};
    const VkPhysicalDeviceSwapchainMaintenance1FeaturesEXT feature = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SWAPCHAIN_MAINTENANCE_1_FEATURES_EXT,
        .swapchainMaintenance1 = VK_TRUE};
    if (matrix_end)
        return;
    matrix_end = close_all;
    fake = fake_find();
    open_instance();
    device_open_with(&device, &host, names, &feature);
#define FETCH(Name)                                                                                          \
    more.Name = (PFN_vk##Name)vk.GetDeviceProcAddr(device.device, "vk" #Name);                               \
    assert_true(more.Name != NULL);
    SURFACE_COMMANDS(FETCH)
#undef FETCH
    memset(&screen, 0, sizeof screen);
    site_open(&screen.site, &device, 0);
    open_chain(0);
    open_chain(1);
}

static void end(void)
{
    party_clean(&screen);
}

static VkFence handle_of(struct fence fence)
{
    return screen.site.fences[fence.number];
}

// Through either command.
static VkResult acquire_into(struct fence fence, bool second, uint64_t timeout_ns, uint32_t *index)
{
    const VkAcquireNextImageInfoKHR info = {.sType = VK_STRUCTURE_TYPE_ACQUIRE_NEXT_IMAGE_INFO_KHR,
                                            .swapchain = chains[0],
                                            .timeout = timeout_ns,
                                            .fence = handle_of(fence),
                                            .deviceMask = 1};
    if (second)
        return more.AcquireNextImage2KHR(device.device, &info, index);
    return more.AcquireNextImageKHR(device.device, chains[0], timeout_ns, VK_NULL_HANDLE, handle_of(fence), index);
}

static VkResult present(unsigned count, const uint32_t *indices, const VkFence *fences)
{
    const VkSwapchainPresentFenceInfoEXT info = {.sType = VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT,
                                                 .swapchainCount = count,
                                                 .pFences = fences};
    VkResult results[2];
    const VkPresentInfoKHR all = {.sType = VK_STRUCTURE_TYPE_PRESENT_INFO_KHR,
                                  .pNext = fences ? &info : NULL,
                                  .swapchainCount = count,
                                  .pSwapchains = chains,
                                  .pImageIndices = indices,
                                  .pResults = results};
    return more.QueuePresentKHR(device.queues[0], &all);
}

static uint32_t take_image(unsigned chain)
{
    const struct fence fence = plain_fence(&screen, false);
    uint32_t index;
    assert_int_equal(more.AcquireNextImageKHR(device.device, chains[chain], UINT64_MAX, VK_NULL_HANDLE,
                                              handle_of(fence), &index), VK_SUCCESS);
    await(fence);
    destroy(fence);
    return index;
}

static void give_back(uint32_t index)
{
    assert_int_equal(present(1, &index, NULL), VK_SUCCESS);
}

// ---- acquiring

// "The implementation treats an acquire as a temporary import of a payload": others who share the permanent one see
// nothing of it, and the reset brings that one back.
static void acquire_is_a_temporary_payload(void **state)
{
    (void)state;
    begin();
    for (int second = 0; second < 2; second++) {
        const struct fence a = exportable_fence(&screen, false), b = sharer(a, exporter, 0);
        uint32_t index;
        for (int i = 0; i < 3; i++) {
            if (fake)
                fake->acquire_hold(VK_NULL_HANDLE);
            assert_int_equal(acquire_into(a, second, UINT64_MAX, &index), VK_SUCCESS);
            if (fake) {
                EXPECT_ALL(false, a, b);
                fake->acquire_release(VK_NULL_HANDLE);
            }
            await(a);
            expect(a, true);
            expect(b, false);
            submit(b); // on another queue: the payload is not a's at the moment
            await(b);
            reset(a);
            EXPECT_ALL(false, a, b);
            submit(a);
            await(b);
            EXPECT_ALL(true, a, b);
            reset(b);
            EXPECT_ALL(false, a, b);
            give_back(index);
        }
    }
    end();
}

// Over an import, permanent or temporary, that was there before.
static void acquire_over_an_import(void **state)
{
    const struct fence source = exportable_fence(exporter, false);
    (void)state;
    begin();
    for (int second = 0; second < 2; second++) {
        const struct fence a = sharer(source, &screen, import_flags());
        uint32_t index;
        assert_int_equal(acquire_into(a, second, UINT64_MAX, &index), VK_SUCCESS);
        await(a);
        expect(a, true);
        expect(source, false);
        reset(a);
        EXPECT_ALL(false, a, source);
        submit(source);
        await(source);
        // The permanent payload is back; a temporary one that was there before the acquire is not.
        expect(a, !config.temporary);
        reset(source);
        give_back(index);
        destroy(a);
    }
    end();
}

// An import takes the place of what an acquire has put in.
static void import_over_an_acquire(void **state)
{
    const struct fence lit = exportable_fence(exporter, true);
    (void)state;
    begin();
    const struct fence a = plain_fence(&screen, false);
    uint32_t index;
    assert_int_equal(acquire_into(a, false, UINT64_MAX, &index), VK_SUCCESS);
    await(a);
    transfer(lit, a, import_flags());
    EXPECT_ALL(true, a, lit);
    reset(lit);
    EXPECT_ALL(false, a, lit);
    submit(a);
    await(lit);
    reset(a);
    expect(a, false);
    expect(lit, config.temporary);
    give_back(index);
    end();
}

// VK_NOT_READY, VK_TIMEOUT and errors: nothing has happened to the fence. (VUIDs 01287 and 10066 hold for it.)
static void failed_acquire_leaves_the_fence(void **state)
{
    uint32_t taken[IMAGES], count = 0, index;
    (void)state;
    begin();
    const struct fence plain = plain_fence(&screen, false), source = exportable_fence(exporter, false),
                       a = sharer(source, &screen, import_flags());
    while (acquire_into(plain, false, 0, &index) == VK_SUCCESS) {
        assert_in_range(count, 0, IMAGES - 1);
        taken[count++] = index;
        await(plain);
        reset(plain);
    }
    for (int second = 0; second < 2; second++) {
        assert_int_equal(acquire_into(a, second, 0, &index), VK_NOT_READY);
        EXPECT_ALL(false, a, source);
        assert_int_equal(acquire_into(a, second, 2 * MS, &index), VK_TIMEOUT);
        EXPECT_ALL(false, a, source);
        if (fake) {
            fake->order(second ? "vkAcquireNextImage2KHR" : "vkAcquireNextImageKHR", 1, 1, VK_ERROR_OUT_OF_DATE_KHR);
            assert_int_equal(acquire_into(a, second, UINT64_MAX, &index), VK_ERROR_OUT_OF_DATE_KHR);
        }
        submit(source);
        await(a); // still the payload that was imported
        EXPECT_ALL(true, a, source);
        reset(source);
    }
    submit(a);
    await(source);
    EXPECT_ALL(true, a, source);
    while (count)
        give_back(taken[--count]);
    end();
}

// VK_SUBOPTIMAL_KHR is a success: the fence will be signalled.
static void suboptimal_acquire_is_a_success(void **state)
{
    (void)state;
    begin();
    if (!fake) {
        end();
        skip();
    }
    const struct fence source = exportable_fence(exporter, false), a = sharer(source, &screen, import_flags());
    for (int second = 0; second < 2; second++) {
        uint32_t index;
        fake->order(second ? "vkAcquireNextImage2KHR" : "vkAcquireNextImageKHR", 1, 1, VK_SUBOPTIMAL_KHR);
        assert_int_equal(acquire_into(a, second, UINT64_MAX, &index), VK_SUBOPTIMAL_KHR);
        await(a);
        expect(a, true);
        expect(source, false);
        reset(a);
        expect(a, false);
        give_back(index);
    }
    end();
}

// ---- presenting

// A fence of a present is signalled as by a queue: everybody who has the payload sees it. One entry may be null.
static void present_signals_the_payload(void **state)
{
    const struct fence source = exportable_fence(exporter, false);
    (void)state;
    begin();
    const struct fence a = sharer(source, &screen, import_flags()), plain = plain_fence(&screen, false);
    for (int i = 0; i < 4; i++) {
        const uint32_t indices[] = {take_image(0), take_image(1)};
        const VkFence fences[][2] = {{handle_of(a), VK_NULL_HANDLE}, {VK_NULL_HANDLE, handle_of(a)},
                                     {handle_of(a), handle_of(plain)}, {handle_of(plain), handle_of(a)}};
        VkFence given[2];
        memcpy(given, fences[i], sizeof given);
        if (fake)
            fake->present_hold(VK_NULL_HANDLE);
        assert_int_equal(present(2, indices, given), VK_SUCCESS);
        assert_memory_equal(given, fences[i], sizeof given);
        if (fake) {
            EXPECT_ALL(false, a, source, plain);
            fake->present_release(VK_NULL_HANDLE);
        }
        await(source);
        EXPECT_ALL(true, a, source);
        if (i >= 2) {
            await(plain);
            reset(plain);
        }
        reset(source);
        EXPECT_ALL(false, a, source, plain);
    }
    end();
}

// After these the present has been enqueued all the same, its fences included; after others it has not.
static void failed_presents(void **state)
{
    static const struct {
        VkResult result;
        bool enqueued;
    } rows[] = {{VK_SUBOPTIMAL_KHR, true},
                {VK_ERROR_OUT_OF_DATE_KHR, true},
                {VK_ERROR_SURFACE_LOST_KHR, true},
                {VK_ERROR_OUT_OF_HOST_MEMORY, false},
                {VK_ERROR_OUT_OF_DEVICE_MEMORY, false}};
    (void)state;
    begin();
    if (!fake) {
        end();
        skip();
    }
    const struct fence source = exportable_fence(exporter, false), a = sharer(source, &screen, import_flags());
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        const uint32_t index = take_image(0);
        const VkFence fence = handle_of(a);
        fake->order("vkQueuePresentKHR", 1, 1, rows[i].result);
        assert_int_equal(present(1, &index, &fence), rows[i].result);
        if (rows[i].enqueued) {
            await(source);
            EXPECT_ALL(true, a, source);
            reset(source);
        } else {
            idle(&screen, IDLE_DEVICE);
            EXPECT_ALL(false, a, source);
            submit(a); // as free as before
            await(source);
            reset(source);
            give_back(index);
        }
        EXPECT_ALL(false, a, source);
    }
    end();
}

// ---- displays

// vkRegisterDeviceEventEXT and vkRegisterDisplayEventEXT make fences: they can be imported over, reset, waited for.
static void fences_of_displays_are_fences(void **state)
{
    static const VkDeviceEventInfoEXT device_event = {.sType = VK_STRUCTURE_TYPE_DEVICE_EVENT_INFO_EXT};
    static const VkDisplayEventInfoEXT display_event = {.sType = VK_STRUCTURE_TYPE_DISPLAY_EVENT_INFO_EXT};
    const struct fence source = exportable_fence(exporter, false);
    (void)state;
    begin();
    if (!fake) { // somebody has to plug a display in
        end();
        skip();
    }
    for (int display = 0; display < 2; display++) {
        const struct fence a = {&screen, 0}, b = {&screen, 1};
        for (uint32_t i = 0; i < 2; i++)
            assert_int_equal(display ? more.RegisterDisplayEventEXT(device.device, (VkDisplayKHR)(uintptr_t)1,
                                                                    &display_event, NULL, &screen.site.fences[i])
                                     : more.RegisterDeviceEventEXT(device.device, &device_event, NULL,
                                                                   &screen.site.fences[i]), VK_SUCCESS);
        EXPECT_ALL(false, a, b);
        fake->events_fire(device.device);
        assert_int_equal(wait_many(2, (const struct fence[]){a, b}, true, UINT64_MAX), VK_SUCCESS);
        EXPECT_ALL(true, a, b);
        transfer(source, a, import_flags());
        EXPECT_ALL(false, a, source);
        assert_int_equal(wait_many(2, (const struct fence[]){a, b}, true, 0), VK_TIMEOUT);
        assert_int_equal(wait_many(2, (const struct fence[]){a, b}, false, 0), VK_SUCCESS);
        submit(source);
        await(a);
        reset_many(2, (const struct fence[]){b, a});
        EXPECT_ALL(false, a, b);
        expect(source, config.temporary);
        submit(a);
        await(a);
        reset(source);
        expect(a, config.temporary);
        destroy(a);
        destroy(b);
    }
    end();
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(acquire_is_a_temporary_payload, OVER_TYPES),
        CASE(acquire_over_an_import, OVER_TYPES | OVER_PERMANENCE),
        CASE(import_over_an_acquire, OVER_TYPES | OVER_PERMANENCE),
        CASE(failed_acquire_leaves_the_fence, OVER_TYPES | OVER_PERMANENCE),
        CASE(suboptimal_acquire_is_a_success, OVER_TYPES | OVER_PERMANENCE),
        CASE(present_signals_the_payload, OVER_TYPES | OVER_PERMANENCE),
        CASE(failed_presents, OVER_TYPES | OVER_PERMANENCE),
        CASE(fences_of_displays_are_fences, OVER_TYPES | OVER_PERMANENCE),
    };
    return matrix_main(argc, argv, "conformance-surface", cases, NTF_COUNT(cases));
}
