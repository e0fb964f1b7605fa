/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: small sections that hold the random name of a payload. What a section is called says whose label it is. */
#include "kmt/soft/os/win32/nt.h"

#include <string.h>

/* What lies in the section; the rest of its page is zero. An ABI between processes. */
struct label {
    ntf_au64 magic; /* written last: without it the publisher is not done */
    wchar_t page[SOFT_PAGE_NAME_UNITS + 1];
};
_Static_assert(sizeof(wchar_t) == 2 && offsetof(struct label, page) == 8, "the same in every build");

bool soft_label_write(HANDLE section, uint64_t magic, const struct soft_page_name *page)
{
    struct label *label = (struct label *)MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, sizeof *label);

    if (!label)
        return false;
    memcpy(label->page, page->units, sizeof label->page);
    ntf_store(&label->magic, magic, NTF_RELEASE);
    (void)UnmapViewOfFile(label);
    return true;
}

bool soft_label_read(HANDLE section, uint64_t magic, struct soft_page_name *page, ntf_status *status)
{
    const char *why;
    struct label *label;
    uint64_t found;

    if (!soft_section_is_page(section, status, &why))
        return false;
    label = (struct label *)MapViewOfFile(section, FILE_MAP_READ, 0, 0, sizeof *label);
    if (!label) {
        *status = NTF_STATUS_NO_MEMORY;
        return false;
    }
    found = ntf_load(&label->magic, NTF_ACQUIRE);
    memcpy(page->units, label->page, sizeof page->units);
    page->units[SOFT_PAGE_NAME_UNITS] = 0;
    (void)UnmapViewOfFile(label);
    if (found == magic && soft_page_name_valid(page->units))
        return true;
    /* Zero: its publisher has not come to the end, so the label is not there yet. */
    *status = found == 0 ? NTF_STATUS_OBJECT_NAME_NOT_FOUND : NTF_STATUS_OBJECT_TYPE_MISMATCH;
    return false;
}

ntf_status soft_label_follow(const struct soft_page_name *page, uint32_t access, bool inherit, ntf_handle *out)
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
