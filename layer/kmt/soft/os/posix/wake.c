/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/os/posix/futex.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/posix.h"

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

ntf_handle soft_event_keep(ntf_handle event)
{
    const int fd = soft_fd_of(event);
    const int kept = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

    if (kept >= 0 && is_eventfd(kept))
        return soft_handle_of(kept);
    if (kept >= 0)
        (void)close(kept);
    return NULL;
}

void soft_event_drop(ntf_handle event)
{
    (void)close(soft_fd_of(event));
}
