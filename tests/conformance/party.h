// SPDX-License-Identifier: Apache-2.0
/*
 * Whoever uses fences: a site of this process, or one in a child of it. A case is written for two parties, and does not
 * know where they are; each answer is that of a Vulkan command.
 */
#ifndef NTF_TEST_CONFORMANCE_PARTY_H
#define NTF_TEST_CONFORMANCE_PARTY_H

#include "base/os/os.h"
#include "os.h"
#include "site.h"

struct party {
    struct site site;
    struct ntf_child *child; // NULL: the site is here; else it is the child's
    struct ntf_thread *thread; // a call of a site here that has been begun
    struct call call;
    struct answer answer;
    bool begun;
};

struct fence {
    struct party *party;
    uint32_t number;
};

struct answer party_call(struct party *party, const struct call *call);
// A call that may block: others of other parties can be made until party_end.
void party_begin(struct party *party, const struct call *call);
struct answer party_end(struct party *party);
// A child that is a party; its main is party_child.
void party_start(struct party *party);
void party_stop(struct party *party);
int party_child(void);
// Destroys its fences; fails if its validation layer has spoken.
void party_clean(struct party *party);

// ---- fences. What has no VkResult has to succeed.

// The handle type that is the subject at the moment.
extern VkExternalFenceHandleTypeFlagBits subject_type;

struct fence plain_fence(struct party *party, bool signalled);
struct fence exportable_fence(struct party *party, bool signalled);
struct fence named_fence(struct party *party, bool signalled, const char *name);
VkResult try_named_fence(struct party *party, bool signalled, const char *name, struct fence *fence);
void destroy(struct fence fence);

VkResult try_export(struct fence fence, uint64_t *handle);
uint64_t export_handle(struct fence fence);
// A KMT handle has nothing to close.
void close_handle(struct party *party, uint64_t handle);
// The handle as the other party has to name it; an NT handle is one more handle if that is in another process.
uint64_t carry(struct party *from, uint64_t handle, struct party *to);
VkResult try_import(struct fence fence, uint64_t handle, const char *name, VkFenceImportFlags flags);
void import_handle(struct fence fence, uint64_t handle, VkFenceImportFlags flags);
// Export, carry, import, close.
void transfer(struct fence from, struct fence to, VkFenceImportFlags flags);
struct fence sharer(struct fence of, struct party *at, VkFenceImportFlags flags);

VkResult status(struct fence fence);
VkResult wait_for(struct fence fence, uint64_t timeout_ns);
VkResult wait_many(uint32_t count, const struct fence *fences, bool all, uint64_t timeout_ns);
void await(struct fence fence);            // blocks until it is signalled
void await_begin(struct fence fence);      // the same, to be ended by await_end
void await_end(struct party *party);
// Status and a wait with timeout 0 have to agree.
void expect(struct fence fence, bool signalled);
void expect_all(uint32_t count, const struct fence *fences, bool signalled);
#define EXPECT_ALL(signalled, ...)                                                                           \
    expect_all((uint32_t)NTF_COUNT(((const struct fence[]){__VA_ARGS__})),                                   \
               (const struct fence[]){__VA_ARGS__}, signalled)

void reset(struct fence fence);
void reset_many(uint32_t count, const struct fence *fences);
void submit(struct fence fence);
VkResult try_submit(struct fence fence, enum submission kind);
bool can_submit(struct party *party, enum submission kind);
void idle(struct party *party, enum idle kind);
// The queue does not get beyond here until it is released. held: the submission's own fence.
void hold(struct party *party);
void hold_with(struct fence held);
void release(struct party *party);

#endif
