// SPDX-License-Identifier: Apache-2.0
#include "shared.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *shared_open(ntf_handle handle, size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, (int)(intptr_t)handle, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

void *shared_make(size_t bytes, ntf_handle *handle)
{
    const int fd = memfd_create("ntfence-stress", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)bytes))
        abort();
    *handle = (ntf_handle)(intptr_t)fd;
    return shared_open(*handle, bytes);
}

void shared_close(void *memory, size_t bytes)
{
    munmap(memory, bytes);
}
