// SPDX-License-Identifier: Apache-2.0
#include "crew.h"

#include <stdlib.h>
#include <string.h>

static const char *const both[] = {VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME,
                                   NULL};

void crew_open(struct crew *crew, struct ledger *ledger, bool kernel)
{
    memset(crew, 0, sizeof *crew);
    crew->ledger = ledger;
    for (unsigned i = 0; i < PLACES; i++) {
        struct place *place = &crew->places[i];
        device_use(device_new(both));
        place->vk = vk;
        place->device = world.device;
        place->queue = world.queue;
        ntf_lock_init(&place->lock);
    }
    if (kernel) {
        crew->kernel = calloc(PAYLOADS, sizeof *crew->kernel);
        assert_non_null(crew->kernel);
    }
    for (unsigned i = 0; i < PAYLOADS; i++)
        ntf_lock_init(&crew->kernel_locks[i]);
}

void crew_close(struct crew *crew)
{
    for (unsigned i = 0; i < PLACES; i++)
        crew->places[i].vk.DestroyDevice(crew->places[i].device, NULL);
    free(crew->kernel);
    world.device = VK_NULL_HANDLE;
}

static void use_place(struct crew *crew, unsigned place)
{
    vk = crew->places[place].vk;
    world.device = crew->places[place].device;
    world.queue = crew->places[place].queue;
}

/* ---- the payloads ---- */

// A fence is there for its handle alone: the payload outlives it.
static ntf_handle make_binary(void)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, .pNext = &types};
    VkFenceGetWin32HandleInfoKHR get = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                        .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    HANDLE handle = NULL;
    assert_int_equal(vk.CreateFence(world.device, &info, NULL, &get.fence), VK_SUCCESS);
    assert_int_equal(vk.GetFenceWin32HandleKHR(world.device, &get, &handle), VK_SUCCESS);
    fence_free(get.fence);
    return handle;
}

void crew_make_payloads(struct crew *crew)
{
    for (unsigned i = 0; i < PAYLOADS; i++) {
        use_place(crew, i / 4 % PLACES);
        if (is_binary(i)) {
            crew->handles[i] = make_binary();
        } else {
            kernel_make(&crew->kernel[i], kind_of(i) == KIND_NATIVE, false, 0);
            crew->handles[i] = crew->kernel[i].handle;
        }
    }
}

void crew_close_payloads(struct crew *crew)
{
    for (unsigned i = 0; i < PAYLOADS; i++) {
        if (crew->kernel && !is_binary(i))
            kernel_destroy(&crew->kernel[i]);
        else
            os_handle_close(crew->handles[i]);
    }
}

/* ---- the run ---- */

static bool is_stuck(const struct actor *actor, uint64_t now_ns)
{
    const uint64_t since_ns = ntf_load(&actor->account->since_ns, NTF_RELAXED);
    return ntf_load(&actor->account->work, NTF_ACQUIRE) != WORK_END && now_ns > since_ns &&
           now_ns - since_ns > STUCK_SECONDS * UINT64_C(1000000000);
}

static bool watch(struct crew *crew, struct actor *actors, unsigned count)
{
    for (unsigned i = 0; i < count;) {
        if (ntf_load(&actors[i].gone, NTF_ACQUIRE)) {
            i++;
            continue;
        }
        os_sleep_ms(5);
        for (unsigned k = i; k < count; k++) {
            if (ntf_load(&actors[k].gone, NTF_ACQUIRE) || !is_stuck(&actors[k], ntf_os_now_ns()))
                continue;
            fprintf(stderr, "actor %u is stuck; seed %llu\n", actors[k].index, (unsigned long long)crew->seed);
            ledger_print(crew->ledger, stderr);
            return false;
        }
    }
    return true;
}

bool crew_run(struct crew *crew, unsigned first, unsigned count)
{
    struct actor *actors = calloc(count, sizeof *actors);
    if (!actors)
        abort();
    for (unsigned i = 0; i < count; i++) {
        actors[i].crew = crew;
        actors[i].place = &crew->places[i % PLACES];
        actors[i].index = first + i;
        actors[i].account = &crew->ledger->actors[first + i];
        ntf_init(&actors[i].gone, 0);
        ntf_store(&actors[i].account->since_ns, ntf_os_now_ns(), NTF_RELAXED);
    }
    for (unsigned i = 0; i < count; i++)
        if (ntf_thread_start(&actors[i].thread, "actor", actor_run, &actors[i]) != NTF_OK)
            abort();
    // Who is stuck cannot be joined.
    if (!watch(crew, actors, count))
        return false;
    for (unsigned i = 0; i < count; i++)
        ntf_thread_join(actors[i].thread);
    free(actors);
    return true;
}

/* ---- the end ---- */

static VkFence imported(struct crew *crew, unsigned place, unsigned payload, bool temporary, uint64_t value)
{
    use_place(crew, place);
    VkFence fence = fence_new();
    assert_int_equal(import_by_handle(fence, crew->handles[payload], temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0,
                                      is_binary(payload) ? 0 : value),
                     VK_SUCCESS);
    return fence;
}

enum { SHARERS = 2 * PLACES };

static void expect_all(struct crew *crew, const VkFence fences[SHARERS], bool signalled)
{
    for (unsigned i = 0; i < SHARERS; i++) {
        use_place(crew, i % PLACES);
        fence_expect(fences[i], signalled);
    }
}

// Both devices, a permanent and a temporary import in each.
static void open_sharers(struct crew *crew, unsigned payload, uint64_t value, VkFence fences[SHARERS])
{
    for (unsigned i = 0; i < SHARERS; i++)
        fences[i] = imported(crew, i % PLACES, payload, i / PLACES, value);
}

static void close_sharers(struct crew *crew, const VkFence fences[SHARERS])
{
    for (unsigned i = 0; i < SHARERS; i++) {
        use_place(crew, i % PLACES);
        fence_free(fences[i]);
    }
}

static void check_binary(struct crew *crew, unsigned payload)
{
    VkFence fences[SHARERS];
    open_sharers(crew, payload, 0, fences);
    use_place(crew, 0);
    expect_all(crew, fences, fence_status(fences[0]) == VK_SUCCESS);
    use_place(crew, 1);
    fence_reset(fences[1]);
    expect_all(crew, fences, false);
    use_place(crew, 0);
    fence_submit(fences[0]);
    assert_int_equal(fence_wait(fences[0], UINT64_MAX), VK_SUCCESS);
    expect_all(crew, fences, true);
    close_sharers(crew, fences);
}

// The value is one that somebody has signalled, and none that was signalled is missing.
static void check_value(struct crew *crew, unsigned payload)
{
    struct account *account = &crew->ledger->payloads[payload];
    const uint64_t value = kernel_value(&crew->kernel[payload]);
    VkFence fences[SHARERS];
    assert_in_range(value, ntf_load(&account->delivered, NTF_SEQ_CST), ntf_load(&account->issued, NTF_SEQ_CST));
    open_sharers(crew, payload, value ? value : 1, fences);
    expect_all(crew, fences, value != 0);
    close_sharers(crew, fences);
    open_sharers(crew, payload, value + 1, fences);
    expect_all(crew, fences, false);
    kernel_signal(&crew->kernel[payload], value + 1);
    expect_all(crew, fences, true);
    close_sharers(crew, fences);
}

void crew_check_end(struct crew *crew)
{
    for (unsigned i = 0; i < PAYLOADS; i++) {
        struct account *account = &crew->ledger->payloads[i];
        assert_int_equal(ntf_load(&account->holders, NTF_SEQ_CST), 0);
        assert_true(ntf_load(&account->signals_begun, NTF_SEQ_CST) == ntf_load(&account->signals_ended, NTF_SEQ_CST));
        assert_true(ntf_load(&account->resets_begun, NTF_SEQ_CST) == ntf_load(&account->resets_ended, NTF_SEQ_CST));
        if (is_binary(i))
            check_binary(crew, i);
        else
            check_value(crew, i);
    }
}

// A value payload is asked whether it has reached all that was issued.
void crew_states(struct crew *crew, char states[PAYLOADS + 1])
{
    for (unsigned i = 0; i < PAYLOADS; i++) {
        const uint64_t issued = ntf_load(&crew->ledger->payloads[i].issued, NTF_SEQ_CST);
        VkFence fence = imported(crew, i % PLACES, i, i / 8 % 2, issued ? issued : 1);
        states[i] = fence_status(fence) == VK_SUCCESS ? '1' : '0';
        fence_free(fence);
    }
    states[PAYLOADS] = '\0';
}
