/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles and keyed mutexes by NT handle and by name, over a kernel whose every answer the test gives. */
#include <string.h>

#include "opened.h"

static ntf_handle live; /* stands for whatever the test says */

static const char no_parts[] = "a resource without keyed mutex and synchronization object";

/* Which of the two there are, whether the fence opens by the bundle's handle, and what was wanted of it. */
static void wanted_of_bundles(void **state)
{
    static const struct {
        bool without_mutex, without_sync;
        ntf_status sync; /* of opening the fence by the handle of the bundle */
        bool no_address;
        enum ntf_wanted wanted;
        enum ntf_result result;
        enum opened_as as;
        const char *order, *reason;
    } rows[] = {
        /* The kernel opens the fence of the bundle at the handle of the bundle: no mutex may hide behind it. */
        {false, false, 0, false, NTF_WANT_ANY, NTF_OK, AS_MUTEX, "0qqr0", ""},
        {false, false, 0, false, NTF_WANT_FENCE, NTF_OK, AS_OBJECT, "0", ""},
        {false, false, 0, false, NTF_WANT_MUTEX, NTF_OK, AS_MUTEX, "qr0", ""},
        {true, false, 0, false, NTF_WANT_ANY, NTF_OK, AS_OBJECT, "0qqr0", ""},
        {true, false, 0, false, NTF_WANT_MUTEX, NTF_E_WRONG_OBJECT, AS_NOTHING, "qr", "a fence without a keyed mutex"},
        /* It does not: the mutex waits for its companion, without which it would be taken too early. */
        {false, false, NTF_STATUS_INVALID_PARAMETER, false, NTF_WANT_ANY, NTF_OK, AS_MUTEX_ALONE, "0123qr0123", ""},
        {false, false, NTF_STATUS_OBJECT_TYPE_MISMATCH, false, NTF_WANT_MUTEX, NTF_OK, AS_MUTEX_ALONE, "qr0", ""},
        {false, false, 0, true, NTF_WANT_MUTEX, NTF_OK, AS_MUTEX_ALONE, "qr0123", ""},
        {false, false, NTF_STATUS_OBJECT_TYPE_MISMATCH, false, NTF_WANT_FENCE, NTF_E_UNSUPPORTED, AS_NOTHING, "0qr0",
         "its fence has no CPU address by which it could be polled"},
        /* Half-made ones. */
        {false, true, NTF_STATUS_INVALID_PARAMETER, false, NTF_WANT_ANY, NTF_OK, AS_MUTEX_ALONE, "0123qr", ""},
        {false, true, NTF_STATUS_INVALID_PARAMETER, false, NTF_WANT_MUTEX, NTF_OK, AS_MUTEX_ALONE, "qr", ""},
        {false, true, NTF_STATUS_OBJECT_TYPE_MISMATCH, false, NTF_WANT_FENCE, NTF_E_WRONG_OBJECT, AS_NOTHING, "0qr",
         "a keyed mutex without a fence"},
        {true, true, NTF_STATUS_OBJECT_TYPE_MISMATCH, false, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, AS_NOTHING, "0qr",
         no_parts},
        {true, true, NTF_STATUS_OBJECT_TYPE_MISMATCH, false, NTF_WANT_FENCE, NTF_E_WRONG_OBJECT, AS_NOTHING, "0qr",
         no_parts},
        {true, true, NTF_STATUS_OBJECT_TYPE_MISMATCH, false, NTF_WANT_MUTEX, NTF_E_WRONG_OBJECT, AS_NOTHING, "qr",
         no_parts},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("auto");
        struct outcome outcome;

        fake->kind = FAKE_BUNDLE;
        fake->without_mutex = rows[i].without_mutex;
        fake->without_sync = rows[i].without_sync;
        fake->bundle_sync = (struct fake_answer){.status = rows[i].sync, .no_address = rows[i].no_address};
        outcome = open_handle(kmt, live, rows[i].wanted);
        if (outcome.result == NTF_OK && outcome.opened.mutex)
            assert_int_equal(outcome.opened.mutex->rung, NTF_RUNG_BUNDLE);
        expect_opened(fake, &outcome, rows[i].result, rows[i].as);
        assert_string_equal(fake->order, rows[i].order);
        expect_reason(&outcome.trace, rows[i].reason);
        ntf_kmt_close(kmt);
    }
}

/* The bundle is taken for what it is; its mutex and companion are those of the bundle. */
static void used(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");
    struct outcome outcome;
    uint64_t value = 77;

    (void)state;
    fake->kind = FAKE_BUNDLE;
    fake->mutex_data = 4096; /* that a runtime has stored with it */
    outcome = open_handle(kmt, live, NTF_WANT_MUTEX);
    assert_int_equal(outcome.result, NTF_OK);
    assert_int_equal(outcome.opened.mutex->ops->take(outcome.opened.mutex, 0, &value, NULL), NTF_OK);
    assert_int_equal(value, 0);
    assert_int_equal(ntf_object_value(outcome.opened.mutex->companion), 5);
    assert_int_equal(outcome.opened.mutex->companion->rung, NTF_RUNG_BUNDLE);
    assert_int_equal(outcome.opened.mutex->ops->give(outcome.opened.mutex, 1, 6, NULL), NTF_OK);
    assert_int_equal(fake->resources_open, 0); /* the resource is not kept for it */
    expect_opened(fake, &outcome, NTF_OK, AS_MUTEX);
    ntf_kmt_close(kmt);
}

/* What the query says is asked for to the byte, and not at all if it is beyond reason. The fake writes every buffer
 * full: one that is too short is seen by the sanitizer. */
static void sizes(void **state)
{
    static const struct {
        struct fake_sizes sizes;
        enum ntf_result result;
        const char *order, *reason;
    } rows[] = {
        {{1, 0, 0, 0}, NTF_OK, "qr0", ""},
        {{1, 1, 3, 7}, NTF_OK, "qr0", ""},
        {{4096, 1u << 20, 1u << 20, 1u << 20}, NTF_OK, "qr0", ""},
        {{0, 16, 8, 24}, NTF_E_UNSUPPORTED, "q", "a resource without allocations"},
        {{4097, 16, 8, 24}, NTF_E_UNSUPPORTED, "q", "sizes beyond reason"},
        {{1, (1u << 20) + 1, 8, 24}, NTF_E_UNSUPPORTED, "q", "sizes beyond reason"},
        {{1, 16, UINT32_MAX, 24}, NTF_E_UNSUPPORTED, "q", "sizes beyond reason"},
        {{1, 16, 8, 0x80000000u}, NTF_E_UNSUPPORTED, "q", "sizes beyond reason"},
        {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}, NTF_E_UNSUPPORTED, "q", "sizes beyond reason"},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("bundle");
        struct outcome outcome;

        fake->kind = FAKE_BUNDLE;
        fake->sizes.set = true;
        fake->sizes.is = rows[i].sizes;
        outcome = open_handle(kmt, live, NTF_WANT_MUTEX);
        expect_opened(fake, &outcome, rows[i].result, AS_MUTEX);
        assert_string_equal(fake->order, rows[i].order);
        expect_reason(&outcome.trace, rows[i].reason);
        ntf_kmt_close(kmt);
    }
}

/* Refusals on the way: of a resource none is final but that of the handle; a call that is not there says nothing. */
static void refused_bundles(void **state)
{
    static const struct {
        ntf_status query, open;
        enum ntf_result result;
        const char *order;
    } rows[] = {
        {NTF_STATUS_INVALID_PARAMETER, 0, NTF_E_WRONG_OBJECT, "qm"},
        {NTF_STATUS_OBJECT_TYPE_MISMATCH, 0, NTF_E_WRONG_OBJECT, "qm"},
        {NTF_STATUS_NOT_IMPLEMENTED, 0, NTF_E_WRONG_OBJECT, "qm"},
        {NTF_STATUS_NOT_SUPPORTED, 0, NTF_E_WRONG_OBJECT, "qm"},
        {NTF_STATUS_ACCESS_DENIED, 0, NTF_E_ACCESS_DENIED, "qm"},
        {NTF_STATUS_INVALID_HANDLE, 0, NTF_E_BAD_HANDLE, "q"},
        {0, NTF_STATUS_INVALID_PARAMETER, NTF_E_WRONG_OBJECT, "qrm"},
        {0, NTF_STATUS_ACCESS_DENIED, NTF_E_ACCESS_DENIED, "qrm"},
        {0, NTF_STATUS_NO_MEMORY, NTF_E_NO_MEMORY, "qrm"},
        {0, NTF_STATUS_DEVICE_REMOVED, NTF_E_FAILED, "qrm"},
        {0, NTF_STATUS_TIMEOUT, NTF_E_FAILED, "qrm"}, /* a success by its sign only */
        {0, NTF_STATUS_INVALID_HANDLE, NTF_E_BAD_HANDLE, "qr"},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("bundle,mutex");
        struct outcome outcome;

        fake->kind = FAKE_BUNDLE;
        fake->query_status = rows[i].query;
        fake->resource_open.status = rows[i].open;
        outcome = open_handle(kmt, live, NTF_WANT_MUTEX);
        expect_opened(fake, &outcome, rows[i].result, AS_NOTHING);
        assert_string_equal(fake->order, rows[i].order);
        assert_int_equal(outcome.trace.steps[1].status, rows[i].query ? rows[i].query : rows[i].open);
        assert_string_equal(outcome.trace.steps[1].step, rows[i].query ? "bundle query" : "bundle open");
        ntf_kmt_close(kmt);
    }
}

/* A keyed mutex with a handle of its own; only one kind of call opens it. */
static void mutexes(void **state)
{
    static const struct {
        ntf_status status;
        bool no_object;
        uint32_t data; /* that a runtime has stored with it */
        enum ntf_wanted wanted;
        enum ntf_result result;
        const char *order, *reason;
    } rows[] = {
        {0, false, 0, NTF_WANT_ANY, NTF_OK, "0qm", ""},
        {0, false, 0, NTF_WANT_MUTEX, NTF_OK, "qm", ""},
        {0, false, 4096, NTF_WANT_MUTEX, NTF_OK, "qm", ""},
        {0, false, 4097, NTF_WANT_MUTEX, NTF_E_WRONG_OBJECT, "qm", ""},
        {0, false, 0, NTF_WANT_FENCE, NTF_E_WRONG_OBJECT, "0q", ""},
        {0, true, 0, NTF_WANT_MUTEX, NTF_E_UNSUPPORTED, "qm", "success without a mutex"},
        {NTF_STATUS_ACCESS_DENIED, false, 0, NTF_WANT_ANY, NTF_E_ACCESS_DENIED, "0qm", ""},
        {NTF_STATUS_NOT_IMPLEMENTED, false, 0, NTF_WANT_ANY, NTF_E_WRONG_OBJECT, "0qm", ""},
        {NTF_STATUS_INVALID_HANDLE, false, 0, NTF_WANT_ANY, NTF_E_BAD_HANDLE, "0qm", ""},
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("monitored,bundle,mutex");
        struct outcome outcome;

        fake->kind = FAKE_MUTEX;
        fake->mutex_by_handle = rows[i].status;
        fake->mutex_open.no_object = rows[i].no_object;
        fake->mutex_data = rows[i].data;
        outcome = open_handle(kmt, live, rows[i].wanted);
        if (outcome.result == NTF_OK)
            assert_int_equal(outcome.opened.mutex->rung, NTF_RUNG_MUTEX);
        expect_opened(fake, &outcome, rows[i].result, AS_MUTEX_ALONE);
        assert_string_equal(fake->order, rows[i].order);
        expect_reason(&outcome.trace, rows[i].reason);
        ntf_kmt_close(kmt);
    }
}

/* A fence is none of the others: each rung's reason, and the whole in one line. */
static void fences(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");
    struct outcome outcome = open_handle(kmt, live, NTF_WANT_ANY);
    struct ntf_text text;

    (void)state;
    assert_string_equal(fake->order, "0q"); /* is it a resource? */
    expect_opened(fake, &outcome, NTF_OK, AS_OBJECT);
    outcome = open_handle(kmt, live, NTF_WANT_MUTEX);
    expect_opened(fake, &outcome, NTF_E_WRONG_OBJECT, AS_NOTHING);
    assert_string_equal(fake->order, "0qqm");
    outcome.trace.steps[0].detail[0] = '\0'; /* the system's word */
    outcome.trace.steps[1].detail[0] = '\0'; /* soft's */
    ntf_text_init(&text);
    ntf_trace_describe(&outcome.trace, &text);
    assert_string_equal(text.bytes,
                        "handle (0x00000000 SUCCESS); soft: class (0xC0000024 OBJECT_TYPE_MISMATCH); bundle "
                        "query (0xC000000D INVALID_PARAMETER); keyed mutex open (0xC0000024 "
                        "OBJECT_TYPE_MISMATCH)");
    ntf_kmt_close(kmt);
}

/* The longest climb there is leaves a line that is not cut. */
static void longest(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");
    struct outcome outcome;
    struct ntf_text text;

    (void)state;
    for (int i = 0; i < FAKE_OPENS; i++)
        fake->open[i].no_address = true;
    fake->native_open.no_address = true;
    fake->name_status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    fake->resource_name_status = NTF_STATUS_PENDING;
    fake->name_handle = rig_handle_copy(live);
    outcome = open_named(kmt, u"ntfence-no-such-name-in-soft", NTF_WANT_ANY);
    expect_opened(fake, &outcome, NTF_E_UNSUPPORTED, AS_NOTHING);
    assert_string_equal(fake->order, "0123qmn");
    assert_int_equal(outcome.trace.count, 12);
    assert_in_range(outcome.trace.count, 0, NTF_TRACE_STEPS - 6); /* room for the rungs above */
    ntf_text_init(&text);
    ntf_trace_describe(&outcome.trace, &text);
    assert_in_range(text.length, 0, sizeof text.bytes / 4 * 3);
    assert_non_null(strstr(text.bytes, "; native open, unproven (0x00000000 SUCCESS: success without a CPU address)"));
    assert_false(rig_handle_live(fake->name_handle));
    ntf_kmt_close(kmt);
}

/* By name after those of fences; the handle that a name leads to is closed. */
static void names(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("monitored,bundle");
    struct outcome outcome;

    (void)state;
    fake->kind = FAKE_BUNDLE;
    fake->name_status = NTF_STATUS_OBJECT_NAME_NOT_FOUND;
    fake->resource_name_status = NTF_STATUS_PENDING;
    fake->name_handle = rig_handle_copy(live);
    outcome = open_named(kmt, u"x", NTF_WANT_MUTEX);
    expect_opened(fake, &outcome, NTF_OK, AS_MUTEX);
    assert_string_equal(outcome.trace.steps[0].step, "name lookup: kernel");
    assert_string_equal(outcome.trace.steps[1].step, "resource name lookup: kernel");
    assert_false(rig_handle_live(fake->name_handle));
    fake->resource_name_status = NTF_STATUS_ACCESS_DENIED;
    outcome = open_named(kmt, u"x", NTF_WANT_MUTEX);
    expect_opened(fake, &outcome, NTF_E_ACCESS_DENIED, AS_NOTHING);
    ntf_kmt_close(kmt);

    kmt = fake_kmt("monitored"); /* without the rung there is nothing to look for */
    fake->resource_names = 0;
    outcome = open_named(kmt, u"x", NTF_WANT_FENCE);
    expect_opened(fake, &outcome, NTF_E_NOT_FOUND, AS_NOTHING);
    assert_int_equal(fake->resource_names, 0);
    ntf_kmt_close(kmt);
}

static int open_live(void **state)
{
    (void)state;
    live = rig_event_new();
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_of_bundles), cmocka_unit_test(used),    cmocka_unit_test(sizes),
        cmocka_unit_test(refused_bundles),   cmocka_unit_test(mutexes), cmocka_unit_test(fences),
        cmocka_unit_test(longest),           cmocka_unit_test(names),

    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-bundle", tests, NTF_COUNT(tests), open_live, NULL);
}
