// SPDX-License-Identifier: Apache-2.0
// Signals by queues: every command that takes a fence, in order and pending, on payloads that have several fences
// (Vulkan 1.3, 7.3 "fence signal operation"; "Importing Fence Payloads", the rules for concurrent use).
#include "matrix.h"

#include <stdio.h>

static const char *const kinds[SUBMISSIONS] = {"vkQueueSubmit of nothing",  "vkQueueSubmit",
                                               "vkQueueSubmit2 of nothing", "vkQueueSubmit2",
                                               "vkQueueSubmit2KHR",         "vkQueueBindSparse"};

static bool offers(struct party *party, enum submission kind)
{
    if (can_submit(party, kind))
        return true;
    printf("%s: not supported\n", kinds[kind]);
    return false;
}

// A fence comes after all that is before it on its queue, also with no batch of its own: not before the release, and
// then for good. (A queue for sparse binding alone has nothing that it would have to wait for.)
static void every_kind_of_submission(void **state)
{
    (void)state;
    for (enum submission kind = 0; kind < SUBMISSIONS; kind++) {
        const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
        if (!offers(importer, kind))
            continue;
        const bool ordered = kind != SUBMIT_SPARSE || importer->child ||
                             importer->site.device->sparse == importer->site.queue;
        if (ordered)
            hold(importer);
        assert_int_equal(try_submit(b, kind), VK_SUCCESS);
        if (ordered) {
            if (!(kind == SUBMIT_SPARSE && importer->child))
                EXPECT_ALL(false, a, b);
            release(importer);
        }
        await(a);
        EXPECT_ALL(true, a, b);
        // And the other way.
        if (!can_submit(exporter, kind))
            continue;
        reset(a);
        assert_int_equal(try_submit(a, kind), VK_SUCCESS);
        await(b);
        EXPECT_ALL(true, a, b);
        idle(importer, IDLE_DEVICE);
    }
}

// The submission's own work, not only what came before.
static void signal_comes_after_its_own_batch(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    hold_with(a);
    EXPECT_ALL(false, a, b);
    release(exporter);
    await(b);
    EXPECT_ALL(true, a, b);
    reset(a);
    hold_with(b);
    EXPECT_ALL(false, a, b);
    release(importer);
    await(a);
    EXPECT_ALL(true, a, b);
}

// What a later fence of the queue says is true of an earlier one: it is asked once, not waited for.
static void earlier_fences_are_signalled_with_later_ones(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags()),
                       plain = plain_fence(exporter, false);
    (void)state;
    for (int i = 0; i < 100; i++) {
        submit(a);
        submit(plain);
        if (i % 2)
            await(plain);
        else
            while (status(plain) != VK_SUCCESS)
                ;
        assert_int_equal(status(i % 4 < 2 ? b : a), VK_SUCCESS);
        EXPECT_ALL(true, a, b);
        reset(a);
        reset(plain);
        EXPECT_ALL(false, a, b, plain);
    }
}

// vkQueueWaitIdle and vkDeviceWaitIdle: as if every submission's fence had been waited for.
static void signalled_when_idle(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    for (int i = 0; i < 40; i++) {
        const struct fence subject = i % 4 < 2 ? a : b;
        submit(subject);
        idle(subject.party, i % 2 ? IDLE_QUEUE : IDLE_DEVICE);
        assert_int_equal(status(i % 3 ? a : b), VK_SUCCESS);
        EXPECT_ALL(true, a, b);
        reset(a);
        EXPECT_ALL(false, a, b);
    }
}

// Waited for through one fence, reset through the other, submitted again at once through the first: what stands behind
// the first one's former submission is in nobody's way.
static void resubmitted_after_a_reset_elsewhere(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, 0);
    (void)state;
    for (int i = 0; i < 100; i++) {
        submit(a);
        await(b);
        reset(b);
        EXPECT_ALL(false, a, b);
        submit(b);
        await(a);
        reset(a);
        EXPECT_ALL(false, a, b);
    }
}

// "Submitting ... while a signal is pending through another handle": signalled when either or both are complete.
static void two_submissions_pending_on_one_payload(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    hold(exporter);
    if (importer != exporter)
        hold(importer);
    submit(a);
    EXPECT_ALL(false, a, b);
    const VkResult second = try_submit(b, SUBMIT_NOTHING);
    // The specification lets an implementation refuse it so; it must not crash, hang or block others.
    if (second == VK_ERROR_INITIALIZATION_FAILED) {
        release(exporter);
        release(importer);
        skip();
    }
    assert_int_equal(second, VK_SUCCESS);
    EXPECT_ALL(false, a, b);
    release(exporter);
    idle(exporter, IDLE_QUEUE);
    if (importer != exporter) {
        release(importer);
        idle(importer, IDLE_QUEUE);
    }
    EXPECT_ALL(true, a, b);
    reset(a);
    EXPECT_ALL(false, a, b);
    submit(b);
    await(a);
    EXPECT_ALL(true, a, b);
}

// "Resetting ... while a signal is pending through another handle": unsignalled at once, and perhaps signalled later.
static void reset_while_a_signal_is_pending(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, 0);
    (void)state;
    hold(exporter);
    submit(a);
    reset(b);
    EXPECT_ALL(false, a, b);
    release(exporter);
    idle(exporter, IDLE_QUEUE);
    // Either is right, but it is the same for both, and it stays.
    const bool signalled = status(a) == VK_SUCCESS;
    EXPECT_ALL(signalled, a, b);
    reset(b);
    EXPECT_ALL(false, a, b);
    submit(a);
    await(b);
    EXPECT_ALL(true, a, b);
}

// A temporary payload is dropped while others still use it: their signals, also pending ones, are not touched.
static void temporary_dropped_while_a_signal_is_pending(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, VK_FENCE_IMPORT_TEMPORARY_BIT),
                       c = sharer(a, importer, 0);
    (void)state;
    hold(exporter);
    submit(a);
    reset(b);
    EXPECT_ALL(false, a, b, c);
    release(exporter);
    await(c);
    EXPECT_ALL(true, a, c);
    expect(b, false);
}

// A fence may be destroyed as soon as its submission is complete, which any other fence of the payload tells.
static void destroyed_as_soon_as_signalled(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
        submit(a);
        await(b);
        destroy(a);
        expect(b, true);
        destroy(b);
    }
}

// An importer that has its temporary payload signalled by its own queue, and resets: the fence is its own again.
static void temporary_serves_one_submission(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = plain_fence(importer, false);
    (void)state;
    for (int i = 0; i < 50; i++) {
        transfer(a, b, VK_FENCE_IMPORT_TEMPORARY_BIT);
        EXPECT_ALL(false, a, b);
        submit(b);
        await(a);
        reset(b);
        expect(b, false);
        expect(a, true);
        submit(b);
        await(b);
        reset_many(1, &a);
        expect(b, true);
        reset(b);
    }
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(every_kind_of_submission, OVER_ALL),
        CASE(signal_comes_after_its_own_batch, OVER_ALL),
        CASE(earlier_fences_are_signalled_with_later_ones, OVER_ALL),
        CASE(signalled_when_idle, OVER_ALL),
        CASE(resubmitted_after_a_reset_elsewhere, OVER_TYPES | OVER_PLACES),
        CASE(two_submissions_pending_on_one_payload, OVER_ALL),
        CASE(reset_while_a_signal_is_pending, OVER_TYPES | OVER_PLACES),
        CASE(temporary_dropped_while_a_signal_is_pending, OVER_TYPES | OVER_PLACES),
        CASE(destroyed_as_soon_as_signalled, OVER_ALL),
        CASE(temporary_serves_one_submission, OVER_TYPES | OVER_PLACES),
    };
    return matrix_main(argc, argv, "conformance-submit", cases, NTF_COUNT(cases));
}
