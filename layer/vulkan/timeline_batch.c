/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/timeline_batch.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more than the application's, which are copied into it; NULL without memory. */
static void *copy_batches(struct ntf_batches *batches, uint32_t count, const void *infos, size_t size)
{
    void *room = &batches->scratch;

    batches->memory = NULL;
    if (count > NTF_BATCH_SCRATCH) {
        if (count == UINT32_MAX || (size_t)count + 1 > SIZE_MAX / size)
            return NULL;
        room = batches->memory = malloc(((size_t)count + 1) * size);
        if (!room)
            return NULL;
    }
    if (count)
        memcpy(room, infos, count * size);
    batches->infos = room;
    batches->count = count + 1;
    return room;
}

/* VUID-VkSubmitInfo-pSignalSemaphores-03242 and its like want values for timelines: not in the batch, but in its
 * chain. */
static const void *chain_values(struct ntf_batches *batches, const uint64_t *values)
{
    batches->values = (VkTimelineSemaphoreSubmitInfo){
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = NTF_BATCH_SIGNALS,
        .pSignalSemaphoreValues = values,
    };
    return &batches->values;
}

bool ntf_batches_append_submit(struct ntf_batches *batches, uint32_t count, const void *infos,
                               const VkSemaphore semaphores[NTF_BATCH_SIGNALS],
                               const uint64_t values[NTF_BATCH_SIGNALS])
{
    VkSubmitInfo *room = copy_batches(batches, count, infos, sizeof *room);

    if (!room)
        return false;
    room[count] = (VkSubmitInfo){
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = chain_values(batches, values),
        .signalSemaphoreCount = NTF_BATCH_SIGNALS,
        .pSignalSemaphores = semaphores,
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
    for (uint32_t i = 0; i < NTF_BATCH_SIGNALS; i++)
        batches->signals[i] = (VkSemaphoreSubmitInfo){
            .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
            .semaphore = semaphores[i],
            .value = values[i],
            .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        };
    room[count] = (VkSubmitInfo2){
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .signalSemaphoreInfoCount = NTF_BATCH_SIGNALS,
        .pSignalSemaphoreInfos = batches->signals,
    };
    return true;
}

bool ntf_batches_append_sparse(struct ntf_batches *batches, uint32_t count, const void *infos,
                               const VkSemaphore semaphores[NTF_BATCH_SIGNALS],
                               const uint64_t values[NTF_BATCH_SIGNALS])
{
    VkBindSparseInfo *room = copy_batches(batches, count, infos, sizeof *room);

    if (!room)
        return false;
    room[count] = (VkBindSparseInfo){
        .sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
        .pNext = chain_values(batches, values),
        .signalSemaphoreCount = NTF_BATCH_SIGNALS,
        .pSignalSemaphores = semaphores,
    };
    return true;
}

void ntf_batches_free(struct ntf_batches *batches)
{
    free(batches->memory);
}
