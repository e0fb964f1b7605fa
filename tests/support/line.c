// SPDX-License-Identifier: Apache-2.0
// Roles and lines, as far as they are the same on every platform.
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHILD_SECONDS = 60 };

static char **role_args;
static unsigned role_arg_count;

const char *ntf_test_role(int argc, char **argv)
{
    if (argc < 3 || strcmp(argv[1], NTF_ROLE_SWITCH) != 0)
        return NULL;
    role_args = argv + 3;
    role_arg_count = (unsigned)argc - 3;
    ntf_test_watchdog(CHILD_SECONDS);
    return argv[2];
}

const char *ntf_test_role_arg(unsigned i)
{
    return i < role_arg_count ? role_args[i] : NULL;
}

struct ntf_child *ntf_child_start(const char *role, ...)
{
    char *argv[NTF_CHILD_ARGS_MAX + 3] = {(char *)NTF_ROLE_SWITCH, (char *)role};
    size_t count = 2;
    va_list args;
    va_start(args, role);
    for (char *arg; (arg = va_arg(args, char *)) != NULL;) {
        assert_in_range(count, 2, NTF_CHILD_ARGS_MAX + 1);
        argv[count++] = arg;
    }
    va_end(args);
    return ntf_os_child_start(argv);
}

// The length of the formatted line; one that doesn't fit is a mistake of the test's author.
NTF_TEST_PRINTF(2, 0)
static size_t format_line(char line[NTF_LINE_MAX], const char *format, va_list args)
{
    int length = vsnprintf(line, NTF_LINE_MAX, format, args);
    if (length < 0 || length >= NTF_LINE_MAX || strchr(line, '\n')) {
        fprintf(stderr, "ntf_test: not a line of at most %d bytes: %s\n", NTF_LINE_MAX - 1, line);
        abort();
    }
    return (size_t)length;
}

void ntf_child_send(struct ntf_child *child, const char *format, ...)
{
    char line[NTF_LINE_MAX];
    va_list args;
    va_start(args, format);
    size_t length = format_line(line, format, args);
    va_end(args);
    if (!ntf_os_child_send(child, line, length))
        fail_msg("the child is gone, not sent: %s", line);
}

void ntf_child_expect(struct ntf_child *child, const char *expected)
{
    char line[NTF_LINE_MAX];
    if (!ntf_child_receive(child, line))
        fail_msg("the child is gone, expected: %s", expected);
    assert_string_equal(line, expected);
}

void ntf_parent_send(const char *format, ...)
{
    char line[NTF_LINE_MAX];
    va_list args;
    va_start(args, format);
    size_t length = format_line(line, format, args);
    va_end(args);
    // Without its parent a child has nothing left to do.
    if (!ntf_os_parent_send(line, length))
        exit(EXIT_FAILURE);
}
