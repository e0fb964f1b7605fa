// SPDX-License-Identifier: Apache-2.0
/*
 * Waits, that end with their time or by a signal from another thread while they last. None may
 * succeed before its value is there, none may end before its time, and none may hang.
 */
#include <pthread.h>
#include <stdlib.h>

#include "paths.h"

enum { OBJECTS = 4, MOST = 280, TIMEOUT_MS = 20 };

static struct kernel_fence objects[OBJECTS];
static VkFence fences[MOST];
static uint32_t count;

static bool has(int bit)
{
    return (path->argument & bit) != 0;
}

static bool is_plain(uint32_t i)
{
    return has(MIXED) && i % 2 == 0;
}

void wait_arrange(void)
{
    count = has(MANY) ? MOST : has(ONE) ? 1 : 8;
    for (unsigned i = 0; i < OBJECTS; i++)
        kernel_make(&objects[i], i % 2, false, 0);
    for (uint32_t i = 0; i < count; i++) {
        // A plain fence is for a wait-all to have, and for a wait-any to be held up by.
        fences[i] = is_plain(i) && has(ALL) ? fence_new_signalled() : fence_new();
        if (!is_plain(i))
            CHECK(import_by_handle(fences[i], objects[i % OBJECTS].handle, 0, 1) == VK_SUCCESS);
    }
}

// Not all at once: a wait-all has to go on waiting.
static void *signal_soon(void *context)
{
    (void)context;
    os_sleep_ms(4);
    for (unsigned i = has(ALL) || has(ONE) ? 0 : OBJECTS - 1; i < OBJECTS; i++)
        kernel_signal(&objects[i], 1);
    return NULL;
}

static bool reached(uint32_t i)
{
    return is_plain(i) ? has(ALL) : kernel_value(&objects[i % OBJECTS]) >= 1;
}

static bool all_reached(void)
{
    for (uint32_t i = 0; i < count; i++)
        if (!reached(i))
            return false;
    return true;
}

static bool any_reached(void)
{
    for (uint32_t i = 0; i < count; i++)
        if (reached(i))
            return true;
    return false;
}

VkResult wait_act(void)
{
    const uint64_t start_ns = os_now_ns();
    pthread_t signaller;
    VkResult result;
    if (!has(TIMEOUT) && pthread_create(&signaller, NULL, signal_soon, NULL))
        abort();
    result = vk.WaitForFences(world.device, count, fences, has(ALL),
                              has(TIMEOUT) ? TIMEOUT_MS * MS : UINT64_MAX);
    if (result == VK_SUCCESS)
        CHECK(has(ALL) ? all_reached() : any_reached());
    if (result == VK_TIMEOUT)
        CHECK(has(TIMEOUT) && os_now_ns() - start_ns >= TIMEOUT_MS * MS);
    if (!has(TIMEOUT))
        pthread_join(signaller, NULL);
    return result;
}

void wait_refused(void)
{
    for (uint32_t i = 0; i < count; i++)
        fence_expect(fences[i], reached(i));
}

void wait_done(VkResult result)
{
    CHECK(result == (has(TIMEOUT) ? VK_TIMEOUT : VK_SUCCESS));
    wait_refused();
}

void wait_tidy(void)
{
    for (uint32_t i = 0; i < count; i++)
        fence_free(fences[i]);
    for (unsigned i = 0; i < OBJECTS; i++)
        kernel_destroy(&objects[i]);
}
