/* SPDX-License-Identifier: Apache-2.0 */
/* 6.3, 1.6 and 4.1, resources and bundles. */
#include "../rig_bundle.h"
#include "rows.h"

#include <string.h>

#define RIGHTS 0x00020000u /* STANDARD_RIGHTS_WRITE */
#define GENERIC_EVERYTHING 0x10000000u
#define NO_HANDLE ((ntf_handle)(uintptr_t)POISON)

/* Shares, and closes what comes of it. On a refusal nothing may have been written. */
static ntf_status share(uint32_t objects, const D3DKMT_HANDLE *handles)
{
    ntf_handle nt = NO_HANDLE;
    const ntf_status status = kmt.ShareObjects(objects, handles, NULL, RIGHTS, &nt);

    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (nt != NO_HANDLE));
    if (status == NTF_STATUS_SUCCESS) {
        ROW_CHECK(((uintptr_t)nt & NTF_KMT_HANDLE_TAG_MASK) == 0);
        rig_handle_close(nt);
    }
    return status;
}

/* ---- ShareObjects ---- */

/* a: with NT sharing; b: by the local handle (0), by the global one (1). */
static ntf_status share_mutex(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE global, mutex = rig_mutex(a ? NT_MUTEX : 0, 0, &global);
    ntf_status status;

    ROW_CHECK(!a || global == 0);
    status = share(1, b ? &global : &mutex);
    rig_destroy_mutex(mutex);
    return status;
}

/* a: flags of the resource, 0: the allocation of one with NT sharing. b: 1 by its global handle. */
static ntf_status share_resource(uint32_t a, uint32_t b)
{
    D3DKMT_HANDLE resource, allocation, global;
    ntf_status status;

    assert_int_equal(rig_make_resource(a ? a : NT_RESOURCE, 1, &resource, &allocation, &global), NTF_STATUS_SUCCESS);
    status = share(1, b ? &global : a ? &resource : &allocation);
    rig_destroy_resource(resource);
    return status;
}

/* The objects are named by a text: r, m, s; capitals are shared by global handle or not at all. */
static ntf_status share_text(const char *text)
{
    D3DKMT_HANDLE list[8];
    const D3DKMT_HANDLE r = rig_resource(NT_RESOURCE), r2 = rig_resource(SHARED_RESOURCE);
    const D3DKMT_HANDLE m = rig_mutex(NT_MUTEX, 0, NULL), m2 = rig_mutex(0, 0, NULL);
    const D3DKMT_HANDLE s = row_made(MUTEX, SHARED), s2 = row_made(MUTEX, NTF_SYNC_SHARED);
    uint32_t count = 0;
    ntf_status status;

    for (; text[count]; count++) {
        const char letter = text[count];
        list[count] = letter == 'r'   ? r
                      : letter == 'R' ? r2
                      : letter == 'm' ? m
                      : letter == 'M' ? m2
                      : letter == 's' ? s
                      : letter == 'S' ? s2
                                      : 0;
    }
    status = share(count, list);
    rig_destroy(s2);
    rig_destroy(s);
    rig_destroy_mutex(m2);
    rig_destroy_mutex(m);
    rig_destroy_resource(r2);
    rig_destroy_resource(r);
    return status;
}

static const char *const combinations[] = { "rm",  "rs",  "ms",   "rmss", "rsm", "mrs", "srm", "rrr", "mmm",
                                            "rms", "Rms", "rMs", "rmS",  "rm0", "0ms", "r0s", "sms", "rss" };

static ntf_status share_combination(uint32_t a, uint32_t b)
{
    (void)b;
    return share_text(combinations[a]);
}

/* ---- names ---- */

/* Shares a resource (a: 0) or a bundle under a name, and looks it up in lower case. b: the access. */
static ntf_status look_up(uint32_t a, uint32_t b)
{
    const char *text = rig_unique("NtfRow-Resource");
    struct rig_bundle bundle, opened;
    struct rig_name name;
    char lower[128] = "";
    ntf_handle nt = NULL, found;
    ntf_status status;

    for (size_t i = 0; text[i] != '\0' && i < sizeof lower - 1; i++)
        lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    rig_bundle_make(&bundle, 0);
    rig_name(&name, text);
    if (a)
        assert_int_equal(rig_bundle_share_as(&bundle, text, &nt), NTF_STATUS_SUCCESS);
    else
        assert_int_equal(kmt.ShareObjects(1, &bundle.resource, &name.attributes, RIGHTS, &nt), NTF_STATUS_SUCCESS);
    status = rig_lookup_resource(lower, b, &found);
    ROW_CHECK((status == NTF_STATUS_SUCCESS) == (found != NO_HANDLE));
    if (status == NTF_STATUS_SUCCESS) {
        ROW_CHECK(rig_bundle_open(found, &opened) == NTF_STATUS_SUCCESS);
        ROW_CHECK((opened.mutex != 0) == (a != 0) && (opened.sync != 0) == (a != 0));
        if (a)
            rig_bundle_destroy(&opened);
        else
            rig_destroy_resource(opened.resource);
        rig_handle_close(found);
    }
    rig_handle_close(nt);
    rig_bundle_destroy(&bundle);
    return status;
}

static ntf_status look_up_nothing(uint32_t a, uint32_t b)
{
    D3DKMT_OPENNTHANDLEFROMNAME lookup = { RIGHTS, NULL, NO_HANDLE };
    ntf_handle found;
    ntf_status status;

    (void)b;
    if (a == 0)
        return kmt.OpenNtHandleFromName(NULL);
    if (a == 1) {
        status = kmt.OpenNtHandleFromName(&lookup);
        ROW_CHECK(lookup.hNtHandle == NO_HANDLE);
        return status;
    }
    status = rig_lookup_resource(rig_unique("NtfRow-Unknown"), RIGHTS, &found);
    ROW_CHECK(found == NO_HANDLE);
    return status;
}

/* ---- asking ---- */

enum { PLAIN, BUNDLE, FENCE, EVENT, ENDED, ZERO };

/* An NT handle, and what it takes to have it. */
struct shared {
    struct rig_bundle bundle;
    ntf_handle nt;
};

static void make_shared(struct shared *shared, uint32_t which)
{
    rig_bundle_make(&shared->bundle, 0);
    switch (which) {
    case BUNDLE:
        shared->nt = rig_bundle_share(&shared->bundle);
        break;
    case FENCE:
        shared->nt = rig_share(shared->bundle.sync);
        break;
    case EVENT:
        shared->nt = rig_event_new();
        break;
    case ZERO:
        shared->nt = NULL;
        break;
    default:
        shared->nt = rig_share(shared->bundle.resource);
        break;
    }
}

static void end_shared(struct shared *shared, uint32_t which)
{
    if (which != ENDED && which != ZERO)
        rig_handle_close(shared->nt);
    rig_bundle_destroy(&shared->bundle);
}

/* a: what is asked about; b: 1 without a device. */
static ntf_status query(uint32_t a, uint32_t b)
{
    D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE info;
    uint8_t runtime[64];
    struct shared shared;
    ntf_status status;

    make_shared(&shared, a);
    if (a == ENDED)
        rig_handle_close(shared.nt);
    memset(runtime, 0xA5, sizeof runtime);
    memset(&info, 0xA5, sizeof info);
    info.hDevice = b ? 0 : rig_device();
    info.hNtHandle = shared.nt;
    info.pPrivateRuntimeData = runtime;
    info.PrivateRuntimeDataSize = sizeof runtime;
    status = kmt.QueryResourceInfoFromNtHandle(&info);
    ROW_CHECK(runtime[0] == 0xA5);
    if (status == NTF_STATUS_SUCCESS)
        ROW_CHECK(info.PrivateRuntimeDataSize == RIG_RUNTIME && info.TotalPrivateDriverDataSize == RIG_PART &&
                  info.ResourcePrivateDriverDataSize == RIG_DRIVER && info.NumAllocations == 1);
    else
        ROW_CHECK(info.PrivateRuntimeDataSize == sizeof runtime && info.NumAllocations == POISON);
    end_shared(&shared, a);
    return status;
}

/* ---- opening ---- */

enum {
    SOUND,
    NO_DEVICE,
    NO_ARRAY,
    NO_COUNT,
    OTHER_COUNT,
    NO_RUNTIME,
    RUNTIME_SHORT,
    RUNTIME_LONG,
    NO_TOTAL,
    TOTAL_SHORT,
    TOTAL_EXACT,
    NO_DRIVER,
    DRIVER_SHORT,
    KEYED_WITHOUT_BUFFER
};

static void spoil(D3DKMT_OPENRESOURCEFROMNTHANDLE *open, uint32_t how)
{
    switch (how) {
    case NO_DEVICE:
        open->hDevice = 0;
        break;
    case NO_ARRAY:
        open->pOpenAllocationInfo2 = NULL;
        break;
    case NO_COUNT:
        open->NumAllocations = 0;
        break;
    case OTHER_COUNT:
        open->NumAllocations = 2;
        break;
    case NO_RUNTIME:
        open->pPrivateRuntimeData = NULL;
        break;
    case RUNTIME_SHORT:
        open->PrivateRuntimeDataSize--;
        break;
    case RUNTIME_LONG:
        open->PrivateRuntimeDataSize++;
        break;
    case NO_TOTAL:
        open->pTotalPrivateDriverDataBuffer = NULL;
        break;
    case TOTAL_SHORT:
        open->TotalPrivateDriverDataBufferSize = RIG_PART - 1;
        break;
    case TOTAL_EXACT:
        open->TotalPrivateDriverDataBufferSize = RIG_PART;
        break;
    case NO_DRIVER:
        open->pResourcePrivateDriverData = NULL;
        break;
    case DRIVER_SHORT:
        open->ResourcePrivateDriverDataSize--;
        break;
    case KEYED_WITHOUT_BUFFER:
        open->KeyedMutexPrivateRuntimeDataSize = 8;
        break;
    default:
        break;
    }
}

static void check_opened(const struct rig_opening *opening, bool bundle)
{
    ROW_CHECK(opening->open.hResource != POISON && opening->open.hResource != 0);
    ROW_CHECK((opening->open.hKeyedMutex != 0) == bundle && opening->open.hKeyedMutex != POISON);
    ROW_CHECK((opening->open.hSyncObject != 0) == bundle && opening->open.hSyncObject != POISON);
    ROW_CHECK(opening->infos[0].hAllocation != POISON && opening->infos[0].PrivateDriverDataSize == RIG_PART);
    ROW_CHECK(opening->infos[0].pPrivateDriverData == opening->total);
    ROW_CHECK(opening->open.TotalPrivateDriverDataBufferSize == RIG_PART);
    ROW_CHECK(opening->runtime[0] == 1 && opening->runtime[RIG_RUNTIME - 1] == RIG_RUNTIME);
    ROW_CHECK(opening->driver[0] == 101 && opening->driver[RIG_DRIVER - 1] == 100 + RIG_DRIVER);
    ROW_CHECK(opening->total[0] == 0 && opening->total[RIG_PART - 1] == RIG_PART - 1);
    ROW_CHECK(opening->runtime[RIG_RUNTIME] == 0xA5 && opening->total[RIG_PART] == 0xA5);
}

/* a: what is opened; b: what is wrong with it. */
static ntf_status open_resource(uint32_t a, uint32_t b)
{
    struct rig_opening opening;
    struct shared shared;
    ntf_status status;

    make_shared(&shared, a);
    if (a == ENDED)
        rig_handle_close(shared.nt);
    rig_opening(&opening, shared.nt, 1);
    spoil(&opening.open, b);
    status = rig_open_resource(&opening); /* has looked that a refusal writes nothing */
    if (status == NTF_STATUS_SUCCESS) {
        check_opened(&opening, a == BUNDLE);
        rig_opening_close(&opening);
    }
    end_shared(&shared, a);
    return status;
}

/* a: what is behind the handle. */
static ntf_status open_mutex(uint32_t a, uint32_t b)
{
    D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE open = { NULL, POISON, NULL, 0 };
    struct shared shared;
    ntf_status status;

    (void)b;
    make_shared(&shared, a);
    if (a == ENDED)
        rig_handle_close(shared.nt);
    open.hNtHandle = shared.nt;
    status = kmt.OpenKeyedMutexFromNtHandle(&open);
    ROW_CHECK(open.hKeyedMutex == POISON);
    end_shared(&shared, a);
    return status;
}

/* With NT sharing there is no global handle, and the bundle's mutex is the one that went in. */
static ntf_status mutex_in_bundle(uint32_t a, uint32_t b)
{
    struct rig_bundle bundle, opened;
    ntf_handle nt;
    ntf_status status;

    (void)b;
    rig_bundle_make(&bundle, a);
    nt = rig_bundle_share(&bundle);
    status = rig_bundle_open(nt, &opened);
    ROW_CHECK(rig_try(opened.mutex, a) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_try(bundle.mutex, a) == NTF_STATUS_TIMEOUT);
    ROW_CHECK(rig_release(opened.mutex, 2, 0) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_try(bundle.mutex, 2) == NTF_STATUS_SUCCESS);
    ROW_CHECK(rig_signal(opened.sync, 8) == NTF_STATUS_SUCCESS);
    ROW_CHECK(ntf_load((ntf_au64 *)(uintptr_t)bundle.value, NTF_ACQUIRE) == 8);
    rig_bundle_destroy(&opened);
    rig_handle_close(nt);
    rig_bundle_destroy(&bundle);
    return status;
}

const struct row rows_resource[] = {
    ROW("1.6.6", "QueryResourceInfoFromNtHandle shared fence", query, FENCE, 0, INVALID_PARAMETER),
    ROW("1.6.7", "OpenKeyedMutexFromNtHandle resource", open_mutex, PLAIN, 0, OBJECT_TYPE_MISMATCH),
    ROW("1.6.1", "QueryResourceInfoFromNtHandle 0", query, ZERO, 0, INVALID_HANDLE),
    ROW("1.6.1", "QueryResourceInfoFromNtHandle closed", query, ENDED, 0, INVALID_HANDLE),
    ROW("1.6.1", "OpenResourceFromNtHandle 0", open_resource, ZERO, SOUND, INVALID_HANDLE),
    ROW("1.6.1", "OpenResourceFromNtHandle closed", open_resource, ENDED, SOUND, INVALID_HANDLE),
    ROW("1.6.1", "OpenKeyedMutexFromNtHandle 0", open_mutex, ZERO, 0, INVALID_HANDLE),
    ROW("1.6.1", "OpenKeyedMutexFromNtHandle closed", open_mutex, ENDED, 0, INVALID_HANDLE),
    ROW("1.6.8", "OpenResourceFromNtHandle event", open_resource, EVENT, SOUND, OBJECT_TYPE_MISMATCH),
    ROW("1.6.8", "OpenResourceFromNtHandle fence", open_resource, FENCE, SOUND, OBJECT_TYPE_MISMATCH),
    ROW("1.6.8", "OpenKeyedMutexFromNtHandle fence", open_mutex, FENCE, 0, OBJECT_TYPE_MISMATCH),
    ROW("1.6.8", "QueryResourceInfoFromNtHandle event", query, EVENT, 0, OBJECT_TYPE_MISMATCH),
    ROW("4.1.12", "mutex in a bundle", mutex_in_bundle, 4, 0, SUCCESS),
    ROW("4.1.12", "ShareObjects mutex alone", share_mutex, 1, 0, INVALID_PARAMETER),

    ROW("6.3.share.3", "ShareObjects keyed mutex, local", share_mutex, 0, 0, INVALID_PARAMETER),
    ROW("6.3.share.3", "ShareObjects keyed mutex, global", share_mutex, 0, 1, INVALID_PARAMETER),
    ROW("6.3.share.3", "ShareObjects keyed mutex with NT sharing", share_mutex, 1, 0, INVALID_PARAMETER),
    ROW("6.3.share.3", "ShareObjects 0, what such a mutex has as global", share_mutex, 1, 1, INVALID_PARAMETER),
    ROW("6.3.share.4", "ShareObjects allocation", share_resource, 0, 0, INVALID_PARAMETER),
    ROW("6.3.share.4", "ShareObjects resource, unshared", share_resource, RESOURCE, 0, INVALID_PARAMETER),
    ROW("6.3.share.4", "ShareObjects resource, shared", share_resource, SHARED_RESOURCE, 0, INVALID_PARAMETER),
    ROW("6.3.share.4", "ShareObjects its global handle", share_resource, SHARED_RESOURCE, 1, INVALID_PARAMETER),
    ROW("6.3.share.5", "ShareObjects resource with NT sharing", share_resource, NT_RESOURCE, 0, SUCCESS),
    ROW("6.3.share.6", "{res,mutex}", share_combination, 0, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{res,sync}", share_combination, 1, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{mutex,sync}", share_combination, 2, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{res,mutex,sync,sync}", share_combination, 3, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{res,sync,mutex}", share_combination, 4, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{mutex,res,sync}", share_combination, 5, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{sync,res,mutex}", share_combination, 6, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{res,res,res}", share_combination, 7, 0, INVALID_PARAMETER),
    ROW("6.3.share.6", "{mutex,mutex,mutex}", share_combination, 8, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{res,mutex,sync}", share_combination, 9, 0, SUCCESS),
    ROW("6.3.share.7", "{res without NT sharing,mutex,sync}", share_combination, 10, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{res,mutex without,sync}", share_combination, 11, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{res,mutex,sync without}", share_combination, 12, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{res,mutex,0}", share_combination, 13, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{0,mutex,sync}", share_combination, 14, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{res,0,sync}", share_combination, 15, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{sync,mutex,sync}", share_combination, 16, 0, INVALID_PARAMETER),
    ROW("6.3.share.7", "{res,sync,sync}", share_combination, 17, 0, INVALID_PARAMETER),
    ROW("6.3.share.18", "OpenNtHandleFromName NULL", look_up_nothing, 0, 0, INVALID_PARAMETER),
    ROW("6.3.share.18", "OpenNtHandleFromName NULL attributes", look_up_nothing, 1, 0, INVALID_PARAMETER),
    ROW("6.3.share.18", "OpenNtHandleFromName unknown", look_up_nothing, 2, 0, OBJECT_NAME_NOT_FOUND),
    ROW("6.3.share.18", "OpenNtHandleFromName access 0", look_up, 0, 0, ACCESS_DENIED),
    ROW("6.3.share.18", "OpenNtHandleFromName bundle, access 0", look_up, 1, 0, ACCESS_DENIED),
    ROW("6.3.share.18", "OpenNtHandleFromName lower-cased", look_up, 0, RIGHTS, SUCCESS),
    ROW("6.3.share.18", "OpenNtHandleFromName GENERIC_ALL", look_up, 0, GENERIC_EVERYTHING, SUCCESS),
    ROW("6.3.share.18", "OpenNtHandleFromName bundle", look_up, 1, GENERIC_EVERYTHING, SUCCESS),
    ROW("6.3.share.19", "QueryResourceInfoFromNtHandle resource", query, PLAIN, 0, SUCCESS),
    ROW("6.3.share.19", "QueryResourceInfoFromNtHandle bundle", query, BUNDLE, 0, SUCCESS),
    ROW("6.3.share.19", "QueryResourceInfoFromNtHandle no device", query, PLAIN, 1, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource no device", open_resource, PLAIN, NO_DEVICE, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource no array", open_resource, PLAIN, NO_ARRAY, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource count 0", open_resource, PLAIN, NO_COUNT, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource other count", open_resource, PLAIN, OTHER_COUNT, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource no runtime buffer", open_resource, PLAIN, NO_RUNTIME, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource runtime size short", open_resource, PLAIN, RUNTIME_SHORT, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource runtime size long", open_resource, BUNDLE, RUNTIME_LONG, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource no total buffer", open_resource, BUNDLE, NO_TOTAL, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource no driver buffer", open_resource, PLAIN, NO_DRIVER, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource driver buffer short", open_resource, PLAIN, DRIVER_SHORT, INVALID_PARAMETER),
    ROW("6.3.share.20", "OpenResource keyed size, no buffer", open_resource, BUNDLE, KEYED_WITHOUT_BUFFER,
        INVALID_PARAMETER),
    ROW("6.3.share.21", "OpenResource total one byte short", open_resource, PLAIN, TOTAL_SHORT, NO_MEMORY),
    ROW("6.3.share.21", "OpenResource bundle, the same", open_resource, BUNDLE, TOTAL_SHORT, NO_MEMORY),
    ROW("6.3.share.21", "OpenResource total exact", open_resource, PLAIN, TOTAL_EXACT, SUCCESS),
    ROW("6.3.share.22", "OpenResource plain resource", open_resource, PLAIN, SOUND, SUCCESS),
    ROW("6.3.share.22", "OpenResource bundle", open_resource, BUNDLE, SOUND, SUCCESS),
    ROW("6.3.share.23", "OpenKeyedMutexFromNtHandle bundle", open_mutex, BUNDLE, 0, OBJECT_TYPE_MISMATCH),
};
const size_t rows_resource_count = NTF_COUNT(rows_resource);
