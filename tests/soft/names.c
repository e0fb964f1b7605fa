/* SPDX-License-Identifier: Apache-2.0 */
/* Names, through the D3DKMT calls, in one process. */
#include "rig.h"

#include <string.h>

#define READ_RIGHTS 0x00020000u

static void lower(const char *text, char out[128])
{
    size_t i;

    for (i = 0; text[i] != '\0' && i < 127; i++)
        out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    out[i] = '\0';
}

static void lookups(void **state)
{
    const char *name = rig_unique("NtfTest-Lookup");
    const struct rig_fence fence = rig_monitored(SHARED, 7);
    D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME raw = { 1, NULL, (ntf_handle)(uintptr_t)POISON };
    ntf_handle nt, found = (ntf_handle)(uintptr_t)POISON;
    struct rig_fence opened;
    char folded[128];

    (void)state;
    assert_int_equal(kmt.OpenSyncObjectNtHandleFromName(NULL), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(kmt.OpenSyncObjectNtHandleFromName(&raw), NTF_STATUS_INVALID_PARAMETER);
    assert_int_equal(rig_lookup(name, READ_RIGHTS, &found), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(rig_lookup(name, 0, &found), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(rig_share_as(fence.handle, name, &nt), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_lookup(name, 0, &found), NTF_STATUS_ACCESS_DENIED);
    assert_true(found == (ntf_handle)(uintptr_t)POISON && raw.hNtHandle == found);
    lower(name, folded);
    assert_int_equal(rig_lookup(folded, READ_RIGHTS, &found), NTF_STATUS_SUCCESS);
    assert_int_equal((uintptr_t)found & NTF_KMT_HANDLE_TAG_MASK, 0);
    assert_int_equal(rig_open(found, 0, &opened), NTF_STATUS_SUCCESS);
    assert_ptr_equal(opened.value, fence.value);
    rig_destroy(opened.handle);
    rig_handle_close(found);
    rig_handle_close(nt);
    rig_destroy(fence.handle);
}

/* A taken name is refused and nothing is made; the same object may be given its name again. */
static void collisions(void **state)
{
    const char *name = rig_unique("NtfTest-Collision");
    const struct rig_fence a = rig_monitored(SHARED, 0), b = rig_monitored(SHARED, 0);
    ntf_handle nt, again, other = (ntf_handle)(uintptr_t)POISON;
    size_t handles;

    (void)state;
    assert_int_equal(rig_share_as(a.handle, name, &nt), NTF_STATUS_SUCCESS);
    handles = ntf_test_open_handles();
    assert_int_equal(rig_share_as(b.handle, name, &other), NTF_STATUS_OBJECT_NAME_COLLISION);
    assert_true(other == (ntf_handle)(uintptr_t)POISON);
    ntf_test_until_handles(handles);
    assert_int_equal(rig_share_as(a.handle, name, &again), NTF_STATUS_SUCCESS);
    rig_handle_close(again);
    rig_handle_close(nt);
    rig_destroy(a.handle);
    assert_int_equal(rig_share_as(b.handle, name, &other), NTF_STATUS_SUCCESS);
    rig_handle_close(other);
    rig_destroy(b.handle);
}

/* A name lives as long as a local object of the process that gave it: NT handles alone do not keep it, and its end
 * does not end them. (That it outlives the last NT handle is a deviation.) */
static void lifetime(void **state)
{
    const char *name = rig_unique("NtfTest-Life");
    const struct rig_fence fence = rig_monitored(SHARED, 1);
    struct rig_fence second;
    ntf_handle nt, found;

    (void)state;
    assert_int_equal(rig_share_as(fence.handle, name, &nt), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_open(nt, 0, &second), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    assert_int_equal(rig_lookup(name, READ_RIGHTS, &found), NTF_STATUS_SUCCESS);
    rig_destroy(fence.handle);
    rig_handle_close(found);
    assert_int_equal(rig_lookup(name, READ_RIGHTS, &found), NTF_STATUS_SUCCESS);
    rig_destroy(second.handle);
    assert_int_equal(rig_lookup(name, READ_RIGHTS, &nt), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(rig_open(found, 0, &second), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&second), 1);
    assert_int_equal(rig_share_as(second.handle, name, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    rig_destroy(second.handle);
    rig_handle_close(found);
}

/* Names made and taken back, many at once and one again and again: nothing is left, and the threads stay few. */
static void many_names(void **state)
{
    static struct rig_fence fences[100];
    static char names[100][128];
    size_t handles, threads;
    ntf_handle nt;

    (void)state;
    lifetime(state);
    handles = ntf_test_open_handles();
    threads = ntf_test_threads();
    for (unsigned i = 0; i < NTF_COUNT(fences); i++) {
        fences[i] = rig_monitored(SHARED, i);
        (void)strcpy(names[i], rig_unique("NtfTest-Many"));
        assert_int_equal(rig_share_as(fences[i].handle, names[i], &nt), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
    }
    for (unsigned i = 0; i < NTF_COUNT(fences); i++) {
        struct rig_fence opened;
        assert_int_equal(rig_lookup(names[i], READ_RIGHTS, &nt), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_open(nt, 0, &opened), NTF_STATUS_SUCCESS);
        assert_int_equal(rig_value(&opened), i);
        rig_handle_close(nt);
        rig_destroy(opened.handle);
        rig_destroy(fences[i].handle);
    }
    assert_in_range(ntf_test_threads(), 1, threads);
    for (int i = 0; i < 100; i++) {
        const struct rig_fence fence = rig_monitored(SHARED, 0);
        assert_int_equal(rig_share_as(fence.handle, names[0], &nt), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
        rig_destroy(fence.handle);
    }
    ntf_test_until_handles(handles);
}

/* An empty name is no name for sharing and an error for a lookup; a length that is no whole number of units is one. */
static void odd_names(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct rig_name name;
    D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME lookup = { READ_RIGHTS, &name.attributes, NULL };
    ntf_handle nt;

    (void)state;
    rig_raw_name(&name, "");
    assert_int_equal(kmt.OpenSyncObjectNtHandleFromName(&lookup), NTF_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(kmt.ShareObjects(1, &fence.handle, &name.attributes, 0x1F0003, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    rig_name(&name, "NtfTest");
    name.string.Length--;
    assert_int_equal(kmt.OpenSyncObjectNtHandleFromName(&lookup), NTF_STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(kmt.ShareObjects(1, &fence.handle, &name.attributes, 0x1F0003, &nt),
                     NTF_STATUS_OBJECT_NAME_INVALID);
    name.attributes.ObjectName = NULL;
    assert_int_equal(kmt.OpenSyncObjectNtHandleFromName(&lookup), NTF_STATUS_INVALID_PARAMETER);
    rig_destroy(fence.handle);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups),    cmocka_unit_test(collisions), cmocka_unit_test(lifetime),
        cmocka_unit_test(many_names), cmocka_unit_test(odd_names),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-names", tests, NTF_COUNT(tests), NULL, NULL);
}
