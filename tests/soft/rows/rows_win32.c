/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <windows.h>

ntf_handle row_section(void)
{
    const HANDLE section =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);

    assert_non_null(section);
    return section;
}

int64_t row_time_of_day(void)
{
    FILETIME now;

    GetSystemTimeAsFileTime(&now);
    return (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime);
}
