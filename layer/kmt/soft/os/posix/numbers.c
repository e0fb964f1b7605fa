/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global handles on Linux: the number is an abstract address, and one datagram socket is bound to it for as long as
 * anybody has the object.
 *
 * Every copy that has the object holds a descriptor of that one socket: who makes the object binds it, and who opens
 * it by number is sent it beside the memory (number_wire.h). An address goes when its socket does, and the kernel
 * keeps a socket until its last descriptor is closed, in whichever process. So there is no server of a number, none
 * to be replaced when it dies, and no moment in which a living number has nobody:
 *   - the maker destroys its handles, or is killed: the other holders have the socket already, and read from it;
 *   - a holder is killed with a request in its hands: the asker's end of the pair is closed with it, and the asker
 *     asks again, which costs it a millisecond;
 *   - the last holder goes: the address goes in the same moment, requests that wait in the queue are thrown away with
 *     it and end the same way, and the next one is refused at once (ECONNREFUSED). Nobody waits for a dead number.
 * All holders sleep on the same socket; a request wakes each of them, and one gets it. The two seconds of the deadline
 * are for holders that are stopped, or mean harm.
 *
 * One thread of the copy serves all its numbers, made with the first and then kept. It has no part in names: whoever
 * has the object holds the socket too, may set its options, read requests away, and shut it down. That denies the
 * number to everybody, and no more: every call here says for itself that it does not wait (MSG_DONTWAIT), a socket
 * that was shut down leaves the set, and no lock is held while a shared socket is read, since a reader whose memory
 * does not answer page faults could stop the others there for good. The thread reads from a duplicate, so that the
 * number may be withdrawn meanwhile: then it lives until the request is done with. Descriptors that a stranger sends are
 * closed elsewhere (discard.h), as long as that has room for them: beyond it he may hold the thread up, since the kernel
 * then closes them on behalf of whoever receives the message. Other holders answer meanwhile.
 *
 * epoll knows the socket, not the descriptor, so closing one of many does not take it out of the set: it is taken out
 * before.
 */
#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/number_wire.h"
#include "kmt/soft/os/posix/posix.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ASK_NS UINT64_C(2000000000) /* all that an asker waits */
#define EVENTS 16
#define IN_VAIN 64u
#define RETRY_NS UINT64_C(10000000)

struct soft_number {
    struct soft_number *next;         /* protected by the server's lock */
    uint64_t serial;                  /* in events; 0 until served. Immutable after, as is all below */
    int bound;
    D3DKMT_HANDLE number;
    const struct soft_memory *memory; /* outlives the number */
};

static struct {
    struct ntf_lock lock; /* protects all below */
    bool running;
    int epoll;
    uint64_t last_serial;
    struct soft_number *numbers;
} server;

/* ---- the thread ---- */

static struct soft_number *find_locked(uint64_t serial)
{
    struct soft_number *number = server.numbers;

    while (number && number->serial != serial)
        number = number->next;
    return number;
}

static void leave_set_locked(const struct soft_number *number)
{
    struct epoll_event unused = { 0 };

    (void)epoll_ctl(server.epoll, EPOLL_CTL_DEL, number->bound, &unused);
}

/* Descriptors of our own of what the number has. False: it has gone, or *exhausted. */
static bool borrow(uint64_t serial, D3DKMT_HANDLE *number, int *bound, int *memory, bool *exhausted)
{
    const struct soft_number *found;

    *bound = *memory = -1;
    ntf_lock_take(&server.lock);
    found = find_locked(serial);
    if (found) {
        *number = found->number;
        *bound = fcntl(found->bound, F_DUPFD_CLOEXEC, 3);
        *memory = fcntl(soft_fd_of(found->memory->handle), F_DUPFD_CLOEXEC, 3);
    }
    ntf_lock_drop(&server.lock);
    *exhausted = found && (*bound < 0 || *memory < 0);
    return found && !*exhausted;
}

static void give_back(int bound, int memory)
{
    if (bound >= 0)
        (void)close(bound);
    if (memory >= 0)
        (void)close(memory);
}

static void stop_serving(uint64_t serial)
{
    const struct soft_number *number;

    ntf_lock_take(&server.lock);
    number = find_locked(serial);
    if (number)
        leave_set_locked(number);
    ntf_lock_drop(&server.lock);
}

/* No descriptor or memory left: the asker waits on, and so must we, or we would spin. */
static void pause_briefly(void)
{
    ntf_au32 nothing;

    ntf_init(&nothing, (uint32_t)0);
    (void)ntf_os_park(&nothing, 0, ntf_deadline_after(ntf_os_now_ns(), RETRY_NS));
}

/* True: there was a request, or something else that is out of the way now. */
static bool answer(uint64_t serial, uint32_t events)
{
    enum soft_number_read read = SOFT_NUMBER_EMPTY;
    D3DKMT_HANDLE number = 0;
    bool exhausted;
    int bound, memory, reply;

    if (borrow(serial, &number, &bound, &memory, &exhausted))
        read = soft_number_read_request(bound, number, &reply);
    if (read == SOFT_NUMBER_REQUEST) {
        soft_number_send_reply(reply, number, memory, bound);
        (void)close(reply);
    }
    give_back(bound, memory);
    if (read == SOFT_NUMBER_EMPTY && (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)))
        stop_serving(serial); /* shut down by somebody: it would be ready for ever */
    if (exhausted || read == SOFT_NUMBER_EXHAUSTED)
        pause_briefly();
    return read != SOFT_NUMBER_EMPTY;
}

static void serve(void *context)
{
    struct epoll_event events[EVENTS];
    uint32_t in_vain = 0;

    (void)context;
    for (;;) {
        const int count = epoll_wait(server.epoll, events, EVENTS, -1);
        int i;
        for (i = 0; i < count; i++)
            in_vain = answer(events[i].data.u64, events[i].events) ? 0 : in_vain + 1;
        /* Another holder may have been faster, but not for ever: one has made the socket look ready (SO_PEEK_OFF). */
        if (in_vain >= IN_VAIN)
            pause_briefly();
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
    result = ntf_thread_start(&thread, "ntfence-numbers", serve, NULL);
    if (result != NTF_OK) {
        (void)close(server.epoll);
        return result;
    }
    ntf_thread_detach(thread);
    server.running = true;
    return NTF_OK;
}

static enum ntf_result start(void)
{
    enum ntf_result result;

    ntf_lock_take(&server.lock);
    result = start_locked();
    ntf_lock_drop(&server.lock);
    return result;
}

/* ---- numbers ---- */

static struct soft_number *new_number(D3DKMT_HANDLE value)
{
    struct soft_number *number = (struct soft_number *)calloc(1, sizeof *number);

    if (number) {
        number->bound = -1;
        number->number = value;
    }
    return number;
}

enum ntf_result soft_number_publish(D3DKMT_HANDLE value, const struct soft_memory *memory, struct soft_number **out)
{
    struct soft_number *number = new_number(value);
    enum ntf_result result;

    if (!number)
        return NTF_E_NO_MEMORY;
    result = start();
    if (result == NTF_OK)
        result = soft_number_bind(value, &number->bound);
    if (result == NTF_OK)
        result = soft_number_serve(number, memory);
    if (result == NTF_OK)
        *out = number;
    else
        soft_number_withdraw(number);
    return result;
}

enum ntf_result soft_number_resolve(D3DKMT_HANDLE value, ntf_handle *nt, struct soft_number **out)
{
    struct soft_number *number = new_number(value);
    enum ntf_result result;
    int memory = -1;

    if (!number)
        return NTF_E_NO_MEMORY;
    result = soft_number_ask(value, ntf_deadline_after(ntf_os_now_ns(), ASK_NS), &memory, &number->bound);
    if (result == NTF_OK)
        result = start(); /* it will serve the number from now on */
    if (result == NTF_OK) {
        *nt = soft_handle_of(memory);
        *out = number;
        return NTF_OK;
    }
    give_back(-1, memory);
    soft_number_withdraw(number);
    return result;
}

enum ntf_result soft_number_serve(struct soft_number *number, const struct soft_memory *memory)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };
    bool added;

    number->memory = memory;
    ntf_lock_take(&server.lock);
    number->serial = ++server.last_serial;
    event.data.u64 = number->serial;
    added = epoll_ctl(server.epoll, EPOLL_CTL_ADD, number->bound, &event) == 0;
    if (added) {
        number->next = server.numbers;
        server.numbers = number;
    }
    ntf_lock_drop(&server.lock);
    return added ? NTF_OK : NTF_E_NO_MEMORY;
}

void soft_number_withdraw(struct soft_number *number)
{
    struct soft_number **at = &server.numbers;

    ntf_lock_take(&server.lock);
    while (*at && *at != number)
        at = &(*at)->next;
    if (*at) {
        leave_set_locked(number);
        *at = number->next;
    }
    ntf_lock_drop(&server.lock);
    give_back(number->bound, -1);
    free(number);
}
