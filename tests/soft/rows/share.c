/* SPDX-License-Identifier: Apache-2.0 */
/* 6.3, sharing and names, and what of 1.6 is about handles. The object is of mutex type in the
 * facts. */
#include "rows.h"

#include <string.h>

#define RIGHTS 0x00020000u /* STANDARD_RIGHTS_WRITE; STANDARD_RIGHTS_READ is the same */
#define NO_HANDLE ((ntf_handle)(uintptr_t)POISON)
#define NO_GPU NTF_SYNC_NO_GPU_ACCESS

static ntf_handle closed_handle(uint32_t type)
{
    const D3DKMT_HANDLE handle = row_made(type, SHARED);
    const ntf_handle nt = rig_share(handle);

    rig_destroy(handle);
    rig_handle_close(nt);
    return nt;
}

/* Shares count handles, and closes what comes of it. On a refusal nothing may have been written. */
static ntf_status share(uint32_t objects, const D3DKMT_HANDLE *handles, uint32_t access)
{
    ntf_handle nt = NO_HANDLE;
    const ntf_status status = kmt.ShareObjects(objects, handles, NULL, access, &nt);

    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (nt != NO_HANDLE));
    if (status == NTF_STATUS_SUCCESS) {
        ROW_CHECK(((uintptr_t)nt & NTF_KMT_HANDLE_TAG_MASK) == 0);
        rig_handle_close(nt);
    }
    return status;
}

static ntf_status open_v1(ntf_handle nt)
{
    D3DKMT_OPENSYNCOBJECTFROMNTHANDLE open = {nt, POISON};
    const ntf_status status = kmt.OpenSyncObjectFromNtHandle(&open);

    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (open.hSyncObject != POISON));
    if (status == NTF_STATUS_SUCCESS)
        rig_destroy(open.hSyncObject);
    return status;
}

static ntf_status open_v2(D3DKMT_HANDLE device, ntf_handle nt, uint32_t flags)
{
    D3DKMT_HANDLE handle;
    const ntf_status status = row_open(device, nt, flags, &handle);

    if (status == NTF_STATUS_SUCCESS)
        rig_destroy(handle);
    return status;
}

static ntf_status open_native(ntf_handle nt, uint32_t flags)
{
    union {
        D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
        uint8_t block[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } u;
    ntf_status status;

    memset(&u, 0, sizeof u);
    u.open.hNtHandle = nt;
    u.open.hDevice = rig_device();
    u.open.Flags = flags;
    u.open.hSyncObject = POISON;
    status = kmt.OpenNativeFenceFromNtHandle(&u.open);
    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (u.open.hSyncObject != POISON));
    if (status == NTF_STATUS_SUCCESS)
        rig_destroy(u.open.hSyncObject);
    return status;
}

/* ---- 1.6 ---- */

enum { BY_V1 = 1, BY_V2 = 2, BY_NATIVE = 3 };

static ntf_status open_by(uint32_t call, ntf_handle nt, uint32_t flags)
{
    if (call == BY_V1)
        return open_v1(nt);
    return call == BY_V2 ? open_v2(rig_device(), nt, flags) : open_native(nt, flags);
}

/* a: the call; b: the type of which it was, 0 for the handle value 0. */
static ntf_status open_dead(uint32_t a, uint32_t b)
{
    return open_by(a, b ? closed_handle(b) : NULL, 0);
}

enum { DEVICE_ZERO = 0, DEVICE_ADAPTER = 1, DEVICE_UNKNOWN = 2 };

/* a: which device; b: the type, 0 for the handle value 0. The device is looked at first. */
static ntf_status open_without_device(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE device = a == DEVICE_ADAPTER   ? rig_adapter()
                                 : a == DEVICE_UNKNOWN ? 0x80000000u
                                                       : 0;
    const D3DKMT_HANDLE handle = b ? row_made(b, SHARED) : 0;
    const ntf_handle nt = b ? rig_share(handle) : NULL;
    const ntf_status status = open_v2(device, nt, 0);

    if (b) {
        rig_handle_close(nt);
        rig_destroy(handle);
    }
    return status;
}

/* A fence as runtimes make it, by NoGPUAccess. a: the call; b: the flags. */
static ntf_status open_runtime_fence(uint32_t a, uint32_t b)
{
    const struct rig_fence fence = rig_monitored(SHARED | NO_GPU, 0);
    const ntf_handle nt = rig_share(fence.handle);
    const ntf_status status = open_by(a, nt, b);

    rig_handle_close(nt);
    rig_destroy(fence.handle);
    return status;
}

/* a: 0 an event, 1 a section. */
static ntf_status open_foreign(uint32_t a, uint32_t b)
{
    const ntf_handle nt = a ? row_section() : rig_event_new();
    const ntf_status status = open_v2(rig_device(), nt, b);

    rig_handle_close(nt);
    return status;
}

/* ---- sharing ---- */

static ntf_status share_v1_object(uint32_t a, uint32_t b)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT create;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = a;
    assert_int_equal(kmt.CreateSynchronizationObject(&create), NTF_STATUS_SUCCESS);
    status = share(1, &create.hSyncObject, b);
    rig_destroy(create.hSyncObject);
    return status;
}

/* a: the type; b: the flags it is made with. */
static ntf_status share_made(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE handle;
    ntf_status status = row_create(a, b, &handle);

    if (status != NTF_STATUS_SUCCESS)
        return status;
    status = share(1, &handle, RIGHTS);
    rig_destroy(handle);
    return status;
}

/* a: how many; b: whether they are one object or different ones. */
static ntf_status share_many(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE handles[4];
    ntf_status status;
    uint32_t i;

    for (i = 0; i < a; i++)
        handles[i] = i > 0 && b ? handles[0] : row_made(MUTEX, SHARED);
    status = share(a, handles, RIGHTS);
    for (i = 0; i < (b ? 1 : a); i++)
        rig_destroy(handles[i]);
    return status;
}

static ntf_status share_destroyed(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, b);

    rig_destroy(handle);
    return share(1, &handle, RIGHTS);
}

/* ---- opening ---- */

/* a: the type; b: the call. */
static ntf_status open_valid(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, SHARED);
    const ntf_handle nt = rig_share(handle);
    const ntf_status status = open_by(b, nt, 0);

    rig_handle_close(nt);
    rig_destroy(handle);
    return status;
}

/* What was opened without flags is shared again. */
static ntf_status share_opened(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, SHARED);
    const ntf_handle nt = rig_share(handle);
    D3DKMT_HANDLE opened;
    ntf_status status;

    assert_int_equal(row_open(rig_device(), nt, b, &opened), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    status = share(1, &opened, RIGHTS);
    rig_destroy(opened);
    rig_destroy(handle);
    return status;
}

const struct row rows_share[] = {
    ROW("1.6.1", "FromNtHandle 0", open_dead, BY_V1, 0, INVALID_HANDLE),
    ROW("1.6.1", "FromNtHandle2 0", open_dead, BY_V2, 0, INVALID_HANDLE),
    ROW("1.6.1", "native FromNtHandle 0", open_dead, BY_NATIVE, 0, INVALID_HANDLE),
    ROW("1.6.1", "FromNtHandle closed", open_dead, BY_V1, MUTEX, INVALID_HANDLE),
    ROW("1.6.1", "FromNtHandle2 closed", open_dead, BY_V2, MONITORED, INVALID_HANDLE),
    ROW("1.6.1", "native FromNtHandle closed", open_dead, BY_NATIVE, NATIVE, INVALID_HANDLE),
    ROW("1.6.2", "FromNtHandle2 device 0, handle 0", open_without_device, DEVICE_ZERO, 0,
        INVALID_PARAMETER),
    ROW("1.6.2", "FromNtHandle2 device 0", open_without_device, DEVICE_ZERO, MONITORED,
        INVALID_PARAMETER),
    ROW("1.6.2", "FromNtHandle2 on an adapter", open_without_device, DEVICE_ADAPTER, MONITORED,
        INVALID_PARAMETER),
    ROW("1.6.2", "FromNtHandle2 unknown device", open_without_device, DEVICE_UNKNOWN, MUTEX,
        INVALID_PARAMETER),
    ROW("1.6.2", "FromNtHandle2 unknown device, handle 0", open_without_device, DEVICE_UNKNOWN, 0,
        INVALID_PARAMETER),
    ROW("1.6.3", "runtime fence, FromNtHandle2 flags 0", open_runtime_fence, BY_V2, 0,
        INVALID_PARAMETER),
    ROW("1.6.3", "runtime fence, FromNtHandle2 flags 3", open_runtime_fence, BY_V2, SHARED,
        INVALID_PARAMETER),
    ROW("1.6.3", "runtime fence, FromNtHandle", open_runtime_fence, BY_V1, 0, INVALID_PARAMETER),
    ROW("1.6.3", "runtime fence, native open flags 0", open_runtime_fence, BY_NATIVE, 0,
        INVALID_PARAMETER),
    ROW("1.6.3", "runtime fence, native open flags 3", open_runtime_fence, BY_NATIVE, SHARED,
        INVALID_PARAMETER),
    ROW("1.6.4", "runtime fence, FromNtHandle2 NoGPUAccess", open_runtime_fence, BY_V2, NO_GPU,
        SUCCESS),
    ROW("1.6.8", "FromNtHandle2 event", open_foreign, 0, 0, OBJECT_TYPE_MISMATCH),
    ROW("1.6.8", "FromNtHandle2 section", open_foreign, 1, 0, OBJECT_TYPE_MISMATCH),

    ROW("6.3.share.1", "ShareObjects mutex of the v1 create", share_v1_object, MUTEX, RIGHTS,
        INVALID_PARAMETER),
    ROW("6.3.share.1", "ShareObjects semaphore of it", share_v1_object, SEMAPHORE, RIGHTS,
        INVALID_PARAMETER),
    ROW("6.3.share.1", "ShareObjects mutex, Shared=0", share_made, MUTEX, 0, INVALID_PARAMETER),
    ROW("6.3.share.1", "ShareObjects monitored fence, Shared=0", share_made, MONITORED, 0,
        INVALID_PARAMETER),
    ROW("6.3.share.1", "ShareObjects native fence, Shared=0", share_made, NATIVE, 0,
        INVALID_PARAMETER),
    ROW("6.3.share.1", "ShareObjects mutex, Shared alone", share_made, MUTEX, NTF_SYNC_SHARED,
        INVALID_PARAMETER),
    ROW("6.3.share.1", "ShareObjects monitored fence, Shared alone", share_made, MONITORED,
        NTF_SYNC_SHARED, INVALID_PARAMETER),
    ROW("6.3.share.6", "ShareObjects 2 equal", share_many, 2, 1, INVALID_PARAMETER),
    ROW("6.3.share.6", "ShareObjects 3 equal", share_many, 3, 1, INVALID_PARAMETER),
    ROW("6.3.share.6", "ShareObjects 3 sync objects", share_many, 3, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "ShareObjects 4 objects", share_many, 4, 0, INVALID_PARAMETER),
    ROW("6.3.share.8", "ShareObjects destroyed mutex", share_destroyed, MUTEX, SHARED,
        INVALID_PARAMETER),
    ROW("6.3.share.8", "ShareObjects destroyed fence", share_destroyed, MONITORED, SHARED,
        INVALID_PARAMETER),
    ROW("6.3.share.9", "FromNtHandle 0", open_dead, BY_V1, 0, INVALID_HANDLE),
    ROW("6.3.share.9", "FromNtHandle mutex", open_valid, MUTEX, BY_V1, SUCCESS),
    ROW("6.3.share.9", "FromNtHandle monitored fence", open_valid, MONITORED, BY_V1, SUCCESS),
    ROW("6.3.share.10", "FromNtHandle2 no device, no handle", open_without_device, 0, 0,
        INVALID_PARAMETER),
    ROW("6.3.share.10", "FromNtHandle2 no device, handle", open_without_device, 0, MUTEX,
        INVALID_PARAMETER),
    ROW("6.3.share.11", "FromNtHandle2 mutex", open_valid, MUTEX, BY_V2, SUCCESS),
    ROW("6.3.share.11", "FromNtHandle2 semaphore", open_valid, SEMAPHORE, BY_V2, SUCCESS),
    ROW("6.3.share.11", "FromNtHandle2 monitored fence", open_valid, MONITORED, BY_V2, SUCCESS),
    ROW("6.3.share.11", "native open of a native fence", open_valid, NATIVE, BY_NATIVE, SUCCESS),
    ROW("6.3.share.11", "ShareObjects opened mutex", share_opened, MUTEX, 0, SUCCESS),
    ROW("6.3.share.11", "ShareObjects opened monitored fence", share_opened, MONITORED, 0, SUCCESS),
    ROW("6.3.share.12", "FromNtHandle2 closed", open_dead, BY_V2, MUTEX, INVALID_HANDLE),
};
const size_t rows_share_count = NTF_COUNT(rows_share);
