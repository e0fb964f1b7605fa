/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/object.h"

#include "base/os/os.h"
#include "kmt/soft/flags.h"
#include "kmt/soft/mutex.h"
#include "kmt/soft/resource.h"
#include "kmt/soft/wait.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 256u /* by the first byte of the id, which is random */
#define CACHE_LINE 64u
#define NUMBER_TRIES 64u

static struct {
    struct ntf_lock lock;                 /* protects all that object.h says */
    struct soft_object *buckets[BUCKETS]; /* shared objects only */
} registry;

static struct soft_object *new_object(bool shared)
{
    struct soft_object *object = (struct soft_object *)calloc(1, sizeof *object);

    if (!object)
        return NULL;
    object->shared = shared;
    object->references = 1;
    ntf_init(&object->users, 1u);
    ntf_init(&object->releases, 0u);
    return object;
}

static void destroy(struct soft_object *object)
{
    if (object->number)
        soft_number_withdraw(object->number);
    soft_mutex_forget(object);
    soft_resource_free(object->resource);
    if (object->memory.page)
        soft_memory_close(&object->memory);
    free(object->block);
    free(object);
}

static enum ntf_result make_private_page(struct soft_object *object)
{
    object->block = calloc(1, NTF_PAGE_BYTES + CACHE_LINE);
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

/* Draws numbers until one is free: of the sixteen million few are in use. */
static enum ntf_result give_number(struct soft_object *object)
{
    enum ntf_result result = NTF_E_COLLISION;
    uint32_t tries, random;

    for (tries = 0; tries < NUMBER_TRIES && result == NTF_E_COLLISION; tries++) {
        if (!ntf_os_random(&random, sizeof random))
            return NTF_E_FAILED; /* one that can be guessed could be taken by a stranger */
        object->base.global = soft_global_number(random);
        result = soft_number_publish(object->base.global, &object->memory, &object->number);
    }
    return result == NTF_E_COLLISION ? NTF_E_NO_MEMORY : result;
}

static void enter_registry_locked(struct soft_object *object)
{
    struct soft_object **bucket = &registry.buckets[object->header.id[0] % BUCKETS];

    object->next = *bucket;
    *bucket = object;
}

/* Nobody else has seen any of it yet. */
static enum ntf_result make_contents(const struct soft_making *making, struct soft_object *object)
{
    enum ntf_result result;
    uint8_t id[16];

    if (!object->shared && !soft_object_is_fence(object) && !making->fill)
        return NTF_OK; /* a legacy object of this process */
    result = ntf_os_random(id, sizeof id) ? make_page(object) : NTF_E_FAILED;
    if (result != NTF_OK)
        return result;
    ntf_page_init(object->page, making->kind, making->flags, making->initial, id);
    object->header = object->page->header;
    return making->fill ? making->fill(object, making->context) : NTF_OK;
}

enum ntf_result soft_object_make(const struct soft_making *making, struct soft_object **out)
{
    struct soft_object *object = new_object((making->flags & NTF_SYNC_SHARED) != 0);
    enum ntf_result result;

    if (!object)
        return NTF_E_NO_MEMORY;
    object->header.kind = making->kind;
    object->header.flags = making->flags;
    result = make_contents(making, object);
    if (result == NTF_OK) {
        soft_object_complete(object);
        result = soft_flags_global(making->flags) ? give_number(object) : NTF_OK;
    }
    if (result != NTF_OK) {
        destroy(object);
        return result;
    }
    if (object->shared) {
        ntf_lock_take(&registry.lock);
        enter_registry_locked(object);
        ntf_lock_drop(&registry.lock);
    }
    *out = object;
    return NTF_OK;
}

enum ntf_result soft_object_create(uint32_t kind, uint32_t flags, uint64_t initial, struct soft_object **out)
{
    const struct soft_making making = { kind, flags, initial, NULL, NULL };

    return soft_object_make(&making, out);
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

/* Lets the object in, or counts one user more of the one that is known. A number that was opened is kept from now on
 * by what stays: the known object has none while it has no user. */
static enum ntf_result admit_locked(struct soft_object *fresh, struct soft_object *known, const char **why)
{
    struct soft_object *object = known ? known : fresh;
    enum ntf_result result;

    if (known && known->base.global != fresh->base.global) {
        *why = "the same memory as that of an object with another global handle, or with none";
        return NTF_E_WRONG_OBJECT;
    }
    *why = "this copy could not announce itself on the memory";
    result = known ? NTF_OK : soft_life_announce(&fresh->memory);
    if (result == NTF_OK && fresh->number && (!known || !known->number)) {
        *why = "this copy could not serve the global handle";
        result = soft_number_serve(fresh->number, &object->memory);
        if (result == NTF_OK && known) {
            known->number = fresh->number;
            fresh->number = NULL;
        }
    }
    if (result != NTF_OK)
        return result;
    if (known) {
        known->references++;
        (void)ntf_fetch_add(&known->users, 1u, NTF_RELAXED);
    } else {
        enter_registry_locked(fresh);
    }
    return NTF_OK;
}

/* Makes the fresh mapping ours, or finds that we have one already. The liveness lock is taken under the registry's:
 * two descriptions of one copy would shut each other out. */
static enum ntf_result adopt(struct soft_object *fresh, struct soft_object **out, ntf_status *status,
                             const char **why)
{
    struct soft_object *known;
    enum ntf_result result;

    ntf_lock_take(&registry.lock);
    known = find_locked(fresh);
    result = admit_locked(fresh, known, why);
    ntf_lock_drop(&registry.lock);
    if (result == NTF_OK)
        *out = known ? known : fresh;
    else
        *status = soft_status_of(result);
    return result;
}

static const char *wrong_kind(enum soft_what found)
{
    return found == SOFT_IS_MUTEX      ? "a keyed mutex of soft"
           : found == SOFT_IS_RESOURCE ? "a resource of soft"
                                       : "a synchronization object of soft";
}

/* How an object is reached, and what it has to be. */
struct way {
    ntf_handle nt;
    D3DKMT_HANDLE number; /* the global handle that led to it, or 0 */
    enum soft_what wanted;
};

/* What is behind the NT handle becomes the fresh object's. A page says how it may be shared, and which way it was
 * reached has to fit. */
static enum ntf_result take_memory(struct soft_object *fresh, const struct way *way, ntf_status *status,
                                   const char **why)
{
    const D3DKMT_HANDLE number = way->number;
    const ntf_handle nt = way->nt;

    const enum ntf_result result = soft_memory_open(nt, &fresh->memory, status, why);

    if (result != NTF_OK)
        return result;
    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    if (!ntf_page_check(fresh->memory.page, &fresh->header, why))
        return NTF_E_WRONG_OBJECT;
    if (soft_what_of(fresh->header.kind) != way->wanted) {
        *why = wrong_kind(soft_what_of(fresh->header.kind));
        return NTF_E_WRONG_OBJECT;
    }
    if (soft_flags_global(fresh->header.flags) != (number != 0)) {
        *why = number ? "an object that is not shared by global handle"
                      : "an object that is shared by global handle only";
        return NTF_E_WRONG_OBJECT;
    }
    fresh->page = fresh->memory.page;
    if (way->wanted == SOFT_IS_RESOURCE && !soft_resource_read(fresh, status, why))
        return soft_result_of(*status) == NTF_E_NO_MEMORY ? NTF_E_NO_MEMORY : NTF_E_WRONG_OBJECT;
    fresh->base.global = number;
    soft_object_complete(fresh);
    return NTF_OK;
}

/* Takes over fresh, whatever comes of it. */
static enum ntf_result open_fresh(struct soft_object *fresh, const struct way *way, struct soft_object **out,
                                  ntf_status *status, const char **why)
{
    enum ntf_result result = take_memory(fresh, way, status, why);

    if (result == NTF_OK)
        result = adopt(fresh, out, status, why);
    if (result != NTF_OK || *out != fresh)
        destroy(fresh);
    return result;
}

static struct soft_object *new_opened(ntf_status *status, const char **why)
{
    *status = NTF_STATUS_NO_MEMORY;
    *why = "out of memory";
    return new_object(true);
}

enum ntf_result soft_object_open(ntf_handle nt, enum soft_what wanted, struct soft_object **out, ntf_status *status,
                                 const char **why)
{
    const struct way way = { nt, 0, wanted };
    struct soft_object *fresh = new_opened(status, why);

    return fresh ? open_fresh(fresh, &way, out, status, why) : NTF_E_NO_MEMORY;
}

enum ntf_result soft_object_open_global(D3DKMT_HANDLE number, enum soft_what wanted, struct soft_object **out,
                                        ntf_status *status, const char **why)
{
    struct way way = { NULL, number, wanted };
    struct soft_object *fresh;
    enum ntf_result result;

    *status = NTF_STATUS_INVALID_PARAMETER;
    *why = "not a global handle by its form";
    if (!soft_is_global_number(number))
        return NTF_E_BAD_HANDLE;
    fresh = new_opened(status, why);
    if (!fresh)
        return NTF_E_NO_MEMORY;
    result = soft_number_resolve(number, &way.nt, &fresh->number);
    if (result != NTF_OK) {
        destroy(fresh);
        *status = result == NTF_E_NOT_FOUND ? NTF_STATUS_INVALID_PARAMETER : soft_status_of(result);
        *why = result == NTF_E_NOT_FOUND ? "no object has this global handle"
                                         : "the global handle could not be followed";
        return result;
    }
    result = open_fresh(fresh, &way, out, status, why);
    soft_nt_handle_close(way.nt);
    return result;
}

void soft_object_ref(struct soft_object *object)
{
    ntf_lock_take(&registry.lock);
    object->references++;
    ntf_lock_drop(&registry.lock);
}

void soft_object_join(struct soft_object *object)
{
    ntf_lock_take(&registry.lock);
    object->references++;
    (void)ntf_fetch_add(&object->users, 1u, NTF_RELAXED);
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
    if (last && object->number) {
        soft_number_withdraw(object->number);
        object->number = NULL;
    }
    drop_reference_locked(object);
    ntf_lock_drop(&registry.lock);
    if (last)
        soft_waits_look_again();
}

void soft_object_unname(struct soft_object *object)
{
    ntf_lock_take(&registry.lock);
    soft_aliases_withdraw_locked(object);
    ntf_lock_drop(&registry.lock);
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
