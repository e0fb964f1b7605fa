/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A submission's batches, and two of the layer's own behind them, which signal a timeline semaphore each when all
 * before is done: two, since the signals of one batch are in no order with each other, and the second has to say that
 * the first is over. The application's batches are copied as they are, what they point to stays its own: structures
 * in their chains belong to them, and the last batches have none of them.
 */
#ifndef NTF_VULKAN_TIMELINE_BATCH_H
#define NTF_VULKAN_TIMELINE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "ntfence.h"

#define NTF_BATCH_SIGNALS 2
#define NTF_BATCH_SCRATCH 8 /* batches of the application's that need no memory of their own */

struct ntf_batches {
    const void *infos; /* what goes down */
    uint32_t count;
    void *memory; /* NULL: the scratch was enough */
    VkTimelineSemaphoreSubmitInfo values[NTF_BATCH_SIGNALS];
    VkSemaphoreSubmitInfo signals[NTF_BATCH_SIGNALS];
    union {
        VkSubmitInfo one[NTF_BATCH_SCRATCH + NTF_BATCH_SIGNALS];
        VkSubmitInfo2 two[NTF_BATCH_SCRATCH + NTF_BATCH_SIGNALS];
    } scratch;
};

/* For vkQueueSubmit and vkQueueSubmit2. infos: count of the command's structures. The semaphores'
 * array and the batches must stay where they are until the command has returned. False: out of memory, nothing to
 * free. */
typedef bool (*ntf_batches_append)(struct ntf_batches *batches, uint32_t count, const void *infos,
                                   const VkSemaphore semaphores[NTF_BATCH_SIGNALS],
                                   const uint64_t values[NTF_BATCH_SIGNALS]);
bool ntf_batches_append_submit(struct ntf_batches *batches, uint32_t count, const void *infos,
                               const VkSemaphore semaphores[NTF_BATCH_SIGNALS],
                               const uint64_t values[NTF_BATCH_SIGNALS]);
bool ntf_batches_append_submit2(struct ntf_batches *batches, uint32_t count, const void *infos,
                                const VkSemaphore semaphores[NTF_BATCH_SIGNALS],
                                const uint64_t values[NTF_BATCH_SIGNALS]);
void ntf_batches_free(struct ntf_batches *batches);

#endif /* NTF_VULKAN_TIMELINE_BATCH_H */
