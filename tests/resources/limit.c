// SPDX-License-Identifier: Apache-2.0
/*
 * No descriptor left, then one, then two ...: imports say that memory has run out, leave nothing
 * behind, and work as soon as there is room.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../layer/vulkan.h"
#include "counts.h"

enum { LIMIT = 200, MOST_NEEDED = 8 };

static struct kernel_fence object;
static int fillers[LIMIT];
static unsigned filled;

// Takes every number that is left, but for as many as are to be free.
static void fill(unsigned but)
{
    struct rlimit limit;
    int fd;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = LIMIT;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (filled = 0; filled < LIMIT && (fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0;)
        fillers[filled++] = fd;
    assert_in_range(filled, but, LIMIT - 1);
    while (but-- > 0)
        close(fillers[--filled]);
}

static void unfill(void)
{
    while (filled > 0)
        close(fillers[--filled]);
    raise_limit();
}

// What is tried with ever more room.
static VkResult import_handle(VkFence fence)
{
    return import_by_handle(fence, object.handle, 0, 0);
}

static VkResult import_name(VkFence fence)
{
    return import_by_name(fence, object.name, 0, 0);
}

static void exhausted(VkResult (*import)(VkFence fence), void (*signal)(void))
{
    const VkFence fence = fence_new();
    struct counts before;
    unsigned room = 0;
    VkResult result;
    for (;; room++) {
        before = counts_now();
        messages_clear();
        fill(room);
        result = import(fence);
        unfill();
        if (result == VK_SUCCESS || room == MOST_NEEDED)
            break;
        assert_int_equal(result, VK_ERROR_OUT_OF_HOST_MEMORY);
        assert_int_equal(messages_of("NTF-IMPORT-010"), 1);
        counts_settle(before, (struct counts){.blocks = 4}, "after the refusal");
        fence_expect(fence, false);
    }
    printf("refused with room for up to %u descriptors\n", room - 1);
    assert_int_equal(result, VK_SUCCESS);
    assert_int_not_equal(room, 0);
    fence_expect(fence, false);
    signal();
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
    counts_settle(before, (struct counts){.blocks = 4}, "in the end");
}

static void signal_object(void)
{
    kernel_signal(&object, 1);
}

static void by_handle(void **state)
{
    (void)state;
    kernel_make(&object, true, false, 0);
    exhausted(import_handle, signal_object);
    kernel_destroy(&object);
}

// ---- the server of the name is another process: in this one it would want descriptors, too

static struct ntf_child *child;

static int child_main(void)
{
    struct kernel_fence mine;
    char line[NTF_LINE_MAX], name[NTF_COUNT(mine.name_units)];
    kernel_open();
    kernel_make(&mine, true, true, 0);
    for (unsigned i = 0; i < sizeof name; i++)
        name[i] = (char)mine.name_units[i];
    ntf_parent_send("%s", name);
    while (ntf_parent_receive(line))
        kernel_signal(&mine, 1);
    return 0;
}

static void signal_child(void)
{
    ntf_child_send(child, "signal");
}

static void by_name(void **state)
{
    char line[NTF_LINE_MAX];
    (void)state;
    child = ntf_child_start("server", NULL);
    assert_true(ntf_child_receive(child, line));
    for (unsigned i = 0; i <= strlen(line); i++)
        object.name_units[i] = (char16_t)line[i];
    object.name = object.name_units;
    exhausted(import_name, signal_child);
    assert_int_equal(ntf_child_wait(child), 0);
}

int main(int argc, char **argv)
{
    if (ntf_test_role(argc, argv))
        return child_main();
    if (argc != 2)
        return 1;
    counts_follow(argv[1]);
    static const struct CMUnitTest tests[] = {WORLD_TEST(by_handle), WORLD_TEST(by_name)};
    return ntf_test_run("resources-limit", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
