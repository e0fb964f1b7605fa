// SPDX-License-Identifier: Apache-2.0
/*
 * Loading and unloading: the loader opens the layer with each instance and closes it again. A
 * module that has done nothing goes; one that something of the process may still come back to
 * stays, and is not made anew. The argument is the file name of the layer.
 */
#include <stdlib.h>
#include <string.h>

#include "../layer/vulkan.h"
#include "base/os/os.h"
#include "counts.h"
#include "kmt/thunks.h"

enum { WARM = 5 };

static const char *layer;
static const char *const served[] = {VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL};
static const struct world_options quiet = {.no_messenger = true};

static struct kernel_fence object;
static VkFence fence;
static uint64_t value;
static unsigned cycle_count;
static ntf_au32 waiting; // threads that are about to wait

static void open_all(void)
{
    instance_open(&quiet);
    assert_true(is_loaded(layer));
    device_use(device_new(served));
    fence = fence_new();
    assert_int_equal(import_by_handle(fence, object.handle, 0, ++value), VK_SUCCESS);
}

static void close_all(void)
{
    fence_free(fence);
    vk.DestroyDevice(world.device, NULL);
    instance_close();
}

static void cycles(void (*one)(void))
{
    struct counts before = {0};
    kernel_open();
    kernel_make(&object, true, false, 0);
    value = 0;
    for (unsigned i = 0; i < cycle_count; i++) {
        if (i == WARM)
            before = counts_now();
        one();
    }
    counts_same(before, "after as many instances");
    kernel_destroy(&object);
    kernel_close();
}

// ---- first, while nothing holds it: it goes

static void untouched(void **state)
{
    struct counts before = {0};
    (void)state;
    for (unsigned i = 0; i < cycle_count; i++) {
        if (i == WARM)
            before = counts_now();
        instance_open(&quiet);
        assert_true(is_loaded(layer));
        instance_close();
        assert_false(is_loaded(layer));
    }
    counts_same(before, "after as many instances");
}

static void device_without_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WARM; i++) {
        instance_open(&quiet);
        device_use(device_new((const char *const[]){NULL}));
        vk.DestroyDevice(world.device, NULL);
        instance_close();
        assert_false(is_loaded(layer));
    }
}

// ---- then, with something running

static void import_only(void)
{
    open_all();
    close_all();
}

static void imported(void **state)
{
    (void)state;
    cycles(import_only);
}

static void wait_body(void *context)
{
    (void)context;
    ntf_fetch_add(&waiting, 1, NTF_SEQ_CST);
    if (fence_wait(fence, UINT64_MAX) != VK_SUCCESS)
        abort();
}

// The waiter's last step out of the layer and the layer's end follow upon each other.
static void waiter_then_end(void)
{
    struct ntf_thread *thread;
    open_all();
    ntf_init(&waiting, 0);
    assert_int_equal(ntf_thread_start(&thread, "waiter", wait_body, NULL), NTF_OK);
    while (ntf_load(&waiting, NTF_SEQ_CST) == 0)
        os_sleep_ms(0);
    if (value % 2) // asleep by now, or not yet
        os_sleep_ms(2);
    kernel_signal(&object, value);
    ntf_thread_join(thread);
    close_all();
}

static void waiter_just_gone(void **state)
{
    (void)state;
    cycles(waiter_then_end);
}

// Nobody has waited: the lane's thread delivers, or is stopped at it.
static void submit_then_end(void)
{
    open_all();
    fence_submit(fence);
    assert_int_equal(vk.DeviceWaitIdle(world.device), VK_SUCCESS);
    close_all();
    assert_true(kernel_value(&object) == value);
}

static void bridge_has_run(void **state)
{
    (void)state;
    cycles(submit_then_end);
}

// ---- soft by itself

static struct ntf_library *soft_open(struct ntf_kmt_thunks *calls)
{
    char path[1024];
    struct ntf_library *library;
    assert_true(ntf_os_getenv("NTFENCE_D3DKMT", path, sizeof path) > 0);
    library = ntf_library_open_path(path);
    assert_non_null(library);
#define RESOLVE(Name, params, args, need)                                                          \
    {                                                                                              \
        void (*symbol)(void) = ntf_library_symbol(library, "D3DKMT" #Name);                        \
        memcpy(&calls->Name, &symbol, sizeof symbol);                                              \
    }
    NTF_KMT_THUNKS(RESOLVE)
#undef RESOLVE
    return library;
}

static D3DKMT_HANDLE soft_device(const struct ntf_kmt_thunks *calls)
{
    D3DKMT_ADAPTERINFO info = {0};
    D3DKMT_ENUMADAPTERS2 list = {.NumAdapters = 1, .pAdapters = &info};
    D3DKMT_CREATEDEVICE create = {0};
    assert_int_equal(calls->EnumAdapters2(&list), NTF_STATUS_SUCCESS);
    create.hAdapter = info.hAdapter;
    assert_int_equal(calls->CreateDevice(&create), NTF_STATUS_SUCCESS);
    return create.hDevice;
}

// The library is closed with a wait under way; another copy signals, and the event is set.
static void async_in_flight(void **state)
{
    const uint64_t target = 1;
    const ntf_handle event = event_make();
    struct ntf_kmt_thunks calls;
    struct ntf_library *library = soft_open(&calls);
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create = {
        .hDevice = soft_device(&calls),
        .Info = {.Type = D3DDDI_MONITORED_FENCE,
                 .Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING}};
    D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {.hDevice = create.hDevice,
                                                       .ObjectCount = 1,
                                                       .ObjectHandleArray = &create.hSyncObject,
                                                       .FenceValueArray = &target,
                                                       .hAsyncEvent = event};
    (void)state;
    assert_int_equal(calls.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    memset(&object, 0, sizeof object);
    assert_int_equal(calls.ShareObjects(1, &create.hSyncObject, NULL, D3DDDI_SYNC_OBJECT_ALL_ACCESS,
                                        &object.handle),
                     NTF_STATUS_SUCCESS);
    assert_int_equal(calls.WaitForSynchronizationObjectFromCpu(&wait), NTF_STATUS_SUCCESS);
    ntf_library_close(library);
    value = 0;
    open_all();
    fence_submit(fence);
    assert_true(event_await(event));
    close_all();
    os_handle_close(object.handle);
    os_handle_close(event);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 1;
    layer = argv[1];
    cycle_count = counts_exact ? 50 : 12;
    // In this order: once held, the module stays.
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(untouched),        cmocka_unit_test(device_without_it),
        cmocka_unit_test(imported),         cmocka_unit_test(waiter_just_gone),
        cmocka_unit_test(bridge_has_run),   cmocka_unit_test(async_in_flight),
    };
    return ntf_test_run("resources-unload", tests, NTF_COUNT(tests), NULL, NULL);
}
