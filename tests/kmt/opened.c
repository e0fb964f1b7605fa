/* SPDX-License-Identifier: Apache-2.0 */
#include "opened.h"

#include <string.h>

static const struct ntf_opened poison = {(struct ntf_object *)(uintptr_t)0x5A5A5A50u,
                                         (struct ntf_mutex *)(uintptr_t)0x5A5A5A58u};

struct outcome open_handle(struct ntf_kmt *kmt, ntf_handle handle, enum ntf_wanted wanted)
{
    struct outcome outcome = {.opened = poison};

    outcome.result = ntf_kmt_open_any_handle(kmt, handle, wanted, &outcome.opened, &outcome.trace);
    assert_true(rig_handle_live(handle));
    return outcome;
}

struct outcome open_number(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_wanted wanted)
{
    struct outcome outcome = {.opened = poison};

    outcome.result = ntf_kmt_open_any_global(kmt, number, wanted, &outcome.opened, &outcome.trace);
    return outcome;
}

struct outcome open_named(struct ntf_kmt *kmt, const char16_t *name, enum ntf_wanted wanted)
{
    struct outcome outcome = {.opened = poison};

    outcome.result = ntf_kmt_open_any_name(kmt, name, wanted, &outcome.opened, &outcome.trace);
    return outcome;
}

static void close_opened(struct ntf_opened *opened)
{
    if (opened->mutex && opened->mutex->companion)
        opened->mutex->companion->ops->close(opened->mutex->companion);
    if (opened->mutex)
        opened->mutex->ops->close(opened->mutex);
    if (opened->object)
        opened->object->ops->close(opened->object);
}

void expect_none_open(const struct fake_control *fake)
{
    assert_int_equal(fake->objects_open, 0);
    assert_int_equal(fake->mutexes_open, 0);
    assert_int_equal(fake->resources_open, 0);
    assert_int_equal(fake->dirty, 0);
}

void expect_opened(struct fake_control *fake, struct outcome *outcome, enum ntf_result result, enum opened_as as)
{
    if (outcome->result != result)
        fail_msg("%s, by %s; expected %s", ntf_result_name(outcome->result), trace_text(&outcome->trace),
                 ntf_result_name(result));
    if (result != NTF_OK) {
        assert_memory_equal(&outcome->opened, &poison, sizeof poison);
    } else {
        assert_int_equal(outcome->opened.object != NULL, as == AS_OBJECT);
        assert_int_equal(outcome->opened.mutex != NULL, as == AS_MUTEX || as == AS_MUTEX_ALONE);
        if (outcome->opened.mutex)
            assert_int_equal(outcome->opened.mutex->companion != NULL, as == AS_MUTEX);
        close_opened(&outcome->opened);
    }
    expect_none_open(fake);
}

void expect_reason(const struct ntf_trace *trace, const char *reason)
{
    if (strcmp(trace->steps[trace->count - 1].detail, reason) != 0)
        fail_msg("%s; expected: %s", trace_text(trace), reason);
}
