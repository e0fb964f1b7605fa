/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-test of one device. A fence object is made and shared as another program would do it, with D3DKMT alone;
 * its handle is imported into a VkFence; the CPU signals it, first while nobody waits, then while this thread does.
 * Then two VkFences: one is made exportable, the other imports its handle, a submission signals the first and the
 * second is waited for. Every wait has a deadline.
 */
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "info/device.h"
#include "info/words.h"
#include "kmt/kmt.h"
#include "kmt/os/system.h"

#define PATIENCE_NS UINT64_C(5000000000) /* for what has to come */
#define BRIEFLY_NS UINT64_C(10000000)    /* for what must not */
#define HEAD_START_NS UINT64_C(5000000)  /* so that the waiter sleeps when the signal comes */

#define COMMANDS(X)                                                                                                    \
    X(DestroyDevice) X(GetDeviceQueue) X(CreateFence) X(DestroyFence) X(ResetFences) X(GetFenceStatus)                 \
    X(WaitForFences) X(QueueSubmit) X(QueueWaitIdle) X(ImportFenceWin32HandleKHR) X(GetFenceWin32HandleKHR)

struct test {
    const struct info_device *device;
    struct info_node *steps;
    VkDevice handle;
    VkQueue queue;
    struct ntf_kmt *kmt;
    bool failed;
#define X(Name) PFN_vk##Name Name;
    COMMANDS(X)
#undef X
};

/* ---- steps ---- */

/* Takes down one step. True: it went as it should. */
static bool step(struct test *test, const char *what, uint64_t began_ns, VkResult result, VkResult expected)
{
    const struct info_words took = info_time_words(ntf_os_now_ns() - began_ns);
    const struct info_words got = info_result_words(result);
    const bool right = result == expected;
    struct info_node *entry = info_entry(test->steps, "%-8s %-58s %s, %s", right ? "ok" : "FAILED", what, got.text,
                                         took.text);

    info_text(entry, "step", NULL, "%s", what);
    info_flag(entry, "ok", NULL, right);
    info_text(entry, "result", NULL, "%s", got.text);
    info_number(entry, "nanoseconds", NULL, ntf_os_now_ns() - began_ns);
    if (!right) {
        info_note(entry, "expected was %s", info_result_words(expected).text);
        info_problem("%s: %s: %s instead of %s", test->device->properties.deviceName, what, got.text,
                     info_result_words(expected).text);
        test->failed = true;
    }
    return right;
}

/* The same for what is not Vulkan's; why is told if it failed. */
static bool kernel_step(struct test *test, const char *what, uint64_t began_ns, enum ntf_result result, const char *why)
{
    const struct info_words took = info_time_words(ntf_os_now_ns() - began_ns);
    struct info_node *entry = info_entry(test->steps, "%-8s %-58s %s, %s", result == NTF_OK ? "ok" : "FAILED", what,
                                         ntf_result_name(result), took.text);

    info_text(entry, "step", NULL, "%s", what);
    info_flag(entry, "ok", NULL, result == NTF_OK);
    info_text(entry, "result", NULL, "%s", ntf_result_name(result));
    info_number(entry, "nanoseconds", NULL, ntf_os_now_ns() - began_ns);
    if (result != NTF_OK) {
        info_note(entry, "%s", why);
        info_problem("%s: %s: %s", test->device->properties.deviceName, what, ntf_result_name(result));
        test->failed = true;
    }
    return result == NTF_OK;
}

static void not_possible(struct test *test, const char *what, const char *why)
{
    struct info_node *entry = info_entry(test->steps, "%-8s %-58s %s", "not done", what, why);

    info_text(entry, "step", NULL, "%s", what);
    info_text(entry, "not_done", NULL, "%s", why);
}

/* ---- the device ---- */

static bool make_device(struct test *test, const struct info_instance *instance)
{
    const float priority = 1;
    const VkDeviceQueueCreateInfo queue = { .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1,
                                            .pQueuePriorities = &priority };
    const struct info_device *device = test->device;
    const char *names[3];
    VkDeviceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1,
                                .pQueueCreateInfos = &queue, .ppEnabledExtensionNames = names };
    const uint64_t began_ns = ntf_os_now_ns();
    PFN_vkGetDeviceProcAddr get;
    VkResult result;

    names[info.enabledExtensionCount++] = VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME;
    if (device->fence_win32)
        names[info.enabledExtensionCount++] = VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME;
    if (device->needs_base)
        names[info.enabledExtensionCount++] = VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME;
    result = INFO_GET(instance->loader, instance->handle, CreateDevice)(device->handle, &info, NULL, &test->handle);
    if (!step(test, "make a device with the extensions", began_ns, result, VK_SUCCESS))
        return false;
    get = INFO_GET(instance->loader, instance->handle, GetDeviceProcAddr);
#define X(Name) test->Name = (PFN_vk##Name)get(test->handle, "vk" #Name);
    COMMANDS(X)
#undef X
    test->GetDeviceQueue(test->handle, 0, 0, &test->queue);
    return true;
}

static VkFence make_fence(struct test *test, const void *next)
{
    const VkFenceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = next };
    const uint64_t began_ns = ntf_os_now_ns();
    VkFence fence = VK_NULL_HANDLE;
    const VkResult result = test->CreateFence(test->handle, &info, NULL, &fence);

    return step(test, next ? "make an exportable VkFence" : "make a VkFence", began_ns, result, VK_SUCCESS)
               ? fence : VK_NULL_HANDLE;
}

static VkResult wait_for(struct test *test, VkFence fence, uint64_t timeout_ns)
{
    return test->WaitForFences(test->handle, 1, &fence, VK_TRUE, timeout_ns);
}

static bool import(struct test *test, VkFence fence, ntf_handle handle, const void *next)
{
    const VkImportFenceWin32HandleInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR, .pNext = next, .fence = fence,
        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, .handle = handle
    };
    const uint64_t began_ns = ntf_os_now_ns();
    const VkResult result = test->ImportFenceWin32HandleKHR(test->handle, &info);

    return step(test, "import its handle into a VkFence", began_ns, result, VK_SUCCESS);
}

/* ---- an object of the kernel's ---- */

struct signaller {
    struct ntf_object *object;
    uint64_t value, at_ns; /* at_ns: written before the signal */
    enum ntf_result result;
};

static void signal_soon(void *context)
{
    struct signaller *signaller = context;
    const uint64_t due_ns = ntf_deadline_after(ntf_os_now_ns(), HEAD_START_NS);
    ntf_au32 nobody;

    ntf_init(&nobody, (uint32_t)0);
    while (!ntf_deadline_passed(due_ns, ntf_os_now_ns()))
        (void)ntf_os_park(&nobody, 0, due_ns);
    signaller->at_ns = ntf_os_now_ns();
    signaller->result = signaller->object->ops->signal(signaller->object, signaller->value, NULL);
}

/* The fence waits for the value after the one that it has been waited for. */
static void wake_a_sleeper(struct test *test, VkFence fence, struct ntf_object *object)
{
    struct signaller signaller = { .object = object, .value = 3 };
    struct ntf_thread *thread;
    uint64_t began_ns, returned_ns;
    VkResult result;

    if (ntf_thread_start(&thread, "ntf-signaller", signal_soon, &signaller) != NTF_OK) {
        not_possible(test, "wake a sleeping waiter", "no thread could be started");
        return;
    }
    began_ns = ntf_os_now_ns();
    result = wait_for(test, fence, PATIENCE_NS);
    returned_ns = ntf_os_now_ns();
    ntf_thread_join(thread);
    if (step(test, "wait while another thread signals it", began_ns, result, VK_SUCCESS))
        info_note(test->steps->last, "it returned %s after the signal",
                  info_time_words(returned_ns > signaller.at_ns ? returned_ns - signaller.at_ns : 0).text);
}

static void wait_for_object(struct test *test, struct ntf_object *object, ntf_handle handle)
{
    const NtfenceImportValueInfo value = { .sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO, .waitValue = 2 };
    const VkFence fence = make_fence(test, NULL);
    uint64_t began_ns;

    if (fence && import(test, fence, handle, &value)) {
        began_ns = ntf_os_now_ns();
        (void)step(test, "wait for value 2 while it is at 0: no early return", began_ns,
                   wait_for(test, fence, BRIEFLY_NS), VK_TIMEOUT);
        began_ns = ntf_os_now_ns();
        (void)kernel_step(test, "signal value 2 from the CPU", began_ns, object->ops->signal(object, 2, NULL), "");
        began_ns = ntf_os_now_ns();
        (void)step(test, "wait for it", began_ns, wait_for(test, fence, PATIENCE_NS), VK_SUCCESS);
        (void)step(test, "its status", began_ns, test->GetFenceStatus(test->handle, fence), VK_SUCCESS);
        began_ns = ntf_os_now_ns();
        (void)step(test, "reset: it now waits for value 3", began_ns, test->ResetFences(test->handle, 1, &fence),
                   VK_SUCCESS);
        wake_a_sleeper(test, fence, object);
    }
    if (fence)
        test->DestroyFence(test->handle, fence, NULL);
}

static void test_import(struct test *test)
{
    const char *what = "make and share a fence with D3DKMT alone";
    const uint64_t began_ns = ntf_os_now_ns();
    struct ntf_object *object = NULL;
    struct ntf_trace trace = { .count = 0 };
    ntf_status status = NTF_STATUS_SUCCESS;
    ntf_handle handle = NULL;
    struct ntf_text why;
    enum ntf_result result = ntf_kmt_create(test->kmt, 0, &object, &trace);

    if (result == NTF_OK) {
        result = object->ops->share(object, NULL, NTF_ACCESS_ALL, &handle, &status);
        ntf_trace_add(&trace, "share", status, "");
    }
    ntf_text_init(&why);
    ntf_trace_describe(&trace, &why);
    if (kernel_step(test, what, began_ns, result, why.bytes)) {
        wait_for_object(test, object, handle);
        ntf_system_close_handle(handle);
    }
    if (object)
        object->ops->close(object);
}

/* ---- from one VkFence to another ---- */

static void signal_one_wait_for_other(struct test *test, VkFence one, VkFence other)
{
    uint64_t began_ns = ntf_os_now_ns();

    (void)step(test, "the other's status before anything", began_ns, test->GetFenceStatus(test->handle, other),
               VK_NOT_READY);
    began_ns = ntf_os_now_ns();
    if (!step(test, "submit, to signal the first", began_ns, test->QueueSubmit(test->queue, 0, NULL, one), VK_SUCCESS))
        return;
    began_ns = ntf_os_now_ns();
    (void)step(test, "wait for the other", began_ns, wait_for(test, other, PATIENCE_NS), VK_SUCCESS);
    (void)test->QueueWaitIdle(test->queue);
    began_ns = ntf_os_now_ns();
    (void)step(test, "reset the first", began_ns, test->ResetFences(test->handle, 1, &one), VK_SUCCESS);
    began_ns = ntf_os_now_ns();
    (void)step(test, "the other is unsignalled, too", began_ns, test->GetFenceStatus(test->handle, other),
               VK_NOT_READY);
}

static void test_export(struct test *test)
{
    const VkExportFenceCreateInfo exportable = { .sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                                 .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT };
    VkFence one = make_fence(test, &exportable), other = one ? make_fence(test, NULL) : VK_NULL_HANDLE;
    VkFenceGetWin32HandleInfoKHR info = { .sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR, .fence = one,
                                          .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT };
    uint64_t began_ns = ntf_os_now_ns();
    ntf_handle handle = NULL;

    if (other && step(test, "export its handle", began_ns, test->GetFenceWin32HandleKHR(test->handle, &info, &handle),
                      VK_SUCCESS)) {
        if (import(test, other, handle, NULL))
            signal_one_wait_for_other(test, one, other);
        ntf_system_close_handle(handle);
    }
    if (other)
        test->DestroyFence(test->handle, other, NULL);
    if (one)
        test->DestroyFence(test->handle, one, NULL);
}

/* ---- all of it ---- */

static void run(struct test *test, const struct info_instance *instance, const struct ntf_settings *settings)
{
    const struct ntf_kmt_config config = { .provider = settings->provider, .d3dkmt = settings->d3dkmt,
                                           .rungs = settings->rungs, .luid_valid = test->device->luid_valid,
                                           .luid = test->device->luid };
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    const uint64_t began_ns = ntf_os_now_ns();
    const enum ntf_result opened = ntf_kmt_open(&config, &test->kmt, verdicts);
    struct ntf_text why;

    ntf_text_init(&why);
    ntf_kmt_describe_verdicts(verdicts, &why);
    if (!kernel_step(test, "open D3DKMT, as another program would", began_ns, opened, why.bytes))
        return;
    if (make_device(test, instance)) {
        if (test->ImportFenceWin32HandleKHR)
            test_import(test);
        else
            (void)step(test, "find vkImportFenceWin32HandleKHR", began_ns, VK_ERROR_EXTENSION_NOT_PRESENT, VK_SUCCESS);
        if (test->GetFenceWin32HandleKHR && test->ImportFenceWin32HandleKHR)
            test_export(test);
        else
            not_possible(test, "export a handle", "VK_KHR_external_fence_win32 is not offered for this device");
        test->DestroyDevice(test->handle, NULL);
    }
    ntf_kmt_close(test->kmt);
}

bool info_self_test(struct info_node *entry, const struct info_instance *instance, const struct info_device *device,
                    const struct ntf_settings *settings)
{
    struct info_node *node = info_object(entry, "self_test", "Self-test through the layer");
    struct test test = { .device = device };

    test.steps = info_list(node, "steps", "");
    info_doing("the self-test on %s", device->properties.deviceName);
    run(&test, instance, settings);
    info_flag(node, "passed", "passed", !test.failed);
    return !test.failed;
}
