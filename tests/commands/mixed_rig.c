// SPDX-License-Identifier: Apache-2.0
#include "mixed.h"

struct kernel_fence object;
VkFence import;
uint64_t target;

int mixed_first_setup(void **state)
{
    if (rig_setup(state))
        return -1;
    kernel_make(&object, true, false, 0);
    target = 1;
    import = imported(&object, 0, target);
    return 0;
}

int mixed_teardown(void **state)
{
    fence_free(import);
    kernel_destroy(&object);
    return rig_teardown(state);
}

void raise_import(void)
{
    kernel_signal(&object, target);
}
void lower_import(void)
{
    fence_expect(import, true);
    fence_reset(import);
    target++;
}

void make_mixed(void)
{
    VkFence plain = fence_new();
    const VkFence both[] = {import, plain};

    assert_int_equal(wait_for(2, both, VK_FALSE, 1), VK_TIMEOUT); // however short, if it may wait at all
    fence_free(plain);
    fake->calls_clear();
}

int mixed_setup(void **state)
{
    if (mixed_first_setup(state))
        return -1;
    make_mixed();
    return 0;
}

void stand_in_submit(VkFence fence)
{
    fence_submit(fence);
    expect_pooled("vkQueueSubmit", fence);
}
