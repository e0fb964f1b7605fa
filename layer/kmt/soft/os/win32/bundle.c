/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle on Windows: the resource's own section, in which the names of the other two stand. Names of payloads are
 * random and say where to look, no more: what is found there is judged as any handle is.
 *
 * The names keep nothing alive: a mutex or a synchronization object of a bundle goes with its last handle in any
 * process, though an NT handle of the bundle be left.
 */
#include "kmt/soft/os/win32/nt.h"
#include "kmt/soft/resource.h"

#include <string.h>

enum { NOT_BUNDLED = 0, BEING_WRITTEN = 1, BUNDLED = 2 }; /* of struct soft_resource_page.bundle */

_Static_assert(SOFT_PAGE_NAME_UNITS < 48 && sizeof(wchar_t) == sizeof(uint16_t), "a name has room");

static bool same_names(struct soft_resource_page *page, const struct soft_page_name names[2])
{
    return memcmp(page->names[0], names[0].units, SOFT_PAGE_NAME_UNITS * sizeof(wchar_t)) == 0 &&
           memcmp(page->names[1], names[1].units, SOFT_PAGE_NAME_UNITS * sizeof(wchar_t)) == 0;
}

/* Once, whoever writes them: they are never changed. */
static enum ntf_result write_names(struct soft_resource_page *page, const struct soft_page_name names[2])
{
    uint32_t found = NOT_BUNDLED;
    int i;

    if (!ntf_cas(&page->bundle, &found, (uint32_t)BEING_WRITTEN, NTF_ACQUIRE)) {
        if (ntf_load(&page->bundle, NTF_ACQUIRE) != BUNDLED)
            return NTF_E_FAILED; /* another process is at it, or was killed over it */
        return same_names(page, names) ? NTF_OK : NTF_E_INVALID;
    }
    for (i = 0; i < 2; i++)
        memcpy(page->names[i], names[i].units, SOFT_PAGE_NAME_UNITS * sizeof(wchar_t));
    ntf_store(&page->bundle, (uint32_t)BUNDLED, NTF_RELEASE);
    return NTF_OK;
}

enum ntf_result soft_bundle_make(const struct soft_memory *resource, const struct soft_memory *mutex,
                                 const struct soft_memory *sync, struct soft_memory *out)
{
    struct soft_page_name names[2];
    enum ntf_result result;

    if (!soft_memory_name(mutex, &names[0]) || !soft_memory_name(sync, &names[1]))
        return NTF_E_INVALID; /* made by a stranger, who gave it a name of his own, or none */
    result = write_names((struct soft_resource_page *)(void *)resource->page, names);
    if (result != NTF_OK)
        return result;
    memset(out, 0, sizeof *out);
    out->handle = resource->handle;
    return NTF_OK;
}

void soft_bundle_close(struct soft_memory *bundle)
{
    memset(bundle, 0, sizeof *bundle); /* the handle is the resource's */
}

/* True: there are names. They may have been written by anybody, so they are copied, then judged. */
static bool read_names(struct ntf_page *page, struct soft_page_name names[2], bool *valid)
{
    struct soft_resource_page *resource = (struct soft_resource_page *)(void *)page;
    struct ntf_page_header header;
    const char *why;
    int i;

    if (!ntf_page_check(page, &header, &why) || header.kind != NTF_PAGE_KIND_RESOURCE ||
        ntf_load(&resource->bundle, NTF_ACQUIRE) != BUNDLED)
        return false;
    *valid = true;
    for (i = 0; i < 2; i++) {
        memcpy(names[i].units, resource->names[i], SOFT_PAGE_NAME_UNITS * sizeof(wchar_t));
        names[i].units[SOFT_PAGE_NAME_UNITS] = 0;
        *valid = *valid && soft_page_name_valid(names[i].units);
    }
    return true;
}

static ntf_status follow_names(const struct soft_page_name names[2], ntf_handle parts[SOFT_BUNDLE_PARTS])
{
    ntf_status status = soft_label_follow(&names[0], SECTION_QUERY, false, &parts[1]);

    if (status == NTF_STATUS_SUCCESS)
        status = soft_label_follow(&names[1], SECTION_QUERY, false, &parts[2]);
    if (status != NTF_STATUS_SUCCESS && parts[1]) {
        (void)CloseHandle(parts[1]);
        parts[1] = NULL;
    }
    return status;
}

enum ntf_result soft_bundle_parts(ntf_handle nt, ntf_handle parts[SOFT_BUNDLE_PARTS], ntf_status *status,
                                  const char **why)
{
    struct soft_page_name names[2];
    struct soft_memory memory;
    bool bundled, valid = true;
    const enum ntf_result result = soft_memory_open(nt, &memory, status, why);

    if (result != NTF_OK)
        return result;
    parts[0] = memory.handle;
    parts[1] = parts[2] = NULL;
    bundled = read_names(memory.page, names, &valid);
    (void)UnmapViewOfFile(memory.page);
    if (!bundled)
        return NTF_OK;
    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    *why = "a bundle with names that are none of soft's";
    if (valid) {
        *why = "a bundle whose keyed mutex or synchronization object is gone";
        *status = follow_names(names, parts);
    }
    if (*status == NTF_STATUS_SUCCESS)
        return NTF_OK;
    (void)CloseHandle(parts[0]);
    parts[0] = NULL;
    if (*status == NTF_STATUS_OBJECT_NAME_NOT_FOUND) {
        *status = NTF_STATUS_INVALID_PARAMETER;
        return NTF_E_NOT_FOUND;
    }
    return soft_result(*status);
}
