// SPDX-License-Identifier: Apache-2.0
/*
 * What comes down to the driver, and from which thread. Queues are the application's to synchronise: a submission by a
 * thread of somebody else's would need its lock (vkQueueSubmit: "Host access to queue must be externally
 * synchronized").
 */
#include "matrix.h"

#include <string.h>

#include "fake_driver.h"

#ifdef _WIN32
#define own_thread() ((uint64_t)GetCurrentThreadId())
#else
#include <pthread.h>
#define own_thread() ((uint64_t)(uintptr_t)pthread_self())
#endif

static uint64_t main_thread;
static ntf_au32 calls, foreign_calls;

static VkResult on_queue_command(void *context, const char *command)
{
    (void)context;
    (void)command;
    ntf_fetch_add(&calls, 1, NTF_RELAXED);
    if (own_thread() != main_thread)
        ntf_fetch_add(&foreign_calls, 1, NTF_RELAXED);
    return VK_SUCCESS;
}

static const char *const queue_commands[] = {"vkQueueSubmit", "vkQueueSubmit2", "vkQueueSubmit2KHR",
                                             "vkQueueBindSparse", "vkQueueWaitIdle", "vkQueuePresentKHR"};

static void use_everything(void)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags()),
                       plain = plain_fence(importer, false), list[] = {b, plain};
    for (enum submission kind = 0; kind < SUBMISSIONS; kind++)
        for (int i = 0; i < 5; i++) {
            hold(exporter);
            if (can_submit(exporter, kind))
                assert_int_equal(try_submit(a, kind), VK_SUCCESS);
            else
                submit(a);
            submit(plain);
            await_begin(b);
            assert_int_equal(wait_many(2, list, false, 0), VK_TIMEOUT);
            release(exporter);
            await_end(importer);
            assert_int_equal(wait_many(2, list, true, UINT64_MAX), VK_SUCCESS);
            reset_many(2, (const struct fence[]){a, plain});
        }
}

static void only_the_application_submits(void **state)
{
    const struct fake *fake = fake_find();
    (void)state;
    if (!fake)
        skip();
    main_thread = own_thread();
    ntf_init(&calls, 0);
    ntf_init(&foreign_calls, 0);
    for (size_t i = 0; i < NTF_COUNT(queue_commands); i++)
        fake->on_call(queue_commands[i], on_queue_command, NULL);
    use_everything();
    for (size_t i = 0; i < NTF_COUNT(queue_commands); i++)
        fake->on_call(queue_commands[i], NULL, NULL);
    assert_in_range(ntf_load(&calls, NTF_RELAXED), 60, UINT32_MAX);
    assert_int_equal(ntf_load(&foreign_calls, NTF_RELAXED), 0);
}

// A fence whose payload is shared never goes down under its own name: while the driver has it pending, or signalled, it
// may have been reset and be submitted again through another handle.
static void shared_fences_stay_above(void **state)
{
    static const char *const commands[] = {"vkQueueSubmit", "vkResetFences", "vkGetFenceStatus", "vkWaitForFences"};
    const struct fake *fake = fake_find();
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    const VkFence above[] = {exporter->site.fences[a.number], importer->site.fences[b.number]};
    (void)state;
    if (!fake)
        skip();
    for (int i = 0; i < 4; i++) {
        fake->calls_clear();
        submit(i % 2 ? a : b);
        await(i % 2 ? b : a);
        EXPECT_ALL(true, a, b);
        reset(a);
        EXPECT_ALL(false, a, b);
        for (size_t k = 0; k < NTF_COUNT(commands); k++) {
            struct fake_call last;
            if (fake->last(commands[k], &last))
                for (unsigned j = 0; j < 2; j++)
                    assert_true(last.fence != above[j]);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(only_the_application_submits, OVER_TYPES | OVER_PERMANENCE),
        CASE(shared_fences_stay_above, OVER_TYPES | OVER_PERMANENCE),
    };
    return matrix_main(argc, argv, "conformance-below", cases, NTF_COUNT(cases));
}
