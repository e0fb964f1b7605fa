// SPDX-License-Identifier: Apache-2.0
/*
 * What imports cost, and what they leave: 4,096 of as many objects and of one object. The argument
 * is the layer's file.
 *
 * What stays until the device goes, and no longer: records of fences, 64 to a block, for as many as
 * there ever were at once, and the tables that they are found by, of which a second one of the size
 * comes with the second round. After that comes nothing new.
 */
#include <stdio.h>
#include <string.h>

#include "../layer/vulkan.h"
#include "base/os/os.h"
#include "counts.h"

enum { MANY = 4096, RECORDS_IN_BLOCK = 64, TABLES = 16 };

static VkFence fences[MANY];
static bool own_pages; // the layer maps objects itself, and not what stands for the kernel

static void make_fences(void)
{
    for (unsigned i = 0; i < MANY; i++)
        fences[i] = fence_new();
}

static void free_fences(void)
{
    for (unsigned i = 0; i < MANY; i++)
        fence_free(fences[i]);
}

static void import(VkFence fence, const struct kernel_fence *object, bool temporary)
{
    assert_int_equal(import_by_handle(fence, object->handle,
                                      temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0, 0),
                     VK_SUCCESS);
}

// The maker keeps none, so that what is there is the layer's.
static void import_many_objects(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        struct kernel_fence object;
        kernel_make(&object, i % 2, false, 0);
        import(fences[i], &object, i % 3 == 0);
        kernel_destroy(&object);
        if (i % 1024 == 0)
            messages_clear();
    }
}

// No more memory than 4,096 records take, tables to find them by, and nothing else.
static struct counts pools(void)
{
    return (struct counts){.handles = COUNTS_SLACK,
                           .blocks = MANY / RECORDS_IN_BLOCK + TABLES};
}

static void many_objects(void **state)
{
    const unsigned rounds = counts_exact ? 3 : 2;
    struct counts before, empty, pooled;
    (void)state;
    empty = counts_now();
    for (unsigned round = 0; round < rounds; round++) {
        make_fences();
        before = counts_now();
        import_many_objects();
        counts_settle(before,
                      (struct counts){.handles = 2 * MANY, .pages = MANY, .blocks = 16 * MANY,
                                      .mappings = own_pages ? MANY : 0},
                      "with 4,096 objects");
        if (own_pages)
            assert_in_range(counts_now().pages - before.pages, MANY, MANY); // the count counts
        free_fences();
        if (round < rounds - 1) {
            counts_settle(empty, pools(), "after 4,096 objects");
            pooled = counts_now();
            printf("of 4,096 imports stay with the device: %ld blocks\n",
                   pooled.blocks - empty.blocks);
        }
        counts_same(pooled, "after 4,096 objects again");
    }
}

static void one_object(void **state)
{
    struct kernel_fence object;
    struct counts before;
    (void)state;
    make_fences();
    kernel_make(&object, true, false, 0);
    before = counts_now();
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < MANY; i++)
            import(fences[i], &object, i % 2);
        messages_clear();
        // One mapping and two descriptors; each import has its payload.
        counts_settle(before,
                      (struct counts){.handles = 2 + COUNTS_SLACK, .pages = 1, .mappings = 1,
                                      .blocks = 8 * MANY},
                      "with 4,096 imports of one object");
    }
    free_fences();
    make_fences();
    counts_settle(before, pools(), "after 4,096 imports of one object");
    free_fences();
    kernel_destroy(&object);
}

static void one_fence(void **state)
{
    struct kernel_fence object;
    const VkFence fence = fence_new();
    struct counts before;
    (void)state;
    kernel_make(&object, true, true, 0);
    import(fence, &object, true);
    import(fence, &object, false);
    before = counts_now();
    for (unsigned i = 1; i <= MANY; i++) {
        if (i % 64 == 0)
            assert_int_equal(import_by_name(fence, object.name, 0, i), VK_SUCCESS);
        else
            import(fence, &object, i % 2);
        if (i % 1024 == 0)
            messages_clear();
        if (i % 3 == 0)
            fence_reset(fence);
    }
    // The payload that is temporary now came on top of the permanent one.
    counts_settle(before, (struct counts){.handles = COUNTS_SLACK, .blocks = 4}, "after 4,096 imports into one fence");
    fence_free(fence);
    counts_same(before, "after the end of the fence");
    kernel_destroy(&object);
}

/* The thread of the queue, and a record for each submission that it had not put away yet when the next one came. It may
 * be late by as many as it likes, so it is waited for every now and then. */
static void submissions(void **state)
{
    enum { LATE = 64 };
    const struct counts stays = {.handles = COUNTS_SLACK, .threads = 1, .blocks = 2 * LATE + 16};
    struct kernel_fence object;
    const VkFence fence = fence_new();
    struct counts before;
    (void)state;
    kernel_make(&object, true, false, 0);
    import(fence, &object, false);
    before = counts_now();
    for (unsigned i = 1; i <= MANY; i++) {
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_reset(fence);
        if (i % LATE == 0)
            counts_settle(before, stays, "after submissions");
    }
    assert_true(kernel_value(&object) == MANY);
    counts_settle(before, stays, "after 4,096 submissions");
    fence_free(fence);
    kernel_destroy(&object);
}

/* Waits in vain, long and short. Nobody can take back what a kernel was asked to watch: it asks for
 * no more than a few times for each object, and the end of the object ends it. */
static void waits(void **state)
{
    enum { WAITS = 1024, LIST = 256, ASKED = 16 };
    const struct counts pending = {.handles = own_pages ? COUNTS_SLACK : LIST * ASKED};
    struct kernel_fence object;
    struct counts before, begun = {0};
    (void)state;
    before = counts_now();
    kernel_make(&object, true, false, 0);
    for (unsigned i = 0; i < LIST; i++)
        import(fences[i] = fence_new(), &object, false);
    for (unsigned i = 0; i < WAITS; i++) {
        if (i == 8)
            begun = counts_now();
        assert_int_equal(
            vk.WaitForFences(world.device, i % LIST + 1, fences, i % 2, i % 5 * 10000), VK_TIMEOUT);
    }
    counts_settle(begun, pending, "after 1,024 waits");
    for (unsigned i = 0; i < LIST; i++)
        fence_free(fences[i]);
    kernel_destroy(&object);
    counts_settle(before, (struct counts){.handles = 1 + COUNTS_SLACK}, "after the end of the fences");
}

static struct counts without_device;

/* After the device nothing is left but what the process has once: the thread of asynchronous waits
 * with its record, an event, the thread that serves the peer's names, and a sanitizer's. */
static int teardown(void **state)
{
    const struct counts allowed = {.handles = counts_exact ? 4 : 64, .threads = 3, .blocks = 1};
    messages_clear();
    vk.DestroyDevice(world.device, NULL);
    instance_close();
    kernel_close();
    counts_settle(without_device, allowed, "after the device");
    (void)state;
    return 0;
}

static int setup(void **state)
{
    without_device = counts_now();
    return world_setup(state);
}

int main(int argc, char **argv)
{
    char rungs[64];
    if (argc != 2)
        return 1;
    own_pages = ntf_os_getenv("NTFENCE_RUNGS", rungs, sizeof rungs) <= 0;
    raise_limit();
    counts_follow(argv[1]);
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(many_objects), WORLD_TEST(one_object), WORLD_TEST(one_fence),
        WORLD_TEST(submissions),  WORLD_TEST(waits),
    };
    return ntf_test_run("resources-imports", tests, NTF_COUNT(tests), setup, teardown);
}
