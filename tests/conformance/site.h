// SPDX-License-Identifier: Apache-2.0
/*
 * A place where fences live: an instance, a device of it, one of its queues. Plain Vulkan 1.3 with
 * VK_KHR_external_fence_win32 and nothing else enabled (VK_KHR_synchronization2 where there is it, for the second name
 * of its command). What a test asks for is a call that can be written down in a line, so that another process can do
 * it as well (party.h).
 */
#ifndef NTF_TEST_CONFORMANCE_SITE_H
#define NTF_TEST_CONFORMANCE_SITE_H

#include "../layer/vulkan.h"

#define SITE_COMMANDS(X)                                                                                     \
    X(DestroyDevice)                                                                                         \
    X(GetDeviceQueue)                                                                                        \
    X(CreateFence)                                                                                           \
    X(DestroyFence)                                                                                          \
    X(ResetFences)                                                                                           \
    X(GetFenceStatus)                                                                                        \
    X(WaitForFences)                                                                                         \
    X(QueueSubmit)                                                                                           \
    X(QueueSubmit2)                                                                                          \
    X(QueueSubmit2KHR)                                                                                       \
    X(QueueBindSparse)                                                                                       \
    X(QueueWaitIdle)                                                                                         \
    X(DeviceWaitIdle)                                                                                        \
    X(CreateEvent)                                                                                           \
    X(DestroyEvent)                                                                                          \
    X(SetEvent)                                                                                              \
    X(CreateCommandPool)                                                                                     \
    X(DestroyCommandPool)                                                                                    \
    X(AllocateCommandBuffers)                                                                                \
    X(BeginCommandBuffer)                                                                                    \
    X(EndCommandBuffer)                                                                                      \
    X(CmdWaitEvents)                                                                                         \
    X(ImportFenceWin32HandleKHR)                                                                             \
    X(GetFenceWin32HandleKHR)

struct host { // an instance
    struct world world;
};

struct device {
    struct host *host;
    VkDevice device;
    uint32_t family, queue_count;
    VkQueue queues[2];
    VkQueue sparse; // NULL: no queue can; may be queues[0]
#define MEMBER(Name) PFN_vk##Name Name;
    SITE_COMMANDS(MEMBER)
#undef MEMBER
};

enum { SITE_FENCES = 64, SITE_TEXT = 256, NO_FENCE = SITE_FENCES };

struct site {
    struct device *device;
    VkQueue queue;
    VkFence fences[SITE_FENCES]; // NULL: free
    struct {                     // a queue that waits for the host
        bool on;
        VkEvent event;
        VkCommandPool pool;
    } hold;
};

enum submission {
    SUBMIT_NOTHING,
    SUBMIT_BATCH,
    SUBMIT2_NOTHING,
    SUBMIT2_BATCH,
    SUBMIT2_KHR,
    SUBMIT_SPARSE,
    SUBMISSIONS
};
enum idle { IDLE_QUEUE, IDLE_DEVICE, IDLES };

enum op {
    OP_CREATE,      // flags; type: to be exported, 0: none; text: its name; gives the number of the fence
    OP_DESTROY,     // fence
    OP_IMPORT,      // fence, flags, type, value: the handle; text: a name
    OP_EXPORT,      // fence, type; gives the handle
    OP_CLOSE,       // value: an NT handle
    OP_STATUS,      // fence
    OP_WAIT,        // text: the fences' numbers; flags: whether for all; value: the timeout
    OP_RESET,       // text: the fences' numbers
    OP_SUBMIT,      // fence, type: enum submission
    OP_HOLD,        // fence or NO_FENCE: a submission that waits for OP_RELEASE
    OP_RELEASE,
    OP_IDLE,        // type: enum idle
    OP_CLEAN,       // ends a hold, destroys every fence; gives how often validation, or the driver, has complained
    OP_CAN,         // type: enum submission; gives 1 if the device has it
    OP_CARRY,       // value: an NT handle, handed over to the parent process (party.c)
};

struct call {
    enum op op;
    uint32_t fence, flags, type;
    uint64_t value;
    char text[SITE_TEXT];
};

struct answer {
    VkResult result;
    uint64_t value;
};

void host_open(struct host *host);
void host_close(struct host *host);
void device_open(struct device *device, struct host *host);
// With further extensions (NULL ends the list, 16 at most) and structures that belong to them.
void device_open_with(struct device *device, struct host *host, const char *const *more, const void *chain);
void device_close(struct device *device);
void site_open(struct site *site, struct device *device, unsigned queue);
struct answer site_do(struct site *site, const struct call *call);

// How often the validation layer has spoken since the messages were cleared, and what a driver that judges has found.
unsigned complaints(void);
VkExternalFenceProperties host_query(struct host *host, VkExternalFenceHandleTypeFlagBits type);
// ASCII to UTF-16.
void name_widen(char16_t units[SITE_TEXT], const char *name);

#endif
