/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/os/os.h"

int ntf_os_getenv(const char *name, char *buffer, size_t size_bytes)
{
    /* Not secure_getenv: who may read which variable is decided by ntf_os_elevated, in one place for all systems. */
    const char *value = getenv(name);
    size_t length;

    if (!value)
        return -1;
    length = strlen(value);
    if (size_bytes > 0) {
        const size_t copied = length < size_bytes ? length : size_bytes - 1;
        memcpy(buffer, value, copied);
        buffer[copied] = '\0';
    }
    return length > INT_MAX ? INT_MAX : (int)length;
}

bool ntf_os_elevated(void)
{
    return getauxval(AT_SECURE) != 0; /* the kernel put it there at exec: nothing to cache */
}

bool ntf_os_random(void *buffer, size_t size_bytes)
{
    unsigned char *at = (unsigned char *)buffer;

    while (size_bytes > 0) {
        const ssize_t got = getrandom(at, size_bytes, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size_bytes -= (size_t)got;
    }
    return true;
}

/* Writes the line and its newline in one call, so that lines of several threads and processes do not mix. A closed
 * pipe must not end the application: SIGPIPE is held back meanwhile, and taken away if this call has raised it. */
static void write_line(int fd, const char *line)
{
    static const struct timespec at_once = { 0, 0 };
    struct iovec parts[2];
    sigset_t pipe_only, before, pending;
    bool was_pending;
    ssize_t written;

    parts[0].iov_base = (void *)line;
    parts[0].iov_len = strlen(line);
    parts[1].iov_base = (void *)"\n";
    parts[1].iov_len = 1;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    (void)sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    do
        written = writev(fd, parts, 2);
    while (written < 0 && errno == EINTR);
    if (written < 0 && errno == EPIPE && !was_pending)
        (void)sigtimedwait(&pipe_only, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void ntf_os_say(const char *line)
{
    write_line(STDERR_FILENO, line);
}

void ntf_os_append_line(const char *path, const char *line)
{
    /* No symbolic link, which somebody else may have put there; no pipe that would make us wait for its reader. */
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);

    if (fd < 0)
        return;
    write_line(fd, line);
    (void)close(fd);
}
