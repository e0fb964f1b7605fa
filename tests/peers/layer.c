/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same peers and the same input, as an application meets them: through the loader and the
 * layer. Import, status, reset, submission and destruction come back, finite waits end; the times
 * are printed, and the watchdog judges. What is refused is refused with its reason and leaves the
 * fence as it was.
 */
#include "attack.h"
#include "inputs.h"
#include "vulkan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *what;
    uint64_t took_ns;
} slowest;

static void note(const char *what, uint64_t begin_ns)
{
    const uint64_t took_ns = os_now_ns() - begin_ns;

    if (took_ns > slowest.took_ns) {
        slowest.took_ns = took_ns;
        slowest.what = what;
    }
}

static void attack_with(struct ntf_child *child, unsigned attack)
{
    ntf_child_send(child, "%u", attack);
    ntf_child_expect(child, "done");
}

/* Everything that an application may do with an imported fence, none of which may hang or fail. */
static void use(VkFence fence, ntf_handle handle, unsigned i)
{
    uint64_t begin = os_now_ns();
    VkResult result = import_by_handle(fence, handle, i % 2 ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0,
                                       i % 3 ? i : UINT64_MAX);

    assert_true(result == VK_SUCCESS || result == VK_ERROR_INVALID_EXTERNAL_HANDLE);
    note("an import", begin);
    begin = os_now_ns();
    result = fence_status(fence);
    assert_true(result == VK_SUCCESS || result == VK_NOT_READY);
    note("a status", begin);
    begin = os_now_ns();
    result = fence_wait(fence, i % 5 * MS);
    assert_true(result == VK_SUCCESS || result == VK_TIMEOUT);
    note("a wait of up to 4 ms", begin);
    begin = os_now_ns();
    fence_reset(fence);
    note("a reset", begin);
    begin = os_now_ns();
    fence_submit(fence);
    assert_int_equal(vk.QueueWaitIdle(world.queue), VK_SUCCESS);
    note("a submission", begin);
    begin = os_now_ns();
    result = fence_wait(fence, 2 * MS);
    assert_true(result == VK_SUCCESS || result == VK_TIMEOUT);
    note("a wait of up to 2 ms", begin);
    begin = os_now_ns();
    fence_reset(fence);
    note("a reset", begin);
}

static void suffer(unsigned attack)
{
    struct ntf_child *child = ntf_child_start("thug", NULL);
    struct kernel_fence object;
    uint64_t begin;

    slowest.took_ns = 0;
    kernel_make(&object, attack % 2, false, 0);
    ntf_child_send(child, "%" PRIu64, ntf_child_give_handle(child, (uintptr_t)object.handle));
    attack_with(child, ATTACKS);
    for (unsigned i = 0; i < 20; i++) {
        VkFence fence = fence_new();
        if (i % 5 == 0) {
            attack_with(child, ATTACKS); /* with its header as it should be */
            assert_int_equal(import_by_handle(fence, object.handle, 0, 1), VK_SUCCESS);
            attack_with(child, attack);
        }
        use(fence, object.handle, i);
        begin = os_now_ns();
        fence_free(fence);
        note("a destruction", begin);
    }
    printf("%s: the longest was %s, %.3f s\n", attack_names[attack], slowest.what,
           (double)slowest.took_ns / 1e9);
    ntf_child_kill(child);
    assert_int_equal(ntf_child_wait(child), -1);
    kernel_destroy(&object);
}

/* Another imported fence and a plain one, meanwhile and afterwards: as if nothing were. */
static void hostile_pages(void **state)
{
    VkFence innocent = fence_new(), plain = fence_new();
    struct kernel_fence object;

    (void)state;
    kernel_make(&object, true, false, 77);
    assert_int_equal(import_by_handle(innocent, object.handle, 0, 78), VK_SUCCESS);
    for (unsigned attack = 0; attack < ATTACKS; attack++) {
        ntf_test_watchdog(60);
        suffer(attack);
        fence_expect(innocent, false);
        fence_expect(plain, false);
        assert_int_equal(kernel_value(&object), 77);
    }
    kernel_signal(&object, 78);
    fence_expect(innocent, true);
    fence_submit(plain);
    assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
    fence_free(innocent);
    fence_free(plain);
    kernel_destroy(&object);
}

/* ---- bad input ---- */

static void refuse(const struct input *input, const struct given *given, VkFence fence,
                   VkFenceImportFlags flags)
{
    const uint64_t begin = os_now_ns();
    const VkResult result = given->handle ? import_by_handle(fence, given->handle, flags, 2)
                                          : import_by_name(fence, given->name, flags, 2);

    assert_int_equal(result, VK_ERROR_INVALID_EXTERNAL_HANDLE);
    if (messages_of(input->answer->reason) != 1 ||
        !strstr(messages_last(input->answer->reason), input->detail))
        fail_msg("%s: expected %s once, with '%s'; it came %u times: %s", input->what,
                 input->answer->reason, input->detail, messages_of(input->answer->reason),
                 messages_last(input->answer->reason));
    messages_clear();
    if (os_now_ns() - begin > 500 * MS)
        printf("%s: %.3f s\n", input->what, (double)(os_now_ns() - begin) / 1e9);
}

static void refuse_on_each(const struct input *input, VkFence plain, VkFence imported,
                           struct kernel_fence *object)
{
    struct given given = {0};
    const uint64_t value = kernel_value(object);

    if (!input->make(&given, input->argument)) {
        printf("%s: not to be had here\n", input->what);
        return;
    }
    ntf_test_watchdog(60);
    messages_clear();
    refuse(input, &given, plain, VK_FENCE_IMPORT_TEMPORARY_BIT);
    refuse(input, &given, imported, 0);
    if (given.handle)
        assert_true(inputs_live(given.handle));
    if (input->drop)
        input->drop(&given);
    if (given.handle)
        inputs_close(given.handle);
    /* Both are as they were: one is the driver's, the other stands for the next value of its
     * object. */
    fence_expect(plain, false);
    fence_submit(plain);
    assert_int_equal(fence_wait(plain, UINT64_MAX), VK_SUCCESS);
    fence_reset(plain);
    assert_int_equal(kernel_value(object), value);
    fence_expect(imported, false);
    kernel_signal(object, value + 1);
    fence_expect(imported, true);
    fence_reset(imported);
}

static void bad_input(void **state)
{
    VkFence plain = fence_new(), imported = fence_new();
    struct kernel_fence object;

    (void)state;
    kernel_make(&object, false, false, 0);
    assert_int_equal(import_by_handle(imported, object.handle, 0, 1), VK_SUCCESS);
    for (unsigned i = 0; i < inputs_count(); i++)
        refuse_on_each(inputs_get(i), plain, imported, &object);
    fence_free(plain);
    fence_free(imported);
    kernel_destroy(&object);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {WORLD_TEST(hostile_pages), WORLD_TEST(bad_input)};

    if (ntf_test_role(argc, argv))
        return attack_child();
    return ntf_test_run("peers-layer", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
