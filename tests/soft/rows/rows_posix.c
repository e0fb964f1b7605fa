/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <sys/mman.h>
#include <unistd.h>

ntf_handle row_section(void)
{
    const int fd = memfd_create("ntf-row", MFD_CLOEXEC);

    assert_in_range(fd, 3, 0x7FFFFFFF);
    assert_int_equal(ftruncate(fd, 4096), 0);
    return (ntf_handle)(intptr_t)fd;
}
