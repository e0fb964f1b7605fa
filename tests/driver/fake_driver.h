// SPDX-License-Identifier: Apache-2.0
/*
 * The fake driver: an installable client driver without a GPU, loaded by the real loader, that keeps to Vulkan's rules
 * for fences, queues and semaphores to the letter, does what a test tells it, and takes down every breach of a rule
 * that it sees from below (a violation). A run that has violations has failed.
 *
 *     const struct fake *fake = fake_find();      // NULL: this run is over another driver
 *     fake->queue_hold(world.queue);
 *     fence_submit(fence);                        // pending until
 *     fake->queue_release(world.queue);
 *     fake->order("vkQueueSubmit", 1, 1, VK_ERROR_OUT_OF_DEVICE_MEMORY);
 *     assert_int_equal(vk.QueueSubmit(...), VK_ERROR_OUT_OF_DEVICE_MEMORY);
 *     assert_int_equal(fake->violations(), 0);
 *
 * Handles are the driver's own: with a layer that wraps them (validation) between, those of fences and swapchains are
 * not what the application has. Devices and queues are never wrapped. NULL means all of them, also those still to come.
 * All of this is for the whole process, may be called at any time from any thread and from callbacks, also before there
 * is an instance, and stays as it was set when instances and devices go.
 *
 * In a suite's meson.build (tests/driver/meson.build has these): dependencies: layer_test_dep, which has fake_find;
 * env: fake_env for the driver alone, fake_layer_env with the layer over it; depends: fake_driver. No suite has to
 * sleep: what must not have happened yet is held, and who has to be in a call is awaited. A group whose tear-down is
 * world_teardown, and a WORLD_TEST, fail by themselves when there were violations.
 *
 * What it lists: Vulkan 1.3; two physical devices in one group; one family of queues (graphics, compute, transfer,
 * sparse) with 2 queues, one (compute) with 1; the extensions of extensions.h. Not listed unless asked for are
 * VK_KHR_external_fence_win32, VK_KHR_external_semaphore_win32, VK_KHR_maintenance5 and
 * VK_KHR_internally_synchronized_queues.
 *
 * Variables, read when the driver is loaded; lists are separated by commas:
 *   NTF_FAKE_EXTENSIONS  +VK_KHR_external_fence_win32,-VK_KHR_swapchain
 *   NTF_FAKE_API         1.0, 1.1, 1.2, 1.3: the version of instance and devices
 *   NTF_FAKE_OPTIONS     names of enum fake_option, lower case, without FAKE_: immediate,reuse
 *   NTF_FAKE_FAIL        vkQueueSubmit:3:1:-4 (command, first call, how many, result)
 */
#ifndef NTF_FAKE_DRIVER_H
#define NTF_FAKE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ntfence.h"

#define FAKE_EXPORT "ntf_fake" // a function without parameters that returns const struct fake *

// With VK_KHR_external_fence_win32 listed and enabled its two commands answer with these (but see FAKE_NATIVE_WORKS),
// and the query with features and nothing else: nobody else gives such answers.
#define FAKE_IMPORT_RESULT VK_ERROR_FORMAT_NOT_SUPPORTED
#define FAKE_GET_RESULT VK_ERROR_FRAGMENTED_POOL
#define FAKE_FEATURES 3u

enum fake_option {
    FAKE_IMMEDIATE,         // on: who submits or releases completes what can be; off: a thread of each queue does
    FAKE_REUSE,             // on: the handle freed last is given out next; off: none is given out twice
    FAKE_SYNC_FD_SIGNALLED, // on: a signalled fence exports as SYNC_FD -1
    FAKE_NATIVE_WORKS,      // on: the commands of VK_KHR_external_fence_win32 succeed: equal handles are one payload,
                            // whatever they are, and exported ones are numbers that mean nothing to the system
    FAKE_QUIET,             // on: violations are not printed on stderr (they are wanted)
    FAKE_OPTIONS
};

#define FAKE_ALWAYS 0xFFFFFFFFu // a count without end

/*
 * What can be breached. A violation's text begins with one of these words, and names the command and the rule.
 *   fence-unknown    a fence that was never made, or is destroyed
 *   fence-device     a fence of another device
 *   fence-signalled  a submission, acquire or present with a signalled fence     (00063, 04894, 01113, 01287, 07758)
 *   fence-pending    the same with one that an unfinished operation will signal  (00064, 04895, 01114, 10066, 07759)
 *   fence-reset      vkResetFences of such a one                                 (01123)
 *   fence-destroy    vkDestroyFence of such a one                                (01120)
 *   fence-import     an import into such a one                                   (01463, 04448)
 *   fence-threads    two threads are in commands with it, and one of them has to have it alone
 *   fence-leak       it is left at vkDestroyDevice                               (05137)
 *   fence-count      fenceCount 0
 *   fence-export     it was not made for that type of handle, or has nothing to export
 *   queue-threads    two threads are in commands with one queue, which is not internally synchronised
 *   queue-unknown    a queue of no live device
 *   device-unknown   a command with a device that is destroyed or never was
 *   device-busy      vkDestroyDevice while a thread is in a command of the device, or work is not finished
 *   feature          a timeline semaphore, or vkQueueSubmit2, without its feature
 *   chain            a structure of layer/ntfence.h or of an extension that is not enabled; any that is not known in
 *                    the chain of vkCreateFence
 *   handle-type      a bit of a handle type whose extension is not enabled
 *   extension        vkCreateDevice with a name that the driver does not list. The loader drops such names before the
 *                    driver: the layer VK_LAYER_NTFENCE_test_witness of the same library sees them
 *   object           a semaphore, event, pool, command buffer, swapchain or surface that is not live, is destroyed in
 *                    use, or is left at vkDestroyDevice
 *   semaphore        a binary semaphore signalled twice or never, a timeline that would not rise
 *   swapchain        presented without having been acquired, destroyed while its fences are pending, and the like
 */
struct fake_call { // the last call of a command
    VkDevice device;
    VkQueue queue;
    VkFence fence;          // the first, or the one that was made
    uint32_t fence_count;
    VkFence fences[16];     // of vkWaitForFences, vkResetFences, vkQueuePresentKHR
    uint32_t batch_count;   // of a submission
    uint32_t type_count;    // of the chains of the info structure and, in a submission, of all batches, in order
    VkStructureType types[32];
    VkExternalFenceHandleTypeFlags handle_types; // of vkCreateFence
    uint64_t timeout_ns;
    VkResult result;        // VK_RESULT_MAX_ENUM while it is not over
    char names[1024];       // vkCreateDevice: the enabled extensions, separated by spaces
};

enum { // of a fence
    FAKE_FENCE_LIVE = 1,
    FAKE_FENCE_SIGNALLED = 2,
    FAKE_FENCE_PENDING = 4,     // an unfinished submission, acquire or present will signal it
    FAKE_FENCE_INSIDE = 8,      // a thread is in a command with it
};

// Called by the thread that is in the command, before it has any effect and without a lock. What it answers is the
// command's result, if that is not VK_SUCCESS and the command has one; the rest as for an order.
typedef VkResult (*fake_callback)(void *context, const char *command);

struct fake {
    size_t size; // of this structure

    // ---- the judge
    unsigned (*violations)(void);
    unsigned (*violations_of)(const char *word);
    // NULL beyond the last; valid until they are cleared. At most 256 are kept.
    const char *(*violation)(unsigned i);
    void (*violations_clear)(void);

    // ---- failures
    /*
     * Of the calls of the command from now on, the first-th and those behind it, count in all, answer with the result
     * and have no effect. A second order for the same command replaces the first one. Exceptions:
     *   VK_ERROR_DEVICE_LOST            the device is lost with it, for good
     *   what Vulkan counts as enqueued  has its effect, fences included. Present: SUBOPTIMAL, OUT_OF_DATE,
     *                                   SURFACE_LOST, FULL_SCREEN_EXCLUSIVE_MODE_LOST; acquire: SUBOPTIMAL
     */
    void (*order)(const char *command, unsigned first, unsigned count, VkResult result);
    // Command NULL: called in every command that has no callback of its own. Callback NULL: none any more.
    void (*on_call)(const char *command, fake_callback callback, void *context);
    void (*order_nothing)(void); // forgets all orders and callbacks
    // From now on every command that may answer VK_ERROR_DEVICE_LOST does, blocked ones too, and nothing that is
    // pending will ever be signalled. Objects may be destroyed.
    void (*device_lose)(VkDevice device);

    // ---- what has happened
    unsigned (*calls)(const char *command);
    void (*calls_clear)(void);
    bool (*last)(const char *command, struct fake_call *out); // false: no call since the last clear
    unsigned (*inside)(const char *command); // threads that are in it
    // Blocks until so many calls have begun since the last clear; until so many threads are in it. False after 30 s.
    bool (*await_calls)(const char *command, unsigned count);
    bool (*await_inside)(const char *command, unsigned count);
    unsigned (*fences_live)(VkDevice device);
    unsigned (*fences_pending)(VkDevice device);
    unsigned (*fence_state)(VkDevice device, VkFence fence); // FAKE_FENCE_*; 0: there is none

    // ---- what does not end before it is told to. Holds do not count: one release ends any number.
    void (*queue_hold)(VkQueue queue);
    void (*queue_release)(VkQueue queue);
    void (*queue_step)(VkQueue queue, unsigned count); // that many submissions of a held queue complete
    unsigned (*queue_pending)(VkQueue queue);          // submissions that have not completed, of a queue or of all
    // An image is given out, and its semaphore and fence stay as they are; NULL: of all swapchains.
    void (*acquire_hold)(VkSwapchainKHR swapchain);
    void (*acquire_release)(VkSwapchainKHR swapchain);
    void (*present_hold)(VkSwapchainKHR swapchain);
    void (*present_release)(VkSwapchainKHR swapchain);
    // While on, no image is free: an acquire waits for its timeout. (Ended by acquire_release, too.)
    void (*acquire_starve)(VkSwapchainKHR swapchain);
    // Signals the fences of vkRegisterDeviceEventEXT and vkRegisterDisplayEventEXT that wait.
    void (*events_fire)(VkDevice device);

    // ---- what it is; for instances and devices that are made from now on
    void (*extension)(const char *name, bool listed);
    void (*option)(enum fake_option option, bool on);
    void (*api_version)(uint32_t version);
    // All of the above as it was when the driver was loaded; violations are forgotten too.
    void (*restore)(void);
};

// Opens the library that the variable NTF_FAKE_LIBRARY names, for good; NULL without the variable. (fake_find.c)
const struct fake *fake_find(void);

#endif
