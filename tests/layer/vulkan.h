// SPDX-License-Identifier: Apache-2.0
/*
 * The application of the layer's tests: the real loader, a device, and a messenger that takes down
 * what it is told. Messages of the layer begin with "NTF-"; a warning or an error of anybody else,
 * that is of the validation layer below, fails the test in which it came (WORLD_TEST).
 */
#ifndef NTF_TEST_LAYER_VULKAN_H
#define NTF_TEST_LAYER_VULKAN_H

#define VK_NO_PROTOTYPES
#include "ntfence.h"

#include "kernel.h"
#include "ntf_test.h"
#include "os.h"

#define GLOBAL_COMMANDS(X)                                                                         \
    X(CreateInstance)                                                                              \
    X(EnumerateInstanceVersion)
#define INSTANCE_COMMANDS(X)                                                                       \
    X(DestroyInstance)                                                                             \
    X(EnumeratePhysicalDevices)                                                                    \
    X(EnumerateDeviceExtensionProperties)                                                          \
    X(GetPhysicalDeviceProperties)                                                                 \
    X(GetPhysicalDeviceExternalFenceProperties)                                                    \
    X(GetPhysicalDeviceExternalFencePropertiesKHR)                                                 \
    X(CreateDevice)                                                                                \
    X(GetDeviceProcAddr)                                                                           \
    X(CreateDebugUtilsMessengerEXT)                                                                \
    X(DestroyDebugUtilsMessengerEXT)                                                               \
    X(CreateDebugReportCallbackEXT)                                                                \
    X(DestroyDebugReportCallbackEXT)
#define DEVICE_COMMANDS(X)                                                                         \
    X(DestroyDevice)                                                                               \
    X(GetDeviceQueue)                                                                              \
    X(CreateFence)                                                                                 \
    X(DestroyFence)                                                                                \
    X(ResetFences)                                                                                 \
    X(GetFenceStatus)                                                                              \
    X(WaitForFences)                                                                               \
    X(QueueSubmit)                                                                                 \
    X(QueueSubmit2)                                                                                \
    X(QueueSubmit2KHR)                                                                             \
    X(QueueBindSparse)                                                                             \
    X(QueueWaitIdle)                                                                               \
    X(DeviceWaitIdle)                                                                              \
    X(AcquireNextImageKHR)                                                                         \
    X(AcquireNextImage2KHR)                                                                        \
    X(QueuePresentKHR)                                                                             \
    X(GetFenceFdKHR)                                                                               \
    X(ImportFenceFdKHR)                                                                            \
    X(CreateEvent)                                                                                 \
    X(DestroyEvent)                                                                                \
    X(SetEvent)                                                                                    \
    X(CreateCommandPool)                                                                           \
    X(DestroyCommandPool)                                                                          \
    X(AllocateCommandBuffers)                                                                      \
    X(BeginCommandBuffer)                                                                          \
    X(EndCommandBuffer)                                                                            \
    X(CmdWaitEvents)                                                                               \
    X(ImportFenceWin32HandleKHR)                                                                   \
    X(GetFenceWin32HandleKHR)

// Pointers of the loader, of the instance and of the device that were opened last; NULL: there is none.
#define MEMBER(Name) PFN_vk##Name Name;
struct vk {
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
    GLOBAL_COMMANDS(MEMBER)
    INSTANCE_COMMANDS(MEMBER)
    DEVICE_COMMANDS(MEMBER)
};
#undef MEMBER
extern struct vk vk;

struct world {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    VkDebugUtilsMessengerEXT messenger;
};
// The one that tests share.
extern struct world world;

struct world_options {
    uint32_t api_version;       // 0: 1.1
    const void *instance_chain;
    const char *instance_extension, *another_extension; // the second only with the first
    bool no_messenger;
};
void instance_open(const struct world_options *options);
void instance_close(void);
// The extensions end with NULL. Failure fails the test.
VkDevice device_new(const char *const *extensions);
VkDevice device_new_with(const char *const *extensions, const void *chain);
// Fills vk's device members for it.
void device_use(VkDevice device);

// As a group's set-up and tear-down: an instance, and a device with both extensions.
int world_setup(void **state);
int world_teardown(void **state);
// As a test's: forgets the messages; fails if the validation layer has had something to say.
int messages_setup(void **state);
int messages_teardown(void **state);
#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, messages_setup, messages_teardown)

// Since the test began.
unsigned messages_of(const char *code);
const char *messages_last(const char *code); // "" if none came
unsigned messages_foreign(void);
void messages_clear(void);
// In this test foreign messages are wanted, so they are not printed and do not fail it.
void messages_expect_foreign(void);
// For callbacks of the tests' own.
VKAPI_ATTR VkBool32 VKAPI_CALL messages_take(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                             VkDebugUtilsMessageTypeFlagsEXT types,
                                             const VkDebugUtilsMessengerCallbackDataEXT *data,
                                             void *user);

VkFence fence_new(void);
VkFence fence_new_signalled(void);
void fence_free(VkFence fence);
VkResult fence_status(VkFence fence);
VkResult fence_wait(VkFence fence, uint64_t timeout_ns);
void fence_reset(VkFence fence);
// Status and a wait with timeout 0 have to agree.
void fence_expect(VkFence fence, bool signalled);
// An empty submission.
void fence_submit(VkFence fence);

// wait_value 0: without the structure.
VkResult import_by_handle(VkFence fence, ntf_handle handle, VkFenceImportFlags flags, uint64_t wait_value);
VkResult import_by_name(VkFence fence, const char16_t *name, VkFenceImportFlags flags, uint64_t wait_value);

// A queue that is held up by a submission until stuck_release.
void stuck_begin(void);
void stuck_release(void);
void stuck_end(void);

#define MS UINT64_C(1000000)

#endif
