/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names on Linux: the name's owner listens on the abstract socket that the name hashes to; who looks it up connects
 * and is sent the memory's descriptor (wire.c). The kernel makes the name exclusive (bind), and takes it away with the
 * process.
 *
 * One thread of the copy serves all names, made with the first and then kept. It never waits for a client: sockets do
 * not block, each client has a deadline, and there are at most CLIENTS at a time, beyond which the oldest goes.
 *
 * A listener may be closed by a thread that withdraws its name while the server sleeps in epoll_wait, which, unlike
 * poll, keeps nothing open: the name is free when the withdrawal returns. Events therefore carry the name's number,
 * not its address, and the server looks it up under the lock; accepting and answering do not block, so they are
 * done under the lock, too.
 */
#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/discard.h"
#include "kmt/soft/os/posix/posix.h"
#include "kmt/soft/os/posix/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 64u
#define EVENTS 16
#define BACKLOG 128
#define RETRY_NS UINT64_C(10000000)
#define CLIENT_BIT (UINT64_C(1) << 63) /* in an event's data: the index of a client, else the number of a name */

struct soft_name {
    struct soft_name *next; /* protected by the server's lock */
    uint64_t number;        /* immutable, as is all below */
    int listener;
    const struct soft_memory *memory; /* outlives the name */
    struct soft_leaf leaf;
};

static struct {
    struct ntf_lock lock; /* protects all below */
    bool running;
    int epoll;
    uint64_t last_number;
    struct soft_name *names;
} server;

/* Who has connected and not asked yet. The server thread's own. */
struct client {
    int fd; /* 0: none */
    uint64_t name;
    uint64_t deadline_ns;
};

static struct soft_name *find_locked(uint64_t number)
{
    struct soft_name *name = server.names;

    while (name && name->number != number)
        name = name->next;
    return name;
}

static void drop_client(struct client *client)
{
    (void)close(client->fd); /* leaves the epoll set with it */
    client->fd = 0;
}

/* One that has not asked, or is not ours: with the connection goes what it has sent. */
static void drop_stranger(struct client *client)
{
    struct epoll_event unused = { 0 };

    (void)epoll_ctl(server.epoll, EPOLL_CTL_DEL, client->fd, &unused);
    soft_discard(client->fd);
    client->fd = 0;
}

static struct client *free_client(struct client *clients)
{
    struct client *oldest = clients;
    uint32_t i;

    for (i = 0; i < CLIENTS; i++) {
        if (clients[i].fd == 0)
            return &clients[i];
        if (clients[i].deadline_ns < oldest->deadline_ns)
            oldest = &clients[i];
    }
    drop_stranger(oldest);
    return oldest;
}

static void welcome(struct client *clients, uint64_t number)
{
    struct epoll_event event = { .events = EPOLLIN };
    struct soft_name *name;
    struct client *client;
    bool exhausted;
    int fd = -1;

    ntf_lock_take(&server.lock);
    name = find_locked(number);
    if (name)
        fd = soft_fd_above_standard(accept4(name->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    exhausted = name && fd < 0 && errno != EAGAIN;
    ntf_lock_drop(&server.lock);
    if (exhausted) { /* no descriptor left, say: the client waits on, and so must we, or we would spin */
        ntf_au32 nothing;
        ntf_init(&nothing, (uint32_t)0);
        (void)ntf_os_park(&nothing, 0, ntf_deadline_after(ntf_os_now_ns(), RETRY_NS));
    }
    if (fd < 0)
        return;
    client = free_client(clients);
    client->fd = fd;
    client->name = number;
    client->deadline_ns = ntf_deadline_after(ntf_os_now_ns(), SOFT_NAME_NS);
    event.data.u64 = CLIENT_BIT | (uint64_t)(client - clients);
    if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        drop_client(client);
}

static void answer(struct client *client)
{
    struct soft_leaf asked;

    if (client->fd == 0)
        return;
    if (!soft_wire_peer_is_ours(client->fd)) {
        drop_stranger(client);
        return;
    }
    if (soft_wire_read_request(client->fd, &asked)) {
        struct soft_name *name;
        ntf_lock_take(&server.lock);
        name = find_locked(client->name);
        if (name && soft_leaf_equal(&name->leaf, &asked))
            soft_wire_send_reply(client->fd, &name->leaf, soft_fd_of(name->memory->handle));
        ntf_lock_drop(&server.lock);
    }
    drop_client(client);
}

/* Milliseconds until the first deadline of a client, after those that are over have gone; -1: none. */
static int next_timeout(struct client *clients)
{
    const uint64_t now_ns = ntf_os_now_ns();
    uint64_t next_ns = NTF_FOREVER;
    uint32_t i;

    for (i = 0; i < CLIENTS; i++) {
        if (clients[i].fd != 0 && ntf_deadline_passed(clients[i].deadline_ns, now_ns))
            drop_stranger(&clients[i]);
        if (clients[i].fd != 0)
            next_ns = ntf_deadline_min(next_ns, clients[i].deadline_ns);
    }
    return next_ns == NTF_FOREVER ? -1 : (int)((next_ns - now_ns) / 1000000u) + 1;
}

static void serve(void *context)
{
    static struct client clients[CLIENTS];
    struct epoll_event events[EVENTS];

    (void)context;
    for (;;) {
        const int count = epoll_wait(server.epoll, events, EVENTS, next_timeout(clients));
        int i;
        /* Clients first: a welcome may give the place of one that has asked to another. */
        for (i = 0; i < count; i++)
            if (events[i].data.u64 & CLIENT_BIT)
                answer(&clients[events[i].data.u64 & ~CLIENT_BIT]);
        for (i = 0; i < count; i++)
            if (!(events[i].data.u64 & CLIENT_BIT))
                welcome(clients, events[i].data.u64);
    }
}

static enum ntf_result start_locked(void)
{
    struct ntf_thread *thread;
    enum ntf_result result;

    if (server.running)
        return NTF_OK;
    server.epoll = soft_fd_above_standard(epoll_create1(EPOLL_CLOEXEC));
    if (server.epoll < 0)
        return NTF_E_NO_MEMORY;
    result = ntf_thread_start(&thread, "ntfence-names", serve, NULL);
    if (result != NTF_OK) {
        (void)close(server.epoll);
        return result;
    }
    ntf_thread_detach(thread);
    server.running = true;
    return NTF_OK;
}

/* Makes the name known to the server. Clients that connected since the bind are still in the backlog. */
static enum ntf_result enter(struct soft_name *name)
{
    struct epoll_event event = { .events = EPOLLIN };
    enum ntf_result result;

    ntf_lock_take(&server.lock);
    result = start_locked();
    if (result == NTF_OK) {
        name->number = ++server.last_number;
        event.data.u64 = name->number;
        if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, name->listener, &event) != 0)
            result = NTF_E_NO_MEMORY;
    }
    if (result == NTF_OK) {
        name->next = server.names;
        server.names = name;
    }
    ntf_lock_drop(&server.lock);
    return result;
}

static enum ntf_result listen_on(const struct soft_leaf *leaf, int *out)
{
    const int fd = soft_fd_above_standard(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    struct sockaddr_un address;
    const socklen_t length = soft_wire_address(leaf, &address);
    enum ntf_result result = NTF_OK;

    if (fd < 0)
        return NTF_E_NO_MEMORY;
    if (bind(fd, (const struct sockaddr *)&address, length) != 0)
        result = errno == EADDRINUSE ? NTF_E_COLLISION : NTF_E_FAILED;
    else if (listen(fd, BACKLOG) != 0)
        result = NTF_E_NO_MEMORY;
    if (result == NTF_OK)
        *out = fd;
    else
        (void)close(fd);
    return result;
}

static ntf_status status_of(enum ntf_result result)
{
    switch (result) {
    case NTF_E_COLLISION:
        return NTF_STATUS_OBJECT_NAME_COLLISION;
    case NTF_E_NO_MEMORY:
        return NTF_STATUS_NO_MEMORY;
    case NTF_E_BAD_NAME:
        return NTF_STATUS_OBJECT_NAME_INVALID;
    default:
        return NTF_STATUS_UNSUCCESSFUL;
    }
}

static enum ntf_result publish(const ntf_object_attributes *attributes, const struct soft_memory *memory,
                               struct soft_name **out)
{
    struct soft_name *name = (struct soft_name *)calloc(1, sizeof *name);
    enum ntf_result result;

    if (!name)
        return NTF_E_NO_MEMORY;
    name->memory = memory;
    name->listener = -1;
    result = soft_leaf_of(attributes->ObjectName, &name->leaf) ? NTF_OK : NTF_E_BAD_NAME;
    if (result == NTF_OK)
        result = listen_on(&name->leaf, &name->listener);
    if (result == NTF_OK)
        result = enter(name);
    if (result != NTF_OK) {
        if (name->listener >= 0)
            (void)close(name->listener);
        free(name);
        return result;
    }
    *out = name;
    return NTF_OK;
}

enum ntf_result soft_name_publish(const ntf_object_attributes *attributes, const struct soft_memory *memory,
                                  struct soft_name **out, ntf_status *status)
{
    const enum ntf_result result = publish(attributes, memory, out);

    if (result != NTF_OK)
        *status = status_of(result);
    return result;
}

void soft_name_withdraw(struct soft_name *name)
{
    struct soft_name **at = &server.names;
    struct epoll_event unused = { 0 };

    ntf_lock_take(&server.lock);
    while (*at && *at != name)
        at = &(*at)->next;
    if (*at)
        *at = name->next;
    /* Nobody is inside a call with it: those are made under the lock. But the server's thread may be looking at it
     * inside the kernel, and would keep the name bound for a moment longer. */
    (void)epoll_ctl(server.epoll, EPOLL_CTL_DEL, name->listener, &unused);
    (void)close(name->listener);
    ntf_lock_drop(&server.lock);
    free(name);
}

enum ntf_result soft_name_resolve(const ntf_object_attributes *attributes, uint32_t access, ntf_handle *out,
                                  ntf_status *status)
{
    struct soft_leaf leaf;
    enum ntf_result result;
    int fd;

    (void)access; /* see soft_memory_share */
    if (!soft_leaf_of(attributes->ObjectName, &leaf)) {
        *status = NTF_STATUS_OBJECT_NAME_INVALID;
        return NTF_E_BAD_NAME;
    }
    result = soft_wire_ask(&leaf, ntf_deadline_after(ntf_os_now_ns(), SOFT_NAME_NS), &fd);
    if (result != NTF_OK) {
        *status = result == NTF_E_NO_MEMORY ? NTF_STATUS_NO_MEMORY : NTF_STATUS_OBJECT_NAME_NOT_FOUND;
        return result;
    }
    *out = soft_handle_of(fd);
    return NTF_OK;
}
