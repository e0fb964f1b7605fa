/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that users give. A section can have one name, and the payload's is random; so a user's name is a second
 * small section that holds the random one. The kernel keeps it exclusive, protects it with the user's descriptor,
 * and drops it with its last handle: the publisher's, but for the moment in which somebody looks the name up.
 *
 * The names in attributes are paths of the NT object directory. A section in the directory of all sessions needs
 * the right to create global objects, which ordinary users have in session 0 only: ACCESS_DENIED is the honest
 * answer, and what Windows gives for its own objects there.
 */
#include "kmt/soft/os/win32/nt.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAGIC 0x656D616E6566746Eull /* "ntfename" read as bytes */

struct soft_name {
    HANDLE section;
};

/* A copy of the attributes with the case of names ignored, as the graphics kernel does it, and no handle inherited
 * or descriptor used that is not meant for this section. */
static bool copy_attributes(const ntf_object_attributes *from, void *descriptor, ntf_object_attributes *to)
{
    if (!from || !from->ObjectName || from->ObjectName->Length == 0 || !from->ObjectName->Buffer)
        return false;
    memset(to, 0, sizeof *to);
    to->Length = sizeof *to;
    to->RootDirectory = from->RootDirectory;
    to->ObjectName = from->ObjectName;
    to->Attributes = NTF_OBJ_CASE_INSENSITIVE;
    to->SecurityDescriptor = descriptor;
    return true;
}

enum ntf_result soft_name_publish(const ntf_object_attributes *attributes, const struct soft_memory *memory,
                                  struct soft_name **out, ntf_status *status)
{
    LARGE_INTEGER size = { .QuadPart = NTF_PAGE_BYTES };
    ntf_object_attributes own;
    struct soft_page_name page;
    struct soft_name *name;

    if (!copy_attributes(attributes, attributes ? attributes->SecurityDescriptor : NULL, &own)) {
        *status = NTF_STATUS_OBJECT_NAME_INVALID;
        return NTF_E_BAD_NAME;
    }
    if (!soft_memory_name(memory, &page)) {
        *status = NTF_STATUS_INVALID_PARAMETER; /* made by a stranger, who gave it a name of his own, or none */
        return NTF_E_INVALID;
    }
    name = (struct soft_name *)calloc(1, sizeof *name);
    if (!name) {
        *status = NTF_STATUS_NO_MEMORY;
        return NTF_E_NO_MEMORY;
    }
    *status = NtCreateSection(&name->section, SECTION_ALL_ACCESS, &own, &size, PAGE_READWRITE, SEC_COMMIT, NULL);
    if (*status == NTF_STATUS_SUCCESS && !soft_label_write(name->section, NAME_MAGIC, &page)) {
        (void)CloseHandle(name->section);
        *status = NTF_STATUS_NO_MEMORY;
    }
    if (*status == NTF_STATUS_SUCCESS)
        *out = name;
    else
        free(name);
    return soft_result(*status);
}

void soft_name_withdraw(struct soft_name *name)
{
    if (!name)
        return;
    (void)CloseHandle(name->section);
    free(name);
}

enum ntf_result soft_name_resolve(const ntf_object_attributes *attributes, uint32_t access, ntf_handle *out,
                                  ntf_status *status)
{
    ntf_object_attributes own;
    struct soft_page_name page;
    HANDLE section = NULL;

    if (!copy_attributes(attributes, NULL, &own)) {
        *status = NTF_STATUS_OBJECT_NAME_INVALID;
        return NTF_E_BAD_NAME;
    }
    if (access == 0) {
        *status = NTF_STATUS_ACCESS_DENIED;
        return NTF_E_ACCESS_DENIED;
    }
    *status = NtOpenSection(&section, SECTION_QUERY | SECTION_MAP_READ, &own);
    if (*status != NTF_STATUS_SUCCESS)
        return soft_result(*status);
    if (soft_label_read(section, NAME_MAGIC, &page, status))
        *status = soft_label_follow(&page, access, (attributes->Attributes & NTF_OBJ_INHERIT) != 0, out);
    (void)CloseHandle(section);
    return soft_result(*status);
}
