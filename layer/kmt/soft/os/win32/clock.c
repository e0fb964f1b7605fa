/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/os/win32/nt.h"

int64_t soft_time_of_day(void)
{
    FILETIME now;

    GetSystemTimeAsFileTime(&now);
    return (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime);
}
