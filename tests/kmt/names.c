/* SPDX-License-Identifier: Apache-2.0 */
/* The rules for names, row by row. */
#include <string.h>

#include "kmt/names.h"
#include "ntf_test.h"

static uint32_t length(const char16_t *text)
{
    uint32_t i = 0;

    while (text[i])
        i++;
    return i;
}

static void paths(void **state)
{
    static const struct {
        const char16_t *name;
        uint32_t session;
        const char16_t *path; /* NULL: refused */
    } rows[] = {
        { u"x", 0, u"\\BaseNamedObjects\\x" },
        { u"x", 1, u"\\Sessions\\1\\BaseNamedObjects\\x" },
        { u"x", 4294967295u, u"\\Sessions\\4294967295\\BaseNamedObjects\\x" },
        { u"Local\\x", 0, u"\\BaseNamedObjects\\x" },
        { u"Local\\x", 2, u"\\Sessions\\2\\BaseNamedObjects\\x" },
        { u"Global\\x", 0, u"\\BaseNamedObjects\\x" },
        { u"Global\\x", 2, u"\\BaseNamedObjects\\x" },
        { u"gLOBAL\\Xy", 2, u"\\BaseNamedObjects\\Xy" },
        { u"lOCAL\\Xy", 10, u"\\Sessions\\10\\BaseNamedObjects\\Xy" },
        { u"Global", 3, u"\\Sessions\\3\\BaseNamedObjects\\Global" }, /* no backslash: a plain name */
        { u"LocalX", 0, u"\\BaseNamedObjects\\LocalX" },
        { u"a/b:c d", 0, u"\\BaseNamedObjects\\a/b:c d" },
        { u"\u00e9\u4e2d\xd83d\xde00", 0, u"\\BaseNamedObjects\\\u00e9\u4e2d\xd83d\xde00" },
        { NULL, 0, NULL },
        { u"", 0, NULL },
        { u"Global\\", 1, NULL },
        { u"Local\\", 1, NULL },
        { u"\\x", 0, NULL },
        { u"x\\", 0, NULL },
        { u"a\\b", 0, NULL },
        { u"Global\\a\\b", 0, NULL },
        { u"Local\\Global\\x", 0, NULL },
        { u"Session\\1\\x", 0, NULL },
        { u"\\BaseNamedObjects\\x", 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct ntf_name_path path, before;
        enum ntf_result result;

        memset(&path, 0x5A, sizeof path);
        before = path;
        result = ntf_name_to_path(rows[i].name, rows[i].session, &path);
        if (!rows[i].path) {
            assert_int_equal(result, NTF_E_BAD_NAME);
            assert_memory_equal(&path, &before, sizeof path);
            continue;
        }
        assert_int_equal(result, NTF_OK);
        assert_int_equal(path.string.Length, 2 * length(rows[i].path));
        assert_int_equal(path.string.MaximumLength, path.string.Length + 2);
        assert_ptr_equal(path.string.Buffer, path.units);
        assert_memory_equal(path.units, rows[i].path, path.string.MaximumLength);
        assert_int_equal(path.attributes.Length, sizeof path.attributes);
        assert_ptr_equal(path.attributes.ObjectName, &path.string);
        assert_null(path.attributes.RootDirectory);
        assert_null(path.attributes.SecurityDescriptor);
        assert_int_equal(path.attributes.Attributes, NTF_OBJ_CASE_INSENSITIVE);
    }
}

/* 260 code units with the prefix, and not one more; nothing behind the limit is read. */
static void limits(void **state)
{
    char16_t name[NTF_NAME_UNITS + 2];
    struct ntf_name_path path;

    (void)state;
    for (uint32_t units = NTF_NAME_UNITS - 1; units <= NTF_NAME_UNITS + 1; units++) {
        for (uint32_t i = 0; i < units; i++)
            name[i] = u'n';
        name[units] = 0;
        assert_int_equal(ntf_name_to_path(name, 4294967295u, &path),
                         units <= NTF_NAME_UNITS ? NTF_OK : NTF_E_BAD_NAME);
        if (units <= NTF_NAME_UNITS) {
            assert_int_equal(path.string.Length / 2, units + 38);
            assert_int_equal(path.units[path.string.Length / 2], 0);
        }
    }
    name[NTF_NAME_UNITS] = name[NTF_NAME_UNITS + 1] = u'n'; /* no terminator at all */
    assert_int_equal(ntf_name_to_path(name, 0, &path), NTF_E_BAD_NAME);
}

static void leaves(void **state)
{
    static const struct {
        const char16_t *path, *leaf;
    } rows[] = {
        { u"\\BaseNamedObjects\\x", u"x" },
        { u"\\basenamedobjects\\Long Name", u"Long Name" },
        { u"\\Sessions\\1\\BaseNamedObjects\\x", u"x" },
        { u"\\SESSIONS\\4294967295\\BASENAMEDOBJECTS\\x", u"x" },
        { u"x", NULL },
        { u"", NULL },
        { u"\\x", NULL },
        { u"\\BaseNamedObjects", NULL },
        { u"\\BaseNamedObjects\\", NULL },
        { u"\\BaseNamedObjects\\a\\b", NULL },
        { u"\\Sessions\\BaseNamedObjects\\x", NULL },
        { u"\\Sessions\\\\BaseNamedObjects\\x", NULL },
        { u"\\Sessions\\1", NULL },
        { u"\\Sessions\\1x\\BaseNamedObjects\\x", NULL },
        { u"\\Device\\x", NULL },
        { u"Global\\x", NULL },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        uint32_t units = 0x5A5A;
        const char16_t *leaf = ntf_name_leaf(rows[i].path, length(rows[i].path), &units);

        if (!rows[i].leaf) {
            assert_null(leaf);
            assert_int_equal(units, 0x5A5A);
            continue;
        }
        assert_non_null(leaf);
        assert_int_equal(units, length(rows[i].leaf));
        assert_memory_equal(leaf, rows[i].leaf, 2 * units);
    }
}

/* The count ends a path, not a zero: an NT string need not have one. */
static void leaf_of_an_unterminated_path(void **state)
{
    static const char16_t path[] = u"\\BaseNamedObjects\\abcdef";
    uint32_t units;

    (void)state;
    assert_ptr_equal(ntf_name_leaf(path, 21, &units), path + 18);
    assert_int_equal(units, 3);
    assert_null(ntf_name_leaf(path, 18, &units));
    assert_null(ntf_name_leaf(path, 17, &units));
}

/* Every name that is accepted comes back out of its path. */
static void there_and_back(void **state)
{
    static const char16_t *const names[] = { u"x", u"Global\\x", u"Local\\x" };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(names); i++) {
        for (uint32_t session = 0; session < 3; session++) {
            struct ntf_name_path path;
            uint32_t units = 0;
            const char16_t *leaf;

            assert_int_equal(ntf_name_to_path(names[i], session, &path), NTF_OK);
            leaf = ntf_name_leaf(path.string.Buffer, path.string.Length / 2u, &units);
            assert_non_null(leaf);
            assert_int_equal(units, 1);
            assert_int_equal(*leaf, u'x');
        }
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),  cmocka_unit_test(limits),
        cmocka_unit_test(leaves), cmocka_unit_test(leaf_of_an_unterminated_path),
        cmocka_unit_test(there_and_back),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-names", tests, NTF_COUNT(tests), NULL, NULL);
}
