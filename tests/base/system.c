/* SPDX-License-Identifier: Apache-2.0 */
/* Variables, randomness, files and libraries, as far as every system has them. */
#include "ntf_test.h"

#include <stdio.h>
#include <string.h>

#include "base/os/os.h"

/* A path of the rig, for a program or a file beside the tests. */
static void path_of(const char *variable, char path[512])
{
    const int length = ntf_os_getenv(variable, path, 512);
    assert_in_range(length, 1, 511);
}

/* The length is the whole one, however much of it fits; what fits is terminated. NTF_TEST_VALUE is "twelve bytes". */
static void variable_is_cut(void **state)
{
    char buffer[32];

    (void)state;
    memset(buffer, 'x', sizeof buffer);
    assert_int_equal(ntf_os_getenv("NTF_TEST_VALUE", buffer, sizeof buffer), 12);
    assert_string_equal(buffer, "twelve bytes");
    memset(buffer, 'x', sizeof buffer);
    assert_int_equal(ntf_os_getenv("NTF_TEST_VALUE", buffer, 13), 12);
    assert_string_equal(buffer, "twelve bytes");
    memset(buffer, 'x', sizeof buffer);
    assert_int_equal(ntf_os_getenv("NTF_TEST_VALUE", buffer, 12), 12);
    assert_string_equal(buffer, "twelve byte");
    assert_int_equal(buffer[12], 'x');
    memset(buffer, 'x', sizeof buffer);
    assert_int_equal(ntf_os_getenv("NTF_TEST_VALUE", buffer, 1), 12);
    assert_string_equal(buffer, "");
    assert_int_equal(ntf_os_getenv("NTF_TEST_VALUE", NULL, 0), 12);
}

static void absent_variable_is_told(void **state)
{
    char buffer[4] = "old";

    (void)state;
    assert_int_equal(ntf_os_getenv("NTF_TEST_THAT_IS_NOT_THERE", buffer, sizeof buffer), -1);
    assert_int_equal(ntf_os_getenv("NTF_TEST_THAT_IS_NOT_THERE", NULL, 0), -1);
}

/* A test runs with no more rights than who started it, and Wine's word for its processes is not believed. */
static void tests_are_not_elevated(void **state)
{
    (void)state;
    assert_false(ntf_os_elevated());
    assert_false(ntf_os_elevated());
}

/* Every byte is filled, none beyond, and differently each time. */
static void random_fills(void **state)
{
    unsigned char a[64], b[64];
    unsigned seen[33] = { 0 };

    (void)state;
    memset(a, 0, sizeof a);
    for (int round = 0; round < 64; round++) {
        memset(b, 0, sizeof b);
        assert_true(ntf_os_random(b, 33));
        for (size_t i = 0; i < 33; i++)
            seen[i] |= b[i];
        for (size_t i = 33; i < sizeof b; i++)
            assert_int_equal(b[i], 0);
        assert_memory_not_equal(a, b, 33);
        memcpy(a, b, sizeof a);
    }
    for (size_t i = 0; i < 33; i++)
        assert_true(seen[i] != 0);
    assert_true(ntf_os_random(b, 0));
}

/* ---- files ---- */

enum { WRITERS = 4, LINES = 50 };

static void make_file_name(char path[600])
{
    char folder[512];
    uint64_t number;

    path_of("NTF_TEST_FOLDER", folder);
    assert_true(ntf_os_random(&number, sizeof number));
    snprintf(path, 600, "%s/base-system-%016llx.log", folder, (unsigned long long)number);
}

static void append_lines(void *context)
{
    for (int i = 0; i < LINES; i++)
        ntf_os_append_line(context, "one whole line, from its beginning to its end, as long as lines are");
}

/* Lines of several threads end up in the file whole, each with one end. */
static void lines_stay_whole(void **state)
{
    struct ntf_thread *threads[WRITERS];
    char path[600], line[256];
    int count = 0;
    FILE *file;

    (void)state;
    make_file_name(path);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(ntf_thread_start(&threads[i], "writer", append_lines, path), NTF_OK);
    for (size_t i = 0; i < WRITERS; i++)
        ntf_thread_join(threads[i]);
    file = fopen(path, "rb");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        assert_string_equal(line, "one whole line, from its beginning to its end, as long as lines are\n");
        count++;
    }
    fclose(file);
    assert_int_equal(remove(path), 0);
    assert_int_equal(count, WRITERS * LINES);
}

/* A log that can't be opened is no reason to fail. */
static void bad_path_is_harmless(void **state)
{
    char path[600];

    (void)state;
    make_file_name(path);
    strcat(path, "/no/such/folder");
    ntf_os_append_line(path, "nobody reads this");
    ntf_os_append_line("", "nor this");
}

/* ---- libraries ---- */

/* The function of library.c: adds to a number of that library and returns the sum. */
typedef unsigned (*count_function)(void);

static unsigned count_in(const char *path, const char *symbol, bool again)
{
    struct ntf_library *library = ntf_library_open_path(path);
    count_function count;
    unsigned sum;

    assert_non_null(library);
    count = (count_function)ntf_library_symbol(library, symbol);
    assert_non_null(count);
    sum = count();
    ntf_library_close(library);
    return again ? count_in(path, symbol, false) : sum;
}

/* A library opened by its path has its exports and no others, and goes when it is closed: its number starts again.
 * One whose first thread has started stays. This order, since nothing undoes the second. */
static void thread_pins_library(void **state)
{
    char path[512];
    struct ntf_library *library;

    (void)state;
    path_of("NTF_TEST_LIBRARY", path);
    library = ntf_library_open_path(path);
    assert_non_null(library);
    assert_null(ntf_library_symbol(library, "ntf_test_no_such_thing"));
    assert_null(ntf_library_symbol(library, "ntf_thread_start"));
    ntf_library_close(library);
    assert_int_equal(count_in(path, "ntf_test_count", true), 1);
    assert_int_equal(count_in(path, "ntf_test_count_in_thread", true), 2);
}

/* Only a file name is looked for in the system, only an absolute path is opened, and a file that is no library is
 * refused without a word. */
static void strange_names_are_refused(void **state)
{
    char path[512];

    (void)state;
    assert_null(ntf_library_open_system("ntfence-no-such-library"));
    assert_null(ntf_library_open_system(""));
    assert_null(ntf_library_open_path(""));
    assert_null(ntf_library_open_path("base-library.so"));
    assert_null(ntf_library_open_path("./base-library.so"));
    assert_null(ntf_library_open_path("C:base-library.so"));
    path_of("NTF_TEST_LIBRARY", path);
    assert_null(ntf_library_open_system(path));
    path_of("NTF_TEST_TEXT", path);
    assert_null(ntf_library_open_path(path));
}

/* A library that is surely there, with a function that is surely in it. */
static void system_library_opens(void **state)
{
    char name[512], symbol[512];
    struct ntf_library *library;

    (void)state;
    path_of("NTF_TEST_SYSTEM_LIBRARY", name);
    path_of("NTF_TEST_SYSTEM_SYMBOL", symbol);
    library = ntf_library_open_system(name);
    assert_non_null(library);
    assert_true(ntf_library_symbol(library, symbol) != NULL);
    ntf_library_close(library);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(variable_is_cut),           cmocka_unit_test(absent_variable_is_told),
        cmocka_unit_test(tests_are_not_elevated),    cmocka_unit_test(random_fills),
        cmocka_unit_test(lines_stay_whole),          cmocka_unit_test(bad_path_is_harmless),
        cmocka_unit_test(strange_names_are_refused), cmocka_unit_test(system_library_opens),
        cmocka_unit_test(thread_pins_library),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-system", tests, NTF_COUNT(tests), NULL, NULL);
}
