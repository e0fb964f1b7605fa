// SPDX-License-Identifier: Apache-2.0
#include "win32_quote.h"

static bool put(wchar_t *line, size_t capacity, size_t *length, wchar_t c, size_t times)
{
    if (times >= capacity - *length)
        return false;
    for (; times > 0; times--)
        line[(*length)++] = c;
    line[*length] = L'\0';
    return true;
}

/*
 * The rule of the split: a backslash is itself, except in a run of them before a quote, where each
 * pair stands for one, and an odd one makes the quote itself a character.
 */
bool ntf_quote_append(wchar_t *line, size_t capacity, const wchar_t *arg)
{
    size_t length = wcslen(line), slashes = 0;
    bool ok = length == 0 || put(line, capacity, &length, L' ', 1);
    ok = ok && put(line, capacity, &length, L'"', 1);
    for (; ok && *arg; arg++) {
        if (*arg == L'"')
            ok = put(line, capacity, &length, L'\\', slashes + 1);
        slashes = *arg == L'\\' ? slashes + 1 : 0;
        ok = ok && put(line, capacity, &length, *arg, 1);
    }
    return ok && put(line, capacity, &length, L'\\', slashes) &&
           put(line, capacity, &length, L'"', 1);
}
