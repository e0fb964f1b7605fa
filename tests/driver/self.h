// SPDX-License-Identifier: Apache-2.0
// The suite of the fake driver itself, over the real loader and without a layer: what its files share.
#ifndef NTF_FAKE_SELF_H
#define NTF_FAKE_SELF_H

#include "../layer/vulkan.h"
#include "base/os/os.h"
#include "fake_driver.h"

extern const struct fake *fake;

#define MORE_COMMANDS(X)                                                                           \
    X(GetDeviceQueue2)                                                                             \
    X(CreateSemaphore)                                                                             \
    X(DestroySemaphore)                                                                            \
    X(GetSemaphoreCounterValue)                                                                    \
    X(WaitSemaphores)                                                                              \
    X(SignalSemaphore)                                                                             \
    X(ResetEvent)                                                                                  \
    X(GetEventStatus)                                                                              \
    X(CmdSetEvent)                                                                                 \
    X(CreateSwapchainKHR)                                                                          \
    X(DestroySwapchainKHR)                                                                         \
    X(GetSwapchainImagesKHR)                                                                       \
    X(RegisterDeviceEventEXT)                                                                      \
    X(RegisterDisplayEventEXT)                                                                     \
    X(ImportSemaphoreWin32HandleKHR)
// Of the shared device, beside those of vk.
#define MEMBER(Name) PFN_vk##Name Name;
struct more {
    MORE_COMMANDS(MEMBER)
};
#undef MEMBER
extern struct more more;
void more_use(VkDevice device);

// Every test begins with the driver as it was loaded, a device that has swapchains, and no violation; it fails if one
// is left that it has not taken.
int self_setup(void **state);
int self_teardown(void **state);
#define SELF_TEST(f) cmocka_unit_test_setup_teardown(f, self_setup, self_teardown)

// A device of its own choice: with all queues, timeline semaphores and synchronization2.
VkDevice open_device(const char *const *extensions);
// Exactly these came, so many times the one word, and are taken.
void expect(const char *word, unsigned count);

// Somebody who is in a call meanwhile.
struct other {
    struct ntf_thread *thread;
    void (*body)(struct other *other);
    VkFence fence;
    VkResult result;
};
void other_start(struct other *other);
void other_end(struct other *other);
// Waits for other->fence for ever.
void other_waits(struct other *other);

VkSemaphore semaphore_new(bool timeline, uint64_t initial);
void semaphore_free(VkSemaphore semaphore);
// One batch with at most one semaphore to wait for and one to signal.
VkResult submit(VkQueue queue, VkSemaphore wait, uint64_t wait_value, VkSemaphore signal, uint64_t signal_value,
                VkFence fence);

extern const struct CMUnitTest fence_tests[], queue_tests[], failure_tests[], present_tests[], other_tests[];
extern const size_t fence_test_count, queue_test_count, failure_test_count, present_test_count, other_test_count;

#endif
