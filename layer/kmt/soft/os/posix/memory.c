/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory on Linux: a memfd of one page, sealed against shrinking, growing and further sealing, so that no peer
 * can make an access of ours fault. Its descriptor is the NT handle.
 *
 * The order of the checks on a foreign descriptor matters. F_GET_SEALS comes first: it knows memory files by
 * their kind and fails at once for all others, so that nothing is ever asked of a file system whose server a peer
 * may control. No byte is read before all have passed.
 */
#include "base/os/os.h"
#include "kmt/os/posix/futex.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/discard.h"
#include "kmt/soft/os/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* Linux 6.3; older kernels answer EINVAL */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20 /* what comes with it */
#endif
#define OUR_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

_Static_assert(sizeof(off_t) == 8, "offsets of liveness locks need 62 bits");

ntf_handle soft_handle_of(int fd)
{
    return (ntf_handle)(intptr_t)fd;
}

int soft_fd_of(ntf_handle handle)
{
    const intptr_t fd = (intptr_t)handle;

    return fd >= 3 && fd <= INT_MAX ? (int)fd : -1;
}

int soft_fd_above_standard(int fd)
{
    int high;

    if (fd < 0 || fd >= 3)
        return fd;
    high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    (void)close(fd);
    return high;
}

/* A description of its own of the same file, for the liveness lock: a lock belongs to its description, and those of
 * descriptors that we hand out are shared with their receivers. */
static int reopen(int fd)
{
    char path[40];

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return soft_fd_above_standard(open(path, O_RDWR | O_CLOEXEC | O_NOCTTY));
}

/* Takes over fd: it is the memory's afterwards, or closed. */
static bool map(int fd, struct soft_memory *out)
{
    const int life = reopen(fd);
    void *page = MAP_FAILED;

    if (life >= 0)
        page = mmap(NULL, NTF_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        if (life >= 0)
            (void)close(life);
        (void)close(fd);
        return false;
    }
    out->page = (struct ntf_page *)page;
    out->handle = soft_handle_of(fd);
    out->life = soft_handle_of(life);
    return true;
}

static int make_memfd(void)
{
    int fd = memfd_create("ntfence", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("ntfence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return soft_fd_above_standard(fd);
}

enum ntf_result soft_memory_create(struct soft_memory *out)
{
    const char *why;
    int fd;

    if (soft_can_share(&why) != NTF_OK)
        return NTF_E_UNSUPPORTED;
    fd = make_memfd();
    if (fd < 0)
        return errno == ENOSYS || errno == EPERM ? NTF_E_UNSUPPORTED : NTF_E_NO_MEMORY;
    if (ftruncate(fd, NTF_PAGE_BYTES) != 0 || fcntl(fd, F_ADD_SEALS, OUR_SEALS) != 0) {
        (void)close(fd);
        return NTF_E_NO_MEMORY;
    }
    return map(fd, out) ? NTF_OK : NTF_E_NO_MEMORY;
}

/* Everything that the kernel can say about the file. NULL: it is as ours are. */
static const char *judge(int fd, ntf_status *status)
{
    const int seals = fcntl(fd, F_GET_SEALS);
    const int flags = fcntl(fd, F_GETFL);
    struct statfs fs;
    struct stat st;

    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    if (seals < 0)
        return "not a memory file";
    if (fstatfs(fd, &fs) != 0 || (unsigned long)fs.f_type != TMPFS_MAGIC)
        return "a memory file of another kind (huge pages)";
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return "not a regular file";
    if (st.st_size != (off_t)NTF_PAGE_BYTES)
        return "a memory file of another size";
    if ((seals & ~F_SEAL_EXEC) != OUR_SEALS)
        return "a memory file with other seals";
    if (flags < 0 || (flags & O_ACCMODE) != O_RDWR) {
        *status = NTF_STATUS_ACCESS_DENIED;
        return "a descriptor without the right to write";
    }
    return NULL;
}

enum ntf_result soft_memory_open(ntf_handle nt, struct soft_memory *out, ntf_status *status, const char **why)
{
    const int fd = soft_fd_of(nt);
    int ours;

    if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
        *status = NTF_STATUS_INVALID_HANDLE;
        *why = "not an open descriptor above 2";
        return NTF_E_BAD_HANDLE;
    }
    if (soft_can_share(why) != NTF_OK) {
        *status = NTF_STATUS_NOT_SUPPORTED;
        return NTF_E_UNSUPPORTED;
    }
    /* Every close asks the file system (FUSE_FLUSH), and not the last one only, so what is no memory file is refused
     * before there is a second descriptor of it. */
    if (fcntl(fd, F_GET_SEALS) < 0) {
        *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
        *why = "not a memory file";
        return NTF_E_WRONG_OBJECT;
    }
    /* Judged is what is mapped: the caller's number may be closed and given out again meanwhile. */
    ours = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (ours < 0) {
        *status = NTF_STATUS_NO_MEMORY;
        *why = "no descriptor left";
        return NTF_E_NO_MEMORY;
    }
    *why = judge(ours, status);
    if (*why) {
        soft_discard(ours);
        return *status == NTF_STATUS_ACCESS_DENIED ? NTF_E_ACCESS_DENIED : NTF_E_WRONG_OBJECT;
    }
    if (!map(ours, out)) {
        *status = NTF_STATUS_NO_MEMORY;
        *why = "the memory could not be mapped";
        return NTF_E_NO_MEMORY;
    }
    return NTF_OK;
}

bool soft_memory_is(const struct soft_memory *memory, ntf_handle nt)
{
    struct stat a, b;

    if (fstat(soft_fd_of(memory->handle), &a) != 0 || fstat(soft_fd_of(nt), &b) != 0)
        return false;
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void soft_memory_close(struct soft_memory *memory)
{
    (void)munmap(memory->page, NTF_PAGE_BYTES);
    (void)close(soft_fd_of(memory->life));
    (void)close(soft_fd_of(memory->handle));
    memset(memory, 0, sizeof *memory);
}

enum ntf_result soft_memory_share(const struct soft_memory *memory, const ntf_object_attributes *attributes,
                                  uint32_t access, ntf_handle *out, ntf_status *status)
{
    const bool inherit = attributes && (attributes->Attributes & NTF_OBJ_INHERIT);
    const int fd = fcntl(soft_fd_of(memory->handle), inherit ? F_DUPFD : F_DUPFD_CLOEXEC, 3);

    (void)access; /* a descriptor has one right, that of the whole file; so has a section's handle */
    if (fd < 0) {
        *status = NTF_STATUS_NO_MEMORY;
        return NTF_E_NO_MEMORY;
    }
    *out = soft_handle_of(fd);
    return NTF_OK;
}

void soft_nt_handle_close(ntf_handle nt)
{
    const int fd = soft_fd_of(nt);

    soft_discard(fd); /* it may be whatever a peer has sent under a name of ours */
}

enum ntf_result soft_can_share(const char **why)
{
    if (!ntf_futex_can_wait_any()) {
        *why = "the kernel lacks futex_waitv (Linux 5.16), or a sandbox refuses it";
        return NTF_E_UNSUPPORTED;
    }
    if (access("/proc/self/fd", X_OK) != 0) {
        *why = "/proc is not mounted";
        return NTF_E_UNSUPPORTED;
    }
    return NTF_OK;
}
