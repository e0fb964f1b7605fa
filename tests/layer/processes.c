// SPDX-License-Identifier: Apache-2.0
// A fence that is signalled in one process wakes vkWaitForFences in another, and the other way round.
#include "vulkan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 300 };

// ---- the peers: D3DKMT alone, or Vulkan alone

// Makes two fences, tells their names, then signals k, and waits for the answer to it, for k = 1..ROUNDS.
static int producer(void)
{
    struct kernel_fence go, reply;
    char line[NTF_LINE_MAX], go_name[64], reply_name[64];
    kernel_open();
    kernel_make(&go, true, true, 0);
    kernel_make(&reply, false, true, 0);
    for (size_t i = 0; i < NTF_COUNT(go_name); i++) {
        go_name[i] = (char)go.name_units[i];
        reply_name[i] = (char)reply.name_units[i];
    }
    ntf_parent_send("%s %s", go_name, reply_name);
    if (!ntf_parent_receive(line))
        return 1;
    for (uint64_t k = 1; k <= ROUNDS; k++) {
        if (k % 16 == 0)
            os_sleep_ms(1);
        kernel_signal(&go, k);
        kernel_wait(&reply, k);
    }
    ntf_parent_send("done");
    if (!ntf_parent_receive(line))
        return 1;
    kernel_destroy(&go);
    kernel_destroy(&reply);
    return 0;
}

// Is given a handle, imports it, and waits for each value.
static int consumer(void)
{
    char line[NTF_LINE_MAX];
    VkFence fence;
    world_setup(NULL);
    fence = fence_new();
    ntf_parent_send("ready");
    if (!ntf_parent_receive(line))
        return 1;
    const ntf_handle handle = (ntf_handle)(uintptr_t)strtoull(line, NULL, 16);
    if (import_by_handle(fence, handle, 0, 1) != VK_SUCCESS)
        return 2;
    os_handle_close(handle);
    ntf_parent_send("imported");
    for (unsigned k = 1; k <= ROUNDS; k++) {
        if (fence_wait(fence, 30000 * MS) != VK_SUCCESS)
            return 3;
        ntf_parent_send("%u", k);
        if (!ntf_parent_receive(line))
            return 4;
        fence_reset(fence);
    }
    // The last one is ours to signal.
    fence_submit(fence);
    if (fence_wait(fence, UINT64_MAX) != VK_SUCCESS)
        return 5;
    ntf_parent_send("done");
    fence_free(fence);
    return world_teardown(NULL) ? 6 : 0;
}

// Makes a named fence and is never heard of again.
static int silent(void)
{
    struct kernel_fence object;
    char line[NTF_LINE_MAX], name[64];
    kernel_open();
    kernel_make(&object, true, true, 0);
    for (size_t i = 0; i < NTF_COUNT(name); i++)
        name[i] = (char)object.name_units[i];
    ntf_parent_send("%s", name);
    while (ntf_parent_receive(line))
        ;
    return 0;
}

// ---- the tests

static void widen(char16_t units[64], const char *text)
{
    for (size_t i = 0; i < 64; i++) {
        units[i] = (char16_t)(unsigned char)*text;
        text += *text != '\0';
    }
}

static void by_name(void **state)
{
    struct ntf_child *child = ntf_child_start("producer", NULL);
    char line[NTF_LINE_MAX], go_text[64], reply_text[64];
    char16_t go_name[64], reply_name[64];
    VkFence go = fence_new(), reply = fence_new();
    (void)state;
    assert_true(ntf_child_receive(child, line));
    assert_int_equal(sscanf(line, "%63s %63s", go_text, reply_text), 2);
    widen(go_name, go_text);
    widen(reply_name, reply_text);
    assert_int_equal(import_by_name(reply, reply_name, 0, 1), VK_SUCCESS);
    ntf_child_send(child, "go");
    for (uint64_t k = 1; k <= ROUNDS; k++) {
        // A new import for each value, temporary and permanent in turns.
        assert_int_equal(import_by_name(go, go_name, k % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0, k), VK_SUCCESS);
        assert_int_equal(fence_wait(go, 30000 * MS), VK_SUCCESS);
        fence_reset(go);
        fence_submit(reply);
        assert_int_equal(fence_wait(reply, 30000 * MS), VK_SUCCESS);
        fence_reset(reply);
    }
    ntf_child_expect(child, "done");
    ntf_child_send(child, "end");
    assert_int_equal(ntf_child_wait(child), 0);
    fence_free(go);
    fence_free(reply);
}

static void by_handle(void **state)
{
    struct ntf_child *child = ntf_child_start("consumer", NULL);
    struct kernel_fence object;
    char line[NTF_LINE_MAX];
    (void)state;
    kernel_make(&object, true, false, 0);
    ntf_child_expect(child, "ready");
    const uint64_t value = ntf_child_give_handle(child, (uintptr_t)object.handle);
    ntf_child_send(child, "%" PRIx64, value);
    ntf_child_expect(child, "imported");
    kernel_close_handle(&object);
    for (unsigned k = 1; k <= ROUNDS; k++) {
        char expected[16];
        if (k % 16 == 0)
            os_sleep_ms(1);
        kernel_signal(&object, k);
        snprintf(expected, sizeof expected, "%u", k);
        ntf_child_expect(child, expected);
        ntf_child_send(child, "next");
    }
    ntf_child_expect(child, "done");
    assert_int_equal(ntf_child_wait(child), 0);
    assert_int_equal(kernel_value(&object), ROUNDS + 1);
    (void)line;
    kernel_destroy(&object);
}

// A peer that dies without a word: waits still end when they should, and the fence can be used for something else.
static void killed_peer(void **state)
{
    struct ntf_child *child = ntf_child_start("silent", NULL);
    char line[NTF_LINE_MAX];
    char16_t name[64];
    VkFence fence = fence_new();
    (void)state;
    assert_true(ntf_child_receive(child, line));
    widen(name, line);
    assert_int_equal(import_by_name(fence, name, 0, 1), VK_SUCCESS);
    ntf_child_kill(child);
    ntf_child_wait(child);
    assert_int_equal(fence_wait(fence, 20 * MS), VK_TIMEOUT);
    assert_int_equal(import_by_name(fence, name, 0, 1), VK_ERROR_INVALID_EXTERNAL_HANDLE);
    assert_int_equal(messages_of("NTF-IMPORT-003"), 1);
    // The object lives on in us.
    fence_submit(fence);
    assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
    fence_free(fence);
}

// A server that does not answer: no such name, within two seconds. (Where names need no server, it is found.)
static void frozen_peer(void **state)
{
    struct ntf_child *child = ntf_child_start("silent", NULL);
    char line[NTF_LINE_MAX];
    char16_t name[64];
    VkFence fence = fence_new();
    (void)state;
    assert_true(ntf_child_receive(child, line));
    widen(name, line);
    const bool frozen = os_freeze(ntf_child_pid(child));
    const uint64_t start_ns = os_now_ns();
    const VkResult result = import_by_name(fence, name, 0, 1);
    const uint64_t took_ns = os_now_ns() - start_ns;
    if (frozen) {
        assert_int_equal(result, VK_ERROR_INVALID_EXTERNAL_HANDLE);
        assert_int_equal(messages_of("NTF-IMPORT-003"), 1);
        assert_in_range(took_ns, 1000 * MS, 30000 * MS);
        fence_expect(fence, false);
    } else {
        assert_int_equal(result, VK_SUCCESS);
    }
    ntf_child_kill(child);
    ntf_child_wait(child);
    fence_free(fence);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(by_name), WORLD_TEST(by_handle), WORLD_TEST(killed_peer), WORLD_TEST(frozen_peer),
    };
    const char *role = ntf_test_role(argc, argv);
    if (role)
        return strcmp(role, "producer") == 0 ? producer() : strcmp(role, "consumer") == 0 ? consumer() : silent();
    return ntf_test_run("layer-processes", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
