/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder over a kernel whose every answer the test gives. */
#include <string.h>

#include "support.h"

static ntf_handle live; /* no fence, but the fake does not mind */

/* What an attempt to open gave: the result, which calls were made, and the trace. */
struct outcome {
    enum ntf_result result;
    struct ntf_object *object;
    struct ntf_trace trace;
};

#define POISON ((struct ntf_object *)(uintptr_t)0x5A5A5A50u)

static struct outcome open_over(struct ntf_kmt *kmt)
{
    struct outcome outcome = { .object = POISON };

    memset(&outcome.trace, 0x5A, sizeof outcome.trace);
    outcome.result = ntf_kmt_open_handle(kmt, live, &outcome.object, &outcome.trace);
    if (outcome.result != NTF_OK)
        assert_ptr_equal(outcome.object, POISON);
    assert_true(rig_handle_live(live));
    return outcome;
}

static const struct fake_answer bad = { .status = NTF_STATUS_INVALID_PARAMETER };

/* INVALID_PARAMETER leads to the next flags; the first that open win. */
static void flag_words(void **state)
{
    static const char *const orders[FAKE_OPENS] = { "0", "01", "012", "0123" };
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");

    (void)state;
    for (int right = 0; right < FAKE_OPENS; right++) {
        struct outcome outcome;

        for (int i = 0; i < FAKE_OPENS; i++)
            fake->open[i] = i == right ? (struct fake_answer){ 0 } : bad;
        fake->opens = 0;
        memset(fake->order, 0, sizeof fake->order);
        outcome = open_over(kmt);
        assert_int_equal(outcome.result, NTF_OK);
        assert_string_equal(fake->order, orders[right]);
        assert_int_equal(outcome.object->rung, NTF_RUNG_MONITORED);
        assert_int_equal(outcome.object->kind, NTF_OBJECT_MONITORED);
        assert_ptr_equal(outcome.object->value, fake->value);
        assert_int_equal(outcome.trace.count, 3 + right);
        outcome.object->ops->close(outcome.object);
        assert_int_equal(fake->objects_open, 0);
    }
    assert_int_equal(fake->dirty, 0); /* outputs are zero before each attempt */
    ntf_kmt_close(kmt);
}

/* Unproven native is the last resort; proven it comes first. */
static void native_order(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");
    struct outcome outcome;

    (void)state;
    for (int i = 0; i < FAKE_OPENS; i++)
        fake->open[i] = bad;
    outcome = open_over(kmt);
    assert_int_equal(outcome.result, NTF_OK);
    assert_string_equal(fake->order, "0123qn");
    assert_int_equal(outcome.object->rung, NTF_RUNG_NATIVE);
    assert_int_equal(outcome.object->kind, NTF_OBJECT_NATIVE);
    assert_string_equal(outcome.trace.steps[outcome.trace.count - 1].step, "native open, unproven");
    outcome.object->ops->close(outcome.object);
    ntf_kmt_close(kmt);

    fake = fake_fresh();
    fake->feature_value = 1;
    kmt = fake_kmt("auto");
    outcome = open_over(kmt);
    assert_string_equal(fake->order, "n");
    assert_int_equal(outcome.object->rung, NTF_RUNG_NATIVE);
    outcome.object->ops->close(outcome.object);
    fake->native_open = bad;
    outcome = open_over(kmt);
    assert_string_equal(fake->order, "nn0");
    assert_int_equal(outcome.object->rung, NTF_RUNG_MONITORED);
    outcome.object->ops->close(outcome.object);
    assert_int_equal(fake->dirty, 0);
    ntf_kmt_close(kmt);
    assert_int_equal(fake->objects_open, 0);
}

/* The setting restricts and orders; what it does not know it passes over. */
static void rung_setting(void **state)
{
    static const struct {
        const char *setting, *order;
    } rows[] = {
        { "native,monitored", "n0123" }, { "monitored,native", "0123n" }, { "monitored", "0123" },
        { "native", "n" },               { "native, native,monitored", "n0123" },
        { "", "0123qn" },                { "auto", "0123qn" },
        { "nonsense", "0123qn" },        { "nonsense,native", "n" },
        { "soft,native", "n" },          { "soft", "" },
        { "native,nonsense", "n" },
        { "bundle,native", "qn" },       { "mutex", "" }, /* what was wanted is a fence */
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt(rows[i].setting);
        struct outcome outcome;

        for (int k = 0; k < FAKE_OPENS; k++)
            fake->open[k] = bad;
        fake->native_open = bad;
        outcome = open_over(kmt);
        assert_int_equal(outcome.result, NTF_E_WRONG_OBJECT);
        assert_string_equal(fake->order, rows[i].order);
        ntf_kmt_close(kmt);
    }
}

/* Success without an address, an aligned one or an object is none: destroyed, and on to the next. */
static void odd_successes(void **state)
{
    static const struct fake_answer odd[] = { { .no_address = true }, { .misaligned = true },
                                              { .no_object = true } };
    static const char *const why[] = { "success without a CPU address",
                                       "the CPU address is not aligned",
                                       "success without an object" };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(odd); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("native,monitored");
        struct outcome outcome;

        fake->native_open = fake->open[0] = odd[i];
        outcome = open_over(kmt);
        assert_int_equal(outcome.result, NTF_OK);
        assert_string_equal(fake->order, "n01");
        assert_string_equal(outcome.trace.steps[1].detail, why[i]);
        assert_string_equal(outcome.trace.steps[2].detail, why[i]);
        assert_int_equal(fake->objects_open, 1);
        outcome.object->ops->close(outcome.object);

        for (int k = 0; k < FAKE_OPENS; k++)
            fake->open[k] = odd[i];
        outcome = open_over(kmt);
        assert_int_equal(outcome.result, NTF_E_UNSUPPORTED);
        assert_int_equal(fake->objects_open, 0);
        ntf_kmt_close(kmt);
    }
}

/* What is about the handle itself ends the climb; the rest does not, and the most telling stays. */
static void refusals(void **state)
{
    static const struct {
        ntf_status second; /* with the second flag word; the others answer INVALID_PARAMETER */
        enum ntf_result result;
        const char *order;
    } rows[] = {
        { NTF_STATUS_INVALID_PARAMETER, NTF_E_WRONG_OBJECT, "0123n" },
        { NTF_STATUS_INVALID_HANDLE, NTF_E_BAD_HANDLE, "01" },
        { NTF_STATUS_OBJECT_TYPE_MISMATCH, NTF_E_WRONG_OBJECT, "01" },
        { NTF_STATUS_ACCESS_DENIED, NTF_E_ACCESS_DENIED, "0123n" },
        { NTF_STATUS_NO_MEMORY, NTF_E_NO_MEMORY, "0123n" },
        { NTF_STATUS_NOT_IMPLEMENTED, NTF_E_UNSUPPORTED, "0123n" },
        { NTF_STATUS_NOT_SUPPORTED, NTF_E_UNSUPPORTED, "0123n" },
        { NTF_STATUS_DEVICE_REMOVED, NTF_E_FAILED, "0123n" },
        { NTF_STATUS_UNSUCCESSFUL, NTF_E_FAILED, "0123n" },
        { NTF_STATUS_OBJECT_NAME_NOT_FOUND, NTF_E_FAILED, "0123n" },
        { NTF_STATUS_PENDING, NTF_E_FAILED, "0123n" },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("monitored,native");
        struct outcome outcome;

        for (int k = 0; k < FAKE_OPENS; k++)
            fake->open[k] = bad;
        fake->native_open = bad;
        fake->open[1].status = rows[i].second;
        outcome = open_over(kmt);
        assert_int_equal(outcome.result, rows[i].result);
        assert_string_equal(fake->order, rows[i].order);
        assert_int_equal(outcome.trace.count, 1 + strlen(rows[i].order));
        assert_int_equal(outcome.trace.steps[2].status, rows[i].second);
        ntf_kmt_close(kmt);
        assert_int_equal(fake->objects_open, 0);
    }
}

/* A later rung that says something final outweighs what the earlier ones said. */
static void final_after_telling(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("native,monitored");
    struct outcome outcome;

    (void)state;
    fake->native_open.status = NTF_STATUS_ACCESS_DENIED;
    fake->open[0].status = NTF_STATUS_INVALID_HANDLE;
    outcome = open_over(kmt);
    assert_int_equal(outcome.result, NTF_E_BAD_HANDLE);
    assert_string_equal(fake->order, "n0");
    ntf_kmt_close(kmt);
}

/* The kernel is not asked about what is no handle. */
static void no_handles(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");
    const ntf_handle values[] = { NULL, (ntf_handle)(intptr_t)-1, (ntf_handle)(intptr_t)-2 };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(values); i++) {
        struct ntf_object *object = POISON;
        struct ntf_trace trace;

        assert_int_equal(ntf_kmt_open_handle(kmt, values[i], &object, &trace), NTF_E_BAD_HANDLE);
        assert_ptr_equal(object, POISON);
        assert_string_equal(trace_text(&trace), "handle C0000008 not a live handle");
    }
    assert_int_equal(fake->opens, 0);
    ntf_kmt_close(kmt);
}

static void trace_words(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("native");
    struct outcome outcome;
    struct ntf_text text;

    (void)state;
    fake->native_open.status = (ntf_status)0xC0000139;
    outcome = open_over(kmt);
    outcome.trace.steps[0].detail[0] = '\0'; /* the system's word */
    ntf_text_init(&text);
    ntf_trace_describe(&outcome.trace, &text);
    assert_string_equal(text.bytes,
                        "handle (0x00000000 SUCCESS); native open, unproven (0xC0000139)");
    ntf_kmt_close(kmt);
}

/* A trace that is full takes no more and loses nothing. */
static void trace_full(void **state)
{
    struct ntf_trace trace = { 0 };
    char longest[200];

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    for (int i = 0; i < NTF_TRACE_STEPS + 3; i++)
        ntf_trace_add(&trace, i < NTF_TRACE_STEPS ? "in" : "out", i, longest);
    assert_int_equal(trace.count, NTF_TRACE_STEPS);
    for (int i = 0; i < NTF_TRACE_STEPS; i++) {
        assert_string_equal(trace.steps[i].step, "in");
        assert_int_equal(trace.steps[i].status, i);
        assert_int_equal(strlen(trace.steps[i].detail), sizeof trace.steps[i].detail - 1);
    }
}

/* ---- Names ------------------------------------------------------------------------------------ */

/* A kernel's name leads to a handle, which is opened like any other and then closed. */
static void by_name(void **state)
{
    static const char16_t leaf[] = u"BaseNamedObjects\\ntfence-no-such-name-in-soft";
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");
    struct ntf_object *object = POISON;
    struct ntf_trace trace;

    (void)state;
    fake->name_handle = rig_handle_copy(live);
    assert_int_equal(
        ntf_kmt_open_name(kmt, u"Local\\ntfence-no-such-name-in-soft", &object, &trace), NTF_OK);
    assert_int_equal(object->rung, NTF_RUNG_MONITORED);
    assert_string_equal(trace.steps[0].step, "name lookup: soft");
    assert_int_equal(trace.steps[0].status, NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_string_equal(trace.steps[1].step, "name lookup: kernel");
    assert_false(rig_handle_live(fake->name_handle));
    assert_int_equal(fake->last_name_access, 0x1F0003);
    assert_int_equal(fake->last_name_attributes, NTF_OBJ_CASE_INSENSITIVE);
    assert_memory_equal(fake->last_name + fake->last_name_units - (NTF_COUNT(leaf) - 1), leaf,
                        sizeof leaf - 2);
    object->ops->close(object);
    ntf_kmt_close(kmt);
    assert_int_equal(fake->objects_open, 0);
}

/* A name that leads to what is no fence: refused, and the handle is closed all the same. */
static void by_name_wrong_object(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("monitored");
    struct ntf_object *object = POISON;
    struct ntf_trace trace;

    (void)state;
    fake->open[0].status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    fake->name_handle = rig_handle_copy(live);
    assert_int_equal(ntf_kmt_open_name(kmt, u"x", &object, &trace), NTF_E_WRONG_OBJECT);
    assert_ptr_equal(object, POISON);
    assert_false(rig_handle_live(fake->name_handle));
    assert_string_equal(trace.steps[0].step, "name lookup: kernel"); /* soft is not among the rungs */
    ntf_kmt_close(kmt);
}

static void refused_names(void **state)
{
    static const struct {
        ntf_status status;
        enum ntf_result result;
    } rows[] = {
        { NTF_STATUS_OBJECT_NAME_NOT_FOUND, NTF_E_NOT_FOUND },
        { NTF_STATUS_ACCESS_DENIED, NTF_E_ACCESS_DENIED },
        { NTF_STATUS_NO_MEMORY, NTF_E_NO_MEMORY },
        { NTF_STATUS_OBJECT_NAME_INVALID, NTF_E_BAD_NAME },
        { NTF_STATUS_OBJECT_TYPE_MISMATCH, NTF_E_WRONG_OBJECT },
        { NTF_STATUS_NOT_SUPPORTED, NTF_E_NOT_FOUND }, /* WSL: soft has looked, the kernel cannot */
        { NTF_STATUS_UNSUCCESSFUL, NTF_E_NOT_FOUND },
        { NTF_STATUS_SUCCESS, NTF_E_NOT_FOUND }, /* and no handle */
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("auto");
        struct ntf_object *object = POISON;
        struct ntf_trace trace;

        fake->name_status = rows[i].status;
        assert_int_equal(
            ntf_kmt_open_name(kmt, u"ntfence-no-such-name-in-soft", &object, &trace),
            rows[i].result);
        assert_ptr_equal(object, POISON);
        /* That there is no resource of this name either is told where it is news. */
        assert_int_equal(trace.count, rows[i].status == NTF_STATUS_OBJECT_NAME_NOT_FOUND ? 2 : 3);
        assert_int_equal(trace.steps[1].status, rows[i].status);
        assert_int_equal(fake->resource_names, 1);
        ntf_kmt_close(kmt);
    }
}

static void bad_names(void **state)
{
    struct fake_control *fake = fake_fresh();
    struct ntf_kmt *kmt = fake_kmt("auto");
    static const char16_t *const names[] = { NULL, u"", u"a\\b", u"Global\\" };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(names); i++) {
        struct ntf_object *object = POISON;
        struct ntf_trace trace;

        assert_int_equal(ntf_kmt_open_name(kmt, names[i], &object, &trace), NTF_E_BAD_NAME);
        assert_ptr_equal(object, POISON);
        assert_string_equal(trace_text(&trace), "name C0000033");
    }
    assert_int_equal(fake->names, 0);
    ntf_kmt_close(kmt);
}

static int open_live(void **state)
{
    struct rig_stranger strangers[RIG_STRANGERS];

    (void)state;
    rig_strangers_open(strangers);
    live = strangers[RIG_EVENT].handle;
    for (int i = RIG_FILE; i < RIG_STRANGERS; i++)
        rig_handle_close(strangers[i].handle);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(flag_words),    cmocka_unit_test(native_order),
        cmocka_unit_test(rung_setting),  cmocka_unit_test(odd_successes),
        cmocka_unit_test(refusals),      cmocka_unit_test(final_after_telling),
        cmocka_unit_test(no_handles),    cmocka_unit_test(trace_words),
        cmocka_unit_test(trace_full),    cmocka_unit_test(by_name),
        cmocka_unit_test(by_name_wrong_object),
        cmocka_unit_test(refused_names), cmocka_unit_test(bad_names),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-ladder", tests, NTF_COUNT(tests), open_live, NULL);
}
