/* SPDX-License-Identifier: Apache-2.0 */
/* 4.1, what the runtime keeps with a keyed mutex, and the two versions of the calls. */
#include "../rig_bundle.h"
#include "rows.h"

#include <string.h>

#define NONE 0x80000000u /* in a size: no buffer */

/* ---- 4.1.10, 11: the runtime's data, and versions ---- */

enum { CREATE2, OPEN2, ACQUIRE2, RELEASE2 };
enum { STORED = 24 };

static const uint8_t stored[STORED] = "what the runtime stores";

static D3DKMT_HANDLE mutex_with_data(D3DKMT_HANDLE *global)
{
    D3DKMT_CREATEKEYEDMUTEX2 create;
    uint8_t data[STORED];

    memcpy(data, stored, sizeof data);
    memset(&create, 0, sizeof create);
    create.pPrivateRuntimeData = data;
    create.PrivateRuntimeDataSize = sizeof data;
    assert_int_equal(kmt.CreateKeyedMutex2(&create), NTF_STATUS_SUCCESS);
    *global = create.hSharedHandle;
    return create.hKeyedMutex;
}

static ntf_status with_buffer(uint32_t call, D3DKMT_HANDLE handle, void *buffer, uint32_t size)
{
    D3DKMT_CREATEKEYEDMUTEX2 create = { 0, POISON, POISON, buffer, size, 0 };
    D3DKMT_OPENKEYEDMUTEX2 open = { handle, POISON, buffer, size };
    D3DKMT_ACQUIREKEYEDMUTEX2 acquire = { handle, 0, NULL, POISON, buffer, size };
    D3DKMT_RELEASEKEYEDMUTEX2 release = { handle, 0, 0, buffer, size };
    ntf_status status;

    switch (call) {
    case CREATE2:
        status = kmt.CreateKeyedMutex2(&create);
        ROW_CHECK((status == NTF_STATUS_SUCCESS) == (create.hKeyedMutex != POISON));
        if (status == NTF_STATUS_SUCCESS)
            rig_destroy_mutex(create.hKeyedMutex);
        return status;
    case OPEN2:
        status = kmt.OpenKeyedMutex2(&open);
        ROW_CHECK((status == NTF_STATUS_SUCCESS) == (open.hKeyedMutex != POISON));
        if (status == NTF_STATUS_SUCCESS)
            rig_destroy_mutex(open.hKeyedMutex);
        return status;
    case ACQUIRE2:
        status = kmt.AcquireKeyedMutex2(&acquire);
        ROW_CHECK(status == NTF_STATUS_SUCCESS || acquire.FenceValue == POISON);
        return status;
    default:
        return kmt.ReleaseKeyedMutex2(&release);
    }
}

/* a: the call; b: the buffer's size, without a buffer if the top bit is set; of size 0 it is not wanted (deviation 43).
 */
static ntf_status runtime_data(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE global, mutex = mutex_with_data(&global);
    uint8_t buffer[64];
    const bool none = (b & 0x80000000u) != 0;
    const uint32_t size = b & 0x7FFFFFFFu;
    ntf_status status;

    memset(buffer, 0xA5, sizeof buffer);
    if (a == RELEASE2)
        ROW_CHECK(rig_try(mutex, 0) == NTF_STATUS_SUCCESS);
    status = with_buffer(a, a == OPEN2 ? global : mutex, none ? NULL : buffer, size);
    if (a == OPEN2)
        ROW_CHECK(buffer[0] == 0xA5);
    if (a == ACQUIRE2 && status == NTF_STATUS_SUCCESS && size)
        ROW_CHECK(memcmp(buffer, stored, STORED) == 0 && buffer[STORED] == 0xA5);
    if (a == RELEASE2 && status == NTF_STATUS_SUCCESS) { /* the next owner gets what was left, by its size */
        uint8_t next[64] = { 0 };
        ROW_CHECK(with_buffer(ACQUIRE2, mutex, next, sizeof next) == NTF_STATUS_SUCCESS);
        ROW_CHECK(memcmp(next, size ? buffer : stored, size ? size : STORED) == 0);
    }
    rig_destroy_mutex(mutex);
    return status;
}

/* What one version makes, the other opens, acquires and releases. a: version 1 makes it. */
static ntf_status versions(uint32_t a, uint32_t b)
{
    D3DKMT_CREATEKEYEDMUTEX one = { 4, 0, 0 };
    D3DKMT_ACQUIREKEYEDMUTEX2 acquire = { 0, 4, NULL, POISON, NULL, 0 };
    D3DKMT_RELEASEKEYEDMUTEX2 release = { 0, 6, 60, NULL, 0 };
    D3DKMT_OPENKEYEDMUTEX2 open = { 0, 0, NULL, 0 };
    D3DKMT_HANDLE mutex, global;
    uint64_t fence_value;
    ntf_status status;

    (void)b;
    if (a) {
        assert_int_equal(kmt.CreateKeyedMutex(&one), NTF_STATUS_SUCCESS);
        mutex = one.hKeyedMutex;
        global = one.hSharedHandle;
    } else {
        mutex = rig_mutex(0, 4, &global);
    }
    ROW_CHECK((global & NTF_KMT_HANDLE_KIND_MASK) == NTF_KMT_HANDLE_KIND_GLOBAL && (global & NTF_KMT_HANDLE_TAG_MASK));
    open.hSharedHandle = global;
    status = kmt.OpenKeyedMutex2(&open);
    acquire.hKeyedMutex = release.hKeyedMutex = open.hKeyedMutex;
    ROW_CHECK(kmt.AcquireKeyedMutex2(&acquire) == NTF_STATUS_SUCCESS);
    ROW_CHECK(kmt.ReleaseKeyedMutex2(&release) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_acquire(mutex, 6, NULL, &fence_value) == NTF_STATUS_SUCCESS && fence_value == 60);
    rig_destroy_mutex(open.hKeyedMutex);
    rig_destroy_mutex(mutex);
    return status;
}

const struct row rows_mutex_data[] = {
    ROW("4.1.10", "Create2 size without a buffer", runtime_data, CREATE2, NONE | 24, INVALID_PARAMETER),
    ROW("4.1.10", "Open2 size without a buffer", runtime_data, OPEN2, NONE | 24, INVALID_PARAMETER),
    ROW("4.1.10", "Acquire2 size without a buffer", runtime_data, ACQUIRE2, NONE | 24, INVALID_PARAMETER),
    ROW("4.1.10", "Release2 size without a buffer", runtime_data, RELEASE2, NONE | 24, INVALID_PARAMETER),
    ROW("4.1.10", "Open2 smaller buffer", runtime_data, OPEN2, 23, INVALID_PARAMETER),
    ROW("4.1.10", "Acquire2 smaller buffer", runtime_data, ACQUIRE2, 23, INVALID_PARAMETER),
    ROW("4.1.10", "Open2 exact buffer", runtime_data, OPEN2, 24, SUCCESS),
    ROW("4.1.10", "Open2 larger buffer", runtime_data, OPEN2, 40, SUCCESS),
    ROW("4.1.10", "Acquire2 exact buffer", runtime_data, ACQUIRE2, 24, SUCCESS),
    ROW("4.1.10", "Acquire2 larger buffer", runtime_data, ACQUIRE2, 40, SUCCESS),
    ROW("4.1.10", "Release2 other data", runtime_data, RELEASE2, 31, SUCCESS),
    ROW("4.1.10", "Release2 without data", runtime_data, RELEASE2, NONE, SUCCESS),
    ROW("4.1.11", "made by version 1, used by 2 and 1", versions, 1, 0, SUCCESS),
    ROW("4.1.11", "made by version 2, used by 2 and 1", versions, 0, 0, SUCCESS),
};
const size_t rows_mutex_data_count = NTF_COUNT(rows_mutex_data);
