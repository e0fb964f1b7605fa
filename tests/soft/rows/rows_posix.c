/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

ntf_handle row_section(void)
{
    const int fd = memfd_create("ntf-row", MFD_CLOEXEC);

    assert_in_range(fd, 3, 0x7FFFFFFF);
    assert_int_equal(ftruncate(fd, 4096), 0);
    return (ntf_handle)(intptr_t)fd;
}

int64_t row_time_of_day(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return INT64_C(116444736000000000) + (int64_t)now.tv_sec * 10000000 + now.tv_nsec / 100;
}
