/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed mutexes of a kernel: what its answers mean, what the self-test has to see before one is opened, and how they
 * and the bundles are found by global handle.
 */
#include <string.h>

#include "opened.h"

static struct {
    struct fake_control *fake;
    struct ntf_kmt *kmt;
    struct ntf_mutex *mutex;
} at;

static int open_one(void **state)
{
    struct outcome outcome;

    (void)state;
    at.fake = fake_fresh();
    at.kmt = fake_kmt("mutex");
    outcome = open_number(at.kmt, FAKE_GLOBAL_MUTEX, NTF_WANT_ANY);
    assert_int_equal(outcome.result, NTF_OK);
    at.mutex = outcome.opened.mutex;
    assert_int_equal(at.mutex->rung, NTF_RUNG_MUTEX);
    assert_true(at.mutex->order == FAKE_GLOBAL_MUTEX);
    assert_null(at.mutex->turns);
    assert_null(at.mutex->companion);
    at.fake->acquires = 0;
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    at.mutex->ops->close(at.mutex);
    expect_none_open(at.fake);
    ntf_kmt_close(at.kmt);
    return 0;
}

static enum ntf_result take(uint64_t key, uint64_t *value)
{
    return at.mutex->ops->take(at.mutex, key, value, NULL);
}

static void turns(void **state)
{
    uint64_t value = 77;
    ntf_status status = 0x5A5A;

    (void)state;
    assert_int_equal(take(1, &value), NTF_NOT_READY);
    assert_int_equal(value, 77);
    assert_int_equal(at.mutex->ops->give(at.mutex, 1, 0, &status), NTF_E_INVALID);
    assert_int_equal(status, NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(take(0, &value), NTF_OK);
    assert_int_equal(value, 0);
    value = 77;
    assert_int_equal(take(0, &value), NTF_NOT_READY); /* two takers of one exclude each other */
    assert_int_equal(value, 77);
    assert_int_equal(at.mutex->ops->give(at.mutex, UINT64_MAX, UINT64_MAX - 1, &status), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    assert_int_equal(take(UINT32_MAX, &value), NTF_NOT_READY); /* keys have 64 bits */
    assert_int_equal(take(UINT64_MAX, &value), NTF_OK);
    assert_true(value == UINT64_MAX - 1);
    assert_int_equal(at.fake->last_timeout, 0);
}

/* Compared as they are: two of these are successes by their sign. */
static void answers(void **state)
{
    static const struct {
        ntf_status status;
        enum ntf_result take, block, give;
    } rows[] = {
        {NTF_STATUS_TIMEOUT, NTF_NOT_READY, NTF_TIMEOUT, NTF_E_FAILED},
        {NTF_STATUS_ABANDONED, NTF_E_ABANDONED, NTF_E_ABANDONED, NTF_E_FAILED},
        {NTF_STATUS_PENDING, NTF_E_FAILED, NTF_E_FAILED, NTF_E_FAILED},
        {NTF_STATUS_INVALID_PARAMETER, NTF_E_FAILED, NTF_E_FAILED, NTF_E_INVALID},
        {NTF_STATUS_NOT_IMPLEMENTED, NTF_E_FAILED, NTF_E_FAILED, NTF_E_FAILED},
        {NTF_STATUS_NO_MEMORY, NTF_E_FAILED, NTF_E_FAILED, NTF_E_FAILED},
        {NTF_STATUS_DEVICE_REMOVED, NTF_E_LOST, NTF_E_LOST, NTF_E_LOST},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        ntf_status status = 0x5A5A;
        uint64_t value = 77;

        at.fake->acquire_status = at.fake->release_status = rows[i].status;
        assert_int_equal(at.mutex->ops->take(at.mutex, 0, &value, &status), rows[i].take);
        assert_int_equal(status, rows[i].status);
        assert_int_equal(at.mutex->ops->block(at.mutex, 0, 5, &value, &status), rows[i].block);
        assert_int_equal(status, rows[i].status);
        assert_int_equal(value, 77);
        assert_int_equal(at.mutex->ops->give(at.mutex, 0, 0, &status), rows[i].give);
        assert_int_equal(status, rows[i].status);
    }
}

/* Relative, in units of 100 ns, rounded up; all ones is for ever. */
static void timeouts(void **state)
{
    static const struct {
        uint64_t ns;
        int64_t asked;
    } rows[] = {
        {0, 0},          {1, -1}, {100, -1}, {101, -2}, {1000000000, -10000000}, {UINT64_MAX - 1, -184467440737095517},
        {UINT64_MAX, 1}, /* none */
    };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        assert_int_equal(at.mutex->ops->block(at.mutex, 1, rows[i].ns, &value, NULL), NTF_TIMEOUT);
        assert_true(at.fake->last_timeout == rows[i].asked);
    }
    assert_int_equal(at.mutex->ops->block(at.mutex, 0, 5, &value, NULL), NTF_OK);
}

/* Who closes it while he holds it abandons it, for everybody and for good. */
static void abandoned(void **state)
{
    struct outcome other = open_number(at.kmt, FAKE_GLOBAL_MUTEX, NTF_WANT_MUTEX);
    uint64_t value = 77;

    (void)state;
    assert_int_equal(other.result, NTF_OK);
    assert_int_equal(other.opened.mutex->ops->take(other.opened.mutex, 0, &value, NULL), NTF_OK);
    value = 77;
    other.opened.mutex->ops->close(other.opened.mutex);
    assert_int_equal(take(0, &value), NTF_E_ABANDONED);
    assert_int_equal(take(0, &value), NTF_E_ABANDONED);
    assert_int_equal(value, 77);
}

/* ---- the self-test ---- */

/* Whatever of it fails: the provider is used, mutexes are not, each refusal says why; who names the rung gets it all
 * the same. Nothing is left of any attempt. */
static void proofs(void **state)
{
    static const struct {
        struct fake_control does;
        enum ntf_proof proof;
        ntf_status status;
        const char *note;
    } rows[] = {
        {{.mutex_create = {.status = NTF_STATUS_NOT_IMPLEMENTED}},
         NTF_PROOF_MUTEX,
         NTF_STATUS_NOT_IMPLEMENTED,
         "create"},
        {{.mutex_create = {.no_object = true}}, NTF_PROOF_MUTEX, NTF_STATUS_UNSUCCESSFUL, "success without a mutex"},
        {{.acquire_status = NTF_STATUS_NOT_IMPLEMENTED},
         NTF_PROOF_MUTEX,
         NTF_STATUS_NOT_IMPLEMENTED,
         "acquire at another key"},
        {{.acquire_status = NTF_STATUS_SUCCESS + 1}, NTF_PROOF_MUTEX, 1, "acquire at another key"},
        {{.acquire_status = NTF_STATUS_TIMEOUT}, NTF_PROOF_MUTEX, NTF_STATUS_TIMEOUT, "acquire"},
        {{.acquire_status = NTF_STATUS_ABANDONED, .acquire_from = 3},
         NTF_PROOF_MUTEX,
         NTF_STATUS_ABANDONED,
         "acquire while it is held"},
        {{.release_status = NTF_STATUS_NOT_IMPLEMENTED},
         NTF_PROOF_MUTEX,
         NTF_STATUS_NOT_IMPLEMENTED,
         "release by another thread"},
        {{.thread_owns = true}, NTF_PROOF_MUTEX, NTF_STATUS_INVALID_PARAMETER, "release by another thread"},
        {{.mutex_open = {.status = NTF_STATUS_NOT_SUPPORTED}},
         NTF_PROOF_MUTEX,
         NTF_STATUS_NOT_SUPPORTED,
         "open by global handle"},
        {{.mutex_open = {.no_object = true}}, NTF_PROOF_MUTEX, NTF_STATUS_INVALID_PARAMETER, "acquire what was opened"},
        {{.forgets_value = true}, NTF_PROOF_MUTEX, NTF_STATUS_UNSUCCESSFUL, "the value left by the release is lost"},
        {{.allocation_status = NTF_STATUS_INVALID_PARAMETER},
         NTF_PROOF_BUNDLE,
         NTF_STATUS_INVALID_PARAMETER,
         "create the resource"},
        {{.share_status = NTF_STATUS_INVALID_PARAMETER}, NTF_PROOF_BUNDLE, NTF_STATUS_INVALID_PARAMETER, "share"},
        {{.query_status = NTF_STATUS_NOT_IMPLEMENTED}, NTF_PROOF_BUNDLE, NTF_STATUS_NOT_IMPLEMENTED, "bundle query"},
        {{.resource_open = {.status = NTF_STATUS_NO_MEMORY}}, NTF_PROOF_BUNDLE, NTF_STATUS_NO_MEMORY, "bundle open"},
        {{.without_mutex = true}, NTF_PROOF_BUNDLE, NTF_STATUS_UNSUCCESSFUL, "a fence without a keyed mutex"},
        {{.without_sync = true}, NTF_PROOF_BUNDLE, NTF_STATUS_UNSUCCESSFUL, "the fence does not hold the mutex back"},
        {{.bundle_sync = {.no_address = true}, .legacy_sync = true},
         NTF_PROOF_BUNDLE,
         NTF_STATUS_UNSUCCESSFUL,
         "the companion of its keyed mutex can neither be read nor waited for"},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        const struct ntf_kmt_config config = {.provider = "system", .d3dkmt = fake_path(), .rungs = ""};
        struct fake_control *fake = fake_fresh();
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        const struct ntf_verdict *verdict = &verdicts[NTF_PROVIDER_LIBRARY];
        struct ntf_kmt *kmt = NULL;

        *fake = rows[i].does;
        assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
        assert_int_equal(verdict->mutexes, rows[i].proof != NTF_PROOF_MUTEX);
        assert_false(verdict->bundles);
        assert_memory_equal(verdict->notes[rows[i].proof], rows[i].note, strlen(rows[i].note));
        assert_int_equal(verdict->status[rows[i].proof], rows[i].status);
        if (!verdict->mutexes)
            assert_string_equal(verdict->notes[NTF_PROOF_BUNDLE], "there are no keyed mutexes");
        expect_none_open(fake);
        ntf_kmt_close(kmt);
        assert_true(fake->devices_open == 0 && fake->adapters_open == 0);
    }
}

/* Who has named other rungs gets no mutexes, and the kernel is not asked about them. */
static void left_out(void **state)
{
    const struct ntf_kmt_config config = {.provider = "system", .d3dkmt = fake_path(), .rungs = "soft,monitored"};
    struct fake_control *fake = fake_fresh();
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;

    (void)state;
    assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
    assert_int_equal(fake->acquires, 0);
    for (int i = NTF_PROOF_MUTEX; i <= NTF_PROOF_BUNDLE; i++)
        assert_string_equal(verdicts[NTF_PROVIDER_LIBRARY].notes[i], "left out by the setting rungs");
    ntf_kmt_close(kmt);
}

static void unproven(void **state)
{
    static const char why[] = "the self-test of keyed mutexes has failed";
    ntf_handle live = rig_event_new();

    (void)state;
    for (int named = 0; named < 2; named++) {
        struct fake_control *fake = fake_fresh();
        struct outcome outcome;
        struct ntf_kmt *kmt;

        fake->thread_owns = true;
        kmt = fake_kmt(named ? "soft,monitored,bundle,mutex" : "auto");
        fake->kind = FAKE_BUNDLE;
        outcome = open_handle(kmt, live, NTF_WANT_MUTEX);
        expect_opened(fake, &outcome, named ? NTF_OK : NTF_E_UNSUPPORTED, AS_MUTEX);
        expect_reason(&outcome.trace, named ? "" : why);
        if (!named)
            assert_string_equal(outcome.trace.steps[outcome.trace.count - 1].step, "bundle open, unproven");
        fake->kind = FAKE_MUTEX;
        outcome = open_handle(kmt, live, NTF_WANT_MUTEX);
        expect_opened(fake, &outcome, named ? NTF_OK : NTF_E_WRONG_OBJECT, AS_MUTEX_ALONE);
        outcome = open_number(kmt, FAKE_GLOBAL_MUTEX, NTF_WANT_MUTEX);
        expect_opened(fake, &outcome, named ? NTF_OK : NTF_E_NOT_FOUND, AS_MUTEX_ALONE);
        ntf_kmt_close(kmt);
    }
    rig_handle_close(live);
}

/* ---- by global handle ---- */

/* A number of each kind where each is wanted. */
static void numbers(void **state)
{
    static const struct {
        D3DKMT_HANDLE number;
        enum ntf_wanted wanted;
        enum ntf_result result;
        enum opened_as as;
        const char *order;
    } rows[] = {
        {FAKE_GLOBAL, NTF_WANT_ANY, NTF_OK, AS_OBJECT, "g"},
        {FAKE_GLOBAL, NTF_WANT_FENCE, NTF_OK, AS_OBJECT, "g"},
        {FAKE_GLOBAL, NTF_WANT_MUTEX, NTF_E_NOT_FOUND, AS_NOTHING, "MQ"},
        {FAKE_GLOBAL_MUTEX, NTF_WANT_ANY, NTF_OK, AS_MUTEX_ALONE, "gM"},
        {FAKE_GLOBAL_MUTEX, NTF_WANT_MUTEX, NTF_OK, AS_MUTEX_ALONE, "M"},
        {FAKE_GLOBAL_MUTEX, NTF_WANT_FENCE, NTF_E_NOT_FOUND, AS_NOTHING, "gQ"},
        {FAKE_GLOBAL_RESOURCE, NTF_WANT_ANY, NTF_OK, AS_MUTEX, "gMQRgM"},
        {FAKE_GLOBAL_RESOURCE, NTF_WANT_MUTEX, NTF_OK, AS_MUTEX, "MQRgM"},
        {FAKE_GLOBAL_RESOURCE, NTF_WANT_FENCE, NTF_OK, AS_OBJECT, "gQRg"},
        {0x40FAFD02u, NTF_WANT_ANY, NTF_E_NOT_FOUND, AS_NOTHING, "gMQ"}, /* dead */
        {0x40FAFD00u, NTF_WANT_ANY, NTF_E_BAD_HANDLE, AS_NOTHING, ""},   /* a local one */
        {0, NTF_WANT_MUTEX, NTF_E_BAD_HANDLE, AS_NOTHING, ""},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("monitored,mutex,bundle");
        const uint32_t head[10] = {40, 4, 0, 0, 0, 0, 0, 1, FAKE_GLOBAL_MUTEX, FAKE_GLOBAL};
        struct outcome outcome;

        fake->global = true;
        fake->sizes.set = true;
        fake->sizes.is = (struct fake_sizes){1, 0x68, 8, 24};
        memcpy(fake->head, head, sizeof head);
        outcome = open_number(kmt, rows[i].number, rows[i].wanted);
        expect_opened(fake, &outcome, rows[i].result, rows[i].as);
        assert_string_equal(fake->order, rows[i].order);
        ntf_kmt_close(kmt);
    }
}

/* What a runtime has left with a resource anybody may have written. */
static void heads(void **state)
{
    static const char no_parts[] = "a resource without keyed mutex and synchronization object";
    static const struct {
        uint32_t bytes, size, flag, mutex, sync;
        enum ntf_wanted wanted;
        enum ntf_result result;
        enum opened_as as;
        const char *reason;
    } rows[] = {
        {40, 40, 1, FAKE_GLOBAL_MUTEX, FAKE_GLOBAL, NTF_WANT_ANY, NTF_OK, AS_MUTEX, ""},
        {0x68, 0x68, 1, FAKE_GLOBAL_MUTEX, 0, NTF_WANT_ANY, NTF_OK, AS_MUTEX_ALONE, ""},
        {0x68, 0x68, 1, 0, FAKE_GLOBAL, NTF_WANT_ANY, NTF_OK, AS_OBJECT, ""},
        {0x68, 0x68, 1, 0, FAKE_GLOBAL, NTF_WANT_MUTEX, NTF_E_WRONG_OBJECT, 0, "a fence without a keyed mutex"},
        {0x68, 0x68, 1, FAKE_GLOBAL_MUTEX, 0, NTF_WANT_FENCE, NTF_E_WRONG_OBJECT, 0, "a keyed mutex without a fence"},
        {39, 39, 1, FAKE_GLOBAL_MUTEX, FAKE_GLOBAL, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, 0, no_parts},
        {0, 0, 1, FAKE_GLOBAL_MUTEX, FAKE_GLOBAL, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, 0, no_parts},
        {0x68, 39, 1, FAKE_GLOBAL_MUTEX, FAKE_GLOBAL, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, 0, no_parts},
        {0x68, 0x69, 1, FAKE_GLOBAL_MUTEX, FAKE_GLOBAL, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, 0, no_parts},
        {0x68, 0x68, 0, FAKE_GLOBAL_MUTEX, FAKE_GLOBAL, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, 0, no_parts},
        {0x68, 0x68, 1, 0x1234, 0xFFFFFFFFu, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, 0, no_parts},
        /* Numbers that lead to nothing, or to something else. */
        {0x68, 0x68, 1, 0x40FAFD02u, FAKE_GLOBAL, NTF_WANT_ANY, NTF_E_NOT_FOUND, 0, ""},
        {0x68, 0x68, 1, FAKE_GLOBAL_MUTEX, 0x40FAFD02u, NTF_WANT_ANY, NTF_E_NOT_FOUND, 0, ""},
        {0x68, 0x68, 1, FAKE_GLOBAL, FAKE_GLOBAL_MUTEX, NTF_WANT_ANY, NTF_E_NOT_FOUND, 0, ""},
        {0x68, 0x68, 1, FAKE_GLOBAL_RESOURCE, 0, NTF_WANT_ANY, NTF_E_NOT_FOUND, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("monitored,mutex,bundle");
        const uint32_t head[10] = {rows[i].size, 4, 0, 0, 0, 0, 0, rows[i].flag, rows[i].mutex, rows[i].sync};
        struct outcome outcome;

        fake->global = true;
        fake->sizes.set = true;
        fake->sizes.is = (struct fake_sizes){1, rows[i].bytes, 8, 24};
        memcpy(fake->head, head, sizeof head);
        outcome = open_number(kmt, FAKE_GLOBAL_RESOURCE, rows[i].wanted);
        expect_opened(fake, &outcome, rows[i].result, rows[i].as);
        expect_reason(&outcome.trace, rows[i].reason);
        ntf_kmt_close(kmt);
    }
}

int main(int argc, char **argv)
{
#define OVER_ONE(test) cmocka_unit_test_setup_teardown(test, open_one, close_one)
    static const struct CMUnitTest tests[] = {
        OVER_ONE(turns),          OVER_ONE(answers),          OVER_ONE(timeouts),         OVER_ONE(abandoned),
        cmocka_unit_test(proofs), cmocka_unit_test(left_out), cmocka_unit_test(unproven), cmocka_unit_test(numbers),
        cmocka_unit_test(heads),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-kernel-mutex", tests, NTF_COUNT(tests), NULL, NULL);
}
