/* SPDX-License-Identifier: Apache-2.0 */
/* What may be handed to the ladder with nothing but soft below: what is ours, and all that is not. */
#include <stdio.h>
#include <string.h>

#include "producer.h"
#include "support.h"

#define POISON ((struct ntf_object *)(uintptr_t)0x5A5A5A50u)

static struct ntf_kmt *kmt;

static enum ntf_result attempt(ntf_handle handle, struct ntf_trace *trace)
{
    struct ntf_object *object = POISON;
    const enum ntf_result result = ntf_kmt_open_handle(kmt, handle, &object, trace);

    if (result == NTF_OK)
        object->ops->close(object);
    else
        assert_ptr_equal(object, POISON);
    return result;
}

static void no_handles(void **state)
{
    const ntf_handle values[] = { NULL, (ntf_handle)(intptr_t)-1, (ntf_handle)(intptr_t)-2 };
    struct ntf_trace trace;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(values); i++) {
        assert_int_equal(attempt(values[i], &trace), NTF_E_BAD_HANDLE);
        assert_string_equal(trace_text(&trace), "handle C0000008 not a live handle");
    }
}

static void closed(void **state)
{
    struct rig_stranger strangers[RIG_STRANGERS];
    struct ntf_trace trace;

    (void)state;
    rig_strangers_open(strangers);
    for (int i = 0; i < RIG_STRANGERS; i++)
        rig_handle_close(strangers[i].handle);
    for (int i = 0; i < RIG_STRANGERS; i++) {
        assert_int_equal(attempt(strangers[i].handle, &trace), NTF_E_BAD_HANDLE);
        assert_string_equal(trace_text(&trace), "handle C0000008 not a live handle");
    }
}

/* Each is named in the trace by what it is, left open, and nothing of ours is left behind. */
static void live_strangers(void **state)
{
    struct rig_stranger strangers[RIG_STRANGERS];
    struct ntf_trace trace;
    size_t handles;

    (void)state;
    rig_strangers_open(strangers);
    (void)attempt(strangers[0].handle, &trace); /* whatever is opened once */
    handles = ntf_test_open_handles();
    for (int i = 0; i < RIG_STRANGERS; i++) {
        assert_int_equal(attempt(strangers[i].handle, &trace), NTF_E_WRONG_OBJECT);
        assert_int_equal(trace.count, 2);
        assert_string_equal(trace.steps[0].step, "handle");
        assert_int_equal(trace.steps[0].status, NTF_STATUS_SUCCESS);
        assert_string_equal(trace.steps[0].detail, strangers[i].kind);
        assert_string_equal(trace.steps[1].step, "soft: class");
        assert_int_equal(trace.steps[1].status, NTF_STATUS_OBJECT_TYPE_MISMATCH);
        assert_true(trace.steps[1].detail[0] != '\0');
        assert_true(rig_handle_live(strangers[i].handle));
    }
    assert_int_equal(ntf_test_open_handles(), handles);
    for (int i = 0; i < RIG_STRANGERS; i++)
        rig_handle_close(strangers[i].handle);
}

static void unknown_name(void **state)
{
    static const char16_t *const names[] = { u"ntfence-test-nobody", u"Local\\ntfence-test-nobody",
                                             u"Global\\ntfence-test-nobody" };
    struct ntf_trace trace;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(names); i++) {
        struct ntf_object *object = POISON;

        assert_int_equal(ntf_kmt_open_name(kmt, names[i], &object, &trace), NTF_E_NOT_FOUND);
        assert_ptr_equal(object, POISON);
        assert_string_equal(trace_text(&trace), "name lookup: soft C0000034");
    }
}

/* A fence of ours opens by handle, whichever of the kinds, with its value and with signals. */
static void ours(void **state)
{
    (void)state;
    for (int native = 0; native < 2; native++) {
        struct ntf_object *object = NULL;
        struct producer producer;
        struct ntf_trace trace;

        producer_begin(&producer, NULL);
        producer_make(&producer, native, 0, 7);
        producer_share(&producer, NULL);
        assert_int_equal(ntf_kmt_open_handle(kmt, producer.nt, &object, &trace), NTF_OK);
        assert_int_equal(object->rung, NTF_RUNG_SOFT);
        assert_int_equal(object->kind, native ? NTF_OBJECT_NATIVE : NTF_OBJECT_MONITORED);
        assert_true(ntf_object_value(object) == 7);
        assert_string_equal(trace.steps[trace.count - 1].step, "soft: class");
        assert_int_equal(producer_signal(&producer, 9), NTF_STATUS_SUCCESS);
        assert_true(ntf_object_value(object) == 9);
        assert_int_equal(object->ops->signal(object, 12, NULL), NTF_OK);
        assert_int_equal(producer_signal(&producer, 11), NTF_STATUS_INVALID_PARAMETER);
        object->ops->close(object);
        producer_end(&producer);
    }
}

/* By name, in any of its spellings; the temporary handle is closed. */
static void ours_by_name(void **state)
{
    static const char16_t *const spellings[] = { u"ntfence-test-Strangers",
                                                 u"Local\\ntfence-test-Strangers",
                                                 u"local\\NTFENCE-TEST-STRANGERS" };
    struct producer producer;
    struct ntf_trace trace;
    size_t handles = 0;

    (void)state;
    producer_begin(&producer, NULL);
    producer_make(&producer, false, 0, 7);
    producer_share(&producer, u"ntfence-test-Strangers");
    for (size_t i = 0; i < 50; i++) {
        struct ntf_object *object = NULL;

        assert_int_equal(
            ntf_kmt_open_name(kmt, spellings[i % NTF_COUNT(spellings)], &object, &trace), NTF_OK);
        assert_string_equal(trace.steps[0].step, "name lookup: soft");
        assert_true(ntf_object_value(object) == 7);
        object->ops->close(object);
        if (i == 0)
            handles = ntf_test_open_handles();
    }
    /* One or two more or less: the server of the name, a thread of ours here, hangs up in its own time. */
    assert_in_range(ntf_test_open_handles(), handles - 2, handles + 2);
    producer_end(&producer);
}

static int open_kmt(void **state)
{
    const struct ntf_kmt_config config = { .provider = "soft", .d3dkmt = "", .rungs = "auto" };
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];

    (void)state;
    if (ntf_kmt_open(&config, &kmt, verdicts) != NTF_OK) {
        struct ntf_text text;

        ntf_text_init(&text);
        ntf_kmt_describe_verdicts(verdicts, &text);
        (void)fprintf(stderr, "%s\n", text.bytes);
        return -1;
    }
    return 0;
}

static int close_kmt(void **state)
{
    (void)state;
    ntf_kmt_close(kmt);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_handles),   cmocka_unit_test(closed), cmocka_unit_test(live_strangers),
        cmocka_unit_test(unknown_name), cmocka_unit_test(ours),   cmocka_unit_test(ours_by_name),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-strangers", tests, NTF_COUNT(tests), open_kmt, close_kmt);
}
