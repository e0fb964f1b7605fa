// SPDX-License-Identifier: Apache-2.0
#include "ntf_test.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
#define yield() Sleep(1)
#else
#include <sched.h>
#define yield() sched_yield()
#endif

// What ends a test that hangs: as long as the runner gives a whole suite that asks for no more.
enum { TEST_SECONDS = 120 };

/*
 * cmocka tells its caller only how many tests failed, and a skipped one is none of these. So each
 * test is wrapped, and counted as passed where its function returns: a failed assertion and a skip
 * jump out of it.
 */
struct record {
    const struct CMUnitTest *test;
    void *state;
    bool passed;
};

// cmocka prefers the group's state to a test's own. It gets none, so that each test carries its
// record.
static struct {
    CMFixtureFunction setup, teardown;
    void *state;
} group;

static int group_setup(void **state)
{
    (void)state;
    return group.setup ? group.setup(&group.state) : 0;
}

static bool group_teardown_failed;

static int group_teardown(void **state)
{
    (void)state;
    // cmocka prints a failing tear-down, but does not count it: it counts as failed until it
    // returned.
    group_teardown_failed = true;
    int result = group.teardown ? group.teardown(&group.state) : 0;
    group_teardown_failed = result != 0;
    return result;
}

void ntf_test_until_handles(size_t most)
{
    while (ntf_test_open_handles() > most)
        yield();
}

static int test_setup(void **state)
{
    struct record *record = *state;
    ntf_test_watchdog(TEST_SECONDS);
    record->state = group.state ? group.state : record->test->initial_state;
    return record->test->setup_func ? record->test->setup_func(&record->state) : 0;
}

static void test_body(void **state)
{
    struct record *record = *state;
    record->test->test_func(&record->state);
    record->passed = true;
}

static int test_teardown(void **state)
{
    struct record *record = *state;
    int result = 0;
    if (record->test->teardown_func) {
        bool passed = record->passed;
        record->passed = false;
        result = record->test->teardown_func(&record->state);
        record->passed = passed && result == 0;
    }
    return result;
}

int ntf_test_run(const char *suite, const struct CMUnitTest *tests, size_t count,
                 CMFixtureFunction setup, CMFixtureFunction teardown)
{
    struct record *records = calloc(count + 1, sizeof *records);
    struct CMUnitTest *wrapped = calloc(count + 1, sizeof *wrapped);
    if (!records || !wrapped)
        abort();
    for (size_t i = 0; i < count; i++) {
        records[i].test = &tests[i];
        wrapped[i] =
            (struct CMUnitTest){tests[i].name, test_body, test_setup, test_teardown, &records[i]};
    }
    group.setup = setup;
    group.teardown = teardown;
    group.state = NULL;

    // Lines of a crashing test must not be lost in a buffer.
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *only = getenv("NTF_TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    ntf_test_watchdog(TEST_SECONDS);
    int result = _cmocka_run_group_tests(suite, wrapped, count, group_setup, group_teardown);
    ntf_test_watchdog(0);

    size_t passed = 0;
    for (size_t i = 0; i < count; i++)
        passed += records[i].passed;
    size_t failed = result > 0 ? (size_t)result : result < 0;
    failed += group_teardown_failed;
    if (!only && count > passed + failed)
        printf("%zu skipped\n", count - passed - failed);
    printf("%zu passed, %zu failed\n", passed, failed);
    fflush(stdout);
    free(wrapped);
    free(records);
    return failed > 0 || passed == 0;
}
