// SPDX-License-Identifier: Apache-2.0
/*
 * What the suites of this folder share: an application over the fake driver, with the layer between. Each test has a
 * device of its own; at its end nothing is held any more, the device goes, and the driver must not have seen a breach
 * of a rule.
 */
#ifndef NTF_TEST_COMMANDS_RIG_H
#define NTF_TEST_COMMANDS_RIG_H

#include "base/os/os.h"
#include "fake_driver.h"
#include "vulkan.h"

#define MORE_COMMANDS(X)                                                                                               \
    X(CreateSwapchainKHR)                                                                                              \
    X(DestroySwapchainKHR)                                                                                             \
    X(ReleaseSwapchainImagesEXT)                                                                                       \
    X(CreateSemaphore)                                                                                                 \
    X(DestroySemaphore)                                                                                                \
    X(SignalSemaphore)                                                                                                 \
    X(GetDeviceQueue2)                                                                                                 \
    X(RegisterDeviceEventEXT)                                                                                          \
    X(RegisterDisplayEventEXT)
#define MEMBER(Name) PFN_vk##Name Name;
extern struct more {
    MORE_COMMANDS(MEMBER)
} more;
#undef MEMBER

extern const struct fake *fake;

// ---- instances and devices

void rig_instance(void);
void rig_instance_close(void);
struct rig_options {
    const char *const *extensions; // NULL: both of ours, and all of the driver's that have to do with fences
    const void *chain;             // of VkDeviceCreateInfo, in front of the feature synchronization2
    VkDeviceQueueCreateFlags queue_flags;
};
// Two queues of family 0; vk, more and world are this device's then.
VkDevice rig_device(const struct rig_options *options);
void rig_use(VkDevice device);
VkQueue rig_queue(uint32_t index);

// Of a group, and of its tests: a device with rig_options {0}.
int rig_open(void **state);
int rig_close(void **state);
int rig_setup(void **state);
int rig_teardown(void **state);
#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
// Ends the device of the test now.
void rig_end(void);

// ---- what tests do all the time

// A fence into which an object has been imported, to wait for that value.
VkFence imported(const struct kernel_fence *object, VkFenceImportFlags flags, uint64_t value);
// An object of our own kind, by an exportable fence; the handle is the caller's.
VkFence exportable(void);
VkResult export_handle(VkFence fence, HANDLE *handle);

// The first fence of the last call of a command, and what it has for a state in the driver.
VkFence below(const char *command);
unsigned state_of(VkFence fence);
#define EXPECT_OWN(command, fence) assert_true(below(command) == (fence))
// Another fence went down in its place, which is in use no more than that.
void expect_pooled(const char *command, VkFence fence);

VkResult wait_for(uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns);

VkSwapchainKHR swapchain_new(void);
void swapchain_free(VkSwapchainKHR swapchain);
// They give the image back at once (its state does not matter to fences). second: vkAcquireNextImage2KHR.
VkResult acquire(VkSwapchainKHR swapchain, VkFence fence, bool second);
VkResult acquire_for(VkSwapchainKHR swapchain, VkFence fence, uint64_t timeout_ns, bool second);
// An image that is acquired and stays so, until it is presented.
uint32_t image_of(VkSwapchainKHR swapchain);
// Presents one, with that fence.
VkResult present(VkSwapchainKHR swapchain, VkFence fence);

// A thread of the layer that begins to wait in the driver stays there, from lane_hold on; once one does (lane_held), no
// other thread is held up. While it stays, submissions of its queue are delivered by nobody but who asks for them.
void lane_hold(void);
void lane_held(void);
void lane_release(void);

// Takes all fences that the layer has in reserve, by submissions to world.queue, which is held until they are let go.
void pool_use_up(void);
void pool_let_go(void);

// ---- threads: one call each. Assertions are the main thread's.

struct waiter {
    struct ntf_thread *thread;
    VkDevice device; // world's, when it was started
    PFN_vkWaitForFences wait;
    uint32_t count;
    VkFence fences[8];
    VkBool32 all;
    uint64_t timeout_ns;
    VkResult result;
};
void waiter_start(struct waiter *waiter, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns);
VkResult waiter_join(struct waiter *waiter);

#define SECONDS UINT64_C(1000000000)

#endif
