/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/object.h"

#include "base/os/os.h"
#include "kmt/os/parker.h"
#include "kmt/soft/wait.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 256u /* by the first byte of the id, which is random */
#define CACHE_LINE 64u

static struct {
    struct ntf_lock lock;                 /* protects all that object.h says */
    struct soft_object *buckets[BUCKETS]; /* shared objects only */
} registry;

/* ---- what the page asks ---- */

static void page_wake(void *context, ntf_au32 *word, uint64_t owner)
{
    soft_wake(word, owner, ((const struct soft_object *)context)->shared);
}

static bool page_gone(void *context, uint64_t owner)
{
    const struct soft_object *object = (const struct soft_object *)context;

    /* All who wait for a private object are threads of this process. */
    return object->shared && soft_life_gone(&object->memory, owner);
}

/* ---- what fence/ asks ---- */

static void arm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct soft_object *object = (struct soft_object *)watch->object;
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

static void disarm(struct ntf_watch *watch, struct ntf_parker *parker)
{
    struct soft_object *object = (struct soft_object *)watch->object;

    (void)parker;
    ntf_page_leave(object->page, watch->slot);
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
    ntf_lock_take(&registry.lock);
    soft_aliases_withdraw_locked((struct soft_object *)(void *)base);
    ntf_lock_drop(&registry.lock);
}

static const struct ntf_object_ops object_ops = { { arm, disarm }, raise_value, share, unname, close_object };

/* ---- life ---- */

static struct soft_object *new_object(bool shared)
{
    struct soft_object *object = (struct soft_object *)calloc(1, sizeof *object);

    if (!object)
        return NULL;
    object->shared = shared;
    object->references = 1;
    ntf_init(&object->users, 1u);
    object->page_ops.wake = page_wake;
    object->page_ops.gone = page_gone;
    object->page_ops.context = object;
    object->page_ops.keep_targets = !shared;
    return object;
}

/* Once page and header are there. */
static void complete(struct soft_object *object)
{
    object->base.ops = &object_ops;
    object->base.value = object->page ? &object->page->current : NULL;
    object->base.kind = object->header.kind == D3DDDI_NATIVE_FENCE ? NTF_OBJECT_NATIVE : NTF_OBJECT_MONITORED;
    object->base.rung = NTF_RUNG_SOFT;
}

static void destroy(struct soft_object *object)
{
    if (object->memory.page)
        soft_memory_close(&object->memory);
    free(object->block);
    free(object);
}

static enum ntf_result make_private_page(struct soft_object *object)
{
    object->block = calloc(1, sizeof(struct ntf_page) + CACHE_LINE);
    if (!object->block)
        return NTF_E_NO_MEMORY;
    object->page = (struct ntf_page *)(((uintptr_t)object->block + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
    return NTF_OK;
}

static enum ntf_result make_page(struct soft_object *object)
{
    enum ntf_result result;

    if (!object->shared)
        return make_private_page(object);
    result = soft_memory_create(&object->memory);
    if (result == NTF_OK)
        result = soft_life_announce(&object->memory);
    object->page = object->memory.page;
    return result;
}

static void enter_registry_locked(struct soft_object *object)
{
    struct soft_object **bucket = &registry.buckets[object->header.id[0] % BUCKETS];

    object->next = *bucket;
    *bucket = object;
}

enum ntf_result soft_object_create(uint32_t kind, uint32_t flags, uint64_t initial, struct soft_object **out)
{
    struct soft_object *object = new_object((flags & NTF_SYNC_SHARED) != 0);
    enum ntf_result result;
    uint8_t id[16];

    if (!object)
        return NTF_E_NO_MEMORY;
    object->header.kind = kind;
    object->header.flags = flags;
    if (object->shared || soft_object_is_fence(object)) {
        result = ntf_os_random(id, sizeof id) ? make_page(object) : NTF_E_FAILED;
        if (result != NTF_OK) {
            destroy(object);
            return result;
        }
        ntf_page_init(object->page, kind, flags, initial, id);
        object->header = object->page->header; /* nobody else has seen it yet */
    }
    complete(object);
    if (object->shared) {
        ntf_lock_take(&registry.lock);
        enter_registry_locked(object);
        ntf_lock_drop(&registry.lock);
    }
    *out = object;
    return NTF_OK;
}

/* The object that this copy has of the same memory. The id only narrows the search; the kernel decides, asked with
 * our own handle: the caller's may name something else by now. */
static struct soft_object *find_locked(const struct soft_object *fresh)
{
    const uint8_t *id = fresh->header.id;
    struct soft_object *object = registry.buckets[id[0] % BUCKETS];

    for (; object; object = object->next)
        if (memcmp(object->header.id, id, sizeof object->header.id) == 0 &&
            soft_memory_is(&object->memory, fresh->memory.handle))
            return object;
    return NULL;
}

/* Makes the fresh mapping ours, or finds that we have one already. The liveness lock is taken under the registry's:
 * two descriptions of one copy would shut each other out. */
static enum ntf_result adopt(struct soft_object *fresh, struct soft_object **out, ntf_status *status,
                             const char **why)
{
    struct soft_object *known;
    enum ntf_result result = NTF_OK;

    ntf_lock_take(&registry.lock);
    known = find_locked(fresh);
    if (known) {
        known->references++;
        (void)ntf_fetch_add(&known->users, 1u, NTF_RELAXED);
    } else {
        result = soft_life_announce(&fresh->memory);
        if (result == NTF_OK)
            enter_registry_locked(fresh);
    }
    ntf_lock_drop(&registry.lock);
    if (result != NTF_OK) {
        *status = soft_status_of(result);
        *why = "this copy could not announce itself on the memory";
        return result;
    }
    *out = known ? known : fresh;
    return NTF_OK;
}

enum ntf_result soft_object_open(ntf_handle nt, struct soft_object **out, ntf_status *status, const char **why)
{
    struct soft_object *fresh = new_object(true);
    enum ntf_result result;

    if (!fresh) {
        *status = NTF_STATUS_NO_MEMORY;
        *why = "out of memory";
        return NTF_E_NO_MEMORY;
    }
    result = soft_memory_open(nt, &fresh->memory, status, why);
    if (result == NTF_OK && !ntf_page_check(fresh->memory.page, &fresh->header, why)) {
        *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
        result = NTF_E_WRONG_OBJECT;
    }
    if (result == NTF_OK) {
        fresh->page = fresh->memory.page;
        complete(fresh);
        result = adopt(fresh, out, status, why);
    }
    if (result != NTF_OK || *out != fresh)
        destroy(fresh);
    return result;
}

void soft_object_ref(struct soft_object *object)
{
    ntf_lock_take(&registry.lock);
    object->references++;
    ntf_lock_drop(&registry.lock);
}

static void unlink_locked(struct soft_object *object)
{
    struct soft_object **at = &registry.buckets[object->header.id[0] % BUCKETS];

    while (*at && *at != object)
        at = &(*at)->next;
    if (*at)
        *at = object->next;
}

/* The memory is closed under the lock: who opens the same object next must find the liveness lock free. */
static void drop_reference_locked(struct soft_object *object)
{
    if (--object->references > 0)
        return;
    if (object->shared)
        unlink_locked(object);
    destroy(object);
}

void soft_object_unref(struct soft_object *object)
{
    ntf_lock_take(&registry.lock);
    drop_reference_locked(object);
    ntf_lock_drop(&registry.lock);
}

void soft_object_leave(struct soft_object *object)
{
    bool last;

    ntf_lock_take(&registry.lock);
    last = ntf_fetch_sub(&object->users, 1u, NTF_RELAXED) == 1;
    if (last)
        soft_aliases_withdraw_locked(object);
    drop_reference_locked(object);
    ntf_lock_drop(&registry.lock);
    if (last)
        soft_waits_look_again();
}

bool soft_object_add_alias(struct soft_object *object, struct soft_alias *alias)
{
    bool added;

    ntf_lock_take(&registry.lock);
    added = ntf_load(&object->users, NTF_RELAXED) > 0;
    if (added) {
        alias->next = object->aliases;
        object->aliases = alias;
    }
    ntf_lock_drop(&registry.lock);
    return added;
}

bool soft_object_has_alias(struct soft_object *object, bool (*judge)(const struct soft_alias *, const void *),
                           const void *context)
{
    const struct soft_alias *alias;

    ntf_lock_take(&registry.lock);
    alias = object->aliases;
    while (alias && !judge(alias, context))
        alias = alias->next;
    ntf_lock_drop(&registry.lock);
    return alias != NULL;
}

void *soft_object_cpu_va(const struct soft_object *object)
{
    return soft_object_is_fence(object) ? (void *)&object->page->current : NULL;
}

enum ntf_result soft_result_of(ntf_status status)
{
    static const enum ntf_result results[] = { NTF_OK,          NTF_E_NO_MEMORY, NTF_E_BAD_HANDLE, NTF_E_NOT_FOUND,
                                               NTF_E_BAD_NAME,  NTF_E_COLLISION, NTF_E_INVALID,
                                               NTF_E_ACCESS_DENIED, NTF_E_UNSUPPORTED };
    uint32_t i;

    for (i = 0; i < sizeof results / sizeof results[0]; i++)
        if (soft_status_of(results[i]) == status)
            return results[i];
    return NTF_E_FAILED;
}

ntf_status soft_status_of(enum ntf_result result)
{
    switch (result) {
    case NTF_OK:
        return NTF_STATUS_SUCCESS;
    case NTF_E_NO_MEMORY:
        return NTF_STATUS_NO_MEMORY;
    case NTF_E_BAD_HANDLE:
        return NTF_STATUS_INVALID_HANDLE;
    case NTF_E_WRONG_OBJECT:
        return NTF_STATUS_OBJECT_TYPE_MISMATCH;
    case NTF_E_NOT_FOUND:
        return NTF_STATUS_OBJECT_NAME_NOT_FOUND;
    case NTF_E_BAD_NAME:
        return NTF_STATUS_OBJECT_NAME_INVALID;
    case NTF_E_COLLISION:
        return NTF_STATUS_OBJECT_NAME_COLLISION;
    case NTF_E_ACCESS_DENIED:
        return NTF_STATUS_ACCESS_DENIED;
    case NTF_E_INVALID:
        return NTF_STATUS_INVALID_PARAMETER;
    case NTF_E_UNSUPPORTED:
        return NTF_STATUS_NOT_SUPPORTED;
    default:
        return NTF_STATUS_UNSUCCESSFUL;
    }
}
