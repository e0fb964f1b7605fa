// SPDX-License-Identifier: Apache-2.0
// vkWaitForFences and vkGetFenceStatus over plain and imported fences (Vulkan 1.3, 7.3).
#include "matrix.h"

#include <stdio.h>

enum { KINDS = 5 };

// Of the importer, in mixed order: plain, permanent, temporary, exportable, and one more import of the same payload.
struct mixture {
    struct fence fences[KINDS];
    struct fence sources[KINDS]; // who signals it: the same fence, or the exporter's
};

static struct mixture mix(void)
{
    struct mixture mixture;
    const struct fence a = exportable_fence(exporter, false), c = exportable_fence(exporter, false);
    mixture.fences[0] = mixture.sources[0] = plain_fence(importer, false);
    mixture.fences[1] = sharer(a, importer, import_flags());
    mixture.sources[1] = a;
    mixture.fences[2] = mixture.sources[2] = exportable_fence(importer, false);
    mixture.fences[3] = sharer(c, importer, import_flags() ^ VK_FENCE_IMPORT_TEMPORARY_BIT);
    mixture.sources[3] = c;
    mixture.fences[4] = mixture.sources[4] = plain_fence(importer, false);
    return mixture;
}

static void light(const struct mixture *mixture, unsigned i)
{
    submit(mixture->sources[i]);
    await(mixture->fences[i]);
}

static void darken(const struct mixture *mixture, unsigned i)
{
    reset(mixture->sources[i]);
    expect(mixture->fences[i], false);
}

// Not earlier than asked for. (Never later cannot be promised on a busy machine.)
static void expect_timeout(uint32_t count, const struct fence *fences, bool all, uint64_t timeout_ns)
{
    const uint64_t start_ns = ntf_os_now_ns();
    assert_int_equal(wait_many(count, fences, all, timeout_ns), VK_TIMEOUT);
    assert_true(ntf_os_now_ns() - start_ns >= timeout_ns);
}

static void any_of_a_mixture(void **state)
{
    const struct mixture mixture = mix();
    (void)state;
    expect_timeout(KINDS, mixture.fences, false, 0);
    expect_timeout(KINDS, mixture.fences, false, 3 * MS);
    for (unsigned i = 0; i < KINDS; i++) {
        light(&mixture, i);
        assert_int_equal(wait_many(KINDS, mixture.fences, false, 0), VK_SUCCESS);
        assert_int_equal(wait_many(KINDS, mixture.fences, false, 50 * MS), VK_SUCCESS);
        assert_int_equal(wait_many(KINDS, mixture.fences, false, UINT64_MAX), VK_SUCCESS);
        darken(&mixture, i);
        expect_timeout(KINDS, mixture.fences, false, 0);
    }
}

static void all_of_a_mixture(void **state)
{
    const struct mixture mixture = mix();
    (void)state;
    for (unsigned i = 0; i < KINDS; i++)
        light(&mixture, i);
    for (unsigned i = 0; i < KINDS; i++) {
        assert_int_equal(wait_many(KINDS, mixture.fences, true, 0), VK_SUCCESS);
        assert_int_equal(wait_many(KINDS, mixture.fences, true, UINT64_MAX), VK_SUCCESS);
        darken(&mixture, i);
        expect_timeout(KINDS, mixture.fences, true, 0);
        expect_timeout(KINDS, mixture.fences, true, 3 * MS);
        assert_int_equal(wait_many(KINDS, mixture.fences, false, 0), VK_SUCCESS);
        light(&mixture, i);
    }
}

// A wait changes nothing: it can be repeated, and what one has told stays true.
static void waits_consume_nothing(void **state)
{
    const struct mixture mixture = mix();
    (void)state;
    for (unsigned i = 0; i < KINDS; i++)
        light(&mixture, i);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wait_many(KINDS, mixture.fences, i % 2, UINT64_MAX), VK_SUCCESS);
        expect_all(KINDS, mixture.fences, true);
    }
}

// A fence may be in the list as often as one likes.
static void the_same_fence_twice(void **state)
{
    const struct mixture mixture = mix();
    (void)state;
    for (unsigned i = 0; i < KINDS; i++) {
        const struct fence twice[] = {mixture.fences[i], mixture.fences[(i + 1) % KINDS], mixture.fences[i]};
        expect_timeout(3, twice, false, 0);
        expect_timeout(3, twice, true, 2 * MS);
        light(&mixture, i);
        assert_int_equal(wait_many(3, twice, false, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(wait_many(3, twice, true, 0), VK_TIMEOUT);
        light(&mixture, (i + 1) % KINDS);
        assert_int_equal(wait_many(3, twice, true, UINT64_MAX), VK_SUCCESS);
        darken(&mixture, i);
        darken(&mixture, (i + 1) % KINDS);
    }
}

// Two fences of one payload in one list.
static void two_fences_of_one_payload(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags()),
                       c = sharer(a, importer, 0), both[] = {b, c};
    (void)state;
    for (int all = 0; all < 2; all++) {
        expect_timeout(2, both, all, 0);
        submit(a);
        assert_int_equal(wait_many(2, both, all, UINT64_MAX), VK_SUCCESS);
        reset(a);
    }
}

static void timeouts_of_one(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    expect_timeout(1, &b, true, 0);
    expect_timeout(1, &b, true, 1);
    expect_timeout(1, &b, false, 5 * MS);
    submit(a);
    assert_int_equal(wait_for(b, UINT64_MAX), VK_SUCCESS);
    assert_int_equal(wait_for(b, UINT64_MAX - 1), VK_SUCCESS);
    assert_int_equal(wait_for(b, INT64_MAX), VK_SUCCESS);
    assert_int_equal(wait_for(b, 1), VK_SUCCESS);
    assert_int_equal(wait_for(b, 0), VK_SUCCESS);
}

// Very long is not for ever and not at once: a wait that is under way ends with the signal.
static void woken_by_the_signal(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    for (int i = 0; i < 20; i++) {
        await_begin(b);
        submit(a);
        await_end(importer);
        expect(a, true);
        reset(a);
        expect(b, false);
    }
}

// The other way: the exporter waits, and the importer signals.
static void exporter_is_woken_by_the_importer(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    for (int i = 0; i < 20; i++) {
        await_begin(a);
        submit(b);
        await_end(exporter);
        expect(b, true);
        reset(a);
        expect(b, false);
    }
}

static void begin_any(const struct fence *fences, uint32_t count, bool all)
{
    struct call call = {.op = OP_WAIT, .flags = all, .value = UINT64_MAX};
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++)
        length += (size_t)snprintf(call.text + length, SITE_TEXT - length, "%u ", (unsigned)fences[i].number);
    party_begin(fences[0].party, &call);
}

// A list with everything in it is woken by the imported one, and by a plain one: whichever comes.
static void mixed_waits_are_woken(void **state)
{
    const struct mixture mixture = mix();
    (void)state;
    begin_any(mixture.fences, KINDS, false);
    submit(mixture.sources[1]); // the exporter's
    await_end(importer);
    if (importer->child) // its own queue can be held only while it answers
        return;
    darken(&mixture, 1);
    hold(importer);
    submit(mixture.sources[4]);
    begin_any(mixture.fences, KINDS, false);
    release(importer);
    await_end(importer);
    expect(mixture.fences[4], true);
}

static void mixed_wait_for_all_is_woken(void **state)
{
    const struct mixture mixture = mix();
    (void)state;
    for (unsigned i = 0; i < KINDS; i++)
        if (i != 3)
            light(&mixture, i);
    begin_any(mixture.fences, KINDS, true);
    submit(mixture.sources[3]);
    await_end(importer);
    expect_all(KINDS, mixture.fences, true);
}

// vkGetFenceStatus is not externally synchronised, nor is vkWaitForFences: both of one fence at once.
static void status_beside_a_wait(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    for (int i = 0; i < 20; i++) {
        // A child answers one question at a time: there the exporter's fence of the payload is asked.
        const struct fence asked = importer->child ? a : b;
        await_begin(b);
        assert_int_equal(status(asked), VK_NOT_READY);
        assert_int_equal(wait_for(asked, 0), VK_TIMEOUT);
        submit(a);
        while (status(asked) != VK_SUCCESS)
            ;
        assert_int_equal(wait_for(asked, 0), VK_SUCCESS);
        await_end(importer);
        reset(a);
    }
}

// One fence of the payload is reset while another is waited for: legal, they are different fences.
static void reset_beside_a_wait(void **state)
{
    const struct fence a = exportable_fence(exporter, false), b = sharer(a, importer, import_flags());
    (void)state;
    for (int i = 0; i < 50; i++) {
        await_begin(b);
        submit(a);
        await(a);
        if (i % 2)
            await_end(importer);
        reset(a);
        // No pulse: if the signal was missed, the next one is there for the waiter.
        submit(a);
        if (i % 2 == 0)
            await_end(importer);
        await(a);
        reset(a);
        expect(b, false);
    }
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(any_of_a_mixture, OVER_ALL),
        CASE(all_of_a_mixture, OVER_ALL),
        CASE(waits_consume_nothing, OVER_ALL),
        CASE(the_same_fence_twice, OVER_ALL),
        CASE(two_fences_of_one_payload, OVER_ALL),
        CASE(timeouts_of_one, OVER_ALL),
        CASE(woken_by_the_signal, OVER_ALL),
        CASE(exporter_is_woken_by_the_importer, OVER_ALL),
        CASE(mixed_waits_are_woken, OVER_ALL),
        CASE(mixed_wait_for_all_is_woken, OVER_ALL),
        CASE(status_beside_a_wait, OVER_ALL),
        CASE(reset_beside_a_wait, OVER_ALL),
    };
    return matrix_main(argc, argv, "conformance-wait", cases, NTF_COUNT(cases));
}
