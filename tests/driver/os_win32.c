// SPDX-License-Identifier: Apache-2.0
// Windows has no file descriptors for fences.
#include "driver.h"

int descriptor_new(uint64_t *identity)
{
    *identity = 0;
    return -1;
}

int descriptor_new_sync(uint64_t *identity, int *raise)
{
    *identity = 0;
    *raise = -1;
    return -1;
}

bool descriptor_identity(int descriptor, uint64_t *identity)
{
    (void)descriptor;
    *identity = 0;
    return false;
}

void descriptor_close(int descriptor)
{
    (void)descriptor;
}
