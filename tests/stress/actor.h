// SPDX-License-Identifier: Apache-2.0
/*
 * An actor: one thread with fences of its own, into which it imports the shared payloads. Vulkan asks
 * that uses of one VkFence are serialised where it is reset, submitted, imported into or destroyed:
 * so each fence belongs to one actor. The payloads behind them belong to everybody at once.
 *
 * slots.c: what is done to a fence, and what is known of it; actor.c: what is done next.
 */
#ifndef NTF_TEST_STRESS_ACTOR_H
#define NTF_TEST_STRESS_ACTOR_H

#include "../layer/vulkan.h"
#include "ledger.h"

#include "base/os/os.h"

enum { PLACES = 2, SLOTS = 8, PAYER = SLOTS, OWN = -1, NONE = -2 };

// A device; several actors share its queue.
struct place {
    struct vk vk;
    VkDevice device;
    VkQueue queue;
    struct ntf_lock lock; // VkQueue: "host access to queue must be externally synchronized"
};

// What all actors of a process share.
struct crew {
    struct ledger *ledger;
    struct place places[PLACES];
    ntf_handle handles[PAYLOADS];
    // Of the monitored payloads, which D3DKMT calls alone signal: in one process, whose actors have the highest
    // numbers. NULL in the others.
    struct kernel_fence *kernel;
    struct ntf_lock kernel_locks[PAYLOADS];
    unsigned kernel_first; // actors from this number on can signal those
    uint64_t seed;
    uint64_t end_ns; // 0: as many steps as `steps`
    unsigned steps;
};

// One of the two payloads that a fence may have beside the driver's.
struct side {
    int payload; // OWN: the one that the fence was made with; NONE: no temporary one
    // A value payload's target lies between these: by how much a reset raises it depends on what was read meanwhile.
    uint64_t lo, hi;
    // The largest value that the application was told of lies between these.
    uint64_t seen_lo, seen_hi;
};

struct slot {
    VkFence fence;
    bool exportable, lit; // lit: of its own payload
    bool pending;         // a submission has not been seen to end: until then only questions are allowed
    struct signal_note note;
    struct side permanent, temporary;
};

struct actor {
    struct crew *crew;
    struct place *place;
    struct actor_account *account;
    struct ntf_thread *thread;
    unsigned index;
    uint64_t random;
    struct slot slots[SLOTS + 1]; // the last is the one that debts are paid with
    VkFence guard;
    ntf_au32 gone;
};

// Runs an actor, as the body of a thread.
void actor_run(void *actor);

/* ---- slots.c ---- */

uint64_t draw(struct actor *actor, uint64_t below);
void now_doing(struct actor *actor, enum work work, int payload);
#define expect(actor, right, what) ((right) ? (void)0 : complain((actor), (what), __LINE__, NULL))
void complain(struct actor *actor, const char *what, int line, const struct slot *slot);

struct side *slot_active(struct slot *slot);
static inline bool is_shared(const struct side *side)
{
    return side->payload >= 0;
}
struct account *account_of(struct actor *actor, int payload);

void slot_make(struct actor *actor, struct slot *slot);
void slot_destroy(struct actor *actor, struct slot *slot);
// The handle stays the caller's. wait_value: of a value payload.
void slot_import(struct actor *actor, struct slot *slot, int payload, ntf_handle handle, bool temporary,
                 uint64_t wait_value);
void slot_submit(struct actor *actor, struct slot *slot);
// Sees all submissions of the actor to their end.
void settle(struct actor *actor);
// One vkResetFences for all that may be reset now.
void slots_reset(struct actor *actor, struct slot *const *slots, unsigned count);
void slots_export(struct actor *actor, struct slot *from, struct slot *to);

// A question: a note before it, a judgement after.
struct question {
    struct look look;
};
struct question slot_look(struct actor *actor, struct slot *slot);
enum known slot_known(struct actor *actor, struct slot *slot, const struct question *question);
// The application was told that it is signalled; sure: of this one, or perhaps of another.
void slot_told(struct actor *actor, struct slot *slot, const struct question *question, bool sure);
VkResult slot_status(struct actor *actor, struct slot *slot);

#endif
