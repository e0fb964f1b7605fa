/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines, the clock they are in, and the names of results. */
#include "ntf_test.h"

#include <string.h>

#include "base/deadline.h"
#include "base/os/os.h"

/* A relative timeout that does not fit becomes "never", not a moment in the past. */
static void saturates(void **state)
{
    (void)state;
    assert_true(ntf_deadline_after(1000, 500) == 1500);
    assert_true(ntf_deadline_after(1000, UINT64_MAX) == NTF_FOREVER);
    assert_true(ntf_deadline_after(1000, UINT64_MAX - 1) == NTF_FOREVER);
    assert_true(ntf_deadline_after(1000, UINT64_MAX - 1000) == NTF_FOREVER);
    assert_true(ntf_deadline_after(1000, UINT64_MAX - 1001) == UINT64_MAX - 1);
    assert_true(ntf_deadline_after(UINT64_MAX, 0) == NTF_FOREVER);
}

/* A timeout of 0 has passed when it is made; forever never passes. */
static void passes(void **state)
{
    (void)state;
    assert_true(ntf_deadline_passed(ntf_deadline_after(1000, 0), 1000));
    assert_false(ntf_deadline_passed(1001, 1000));
    assert_true(ntf_deadline_passed(0, 1));
    assert_false(ntf_deadline_passed(NTF_FOREVER, UINT64_MAX));
}

/* What is left is never negative, and forever stays what Vulkan calls forever. */
static void leaves(void **state)
{
    (void)state;
    assert_true(ntf_deadline_left(1500, 1000) == 500);
    assert_true(ntf_deadline_left(1000, 1000) == 0);
    assert_true(ntf_deadline_left(1000, 1500) == 0);
    assert_true(ntf_deadline_left(NTF_FOREVER, 1500) == UINT64_MAX);
    assert_true(ntf_deadline_min(1, 2) == 1);
    assert_true(ntf_deadline_min(NTF_FOREVER, 2) == 2);
}

/* The clock never goes back, is never 0, and moves. */
static void clock_moves(void **state)
{
    const uint64_t first = ntf_os_now_ns();
    uint64_t before = first;

    (void)state;
    assert_true(first > 0);
    do {
        const uint64_t now = ntf_os_now_ns();
        assert_true(now >= before);
        before = now;
    } while (before - first < 2000000);
}

/* Each result has its own name, and a number that is none has one too. */
static void results_have_names(void **state)
{
    (void)state;
    assert_string_equal(ntf_result_name(NTF_OK), "NTF_OK");
    assert_string_equal(ntf_result_name(NTF_NOT_READY), "NTF_NOT_READY");
    for (int a = NTF_E_FAILED; a <= NTF_NOT_READY; a++) {
        assert_true(strcmp(ntf_result_name((enum ntf_result)a), "NTF_E_UNKNOWN") != 0);
        for (int b = NTF_E_FAILED; b < a; b++)
            assert_string_not_equal(ntf_result_name((enum ntf_result)a), ntf_result_name((enum ntf_result)b));
    }
    assert_string_equal(ntf_result_name((enum ntf_result)-99), "NTF_E_UNKNOWN");
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(saturates),   cmocka_unit_test(passes),
        cmocka_unit_test(leaves),      cmocka_unit_test(clock_moves),
        cmocka_unit_test(results_have_names),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-deadline", tests, NTF_COUNT(tests), NULL, NULL);
}
