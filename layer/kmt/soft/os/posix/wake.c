/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/os/posix/futex.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void soft_wake(ntf_au32 *word, uint64_t owner, bool shared)
{
    (void)owner; /* who sleeps, sleeps on the word */
    ntf_futex_wake(word, shared);
}

void soft_event_set(ntf_handle event)
{
    const uint64_t one = 1;
    const int fd = soft_fd_of(event);
    struct pollfd entry = { fd, POLLOUT, 0 };

    /* A blocking eventfd with a full count would hold the thread that serves everybody; it is set as it is. */
    if (poll(&entry, 1, 0) == 1 && (entry.revents & POLLOUT) && write(fd, &one, sizeof one) < 0)
        return;
}

/* An eventfd is known by the name that the kernel gives it. */
static bool is_eventfd(int fd)
{
    static const char name[] = "anon_inode:[eventfd]";
    char path[40], link[sizeof name];
    ssize_t length;

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    length = readlink(path, link, sizeof link);
    return length == (ssize_t)(sizeof name - 1) && memcmp(link, name, sizeof name - 1) == 0;
}

enum ntf_result soft_event_keep(ntf_handle event, ntf_handle *out)
{
    const int fd = soft_fd_of(event);
    const int kept = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

    if (fd >= 0 && kept < 0 && errno != EBADF)
        return NTF_E_NO_MEMORY;
    if (kept >= 0 && is_eventfd(kept)) {
        *out = soft_handle_of(kept);
        return NTF_OK;
    }
    if (kept >= 0)
        (void)close(kept);
    return NTF_E_BAD_HANDLE;
}

void soft_event_drop(ntf_handle event)
{
    (void)close(soft_fd_of(event));
}
