/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/sitter.h"

#include <stdlib.h>

#include "fence/doorbell.h"
#include "fence/keyed.h"

struct ntf_sitter {
    struct ntf_sitter *next; /* protected by the pool's lock, as is ended */
    struct ntf_sitters *sitters;
    struct ntf_thread *thread;
    bool ended; /* it touches nothing of the pool any more */
};

void ntf_sitters_init(struct ntf_sitters *sitters)
{
    ntf_lock_init(&sitters->lock);
    sitters->first = sitters->last = NULL;
    sitters->queued = sitters->idle = 0;
    sitters->threads = NULL;
    sitters->stop = false;
    ntf_init(&sitters->wake, 0u);
}

void ntf_seat_init(struct ntf_seat *seat)
{
    seat->next = NULL;
    seat->wants = 0;
    seat->taken = false;
    seat->outcome = NTF_NOT_READY;
    seat->value = 0;
    seat->status = NTF_STATUS_SUCCESS;
}

static void wake_all(struct ntf_sitters *sitters)
{
    ntf_fetch_add(&sitters->wake, 1u, NTF_RELEASE);
    ntf_os_unpark_all(&sitters->wake);
}

/* ---- the queue ---- */

static void push_locked(struct ntf_sitters *sitters, struct ntf_payload *payload)
{
    payload->keyed->seat.next = NULL;
    if (sitters->last)
        sitters->last->keyed->seat.next = payload;
    else
        sitters->first = payload;
    sitters->last = payload;
    sitters->queued++;
}

static struct ntf_payload *pop_locked(struct ntf_sitters *sitters)
{
    struct ntf_payload *payload = sitters->first;

    if (!payload)
        return NULL;
    sitters->first = payload->keyed->seat.next;
    if (!sitters->first)
        sitters->last = NULL;
    sitters->queued--;
    return payload;
}

/* False: a thread has taken it meanwhile. */
static bool unpush_locked(struct ntf_sitters *sitters, struct ntf_payload *payload)
{
    struct ntf_payload **at = &sitters->first, *before = NULL;

    while (*at && *at != payload) {
        before = *at;
        at = &before->keyed->seat.next;
    }
    if (!*at)
        return false;
    *at = payload->keyed->seat.next;
    if (sitters->last == payload)
        sitters->last = before;
    sitters->queued--;
    payload->keyed->seat.taken = false;
    return true;
}

/* ---- a thread ---- */

/* The next seat; NULL when the thread is to end. */
static struct ntf_payload *next_seat(struct ntf_sitter *sitter)
{
    struct ntf_sitters *sitters = sitter->sitters;
    const uint64_t until_ns = ntf_os_now_ns() + NTF_SIT_IDLE_NS;
    bool over = false;

    for (;;) {
        const uint32_t seen = ntf_load(&sitters->wake, NTF_ACQUIRE);
        struct ntf_payload *payload;

        ntf_lock_take(&sitters->lock);
        payload = pop_locked(sitters);
        over = over || sitters->stop;
        if (payload || over)
            sitters->idle--;
        sitter->ended = !payload && over;
        ntf_lock_drop(&sitters->lock);
        if (payload || over)
            return payload;
        over = ntf_os_park(&sitters->wake, seen, until_ns) == NTF_TIMEOUT;
    }
}

/* Whether the thread stays; if not, the seat is free, and the thread counts as idle from the same moment on: whoever
 * wants the seat next needs no second one. */
static bool stays(struct ntf_sitters *sitters, struct ntf_seat *seat)
{
    bool stay;

    ntf_lock_take(&sitters->lock);
    stay = seat->wants > 0;
    seat->taken = stay;
    sitters->idle += !stay;
    ntf_lock_drop(&sitters->lock);
    return stay;
}

/* Lays down what the kernel has said, and leaves the seat, as above. False: nobody wants it. */
static bool lay_down(struct ntf_sitters *sitters, struct ntf_seat *seat, enum ntf_result outcome, uint64_t value,
                     ntf_status status)
{
    bool wanted;

    ntf_lock_take(&sitters->lock);
    wanted = seat->wants > 0;
    seat->taken = false;
    sitters->idle++;
    if (wanted) {
        seat->outcome = outcome;
        seat->value = value;
        seat->status = status;
    }
    ntf_lock_drop(&sitters->lock);
    return wanted;
}

static void sit(struct ntf_sitters *sitters, struct ntf_keyed *keyed)
{
    struct ntf_mutex *mutex = keyed->mutex;

    while (stays(sitters, &keyed->seat)) {
        ntf_status status = NTF_STATUS_SUCCESS;
        uint64_t value = 0;
        const enum ntf_result outcome = mutex->ops->block(mutex, keyed->acquire_key, NTF_SIT_NS, &value, &status);

        if (outcome == NTF_TIMEOUT || outcome == NTF_NOT_READY)
            continue;
        if (lay_down(sitters, &keyed->seat, outcome, value, status))
            ntf_doorbells_ring(keyed->house->bells);
        else if (outcome == NTF_OK)
            ntf_keyed_give_back(keyed, value);
        return;
    }
}

static void body(void *context)
{
    struct ntf_sitter *sitter = context;
    struct ntf_sitters *sitters = sitter->sitters;
    struct ntf_payload *payload;

    while ((payload = next_seat(sitter))) {
        sit(sitters, payload->keyed);
        ntf_payload_unref(payload);
    }
}

/* Those that have ended, or all of them, waiting for their ends. */
static void reap(struct ntf_sitters *sitters, bool all)
{
    struct ntf_sitter *done = NULL, **at = &sitters->threads, *sitter;

    ntf_lock_take(&sitters->lock);
    while ((sitter = *at)) {
        if (!all && !sitter->ended) {
            at = &sitter->next;
            continue;
        }
        *at = sitter->next;
        sitter->next = done;
        done = sitter;
    }
    ntf_lock_drop(&sitters->lock);
    while ((sitter = done)) {
        done = sitter->next;
        ntf_thread_join(sitter->thread);
        free(sitter);
    }
}

/* One more, which counts as idle already. */
static bool start(struct ntf_sitters *sitters)
{
    struct ntf_sitter *sitter;

    reap(sitters, false);
    sitter = malloc(sizeof *sitter);
    if (!sitter)
        return false;
    sitter->sitters = sitters;
    sitter->ended = false;
    if (ntf_thread_start(&sitter->thread, "ntfence-keyed", body, sitter) != NTF_OK) {
        free(sitter);
        return false;
    }
    ntf_lock_take(&sitters->lock);
    sitter->next = sitters->threads;
    sitters->threads = sitter;
    ntf_lock_drop(&sitters->lock);
    return true;
}

void ntf_sitters_finish(struct ntf_sitters *sitters)
{
    ntf_lock_take(&sitters->lock);
    sitters->stop = true;
    ntf_lock_drop(&sitters->lock);
    wake_all(sitters);
    reap(sitters, true);
}

/* ---- seats ---- */

/* There is no thread for it, and none can be started. Whether one has taken it all the same. */
static bool give_up(struct ntf_sitters *sitters, struct ntf_payload *payload)
{
    bool mine;

    ntf_lock_take(&sitters->lock);
    sitters->idle--;
    mine = unpush_locked(sitters, payload);
    ntf_lock_drop(&sitters->lock);
    if (mine)
        ntf_payload_unref(payload);
    return !mine;
}

bool ntf_seat_want(struct ntf_payload *payload, bool begins)
{
    struct ntf_sitters *sitters = &payload->keyed->house->sitters;
    struct ntf_seat *seat = &payload->keyed->seat;
    bool push, more = false;

    ntf_lock_take(&sitters->lock);
    seat->wants += begins;
    push = !seat->taken && seat->outcome == NTF_NOT_READY;
    if (push) {
        seat->taken = true;
        push_locked(sitters, ntf_payload_ref(payload));
        more = sitters->queued > sitters->idle;
        sitters->idle += more;
    }
    ntf_lock_drop(&sitters->lock);
    if (!push)
        return true;
    if (more && !start(sitters))
        return give_up(sitters, payload);
    wake_all(sitters);
    return true;
}

enum ntf_result ntf_seat_collect(struct ntf_payload *payload, uint64_t *value, ntf_status *status)
{
    struct ntf_sitters *sitters = &payload->keyed->house->sitters;
    struct ntf_seat *seat = &payload->keyed->seat;
    enum ntf_result outcome;

    ntf_lock_take(&sitters->lock);
    outcome = seat->outcome;
    seat->outcome = NTF_NOT_READY;
    *value = seat->value;
    *status = seat->status;
    ntf_lock_drop(&sitters->lock);
    return outcome;
}

void ntf_seat_leave(struct ntf_payload *payload)
{
    struct ntf_sitters *sitters = &payload->keyed->house->sitters;
    struct ntf_seat *seat = &payload->keyed->seat;
    enum ntf_result outcome = NTF_NOT_READY;
    uint64_t value;

    ntf_lock_take(&sitters->lock);
    value = seat->value;
    if (--seat->wants == 0) {
        outcome = seat->outcome;
        seat->outcome = NTF_NOT_READY;
    }
    ntf_lock_drop(&sitters->lock);
    if (outcome == NTF_OK)
        ntf_keyed_give_back(payload->keyed, value);
}
