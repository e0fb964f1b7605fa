// SPDX-License-Identifier: Apache-2.0
/*
 * Imports that are refused: the answer, exactly one line with the reason and the status of every
 * step, and nothing else: fence, handle and the application's structures are as before.
 */
#include "vulkan.h"

#include <stdio.h>
#include <string.h>

// The application's structures, between bytes that nobody may touch.
struct guarded {
    uint8_t before[64];
    NtfenceImportValueInfo value, second;
    VkImportFenceWin32HandleInfoKHR info;
    uint8_t after[64];
};

enum state { UNSIGNALLED, SIGNALLED, PERMANENT, TEMPORARY, STATES };

static struct guarded given;

static void prepare(VkFence fence)
{
    memset(&given, 0xA5, sizeof given);
    given.value.sType = given.second.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO;
    given.value.pNext = given.second.pNext = NULL;
    given.value.flags = given.second.flags = 0;
    given.value.waitValue = given.second.waitValue = 1;
    given.info.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR;
    given.info.pNext = NULL;
    given.info.fence = fence;
    given.info.flags = 0;
    given.info.handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT;
    given.info.handle = NULL;
    given.info.name = NULL;
}

// Imports what is in `given`.
static void expect_refusal(const char *code, const char *text)
{
    struct guarded copy;
    memcpy(&copy, &given, sizeof copy);
    messages_clear();
    assert_int_equal(vk.ImportFenceWin32HandleKHR(world.device, &given.info),
                     VK_ERROR_INVALID_EXTERNAL_HANDLE);
    assert_memory_equal(&copy, &given, sizeof copy);
    if (messages_of(code) != 1 || !strstr(messages_last(code), text))
        fail_msg("%s, expected once and with '%s', came %u times: %s", code, text,
                 messages_of(code), messages_last(code));
    // No other line of ours.
    for (unsigned i = 1; i <= 12; i++) {
        char other[32];
        snprintf(other, sizeof other, "NTF-IMPORT-%03u", i);
        assert_int_equal(messages_of(other), strcmp(other, code) == 0);
    }
    assert_int_equal(messages_of("NTF-INFO-002"), 0);
}

// A fence in each of the states that it can have.
struct subject {
    VkFence fence;
    struct kernel_fence permanent, temporary;
};

static void subject_make(struct subject *subject, enum state state)
{
    subject->fence = state == SIGNALLED ? fence_new_signalled() : fence_new();
    kernel_make(&subject->permanent, true, false, 0);
    kernel_make(&subject->temporary, false, false, 0);
    if (state == PERMANENT || state == TEMPORARY)
        assert_int_equal(import_by_handle(subject->fence, subject->permanent.handle, 0, 0), VK_SUCCESS);
    if (state == TEMPORARY)
        assert_int_equal(import_by_handle(subject->fence, subject->temporary.handle,
                                          VK_FENCE_IMPORT_TEMPORARY_BIT, 0), VK_SUCCESS);
}

// It behaves as if the refused import had never been asked for.
static void subject_check(struct subject *subject, enum state state)
{
    fence_expect(subject->fence, state == SIGNALLED);
    if (state == TEMPORARY) {
        kernel_signal(&subject->temporary, 1);
        fence_expect(subject->fence, true);
        fence_reset(subject->fence);
        fence_expect(subject->fence, false);
    }
    if (state == TEMPORARY || state == PERMANENT) {
        kernel_signal(&subject->permanent, 2);
        fence_expect(subject->fence, true);
    } else {
        fence_reset(subject->fence);
        fence_submit(subject->fence);
        assert_int_equal(fence_wait(subject->fence, UINT64_MAX), VK_SUCCESS);
        assert_int_equal(kernel_value(&subject->permanent), 0);
    }
    fence_free(subject->fence);
    kernel_destroy(&subject->permanent);
    kernel_destroy(&subject->temporary);
}

// Runs one bad input on a fence in every state, permanently and temporarily.
static void on_every_fence(void (*input)(void), const char *code, const char *text)
{
    for (enum state state = UNSIGNALLED; state < STATES; state++) {
        struct subject subject;
        subject_make(&subject, state);
        prepare(subject.fence);
        input();
        expect_refusal(code, text);
        given.info.flags |= VK_FENCE_IMPORT_TEMPORARY_BIT;
        expect_refusal(code, text);
        subject_check(&subject, state);
    }
}

static ntf_handle some_handle;

static void give_handle(void)
{
    given.info.handle = some_handle;
}

// Closed only now: whatever is opened next may get the same number.
static void give_closed_handle(void)
{
    given.info.handle = os_stranger(OS_EVENT);
    os_handle_close(given.info.handle);
}

static void closed_handle(void **state)
{
    (void)state;
    on_every_fence(give_closed_handle, "NTF-IMPORT-001", "0xC0000008");
}

static void no_handle_at_all(void **state)
{
    (void)state;
    some_handle = (ntf_handle)(intptr_t)-1;
    on_every_fence(give_handle, "NTF-IMPORT-001", "0xC0000008");
    some_handle = (ntf_handle)(intptr_t)-2;
    on_every_fence(give_handle, "NTF-IMPORT-001", "0xC0000008");
    some_handle = NULL; // and no name either
    on_every_fence(give_handle, "NTF-IMPORT-005", "neither");
}

static void stranger(enum os_stranger kind)
{
    some_handle = os_stranger(kind);
    on_every_fence(give_handle, "NTF-IMPORT-002", "soft: class");
    assert_true(os_handle_live(some_handle));
    os_handle_close(some_handle);
}

static void event(void **state)
{
    (void)state;
    stranger(OS_EVENT);
}

static void file(void **state)
{
    (void)state;
    stranger(OS_FILE);
}

static void foreign_memory(void **state)
{
    (void)state;
    stranger(OS_MEMORY);
}

static const char16_t *some_name;

static void give_name(void)
{
    given.info.name = (LPCWSTR)some_name;
}

static void unknown_name(void **state)
{
    (void)state;
    some_name = u"ntfence-test-nobody-has-this-name";
    on_every_fence(give_name, "NTF-IMPORT-003", "0xC0000034");
    some_name = u"Global\\ntfence-test-nobody-has-this-name";
    on_every_fence(give_name, "NTF-IMPORT-003", "0xC0000034");
}

static void malformed_name(void **state)
{
    char16_t tall[600];
    (void)state;
    some_name = u"";
    on_every_fence(give_name, "NTF-IMPORT-004", "");
    some_name = u"a\\b";
    on_every_fence(give_name, "NTF-IMPORT-004", "a\\b");
    for (size_t i = 0; i < NTF_COUNT(tall); i++)
        tall[i] = u'x';
    tall[NTF_COUNT(tall) - 1] = 0;
    some_name = tall;
    on_every_fence(give_name, "NTF-IMPORT-004", "xxxx");
    some_name = NULL;
}

// A name that went with its object is unknown again.
static void name_of_the_dead(void **state)
{
    struct kernel_fence object;
    (void)state;
    kernel_make(&object, true, true, 0);
    some_name = object.name;
    kernel_destroy(&object);
    on_every_fence(give_name, "NTF-IMPORT-003", "");
}

static struct kernel_fence good;

static void give_both(void)
{
    given.info.handle = good.handle;
    given.info.name = (LPCWSTR)good.name;
}

static void both(void **state)
{
    (void)state;
    kernel_make(&good, true, true, 1);
    on_every_fence(give_both, "NTF-IMPORT-005", "both");
    kernel_destroy(&good);
}

static VkExternalFenceHandleTypeFlagBits some_type;

static void give_type(void)
{
    given.info.handle = good.handle;
    given.info.handleType = some_type;
}

static void unsupported_type(void **state)
{
    static const unsigned types[] = {0, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT,
                                     VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT, 3, 0x40000000};
    (void)state;
    kernel_make(&good, true, false, 1);
    for (size_t i = 0; i < NTF_COUNT(types); i++) {
        some_type = (VkExternalFenceHandleTypeFlagBits)types[i];
        on_every_fence(give_type, "NTF-IMPORT-006", "handleType");
    }
    kernel_destroy(&good);
}

// Global handles: none, one that nothing has, more bits than there are, an NT handle's number, a name beside it or instead.
static uintptr_t some_number;

static void give_number(void)
{
    given.info.handle = (HANDLE)some_number;
    given.info.handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
}

static void give_number_and_name(void)
{
    give_number();
    given.info.name = (const void *)u"ntfence-test-global";
}

static void bad_global_handle(void **state)
{
    (void)state;
    kernel_make(&good, true, false, 1);
    some_number = 0;
    on_every_fence(give_number, "NTF-IMPORT-005", "neither");
    on_every_fence(give_number_and_name, "NTF-IMPORT-005", "global handle");
    some_number = 0x40000540;
    on_every_fence(give_number, "NTF-IMPORT-001", "global handle");
    on_every_fence(give_number_and_name, "NTF-IMPORT-005", "both");
    some_number = (uintptr_t)good.handle;
    on_every_fence(give_number, "NTF-IMPORT-001", "global handle");
    if (sizeof some_number > 4) {
        some_number = (uintptr_t)UINT64_C(0x140000540);
        on_every_fence(give_number, "NTF-IMPORT-001", "32 bits");
    }
    kernel_destroy(&good);
}

static const VkFenceCreateInfo stranger_info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};

static void give_unknown_structure(void)
{
    given.info.handle = good.handle;
    given.info.pNext = &stranger_info;
}

static void give_unknown_behind_ours(void)
{
    give_unknown_structure();
    given.value.pNext = &stranger_info;
    given.info.pNext = &given.value;
}

static void give_ours_twice(void)
{
    give_unknown_structure();
    given.value.pNext = &given.second;
    given.info.pNext = &given.value;
}

// A chain that never ends.
static void give_a_circle(void)
{
    give_unknown_structure();
    given.value.pNext = &given.value;
    given.info.pNext = &given.value;
}

static void chain(void **state)
{
    (void)state;
    kernel_make(&good, true, false, 1);
    on_every_fence(give_unknown_structure, "NTF-IMPORT-007", "chain");
    on_every_fence(give_unknown_behind_ours, "NTF-IMPORT-007", "chain");
    on_every_fence(give_ours_twice, "NTF-IMPORT-007", "chain");
    on_every_fence(give_a_circle, "NTF-IMPORT-007", "chain");
    kernel_destroy(&good);
}

static void give_ours(void)
{
    given.info.handle = good.handle;
    given.info.pNext = &given.value;
}

// Our structure needs our extension.
static void structure_not_enabled(void **state)
{
    VkDevice before = world.device;
    (void)state;
    device_use(device_new((const char *const[]){VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, NULL}));
    kernel_make(&good, true, false, 1);
    on_every_fence(give_ours, "NTF-IMPORT-007", "not enabled");
    kernel_destroy(&good);
    vk.DestroyDevice(world.device, NULL);
    device_use(before);
}

static void give_flags(void)
{
    given.info.handle = good.handle;
    given.info.flags = 6;
}

static void give_inner_flags(void)
{
    give_ours();
    given.value.flags = 1;
}

static void flags(void **state)
{
    (void)state;
    kernel_make(&good, true, false, 1);
    on_every_fence(give_flags, "NTF-IMPORT-008", "flags");
    on_every_fence(give_inner_flags, "NTF-IMPORT-008", "flags");
    kernel_destroy(&good);
}

static void no_fence(void **state)
{
    (void)state;
    kernel_make(&good, true, false, 1);
    prepare(VK_NULL_HANDLE);
    given.info.handle = good.handle;
    expect_refusal("NTF-IMPORT-012", "");
    kernel_destroy(&good);
}

// Without any D3DKMT the device is there, and an import says what became of each provider.
static void no_provider(void **state)
{
    VkDevice before = world.device;
    VkInstance instance = world.instance;
    VkDebugUtilsMessengerEXT messenger = world.messenger;
    VkPhysicalDevice physical = world.physical;
    (void)state;
    kernel_make(&good, true, false, 1);
    os_setenv("NTFENCE_PROVIDER", "system");
    instance_open(&(struct world_options){0});
    os_setenv("NTFENCE_PROVIDER", "soft");
    device_use(device_new((const char *const[]){VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, NULL}));
    if (strstr(messages_last("NTF-INFO-001"), "no D3DKMT provider")) {
        VkFence fence = fence_new();
        prepare(fence);
        given.info.handle = good.handle;
        expect_refusal("NTF-IMPORT-011", "refused at");
        fence_submit(fence);
        assert_int_equal(fence_wait(fence, UINT64_MAX), VK_SUCCESS);
        fence_free(fence);
    }
    vk.DestroyDevice(world.device, NULL);
    instance_close();
    world.instance = instance;
    world.messenger = messenger;
    world.physical = physical;
    device_use(before);
    kernel_destroy(&good);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(closed_handle), WORLD_TEST(no_handle_at_all), WORLD_TEST(event), WORLD_TEST(file),
        WORLD_TEST(foreign_memory), WORLD_TEST(unknown_name), WORLD_TEST(malformed_name),
        WORLD_TEST(name_of_the_dead), WORLD_TEST(both), WORLD_TEST(unsupported_type),
        WORLD_TEST(bad_global_handle), WORLD_TEST(chain),
        WORLD_TEST(structure_not_enabled), WORLD_TEST(flags), WORLD_TEST(no_fence), WORLD_TEST(no_provider),
    };
    return ntf_test_run("layer-bad", tests, NTF_COUNT(tests), world_setup, world_teardown);
}
