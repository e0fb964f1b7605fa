/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/os/system.h"

const char *ntf_system_library(void)
{
    return "libdxcore.so";
}

uint32_t ntf_system_session(void)
{
    return 0;
}

ntf_handle ntf_system_duplicate_handle(ntf_handle handle, bool inherit)
{
    const int fd =
        fcntl((int)(intptr_t)handle, inherit ? F_DUPFD : F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    return fd < 0 ? NULL : (ntf_handle)(intptr_t)fd;
}

void ntf_system_close_handle(ntf_handle handle)
{
    (void)close((int)(intptr_t)handle);
}

/* The kind by what /proc calls the descriptor: "anon_inode:[eventfd]", "pipe:[4711]", "/memfd:x
 * (deleted)", a path. Neither this nor F_GETFD asks the file system that serves it, which may be
 * somebody's process that never answers; and no path gets into a message. */
static void describe_link(char *link, char kind[NTF_HANDLE_KIND_BYTES])
{
    static const char anonymous[] = "anon_inode:", memory[] = "/memfd:";
    const char *word = link;

    if (strncmp(link, memory, sizeof memory - 1) == 0) {
        word = "memfd";
    } else if (link[0] == '/') {
        word = "file";
    } else if (strncmp(link, anonymous, sizeof anonymous - 1) == 0) {
        word += sizeof anonymous - 1;
        word += *word == '[';
        link[(word - link) + (ptrdiff_t)strcspn(word, "]")] = '\0';
    } else {
        link[strcspn(link, ":")] = '\0';
    }
    (void)snprintf(kind, NTF_HANDLE_KIND_BYTES, "%.40s", word);
}

enum ntf_result ntf_system_handle_kind(ntf_handle handle, char kind[NTF_HANDLE_KIND_BYTES])
{
    const intptr_t number = (intptr_t)handle;
    char path[32], link[64];
    ssize_t length;

    kind[0] = '\0';
    if (number <= STDERR_FILENO || number > INT_MAX || fcntl((int)number, F_GETFD) == -1)
        return NTF_E_BAD_HANDLE;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", (int)number);
    length = readlink(path, link, sizeof link - 1);
    if (length > 0) {
        link[length] = '\0';
        describe_link(link, kind);
    }
    return NTF_OK;
}

/* Milliseconds left, rounded up: a poll that is cut short would turn into a spin. */
static int poll_ms(uint64_t deadline_ns)
{
    const uint64_t left_ns = ntf_deadline_left(deadline_ns, ntf_os_now_ns());

    if (left_ns == NTF_FOREVER)
        return -1;
    return left_ns / 1000000u >= INT_MAX ? INT_MAX : (int)((left_ns + 999999u) / 1000000u);
}

static void pause_briefly(uint64_t deadline_ns)
{
    ntf_au32 nothing;

    ntf_init(&nothing, (uint32_t)0);
    (void)ntf_os_park(&nothing, 0, ntf_deadline_min(deadline_ns, ntf_deadline_after(ntf_os_now_ns(), 1000000)));
}

/* Not one of the first three numbers, which may be free in a process without standard streams. */
ntf_handle ntf_system_event_make(void)
{
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const int high = fd >= 0 && fd < 3 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd;

    if (high != fd)
        (void)close(fd);
    return high < 0 ? NULL : (ntf_handle)(intptr_t)high;
}

enum ntf_result ntf_system_event_take(ntf_handle event, uint64_t deadline_ns)
{
    struct pollfd ready = { .fd = (int)(intptr_t)event, .events = POLLIN };
    uint64_t count;

    for (;;) {
        const int found = poll(&ready, 1, poll_ms(deadline_ns));
        const bool set = found > 0 && (ready.revents & POLLIN);

        /* Readable, so the read does not block, unless somebody else drained it: then it was set. */
        if (set && (read(ready.fd, &count, sizeof count) == (ssize_t)sizeof count || errno == EAGAIN))
            return NTF_OK;
        if ((found > 0 && !set) || ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
            return NTF_TIMEOUT;
        if (found != 0) /* a call failed: once more, but not in a spin */
            pause_briefly(deadline_ns);
    }
}
