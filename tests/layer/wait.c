// SPDX-License-Identifier: Apache-2.0
// vkWaitForFences over imported and plain fences in any mixture.
#include "vulkan.h"

#include <string.h>

#include "base/os/os.h"

enum { MANY = 200 };

static VkResult wait_for(uint32_t count, const VkFence *fences, bool all, uint64_t timeout_ns)
{
    return vk.WaitForFences(world.device, count, fences, all, timeout_ns);
}

// Not earlier than asked for. (Never later cannot be promised on a busy machine.)
static void expect_timeout(uint32_t count, const VkFence *fences, bool all, uint64_t timeout_ns)
{
    const uint64_t start_ns = ntf_os_now_ns();
    assert_int_equal(wait_for(count, fences, all, timeout_ns), VK_TIMEOUT);
    assert_true(ntf_os_now_ns() - start_ns >= timeout_ns);
}

// ---- somebody who does a thing a little later

struct later {
    struct ntf_thread *thread;
    const struct kernel_fence *object; // NULL: release the stuck queue instead
    uint64_t value;
    unsigned ms;
    ntf_au32 done;
};

// (Not a submission: that and a wait on its fence in two threads would be invalid.)
static void later_body(void *context)
{
    struct later *later = context;
    os_sleep_ms(later->ms);
    ntf_store(&later->done, 1, NTF_RELEASE);
    if (later->object)
        kernel_signal(later->object, later->value);
    else
        stuck_release();
}

static void later_start(struct later *later)
{
    ntf_init(&later->done, 0);
    assert_int_equal(ntf_thread_start(&later->thread, "later", later_body, later), NTF_OK);
}

// After a wait has returned: it did not return before the thing was done.
static void later_end(struct later *later)
{
    const uint32_t done = ntf_load(&later->done, NTF_ACQUIRE);
    ntf_thread_join(later->thread);
    assert_int_equal(done, 1);
}

// ---- a set of imported fences

static struct kernel_fence objects[MANY];
static VkFence imported[MANY];

static void import_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        kernel_make(&objects[i], i % 2, false, 0);
        imported[i] = fence_new();
        assert_int_equal(import_by_handle(imported[i], objects[i].handle, 0, 1), VK_SUCCESS);
        kernel_close_handle(&objects[i]);
    }
}

static void free_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fence_free(imported[i]);
        kernel_destroy(&objects[i]);
    }
}

static void imported_only(unsigned count)
{
    import_many(count);
    for (int all = 0; all < 2; all++) {
        assert_int_equal(wait_for(count, imported, all, 0), VK_TIMEOUT);
        expect_timeout(count, imported, all, 15 * MS);
    }
    // Any: each of the first, the middle and the last alone is enough.
    const unsigned picks[] = {0, count / 2, count - 1};
    for (size_t i = 0; i < NTF_COUNT(picks); i++) {
        struct later later = {.object = &objects[picks[i]], .value = i + 1, .ms = 20};
        later_start(&later);
        assert_int_equal(wait_for(count, imported, false, UINT64_MAX), VK_SUCCESS);
        later_end(&later);
        assert_int_equal(wait_for(count, imported, false, 0), VK_SUCCESS);
        assert_int_equal(vk.ResetFences(world.device, 1, &imported[picks[i]]), VK_SUCCESS);
        assert_int_equal(wait_for(count, imported, false, 0), VK_TIMEOUT);
    }
    // All: the last one missing is enough to wait.
    for (unsigned i = 0; i + 1 < count; i++)
        kernel_signal(&objects[i], 10);
    expect_timeout(count, imported, true, 15 * MS);
    struct later later = {.object = &objects[count - 1], .value = 10, .ms = 20};
    later_start(&later);
    assert_int_equal(wait_for(count, imported, true, 60000 * MS), VK_SUCCESS);
    later_end(&later);
    assert_int_equal(wait_for(count, imported, true, 0), VK_SUCCESS);
    free_many(count);
}

static void one(void **state)
{
    (void)state;
    imported_only(2);
}

static void two_hundred(void **state)
{
    (void)state;
    imported_only(MANY);
}

// Any, mixed: whoever is signalled ends it; the plain one here was never submitted.
static void any_mixed(void **state)
{
    VkFence fences[3];
    (void)state;
    import_many(1);
    fences[0] = fence_new();
    fences[1] = imported[0];
    fences[2] = fence_new();
    assert_int_equal(wait_for(3, fences, false, 0), VK_TIMEOUT);
    expect_timeout(3, fences, false, 15 * MS);

    struct later signal = {.object = &objects[0], .value = 1, .ms = 20};
    later_start(&signal);
    assert_int_equal(wait_for(3, fences, false, UINT64_MAX), VK_SUCCESS);
    later_end(&signal);
    assert_int_equal(wait_for(3, fences, false, 0), VK_SUCCESS);
    fence_reset(fences[1]);
    assert_int_equal(wait_for(3, fences, false, 0), VK_TIMEOUT);

    struct later release = {.ms = 20};
    stuck_begin();
    fence_submit(fences[2]);
    later_start(&release);
    assert_int_equal(wait_for(3, fences, false, UINT64_MAX), VK_SUCCESS);
    later_end(&release);
    stuck_end();
    assert_int_equal(wait_for(3, fences, false, 0), VK_SUCCESS);
    assert_int_equal(fence_status(fences[1]), VK_NOT_READY);
    fence_free(fences[0]);
    fence_free(fences[2]);
    free_many(1);
}

// All, mixed: every one of either kind is waited for.
static void all_mixed(void **state)
{
    VkFence fences[4];
    (void)state;
    import_many(2);
    fences[0] = imported[0];
    fences[1] = fence_new_signalled();
    fences[2] = fence_new();
    fences[3] = imported[1];
    kernel_signal(&objects[0], 1);
    kernel_signal(&objects[1], 1);
    assert_int_equal(wait_for(4, fences, true, 0), VK_TIMEOUT);
    expect_timeout(4, fences, true, 15 * MS);
    struct later release = {.ms = 20};
    stuck_begin();
    fence_submit(fences[2]);
    assert_int_equal(wait_for(4, fences, true, 0), VK_TIMEOUT);
    later_start(&release);
    assert_int_equal(wait_for(4, fences, true, UINT64_MAX), VK_SUCCESS);
    later_end(&release);
    stuck_end();

    fence_reset(fences[3]);
    assert_int_equal(wait_for(4, fences, true, 0), VK_TIMEOUT);
    expect_timeout(4, fences, true, 15 * MS);
    struct later signal = {.object = &objects[1], .value = 2, .ms = 20};
    later_start(&signal);
    assert_int_equal(wait_for(4, fences, true, 60000 * MS), VK_SUCCESS);
    later_end(&signal);
    fence_free(fences[1]);
    fence_free(fences[2]);
    free_many(2);
}

// More than fit into what lies on the stack, of both kinds.
static void many_mixed(void **state)
{
    VkFence fences[2 * MANY];
    (void)state;
    import_many(MANY);
    for (unsigned i = 0; i < MANY; i++) {
        fences[2 * i] = imported[i];
        fences[2 * i + 1] = fence_new();
        fence_submit(fences[2 * i + 1]);
        kernel_signal(&objects[i], i + 1 < MANY ? 1 : 0);
    }
    expect_timeout(2 * MANY, fences, true, 15 * MS);
    struct later signal = {.object = &objects[MANY - 1], .value = 1, .ms = 20};
    later_start(&signal);
    assert_int_equal(wait_for(2 * MANY, fences, true, UINT64_MAX), VK_SUCCESS);
    later_end(&signal);
    assert_int_equal(vk.ResetFences(world.device, 2 * MANY, fences), VK_SUCCESS);
    expect_timeout(2 * MANY, fences, false, 15 * MS);
    kernel_signal(&objects[MANY / 2], 2);
    assert_int_equal(wait_for(2 * MANY, fences, false, UINT64_MAX), VK_SUCCESS);
    for (unsigned i = 0; i < MANY; i++)
        fence_free(fences[2 * i + 1]);
    free_many(MANY);
}

// A list may hold a fence twice.
static void twice(void **state)
{
    VkFence fences[4];
    (void)state;
    import_many(1);
    fences[0] = fences[1] = imported[0];
    fences[2] = fences[3] = fence_new_signalled();
    assert_int_equal(wait_for(2, fences, true, 0), VK_TIMEOUT);
    assert_int_equal(wait_for(2, fences, false, 0), VK_TIMEOUT);
    assert_int_equal(wait_for(4, fences, false, 0), VK_SUCCESS);
    struct later signal = {.object = &objects[0], .value = 1, .ms = 20};
    later_start(&signal);
    assert_int_equal(wait_for(4, fences, true, UINT64_MAX), VK_SUCCESS);
    later_end(&signal);
    assert_int_equal(wait_for(2, fences, false, 0), VK_SUCCESS);
    fence_free(fences[2]);
    free_many(1);
}

// Timeout 0 looks and never sleeps: the fastest of many is far below a slice.
static void zero_looks_once(void **state)
{
    VkFence fences[2];
    uint64_t fastest_ns = UINT64_MAX;
    (void)state;
    import_many(1);
    fences[0] = imported[0];
    fences[1] = fence_new();
    for (int i = 0; i < 100; i++) {
        const uint64_t start_ns = ntf_os_now_ns();
        assert_int_equal(wait_for(2, fences, i % 2, 0), VK_TIMEOUT);
        const uint64_t took_ns = ntf_os_now_ns() - start_ns;
        if (i % 2 == 0 && took_ns < fastest_ns)
            fastest_ns = took_ns;
    }
    assert_true(fastest_ns < MS);
    fence_free(fences[1]);
    free_many(1);
}

// Only plain fences, while others are imported: nothing has changed for them.
static void plain_beside_imported(void **state)
{
    VkFence fences[2];
    (void)state;
    import_many(1);
    fences[0] = fence_new();
    fences[1] = fence_new_signalled();
    assert_int_equal(wait_for(2, fences, true, 0), VK_TIMEOUT);
    assert_int_equal(wait_for(2, fences, false, 0), VK_SUCCESS);
    fence_submit(fences[0]);
    assert_int_equal(wait_for(2, fences, true, UINT64_MAX), VK_SUCCESS);
    fence_free(fences[0]);
    fence_free(fences[1]);
    free_many(1);
}

// Timeouts near the end of the scale do not wrap around.
static void longest_timeouts(void **state)
{
    static const uint64_t timeouts[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, INT64_MAX,
                                        (uint64_t)INT64_MAX + 1};
    VkFence fences[2];
    (void)state;
    import_many(1);
    fences[0] = imported[0];
    fences[1] = fence_new();
    for (size_t i = 0; i < NTF_COUNT(timeouts); i++) {
        for (uint32_t count = 1; count <= 2; count++) {
            const uint64_t value = 2 * i + count;
            struct later signal = {.object = &objects[0], .value = value, .ms = 10};
            later_start(&signal);
            assert_int_equal(wait_for(count, fences, false, timeouts[i]), VK_SUCCESS);
            later_end(&signal);
            fence_reset(fences[0]);
        }
    }
    fence_free(fences[1]);
    free_many(1);
}

// Many waits in a row, each woken by a signal from another thread: none is lost.
struct ping {
    struct ntf_thread *thread;
    ntf_au32 asked;
};

enum { ROUNDS = 2000 };

static void ping_body(void *context)
{
    struct ping *ping = context;
    for (uint32_t k = 1; k <= ROUNDS; k++) {
        while (ntf_load(&ping->asked, NTF_ACQUIRE) < k)
            ntf_os_park(&ping->asked, k - 1, ntf_os_now_ns() + 1000 * MS);
        kernel_signal(&objects[0], k);
    }
}

static void thousands_of_wakes(void **state)
{
    struct ping ping;
    (void)state;
    import_many(1);
    ntf_init(&ping.asked, 0);
    assert_int_equal(ntf_thread_start(&ping.thread, "ping", ping_body, &ping), NTF_OK);
    for (uint32_t k = 1; k <= ROUNDS; k++) {
        ntf_store(&ping.asked, k, NTF_RELEASE);
        ntf_os_unpark_all(&ping.asked);
        assert_int_equal(fence_wait(imported[0], 30000 * MS), VK_SUCCESS);
        assert_int_equal(kernel_value(&objects[0]), k);
        fence_reset(imported[0]);
    }
    ntf_thread_join(ping.thread);
    free_many(1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(one), WORLD_TEST(two_hundred), WORLD_TEST(any_mixed), WORLD_TEST(all_mixed),
        WORLD_TEST(many_mixed), WORLD_TEST(twice), WORLD_TEST(zero_looks_once), WORLD_TEST(plain_beside_imported),
        WORLD_TEST(longest_timeouts), WORLD_TEST(thousands_of_wakes),
    };
    return ntf_test_run("layer-wait", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
