// SPDX-License-Identifier: Apache-2.0
/*
 * Acquires, presents and mixed waits, thousands of them, over the fake driver. The argument is the layer's file.
 *
 * What stays with the device: the threads of loose lanes, NTF_BRIDGE_LOOSE_LANES at the most, and as many fences of the
 * layer's own as there ever were in use at once. With the device they go.
 */
#include <stdio.h>

#include "../commands/rig.h"
#include "counts.h"
#include "fence/bridge.h"

enum { WARM = 20, PLAIN = 20 };

static uint32_t many;
static struct kernel_fence object;
static VkFence fence;
static struct counts without_device;

// Fences of the driver's that are not the application's.
static long pooled(long own)
{
    return (long)fake->fences_live(world.device) - own;
}

static void expect_pooled_at_most(long own, long most)
{
    long now = pooled(own);
    for (int ms = 0; now > most && ms < 5000; ms++) { // what a lane's thread still holds
        os_sleep_ms(1);
        now = pooled(own);
    }
    printf("%ld fences of the layer's own\n", now);
    assert_in_range(now, 0, most);
}

// lanes: how many threads may be made on the way, whenever those that there are have something to do. Each comes with a
// block for itself, for its thread, for a fence of its own and for what it holds at the moment.
static void repeat(uint32_t rounds, void (*one)(uint32_t i), long lanes, const char *what)
{
    struct counts before = {0};
    for (uint32_t i = 0; i < rounds; i++) {
        if (i == WARM)
            before = counts_now();
        one(i);
    }
    counts_settle(before, (struct counts){.handles = COUNTS_SLACK, .blocks = 4 * lanes, .threads = lanes}, what);
}

static void use_import(void)
{
    kernel_make(&object, true, false, 0);
    fence = imported(&object, 0, 1);
}

static void drop_import(void)
{
    fence_free(fence);
    kernel_destroy(&object);
}

// ---- acquires

static VkSwapchainKHR swapchain;

static void one_acquire(uint32_t i)
{
    assert_int_equal(acquire(swapchain, fence, i % 2), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_reset(fence);
}

static void acquires(void **state)
{
    (void)state;
    use_import();
    swapchain = swapchain_new();
    repeat(many, one_acquire, 0, "after the acquires");
    expect_pooled_at_most(1, 2);
    assert_true(kernel_value(&object) == 0);
    swapchain_free(swapchain);
    drop_import();
}

// ---- presents

static void one_present(uint32_t i)
{
    assert_int_equal(present(swapchain, fence), VK_SUCCESS);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    assert_true(kernel_value(&object) == i + 1);
    fence_reset(fence);
}

static void presents(void **state)
{
    const struct counts before = counts_now();
    (void)state;
    use_import();
    swapchain = swapchain_new();
    repeat(many, one_present, NTF_BRIDGE_LOOSE_LANES, "after the presents");
    expect_pooled_at_most(1, 2 * NTF_BRIDGE_LOOSE_LANES);
    assert_in_range(counts_now().threads - before.threads, 0, NTF_BRIDGE_LOOSE_LANES);
    swapchain_free(swapchain);
    drop_import();
}

// ---- mixed waits: each looks in vain, so that all of the plain fences are watched by threads of the layer

static VkFence list[PLAIN + 1];

static void one_mixed(uint32_t i)
{
    list[PLAIN] = fence;
    fake->queue_hold(world.queue);
    for (int k = 0; k < PLAIN; k++)
        fence_submit(list[k]);
    assert_int_equal(wait_for(PLAIN + 1, list, VK_FALSE, 1), VK_TIMEOUT);
    fake->queue_step(world.queue, 1 + i % PLAIN);
    assert_int_equal(wait_for(PLAIN + 1, list, VK_FALSE, UINT64_MAX), VK_SUCCESS);
    fake->queue_release(world.queue);
    assert_int_equal(wait_for(PLAIN, list, VK_TRUE, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(vk.ResetFences(world.device, PLAIN, list), VK_SUCCESS);
}

// The device gives stand-ins from the first mixed wait-any on that blocks, and so looks at the plain fence twice.
static void make_mixed(void)
{
    const VkFence both[] = {fence, fence_new()};
    for (uint64_t timeout_ns = MS;; timeout_ns *= 2) {
        fake->calls_clear();
        assert_int_equal(wait_for(2, both, VK_FALSE, timeout_ns), VK_TIMEOUT);
        if (fake->calls("vkWaitForFences") > 1)
            break;
    }
    fence_free(both[1]);
}

static void mixed_waits(void **state)
{
    const struct counts before = counts_now();
    (void)state;
    use_import();
    make_mixed();
    for (int k = 0; k < PLAIN; k++)
        list[k] = fence_new();
    repeat(many / PLAIN, one_mixed, NTF_BRIDGE_LOOSE_LANES, "after the mixed waits");
    // Those of one round in the hands of each lane's thread, those of the next one, and of the one behind that.
    expect_pooled_at_most(PLAIN + 1, 3 * PLAIN + NTF_BRIDGE_LOOSE_LANES);
    assert_in_range(counts_now().threads - before.threads, 1, NTF_BRIDGE_LOOSE_LANES);
    fence_expect(fence, false);
    for (int k = 0; k < PLAIN; k++)
        fence_free(list[k]);
    drop_import();
}

// ---- each test has a device, which leaves nothing

static int setup(void **state)
{
    without_device = counts_now();
    return rig_setup(state);
}

static int teardown(void **state)
{
    const int result = rig_teardown(state);
    counts_same(without_device, "after the device");
    return result;
}
#define ROUNDS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

// What a process makes with its first device, and keeps.
static int open_once(void **state)
{
    if (rig_open(state) || rig_setup(state))
        return -1;
    use_import();
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    drop_import();
    return rig_teardown(state);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 1;
    many = counts_exact ? 10000 : 1000;
    counts_follow(argv[1]);
    static const struct CMUnitTest tests[] = {ROUNDS_TEST(acquires), ROUNDS_TEST(presents), ROUNDS_TEST(mixed_waits)};
    return ntf_test_run("resources-rounds", tests, NTF_COUNT(tests), open_once, rig_close);
}
