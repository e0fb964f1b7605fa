/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/timeline_batch.h"

#include <stdlib.h>
#include <string.h>

/* Room for two more than the application's, which are copied into it; NULL without memory. */
static void *copy_batches(struct ntf_batches *batches, uint32_t count, const void *infos, size_t size)
{
    void *room = &batches->scratch;

    batches->memory = NULL;
    if (count > NTF_BATCH_SCRATCH) {
        if (count > UINT32_MAX - NTF_BATCH_SIGNALS || (size_t)count > SIZE_MAX / size - NTF_BATCH_SIGNALS)
            return NULL;
        room = batches->memory = malloc(((size_t)count + NTF_BATCH_SIGNALS) * size);
        if (!room)
            return NULL;
    }
    if (count)
        memcpy(room, infos, count * size);
    batches->infos = room;
    batches->count = count + NTF_BATCH_SIGNALS;
    return room;
}

/* VUID-VkSubmitInfo-pSignalSemaphores-03242 and its like want values for timelines: not in the batch, but in its
 * chain. */
static const void *chain_value(struct ntf_batches *batches, uint32_t i, const uint64_t *value)
{
    batches->values[i] = (VkTimelineSemaphoreSubmitInfo){
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = value,
    };
    return &batches->values[i];
}

bool ntf_batches_append_submit(struct ntf_batches *batches, uint32_t count, const void *infos,
                               const VkSemaphore semaphores[NTF_BATCH_SIGNALS],
                               const uint64_t values[NTF_BATCH_SIGNALS])
{
    VkSubmitInfo *room = copy_batches(batches, count, infos, sizeof *room);

    if (!room)
        return false;
    for (uint32_t i = 0; i < NTF_BATCH_SIGNALS; i++)
        room[count + i] = (VkSubmitInfo){
            .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
            .pNext = chain_value(batches, i, &values[i]),
            .signalSemaphoreCount = 1,
            .pSignalSemaphores = &semaphores[i],
        };
    return true;
}

bool ntf_batches_append_submit2(struct ntf_batches *batches, uint32_t count, const void *infos,
                                const VkSemaphore semaphores[NTF_BATCH_SIGNALS],
                                const uint64_t values[NTF_BATCH_SIGNALS])
{
    VkSubmitInfo2 *room = copy_batches(batches, count, infos, sizeof *room);

    if (!room)
        return false;
    for (uint32_t i = 0; i < NTF_BATCH_SIGNALS; i++) {
        batches->signals[i] = (VkSemaphoreSubmitInfo){
            .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
            .semaphore = semaphores[i],
            .value = values[i],
            .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        };
        room[count + i] = (VkSubmitInfo2){
            .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
            .signalSemaphoreInfoCount = 1,
            .pSignalSemaphoreInfos = &batches->signals[i],
        };
    }
    return true;
}

void ntf_batches_free(struct ntf_batches *batches)
{
    free(batches->memory);
}
