/* SPDX-License-Identifier: Apache-2.0 */
/* 6.3, sync objects: making, destroying, and opening by a global handle. */
#include "rows.h"

#include <string.h>

#define NT_ALONE NTF_SYNC_NT_SECURITY_SHARING
/* By their bits a global and a local handle, that nobody has given out. */
#define SOME_GLOBAL 0xC0FFFF02u

enum { NO_DEVICE = 0, A_DEVICE = 1 };

static ntf_status create_v1_null(uint32_t a, uint32_t b)
{
    (void)a;
    (void)b;
    return kmt.CreateSynchronizationObject(NULL);
}

/* a: whether there is a device; b: the type. */
static ntf_status create_v1(uint32_t a, uint32_t b)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT create;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hDevice = a ? rig_device() : 0;
    create.Info.Type = b;
    create.hSyncObject = POISON;
    status = kmt.CreateSynchronizationObject(&create);
    if (status == NTF_STATUS_SUCCESS) {
        ROW_CHECK((create.hSyncObject & NTF_KMT_HANDLE_TAG_MASK) != 0);
        ROW_CHECK((create.hSyncObject & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_LOCAL);
        ROW_CHECK(row_destroy(create.hSyncObject) == NTF_STATUS_SUCCESS);
    } else {
        ROW_CHECK(create.hSyncObject == POISON);
    }
    return status;
}

static ntf_status create_v2_null(uint32_t a, uint32_t b)
{
    (void)a;
    (void)b;
    return kmt.CreateSynchronizationObject2(NULL);
}

static ntf_status create_v2_no_device(uint32_t a, uint32_t b)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    (void)b;
    memset(&create, 0, sizeof create);
    create.Info.Type = a;
    return kmt.CreateSynchronizationObject2(&create);
}

/* a: the type; b: the flags. Checks with them what row_create does: SharedHandle, nothing written
 * by a refusal. */
static ntf_status create_v2(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE handle;
    const ntf_status status = row_create(a, b, &handle);

    if (status == NTF_STATUS_SUCCESS)
        ROW_CHECK(row_destroy(handle) == NTF_STATUS_SUCCESS);
    return status;
}

static ntf_status create_notification(uint32_t a, uint32_t b)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    const ntf_handle event = rig_event_new();
    ntf_status status;

    (void)a;
    (void)b;
    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = NOTIFICATION;
    create.Info.CPUNotification.Event = event;
    status = kmt.CreateSynchronizationObject2(&create);
    if (status == NTF_STATUS_SUCCESS)
        ROW_CHECK(row_destroy(create.hSyncObject) == NTF_STATUS_SUCCESS);
    rig_handle_close(event);
    return status;
}

/* a: the type. */
static ntf_status destroy_twice(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, b);

    ROW_CHECK(row_destroy(handle) == NTF_STATUS_SUCCESS);
    return row_destroy(handle);
}

/* One that nobody has given out, and then a live one. */
static ntf_status destroy_global(uint32_t a, uint32_t b)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    ntf_status status;

    (void)b;
    ROW_CHECK(row_destroy(a) == NTF_STATUS_INVALID_PARAMETER);
    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = MUTEX;
    create.Info.Flags = NTF_SYNC_SHARED;
    ROW_CHECK(kmt.CreateSynchronizationObject2(&create) == NTF_STATUS_SUCCESS);
    status = row_destroy(create.Info.SharedHandle);
    ROW_CHECK(row_destroy(create.hSyncObject) == NTF_STATUS_SUCCESS);
    return status;
}

static ntf_status destroy_nt(uint32_t a, uint32_t b)
{
    const D3DKMT_HANDLE handle = row_made(a, b);
    const ntf_handle nt = rig_share(handle);
    const ntf_status status = row_destroy((D3DKMT_HANDLE)(uintptr_t)nt);

    rig_handle_close(nt);
    ROW_CHECK(row_destroy(handle) == NTF_STATUS_SUCCESS);
    return status;
}

/* a: the global handle. */
static ntf_status open_global(uint32_t a, uint32_t b)
{
    D3DKMT_OPENSYNCHRONIZATIONOBJECT open;
    ntf_status status;

    (void)b;
    memset(&open, 0, sizeof open);
    open.hSharedHandle = a;
    open.hSyncObject = POISON;
    status = kmt.OpenSynchronizationObject(&open);
    ROW_CHECK((open.hSyncObject & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_LOCAL ||
              status != NTF_STATUS_SUCCESS);
    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (open.hSyncObject != POISON));
    if (status == NTF_STATUS_SUCCESS)
        ROW_CHECK(row_destroy(open.hSyncObject) == NTF_STATUS_SUCCESS);
    return status;
}

/* a: the type; b: whether it is destroyed first. */
static ntf_status open_made_global(uint32_t a, uint32_t b)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hDevice = rig_device();
    create.Info.Type = a;
    create.Info.Flags = NTF_SYNC_SHARED;
    status = kmt.CreateSynchronizationObject2(&create);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    ROW_CHECK((create.Info.SharedHandle & NTF_KMT_HANDLE_TAG_MASK) != 0);
    ROW_CHECK((create.Info.SharedHandle & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_GLOBAL);
    if (b)
        ROW_CHECK(row_destroy(create.hSyncObject) == NTF_STATUS_SUCCESS);
    status = open_global(create.Info.SharedHandle, 0);
    if (!b)
        ROW_CHECK(row_destroy(create.hSyncObject) == NTF_STATUS_SUCCESS);
    return status;
}

const struct row rows_sync[] = {
    ROW("6.3.sync.1", "Create NULL", create_v1_null, 0, 0, INVALID_PARAMETER),
    ROW("6.3.sync.1", "Create without device and type", create_v1, NO_DEVICE, 0, INVALID_PARAMETER),
    ROW("6.3.sync.1", "Create type 0", create_v1, A_DEVICE, 0, INVALID_PARAMETER),
    ROW("6.3.sync.1", "Create mutex without device", create_v1, NO_DEVICE, MUTEX,
        INVALID_PARAMETER),
    ROW("6.3.sync.1", "Create semaphore without device", create_v1, NO_DEVICE, SEMAPHORE,
        INVALID_PARAMETER),
    ROW("6.3.sync.2", "Create mutex", create_v1, A_DEVICE, MUTEX, SUCCESS),
    ROW("6.3.sync.2", "Create semaphore", create_v1, A_DEVICE, SEMAPHORE, SUCCESS),
    ROW("6.3.sync.3", "Create fence", create_v1, A_DEVICE, LEGACY_FENCE, INVALID_PARAMETER),
    ROW("6.3.sync.4", "Create2 NULL", create_v2_null, 0, 0, INVALID_PARAMETER),
    ROW("6.3.sync.4", "Create2 mutex without device", create_v2_no_device, MUTEX, 0,
        INVALID_PARAMETER),
    ROW("6.3.sync.4", "Create2 monitored without device", create_v2_no_device, MONITORED, 0,
        INVALID_PARAMETER),
    ROW("6.3.sync.4", "Create2 without type", create_v2, 0, 0, INVALID_PARAMETER),
    ROW("6.3.sync.5", "Create2 mutex", create_v2, MUTEX, 0, SUCCESS),
    ROW("6.3.sync.5", "Create2 semaphore", create_v2, SEMAPHORE, 0, SUCCESS),
    ROW("6.3.sync.5", "Create2 fence", create_v2, LEGACY_FENCE, 0, SUCCESS),
    ROW("6.3.sync.5", "Create2 monitored fence", create_v2, MONITORED, 0, SUCCESS),
    ROW("6.3.sync.5", "CreateNativeFence", create_v2, NATIVE, 0, SUCCESS),
    ROW("6.3.sync.6", "Create2 CPU notification without event", create_v2, NOTIFICATION, 0,
        INVALID_HANDLE),
    ROW("6.3.sync.6", "Create2 CPU notification with event", create_notification, 0, 0, SUCCESS),
    ROW("6.3.sync.7", "Create2 mutex Shared alone", create_v2, MUTEX, NTF_SYNC_SHARED, SUCCESS),
    ROW("6.3.sync.7", "Create2 semaphore Shared alone", create_v2, SEMAPHORE, NTF_SYNC_SHARED,
        SUCCESS),
    ROW("6.3.sync.7", "Create2 fence Shared alone", create_v2, LEGACY_FENCE, NTF_SYNC_SHARED,
        SUCCESS),
    ROW("6.3.sync.8", "Create2 mutex NtSecuritySharing alone", create_v2, MUTEX, NT_ALONE,
        INVALID_PARAMETER),
    ROW("6.3.sync.8", "Create2 monitored NtSecuritySharing alone", create_v2, MONITORED, NT_ALONE,
        INVALID_PARAMETER),
    ROW("6.3.sync.8", "CreateNativeFence NtSecuritySharing alone", create_v2, NATIVE, NT_ALONE,
        INVALID_PARAMETER),
    ROW("6.3.sync.9", "Create2 mutex, both", create_v2, MUTEX, SHARED, SUCCESS),
    ROW("6.3.sync.9", "Create2 semaphore, both", create_v2, SEMAPHORE, SHARED, SUCCESS),
    ROW("6.3.sync.9", "Create2 fence, both", create_v2, LEGACY_FENCE, SHARED, SUCCESS),
    ROW("6.3.sync.9", "Create2 monitored fence, both", create_v2, MONITORED, SHARED, SUCCESS),
    ROW("6.3.sync.9", "CreateNativeFence, both", create_v2, NATIVE, SHARED, SUCCESS),
    ROW("6.3.sync.10", "Destroy mutex twice", destroy_twice, MUTEX, 0, INVALID_PARAMETER),
    ROW("6.3.sync.10", "Destroy monitored fence twice", destroy_twice, MONITORED, SHARED,
        INVALID_PARAMETER),
    ROW("6.3.sync.10", "Destroy native fence twice", destroy_twice, NATIVE, SHARED,
        INVALID_PARAMETER),
    ROW("6.3.sync.10", "Destroy a global handle", destroy_global, SOME_GLOBAL, 0,
        INVALID_PARAMETER),
    ROW("6.3.sync.10", "Destroy the value of an NT handle", destroy_nt, MUTEX, SHARED,
        INVALID_PARAMETER),
    ROW("6.3.sync.11", "OpenSynchronizationObject garbage", open_global, 0x1EADBEEDu, 0,
        INVALID_PARAMETER),
    ROW("6.3.sync.11", "OpenSynchronizationObject 0", open_global, 0, 0, INVALID_PARAMETER),
    ROW("6.3.sync.11", "OpenSynchronizationObject, by its form a global handle", open_global,
        SOME_GLOBAL, 0, INVALID_PARAMETER),
    ROW("6.3.sync.12", "OpenSynchronizationObject live, same process", open_made_global, MUTEX, 0,
        SUCCESS),
    ROW("6.3.sync.12", "OpenSynchronizationObject live semaphore", open_made_global, SEMAPHORE, 0,
        SUCCESS),
    ROW("6.3.sync.13", "OpenSynchronizationObject after the end", open_made_global, MUTEX, 1,
        INVALID_PARAMETER),
};
const size_t rows_sync_count = NTF_COUNT(rows_sync);
