/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a name where there is no object directory. */
#include "ntf_test.h"

#include "kmt/soft/leaf.h"

#include <string.h>

static bool leaf_of(const char *text, struct soft_leaf *leaf)
{
    static char16_t units[600];
    ntf_unicode_string path = { 0, 0, units };

    for (path.Length = 0; text[path.Length / 2] != '\0'; path.Length += 2)
        units[path.Length / 2] = (char16_t)(unsigned char)text[path.Length / 2];
    return soft_leaf_of(&path, leaf);
}

static void one_directory(void **state)
{
    static const char *const same[] = {
        "Fence x",        "fence X",
        "Local\\Fence x", "GLOBAL\\Fence x",
        "\\BaseNamedObjects\\Fence x", "\\basenamedobjects\\FENCE X",
        "\\Sessions\\1\\BaseNamedObjects\\Fence x", "\\Sessions\\42\\BaseNamedObjects\\Local\\Fence x",
    };
    struct soft_leaf first, other;

    (void)state;
    assert_true(leaf_of(same[0], &first));
    assert_int_equal(first.count, 7);
    assert_true(memcmp(first.units, u"fence x", 14) == 0);
    for (unsigned i = 1; i < NTF_COUNT(same); i++) {
        assert_true(leaf_of(same[i], &other));
        assert_true(soft_leaf_equal(&first, &other));
    }
    assert_true(leaf_of("fence y", &other));
    assert_false(soft_leaf_equal(&first, &other));
    assert_true(leaf_of("fence", &other));
    assert_false(soft_leaf_equal(&first, &other));
}

static void no_leaf(void **state)
{
    static const char *const bad[] = {
        "", "a\\b", "\\", "\\x", "Local\\", "Global\\a\\b", "Session\\x", "\\BaseNamedObjects\\", "\\Sessions\\x",
        "\\Sessions\\\\BaseNamedObjects\\x", "\\Sessions\\1\\x", "\\Sessions\\1\\BaseNamedObjects\\",
        "\\??\\x", "Local\\Global\\x", "\\BaseNamedObjects\\a\\b",
    };
    struct soft_leaf leaf;
    char text[300];
    char16_t zero[2] = { u'a', 0 };
    ntf_unicode_string path = { 4, 4, zero };

    (void)state;
    for (unsigned i = 0; i < NTF_COUNT(bad); i++)
        assert_false(leaf_of(bad[i], &leaf));
    memset(text, 'a', sizeof text);
    text[260] = '\0';
    assert_true(leaf_of(text, &leaf));
    text[260] = 'a';
    text[261] = '\0';
    assert_false(leaf_of(text, &leaf));
    assert_false(soft_leaf_of(&path, &leaf));
    path.Length = 1;
    assert_false(soft_leaf_of(&path, &leaf));
}

/* Only A to Z: what other letters do to a case is the system's own table, and soft has none. */
static void folding(void **state)
{
    char16_t upper[3] = { u'A', 0x00C4, 0x0130 }, small[3] = { u'a', 0x00E4, 0x0131 };
    ntf_unicode_string a = { 6, 6, upper }, b = { 6, 6, small };
    struct soft_leaf leaf;

    (void)state;
    assert_true(soft_leaf_of(&a, &leaf));
    assert_int_equal(leaf.units[0], u'a');
    assert_int_equal(leaf.units[1], 0x00C4);
    assert_true(soft_leaf_of(&b, &leaf));
    assert_int_equal(leaf.units[1], 0x00E4);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_directory),
        cmocka_unit_test(no_leaf),
        cmocka_unit_test(folding),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("soft-leaf", tests, NTF_COUNT(tests), NULL, NULL);
}
