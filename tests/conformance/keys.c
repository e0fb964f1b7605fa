// SPDX-License-Identifier: Apache-2.0
// Handles of fences are values that two devices may both have (Vulkan 1.3, 3.3 "Object Model": non-dispatchable handles
// need not be unique). No driver here gives such, so this is asked of the tables themselves.
#include "ntf_test.h"

#include "fence/fences.h"
#include "fake_object.h"

static struct ntf_payload *payload_on(struct fake_object *fake)
{
    struct ntf_payload *payload = NULL;
    fake_object_init(fake, 0);
    assert_int_equal(ntf_payload_new_value(&fake->object, 1, &payload), NTF_OK);
    return payload;
}

static void one_value_in_two_devices(void **state)
{
    struct fake_object first_object, second_object;
    struct ntf_payload *first = payload_on(&first_object), *second = payload_on(&second_object);
    struct ntf_fences one, two;
    (void)state;
    assert_int_equal(ntf_fences_init(&one), NTF_OK);
    assert_int_equal(ntf_fences_init(&two), NTF_OK);
    assert_int_equal(ntf_fences_import(&one, 0x10, first, false), NTF_OK);
    // In the other device it is a plain fence still.
    assert_true(ntf_fences_none(&two));
    assert_null(ntf_fences_active(&two, 0x10));
    assert_int_equal(ntf_fences_import(&two, 0x10, second, true), NTF_OK);
    assert_ptr_equal(ntf_fences_active(&one, 0x10), first);
    assert_ptr_equal(ntf_fences_active(&two, 0x10), second);
    ntf_fences_forget(&two, 0x10);
    assert_null(ntf_fences_active(&two, 0x10));
    assert_ptr_equal(ntf_fences_active(&one, 0x10), first);
    ntf_fences_finish(&two);
    ntf_fences_finish(&one);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(one_value_in_two_devices)};
    return ntf_test_run("conformance-keys", tests, NTF_COUNT(tests), NULL, NULL);
}
