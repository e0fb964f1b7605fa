/* SPDX-License-Identifier: Apache-2.0 */
/* deviation 9: on Linux a security descriptor is ignored. This one lets nobody in, and everybody
 * comes in. */
#include "../rig.h"

/* Self-relative: revision 1, SE_SELF_RELATIVE | SE_DACL_PRESENT, and at 20 a DACL without an entry.
 */
static const uint8_t nobody[] = {1, 0, 4,  0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                 0, 0, 20, 0,    0, 0, 2, 0, 8, 0, 0, 0, 0, 0};

static void a_security_descriptor_is_ignored(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 3);
    const char *text = rig_unique("NtfTest-Rights");
    struct rig_name name;
    struct rig_fence opened;
    ntf_handle nt, found;

    (void)state;
    rig_name(&name, text);
    name.attributes.SecurityDescriptor = (void *)(uintptr_t)nobody;
    assert_int_equal(kmt.ShareObjects(1, &fence.handle, &name.attributes, 0x1F0003, &nt),
                     NTF_STATUS_SUCCESS);
    assert_int_equal(rig_lookup(text, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &found), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_open(found, 0, &opened), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_signal(opened.handle, 4), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_value(&fence), 4);
    rig_destroy(opened.handle);
    rig_handle_close(found);
    rig_handle_close(nt);
    rig_destroy(fence.handle);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(a_security_descriptor_is_ignored)};

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-rights", tests, NTF_COUNT(tests), NULL, NULL);
}
