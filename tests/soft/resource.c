/* SPDX-License-Identifier: Apache-2.0 */
/* Resources: what is refused at making them, what is found again, by number and by handle, and what goes with what. */
#include "rig_bundle.h"

#include <string.h>

#define INVALID NTF_STATUS_INVALID_PARAMETER

/* A creation with all that it takes, for tests to spoil. */
struct making {
    D3DKMT_CREATEALLOCATION create;
    D3DDDI_ALLOCATIONINFO2 info;
    uint8_t data[8192];
};

static void sound(struct making *making)
{
    memset(making, 0, sizeof *making);
    making->create.hDevice = rig_device();
    making->create.hGlobalShare = POISON;
    making->create.pPrivateRuntimeData = making->data;
    making->create.PrivateRuntimeDataSize = 8;
    making->create.pPrivateDriverData = making->data;
    making->create.PrivateDriverDataSize = 8;
    making->create.NumAllocations = 1;
    making->create.pAllocationInfo2 = &making->info;
    making->create.Flags = NT_RESOURCE;
    making->info.hAllocation = POISON;
    making->info.pPrivateDriverData = making->data;
    making->info.PrivateDriverDataSize = 8;
}

/* Nothing is written, and nothing stays. */
static void expect_refusal(const char *what, struct making *making, ntf_status expected)
{
    struct making before;
    size_t handles;

    for (int round = 0; round < 2; round++) {
        ntf_status status;
        memcpy(&before, making, sizeof before);
        handles = ntf_test_open_handles();
        status = kmt.CreateAllocation2(&making->create);
        if (status != expected)
            fail_msg("%s: 0x%08X", what, (unsigned)status);
        assert_memory_equal(making, &before, sizeof before);
        assert_int_equal(ntf_test_open_handles(), handles);
    }
}

static void refusals_of_creation(void **state)
{
    struct making m;

    (void)state;
    assert_int_equal(rig_destroy_resource(rig_resource(NT_RESOURCE)), NTF_STATUS_SUCCESS); /* what stays is made */
    assert_int_equal(kmt.CreateAllocation(NULL), INVALID);
    assert_int_equal(kmt.CreateAllocation2(NULL), INVALID);
    sound(&m), m.create.hDevice = 0, expect_refusal("no device", &m, INVALID);
    sound(&m), m.create.hDevice = rig_adapter(), expect_refusal("an adapter", &m, INVALID);
    sound(&m), m.create.NumAllocations = 0, expect_refusal("no allocation", &m, INVALID);
    sound(&m), m.create.pAllocationInfo2 = NULL, expect_refusal("no array", &m, INVALID);
    sound(&m), m.create.Flags = NTF_ALLOCATION_CREATE_SHARED, expect_refusal("shared, no resource", &m, INVALID);
    sound(&m), m.create.Flags = RESOURCE | NTF_ALLOCATION_NT_SECURITY_SHARING, expect_refusal("NT alone", &m, INVALID);
    sound(&m), m.create.Flags |= 0x80000000u, expect_refusal("undefined flag", &m, INVALID);
    sound(&m), m.create.Flags |= NTF_ALLOCATION_STANDARD, m.create.pStandardAllocation = NULL;
    expect_refusal("standard without its structure", &m, INVALID);
    sound(&m), m.create.pPrivateRuntimeData = NULL, expect_refusal("no runtime data", &m, INVALID);
    sound(&m), m.create.pPrivateDriverData = NULL, expect_refusal("no driver data", &m, INVALID);
    sound(&m), m.info.pPrivateDriverData = NULL, expect_refusal("no data of the allocation", &m, INVALID);
    sound(&m), m.create.hResource = rig_resource(RESOURCE);
    expect_refusal("into a resource", &m, INVALID); /* deviation 34 */
    assert_int_equal(rig_destroy_resource(m.create.hResource), NTF_STATUS_SUCCESS);
    /* deviation 35 */
    sound(&m), m.create.PrivateRuntimeDataSize = 4000, expect_refusal("more than a page", &m, NTF_STATUS_NO_MEMORY);
    sound(&m), m.info.PrivateDriverDataSize = 3712 - 16 - 4 + 1;
    expect_refusal("a byte more", &m, NTF_STATUS_NO_MEMORY);
    sound(&m), m.info.PrivateDriverDataSize = UINT32_MAX, expect_refusal("all ones", &m, NTF_STATUS_NO_MEMORY);
    sound(&m), m.create.NumAllocations = UINT32_MAX, expect_refusal("so many", &m, NTF_STATUS_NO_MEMORY);
    sound(&m), m.info.PrivateDriverDataSize = 3712 - 16 - 4;
    assert_int_equal(kmt.CreateAllocation2(&m.create), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_resource(m.create.hResource), NTF_STATUS_SUCCESS);
}

/* Which handles come of which flags; a standard allocation has no driver data. */
static void handles_of_creation(void **state)
{
    D3DDDI_ALLOCATIONINFO first = { POISON, NULL, NULL, 0, 0, 0 };
    struct making m;

    (void)state;
    sound(&m), m.create.Flags = 0;
    assert_int_equal(kmt.CreateAllocation2(&m.create), NTF_STATUS_SUCCESS);
    assert_int_equal(m.create.hResource, 0);
    assert_int_equal(m.create.hGlobalShare, POISON);
    assert_int_equal(rig_destroy_allocation(m.info.hAllocation), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_allocation(m.info.hAllocation), INVALID);
    sound(&m), m.create.Flags = SHARED_RESOURCE, m.create.pAllocationInfo = &first;
    assert_int_equal(kmt.CreateAllocation(&m.create), NTF_STATUS_SUCCESS);
    assert_int_equal(m.create.hGlobalShare & NTF_KMT_HANDLE_KIND_MASK, NTF_KMT_HANDLE_KIND_GLOBAL);
    assert_int_not_equal(first.hAllocation, POISON);
    assert_int_equal(rig_destroy_resource(m.create.hResource), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_allocation(first.hAllocation), INVALID); /* went with it */
    sound(&m), m.create.Flags |= NTF_ALLOCATION_STANDARD | NTF_ALLOCATION_EXISTING_SYS_MEM;
    m.create.PrivateDriverDataSize = 0;
    assert_int_equal(kmt.CreateAllocation2(&m.create), NTF_STATUS_SUCCESS);
    assert_int_equal(m.create.hGlobalShare, POISON);
    assert_int_equal(rig_destroy_resource(m.create.hResource), NTF_STATUS_SUCCESS);
}

static void destroying(void **state)
{
    D3DKMT_HANDLE resource, allocations[3], other;
    const D3DKMT_HANDLE device = rig_new_device();
    D3DKMT_DESTROYALLOCATION2 destroy = { rig_device(), 0, allocations, 3, 0 };
    const D3DKMT_DESTROYDEVICE destroy_device = { device };
    struct making m;

    (void)state;
    assert_int_equal(kmt.DestroyAllocation(NULL), INVALID);
    assert_int_equal(kmt.DestroyAllocation2(NULL), INVALID);
    assert_int_equal(rig_make_resource(NT_RESOURCE, 3, &resource, allocations, NULL), NTF_STATUS_SUCCESS);
    destroy.Flags = 0x10;
    assert_int_equal(kmt.DestroyAllocation2(&destroy), INVALID);
    destroy.Flags = 3;
    destroy.hDevice = device; /* of another device */
    assert_int_equal(kmt.DestroyAllocation2(&destroy), INVALID);
    destroy.hDevice = rig_device();
    other = allocations[2];
    allocations[2] = resource; /* one of them is none: nothing goes */
    assert_int_equal(kmt.DestroyAllocation2(&destroy), INVALID);
    allocations[2] = other;
    assert_int_equal(kmt.DestroyAllocation2(&destroy), NTF_STATUS_SUCCESS);
    assert_int_equal(kmt.DestroyAllocation2(&destroy), INVALID);
    destroy.phAllocationList = NULL;
    assert_int_equal(kmt.DestroyAllocation2(&destroy), INVALID);
    assert_int_equal(rig_destroy_resource(resource), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_resource(resource), INVALID);
    /* A device takes all with it. */
    sound(&m), m.create.hDevice = device;
    assert_int_equal(kmt.CreateAllocation2(&m.create), NTF_STATUS_SUCCESS);
    assert_int_equal(kmt.DestroyDevice(&destroy_device), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_allocation(m.info.hAllocation), INVALID);
    assert_int_equal(rig_destroy_resource(m.create.hResource), INVALID);
}

static ntf_status query_number(D3DKMT_HANDLE number, D3DKMT_QUERYRESOURCEINFO *info, uint8_t *runtime, uint32_t size)
{
    memset(info, 0xA5, sizeof *info);
    info->hDevice = rig_device();
    info->hGlobalShare = number;
    info->pPrivateRuntimeData = runtime;
    info->PrivateRuntimeDataSize = size;
    return kmt.QueryResourceInfo(info);
}

/* By number, with both versions of the call; the runtime's data, in which a keyed mutex is found, comes with the
 * query. */
static void by_number(void **state)
{
    D3DKMT_HANDLE resource, allocations[3], number;
    D3DDDI_OPENALLOCATIONINFO2 infos2[3];
    D3DDDI_OPENALLOCATIONINFO infos[3];
    D3DKMT_QUERYRESOURCEINFO info;
    uint8_t runtime[64], driver[64], total[256];
    D3DKMT_OPENRESOURCE open;

    (void)state;
    assert_int_equal(rig_make_resource(SHARED_RESOURCE, 3, &resource, allocations, &number), NTF_STATUS_SUCCESS);
    memset(runtime, 0xA5, sizeof runtime);
    assert_int_equal(query_number(number, &info, runtime, RIG_RUNTIME - 1), NTF_STATUS_SUCCESS);
    assert_int_equal(runtime[0], 0xA5);
    assert_int_equal(query_number(number, &info, runtime, sizeof runtime), NTF_STATUS_SUCCESS);
    assert_int_equal(info.PrivateRuntimeDataSize, RIG_RUNTIME);
    assert_int_equal(info.ResourcePrivateDriverDataSize, RIG_DRIVER);
    assert_int_equal(info.TotalPrivateDriverDataSize, 3 * RIG_PART + 3);
    assert_int_equal(info.NumAllocations, 3);
    assert_int_equal(runtime[RIG_RUNTIME - 1], RIG_RUNTIME);
    assert_int_equal(runtime[RIG_RUNTIME], 0xA5);
    for (int second = 0; second < 2; second++) {
        memset(&open, 0, sizeof open);
        open.hDevice = rig_device();
        open.hGlobalShare = number;
        open.NumAllocations = 3;
        if (second)
            open.pOpenAllocationInfo2 = infos2;
        else
            open.pOpenAllocationInfo = infos;
        open.pPrivateRuntimeData = runtime;
        open.PrivateRuntimeDataSize = RIG_RUNTIME;
        open.pResourcePrivateDriverData = driver;
        open.ResourcePrivateDriverDataSize = sizeof driver;
        open.pTotalPrivateDriverDataBuffer = total;
        open.TotalPrivateDriverDataBufferSize = sizeof total;
        assert_int_equal(second ? kmt.OpenResource2(&open) : kmt.OpenResource(&open), NTF_STATUS_SUCCESS);
        assert_int_equal(open.TotalPrivateDriverDataBufferSize, 3 * RIG_PART + 3);
        for (unsigned i = 0; i < 3; i++) {
            const uint8_t *data = second ? infos2[i].pPrivateDriverData : infos[i].pPrivateDriverData;
            assert_ptr_equal(data, total + i * RIG_PART + i * (i - 1) / 2);
            assert_int_equal(second ? infos2[i].PrivateDriverDataSize : infos[i].PrivateDriverDataSize, RIG_PART + i);
            assert_int_equal(data[0], 10 * i);
            assert_int_equal(rig_destroy_allocation(second ? infos2[i].hAllocation : infos[i].hAllocation),
                             NTF_STATUS_SUCCESS);
        }
        assert_int_equal(rig_destroy_resource(open.hResource), NTF_STATUS_SUCCESS);
    }
    open.hGlobalShare = resource;
    open.hResource = POISON;
    assert_int_equal(kmt.OpenResource(&open), INVALID);
    assert_int_equal(query_number(resource, &info, NULL, 0), INVALID);
    assert_int_equal(query_number(0, &info, NULL, 0), INVALID);
    assert_int_equal(rig_destroy_resource(resource), NTF_STATUS_SUCCESS);
    open.hGlobalShare = number;
    assert_int_equal(kmt.OpenResource2(&open), INVALID);
    assert_int_equal(open.hResource, POISON);
    assert_int_equal(query_number(number, &info, NULL, 0), INVALID);
    assert_int_equal(kmt.OpenResource(NULL), INVALID);
    assert_int_equal(kmt.OpenResource2(NULL), INVALID);
    assert_int_equal(kmt.QueryResourceInfo(NULL), INVALID);
    assert_int_equal(kmt.QueryResourceInfoFromNtHandle(NULL), INVALID);
    assert_int_equal(kmt.OpenResourceFromNtHandle(NULL), INVALID);
}

/* Several allocations from an NT handle, and the data that each was made with. */
static void by_handle(void **state)
{
    D3DKMT_HANDLE resource, allocations[3];
    struct rig_opening opening;
    ntf_handle nt;

    (void)state;
    assert_int_equal(rig_make_resource(NT_RESOURCE, 3, &resource, allocations, NULL), NTF_STATUS_SUCCESS);
    nt = rig_share(resource);
    assert_int_equal(rig_destroy_resource(resource), NTF_STATUS_SUCCESS); /* the handle keeps it */
    rig_opening(&opening, nt, 3);
    assert_int_equal(rig_open_resource(&opening), NTF_STATUS_SUCCESS);
    assert_int_equal(opening.open.hKeyedMutex, 0);
    assert_int_equal(opening.open.hSyncObject, 0);
    assert_int_equal(((const uint8_t *)opening.infos[2].pPrivateDriverData)[5], 25);
    rig_opening_close(&opening);
    rig_handle_close(nt);
}

/* Once in a bundle, a resource goes into no other one. */
static void one_bundle(void **state)
{
    struct rig_bundle bundle, other;
    ntf_handle nt, again, wrong = (ntf_handle)(uintptr_t)POISON;
    D3DKMT_HANDLE mutex;

    (void)state;
    rig_bundle_make(&bundle, 0);
    rig_bundle_make(&other, 0);
    nt = rig_bundle_share(&bundle);
    again = rig_bundle_share(&bundle);
    mutex = bundle.mutex;
    bundle.mutex = other.mutex;
    assert_int_equal(rig_bundle_share_as(&bundle, NULL, &wrong), INVALID); /* deviation 36 */
    assert_int_equal((uintptr_t)wrong, POISON);
    bundle.mutex = mutex;
    rig_handle_close(nt);
    rig_handle_close(again);
    rig_bundle_destroy(&other);
    rig_bundle_destroy(&bundle);
}

/* A bundle's handle is a resource's, and no synchronization object's. */
static void bundle_as_a_fence(void **state)
{
    struct rig_bundle bundle;
    struct rig_fence fence;
    ntf_handle nt;

    (void)state;
    rig_bundle_make(&bundle, 0);
    nt = rig_bundle_share(&bundle);
    assert_int_equal(rig_open(nt, 0, &fence), NTF_STATUS_OBJECT_TYPE_MISMATCH); /* deviation 37 */
    rig_handle_close(nt);
    rig_bundle_destroy(&bundle);
}

/* deviation 38, on Windows; elsewhere the handle keeps all three. */
static void what_a_bundle_keeps(void **state)
{
    struct rig_bundle bundle, opened;
    ntf_handle nt;
    ntf_status status;

    (void)state;
    rig_bundle_make(&bundle, 0);
    nt = rig_bundle_share(&bundle);
    rig_bundle_destroy(&bundle);
    status = rig_bundle_open(nt, &opened);
    assert_int_equal(status, rig_bundle_keeps_all ? NTF_STATUS_SUCCESS : INVALID);
    if (rig_bundle_keeps_all) {
        assert_int_equal(rig_try(opened.mutex, 0), NTF_STATUS_SUCCESS);
        rig_bundle_destroy(&opened);
    }
    rig_handle_close(nt);
}

/* deviation 39 */
static void a_mutex_has_little_data(void **state)
{
    uint8_t data[520];
    D3DKMT_CREATEKEYEDMUTEX2 create = { 0, POISON, POISON, data, 513, 0 };

    (void)state;
    memset(data, 1, sizeof data);
    assert_int_equal(kmt.CreateKeyedMutex2(&create), NTF_STATUS_NO_MEMORY);
    assert_int_equal(create.hKeyedMutex, POISON);
    create.PrivateRuntimeDataSize = 512;
    assert_int_equal(kmt.CreateKeyedMutex2(&create), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_destroy_mutex(create.hKeyedMutex), NTF_STATUS_SUCCESS);
    create.Flags = 2; /* undefined */
    assert_int_equal(kmt.CreateKeyedMutex2(&create), INVALID);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_of_creation),
        cmocka_unit_test(handles_of_creation),
        cmocka_unit_test(destroying),
        cmocka_unit_test(by_number),
        cmocka_unit_test(by_handle),
        cmocka_unit_test(one_bundle),
        cmocka_unit_test(bundle_as_a_fence),
        cmocka_unit_test(what_a_bundle_keeps),
        cmocka_unit_test(a_mutex_has_little_data),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-resource", tests, NTF_COUNT(tests), NULL, NULL);
}
