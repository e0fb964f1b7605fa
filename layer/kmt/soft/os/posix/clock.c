/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/os/os.h"

#include <time.h>

#define FROM_1601_TO_1970 INT64_C(116444736000000000)

int64_t soft_time_of_day(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return FROM_1601_TO_1970 + (int64_t)now.tv_sec * 10000000 + now.tv_nsec / 100;
}
