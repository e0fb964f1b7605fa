// SPDX-License-Identifier: Apache-2.0
// Starting a process under Windows and Wine.
#ifndef NTF_TEST_START_WIN32_H
#define NTF_TEST_START_WIN32_H

#include <stdio.h>
#include <windows.h>

enum { NTF_START_TRIES = 5 };

// CreateProcess has failed: whether to try once more. Wine now and then ends a process before it has begun, and says
// ERROR_INTERNAL_ERROR: nothing of the program has run then. That it happens is said. *tries: 0 at first.
static inline BOOL ntf_start_again(unsigned *tries)
{
    if (GetLastError() != ERROR_INTERNAL_ERROR || ++*tries == NTF_START_TRIES)
        return FALSE;
    fprintf(stderr, "a process was ended before it began (error 1359): started again\n");
    return TRUE;
}

#endif
