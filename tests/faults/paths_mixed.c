// SPDX-License-Identifier: Apache-2.0
/*
 * Imported fences beside plain ones on a device that has seen a mixed wait-any: from then on the layer gives stand-ins
 * to what signals a plain fence, and has them waited for by threads of its own. No wait may succeed before something
 * has come, and none may hang.
 */
#include "paths.h"

#include <pthread.h>
#include <stdlib.h>

#include "fake_driver.h"

enum { PLAIN = 2, CROWD = 63 };
#define POISON ((VkFence)(uintptr_t)0xA5A5A5A0)

static struct kernel_fence object;
static VkFence fences[PLAIN + 1]; // the imported one last
static VkFence crowd[CROWD];

static bool has(int bit)
{
    return (path->argument & bit) != 0;
}

/* A wait that has blocked looks at the plain fence for a second time. On a busy machine its time may be over before. */
void mixed_begin(VkFence imported)
{
    const struct fake *fake = fake_find();
    const VkFence both[] = {imported, fence_new()};
    for (uint64_t timeout_ns = MS;; timeout_ns *= 2) {
        fake->calls_clear();
        CHECK(vk.WaitForFences(world.device, 2, both, VK_FALSE, timeout_ns) == VK_TIMEOUT);
        if (fake->calls("vkWaitForFences") > 1)
            break;
    }
    fence_free(both[1]);
}

static void make_mixed(void)
{
    mixed_begin(fences[PLAIN]);
    for (int i = 0; i < CROWD && has(FULL); i++)
        crowd[i] = fence_new();
}

// The import, and the device as it is after a mixed wait-any.
static void open_mixed(void)
{
    kernel_make(&object, true, false, 0);
    fences[PLAIN] = fence_new();
    CHECK(import_by_handle(fences[PLAIN], object.handle, 0, 1) == VK_SUCCESS);
    if (!has(FIRST))
        make_mixed();
}

static void close_mixed(void)
{
    for (int i = 0; i < CROWD; i++)
        fence_free(crowd[i]); // or there is none
    fence_free(fences[PLAIN]);
    kernel_destroy(&object);
}

// ---- waiting

// How many of the plain fences are signalled in the end, the first ones: as few as a wait needs.
static int ending(void)
{
    return !has(ENDS) ? 0 : has(EVERY) ? PLAIN : 1;
}

// Another thread's, during the wait. Once more it changes nothing.
static void *come_soon(void *context)
{
    static bool done;
    (void)context;
    os_sleep_ms(4);
    // The failure of a lane's thread comes before the end of what it waits for.
    for (int i = 0; i < 20 && path->threads == FAULT_OTHERS && !faults_fired(); i++)
        os_sleep_ms(1);
    if (has(LATE) && !done)
        for (int i = 0; i < PLAIN; i++)
            fence_submit(fences[i]);
    if (ending() && !done)
        fake_find()->queue_step(world.queue, (unsigned)ending());
    done = true;
    if (!has(ENDS) || (has(EVERY) && has(WITH_IMPORT)))
        kernel_signal(&object, 1);
    return NULL;
}

void mixed_arrange(void)
{
    open_mixed();
    fake_find()->queue_hold(world.queue);
    for (int i = 0; i < PLAIN; i++) {
        fences[i] = fence_new();
        if (!has(LATE))
            fence_submit(fences[i]);
    }
}

VkResult mixed_act(void)
{
    pthread_t other;
    VkResult result;
    if (pthread_create(&other, NULL, come_soon, NULL))
        abort();
    result = vk.WaitForFences(world.device, has(WITH_IMPORT) ? PLAIN + 1 : PLAIN, fences, has(EVERY), UINT64_MAX);
    // Not by the layer's calls, which are still counted.
    if (result == VK_SUCCESS && has(ENDS))
        CHECK((int)fake_find()->queue_pending(world.queue) == PLAIN - ending());
    if (result == VK_SUCCESS && has(WITH_IMPORT) && (has(EVERY) || !has(ENDS)))
        CHECK(kernel_value(&object) == 1);
    pthread_join(other, NULL);
    return result;
}

void mixed_refused(void)
{
    for (int i = 0; i < PLAIN; i++)
        fence_expect(fences[i], i < ending());
    fence_expect(fences[PLAIN], kernel_value(&object) == 1);
}

void mixed_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    mixed_refused();
}

void mixed_tidy(void)
{
    fake_find()->queue_release(world.queue);
    CHECK(vk.QueueWaitIdle(world.queue) == VK_SUCCESS);
    for (int i = 0; i < PLAIN; i++)
        fence_free(fences[i]);
    close_mixed();
}

// ---- one plain fence: what becomes of it does not depend on whether it gets stand-ins

static void use(void)
{
    const VkFence both[] = {fences[PLAIN], fences[0]};
    fence_expect(fences[0], false);
    for (int i = 0; i < 2; i++) {
        fence_submit(fences[0]);
        CHECK(vk.WaitForFences(world.device, 2, both, VK_FALSE, UINT64_MAX) == VK_SUCCESS);
        fence_expect(fences[0], true);
        fence_reset(fences[0]);
        fence_expect(fences[0], false);
    }
    CHECK(kernel_value(&object) == 0);
}

void mixed_create_arrange(void)
{
    open_mixed();
    fences[0] = POISON;
}

VkResult mixed_create_act(void)
{
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    return vk.CreateFence(world.device, &info, NULL, &fences[0]);
}

void mixed_create_refused(void)
{
    CHECK(fences[0] == POISON);
}

void mixed_create_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    use();
}

// From before the device gave stand-ins.
void mixed_reset_arrange(void)
{
    kernel_make(&object, true, false, 0);
    fences[PLAIN] = fence_new();
    CHECK(import_by_handle(fences[PLAIN], object.handle, 0, 1) == VK_SUCCESS);
    fences[0] = fence_new();
    fence_submit(fences[0]);
    make_mixed();
    CHECK(fence_wait(fences[0], UINT64_MAX) == VK_SUCCESS);
}

VkResult mixed_reset_act(void)
{
    return vk.ResetFences(world.device, 1, fences);
}

void mixed_reset_refused(void)
{
    fence_expect(fences[0], true);
}

void mixed_reset_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    use();
}

void mixed_submit_arrange(void)
{
    open_mixed();
    fences[0] = fence_new();
}

VkResult mixed_submit_act(void)
{
    return vk.QueueSubmit(world.queue, 0, NULL, fences[0]);
}

void mixed_submit_refused(void)
{
    CHECK(vk.QueueWaitIdle(world.queue) == VK_SUCCESS);
    fence_expect(fences[0], false);
}

void mixed_submit_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    CHECK(fence_wait(fences[0], UINT64_MAX) == VK_SUCCESS);
    fence_reset(fences[0]);
    use();
}

void mixed_one_tidy(void)
{
    fence_free(fences[0]);
    close_mixed();
}

// ---- the end of the device, with lanes that have watched

void mixed_end_arrange(void)
{
    open_mixed();
    fences[0] = fence_new();
    use();
}

VkResult mixed_end_act(void)
{
    fence_free(fences[0]);
    close_mixed();
    CHECK(vk.DeviceWaitIdle(world.device) == VK_SUCCESS);
    vk.DestroyDevice(world.device, NULL);
    world.device = VK_NULL_HANDLE;
    return VK_SUCCESS;
}
