/* SPDX-License-Identifier: Apache-2.0 */
/* 6.3 and 1.6, names. */
#include "rows.h"

#define RIGHTS 0x00020000u /* STANDARD_RIGHTS_WRITE; STANDARD_RIGHTS_READ is the same */
#define NO_HANDLE ((ntf_handle)(uintptr_t)POISON)

static ntf_status open_found(ntf_handle nt)
{
    D3DKMT_HANDLE handle;
    const ntf_status status = row_open(rig_device(), nt, 0, &handle);

    if (status == NTF_STATUS_SUCCESS)
        rig_destroy(handle);
    return status;
}

/* Another object under the same name; its handle must not come. */
static ntf_status share_taken_name(uint32_t a, uint32_t b)
{
    const char *name = rig_unique("NtfRow-Taken");
    const D3DKMT_HANDLE first = row_made(a, SHARED), second = row_made(b, SHARED);
    ntf_handle nt, other = NO_HANDLE;
    ntf_status status;

    assert_int_equal(rig_share_as(first, name, &nt), NTF_STATUS_SUCCESS);
    status = rig_share_as(second, name, &other);
    ROW_CHECK(other == NO_HANDLE);
    rig_handle_close(nt);
    rig_destroy(first);
    rig_destroy(second);
    return status;
}

/* With a name: there is a handle then, and the name finds the object. a: the type. */
static ntf_status share_named(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, SHARED);
    const char *text = rig_unique("NtfRow-Named");
    struct rig_name name;
    ntf_handle nt = NO_HANDLE, found = NO_HANDLE;
    ntf_status status;

    rig_name(&name, text);
    status = kmt.ShareObjects(1, &handle, &name.attributes, b, &nt);
    ROW_CHECK(status == NTF_STATUS_SUCCESS && nt != NO_HANDLE);
    ROW_CHECK(rig_lookup(text, RIGHTS, &found) == NTF_STATUS_SUCCESS);
    ROW_CHECK(open_found(found) == NTF_STATUS_SUCCESS);
    rig_handle_close(found);
    rig_handle_close(nt);
    rig_destroy(handle);
    return status;
}

static ntf_status lookup_raw(const char *text, uint32_t access)
{
    ntf_handle nt = NO_HANDLE;
    const ntf_status status = rig_lookup(text, access, &nt);

    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (nt != NO_HANDLE));
    if (status == NTF_STATUS_SUCCESS) {
        ROW_CHECK(((uintptr_t)nt & NTF_KMT_HANDLE_TAG_MASK) == 0);
        ROW_CHECK(open_found(nt) == NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
    }
    return status;
}

static ntf_status lookup_without_attributes(uint32_t a, uint32_t b)
{
    D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME lookup = {a, NULL, NO_HANDLE};
    const ntf_status status = kmt.OpenSyncObjectNtHandleFromName(&lookup);

    (void)b;
    ROW_CHECK(lookup.hNtHandle == NO_HANDLE);
    return status;
}

static ntf_status lookup_unknown(uint32_t a, uint32_t b)
{
    (void)b;
    return lookup_raw(rig_unique("NtfRow-Unknown"), a);
}

/* a: the type; b: the access. By the name in other case. */
static ntf_status lookup_existing(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, SHARED);
    const char *text = rig_unique("NtfRow-Existing");
    char lower[128] = "";
    ntf_handle nt;
    ntf_status status;

    for (size_t i = 0; text[i] != '\0' && i < sizeof lower - 1; i++)
        lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    assert_int_equal(rig_share_as(handle, text, &nt), NTF_STATUS_SUCCESS);
    ROW_CHECK(lookup_raw(text, b) == (b ? NTF_STATUS_SUCCESS : NTF_STATUS_ACCESS_DENIED));
    status = lookup_raw(lower, b);
    rig_handle_close(nt);
    rig_destroy(handle);
    return status;
}

/* No NT handle is left, the local one is. b: 0 looks the name up, 1 gives it to the object again.
 */
static ntf_status name_after_handles(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, SHARED);
    const char *text = rig_unique("NtfRow-Last");
    ntf_handle nt;
    ntf_status status;

    assert_int_equal(rig_share_as(handle, text, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    if (b) {
        status = rig_share_as(handle, text, &nt);
        ROW_CHECK(lookup_raw(text, RIGHTS) == NTF_STATUS_SUCCESS);
        if (status == NTF_STATUS_SUCCESS)
            rig_handle_close(nt);
    } else {
        status = lookup_raw(text, RIGHTS);
    }
    rig_destroy(handle);
    return status;
}

const struct row rows_names[] = {
    ROW("1.6.9", "name not found", lookup_unknown, RIGHTS, 0, OBJECT_NAME_NOT_FOUND),
    ROW("1.6.9", "access 0", lookup_existing, MONITORED, 0, ACCESS_DENIED),
    ROW("1.6.9", "NULL attributes", lookup_without_attributes, RIGHTS, 0, INVALID_PARAMETER),
    ROW("1.6.10", "ShareObjects, taken name", share_taken_name, MONITORED, MONITORED,
        OBJECT_NAME_COLLISION),
    ROW("1.6.10", "the same by another type", share_taken_name, MUTEX, NATIVE,
        OBJECT_NAME_COLLISION),
    ROW("6.3.share.2", "ShareObjects mutex", share_named, MUTEX, RIGHTS, SUCCESS),
    ROW("6.3.share.2", "ShareObjects semaphore", share_named, SEMAPHORE, RIGHTS, SUCCESS),
    ROW("6.3.share.2", "ShareObjects legacy fence", share_named, LEGACY_FENCE, RIGHTS, SUCCESS),
    ROW("6.3.share.2", "ShareObjects monitored fence", share_named, MONITORED, RIGHTS, SUCCESS),
    ROW("6.3.share.2", "ShareObjects native fence", share_named, NATIVE, RIGHTS, SUCCESS),
    ROW("6.3.share.13", "FromName NULL attributes", lookup_without_attributes, RIGHTS, 0,
        INVALID_PARAMETER),
    ROW("6.3.share.14", "FromName unknown", lookup_unknown, RIGHTS, 0, OBJECT_NAME_NOT_FOUND),
    ROW("6.3.share.15", "FromName access 0", lookup_existing, MUTEX, 0, ACCESS_DENIED),
    ROW("6.3.share.16", "FromName lower-cased mutex", lookup_existing, MUTEX, RIGHTS, SUCCESS),
    ROW("6.3.share.16", "FromName lower-cased fence", lookup_existing, MONITORED, RIGHTS, SUCCESS),
    ROW("6.3.share.16", "FromName lower-cased native fence", lookup_existing, NATIVE, RIGHTS,
        SUCCESS),
    ROW_DEVIATES("6.3.share.17", "FromName, NT handles closed", name_after_handles, MUTEX, 0,
                 OBJECT_NAME_NOT_FOUND, 4, SUCCESS),
    ROW("6.3.share.17", "ShareObjects again by that name", name_after_handles, MUTEX, 1, SUCCESS),
};
const size_t rows_names_count = NTF_COUNT(rows_names);
