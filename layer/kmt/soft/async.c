/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous waits: the caller goes on, and one thread of the copy, made at the first such wait and asleep while
 * nothing happens, sets the events. It watches the objects of all pending waits in one park. Nobody calls off an
 * asynchronous wait (the interface has no such call); it ends by its values, or by the end of its handles.
 *
 * New waits come through a list under a lock; the pending ones are the thread's own and need none.
 */
#include "kmt/soft/wait.h"

#include "base/deadline.h"
#include "base/os/os.h"

#include <stdlib.h>

struct pending {
    struct pending *next;
    ntf_handle event;
    struct soft_wait wait;
    struct soft_wait_item items[];
};

static struct {
    struct ntf_lock lock; /* protects running, unfinished and incoming */
    bool running;
    uint32_t unfinished; /* waits whose event is still to be set: with none, nobody has to look again */
    struct pending *incoming;
    struct ntf_parker parker; /* the thread's; others only wake it, once running is true */
} service;

static struct pending *new_pending(const struct soft_wait *wait, ntf_handle event)
{
    struct pending *pending =
        (struct pending *)calloc(1, sizeof *pending + wait->count * sizeof(struct soft_wait_item));
    uint32_t i;

    if (!pending)
        return NULL;
    pending->event = event;
    pending->wait = *wait;
    pending->wait.items = pending->items;
    for (i = 0; i < wait->count; i++)
        pending->items[i] = wait->items[i];
    return pending;
}

/* Sets the events of all waits that have come to their end, and forgets those. */
static void finish_ended(struct pending **list)
{
    uint32_t finished = 0;

    while (*list) {
        struct pending *pending = *list;
        if (!soft_wait_look(&pending->wait)) {
            list = &pending->next;
            continue;
        }
        *list = pending->next;
        soft_event_set(pending->event);
        soft_event_drop(pending->event);
        soft_wait_drop(&pending->wait);
        free(pending);
        finished++;
    }
    if (finished == 0)
        return;
    ntf_lock_take(&service.lock);
    service.unfinished -= finished;
    ntf_lock_drop(&service.lock);
}

static void take_incoming(struct pending **list)
{
    struct pending *incoming;

    ntf_lock_take(&service.lock);
    incoming = service.incoming;
    service.incoming = NULL;
    ntf_lock_drop(&service.lock);
    while (incoming) {
        struct pending *pending = incoming;
        incoming = pending->next;
        pending->next = *list;
        *list = pending;
    }
}

/* The watches of all waits, in an array that grows. NULL: no memory for them. */
static struct ntf_watch *gather(const struct pending *list, uint32_t *count)
{
    static struct ntf_watch *watches; /* these two are the thread's own */
    static size_t room;
    const struct pending *pending;
    size_t need = 0;

    for (pending = list; pending; pending = pending->next)
        need += pending->wait.count;
    if (need > room) {
        struct ntf_watch *more = (struct ntf_watch *)realloc(watches, 2 * need * sizeof *more);
        if (!more)
            return NULL;
        watches = more;
        room = 2 * need;
    }
    *count = 0;
    for (pending = list; pending; pending = pending->next)
        *count += soft_wait_watches(&pending->wait, watches + *count);
    return watches;
}

static void serve(void *context)
{
    struct pending *list = NULL;

    (void)context;
    for (;;) {
        struct ntf_watch *watches;
        uint32_t count = 0, index;
        take_incoming(&list);
        finish_ended(&list);
        watches = gather(list, &count);
        /* A wake since this round began, for a new wait or an ended handle, ends the next call at once. */
        if (watches || !list)
            (void)ntf_watch_any(watches, count, NTF_FOREVER, &service.parker, &index);
        else
            (void)ntf_watch_any(NULL, 0, ntf_deadline_after(ntf_os_now_ns(), NTF_REREAD_NS), &service.parker, &index);
    }
}

static enum ntf_result start_locked(void)
{
    struct ntf_thread *thread;
    enum ntf_result result;

    if (service.running)
        return NTF_OK;
    ntf_parker_begin(&service.parker, NULL);
    service.parker.patient = true; /* it arms anew for whatever happens to any of very many */
    result = ntf_thread_start(&thread, "ntfence-async", serve, NULL);
    if (result != NTF_OK)
        return result;
    ntf_thread_detach(thread);
    service.running = true;
    return NTF_OK;
}

enum ntf_result soft_async_add(const struct soft_wait *wait, ntf_handle event)
{
    struct pending *pending = new_pending(wait, event);
    enum ntf_result result;

    if (!pending)
        return NTF_E_NO_MEMORY;
    ntf_lock_take(&service.lock);
    result = start_locked();
    if (result == NTF_OK) {
        pending->next = service.incoming;
        service.incoming = pending;
        service.unfinished++;
    }
    ntf_lock_drop(&service.lock);
    if (result == NTF_OK)
        ntf_parker_wake(&service.parker);
    else
        free(pending);
    return result;
}

/* A wait that is added after this lock was held sees the end of the handle by itself. */
void soft_async_look_again(void)
{
    bool needed;

    ntf_lock_take(&service.lock);
    needed = service.unfinished > 0;
    ntf_lock_drop(&service.lock);
    if (needed)
        ntf_parker_wake(&service.parker);
}
