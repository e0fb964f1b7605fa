// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"

bool descriptor_identity(int descriptor, uint64_t *identity)
{
    struct stat file;

    if (fstat(descriptor, &file))
        return false;
    *identity = (uint64_t)file.st_dev << 48 ^ (uint64_t)file.st_ino;
    return true;
}

int descriptor_new(uint64_t *identity)
{
    const int fd = memfd_create("fake-fence", MFD_CLOEXEC);

    return fd >= 0 && descriptor_identity(fd, identity) ? fd : -1;
}

// A pipe that nobody writes to: the end of its writer is the signal, which poll reports.
int descriptor_new_sync(uint64_t *identity, int *raise)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) || !descriptor_identity(ends[0], identity))
        give_up("no pipe for a sync descriptor");
    *raise = ends[1];
    return ends[0];
}

void descriptor_close(int descriptor)
{
    (void)close(descriptor);
}
