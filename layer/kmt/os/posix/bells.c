/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy's identity, and a pool of eventfds for kernels that signal one (WSL). An eventfd once made is never
 * closed: a registration made with it may be pending in a kernel for ever. So the pool must never go: the first
 * event pins the module.
 */
#include "kmt/os/bells.h"

#include "base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BELLS 1024u

static ntf_au64 copy_id; /* 0: not drawn yet */

static struct {
    struct ntf_lock lock; /* protects all below */
    uint32_t made;
    uint32_t free_count;
    uint16_t free[BELLS]; /* a stack of indices */
    int fds[BELLS];       /* of the first `made` */
} pool;

/* Not secret, only unlikely to be drawn twice on one machine: for a system that has no randomness to give. */
static uint64_t improvised_id(void)
{
    uint64_t x = ntf_os_now_ns() ^ (uint64_t)getpid() << 40 ^ (uint64_t)(uintptr_t)&pool << 8;

    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

uint64_t ntf_copy_id(void)
{
    uint64_t id = ntf_load(&copy_id, NTF_RELAXED), drawn = 0;

    while (id == 0) {
        if (!ntf_os_random(&drawn, sizeof drawn))
            drawn = improvised_id();
        /* Of threads that draw at once the first wins, and the others take its number. */
        if (drawn != 0 && ntf_cas(&copy_id, &id, drawn, NTF_RELAXED))
            id = drawn;
    }
    return id;
}

bool ntf_copy_owns(uint64_t owner)
{
    return owner == ntf_copy_id();
}

/* An eventfd whose number is a valid handle value: 0 to 2 may be free in a process without standard streams. */
static int make_event(void)
{
    const int fd = ntf_os_pin_module() ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    int high;

    if (fd < 0 || fd >= 3)
        return fd;
    high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    (void)close(fd);
    return high;
}

bool ntf_bell_borrow(uint32_t *index)
{
    bool got = true;

    ntf_lock_take(&pool.lock);
    if (pool.free_count > 0) {
        *index = pool.free[--pool.free_count];
    } else if (pool.made < BELLS) {
        const int fd = make_event();
        got = fd >= 0;
        if (got) {
            *index = pool.made++;
            pool.fds[*index] = fd;
        }
    } else {
        got = false;
    }
    ntf_lock_drop(&pool.lock);
    return got;
}

static int fd_of(uint32_t index)
{
    int fd;

    ntf_lock_take(&pool.lock);
    fd = index < pool.made ? pool.fds[index] : -1;
    ntf_lock_drop(&pool.lock);
    return fd;
}

ntf_handle ntf_bell_event(uint32_t index)
{
    const int fd = fd_of(index);

    return fd < 0 ? NULL : (ntf_handle)(intptr_t)fd;
}

void ntf_bell_return(uint32_t index)
{
    ntf_lock_take(&pool.lock);
    pool.free[pool.free_count++] = (uint16_t)index;
    ntf_lock_drop(&pool.lock);
}

void ntf_bell_ring(uint32_t index)
{
    const uint64_t one = 1;
    const int fd = fd_of(index);

    /* It can only fail by being set already, many times over. */
    if (fd >= 0 && write(fd, &one, sizeof one) < 0)
        return;
}
