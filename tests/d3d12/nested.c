// SPDX-License-Identifier: Apache-2.0
// Imports during imports, of the runtime's own and of other threads; and the libraries.
#include <string.h>

#include "scenes.h"
#include "world.h"

struct inner {
    struct ntf_kmt *kmt;
    ntf_handle handle;
    enum ntf_result result;
    struct ntf_trace trace;
    bool in_thread;
};

static DWORD WINAPI import_again(void *context)
{
    struct inner *inner = context;
    struct ntf_object *object;

    inner->result = ntf_kmt_open_handle(inner->kmt, inner->handle, &object, &inner->trace);
    if (inner->result == NTF_OK)
        object->ops->close(object);
    return 0;
}

static void come_back(void *context)
{
    struct inner *inner = context;

    if (!inner->in_thread) {
        import_again(inner);
        return;
    }
    HANDLE thread = CreateThread(NULL, 0, import_again, inner, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

// The runtime translates to Vulkan and imports what it was given, in this thread or in one of its own.
void an_import_of_the_runtimes_own_is_passed_over(void **state)
{
    static const char *const why[] = {"d3d12 C00000BB passed over: it is the runtime that imports",
                                      "d3d12 C00000BB passed over: another import has been here for a second"};
    struct double_control *control = world_fresh();
    struct ntf_kmt *kmt = world_kmt("d3d12");
    struct producer producer;
    (void)state;

    world_fence(&producer, 5);
    for (int i = 0; i < 2; i++) {
        struct inner inner = {.kmt = kmt, .handle = producer.nt, .in_thread = i == 1};

        control->opening = come_back;
        control->context = &inner;
        const long opened = control->opened;
        struct ntf_object *object = world_open(kmt, producer.nt, NULL);
        assert_int_equal(control->opened, opened + 1);
        assert_int_equal(inner.result, NTF_E_WRONG_OBJECT);
        assert_non_null(strstr(world_text(&inner.trace), why[i]));
        control->opening = NULL;
        object->ops->close(object);
        // It is passed over meanwhile, and no longer.
        object = world_open(kmt, producer.nt, NULL);
        object->ops->close(object);
    }
    producer_end(&producer);
    ntf_kmt_close(kmt);
    world_quiet();
}

static void *threads[4];
static struct inner others[4];

static void start_others(void *context)
{
    struct double_control *control = context;

    control->opening = NULL;
    for (int i = 0; i < 4; i++)
        threads[i] = CreateThread(NULL, 0, import_again, &others[i], 0, NULL);
}

// Imports at the same time wait for each other.
void imports_take_turns(void **state)
{
    struct double_control *control = world_fresh();
    struct ntf_kmt *kmt = world_kmt("d3d12");
    struct producer producer;
    (void)state;

    world_fence(&producer, 5);
    for (int i = 0; i < 4; i++)
        others[i] = (struct inner){.kmt = kmt, .handle = producer.nt, .result = NTF_E_FAILED};
    control->opening = start_others;
    control->context = control;
    struct ntf_object *object = world_open(kmt, producer.nt, NULL);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(WaitForSingleObject(threads[i], 60000), WAIT_OBJECT_0);
        CloseHandle(threads[i]);
        if (others[i].result != NTF_OK)
            fail_msg("%s", world_text(&others[i].trace));
    }
    object->ops->close(object);
    producer_end(&producer);
    ntf_kmt_close(kmt);
    world_quiet();
}

void the_libraries_come_and_go(void **state)
{
    struct ntf_kmt *kmt = world_kmt("d3d12");
    struct producer producer;
    (void)state;

    world_fence(&producer, 5);
    world_fresh();
    world_keep(false);
    assert_null(GetModuleHandleW(L"d3d12.dll"));
    struct ntf_object *object = world_open(kmt, producer.nt, NULL);
    assert_non_null(GetModuleHandleW(L"d3d12.dll"));
    object->ops->close(object);
    assert_null(GetModuleHandleW(L"d3d12.dll"));
    assert_null(GetModuleHandleW(L"dxgi.dll"));
    world_keep(true);
    producer_end(&producer);
    ntf_kmt_close(kmt);
}
