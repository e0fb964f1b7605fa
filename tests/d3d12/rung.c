// SPDX-License-Identifier: Apache-2.0
/*
 * The rung of the Direct3D 12 runtime, over doubles of d3d12.dll and dxgi.dll that run.py has put into the system
 * folder. The variable NTF_TEST_SCENE says which are there.
 */
#include <string.h>

#include "kmt/d3d12.h"
#include "scenes.h"
#include "world.h"

#define E_TEST ((HRESULT)0x8000ABCD)

// ---- Opening

#define BEFORE "handle 00000000 Section | CreateDXGIFactory1 00000000 | IDXGIFactory4::EnumAdapterByLuid 00000000 | "
#define MADE   BEFORE "D3D12CreateDevice 00000000 | "

static void opens_by_handle(void **state)
{
    struct double_control *control = world_fresh();
    struct ntf_kmt *kmt = world_kmt("d3d12");
    struct producer producer;
    struct ntf_trace trace;
    (void)state;

    world_fence(&producer, 5);
    struct ntf_object *object = world_open(kmt, producer.nt, &trace);
    assert_string_equal(world_text(&trace), MADE "ID3D12Device::OpenSharedHandle 00000000");
    assert_int_equal(ntf_object_value(object), 5);
    assert_int_equal(object->kind, NTF_OBJECT_MONITORED);
    assert_int_equal(control->devices, 1);
    assert_int_equal(control->fences, 1);
    // The adapter is the kernel's, and is let go of, as is the list that it was found in.
    assert_int_equal(world_dxgi()->luid.LowPart, 0x4E46);
    assert_int_equal(world_dxgi()->adapters, 0);
    assert_int_equal(world_dxgi()->factories, 0);
    object->ops->close(object);
    world_quiet();
    producer_end(&producer);
    ntf_kmt_close(kmt);
}

static void a_device_serves_all_of_its_adapter(void **state)
{
    struct double_control *control = world_fresh();
    struct ntf_kmt *kmt = world_kmt("d3d12");
    struct producer producer;
    struct ntf_object *objects[3];
    (void)state;

    world_fence(&producer, 5);
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < 3; i++)
            objects[i] = world_open(kmt, producer.nt, NULL);
        assert_int_equal(control->made, round);
        assert_int_equal(control->fences, 3);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(control->devices, 1);
            objects[i]->ops->close(objects[i]);
        }
        world_quiet();
    }
    producer_end(&producer);
    ntf_kmt_close(kmt);
}

// What refuses, what the trace then ends with, and the result.
struct refusal {
    HRESULT factory, by_luid, on_adapter, first, software, open;
    bool no_object;
    enum ntf_result result;
    const char *text;
};

static const struct refusal refusals[] = {
    {.factory = E_TEST, .result = NTF_OK,
     .text = "CreateDXGIFactory1 8000ABCD | D3D12CreateDevice, first adapter 00000000 | "
             "ID3D12Device::OpenSharedHandle 00000000"},
    {.by_luid = E_TEST, .result = NTF_OK,
     .text = "IDXGIFactory4::EnumAdapterByLuid 8000ABCD | D3D12CreateDevice, first adapter 00000000 | "
             "ID3D12Device::OpenSharedHandle 00000000"},
    {.on_adapter = E_TEST, .result = NTF_OK,
     .text = "D3D12CreateDevice 8000ABCD | D3D12CreateDevice, first adapter 00000000 | "
             "ID3D12Device::OpenSharedHandle 00000000"},
    {.by_luid = E_TEST, .first = E_TEST, .result = NTF_OK,
     .text = "D3D12CreateDevice, first adapter 8000ABCD | IDXGIFactory4::EnumWarpAdapter 00000000 | "
             "D3D12CreateDevice, software adapter 00000000 | ID3D12Device::OpenSharedHandle 00000000"},
    {.on_adapter = E_TEST, .first = E_TEST, .result = NTF_E_WRONG_OBJECT,
     .text = "D3D12CreateDevice, software adapter 8000ABCD"},
    {.first = E_TEST, .on_adapter = E_TEST, .software = E_TEST, .result = NTF_E_WRONG_OBJECT,
     .text = "IDXGIFactory4::EnumWarpAdapter 8000ABCD"},
    {.factory = E_TEST, .first = E_TEST, .result = NTF_E_WRONG_OBJECT,
     .text = "D3D12CreateDevice, first adapter 8000ABCD"},
    {.open = E_FAIL, .result = NTF_E_FAILED, .text = "ID3D12Device::OpenSharedHandle 80004005"},
    {.open = E_INVALIDARG, .result = NTF_E_WRONG_OBJECT, .text = "ID3D12Device::OpenSharedHandle 80070057"},
    {.open = E_HANDLE, .result = NTF_E_WRONG_OBJECT, .text = "ID3D12Device::OpenSharedHandle 80070006"},
    {.open = E_NOINTERFACE, .result = NTF_E_WRONG_OBJECT, .text = "ID3D12Device::OpenSharedHandle 80004002"},
    {.open = E_NOTIMPL, .result = NTF_E_UNSUPPORTED, .text = "ID3D12Device::OpenSharedHandle 80004001"},
    {.open = E_ACCESSDENIED, .result = NTF_E_ACCESS_DENIED, .text = "ID3D12Device::OpenSharedHandle 80070005"},
    {.open = E_OUTOFMEMORY, .result = NTF_E_NO_MEMORY, .text = "ID3D12Device::OpenSharedHandle 8007000E"},
    {.open = (HRESULT)0x887A0005, .result = NTF_E_FAILED, .text = "ID3D12Device::OpenSharedHandle 887A0005"},
    {.no_object = true, .result = NTF_E_WRONG_OBJECT,
     .text = "ID3D12Device::OpenSharedHandle 00000000 success without an object"},
};

static void refuse_one(struct ntf_kmt *kmt, ntf_handle handle, const struct refusal *refusal)
{
    struct double_control *control = world_fresh();
    struct ntf_object *object = (struct ntf_object *)(uintptr_t)16;
    struct ntf_trace trace;

    world_dxgi()->factory = refusal->factory;
    world_dxgi()->by_luid = refusal->by_luid;
    world_dxgi()->software = refusal->software;
    control->create_on_adapter = refusal->on_adapter;
    control->create_first = refusal->first;
    control->open = refusal->open;
    control->no_object = refusal->no_object;
    const enum ntf_result result = ntf_kmt_open_handle(kmt, handle, &object, &trace);
    const char *text = world_text(&trace), *end = text + strlen(text) - strlen(refusal->text);
    if (result != refusal->result || end < text || strcmp(end, refusal->text) != 0)
        fail_msg("%s: %s; expected %s: %s", ntf_result_name(result), text, ntf_result_name(refusal->result),
                 refusal->text);
    if (result == NTF_OK)
        object->ops->close(object);
    else
        assert_ptr_equal(object, (struct ntf_object *)(uintptr_t)16);
    world_quiet();
}

static void every_refusal_has_its_reason_and_leaves_nothing(void **state)
{
    struct ntf_kmt *kmt = world_kmt("d3d12");
    struct producer producer;
    size_t handles = 0;
    (void)state;

    world_fence(&producer, 5);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < NTF_COUNT(refusals); i++)
            refuse_one(kmt, producer.nt, &refusals[i]);
        if (round == 1)
            handles = ntf_test_open_handles();
    }
    ntf_test_until_handles(handles);
    producer_end(&producer);
    ntf_kmt_close(kmt);
}

// Unless it is named: a runtime is not started for a handle that is no fence of the kernel's.
static void asks_for_fences_alone(void **state)
{
    struct double_control *control = world_fresh();
    static const char *const rungs[] = {"", "auto", "monitored"};
    const HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    struct ntf_object *object;
    struct ntf_trace trace;
    (void)state;

    // The rung alone, as it is behind kernels that say nothing of the type.
    struct ntf_kmt unnamed = {.provider = NTF_PROVIDER_LIBRARY};
    struct ntf_climb climb = {.kmt = &unnamed, .handle = event, .wanted = NTF_WANT_ANY, .trace = &trace};
    trace.count = 0;
    assert_int_equal(ntf_d3d12_open(&climb), NTF_CLIMB_NEXT);
    assert_int_equal(trace.count, 0);
    for (size_t i = 0; i < NTF_COUNT(rungs); i++) {
        struct ntf_kmt *kmt = world_kmt(rungs[i]);

        assert_int_not_equal(ntf_kmt_open_handle(kmt, event, &object, &trace), NTF_OK);
        assert_null(strstr(world_text(&trace), "3D12"));
        ntf_kmt_close(kmt);
    }
    struct ntf_kmt *kmt = world_kmt("d3d12");
    assert_int_equal(control->made, 0);
    assert_int_equal(ntf_kmt_open_handle(kmt, event, &object, &trace), NTF_E_WRONG_OBJECT);
    assert_non_null(strstr(world_text(&trace), "ID3D12Device::OpenSharedHandle 80070057"));
    // Behind a kernel that says that it is of another type, it is not asked although it is named.
    ntf_kmt_close(kmt);
    kmt = world_kmt("monitored,d3d12");
    const long opened = control->opened;
    assert_int_equal(ntf_kmt_open_handle(kmt, event, &object, &trace), NTF_E_WRONG_OBJECT);
    assert_int_equal(control->opened, opened);
    ntf_kmt_close(kmt);
    CloseHandle(event);
    world_quiet();
}

// ---- Without doubles that do what they should

static void refused_with(const char *reason)
{
    struct ntf_object *object;
    struct producer producer;
    struct ntf_trace trace;
    size_t handles = 0;

    world_fence(&producer, 5);
    struct ntf_kmt *kmt = world_kmt("d3d12");
    for (int i = 0; i < 12; i++) { // ten that leave one each are more than a thread could be late with
        if (i == 2)
            handles = ntf_test_open_handles();
        assert_int_equal(ntf_kmt_open_handle(kmt, producer.nt, &object, &trace), NTF_E_WRONG_OBJECT);
        assert_string_equal(world_text(&trace), reason);
    }
    ntf_test_until_handles(handles);
    ntf_kmt_close(kmt);
    producer_end(&producer);
}

static void says_that_there_is_no_library(void **state)
{
    (void)state;
    refused_with("handle 00000000 Section | d3d12.dll: D3D12CreateDevice C0000002 no such library");
}

static void says_that_nothing_is_exported(void **state)
{
    (void)state;
    refused_with("handle 00000000 Section | d3d12.dll: D3D12CreateDevice C0000002 not exported");
}

// Whatever a runtime that cannot share answers: no crash, no object, and its words in the trace.
static void another_runtime_refuses(void **state)
{
    struct ntf_object *object = NULL;
    struct producer producer;
    struct ntf_trace trace;
    (void)state;

    world_fence(&producer, 5);
    struct ntf_kmt *kmt = world_kmt("d3d12");
    assert_int_not_equal(ntf_kmt_open_handle(kmt, producer.nt, &object, &trace), NTF_OK);
    print_message("%s\n", world_text(&trace));
    assert_non_null(strstr(world_text(&trace), "3D12"));
    assert_null(object);
    ntf_kmt_close(kmt);
    producer_end(&producer);
}

static const struct CMUnitTest whole[] = {
    cmocka_unit_test(opens_by_handle),
    cmocka_unit_test(a_device_serves_all_of_its_adapter),
    cmocka_unit_test(every_refusal_has_its_reason_and_leaves_nothing),
    cmocka_unit_test(asks_for_fences_alone),
    cmocka_unit_test(another_process_wakes_a_wait),
    cmocka_unit_test(early_ends_do_not_pile_up),
    cmocka_unit_test(a_look_sees_the_value_of_the_moment),
    cmocka_unit_test(another_process_sees_a_signal),
    cmocka_unit_test(a_refused_signal_is_told),
    cmocka_unit_test(a_wait_ends_without_the_event),
    cmocka_unit_test(a_wait_ends_without_a_bell),
    cmocka_unit_test(removal_ends_every_wait),
    cmocka_unit_test(shares_again),
    cmocka_unit_test(an_import_of_the_runtimes_own_is_passed_over),
    cmocka_unit_test(imports_take_turns),
    cmocka_unit_test(the_libraries_come_and_go),
};
static const struct CMUnitTest missing[] = {cmocka_unit_test(says_that_there_is_no_library)};
static const struct CMUnitTest bare[] = {cmocka_unit_test(says_that_nothing_is_exported)};
static const struct CMUnitTest own[] = {cmocka_unit_test(another_runtime_refuses)};

int main(int argc, char **argv)
{
    char scene[32] = "";

    if (ntf_test_role(argc, argv))
        return world_peer_main();
    GetEnvironmentVariableA("NTF_TEST_SCENE", scene, sizeof scene);
    if (strcmp(scene, "missing") == 0)
        return ntf_test_run("d3d12-missing", missing, NTF_COUNT(missing), NULL, NULL);
    if (strcmp(scene, "bare") == 0)
        return ntf_test_run("d3d12-bare", bare, NTF_COUNT(bare), NULL, NULL);
    if (strcmp(scene, "own") == 0)
        return ntf_test_run("d3d12-own", own, NTF_COUNT(own), NULL, NULL);
    return ntf_test_run("d3d12-rung", whole, NTF_COUNT(whole), NULL, NULL);
}
