/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching others: bells of peers, signs of life, events of callers. */
#include "ntf_test.h"

#include <windows.h>
#include <sddl.h>
#include <stdlib.h>

#include "base/os/os.h"
#include "kmt/os/win32/pool.h"
#include "kmt/soft/os/win32/nt.h"

#define SECOND 1000000000ull
#define MANY_BELLS 300u /* more than soft keeps handles of */

/* A child can't assert: it says what went wrong and ends. */
static void need(bool met, const char *what)
{
    if (met)
        return;
    ntf_parent_send("failed: %s", what);
    exit(1);
}

/* The child: opens many bells to peers, and says whether all were heard. */
static int child_listens(void)
{
    uint32_t first = 0, bell;
    uint64_t start;
    char line[NTF_LINE_MAX];

    for (uint32_t i = 0; i < MANY_BELLS; i++) {
        need(ntf_bell_borrow(&bell) && ntf_bell_open_to_peers(bell), "a bell");
        need(i == 0 || bell == first + i, "bells in a row");
        first = i == 0 ? bell : first;
    }
    ntf_parent_send("%#llx", (unsigned long long)(ntf_copy_id() | first));
    while (ntf_parent_receive(line)) {
        start = ntf_os_now_ns();
        for (uint32_t i = 0; i < MANY_BELLS; i++)
            ntf_bell_sleep(first + i, start + 20 * SECOND);
        ntf_parent_send(ntf_os_now_ns() - start < 19 * SECOND ? "heard" : "not heard");
    }
    return 0;
}

/* More bells of peers than handles are kept: each rings every time, and the handles do not grow. */
static void many_bells_ring(void **state)
{
    struct ntf_child *child = ntf_child_start("listens", NULL);
    char line[NTF_LINE_MAX];
    uint64_t first;
    size_t handles = 0;

    (void)state;
    assert_true(ntf_child_receive(child, line));
    first = strtoull(line, NULL, 0);
    assert_true(first != 0);
    for (unsigned round = 0; round < 4; round++) {
        for (uint32_t i = 0; i < MANY_BELLS; i++)
            soft_wake(NULL, first + i, true);
        if (round == 1)
            handles = ntf_test_open_handles();
        ntf_child_send(child, "rung");
        ntf_child_expect(child, "heard");
    }
    assert_int_equal(ntf_test_open_handles(), handles);
    for (uint32_t i = 0; i < MANY_BELLS; i++)
        soft_wake(NULL, first + i, false); /* of a page that is nobody else's: not a peer's */
    assert_int_equal(ntf_child_wait(child), 0);
    soft_wake(NULL, first, true);
    soft_wake(NULL, 0, true);
    soft_wake(NULL, UINT64_MAX, true);
}

/* An event that this process has made and may not open for waiting. Wine lets an owner wait for anything, Windows
 * lets nobody make others owners. */
static HANDLE make_denied(const wchar_t *name)
{
    static const wchar_t *const descriptors[] = { L"O:SYD:(A;;0x2;;;WD)", L"D:(A;;0x2;;;WD)" };
    SECURITY_ATTRIBUTES attributes = { sizeof attributes, NULL, FALSE };
    HANDLE event = NULL;

    for (size_t i = 0; i < NTF_COUNT(descriptors) && !event; i++) {
        assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(descriptors[i], SDDL_REVISION_1,
                                                                         &attributes.lpSecurityDescriptor, NULL));
        event = CreateEventW(&attributes, FALSE, FALSE, name);
        LocalFree(attributes.lpSecurityDescriptor);
    }
    assert_non_null(event);
    assert_null(OpenEventW(SYNCHRONIZE, FALSE, name));
    assert_int_equal(GetLastError(), ERROR_ACCESS_DENIED);
    return event;
}

/* A name that may not be opened is still a name: its owner is not gone. One that nobody has is. */
static void denied_is_not_gone(void **state)
{
    const uint64_t somebody = ntf_copy_id() ^ 0x123456780000u;
    wchar_t name[NTF_EVENT_NAME_UNITS];
    struct soft_memory memory;
    HANDLE object;

    (void)state;
    assert_int_equal(soft_memory_create(&memory), NTF_OK);
    ntf_life_name(somebody, name);
    assert_true(soft_life_gone(&memory, somebody));
    object = make_denied(name);
    assert_false(soft_life_gone(&memory, somebody));
    assert_true(CloseHandle(object));
    assert_true(soft_life_gone(&memory, somebody));
    object = CreateMutexW(NULL, FALSE, name);
    assert_non_null(object);
    assert_false(soft_life_gone(&memory, somebody));
    assert_true(CloseHandle(object));
    soft_memory_close(&memory);
}

/* Events of callers: a duplicate is kept that outlives theirs; what is no event is not kept. */
static void callers_events_are_kept(void **state)
{
    const size_t before = ntf_test_open_handles();
    const HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), mutex = CreateMutexW(NULL, FALSE, NULL);
    HANDLE waits;
    ntf_handle kept = NULL;
    assert_int_equal(soft_event_keep(event, &kept), NTF_OK);

    (void)state;
    assert_non_null(kept);
    assert_true(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &waits, SYNCHRONIZE, FALSE, 0));
    assert_true(CloseHandle(event));
    soft_event_set(kept);
    assert_int_equal(WaitForSingleObject(waits, 0), WAIT_OBJECT_0);
    soft_event_drop(kept);
    assert_true(CloseHandle(waits));
    assert_int_equal(soft_event_keep(mutex, &kept), NTF_E_BAD_HANDLE);
    assert_true(CloseHandle(mutex));
    assert_int_equal(soft_event_keep(mutex, &kept), NTF_E_BAD_HANDLE);
    assert_int_equal(soft_event_keep(NULL, &kept), NTF_E_BAD_HANDLE);
    assert_int_equal(soft_event_keep((ntf_handle)(intptr_t)-1, &kept), NTF_E_BAD_HANDLE);
    assert_int_equal(ntf_test_open_handles(), before);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_bells_ring),
        cmocka_unit_test(denied_is_not_gone),
        cmocka_unit_test(callers_events_are_kept),
    };

    if (ntf_test_role(argc, argv))
        return child_listens();
    return ntf_test_run("soft-win32-wake", tests, NTF_COUNT(tests), NULL, NULL);
}
