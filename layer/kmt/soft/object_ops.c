/* SPDX-License-Identifier: Apache-2.0 */
/* An object as the page and as fence/ see it: two tables of functions. */
#include "kmt/os/parker.h"
#include "kmt/soft/herd.h"
#include "kmt/soft/object.h"

/* ---- what the page asks ---- */

static void page_wake(void *context, ntf_au32 *word, uint64_t owner)
{
    const struct soft_object *object = (const struct soft_object *)context;

    /* Where words wake, the slots of a private object are for those who have a perch. */
    if (object->page_ops.wake_one && owner != 0)
        ntf_parker_os_ring(owner);
    else
        soft_wake(word, owner, object->shared);
}

static void page_wake_one(void *context, ntf_au32 *word)
{
    (void)context;
    ntf_parker_os_wake_one(word);
}

static bool page_gone(void *context, uint64_t owner)
{
    const struct soft_object *object = (const struct soft_object *)context;

    /* All who wait for a private object are threads of this process. */
    return object->shared && soft_life_gone(&object->memory, owner);
}

/* ---- what fence/ asks ---- */

#define IN_HERD 0x80000000u /* in watch->slot: the rest is a home */

/* A private object, where words wake: a sleep for it alone is one of a herd; one for several is woken by its perch. */
static void arm_private(struct soft_object *object, struct ntf_watch *watch, struct ntf_parker *parker)
{
    const uint32_t perch = parker->many ? ntf_parker_os_perch(parker) : 0;
    uint32_t seen = 0;

    watch->slot = NTF_PAGE_NO_SLOT;
    if (perch != 0)
        watch->slot = ntf_page_arm(object->page, perch, watch->target, &object->page_ops, &seen);
    if (watch->slot != NTF_PAGE_NO_SLOT)
        return;
    watch->slot = ntf_herd_join(object->page, watch->target, &seen);
    ntf_parker_listen(parker, ntf_page_word(object->page, watch->slot), seen, false);
    watch->slot |= IN_HERD;
}

static void arm_shared(struct soft_object *object, struct ntf_watch *watch, struct ntf_parker *parker)
{
    const uint64_t owner = ntf_parker_owner(parker);
    uint32_t seen = 0;

    watch->slot = NTF_PAGE_NO_SLOT;
    if (owner == 0) {
        parker->crowded = true; /* nobody could wake us */
        return;
    }
    watch->slot = ntf_page_arm(object->page, owner, watch->target, &object->page_ops, &seen);
    ntf_parker_listen(parker, ntf_page_word(object->page, watch->slot), seen, object->shared);
    if (watch->slot == NTF_PAGE_NO_SLOT && !ntf_parker_words_wake)
        parker->crowded = true;
}

void soft_object_arm(struct soft_object *object, struct ntf_watch *watch, struct ntf_parker *parker)
{
    if (object->page_ops.wake_one)
        arm_private(object, watch, parker);
    else
        arm_shared(object, watch, parker);
}

void soft_object_disarm(struct soft_object *object, struct ntf_watch *watch)
{
    if (watch->slot & IN_HERD)
        ntf_herd_quit(object->page, watch->slot & ~IN_HERD, &object->page_ops);
    else
        ntf_page_leave(object->page, watch->slot);
}

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    soft_object_arm((struct soft_object *)watch->object, watch, parker);
}

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    (void)parker;
    soft_object_disarm((struct soft_object *)watch->object, watch);
}

static enum ntf_result raise_value(struct ntf_object *base, uint64_t value, ntf_status *status)
{
    struct soft_object *object = (struct soft_object *)(void *)base;
    const bool done = ntf_page_signal(object->page, value, false, &object->page_ops);

    if (status)
        *status = done ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
    return NTF_OK; /* refused means that the value is above already */
}

static void close_object(struct ntf_object *base)
{
    soft_object_leave((struct soft_object *)(void *)base);
}

static enum ntf_result share(struct ntf_object *base, ntf_object_attributes *attributes, uint32_t access,
                             ntf_handle *out, ntf_status *status)
{
    const ntf_status answer = soft_object_share((struct soft_object *)(void *)base, attributes, access, out);

    if (status)
        *status = answer;
    return soft_result_of(answer);
}

static void unname(struct ntf_object *base)
{
    soft_object_unname((struct soft_object *)(void *)base);
}

static const struct ntf_object_ops object_ops = { { arm, disarm }, raise_value, share, unname, close_object };

void soft_object_complete(struct soft_object *object)
{
    object->page_ops.wake = page_wake;
    object->page_ops.gone = page_gone;
    object->page_ops.context = object;
    object->page_ops.keep_targets = !object->shared;
    object->page_ops.wake_one = !object->shared && ntf_parker_words_wake ? page_wake_one : NULL;
    object->base.ops = &object_ops;
    object->base.value = object->page ? &object->page->current : NULL;
    object->base.kind = object->header.kind == D3DDDI_NATIVE_FENCE ? NTF_OBJECT_NATIVE : NTF_OBJECT_MONITORED;
    object->base.rung = NTF_RUNG_SOFT;
}
