/* SPDX-License-Identifier: Apache-2.0 */
/* A resource, its keyed mutex and its synchronization object as one NT handle. */
#include "kmt/soft/resource.h"

#include <string.h>

/* Once shared with these two, a resource of this copy is shared with no others. */
static enum ntf_result bundle_with(struct soft_object *object, const struct soft_object *mutex,
                                   const struct soft_object *sync)
{
    struct soft_resource *resource = object->resource;
    enum ntf_result result;

    if (resource->bundled)
        return memcmp(resource->mutex_id, mutex->header.id, sizeof resource->mutex_id) == 0 &&
                       memcmp(resource->sync_id, sync->header.id, sizeof resource->sync_id) == 0
                   ? NTF_OK
                   : NTF_E_INVALID;
    result = soft_bundle_make(&object->memory, &mutex->memory, &sync->memory, &resource->bundle);
    if (result != NTF_OK)
        return result;
    memcpy(resource->mutex_id, mutex->header.id, sizeof resource->mutex_id);
    memcpy(resource->sync_id, sync->header.id, sizeof resource->sync_id);
    resource->bundled = true;
    return NTF_OK;
}

ntf_status soft_bundle_share(struct soft_object *resource, struct soft_object *mutex, struct soft_object *sync,
                             const ntf_object_attributes *attributes, uint32_t access, ntf_handle *out)
{
    enum ntf_result result;

    if (access == 0)
        return NTF_STATUS_ACCESS_DENIED;
    ntf_lock_take(&resource->resource->lock);
    result = bundle_with(resource, mutex, sync);
    ntf_lock_drop(&resource->resource->lock);
    if (result != NTF_OK)
        return soft_status_of(result);
    return soft_object_share_as(resource, &resource->resource->bundle, attributes, access, out);
}

void soft_bundle_leave(struct soft_bundle *bundle)
{
    if (bundle->resource)
        soft_object_leave(bundle->resource);
    if (bundle->mutex)
        soft_object_leave(bundle->mutex);
    if (bundle->sync)
        soft_object_leave(bundle->sync);
    memset(bundle, 0, sizeof *bundle);
}

static enum ntf_result open_parts(const ntf_handle parts[SOFT_BUNDLE_PARTS], struct soft_bundle *bundle,
                                  ntf_status *status, const char **why)
{
    enum ntf_result result = soft_object_open(parts[0], SOFT_IS_RESOURCE, &bundle->resource, status, why);

    if (result == NTF_OK && parts[1])
        result = soft_object_open(parts[1], SOFT_IS_MUTEX, &bundle->mutex, status, why);
    if (result == NTF_OK && parts[2])
        result = soft_object_open(parts[2], SOFT_IS_SYNC, &bundle->sync, status, why);
    return result;
}

static void close_parts(const ntf_handle parts[SOFT_BUNDLE_PARTS])
{
    uint32_t i;

    for (i = 0; i < SOFT_BUNDLE_PARTS; i++)
        if (parts[i])
            soft_nt_handle_close(parts[i]);
}

enum ntf_result soft_bundle_open(ntf_handle nt, struct soft_bundle *out, ntf_status *status, const char **why)
{
    ntf_handle parts[SOFT_BUNDLE_PARTS] = { NULL };
    struct soft_bundle bundle = { NULL, NULL, NULL };
    enum ntf_result result = soft_bundle_parts(nt, parts, status, why);

    if (result != NTF_OK)
        return result;
    result = open_parts(parts, &bundle, status, why);
    close_parts(parts);
    if (result == NTF_OK)
        *out = bundle;
    else
        soft_bundle_leave(&bundle);
    return result;
}

bool soft_bundle_what(ntf_handle nt, enum soft_what *what)
{
    ntf_handle parts[SOFT_BUNDLE_PARTS] = { NULL };
    struct soft_memory memory;
    struct ntf_page_header header;
    ntf_status status;
    const char *why;
    bool ours;

    if (soft_bundle_parts(nt, parts, &status, &why) != NTF_OK)
        return false;
    ours = soft_memory_open(parts[0], &memory, &status, &why) == NTF_OK;
    close_parts(parts);
    if (!ours)
        return false;
    ours = ntf_page_check(memory.page, &header, &why);
    soft_memory_close(&memory);
    if (ours)
        *what = soft_what_of(header.kind);
    return ours;
}
