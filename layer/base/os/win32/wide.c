/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/win32/wide.h"

#include <stdlib.h>
#include <windows.h>

wchar_t *ntf_wide_from_utf8(const char *text)
{
    const int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = count > 0 ? (wchar_t *)calloc((size_t)count, sizeof *wide) : NULL;

    if (wide)
        (void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, count);
    return wide;
}
