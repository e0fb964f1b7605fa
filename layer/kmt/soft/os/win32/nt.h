/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native calls that soft needs on Windows, declared by ourselves: MinGW has few of them, and those with types
 * that collide with the D3DKMT ABI's. ntdll exports all of them since Windows 10 and Wine 8.
 */
#ifndef NTF_KMT_SOFT_OS_WIN32_NT_H
#define NTF_KMT_SOFT_OS_WIN32_NT_H

#include <windows.h>

#include "kmt/d3dkmt.h"
#include "kmt/ntstatus.h"
#include "kmt/soft/os/os.h"

/* Statuses of the object manager beyond those of ntstatus.h. */
#define SOFT_STATUS_OBJECT_PATH_INVALID      ((ntf_status)0xC0000039)
#define SOFT_STATUS_OBJECT_PATH_NOT_FOUND    ((ntf_status)0xC000003A)
#define SOFT_STATUS_OBJECT_PATH_SYNTAX_BAD   ((ntf_status)0xC000003B)
#define SOFT_STATUS_QUOTA_EXCEEDED           ((ntf_status)0xC0000044)
#define SOFT_STATUS_INSUFFICIENT_RESOURCES   ((ntf_status)0xC000009A)
#define SOFT_STATUS_COMMITMENT_LIMIT         ((ntf_status)0xC000012D)
#define SOFT_STATUS_PRIVILEGE_NOT_HELD       ((ntf_status)0xC0000061)

struct soft_section_information { /* information class 0 of NtQuerySection */
    void *base_address;
    ULONG allocation; /* SEC_* */
    LARGE_INTEGER maximum_size;
};

enum { SOFT_OBJECT_NAME = 1, SOFT_OBJECT_TYPE = 2 }; /* information classes of NtQueryObject, a string first */

ntf_status NTAPI NtQueryObject(HANDLE object, int information_class, void *information, ULONG size_bytes,
                               ULONG *needed_bytes);
ntf_status NTAPI NtQuerySection(HANDLE section, int information_class, void *information, SIZE_T size_bytes,
                                SIZE_T *written_bytes);
ntf_status NTAPI NtCreateSection(HANDLE *section, ACCESS_MASK access, ntf_object_attributes *attributes,
                                 LARGE_INTEGER *size, ULONG protection, ULONG allocation, HANDLE file);
ntf_status NTAPI NtOpenSection(HANDLE *section, ACCESS_MASK access, ntf_object_attributes *attributes);
ntf_status NTAPI NtDuplicateObject(HANDLE from_process, HANDLE from, HANDLE to_process, HANDLE *to, ACCESS_MASK access,
                                   ULONG attributes, ULONG options);
ntf_status NTAPI NtSetSecurityObject(HANDLE object, SECURITY_INFORMATION which, void *descriptor);
ntf_status NTAPI NtCompareObjects(HANDLE first, HANDLE second);

/* ---- memory.c, for names.c, numbers.c and label.c ---- */

#define SOFT_SECTION_ACCESS (SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_WRITE)
/* The name of a payload, after its directory: "ntfence-page-" and 32 hex digits. */
#define SOFT_PAGE_NAME_UNITS (13 + 32)
struct soft_page_name {
    wchar_t units[SOFT_PAGE_NAME_UNITS + 1];
};
/* Whether these are the units of such a name; they may have been written by anybody. */
bool soft_page_name_valid(const wchar_t *units);
/* The name of a payload, as the kernel has it. False: it has none of this form. */
bool soft_memory_name(const struct soft_memory *memory, struct soft_page_name *out);

/* What a section is asked for when the caller of D3DKMT asks for `access`: always query and map, since a fence that
 * can't be mapped is none, and of the standard rights those that were asked for. */
ACCESS_MASK soft_section_access(uint32_t access);
/* A status of the object manager as an outcome. */
enum ntf_result soft_result(ntf_status status);
/* Whether a section is pagefile-backed, committed memory of exactly NTF_PAGE_BYTES, which nobody can shrink. */
bool soft_section_is_page(HANDLE section, ntf_status *status, const char **why);
/* Sets the descriptor that a caller gave for a shared object on a section, as far as it says something. */
ntf_status soft_section_protect(HANDLE section, void *descriptor);

/* ---- label.c, for names.c and numbers.c ---- */

/* magic: what kind of label it is. False: it cannot be mapped. */
bool soft_label_write(HANDLE section, uint64_t magic, const struct soft_page_name *page);
/* Copies what the label says, then judges the copy: the section is as foreign as its name. */
bool soft_label_read(HANDLE section, uint64_t magic, struct soft_page_name *page, ntf_status *status);
/* A new handle of the payload with that name. */
ntf_status soft_label_follow(const struct soft_page_name *page, uint32_t access, bool inherit, ntf_handle *out);

/* ---- life.c, for wake.c ---- */

/* Makes this copy's sign of life; idempotent. */
bool soft_life_begin(void);

#endif /* NTF_KMT_SOFT_OS_WIN32_NT_H */
