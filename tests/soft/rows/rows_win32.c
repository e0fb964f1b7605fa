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
