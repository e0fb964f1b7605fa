// SPDX-License-Identifier: Apache-2.0
/*
 * The fake driver's insides. One lock (state.lock) protects everything; what waits drops it and sleeps on `beat`, which
 * every change of something that can be waited for raises. Objects are never freed: a handle that is used after its end
 * is found out, not followed into the void.
 */
#ifndef NTF_FAKE_DRIVER_INSIDE_H
#define NTF_FAKE_DRIVER_INSIDE_H

#include <vulkan/vk_icd.h>

#include "base/os/compiler.h"
#include "base/os/os.h"
#include "commands.h"
#include "fake_driver.h"

// ---- objects (object.c)

enum kind {
    KIND_INSTANCE, KIND_PHYSICAL, KIND_DEVICE, KIND_QUEUE, KIND_BUFFER, // dispatchable
    KIND_FENCE, KIND_SEMAPHORE, KIND_EVENT, KIND_POOL, KIND_SWAPCHAIN, KIND_SURFACE, KIND_IMAGE
};

struct device;
struct object {
    VK_LOADER_DATA loader; // of dispatchable ones; must come first
    enum kind kind;
    bool live;
    unsigned uses;         // threads that are in a command with it
    struct device *device; // that it belongs to; NULL: to an instance
    struct object *same_bucket, *next_of_device, *next_free;
};

void *object_new(enum kind kind, size_t size, struct device *device);
void object_end(struct object *object);
// Also of those that have ended; NULL for what never was one of that kind.
void *object_find(uint64_t handle, enum kind kind);
const char *kind_name(enum kind kind);

// Handles that are no pointers on every platform.
#define NUMBER(handle) ((uint64_t)(uintptr_t)(handle))
#define HANDLE_OF(Type, pointer) ((Type)(uintptr_t)(pointer))

// What is signalled. Fences that share one through descriptors hold references to the same.
struct payload {
    unsigned references;
    bool signalled;
    int raise; // the other end of a sync descriptor that is told of the signal; -1: none
};

struct fence {
    struct object object;
    struct payload *permanent, *temporary; // the second may be NULL
    VkExternalFenceHandleTypeFlags exports;
    unsigned pending; // unfinished operations of this epoch that will signal it
    unsigned epoch;   // what was begun in another one is no business of the handle's any more
    struct call *alone;
    bool waits_for_event;
};

struct semaphore {
    struct object object;
    bool timeline, expected; // expected: a binary one is signalled, or will be by what is submitted
    uint64_t value;
    struct kernel_timeline *kernel; // an imported object has the value
};

struct event {
    struct object object;
    bool set;
};

enum op_kind {
    OP_WAIT_SEMAPHORE, OP_SIGNAL_SEMAPHORE, OP_WAIT_EVENT, OP_SET_EVENT, OP_RESET_EVENT, OP_FENCE, OP_PRESENT
};
struct op {
    enum op_kind kind;
    union {
        struct object *object;
        struct semaphore *semaphore;
        struct event *event;
        struct swapchain *swapchain;
    };
    uint64_t value;   // of a timeline, or an image's index
    struct fence *fence;
    struct payload *payload; // holds a reference
    unsigned epoch;          // of the fence
};

struct ops {
    struct op *list;
    unsigned count, room;
};
struct op *ops_add(struct ops *ops, enum op_kind kind);

struct pool {
    struct object object;
};
struct buffer { // a command buffer
    struct object object;
    struct pool *pool;
    struct ops ops;
};

struct surface {
    struct object object;
};

enum { IMAGES_MAX = 8 };
enum image_state { IMAGE_FREE, IMAGE_ACQUIRED, IMAGE_PRESENTED };
struct image {
    struct object object;
};
struct swapchain {
    struct object object;
    bool retired, hold_acquire, hold_present, starve;
    uint32_t count, next; // next: where the search for a free image begins
    enum image_state states[IMAGES_MAX];
    struct image *images[IMAGES_MAX];
    struct ops acquires, presents; // held back
};

struct work {
    struct work *next;
    struct ops ops;
    unsigned done;
    bool begun;
};

struct queue {
    struct object object;
    uint32_t family, index;
    VkDeviceQueueCreateFlags flags;
    bool internally_synchronised, held;
    unsigned steps, length;
    struct work *first, *last;
    struct ntf_thread *thread;
};

enum { QUEUES_MAX = 3 };
struct device {
    struct object object;
    struct instance *instance;
    struct device *next;
    uint64_t extensions; // bits of enum extension that are enabled
    bool lost, ending, timeline, synchronization2;
    unsigned inside; // threads in commands
    struct queue *queues[QUEUES_MAX];
    unsigned queue_count, fences;
    struct object *objects;
    struct object *free_fences; // the last one ended first
};

struct physical {
    struct object object;
    struct instance *instance;
    unsigned index;
};
enum { PHYSICALS = 2 };
struct instance {
    struct object object;
    uint32_t version; // the application's
    uint64_t extensions;
    struct physical *physicals[PHYSICALS];
};

// ---- the state (state.c)

struct order {
    unsigned first, count, seen;
    VkResult result;
};
struct command_state {
    unsigned calls, inside;
    bool has_last;
    struct fake_call last;
    struct order order;
    fake_callback callback;
    void *context;
};

enum { VIOLATIONS_MAX = 256 };
struct state {
    struct ntf_lock lock;
    ntf_au32 beat;
    bool ready;
    unsigned awaiting;
    struct command_state commands[COMMANDS];
    fake_callback callback;
    void *context;
    char *violations[VIOLATIONS_MAX];
    unsigned violation_count, violations_kept;
    bool options[FAKE_OPTIONS];
    uint64_t listed;
    uint32_t version;
    bool hold_queues, hold_acquires, hold_presents, starve; // of those still to come
    struct device *devices;
};
extern struct state state;

void state_lock(void); // reads the variables the first time
void state_unlock(void);
void state_changed(void);
// Sleeps until something has changed, without the lock. False: the time is over.
bool state_wait(uint64_t deadline_ns);
void state_restore(void); // as it is in the beginning; with the lock
void violations_forget(void);
bool extension_listed(enum extension extension);
enum extension extension_by_name(const char *name); // EXTENSIONS: none
const char *extension_name(enum extension extension);
bool extension_of_instance(enum extension extension);
enum command command_by_name(const char *name); // COMMANDS: none
const char *command_name(enum command command);
_Noreturn void give_up(const char *why);

// ---- a call (call.c). From begin to end the lock is held, but for callbacks and waits.

enum { USES_MAX = 16 };
struct use {
    struct fence *fence;
    bool alone;
};
struct call {
    enum command command;
    struct device *device;
    struct queue *queue;
    struct fake_call record;
    struct use *uses, few[USES_MAX];
    unsigned use_count, use_room;
};

// Device NULL for commands that have none yet. False: there is no such device, which has been taken down; end it.
bool call_begin(struct call *call, enum command command, VkDevice device);
bool call_begin_queue(struct call *call, enum command command, VkQueue queue);
bool call_begin_instance(struct call *call, enum command command);
// Has the callback and the orders of the test: the result that they want.
VkResult call_order(struct call *call);
// The same in a command that says when the device is lost.
VkResult call_order_or_lost(struct call *call);
VkResult call_end(struct call *call, VkResult result);
// A fence that the command takes; alone: nobody else may have it meanwhile. NULL if it is none of the device's.
struct fence *call_fence(struct call *call, VkFence fence, bool alone);
// Other objects; NULL and taken down if it is not live or another device's.
void *call_object(struct call *call, uint64_t handle, enum kind kind);
// Takes down the types of a chain, and what has no business in it.
void call_chain(struct call *call, const void *next);
const void *chain_find(const void *next, VkStructureType type);
// Rule: the identifier of the valid usage, "" if it is none of one command alone.
void violation(const struct call *call, const char *word, const char *rule, const char *format, ...) NTF_PRINTF(4, 5);

// ---- payloads and fences (fence.c, external.c)

struct payload *payload_new(void);
void payload_drop(struct payload *payload);
void payload_signal(struct payload *payload);
struct payload *fence_active(const struct fence *fence);
struct fence *fence_new(struct device *device, bool signalled);
// Before an operation that will signal it: the two rules, of being signalled and of being in use.
void fence_check(const struct call *call, const struct fence *fence, const char *signalled, const char *pending);
void fence_begin(struct op *op, struct fence *fence); // an operation that signals its active payload
void fence_finish(const struct op *op, bool signal);
void fence_use_temporary(struct fence *fence, struct payload *payload); // takes the reference

// ---- queues (queue.c, submit.c)

void queue_push(struct queue *queue, struct work *work);
void queues_advance(void); // something may go on now
bool queues_refer_to(const struct device *device, const struct object *object); // unfinished work does
void queue_stop(struct queue *queue); // its thread ends; drops the lock meanwhile
void device_lose(struct device *device);
struct work *work_new(void);
void work_end(struct work *work);
// With its rules; the operation is added to the list.
void semaphore_wait_add(struct call *call, struct ops *ops, VkSemaphore semaphore, uint64_t value);
void semaphore_signal_add(struct call *call, struct ops *ops, VkSemaphore semaphore, uint64_t value);
void semaphores_take_back(const struct ops *ops); // nothing has been submitted after all
void semaphore_signal(struct semaphore *semaphore, uint64_t value);
uint64_t semaphore_value(const struct semaphore *semaphore);

// ---- presentation (swapchain.c, present.c)

void swapchain_present(const struct op *op); // what the queue does; the operation's fence may be held back
void swapchain_release_held(struct swapchain *swapchain, bool acquires, bool signal);
bool is_enqueued(enum command command, VkResult result);

// ---- imported timelines (timeline.c)

struct kernel_timeline *timeline_open(HANDLE handle);
void timeline_close(struct kernel_timeline *timeline);
void timeline_signal(struct kernel_timeline *timeline, uint64_t value);
uint64_t timeline_value(const struct kernel_timeline *timeline);

// ---- descriptors (os_posix.c, os_win32.c): files that stand for payloads. -1: there are none.

int descriptor_new(uint64_t *identity);                   // of a fence's payload
int descriptor_new_sync(uint64_t *identity, int *raise);  // readable once raise is closed
bool descriptor_identity(int descriptor, uint64_t *identity);
void descriptor_close(int descriptor);

// ---- (proc.c)

PFN_vkVoidFunction command_function(const char *name, enum command *command, enum extension *extension);
const struct fake *control(void);

#endif
