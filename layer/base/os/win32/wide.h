/* SPDX-License-Identifier: Apache-2.0 */
/* Texts on their way to Windows: everything above os/ speaks UTF-8, every call below is a ...W one. */
#ifndef NTF_BASE_OS_WIN32_WIDE_H
#define NTF_BASE_OS_WIN32_WIDE_H

#include <wchar.h>

/* A copy of the text as UTF-16, to be freed by free(). NULL: no memory, or not UTF-8. */
wchar_t *ntf_wide_from_utf8(const char *text);

#endif /* NTF_BASE_OS_WIN32_WIDE_H */
