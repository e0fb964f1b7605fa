/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed mutexes and bundles of soft: opened by its own rung, and through the stand-alone library in the place of a
 * kernel, reached by thunks and events only. What is given where something else was wanted is refused, and nothing of
 * the attempt stays open.
 */
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "maker.h"
#include "opened.h"

static const char *library_path(void)
{
    return rig_library("../../layer/kmt/soft", "ntfence-d3dkmt");
}

/* The ways to the same objects. */
static const struct way {
    const char *provider, *rungs;
    bool kernel; /* by thunks */
} ways[] = {
    {"soft", "", false},
    {"system", "", false},
    {"system", "monitored,native,bundle,mutex", true},
};

static struct ntf_kmt *open_way(const struct way *way)
{
    const struct ntf_kmt_config config = {.provider = way->provider, .d3dkmt = library_path(), .rungs = way->rungs};
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
    if (strcmp(way->provider, "system") == 0) {
        assert_string_equal(verdicts[NTF_PROVIDER_LIBRARY].notes[NTF_PROOF_MUTEX], "");
        assert_string_equal(verdicts[NTF_PROVIDER_LIBRARY].notes[NTF_PROOF_BUNDLE], "");
        assert_true(verdicts[NTF_PROVIDER_LIBRARY].mutexes && verdicts[NTF_PROVIDER_LIBRARY].bundles);
    }
    return kmt;
}

static void close_outcome(struct outcome *outcome)
{
    assert_int_equal(outcome->result, NTF_OK);
    if (outcome->opened.mutex && outcome->opened.mutex->companion)
        outcome->opened.mutex->companion->ops->close(outcome->opened.mutex->companion);
    if (outcome->opened.mutex)
        outcome->opened.mutex->ops->close(outcome->opened.mutex);
    if (outcome->opened.object)
        outcome->opened.object->ops->close(outcome->opened.object);
}

/* soft closes what strangers may have sent on a thread of its own. */
static void expect_handles(size_t expected)
{
    const uint64_t deadline_ns = ntf_os_now_ns() + 20000000000ull;

    while (ntf_test_open_handles() > expected && ntf_os_now_ns() < deadline_ns)
        nap_ms(1);
    assert_in_range(ntf_test_open_handles(), 0, expected);
}

/* Takes turns with the maker; who has taken it through us has it only when the companion is there. */
static void take_turns(struct maker *maker, struct ntf_mutex *mutex)
{
    uint64_t value = 77;

    assert_int_equal(mutex->ops->take(mutex, 0, &value, NULL), NTF_OK);
    assert_int_equal(value, 0);
    assert_int_equal(maker_acquire(maker, 0, &value), NTF_STATUS_TIMEOUT);
    assert_int_equal(mutex->ops->give(mutex, 3, 6, NULL), NTF_OK);
    assert_int_equal(mutex->ops->give(mutex, 3, 6, NULL), NTF_E_INVALID);
    assert_int_equal(maker_acquire(maker, 3, &value), NTF_STATUS_SUCCESS);
    assert_int_equal(value, 6);
    assert_int_equal(mutex->ops->take(mutex, 3, &value, NULL), NTF_NOT_READY);
    assert_int_equal(maker_release(maker, 4, 7), NTF_STATUS_SUCCESS);
    if (mutex->companion) {
        assert_int_equal(ntf_object_value(mutex->companion), 5);
        assert_int_equal(mutex->ops->take(mutex, 4, &value, NULL), NTF_OK);
        assert_int_equal(maker_signal(maker, 7), NTF_STATUS_SUCCESS);
        assert_int_equal(ntf_object_value(mutex->companion), 7);
    } else {
        assert_int_equal(mutex->ops->take(mutex, 4, &value, NULL), NTF_NOT_READY);
        assert_int_equal(mutex->ops->block(mutex, 4, 2000000, &value, NULL), NTF_TIMEOUT);
        assert_int_equal(maker_signal(maker, 7), NTF_STATUS_SUCCESS);
        assert_int_equal(mutex->ops->block(mutex, 4, 20000000000ull, &value, NULL), NTF_OK);
    }
    assert_int_equal(value, 7);
}

static void bundles(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(ways); i++) {
        struct ntf_kmt *kmt = open_way(&ways[i]);
        struct outcome outcome;
        struct maker maker;
        uint64_t value;

        maker_begin(&maker, library_path());
        maker_share(&maker, MAKER_BUNDLE, NULL);
        outcome = open_handle(kmt, maker.nt, NTF_WANT_ANY);
        assert_int_equal(outcome.result, NTF_OK);
        assert_non_null(outcome.opened.mutex);
        assert_int_equal(outcome.opened.mutex->rung, ways[i].kernel ? NTF_RUNG_BUNDLE : NTF_RUNG_SOFT);
        assert_int_equal(outcome.opened.mutex->turns != NULL, !ways[i].kernel);
        if (!ways[i].kernel)
            assert_non_null(outcome.opened.mutex->companion);
        take_turns(&maker, outcome.opened.mutex);
        close_outcome(&outcome); /* while it is held */
        assert_int_equal(maker_acquire(&maker, 4, &value), NTF_STATUS_ABANDONED);
        maker_end(&maker);
        ntf_kmt_close(kmt);
    }
}

/* Who made it goes: what was opened lives on, and is told that it was abandoned. */
static void maker_goes(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(ways); i++) {
        struct ntf_kmt *kmt = open_way(&ways[i]);
        struct outcome outcome;
        struct maker maker;
        uint64_t value;

        maker_begin(&maker, library_path());
        maker_share(&maker, MAKER_BUNDLE, NULL);
        outcome = open_handle(kmt, maker.nt, NTF_WANT_MUTEX);
        assert_int_equal(outcome.result, NTF_OK);
        assert_int_equal(maker_acquire(&maker, 0, &value), NTF_STATUS_SUCCESS);
        maker_end(&maker);
        assert_int_equal(outcome.opened.mutex->ops->take(outcome.opened.mutex, 0, &value, NULL), NTF_E_ABANDONED);
        assert_int_equal(outcome.opened.mutex->ops->block(outcome.opened.mutex, 0, 1000, &value, NULL),
                         NTF_E_ABANDONED);
        close_outcome(&outcome);
        ntf_kmt_close(kmt);
    }
}

/* Each kind, given where each is wanted. */
static void kinds(void **state)
{
    static const struct {
        unsigned parts;
        enum ntf_result soft[3], kernel[3]; /* wanted: any, fence, mutex */
    } rows[] = {
        {MAKER_FENCE, {NTF_OK, NTF_OK, NTF_E_WRONG_OBJECT}, {NTF_OK, NTF_OK, NTF_E_WRONG_OBJECT}},
        {MAKER_RESOURCE,
         {NTF_E_WRONG_OBJECT, NTF_E_WRONG_OBJECT, NTF_E_WRONG_OBJECT},
         {NTF_E_WRONG_OBJECT, NTF_E_WRONG_OBJECT, NTF_E_WRONG_OBJECT}},
        /* Of the library no fence comes out of a bundle that has an address. */
        {MAKER_BUNDLE, {NTF_OK, NTF_OK, NTF_OK}, {NTF_OK, NTF_E_UNSUPPORTED, NTF_OK}},
    };

    (void)state;
    for (size_t i = 0; i < 2 * NTF_COUNT(ways) * NTF_COUNT(rows); i++) {
        const struct way *way = &ways[i / 2 / NTF_COUNT(rows)];
        const size_t row = i / 2 % NTF_COUNT(rows), before = ntf_test_open_handles();
        struct ntf_kmt *kmt = open_way(way);
        struct maker maker;

        maker_begin(&maker, library_path());
        maker_share(&maker, rows[row].parts, NULL);
        for (int round = 0; round < 2; round++) { /* the first opens what is opened once */
            const size_t handles = ntf_test_open_handles();

            for (int wanted = NTF_WANT_ANY; wanted <= NTF_WANT_MUTEX; wanted++) {
                struct outcome outcome = open_handle(kmt, maker.nt, (enum ntf_wanted)wanted);
                const enum ntf_result expected = way->kernel ? rows[row].kernel[wanted] : rows[row].soft[wanted];

                if (outcome.result != expected)
                    fail_msg("%s %s, parts %u, wanted %d: %s, by %s", way->provider, way->rungs, rows[row].parts,
                             wanted, ntf_result_name(outcome.result), trace_text(&outcome.trace));
                if (outcome.result == NTF_OK) {
                    assert_int_equal(outcome.opened.object != NULL,
                                     rows[row].parts == MAKER_FENCE || wanted == NTF_WANT_FENCE);
                    close_outcome(&outcome);
                }
            }
            if (round)
                expect_handles(handles);
        }
        maker_end(&maker);
        ntf_kmt_close(kmt);
        if (i % 2)
            expect_handles(before);
    }
}

/* The same by number; one that is dead is found by nobody. */
static void numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(ways); i++) {
        struct ntf_kmt *kmt = open_way(&ways[i]);
        D3DKMT_HANDLE dead[3];
        struct outcome outcome;
        struct maker maker;

        maker_begin(&maker, library_path());
        maker_make_global(&maker);
        outcome = open_number(kmt, maker.fence_number, NTF_WANT_ANY);
        assert_int_equal(outcome.result, NTF_OK);
        assert_non_null(outcome.opened.object);
        close_outcome(&outcome);
        assert_int_not_equal(open_number(kmt, maker.fence_number, NTF_WANT_MUTEX).result, NTF_OK);
        outcome = open_number(kmt, maker.mutex_number, NTF_WANT_ANY);
        assert_int_equal(outcome.result, NTF_OK);
        assert_non_null(outcome.opened.mutex);
        assert_null(outcome.opened.mutex->companion);
        close_outcome(&outcome);
        assert_int_not_equal(open_number(kmt, maker.mutex_number, NTF_WANT_FENCE).result, NTF_OK);
        outcome = open_number(kmt, maker.resource_number, NTF_WANT_FENCE);
        if (outcome.result != NTF_OK)
            fail_msg("%s %s: %s, by %s", ways[i].provider, ways[i].rungs, ntf_result_name(outcome.result),
                     trace_text(&outcome.trace));
        assert_non_null(outcome.opened.object);
        close_outcome(&outcome);
        outcome = open_number(kmt, maker.resource_number, NTF_WANT_ANY);
        assert_int_equal(outcome.result, NTF_OK);
        assert_non_null(outcome.opened.mutex);
        assert_non_null(outcome.opened.mutex->companion);
        take_turns(&maker, outcome.opened.mutex);
        close_outcome(&outcome);
        dead[0] = maker.fence_number;
        dead[1] = maker.mutex_number;
        dead[2] = maker.resource_number;
        maker_end(&maker);
        for (int k = 0; k < 9; k++)
            assert_int_equal(open_number(kmt, dead[k / 3], (enum ntf_wanted)(k % 3)).result, NTF_E_NOT_FOUND);
        ntf_kmt_close(kmt);
    }
}

/* A name that no other run has. */
static const char16_t *own_name(void)
{
    static char16_t name[64];
    char text[64];
    uint64_t number = 0;
    size_t i = 0;

    (void)ntf_os_random(&number, sizeof number);
    (void)snprintf(text, sizeof text, "ntfence-test-%08lx%08lx", (unsigned long)(number >> 32),
                   (unsigned long)(number & 0xFFFFFFFFu));
    for (; text[i]; i++)
        name[i] = (char16_t)text[i];
    name[i] = 0;
    return name;
}

/* Of a named bundle the name is a resource's; the handle that it leads to is closed again. */
static void names(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(ways); i++) {
        const char16_t *name = own_name();
        struct ntf_kmt *kmt = open_way(&ways[i]);
        struct outcome outcome;
        struct maker maker;
        size_t handles = 0;

        maker_begin(&maker, library_path());
        maker_share(&maker, MAKER_BUNDLE, name);
        for (int round = 0; round < 10; round++) {
            outcome = open_named(kmt, name, round % 2 ? NTF_WANT_ANY : NTF_WANT_MUTEX);
            if (outcome.result != NTF_OK)
                fail_msg("%s %s: %s, by %s", ways[i].provider, ways[i].rungs, ntf_result_name(outcome.result),
                         trace_text(&outcome.trace));
            assert_non_null(outcome.opened.mutex);
            close_outcome(&outcome);
            if (round == 0)
                handles = ntf_test_open_handles();
        }
        expect_handles(handles + 2); /* the server of the name, a thread of ours here, hangs up in its own time */
        maker_end(&maker);
        ntf_kmt_close(kmt);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundles), cmocka_unit_test(maker_goes), cmocka_unit_test(kinds),
        cmocka_unit_test(numbers), cmocka_unit_test(names),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-library-mutex", tests, NTF_COUNT(tests), NULL, NULL);
}
