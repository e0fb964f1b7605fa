// SPDX-License-Identifier: Apache-2.0
/*
 * Keyed mutexes between processes, through Vulkan in each of them: turns at two keys, waits for two mutexes in opposite
 * orders, and owners that are killed. A deadlock would be a test that the watchdog ends.
 */
#include "peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os/os.h"

enum { TURNS = 200, ROUNDS = 150 };

static D3DKMT_HANDLE number_of(unsigned argument)
{
    return (D3DKMT_HANDLE)strtoul(ntf_test_role_arg(argument), NULL, 16);
}

static VkResult wait_for(uint32_t count, const VkFence *fences, bool all, uint64_t timeout_ns)
{
    return vk.WaitForFences(world.device, count, fences, all, timeout_ns);
}

static void import(VkFence fence, const struct peer_mutex *mutex, uint64_t acquire, uint64_t release)
{
    assert_int_equal(import_mutex(fence, mutex, &(struct keys){acquire, release}, TEMPORARY_IMPORT), VK_SUCCESS);
}

// ---- children: an assertion that fails ends them with another status

static int child_turns(void)
{
    struct peer_mutex mutex;
    peer_open();
    world_setup(NULL);
    VkFence fence = fence_new();
    peer_open_number(&mutex, number_of(0));
    ntf_parent_send("ready");
    for (unsigned i = 0; i < TURNS; i++) {
        import(fence, &mutex, 1, 0);
        if (fence_wait(fence, UINT64_MAX) != VK_SUCCESS)
            return 2;
        fence_reset(fence);
    }
    fence_free(fence);
    peer_destroy(&mutex);
    ntf_parent_send("done");
    return world_teardown(NULL) ? 3 : 0;
}

static int not_both(const struct peer_mutex mutexes[2])
{
    uint64_t value;
    for (unsigned i = 0; i < 2; i++)
        if (peer_try(&mutexes[i], 3, &value) != NTF_STATUS_TIMEOUT)
            return 3;
    return 0;
}

// Waits for all of both, in the order of the arguments; has both, then, and nobody else.
static int child_both(void)
{
    struct peer_mutex mutexes[2];
    peer_open();
    world_setup(NULL);
    VkFence fences[2] = {fence_new(), fence_new()};
    for (unsigned i = 0; i < 2; i++)
        peer_open_number(&mutexes[i], number_of(i));
    ntf_parent_send("ready");
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < 2; i++)
            import(fences[i], &mutexes[i], 3, 3);
        // Some give up at once, or soon.
        while (wait_for(2, fences, true, round % 3 ? UINT64_MAX : round % 2 * 100000) != VK_SUCCESS)
            ;
        if (not_both(mutexes))
            return 3;
        if (vk.ResetFences(world.device, 2, fences) != VK_SUCCESS)
            return 4;
    }
    for (unsigned i = 0; i < 2; i++) {
        fence_free(fences[i]);
        peer_destroy(&mutexes[i]);
    }
    ntf_parent_send("done");
    return world_teardown(NULL) ? 5 : 0;
}

// Takes the first and waits for the second; by D3DKMT alone it only takes the first.
static int child_owner(void)
{
    struct peer_mutex mutexes[2];
    char line[NTF_LINE_MAX];
    uint64_t value;
    peer_open();
    if (*ntf_test_role_arg(2) == 'd') {
        peer_open_number(&mutexes[0], number_of(0));
        if (peer_try(&mutexes[0], 3, &value) != NTF_STATUS_SUCCESS)
            return 2;
        ntf_parent_send("has it");
        return ntf_parent_receive(line) ? 3 : 4;
    }
    world_setup(NULL);
    for (unsigned i = 0; i < 2; i++) {
        VkFence fence = fence_new();
        peer_open_number(&mutexes[i], number_of(i));
        import(fence, &mutexes[i], 3, 3);
        if (i == 1)
            ntf_parent_send("has it");
        if (fence_wait(fence, UINT64_MAX) != VK_SUCCESS)
            return 5;
    }
    return 6;
}

// ---- tests

static struct ntf_child *start(const char *role, const struct peer_mutex *a, const struct peer_mutex *b, const char *by)
{
    char first[16], second[16];
    snprintf(first, sizeof first, "%x", (unsigned)a->global);
    snprintf(second, sizeof second, "%x", (unsigned)b->global);
    return ntf_child_start(role, first, second, by, NULL);
}

// Two processes pass it to each other, at two keys.
static void by_turns(void **state)
{
    struct peer_mutex mutex;
    VkFence fence = fence_new();
    (void)state;
    peer_make(&mutex, PEER_NUMBER, 0);
    struct ntf_child *child = start("turns", &mutex, &mutex, "");
    ntf_child_expect(child, "ready");
    for (unsigned i = 0; i < TURNS; i++) {
        import(fence, &mutex, 0, 1);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(fence_status(fence), VK_SUCCESS);
        fence_reset(fence);
    }
    ntf_child_expect(child, "done");
    assert_int_equal(ntf_child_wait(child), 0);
    expect_free_soon(&mutex, 0, 0);
    fence_free(fence);
    peer_destroy(&mutex);
}

// Two processes want the same two, one in the opposite order of the other, again and again.
static void opposite_orders(void **state)
{
    struct peer_mutex a, b;
    (void)state;
    peer_make(&a, PEER_NUMBER, 3);
    peer_make(&b, PEER_NUMBER, 3);
    struct ntf_child *first = start("both", &a, &b, ""), *second = start("both", &b, &a, "");
    ntf_child_expect(first, "ready");
    ntf_child_expect(second, "ready");
    ntf_child_expect(first, "done");
    ntf_child_expect(second, "done");
    assert_int_equal(ntf_child_wait(first), 0);
    assert_int_equal(ntf_child_wait(second), 0);
    expect_free(&a, 3, 0);
    expect_free(&b, 3, 0);
    peer_destroy(&a);
    peer_destroy(&b);
}

// Owners are killed, while a wait sleeps for what one of them has: it is abandoned, and that is found out and said.
// What he waited for is nobody's.
static void owners_are_killed(void **state)
{
    enum { HIS, WANTED, OTHER, MUTEXES };
    struct peer_mutex mutexes[MUTEXES];
    VkFence fences[MUTEXES];
    uint64_t value;
    (void)state;
    for (unsigned i = 0; i < MUTEXES; i++) {
        peer_make(&mutexes[i], PEER_NUMBER, 3);
        fences[i] = fence_new();
        import(fences[i], &mutexes[i], 3, 3);
    }
    assert_int_equal(peer_try(&mutexes[WANTED], 3, &value), NTF_STATUS_SUCCESS);
    struct ntf_child *vulkan = start("owner", &mutexes[HIS], &mutexes[WANTED], "v");
    struct ntf_child *d3dkmt = start("owner", &mutexes[OTHER], &mutexes[WANTED], "d");
    ntf_child_expect(vulkan, "has it");
    ntf_child_expect(d3dkmt, "has it");
    assert_int_equal(wait_for(2, fences, true, MS), VK_TIMEOUT);
    ntf_child_kill(vulkan);
    ntf_child_kill(d3dkmt);
    assert_int_equal(peer_give(&mutexes[WANTED], 3, 9), NTF_STATUS_SUCCESS);
    assert_int_equal(wait_for(2, fences, true, UINT64_MAX), VK_ERROR_UNKNOWN);
    assert_int_equal(fence_wait(fences[HIS], UINT64_MAX), VK_ERROR_UNKNOWN);
    assert_int_equal(messages_of("NTF-FENCE-008"), 1);
    ntf_child_wait(vulkan);
    ntf_child_wait(d3dkmt);
    assert_int_equal(wait_for(1, &fences[OTHER], false, UINT64_MAX), VK_ERROR_UNKNOWN);
    assert_int_equal(messages_of("NTF-FENCE-008"), 2);
    assert_int_equal(fence_wait(fences[WANTED], UINT64_MAX), VK_SUCCESS);
    fence_reset(fences[WANTED]);
    expect_free_soon(&mutexes[WANTED], 3, 9);
    for (unsigned i = 0; i < MUTEXES; i++) {
        fence_free(fences[i]);
        peer_destroy(&mutexes[i]);
    }
}

static int setup(void **state)
{
    peer_open();
    return world_setup(state);
}

static int teardown(void **state)
{
    const int result = world_teardown(state);
    peer_close();
    return result;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(by_turns),
        WORLD_TEST(opposite_orders),
        WORLD_TEST(owners_are_killed),
    };
    const char *role = ntf_test_role(argc, argv);

    if (!role)
        return ntf_test_run("keyed-peers", tests, NTF_COUNT(tests), setup, teardown);
    switch (*role) {
    case 't': return child_turns();
    case 'b': return child_both();
    default: return child_owner();
    }
}
