/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/os/posix/discard.h"

#include "base/os/os.h"

#include <fcntl.h>
#include <unistd.h>

static struct {
    struct ntf_lock lock; /* protects all below */
    bool running;
    uint32_t count;
    int fds[SOFT_DISCARDS];
} heap;

static void close_them(void *context)
{
    (void)context;
    for (;;) {
        int fd = -1;

        ntf_lock_take(&heap.lock);
        if (heap.count > 0)
            fd = heap.fds[--heap.count];
        else
            heap.running = false;
        ntf_lock_drop(&heap.lock);
        if (fd < 0)
            return;
        (void)close(fd);
    }
}

/* Called under the lock. The thread's first step waits for it. */
static bool run_locked(void)
{
    struct ntf_thread *thread;

    if (heap.running)
        return true;
    if (ntf_thread_start(&thread, "ntfence-close", close_them, NULL) != NTF_OK)
        return false;
    ntf_thread_detach(thread);
    heap.running = true;
    return true;
}

void soft_discard(int fd)
{
    bool taken = false;

    if (fd < 0)
        return;
    ntf_lock_take(&heap.lock);
    /* A memory file is the kernel's own affair. (Asking any other file for seals asks nobody but the kernel, either.) */
    if (fcntl(fd, F_GET_SEALS) < 0 && heap.count < SOFT_DISCARDS && run_locked()) {
        heap.fds[heap.count++] = fd;
        taken = true;
    }
    ntf_lock_drop(&heap.lock);
    if (!taken)
        (void)close(fd);
}

uint32_t soft_discard_room(void)
{
    uint32_t room;

    ntf_lock_take(&heap.lock);
    room = SOFT_DISCARDS - heap.count;
    ntf_lock_drop(&heap.lock);
    return room;
}
