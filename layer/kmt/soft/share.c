/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing by NT handle and by name.
 *
 * A name lives as long as a user of its object in the copy that gave it; openers do not keep it. Given twice to the
 * same object by the same copy it is the same name.
 */
#include "kmt/soft/calls.h"
#include "kmt/soft/handles.h"

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

    if (alias->units != other->units || alias->root != other->root)
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

static ntf_status publish(struct soft_object *object, const ntf_object_attributes *attributes)
{
    struct soft_alias *alias;
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;

    if (!is_readable(attributes->ObjectName))
        return NTF_STATUS_OBJECT_NAME_INVALID;
    alias = new_alias(attributes);
    if (!alias)
        return NTF_STATUS_NO_MEMORY;
    if (soft_object_has_alias(object, same_name, alias)) {
        free(alias);
        return NTF_STATUS_SUCCESS;
    }
    if (soft_name_publish(attributes, &object->memory, &alias->name, &status) != NTF_OK) {
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

ntf_status soft_object_share(struct soft_object *object, const ntf_object_attributes *attributes, uint32_t access,
                             ntf_handle *out)
{
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;
    ntf_handle nt;

    if (!object->shared || object->base.global) /* what has a global handle is shared by nothing else */
        return NTF_STATUS_INVALID_PARAMETER;
    if (access == 0)
        return NTF_STATUS_ACCESS_DENIED;
    if (soft_memory_share(&object->memory, attributes, access, &nt, &status) != NTF_OK)
        return status;
    status = is_named(attributes) ? publish(object, attributes) : NTF_STATUS_SUCCESS;
    if (status == NTF_STATUS_SUCCESS)
        *out = nt;
    else
        soft_nt_handle_close(nt);
    return status;
}

/* One object; a bundle is refused like every combination that is none, since there are no resources. */
ntf_status NTF_APIENTRY soft_ShareObjects(uint32_t cObjects, const D3DKMT_HANDLE *hObjects,
                                          ntf_object_attributes *pObjectAttributes, uint32_t dwDesiredAccess,
                                          ntf_handle *phSharedNtHandle)
{
    struct soft_sync *sync;
    ntf_status status;

    if (cObjects != 1 || !hObjects || !phSharedNtHandle)
        return NTF_STATUS_INVALID_PARAMETER;
    sync = soft_sync_get(hObjects[0]);
    if (!sync)
        return NTF_STATUS_INVALID_PARAMETER;
    status = soft_object_share(sync->object, pObjectAttributes, dwDesiredAccess, phSharedNtHandle);
    soft_sync_put(sync);
    return status;
}

/* The object manager finds the name before it looks at the access asked for. */
ntf_status NTF_APIENTRY soft_OpenSyncObjectNtHandleFromName(D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME *p)
{
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;
    ntf_handle nt;

    if (!p || !p->pObjAttrib || !p->pObjAttrib->ObjectName)
        return NTF_STATUS_INVALID_PARAMETER;
    if (!is_named(p->pObjAttrib) || !is_readable(p->pObjAttrib->ObjectName))
        return NTF_STATUS_OBJECT_NAME_INVALID;
    if (soft_name_resolve(p->pObjAttrib, p->dwDesiredAccess ? p->dwDesiredAccess : D3DDDI_SYNC_OBJECT_WAIT, &nt,
                          &status) != NTF_OK)
        return status;
    if (p->dwDesiredAccess == 0) {
        soft_nt_handle_close(nt);
        return NTF_STATUS_ACCESS_DENIED;
    }
    p->hNtHandle = nt;
    return NTF_STATUS_SUCCESS;
}
