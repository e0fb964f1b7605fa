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

#define LABEL_MAGIC 0x656D616E6566746Eull /* "ntfename" read as bytes */

/* What lies in the section; the rest of its page is zero. An ABI between processes. */
struct label {
    ntf_au64 magic; /* written last: without it the publisher is not done */
    wchar_t page[SOFT_PAGE_NAME_UNITS + 1];
};
_Static_assert(sizeof(wchar_t) == 2 && offsetof(struct label, page) == 8, "the same in every build");

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

static bool write_label(HANDLE section, const struct soft_page_name *page)
{
    struct label *label = (struct label *)MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, sizeof *label);

    if (!label)
        return false;
    memcpy(label->page, page->units, sizeof label->page);
    ntf_store(&label->magic, LABEL_MAGIC, NTF_RELEASE);
    (void)UnmapViewOfFile(label);
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
    if (*status == NTF_STATUS_SUCCESS && !write_label(name->section, &page)) {
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

/* Copies what the label says, then judges the copy: the section is as foreign as the name. */
static bool read_label(HANDLE section, struct soft_page_name *page, ntf_status *status)
{
    const char *why;
    struct label *label;
    uint64_t magic;

    if (!soft_section_is_page(section, status, &why))
        return false;
    label = (struct label *)MapViewOfFile(section, FILE_MAP_READ, 0, 0, sizeof *label);
    if (!label) {
        *status = NTF_STATUS_NO_MEMORY;
        return false;
    }
    magic = ntf_load(&label->magic, NTF_ACQUIRE);
    memcpy(page->units, label->page, sizeof page->units);
    page->units[SOFT_PAGE_NAME_UNITS] = 0;
    (void)UnmapViewOfFile(label);
    if (magic == LABEL_MAGIC && soft_page_name_valid(page->units))
        return true;
    /* Zero: its publisher has not come to the end, so the name is not there yet. */
    *status = magic == 0 ? NTF_STATUS_OBJECT_NAME_NOT_FOUND : NTF_STATUS_OBJECT_TYPE_MISMATCH;
    return false;
}

static ntf_status open_page(const struct soft_page_name *page, uint32_t access, bool inherit, ntf_handle *out)
{
    wchar_t path[8 + SOFT_PAGE_NAME_UNITS + 1] = L"Local\\";
    HANDLE section;

    wcscat(path, page->units);
    section = OpenFileMappingW(soft_section_access(access), inherit, path);
    if (section) {
        *out = section;
        return NTF_STATUS_SUCCESS;
    }
    /* Gone with its last handle, or in the directory of another session: either way nothing has that name here. */
    return GetLastError() == ERROR_ACCESS_DENIED ? NTF_STATUS_ACCESS_DENIED : NTF_STATUS_OBJECT_NAME_NOT_FOUND;
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
    if (read_label(section, &page, status))
        *status = open_page(&page, access, (attributes->Attributes & NTF_OBJ_INHERIT) != 0, out);
    (void)CloseHandle(section);
    return soft_result(*status);
}
