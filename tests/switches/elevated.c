// SPDX-License-Identifier: Apache-2.0
/*
 * An elevated process reads no variable of ours (the disabling one is the loader's to read). Whether a
 * process is elevated is an operation of the system, which Wine and set-user-id answer elsewhere (tests/base): here it
 * is given, and the environment counts who asks. All that reads variables is compiled in (readers.py sees to that).
 */
#include "ntf_test.h"

#include <stdio.h>
#include <string.h>

#include "base/os/os.h"

static struct {
    bool elevated;
    unsigned asked;
    char names[4096]; // each with a space before and after
} world;

static bool fake_elevated(void)
{
    return world.elevated;
}

// Every variable there is, with a value that would do harm.
static int fake_getenv(const char *name, char *buffer, size_t size_bytes)
{
    static const char value[] = "1,VK_LAYER_NTFENCE_external_fence_win32";
    const size_t used = strlen(world.names);
    world.asked++;
    snprintf(world.names + used, sizeof world.names - used, " %s ", name);
    return snprintf(buffer, size_bytes, "%s", strcmp(name, "NTFENCE_ENABLE") == 0 ? "1" : value);
}

#define ntf_os_elevated fake_elevated
#define ntf_os_getenv fake_getenv
#include "base/settings.c"
#undef VALUE_BYTES
#include "vulkan/origin.c"

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    return 0;
}

static void expect_asked(const char *name)
{
    char word[128];
    snprintf(word, sizeof word, " %s ", name);
    if (!strstr(world.names, word))
        fail_msg("nobody asked for %s, only for:%s", name, world.names);
}

// What makes the other tests worth something: this environment is heard.
static void others_read_every_variable(void **state)
{
    struct ntf_settings s;
    (void)state;
    ntf_settings_read(&s);
    for (size_t i = 0; i < LIST_COUNT; i++) {
        char name[VARIABLE_BYTES];
        name_variable(name, list[i].key);
        expect_asked(name);
        assert_string_equal(place_of(&s, &list[i]), "1,VK_LAYER_NTFENCE_external_fence_win32");
    }
    assert_string_equal(ntf_origin(), "the variable VK_INSTANCE_LAYERS");
    expect_asked("VK_INSTANCE_LAYERS");
}

static void elevated_settings_ask_for_none(void **state)
{
    struct ntf_settings s;
    (void)state;
    world.elevated = true;
    memset(&s, 0x5A, sizeof s);
    assert_int_equal(ntf_settings_read(&s), 0);
    for (size_t i = 0; i < LIST_COUNT; i++)
        assert_string_equal(place_of(&s, &list[i]), list[i].initial);
    assert_int_equal(world.asked, 0);
}

// What the application's own chain says counts, and no variable is asked whether it may: settings.h.
static void elevated_offers_need_no_variable(void **state)
{
    struct ntf_settings s;
    (void)state;
    world.elevated = true;
    ntf_settings_read(&s);
    for (size_t i = 0; i < LIST_COUNT; i++) {
        assert_true(ntf_settings_offer(&s, list[i].key, "own"));
        assert_string_equal(place_of(&s, &list[i]), "own");
    }
    assert_int_equal(world.asked, 0);
}

static void elevated_origin_asks_for_none(void **state)
{
    (void)state;
    world.elevated = true;
    assert_string_equal(ntf_origin(), "the application or a settings file");
    assert_int_equal(world.asked, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(others_read_every_variable, setup),
        cmocka_unit_test_setup(elevated_settings_ask_for_none, setup),
        cmocka_unit_test_setup(elevated_offers_need_no_variable, setup),
        cmocka_unit_test_setup(elevated_origin_asks_for_none, setup),
    };
    return ntf_test_run("switches-elevated", tests, NTF_COUNT(tests), NULL, NULL);
}
