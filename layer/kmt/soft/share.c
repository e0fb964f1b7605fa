/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing by NT handle and by name.
 *
 * A name lives as long as a user of its object in the copy that gave it; openers do not keep it. Given twice to the
 * same object by the same copy it is the same name.
 */
#include "kmt/soft/calls.h"
#include "kmt/soft/resource.h"

#include <stdlib.h>

static bool is_named(const ntf_object_attributes *attributes)
{
    return attributes && attributes->ObjectName && attributes->ObjectName->Length > 0;
}

static bool is_readable(const ntf_unicode_string *text)
{
    return text->Buffer && text->Length % sizeof text->Buffer[0] == 0;
}

static char16_t fold(char16_t unit)
{
    return unit >= u'A' && unit <= u'Z' ? (char16_t)(unit - u'A' + u'a') : unit;
}

static struct soft_alias *new_alias(const ntf_object_attributes *attributes)
{
    const ntf_unicode_string *text = attributes->ObjectName;
    const uint32_t units = text->Length / 2u;
    struct soft_alias *alias = (struct soft_alias *)calloc(1, sizeof *alias + units * sizeof alias->text[0]);
    uint32_t i;

    if (!alias)
        return NULL;
    alias->units = units;
    alias->root = attributes->RootDirectory;
    for (i = 0; i < units; i++)
        alias->text[i] = fold(text->Buffer[i]);
    return alias;
}

static bool same_name(const struct soft_alias *alias, const void *context)
{
    const struct soft_alias *other = (const struct soft_alias *)context;
    uint32_t i;

    if (alias->units != other->units || alias->root != other->root || alias->memory != other->memory)
        return false;
    for (i = 0; i < alias->units; i++)
        if (alias->text[i] != other->text[i])
            return false;
    return true;
}

void soft_aliases_withdraw_locked(struct soft_object *object)
{
    while (object->aliases) {
        struct soft_alias *alias = object->aliases;
        object->aliases = alias->next;
        soft_name_withdraw(alias->name);
        free(alias);
    }
}

static ntf_status publish(struct soft_object *object, const struct soft_memory *memory,
                          const ntf_object_attributes *attributes)
{
    struct soft_alias *alias;
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;

    if (!is_readable(attributes->ObjectName))
        return NTF_STATUS_OBJECT_NAME_INVALID;
    alias = new_alias(attributes);
    if (!alias)
        return NTF_STATUS_NO_MEMORY;
    alias->memory = memory;
    if (soft_object_has_alias(object, same_name, alias)) {
        free(alias);
        return NTF_STATUS_SUCCESS;
    }
    if (soft_name_publish(attributes, memory, &alias->name, &status) != NTF_OK) {
        free(alias);
        return status;
    }
    if (!soft_object_add_alias(object, alias)) { /* its last handle has just been destroyed elsewhere */
        soft_name_withdraw(alias->name);
        free(alias);
        return NTF_STATUS_INVALID_PARAMETER;
    }
    return NTF_STATUS_SUCCESS;
}

ntf_status soft_object_share_as(struct soft_object *object, const struct soft_memory *memory,
                                const ntf_object_attributes *attributes, uint32_t access, ntf_handle *out)
{
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;
    ntf_handle nt;

    if (soft_memory_share(memory, attributes, access, &nt, &status) != NTF_OK)
        return status;
    status = is_named(attributes) ? publish(object, memory, attributes) : NTF_STATUS_SUCCESS;
    if (status == NTF_STATUS_SUCCESS)
        *out = nt;
    else
        soft_nt_handle_close(nt);
    return status;
}

/* What was made to be shared by NT handle, and by nothing else. */
static bool is_sharable(const struct soft_object *object)
{
    return object->shared && object->base.global == 0;
}

ntf_status soft_object_share(struct soft_object *object, const ntf_object_attributes *attributes, uint32_t access,
                             ntf_handle *out)
{
    if (!is_sharable(object))
        return NTF_STATUS_INVALID_PARAMETER;
    if (access == 0)
        return NTF_STATUS_ACCESS_DENIED;
    return soft_object_share_as(object, &object->memory, attributes, access, out);
}

/* A synchronization object or a resource: a keyed mutex is shared inside a bundle only. */
static ntf_status share_one(D3DKMT_HANDLE handle, const ntf_object_attributes *attributes, uint32_t access,
                            ntf_handle *out)
{
    struct soft_sync *sync = soft_handle_get(handle, SOFT_SYNC);
    ntf_status status;

    if (!sync)
        sync = soft_handle_get(handle, SOFT_RESOURCE);
    if (!sync)
        return NTF_STATUS_INVALID_PARAMETER;
    status = soft_object_share(sync->object, attributes, access, out);
    soft_sync_put(sync);
    return status;
}

/* A resource, its keyed mutex and its synchronization object, in this order and no other. */
static ntf_status share_bundle(const D3DKMT_HANDLE *handles, const ntf_object_attributes *attributes, uint32_t access,
                               ntf_handle *out)
{
    static const enum soft_class classes[SOFT_BUNDLE_PARTS] = { SOFT_RESOURCE, SOFT_MUTEX, SOFT_SYNC };
    struct soft_sync *parts[SOFT_BUNDLE_PARTS] = { NULL };
    ntf_status status = NTF_STATUS_SUCCESS;
    uint32_t i;

    for (i = 0; i < SOFT_BUNDLE_PARTS; i++) {
        parts[i] = soft_handle_get(handles[i], classes[i]);
        if (!parts[i] || !is_sharable(parts[i]->object))
            status = NTF_STATUS_INVALID_PARAMETER;
    }
    if (status == NTF_STATUS_SUCCESS)
        status = soft_bundle_share(parts[0]->object, parts[1]->object, parts[2]->object, attributes, access, out);
    for (i = 0; i < SOFT_BUNDLE_PARTS; i++)
        if (parts[i])
            soft_sync_put(parts[i]);
    return status;
}

ntf_status NTF_APIENTRY soft_ShareObjects(uint32_t cObjects, const D3DKMT_HANDLE *hObjects,
                                          ntf_object_attributes *pObjectAttributes, uint32_t dwDesiredAccess,
                                          ntf_handle *phSharedNtHandle)
{
    if (!hObjects || !phSharedNtHandle)
        return NTF_STATUS_INVALID_PARAMETER;
    if (cObjects == 1)
        return share_one(hObjects[0], pObjectAttributes, dwDesiredAccess, phSharedNtHandle);
    if (cObjects == SOFT_BUNDLE_PARTS)
        return share_bundle(hObjects, pObjectAttributes, dwDesiredAccess, phSharedNtHandle);
    return NTF_STATUS_INVALID_PARAMETER;
}

/* One directory has the names of all kinds; of another kind is refused. What is no object of soft's is left for the
 * opening to judge. The object manager finds the name before it looks at the access asked for. */
static ntf_status look_up(const ntf_object_attributes *attributes, uint32_t access, uint32_t least,
                          enum soft_what wanted, ntf_handle *out)
{
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;
    enum soft_what found;
    ntf_handle nt;

    if (!attributes || !attributes->ObjectName)
        return NTF_STATUS_INVALID_PARAMETER;
    if (!is_named(attributes) || !is_readable(attributes->ObjectName))
        return NTF_STATUS_OBJECT_NAME_INVALID;
    if (soft_name_resolve(attributes, access ? access : least, &nt, &status) != NTF_OK)
        return status;
    status = access ? NTF_STATUS_SUCCESS : NTF_STATUS_ACCESS_DENIED;
    if (soft_bundle_what(nt, &found) && found != wanted)
        status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    if (status == NTF_STATUS_SUCCESS)
        *out = nt;
    else
        soft_nt_handle_close(nt);
    return status;
}

ntf_status NTF_APIENTRY soft_OpenSyncObjectNtHandleFromName(D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME *p)
{
    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    return look_up(p->pObjAttrib, p->dwDesiredAccess, D3DDDI_SYNC_OBJECT_WAIT, SOFT_IS_SYNC, &p->hNtHandle);
}

ntf_status NTF_APIENTRY soft_OpenNtHandleFromName(D3DKMT_OPENNTHANDLEFROMNAME *p)
{
    if (!p)
        return NTF_STATUS_INVALID_PARAMETER;
    return look_up(p->pObjAttrib, p->dwDesiredAccess, SHARED_ALLOCATION_WRITE, SOFT_IS_RESOURCE, &p->hNtHandle);
}
