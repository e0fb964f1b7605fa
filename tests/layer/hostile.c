// SPDX-License-Identifier: Apache-2.0
/*
 * An imported fence whose value another process writes to as it likes, past every call: all ones, backwards, up and
 * down around the target, and below it, without a pause. Waits through Vulkan end at their deadlines and not before,
 * what cannot be reached is not told, nothing crashes or hangs; and when the peer calms down, the fence works as
 * before.
 */
#include "vulkan.h"

#include "base/os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET = 1000, TURNS = 30 };

enum attack { BELOW, BACKWARDS, ALL_ONES, FLICKER, AROUND, ATTACKS };
static const char *const names[] = {"below", "backwards", "all ones", "all ones and nothing", "around the target"};
static const bool can_reach[] = {false, false, true, true, true}, can_miss[] = {true, true, false, true, true};

// ---- the peer

static struct {
    struct kernel_fence fence;
    ntf_au32 attack; // ATTACKS: none
    ntf_au32 calm;   // the thread has seen that
    ntf_au64 writes;
} peer;

static uint64_t written(uint32_t attack, uint64_t turn)
{
    switch (attack) {
    case BELOW:
        return turn * UINT64_C(2654435761) % TARGET;
    case BACKWARDS:
        return TARGET - 1 - turn % TARGET;
    case ALL_ONES:
        return UINT64_MAX;
    case FLICKER:
        return turn % 2 ? UINT64_MAX : 0;
    default:
        return TARGET - 1 + turn % 3;
    }
}

static void write_on(void *context)
{
    ntf_au64 *value = (ntf_au64 *)(uintptr_t)peer.fence.value;
    (void)context;
    for (uint64_t turn = 0;; turn++) {
        const uint32_t attack = ntf_load(&peer.attack, NTF_ACQUIRE);
        if (attack > ATTACKS)
            return;
        if (attack < ATTACKS) {
            ntf_store(value, written(attack, turn), NTF_SEQ_CST);
            ntf_fetch_add(&peer.writes, 1, NTF_RELEASE);
        } else {
            ntf_store(&peer.calm, 1, NTF_RELEASE);
            os_sleep_ms(0);
        }
    }
}

static void calm_down(void)
{
    ntf_store(&peer.attack, ATTACKS, NTF_RELEASE);
    ntf_store(&peer.calm, 0, NTF_SEQ_CST);
    while (!ntf_load(&peer.calm, NTF_ACQUIRE))
        os_sleep_ms(0);
    ntf_store((ntf_au64 *)(uintptr_t)peer.fence.value, 0, NTF_SEQ_CST);
}

// Lines: a number: that attack is under way when the answer comes. "calm": the value is 0 and stays so. "signal".
static int attacker(void)
{
    struct ntf_thread *thread;
    char line[NTF_LINE_MAX], name[64];
    kernel_open();
    kernel_make(&peer.fence, atoi(ntf_test_role_arg(0)), true, 0);
    for (size_t i = 0; i < NTF_COUNT(name); i++)
        name[i] = (char)peer.fence.name_units[i];
    ntf_init(&peer.attack, ATTACKS);
    if (ntf_thread_start(&thread, "attacker", write_on, NULL) != NTF_OK)
        return 1;
    ntf_parent_send("%s", name);
    while (ntf_parent_receive(line)) {
        if (strcmp(line, "calm") == 0) {
            calm_down();
        } else if (strcmp(line, "signal") == 0) {
            kernel_signal(&peer.fence, TARGET);
        } else {
            const uint64_t before = ntf_load(&peer.writes, NTF_ACQUIRE);
            ntf_store(&peer.attack, (uint32_t)atoi(line), NTF_RELEASE);
            while (ntf_load(&peer.writes, NTF_ACQUIRE) < before + 2)
                os_sleep_ms(0);
        }
        ntf_parent_send("done");
    }
    ntf_store(&peer.attack, ATTACKS + 1, NTF_RELEASE);
    ntf_thread_join(thread);
    kernel_destroy(&peer.fence);
    kernel_close();
    return 0;
}

static void tell(struct ntf_child *child, const char *line)
{
    ntf_child_send(child, "%s", line);
    ntf_child_expect(child, "done");
}

// ---- who suffers it

static struct victim {
    struct ntf_child *child;
    char16_t name[64];
    VkFence fence, never, always;
    unsigned told, missed;
} victim;

static void import(VkFence fence, VkFenceImportFlags flags)
{
    assert_int_equal(import_by_name(fence, victim.name, flags, TARGET), VK_SUCCESS);
}

// The attack decides which answers are possible.
static void judge(enum attack attack, bool success, bool failure)
{
    assert_true(success || failure);
    assert_true(success ? can_reach[attack] : can_miss[attack]);
    victim.told += success;
    victim.missed += failure;
}

static void wait_once(enum attack attack, const VkFence *fences, uint32_t count, VkBool32 all, uint64_t timeout_ns)
{
    const uint64_t begin_ns = ntf_os_now_ns();
    const VkResult result = vk.WaitForFences(world.device, count, fences, all, timeout_ns);
    judge(attack, result == VK_SUCCESS, result == VK_TIMEOUT);
    if (result == VK_TIMEOUT)
        assert_true(ntf_os_now_ns() - begin_ns >= timeout_ns);
}

static void suffer(enum attack attack)
{
    static const uint64_t timeouts_ns[] = {0, 1, 20000, 300000, 3 * MS};
    const VkFence any[] = {victim.never, victim.fence}, all[] = {victim.always, victim.fence};
    for (unsigned turn = 0; turn < TURNS; turn++) {
        const uint64_t timeout_ns = timeouts_ns[turn % NTF_COUNT(timeouts_ns)];
        VkFence other = fence_new();
        const VkResult status = fence_status(victim.fence);
        judge(attack, status == VK_SUCCESS, status == VK_NOT_READY);
        wait_once(attack, &victim.fence, 1, turn % 2, timeout_ns);
        wait_once(attack, any, 2, VK_FALSE, timeout_ns);
        wait_once(attack, all, 2, VK_TRUE, timeout_ns);
        import(other, turn % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0);
        wait_once(attack, &other, 1, VK_TRUE, timeout_ns);
        fence_free(other);
    }
    // Long enough to be asleep for most of it.
    wait_once(attack, &victim.fence, 1, VK_TRUE, 150 * MS);
}

static void wait_on(void *context)
{
    if (fence_wait(*(VkFence *)context, UINT64_MAX) != VK_SUCCESS)
        abort();
}

// A waiter without a deadline, from the attack until after it.
static void outlast(enum attack attack)
{
    struct ntf_thread *thread;
    VkFence patient = fence_new();
    char line[16];
    snprintf(line, sizeof line, "%u", (unsigned)attack);
    victim.told = victim.missed = 0;
    tell(victim.child, line);
    import(victim.fence, 0);
    import(patient, 0);
    assert_int_equal(ntf_thread_start(&thread, "waiter", wait_on, &patient), NTF_OK);
    suffer(attack);
    tell(victim.child, "calm");
    import(victim.fence, 0);
    fence_expect(victim.fence, false);
    assert_int_equal(fence_wait(victim.fence, MS), VK_TIMEOUT);
    tell(victim.child, "signal");
    assert_int_equal(fence_wait(victim.fence, UINT64_MAX), VK_SUCCESS);
    fence_expect(victim.fence, true);
    ntf_thread_join(thread);
    fence_free(patient);
    tell(victim.child, "calm");
    printf("%s: told %u times, missed %u\n", names[attack], victim.told, victim.missed);
}

static void attacked(bool native)
{
    char line[NTF_LINE_MAX];
    victim.child = ntf_child_start("attacker", native ? "1" : "0", NULL);
    assert_true(ntf_child_receive(victim.child, line));
    for (size_t i = 0; i < NTF_COUNT(victim.name); i++)
        victim.name[i] = i <= strlen(line) ? (char16_t)(unsigned char)line[i] : 0;
    victim.fence = fence_new();
    victim.never = fence_new();
    victim.always = fence_new();
    fence_submit(victim.always);
    assert_int_equal(fence_wait(victim.always, UINT64_MAX), VK_SUCCESS);
    for (enum attack attack = 0; attack < ATTACKS; attack++)
        outlast(attack);
    fence_free(victim.fence);
    fence_free(victim.never);
    fence_free(victim.always);
    assert_int_equal(ntf_child_wait(victim.child), 0);
}

static void native(void **state)
{
    (void)state;
    attacked(true);
}

static void monitored(void **state)
{
    (void)state;
    attacked(false);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {WORLD_TEST(native), WORLD_TEST(monitored)};
    if (ntf_test_role(argc, argv))
        return attacker();
    return ntf_test_run("layer-hostile", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
