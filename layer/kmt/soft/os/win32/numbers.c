/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global handles on Windows: the number is the name of a label in the session's directory. Every copy that has the
 * object holds the label open, its maker and whoever opened it by number; so the kernel keeps the number for as long
 * as there is any of them, and drops it with the last, however that one ends.
 *
 * The label is opened before the payload, and closed before it: who has the one and does not get the other came too
 * late, and finds nothing.
 */
#include "base/os/os.h"
#include "kmt/soft/os/win32/nt.h"

#include <stdio.h>
#include <stdlib.h>

#define NUMBER_MAGIC 0x72626D756E66746Eull /* "ntfnumbr" read as bytes */

struct soft_number {
    HANDLE label;
};

struct label_path {
    wchar_t units[32];
};

static void write_path(D3DKMT_HANDLE value, struct label_path *path)
{
    (void)swprintf(path->units, sizeof path->units / sizeof path->units[0], L"Local\\ntfence-kmt-%08lx",
                   (unsigned long)value);
}

/* Exclusively: a name that is there already, of whatever class and whosever, is another's. */
static enum ntf_result make_label(const struct label_path *path, HANDLE *out)
{
    HANDLE section;
    DWORD error;

    SetLastError(ERROR_SUCCESS); /* a creation that succeeds without a namesake leaves it alone */
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_COMMIT, 0, NTF_PAGE_BYTES,
                                 path->units);
    error = GetLastError();
    if (section && error != ERROR_ALREADY_EXISTS) {
        *out = section;
        return NTF_OK;
    }
    if (section)
        (void)CloseHandle(section);
    return section || error == ERROR_INVALID_HANDLE || error == ERROR_ACCESS_DENIED ? NTF_E_COLLISION
                                                                                    : NTF_E_NO_MEMORY;
}

enum ntf_result soft_number_publish(D3DKMT_HANDLE value, const struct soft_memory *memory, struct soft_number **out)
{
    struct soft_number *number = (struct soft_number *)calloc(1, sizeof *number);
    struct soft_page_name page;
    struct label_path path;
    enum ntf_result result;

    if (!number)
        return NTF_E_NO_MEMORY;
    write_path(value, &path);
    result = soft_memory_name(memory, &page) ? make_label(&path, &number->label) : NTF_E_FAILED;
    if (result == NTF_OK && !soft_label_write(number->label, NUMBER_MAGIC, &page))
        result = NTF_E_NO_MEMORY;
    if (result == NTF_OK)
        *out = number;
    else
        soft_number_withdraw(number);
    return result;
}

/* From the label to the payload, each judged before it is believed. */
static ntf_status follow(HANDLE label, ntf_handle *nt)
{
    struct soft_page_name page;
    ntf_status status;

    if (!soft_label_read(label, NUMBER_MAGIC, &page, &status))
        return status;
    return soft_label_follow(&page, SECTION_QUERY, false, nt);
}

enum ntf_result soft_number_resolve(D3DKMT_HANDLE value, ntf_handle *nt, struct soft_number **out)
{
    struct soft_number *number = (struct soft_number *)calloc(1, sizeof *number);
    struct label_path path;
    ntf_status status;
    enum ntf_result result = NTF_OK;

    if (!number)
        return NTF_E_NO_MEMORY;
    write_path(value, &path);
    number->label = OpenFileMappingW(SECTION_QUERY | SECTION_MAP_READ, FALSE, path.units);
    if (!number->label) {
        result = GetLastError() == ERROR_ACCESS_DENIED ? NTF_E_ACCESS_DENIED : NTF_E_NOT_FOUND;
    } else {
        status = follow(number->label, nt);
        /* What has our number and is no label of ours has no object of ours either. */
        result = status == NTF_STATUS_OBJECT_TYPE_MISMATCH ? NTF_E_NOT_FOUND : soft_result(status);
    }
    if (result == NTF_OK)
        *out = number;
    else
        soft_number_withdraw(number);
    return result;
}

/* Whoever asks, asks the kernel. */
enum ntf_result soft_number_serve(struct soft_number *number, const struct soft_memory *memory)
{
    (void)number;
    (void)memory;
    return NTF_OK;
}

void soft_number_withdraw(struct soft_number *number)
{
    if (number->label)
        (void)CloseHandle(number->label);
    free(number);
}
