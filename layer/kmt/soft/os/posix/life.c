/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Liveness on Linux. A copy that maps a memory holds a write lock of one byte, at the offset that its id names, on a
 * description of the file that nobody else has: the kernel drops it when the process ends, however it ends. Asking
 * for such a lock tells whether its holder is there. No process id is involved, so none can be reused.
 */
#include "kmt/os/bells.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct flock lock_of(uint64_t owner)
{
    struct flock lock;

    memset(&lock, 0, sizeof lock); /* l_pid must be 0 */
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = (off_t)(owner & ((UINT64_C(1) << 62) - 1));
    lock.l_len = 1;
    return lock;
}

enum ntf_result soft_life_announce(struct soft_memory *memory)
{
    struct flock lock = lock_of(ntf_copy_id());

    if (fcntl(soft_fd_of(memory->life), F_OFD_SETLK, &lock) == 0)
        return NTF_OK;
    return errno == ENOLCK || errno == ENOMEM ? NTF_E_NO_MEMORY : NTF_E_FAILED;
}

bool soft_life_gone(const struct soft_memory *memory, uint64_t owner)
{
    struct flock lock = lock_of(owner);

    if (ntf_copy_owns(owner))
        return false; /* the kernel would not report our own lock */
    return fcntl(soft_fd_of(memory->life), F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}
