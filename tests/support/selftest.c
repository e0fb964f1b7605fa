// SPDX-License-Identifier: Apache-2.0
// The helpers themselves: a helper that cannot fail would hide every failure above it.
#include "ntf_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>
#define handle_of(file) ((uint64_t)_get_osfhandle(_fileno(file)))
#define open_handle(handle) _fdopen(_open_osfhandle((intptr_t)(handle), _O_WRONLY), "w")
static DWORD WINAPI thread_body(void *turn)
{
    return WaitForSingleObject(turn, INFINITE);
}
#else
#include <pthread.h>
#include <semaphore.h>
#define handle_of(file) ((uint64_t)fileno(file))
#define open_handle(handle) fdopen((int)(handle), "w")
static void *thread_body(void *turn)
{
    sem_wait(turn);
    return NULL;
}
#endif

// Child roles. ECHO answers each line until its input ends, and then ends with the status it was
// given.
static int role_echo(void)
{
    char line[NTF_LINE_MAX];
    while (ntf_parent_receive(line))
        ntf_parent_send("echo %s", line);
    return atoi(ntf_test_role_arg(0));
}

static int role_args(void)
{
    for (unsigned i = 0; ntf_test_role_arg(i); i++)
        ntf_parent_send("%s", ntf_test_role_arg(i));
    return 0;
}

static int role_hang(void)
{
    ntf_test_watchdog(1);
    for (char line[NTF_LINE_MAX]; ntf_parent_receive(line);)
        ;
    return 0;
}

// Writes into the file whose handle it was given.
static int role_use(void)
{
    ntf_parent_send("before");
    char line[NTF_LINE_MAX];
    FILE *file = ntf_parent_receive(line) ? open_handle(strtoull(line, NULL, 10)) : NULL;
    if (!file || fputs("hello", file) < 0 || fclose(file) != 0)
        return 1;
    ntf_parent_send("written");
    return 0;
}

static void passes(void **state)
{
    (void)state;
}

static void fails(void **state)
{
    (void)state;
    assert_int_equal(1, 2);
}

static void skips(void **state)
{
    (void)state;
    skip();
}

static int fixture_fails(void **state)
{
    (void)state;
    return -1;
}

// The status of a group that holds just what its argument says.
static int role_group(void)
{
    const char *what = ntf_test_role_arg(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes),
        strcmp(what, "fails") == 0 ? (struct CMUnitTest)cmocka_unit_test(fails)
                                   : (struct CMUnitTest)cmocka_unit_test(passes),
    };
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skips)};
    const struct CMUnitTest torn[] = {cmocka_unit_test_teardown(passes, fixture_fails)};
    if (strcmp(what, "nothing") == 0)
        return ntf_test_run(what, tests, 0, NULL, NULL);
    if (strcmp(what, "skips") == 0)
        return ntf_test_run(what, skipped, NTF_COUNT(skipped), NULL, NULL);
    if (strcmp(what, "teardown") == 0)
        return ntf_test_run(what, torn, NTF_COUNT(torn), NULL, NULL);
    if (strcmp(what, "group setup") == 0)
        return ntf_test_run(what, tests, NTF_COUNT(tests), fixture_fails, NULL);
    if (strcmp(what, "group teardown") == 0)
        return ntf_test_run(what, tests, NTF_COUNT(tests), NULL, fixture_fails);
    return ntf_test_run(what, tests, NTF_COUNT(tests), NULL, NULL);
}

static void a_child_answers_and_ends_with_its_status(void **state)
{
    (void)state;
    struct ntf_child *child = ntf_child_start("echo", "7", NULL);
    assert_int_not_equal(ntf_child_pid(child), 0);
    ntf_child_send(child, "line %d", 1);
    ntf_child_send(child, "%s", "");
    ntf_child_expect(child, "echo line 1");
    ntf_child_expect(child, "echo ");
    assert_int_equal(ntf_child_wait(child), 7);
}

static void arguments_arrive_as_they_are(void **state)
{
    (void)state;
    static const char *const args[] = {"",     "a b", "quote\"d", "back\\slash\\",
                                       "\\\"", "*",   "%PATH%"};
    struct ntf_child *child = ntf_child_start("args", args[0], args[1], args[2], args[3], args[4],
                                              args[5], args[6], NULL);
    for (size_t i = 0; i < NTF_COUNT(args); i++)
        ntf_child_expect(child, args[i]);
    char line[NTF_LINE_MAX];
    assert_false(ntf_child_receive(child, line));
    assert_int_equal(ntf_child_wait(child), 0);
}

static void a_killed_child_is_told_from_one_that_ended(void **state)
{
    (void)state;
    struct ntf_child *child = ntf_child_start("echo", "0", NULL);
    ntf_child_send(child, "there");
    ntf_child_expect(child, "echo there");
    ntf_child_kill(child);
    char line[NTF_LINE_MAX];
    assert_false(ntf_child_receive(child, line));
    assert_int_equal(ntf_child_wait(child), -1);
}

static void children_leave_nothing_open(void **state)
{
    (void)state;
    struct ntf_child *first = ntf_child_start("echo", "0", NULL);
    ntf_child_wait(first);
    size_t handles = ntf_test_open_handles(), threads = ntf_test_threads();
    struct ntf_child *child = ntf_child_start("echo", "0", NULL);
    assert_true(ntf_test_open_handles() > handles);
    ntf_child_wait(child);
    assert_int_equal(ntf_test_open_handles(), handles);
    assert_int_equal(ntf_test_threads(), threads);
    assert_true(threads >= 1);
}

// A thread that waits for its turn, and is joined after it; how many there are meanwhile.
static size_t with_a_thread(void)
{
#ifdef _WIN32
    HANDLE turn = CreateSemaphoreW(NULL, 0, 1, NULL);
    HANDLE thread = CreateThread(NULL, 0, thread_body, turn, 0, NULL);
    assert_non_null(thread);
    const size_t threads = ntf_test_threads();
    ReleaseSemaphore(turn, 1, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(turn);
#else
    sem_t turn;
    pthread_t thread;
    sem_init(&turn, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, thread_body, &turn), 0);
    const size_t threads = ntf_test_threads();
    sem_post(&turn);
    pthread_join(thread, NULL);
    sem_destroy(&turn);
#endif
    return threads;
}

static void a_joined_thread_is_no_longer_counted(void **state)
{
    (void)state;
    (void)with_a_thread(); // with the first one a sanitizer begins its own
    const size_t threads = ntf_test_threads();
    for (int i = 0; i < 300; i++) {
        assert_int_equal(with_a_thread(), threads + 1);
        assert_int_equal(ntf_test_threads(), threads);
    }
}

static void a_given_handle_is_valid_in_the_child(void **state)
{
    (void)state;
    struct ntf_child *child = ntf_child_start("use", NULL);
    ntf_child_expect(child, "before");
    size_t handles = ntf_test_open_handles();
    FILE *file = tmpfile();
    assert_non_null(file);
    uint64_t given = ntf_child_give_handle(child, handle_of(file));
    ntf_child_send(child, "%llu", (unsigned long long)given);
    ntf_child_expect(child, "written");
    char text[16] = "";
    rewind(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_string_equal(text, "hello");
    fclose(file);
    assert_int_equal(ntf_test_open_handles(), handles);
    assert_int_equal(ntf_child_wait(child), 0);
}

static void the_watchdog_ends_a_process_that_hangs(void **state)
{
    (void)state;
    struct ntf_child *child = ntf_child_start("hang", NULL);
    char line[NTF_LINE_MAX];
    assert_false(ntf_child_receive(child, line));
    assert_int_not_equal(ntf_child_wait(child), 0);
}

static int group_status(const char *what)
{
    struct ntf_child *child = ntf_child_start("group", what, NULL);
    return ntf_child_wait(child);
}

static void a_group_fails_unless_a_test_passed_and_none_failed(void **state)
{
    (void)state;
    assert_int_equal(group_status("passes"), 0);
    assert_int_equal(group_status("fails"), 1);
    assert_int_equal(group_status("nothing"), 1);
    assert_int_equal(group_status("skips"), 1);
    assert_int_equal(group_status("teardown"), 1);
    assert_int_equal(group_status("group setup"), 1);
    assert_int_equal(group_status("group teardown"), 1);
}

int main(int argc, char **argv)
{
    const char *role = ntf_test_role(argc, argv);
    if (role)
        return strcmp(role, "echo") == 0    ? role_echo()
               : strcmp(role, "args") == 0  ? role_args()
               : strcmp(role, "hang") == 0  ? role_hang()
               : strcmp(role, "group") == 0 ? role_group()
                                            : role_use();
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_answers_and_ends_with_its_status),
        cmocka_unit_test(arguments_arrive_as_they_are),
        cmocka_unit_test(a_killed_child_is_told_from_one_that_ended),
        cmocka_unit_test(children_leave_nothing_open),
        cmocka_unit_test(a_joined_thread_is_no_longer_counted),
        cmocka_unit_test(a_given_handle_is_valid_in_the_child),
        cmocka_unit_test(the_watchdog_ends_a_process_that_hangs),
        cmocka_unit_test(a_group_fails_unless_a_test_passed_and_none_failed),
    };
    return ntf_test_run("support", tests, NTF_COUNT(tests), NULL, NULL);
}
