// SPDX-License-Identifier: Apache-2.0
// Windows passes a new process one string; its C runtime splits it into arguments again.
#ifndef NTF_TEST_WIN32_QUOTE_H
#define NTF_TEST_WIN32_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

// Appends one argument, quoted so that the split gives it back. False: no room.
bool ntf_quote_append(wchar_t *line, size_t capacity, const wchar_t *arg);

#endif
