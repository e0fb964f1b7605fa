// SPDX-License-Identifier: Apache-2.0
/*
 * A device that is lost (Vulkan 1.3, "Lost Device"): every command comes back, fences can be destroyed, handles closed;
 * once the loss has been told it is told again; and other devices on the same payloads are as they were. It takes a
 * driver that loses its device when it is told to.
 */
#include "matrix.h"

#include "fake_driver.h"

static const struct fake *fake;
static struct device device;
static struct party lost;

static void begin(void)
{
    fake = fake_find();
    if (!fake)
        skip();
    device_open(&device, first_host());
    lost = (struct party){0};
    site_open(&lost.site, &device, 0);
}

static void end(void)
{
    for (uint32_t i = 0; i < SITE_FENCES; i++)
        device.DestroyFence(device.device, lost.site.fences[i], NULL);
    device_close(&device);
}

static bool may_be(VkResult result)
{
    return result == VK_ERROR_DEVICE_LOST || result == VK_SUCCESS || result == VK_NOT_READY || result == VK_TIMEOUT;
}

// From the first time on: vkGetFenceStatus, vkWaitForFences and submissions have no other answer any more
// (VK_KHR_maintenance5 makes a rule of what drivers do).
static void sticky(struct fence a)
{
    for (int i = 0; i < 3; i++) {
        assert_int_equal(status(a), VK_ERROR_DEVICE_LOST);
        assert_int_equal(wait_for(a, 0), VK_ERROR_DEVICE_LOST);
        assert_int_equal(wait_for(a, UINT64_MAX), VK_ERROR_DEVICE_LOST);
    }
}

static void told_by_a_submission(void **state)
{
    (void)state;
    begin();
    const struct fence source = exportable_fence(exporter, false), a = sharer(source, &lost, import_flags()),
                       b = exportable_fence(&lost, true);
    fake->device_lose(device.device);
    assert_int_equal(try_submit(a, SUBMIT_BATCH), VK_ERROR_DEVICE_LOST);
    sticky(a);
    sticky(b);
    assert_int_equal(try_submit(a, SUBMIT_NOTHING), VK_ERROR_DEVICE_LOST);
    end();
}

// A wait that is under way ends, whatever it is for.
static void wakes_who_waits(void **state)
{
    (void)state;
    begin();
    const struct fence source = exportable_fence(exporter, false), a = sharer(source, &lost, import_flags());
    fake->queue_hold(device.queues[0]);
    assert_int_equal(try_submit(a, SUBMIT_BATCH), VK_SUCCESS);
    await_begin(a);
    fake->device_lose(device.device);
    const VkResult result = party_end(&lost).result;
    assert_true(result == VK_ERROR_DEVICE_LOST || result == VK_SUCCESS);
    assert_true(may_be(status(a)));
    fake->queue_release(device.queues[0]);
    assert_int_equal(try_submit(plain_fence(&lost, false), SUBMIT_BATCH), VK_ERROR_DEVICE_LOST);
    sticky(a);
    end();
}

// Other devices on the payload have lost nothing: they are answered, and their own signals work.
static void others_are_not_lost(void **state)
{
    (void)state;
    begin();
    const struct fence source = exportable_fence(exporter, false), a = sharer(source, &lost, import_flags());
    fake->queue_hold(device.queues[0]);
    assert_int_equal(try_submit(a, SUBMIT_BATCH), VK_SUCCESS);
    expect(source, false);
    fake->device_lose(device.device);
    assert_int_equal(try_submit(plain_fence(&lost, false), SUBMIT_BATCH), VK_ERROR_DEVICE_LOST);
    const VkResult seen = wait_for(source, 10 * MS);
    assert_true(seen == VK_SUCCESS || seen == VK_TIMEOUT);
    fake->queue_release(device.queues[0]);
    end();
    // It is whole without the lost one.
    reset(source);
    expect(source, false);
    const struct fence c = sharer(source, exporter, import_flags());
    submit(c);
    await(source);
    EXPECT_ALL(true, source, c);
}

// Handles can be exported, imported and closed; neither command may say that the device is lost.
static void handles_work_still(void **state)
{
    (void)state;
    begin();
    const struct fence source = exportable_fence(exporter, true), own = exportable_fence(&lost, false),
                       a = plain_fence(&lost, false);
    fake->device_lose(device.device);
    assert_int_equal(try_submit(plain_fence(&lost, false), SUBMIT_BATCH), VK_ERROR_DEVICE_LOST);
    const uint64_t handle = export_handle(source);
    const VkResult imported = try_import(a, handle, NULL, import_flags());
    assert_true(imported == VK_SUCCESS || imported == VK_ERROR_OUT_OF_HOST_MEMORY ||
                imported == VK_ERROR_INVALID_EXTERNAL_HANDLE);
    close_handle(&lost, handle);
    uint64_t exported = 0;
    const VkResult result = try_export(own, &exported);
    assert_true(result == VK_SUCCESS || result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_TOO_MANY_OBJECTS);
    if (result == VK_SUCCESS)
        close_handle(&lost, exported);
    end();
    expect(source, true);
}

int main(int argc, char **argv)
{
    static const struct matrix_case cases[] = {
        CASE(told_by_a_submission, OVER_TYPES | OVER_PERMANENCE),
        CASE(wakes_who_waits, OVER_TYPES | OVER_PERMANENCE),
        CASE(others_are_not_lost, OVER_TYPES | OVER_PERMANENCE),
        CASE(handles_work_still, OVER_TYPES | OVER_PERMANENCE),
    };
    return matrix_main(argc, argv, "conformance-lost", cases, NTF_COUNT(cases));
}
