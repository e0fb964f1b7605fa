// SPDX-License-Identifier: Apache-2.0
/*
 * rigrun NAME=VALUE ... -- program.exe argument ...
 * Wine keeps the VK_* variables of the Unix side out of the Windows environment. This Windows
 * program sets variables where they count, then starts the other one and ends with its status.
 */
#include "start_win32.h"
#include "win32_quote.h"

#include <stdio.h>

#include <windows.h>

enum { FAILED = 125, COMMAND_LINE_MAX = 32768 };

static wchar_t command_line[COMMAND_LINE_MAX];

static int fail(const char *what)
{
    fprintf(stderr, "rigrun: %s (error %lu)\n", what, GetLastError());
    return FAILED;
}

static bool set_variable(wchar_t *assignment)
{
    wchar_t *equals = wcschr(assignment, L'=');
    if (!equals)
        return false;
    *equals = L'\0';
    return SetEnvironmentVariableW(assignment, equals + 1);
}

// The C runtime's entry point, which MinGW's headers don't declare.
int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    int i = 1;
    for (; i < argc && wcscmp(argv[i], L"--") != 0; i++) {
        if (!set_variable(argv[i]))
            return fail("not NAME=VALUE");
    }
    if (i + 1 >= argc)
        return fail("no program");
    for (i++; i < argc; i++) {
        if (!ntf_quote_append(command_line, COMMAND_LINE_MAX, argv[i]))
            return fail("too many arguments");
    }
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION info;
    unsigned tries = 0;
    while (!CreateProcessW(NULL, command_line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info))
        if (!ntf_start_again(&tries))
            return fail("can't start the program");
    WaitForSingleObject(info.hProcess, INFINITE);
    DWORD status = FAILED;
    GetExitCodeProcess(info.hProcess, &status);
    // Unix sees the low byte only: a failure must not become 0 there.
    return status != 0 && (status & 0xFF) == 0 ? FAILED : (int)status;
}
