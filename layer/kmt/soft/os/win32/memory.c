/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page of memory that processes share: a section backed by the paging file. Its name is random and lives as long
 * as any handle of it, so a copy that has only the memory can still publish it under a user's name (names.c).
 *
 * Whoever gives us a handle may be hostile: the kernel is asked what it is, of a handle of our own, so that nobody
 * can put something else in its place meanwhile; the memory is not read before all answers are in.
 */
#include "kmt/soft/os/win32/nt.h"

#include "base/os/os.h"

#include <stdio.h>
#include <string.h>

static const wchar_t page_prefix[] = L"ntfence-page-";
#define PREFIX_UNITS 13

/* ---- statuses and access ---- */

enum ntf_result soft_result(ntf_status status)
{
    switch (status) {
    case NTF_STATUS_SUCCESS:
        return NTF_OK;
    case NTF_STATUS_INVALID_HANDLE:
        return NTF_E_BAD_HANDLE;
    case NTF_STATUS_OBJECT_TYPE_MISMATCH:
        return NTF_E_WRONG_OBJECT;
    case NTF_STATUS_OBJECT_NAME_NOT_FOUND:
    case SOFT_STATUS_OBJECT_PATH_NOT_FOUND:
        return NTF_E_NOT_FOUND;
    case NTF_STATUS_OBJECT_NAME_INVALID:
    case SOFT_STATUS_OBJECT_PATH_INVALID:
    case SOFT_STATUS_OBJECT_PATH_SYNTAX_BAD:
        return NTF_E_BAD_NAME;
    case NTF_STATUS_OBJECT_NAME_COLLISION:
        return NTF_E_COLLISION;
    case NTF_STATUS_ACCESS_DENIED:
    case SOFT_STATUS_PRIVILEGE_NOT_HELD:
        return NTF_E_ACCESS_DENIED;
    case NTF_STATUS_NO_MEMORY:
    case SOFT_STATUS_QUOTA_EXCEEDED:
    case SOFT_STATUS_INSUFFICIENT_RESOURCES:
    case SOFT_STATUS_COMMITMENT_LIMIT:
        return NTF_E_NO_MEMORY;
    case NTF_STATUS_INVALID_PARAMETER:
        return NTF_E_INVALID;
    default:
        return NTF_E_FAILED;
    }
}

ACCESS_MASK soft_section_access(uint32_t access)
{
    const ACCESS_MASK standard = access & (DELETE | READ_CONTROL | WRITE_DAC | WRITE_OWNER);

    return SOFT_SECTION_ACCESS | (access & GENERIC_ALL ? STANDARD_RIGHTS_REQUIRED : standard);
}

/* ---- what the kernel says of a handle ---- */

static const struct {
    const wchar_t *type;
    const char *why;
} foreign_types[] = {
    { L"DxgkSharedSyncObject", "the handle is of a synchronization object of the system's D3DKMT" },
    { L"DxgkSharedResource", "the handle is of a resource of the system's D3DKMT" },
    { L"DxgkSharedKeyedMutexObject", "the handle is of a keyed mutex of the system's D3DKMT" },
    { L"Event", "the handle is of an event" },
    { L"Mutant", "the handle is of a mutex" },
    { L"Semaphore", "the handle is of a semaphore" },
    { L"File", "the handle is of a file" },
    { L"Process", "the handle is of a process" },
    { L"Thread", "the handle is of a thread" },
};

struct object_string { /* what both classes of NtQueryObject begin with, and room for what follows */
    ntf_unicode_string string;
    union {
        uint64_t aligned;
        wchar_t units[512];
    } room;
};

static bool string_is(const ntf_unicode_string *string, const wchar_t *text)
{
    const size_t bytes = wcslen(text) * sizeof *text;

    return string->Length == bytes && memcmp(string->Buffer, text, bytes) == 0;
}

static bool is_section(HANDLE handle, ntf_status *status, const char **why)
{
    struct object_string type;

    *status = NtQueryObject(handle, SOFT_OBJECT_TYPE, &type, sizeof type, NULL);
    if (*status != NTF_STATUS_SUCCESS) {
        *why = "the handle is not open in this process";
        return false;
    }
    if (string_is(&type.string, L"Section"))
        return true;
    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    *why = "the handle is of another class of object than a section";
    for (size_t i = 0; i < sizeof foreign_types / sizeof foreign_types[0]; i++)
        if (string_is(&type.string, foreign_types[i].type))
            *why = foreign_types[i].why;
    return false;
}

bool soft_section_is_page(HANDLE section, ntf_status *status, const char **why)
{
    struct soft_section_information information = { 0 };

    *status = NtQuerySection(section, 0, &information, sizeof information, NULL);
    if (*status != NTF_STATUS_SUCCESS) {
        *why = "the section does not say what it is";
        return false;
    }
    if (information.allocation == SEC_COMMIT && information.maximum_size.QuadPart == NTF_PAGE_BYTES)
        return true;
    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    /* Memory of a file may go away under a reader, and reserved memory need not be there at all. */
    *why = information.allocation == SEC_COMMIT ? "the section is not of the size of a page"
                                                : "the section is not plain committed memory";
    return false;
}

/* ---- making and opening ---- */

static bool map_page(HANDLE section, struct soft_memory *out)
{
    out->page = (struct ntf_page *)MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, NTF_PAGE_BYTES);
    out->handle = section;
    out->life = NULL;
    return out->page != NULL;
}

enum ntf_result soft_memory_create(struct soft_memory *out)
{
    wchar_t name[8 + SOFT_PAGE_NAME_UNITS + 1];
    uint32_t random[4];
    HANDLE section;

    if (!ntf_os_random(random, sizeof random))
        return NTF_E_UNSUPPORTED; /* a name that can be guessed could be taken, or opened, by a stranger */
    (void)swprintf(name, sizeof name / sizeof name[0], L"Local\\%ls%08x%08x%08x%08x", page_prefix, random[0], random[1],
                   random[2], random[3]);
    SetLastError(ERROR_SUCCESS); /* a creation that succeeds without a namesake leaves it alone */
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_COMMIT, 0, NTF_PAGE_BYTES, name);
    if (!section)
        return GetLastError() == ERROR_ACCESS_DENIED ? NTF_E_UNSUPPORTED : NTF_E_NO_MEMORY;
    if (GetLastError() != ERROR_ALREADY_EXISTS && map_page(section, out))
        return NTF_OK;
    (void)CloseHandle(section);
    return NTF_E_NO_MEMORY;
}

enum ntf_result soft_memory_open(ntf_handle nt, struct soft_memory *out, ntf_status *status, const char **why)
{
    const HANDLE self = GetCurrentProcess();
    HANDLE section = NULL;

    if (!nt || nt == (ntf_handle)(intptr_t)-1 || nt == (ntf_handle)(intptr_t)-2) {
        *status = NTF_STATUS_INVALID_HANDLE;
        *why = "0, -1 and -2 are never handles of objects";
        return NTF_E_BAD_HANDLE;
    }
    if (!is_section(nt, status, why))
        return soft_result(*status);
    *status = NtDuplicateObject(self, nt, self, &section, SOFT_SECTION_ACCESS, 0, 0);
    if (*status != NTF_STATUS_SUCCESS) {
        *why = "the handle does not give the rights to query, read and write";
        return soft_result(*status);
    }
    if (soft_section_is_page(section, status, why)) {
        if (map_page(section, out))
            return NTF_OK;
        *status = GetLastError() == ERROR_NOT_ENOUGH_MEMORY ? NTF_STATUS_NO_MEMORY : NTF_STATUS_ACCESS_DENIED;
        *why = "the section cannot be mapped for reading and writing";
    }
    (void)CloseHandle(section);
    return soft_result(*status);
}

bool soft_memory_is(const struct soft_memory *memory, ntf_handle nt)
{
    return NtCompareObjects(memory->handle, nt) == NTF_STATUS_SUCCESS;
}

void soft_memory_close(struct soft_memory *memory)
{
    (void)UnmapViewOfFile(memory->page);
    (void)CloseHandle(memory->handle);
    memory->page = NULL;
    memory->handle = NULL;
}

/* ---- giving out ---- */

ntf_status soft_section_protect(HANDLE section, void *descriptor)
{
    const HANDLE self = GetCurrentProcess();
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    SECURITY_INFORMATION which = 0;
    ACCESS_MASK access = 0;
    DWORD revision;
    HANDLE own = NULL;
    ntf_status status;

    if (!descriptor)
        return NTF_STATUS_SUCCESS;
    if (!GetSecurityDescriptorControl(descriptor, &control, &revision))
        return NTF_STATUS_INVALID_PARAMETER;
    if (control & SE_DACL_PRESENT) {
        which |= DACL_SECURITY_INFORMATION;
        access |= WRITE_DAC;
    }
    if (control & SE_SACL_PRESENT) { /* of a SACL an ordinary user may set the label only */
        which |= LABEL_SECURITY_INFORMATION;
        access |= WRITE_OWNER;
    }
    if (which == 0)
        return NTF_STATUS_SUCCESS; /* the default descriptor is there already */
    status = NtDuplicateObject(self, section, self, &own, access, 0, 0);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    status = NtSetSecurityObject(own, which, descriptor);
    (void)CloseHandle(own);
    return status;
}

enum ntf_result soft_memory_share(const struct soft_memory *memory, const ntf_object_attributes *attributes,
                                  uint32_t access, ntf_handle *out, ntf_status *status)
{
    const HANDLE self = GetCurrentProcess();
    const ULONG inherit = attributes ? attributes->Attributes & NTF_OBJ_INHERIT : 0;
    HANDLE section = NULL;

    *status = access ? NTF_STATUS_SUCCESS : NTF_STATUS_ACCESS_DENIED;
    if (*status == NTF_STATUS_SUCCESS && attributes)
        *status = soft_section_protect(memory->handle, attributes->SecurityDescriptor);
    if (*status == NTF_STATUS_SUCCESS)
        *status = NtDuplicateObject(self, memory->handle, self, &section, soft_section_access(access), inherit, 0);
    if (*status == NTF_STATUS_SUCCESS)
        *out = section;
    return soft_result(*status);
}

void soft_nt_handle_close(ntf_handle nt)
{
    (void)CloseHandle(nt);
}

/* ---- the payload's own name ---- */

bool soft_page_name_valid(const wchar_t *units)
{
    if (wmemcmp(units, page_prefix, PREFIX_UNITS) != 0)
        return false;
    for (size_t i = PREFIX_UNITS; i < SOFT_PAGE_NAME_UNITS; i++)
        if (!(units[i] >= L'0' && units[i] <= L'9') && !(units[i] >= L'a' && units[i] <= L'f'))
            return false;
    return true;
}

bool soft_memory_name(const struct soft_memory *memory, struct soft_page_name *out)
{
    struct object_string name;
    const ntf_status status = NtQueryObject(memory->handle, SOFT_OBJECT_NAME, &name, sizeof name, NULL);
    const size_t units = name.string.Length / sizeof(wchar_t);

    if (status != NTF_STATUS_SUCCESS || units <= SOFT_PAGE_NAME_UNITS)
        return false;
    memcpy(out->units, name.string.Buffer + units - SOFT_PAGE_NAME_UNITS, SOFT_PAGE_NAME_UNITS * sizeof(wchar_t));
    out->units[SOFT_PAGE_NAME_UNITS] = 0;
    return soft_page_name_valid(out->units) && name.string.Buffer[units - SOFT_PAGE_NAME_UNITS - 1] == L'\\';
}
