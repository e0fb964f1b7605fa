/* SPDX-License-Identifier: Apache-2.0 */
/* Where a setting comes from: settings.c is compiled here against an environment of this test. */
#include "ntf_test.h"

#include <string.h>

#include "base/os/os.h"

static struct {
    const char *variable, *value; /* the one variable that exists */
    bool elevated;
} fake;

static bool fake_elevated(void)
{
    return fake.elevated;
}

static int fake_getenv(const char *name, char *buffer, size_t size_bytes)
{
    size_t length;

    if (!fake.variable || strcmp(name, fake.variable) != 0)
        return -1;
    length = strlen(fake.value);
    if (size_bytes > 0) {
        const size_t copied = length < size_bytes ? length : size_bytes - 1;
        memcpy(buffer, fake.value, copied);
        buffer[copied] = '\0';
    }
    return (int)length;
}

#define ntf_os_elevated fake_elevated
#define ntf_os_getenv fake_getenv
#include "base/settings.c"

static char long_value[513]; /* one byte more than fits with its terminator */

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(long_value, 'x', sizeof long_value - 1);
    return 0;
}

/* Without a word from anybody there are the defaults of the list, over whatever was in the memory. */
static void defaults(void **state)
{
    struct ntf_settings s;

    (void)state;
    memset(&s, 0x5A, sizeof s);
    assert_int_equal(ntf_settings_read(&s), 0);
#define X(key, def, text) assert_string_equal(s.key, def);
    NTF_SETTINGS(X)
#undef X
    assert_string_equal(s.provider, "auto");
}

/* The variable of a key is NTFENCE_ and the key in capitals; an empty one is a value. */
static void environment_speaks(void **state)
{
    struct ntf_settings s;

    (void)state;
    fake.variable = "NTFENCE_LOG_LEVEL";
    fake.value = "info";
    assert_int_equal(ntf_settings_read(&s), 0);
    assert_string_equal(s.log_level, "info");
    assert_string_equal(s.rungs, "auto");
    fake.value = "";
    assert_int_equal(ntf_settings_read(&s), 0);
    assert_string_equal(s.log_level, "");
}

/* The environment comes before the application's settings; what it does not name is the application's to set. */
static void environment_beats_offer(void **state)
{
    struct ntf_settings s;

    (void)state;
    fake.variable = "NTFENCE_PROVIDER";
    fake.value = "soft";
    (void)ntf_settings_read(&s);
    assert_true(ntf_settings_offer(&s, "provider", "system"));
    assert_true(ntf_settings_offer(&s, "rungs", "native"));
    assert_string_equal(s.provider, "soft");
    assert_string_equal(s.rungs, "native");
}

/* An elevated process does not listen to its environment; what its own code says counts. */
static void elevated_ignores_variables(void **state)
{
    struct ntf_settings s;

    (void)state;
    fake.elevated = true;
    fake.variable = "NTFENCE_D3DKMT";
    fake.value = "/tmp/evil.so";
    assert_int_equal(ntf_settings_read(&s), 0);
    assert_string_equal(s.d3dkmt, "");
    assert_true(ntf_settings_offer(&s, "d3dkmt", "/opt/own.so"));
    assert_string_equal(s.d3dkmt, "/opt/own.so");
}

/* A value that does not fit is dropped whole, counted or refused; the longest that fits is taken. */
static void long_values_are_dropped(void **state)
{
    struct ntf_settings s;

    (void)state;
    fake.variable = "NTFENCE_RUNGS";
    fake.value = long_value;
    assert_int_equal(ntf_settings_read(&s), 1);
    assert_string_equal(s.rungs, "auto");
    assert_false(ntf_settings_offer(&s, "log", long_value));
    assert_string_equal(s.log, "");

    long_value[511] = '\0';
    assert_int_equal(ntf_settings_read(&s), 0);
    assert_int_equal(strlen(s.rungs), 511);
    assert_true(ntf_settings_offer(&s, "log", long_value));
    assert_int_equal(strlen(s.log), 511);
}

/* What is no key, or no value, is refused. */
static void unknown_keys_are_refused(void **state)
{
    struct ntf_settings s, before;

    (void)state;
    (void)ntf_settings_read(&s);
    before = s;
    assert_false(ntf_settings_offer(&s, "logs", "x"));
    assert_false(ntf_settings_offer(&s, "LOG", "x"));
    assert_false(ntf_settings_offer(&s, "", "x"));
    assert_false(ntf_settings_offer(&s, "log", NULL));
    assert_memory_equal(&s, &before, sizeof s);
}

/* The words for yes, in any case, and nothing that only begins like one. */
static void words_for_yes(void **state)
{
    static const char *const yes[] = { "1", "true", "TRUE", "True", "on", "ON", "yes", "yEs" };
    static const char *const no[] = { "", "0", "11", "tru", "truest", "off", "o", "no", " 1" };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(yes); i++)
        assert_true(ntf_settings_is_true(yes[i]));
    for (size_t i = 0; i < NTF_COUNT(no); i++)
        assert_false(ntf_settings_is_true(no[i]));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults, setup),
        cmocka_unit_test_setup(environment_speaks, setup),
        cmocka_unit_test_setup(environment_beats_offer, setup),
        cmocka_unit_test_setup(elevated_ignores_variables, setup),
        cmocka_unit_test_setup(long_values_are_dropped, setup),
        cmocka_unit_test_setup(unknown_keys_are_refused, setup),
        cmocka_unit_test(words_for_yes),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-settings", tests, NTF_COUNT(tests), NULL, NULL);
}
