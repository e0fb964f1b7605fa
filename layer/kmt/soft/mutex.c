/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/mutex.h"

#include "base/deadline.h"
#include "kmt/os/bells.h"

/* A thread that sleeps for a mutex, on its own stack. */
struct sleeper {
    struct ntf_parker *parker;
    const void *holder;
    struct sleeper *next;
};

static struct {
    struct ntf_lock lock; /* protects the list */
    struct sleeper *list;
} sleepers;

/* Both begin with the header; a page has room for either (mutex_page.c). */
static struct ntf_mutex_page *page_of(const struct soft_object *object)
{
    return (struct ntf_mutex_page *)(void *)object->page;
}

struct beginning {
    uint64_t key;
    const struct soft_runtime_data *data;
};

static enum ntf_result fill(struct soft_object *object, const void *context)
{
    const struct beginning *beginning = (const struct beginning *)context;

    ntf_mutex_page_init(page_of(object), beginning->key, beginning->data->data, beginning->data->bytes);
    return NTF_OK;
}

enum ntf_result soft_mutex_create(uint32_t flags, uint64_t key, const struct soft_runtime_data *data,
                                  struct soft_object **out)
{
    const struct beginning beginning = { key, data };
    const struct soft_making making = { NTF_PAGE_KIND_MUTEX, flags, 0, fill, &beginning };

    return soft_object_make(&making, out);
}

/* Only a copy that takes needs a seat. */
static bool sit_locked(struct soft_object *object)
{
    struct soft_hold *hold = &object->hold;

    if (hold->seated)
        return true;
    hold->seat = ntf_mutex_page_sit(page_of(object), ntf_copy_id(), &object->page_ops);
    hold->seated = hold->seat != NTF_MUTEX_NO_SEAT;
    return hold->seated;
}

static bool has_ended(const struct soft_taker *taker)
{
    return taker->ended && ntf_load((ntf_au32 *)(uintptr_t)taker->ended, NTF_ACQUIRE) != 0;
}

/* A handle says that it has ended before soft_mutex_end takes the lock: who does not see it here is seen there. */
static enum ntf_result take_locked(struct soft_object *object, const struct soft_taker *taker, uint64_t key,
                                   uint64_t *fence_value)
{
    struct soft_hold *hold = &object->hold;
    enum ntf_result result;

    if (has_ended(taker))
        return NTF_E_INVALID;
    if (!sit_locked(object))
        return NTF_E_NO_MEMORY;
    result = ntf_mutex_page_take(page_of(object), hold->seat, key, &object->page_ops, &hold->turn, fence_value);
    if (result == NTF_OK)
        hold->holder = taker->holder;
    return result;
}

enum ntf_result soft_mutex_take(struct soft_object *object, const struct soft_taker *taker, uint64_t key,
                                uint64_t *fence_value)
{
    enum ntf_result result;

    ntf_lock_take(&object->hold.lock);
    result = take_locked(object, taker, key, fence_value);
    ntf_lock_drop(&object->hold.lock);
    return result;
}

enum ntf_result soft_mutex_give(struct soft_object *object, const void *holder, uint64_t key, uint64_t fence_value,
                                const struct soft_runtime_data *data)
{
    struct soft_hold *hold = &object->hold;
    enum ntf_result result = NTF_E_INVALID;

    ntf_lock_take(&hold->lock);
    if (hold->holder == holder) {
        hold->holder = NULL;
        if (ntf_mutex_page_give(page_of(object), hold->turn, key, fence_value, data ? data->data : NULL,
                                data ? data->bytes : 0, &object->page_ops))
            result = NTF_OK;
    }
    ntf_lock_drop(&hold->lock);
    return result;
}

void soft_mutex_end(struct soft_object *object, const void *holder)
{
    struct soft_hold *hold = &object->hold;

    ntf_lock_take(&hold->lock);
    if (hold->holder == holder) {
        hold->holder = NULL;
        ntf_mutex_page_abandon(page_of(object), hold->turn, &object->page_ops);
    }
    ntf_lock_drop(&hold->lock);
}

uint32_t soft_mutex_data(struct soft_object *object, void *to, uint32_t room)
{
    return ntf_mutex_page_data(page_of(object), to, room);
}

void soft_mutex_look(struct soft_object *object)
{
    ntf_mutex_page_look(page_of(object), &object->page_ops);
}

void soft_mutex_forget(struct soft_object *object)
{
    if (object->hold.seated)
        ntf_mutex_page_get_up(page_of(object), object->hold.seat);
    object->hold.seated = false;
}

/* ---- waiting ---- */

static void enter(struct sleeper *sleeper)
{
    ntf_lock_take(&sleepers.lock);
    sleeper->next = sleepers.list;
    sleepers.list = sleeper;
    ntf_lock_drop(&sleepers.lock);
}

static void leave(struct sleeper *sleeper)
{
    struct sleeper **at = &sleepers.list;

    ntf_lock_take(&sleepers.lock);
    while (*at != sleeper)
        at = &(*at)->next;
    *at = sleeper->next;
    ntf_lock_drop(&sleepers.lock);
}

void soft_mutex_waits_look_again(const void *holder)
{
    struct sleeper *sleeper;

    ntf_lock_take(&sleepers.lock);
    for (sleeper = sleepers.list; sleeper; sleeper = sleeper->next)
        if (sleeper->holder == holder)
            ntf_parker_wake(sleeper->parker);
    ntf_lock_drop(&sleepers.lock);
}

/* A parked thread arms anew with every safety period, so that an owner's death is seen within one. */
static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct soft_object *object = (struct soft_object *)watch->object;

    soft_mutex_look(object);
    soft_object_arm(object, watch, parker);
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    (void)parker;
    soft_object_disarm((struct soft_object *)watch->object, watch);
}

static const struct ntf_watch_ops turns = { arm, disarm };

/* Turns are read before each try: what is missed behind a try that fails has raised them. */
static enum ntf_result try_until(struct soft_object *object, const struct soft_taker *taker, uint64_t key,
                                 uint64_t deadline_ns, struct ntf_parker *parker, uint64_t *fence_value)
{
    struct ntf_watch watch = { &object->page->current, 0, &turns, object, 0 };
    uint32_t index;

    for (;;) {
        const uint64_t now = ntf_load(&object->page->current, NTF_ACQUIRE);
        const enum ntf_result result = soft_mutex_take(object, taker, key, fence_value);
        if (result != NTF_NOT_READY)
            return result;
        if (ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
            return NTF_TIMEOUT;
        watch.target = now + 1;
        (void)ntf_watch_any(&watch, 1, deadline_ns, parker, &index);
    }
}

enum ntf_result soft_mutex_block(struct soft_object *object, const struct soft_taker *taker, uint64_t key,
                                 uint64_t deadline_ns, uint64_t *fence_value)
{
    struct ntf_parker parker;
    struct sleeper self = { &parker, taker->holder, NULL };
    enum ntf_result result;

    ntf_parker_begin(&parker, NULL);
    enter(&self);
    result = try_until(object, taker, key, deadline_ns, &parker, fence_value);
    leave(&self);
    ntf_parker_end(&parker);
    return result;
}
