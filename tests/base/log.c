/* SPDX-License-Identifier: Apache-2.0 */
/* What a message looks like and where it goes: log.c is compiled here against a debugger and a file of this test. */
#include "ntf_test.h"

#include <stdio.h>
#include <string.h>

#include "base/os/os.h"

static char said[4096], appended[4096], appended_to[512];
static unsigned say_calls, append_calls;

static void fake_say(const char *line)
{
    say_calls++;
    (void)snprintf(said, sizeof said, "%s", line);
}

static void fake_append_line(const char *path, const char *line)
{
    append_calls++;
    (void)snprintf(appended_to, sizeof appended_to, "%s", path);
    (void)snprintf(appended, sizeof appended, "%s", line);
}

#define ntf_os_say fake_say
#define ntf_os_append_line fake_append_line
#include "base/log.c"

struct messenger {
    bool takes;
    unsigned calls;
    enum ntf_severity severity;
    char code[64], text[NTF_LOG_TEXT_BYTES];
};

static bool to_messenger(void *context, enum ntf_severity severity, const char *code, const char *text)
{
    struct messenger *m = context;

    m->calls++;
    m->severity = severity;
    (void)snprintf(m->code, sizeof m->code, "%s", code);
    (void)snprintf(m->text, sizeof m->text, "%s", text);
    return m->takes;
}

static int setup(void **state)
{
    (void)state;
    memset(said, 0, sizeof said);
    memset(appended, 0, sizeof appended);
    memset(appended_to, 0, sizeof appended_to);
    say_calls = append_calls = 0;
    return 0;
}

/* ---- where a line goes ---- */

/* Without a sink, warnings and errors reach a person and chatter does not. */
static void falls_back(void **state)
{
    struct ntf_log log;

    (void)state;
    ntf_log_init(&log);
    ntf_log_write(&log, NTF_LOG_INFO, "NTF-TEST-001", "quiet");
    assert_int_equal(say_calls, 0);
    ntf_log_write(&log, NTF_LOG_WARNING, "NTF-TEST-002", "%d of %s", 3, "four");
    assert_string_equal(said, "ntfence: warning: NTF-TEST-002: 3 of four");
    ntf_log_write(&log, NTF_LOG_ERROR, "NTF-TEST-003", "loud");
    assert_string_equal(said, "ntfence: error: NTF-TEST-003: loud");
    log.fallback = NTF_LOG_INFO;
    ntf_log_write(&log, NTF_LOG_INFO, "NTF-TEST-001", "heard");
    assert_string_equal(said, "ntfence: info: NTF-TEST-001: heard");
    assert_int_equal(append_calls, 0);
}

/* What the application's messenger took is not said again; what it did not take is. */
static void sink_comes_first(void **state)
{
    struct messenger m = { .takes = true };
    struct ntf_log log;

    (void)state;
    ntf_log_init(&log);
    log.sink = to_messenger;
    log.context = &m;
    ntf_log_write(&log, NTF_LOG_ERROR, "NTF-TEST-004", "for %s", "you");
    assert_int_equal(m.calls, 1);
    assert_int_equal(m.severity, NTF_LOG_ERROR);
    assert_string_equal(m.code, "NTF-TEST-004");
    assert_string_equal(m.text, "for you");
    assert_int_equal(say_calls, 0);
    m.takes = false;
    ntf_log_write(&log, NTF_LOG_ERROR, "NTF-TEST-004", "for nobody");
    assert_int_equal(m.calls, 2);
    assert_string_equal(said, "ntfence: error: NTF-TEST-004: for nobody");
}

/* The file gets every line, also those that somebody took or that are too quiet for stderr. */
static void file_gets_all(void **state)
{
    struct messenger m = { .takes = true };
    struct ntf_log log;

    (void)state;
    ntf_log_init(&log);
    strcpy(log.path, "/some/where");
    ntf_log_write(&log, NTF_LOG_INFO, "NTF-TEST-005", "quiet");
    assert_string_equal(appended_to, "/some/where");
    assert_string_equal(appended, "ntfence: info: NTF-TEST-005: quiet");
    log.sink = to_messenger;
    log.context = &m;
    ntf_log_write(&log, NTF_LOG_ERROR, "NTF-TEST-006", "taken");
    assert_string_equal(appended, "ntfence: error: NTF-TEST-006: taken");
    assert_int_equal(append_calls, 2);
    assert_int_equal(say_calls, 0);
}

/* An argument with line breaks or terminal sequences can't make a second line or colour the screen. */
static void stays_one_line(void **state)
{
    struct ntf_log log;

    (void)state;
    ntf_log_init(&log);
    ntf_log_write(&log, NTF_LOG_ERROR, "NTF-TEST-007", "a%sz", "\r\nntfence: \x1b[31m\t\x7f\xc2\x9b" "1m\xc3\xa9");
    assert_string_equal(said, "ntfence: error: NTF-TEST-007: a??ntfence: ?[31m????1m\xc3\xa9z");
}

/* A message of any length fits the line whole or ends in dots. */
static void long_messages_are_cut(void **state)
{
    static char big[5000];
    struct messenger m = { .takes = false };
    struct ntf_log log;

    (void)state;
    memset(big, 'b', sizeof big - 1);
    ntf_log_init(&log);
    log.sink = to_messenger;
    log.context = &m;
    ntf_log_write(&log, NTF_LOG_ERROR, "NTF-TEST-008", "%s", big);
    assert_int_equal(strlen(m.text), NTF_LOG_TEXT_BYTES - 1);
    assert_string_equal(m.text + NTF_LOG_TEXT_BYTES - 5, "b...");
    assert_string_equal(said + strlen(said) - 4, "b...");
}

/* ---- texts ---- */

/* A text takes what fits, to the last byte, and is cut once. */
static void text_is_bounded(void **state)
{
    struct {
        struct ntf_text text;
        char canary[16];
    } t;

    (void)state;
    memset(&t, 0x5A, sizeof t);
    ntf_text_init(&t.text);
    assert_string_equal(t.text.bytes, "");
    for (int i = 0; i < NTF_LOG_TEXT_BYTES - 1; i++)
        ntf_text_add(&t.text, "%c", 'a' + i % 26);
    assert_int_equal(t.text.length, NTF_LOG_TEXT_BYTES - 1);
    assert_int_equal(strlen(t.text.bytes), NTF_LOG_TEXT_BYTES - 1);
    assert_null(strchr(t.text.bytes, '.')); /* full, and all of it there */
    ntf_text_add(&t.text, "%s", "");
    assert_null(strchr(t.text.bytes, '.'));
    for (int i = 0; i < 3; i++) {
        ntf_text_add(&t.text, "more");
        assert_int_equal(t.text.length, NTF_LOG_TEXT_BYTES - 1);
        assert_ptr_equal(strstr(t.text.bytes, "..."), t.text.bytes + NTF_LOG_TEXT_BYTES - 4);
        assert_int_equal(t.text.bytes[NTF_LOG_TEXT_BYTES - 1], 0);
    }
    for (size_t i = 0; i < sizeof t.canary; i++)
        assert_int_equal(t.canary[i], 0x5A);
}

/* A cut never leaves half of a character before the dots, and what comes later does not run on behind them. */
static void cut_keeps_characters_whole(void **state)
{
    struct ntf_text text;

    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        ntf_text_init(&text);
        ntf_text_add(&text, "%.*s", shift, "abc");
        for (int i = 0; i < NTF_LOG_TEXT_BYTES / 4 + 1; i++)
            ntf_text_add(&text, "%s", "\xf0\x9f\x8f\x81");
        ntf_text_add(&text, "%s", "z");
        const char *dots = strchr(text.bytes, '.');
        assert_non_null(dots);
        assert_in_range(strlen(dots), 3, 6);
        assert_int_equal(strspn(dots, "."), strlen(dots));
        assert_int_equal((dots - text.bytes - shift) % 4, 0);
    }
}

static void assert_utf16(const uint16_t *units, uint32_t max_units, const char *expected)
{
    struct ntf_text text;

    ntf_text_init(&text);
    ntf_text_add_utf16(&text, units, max_units);
    assert_string_equal(text.bytes, expected);
    assert_int_equal(text.length, strlen(expected));
}

/* Names as people write them come out as UTF-8 of one to four bytes, up to the terminator or the bound. */
static void utf16_is_readable(void **state)
{
    static const uint16_t name[] = { 'G', 'l', '\\', 0x00E9, 0x20AC, 0xD83C, 0xDFC1, '!', 0, 'x' };

    (void)state;
    assert_utf16(name, 100, "Gl\\\xc3\xa9\xe2\x82\xac\xf0\x9f\x8f\x81!");
    assert_utf16(name, 2, "Gl");
    assert_utf16(name, 0, "");
    assert_utf16(name, 6, "Gl\\\xc3\xa9\xe2\x82\xac\\uD83C"); /* the bound falls into a pair */
}

/* Halves of pairs, controls and marks that no eye sees are spelt out. */
static void utf16_hides_nothing(void **state)
{
    static const uint16_t halves[] = { 0xD800, 'a', 0xDC00, 0xD800, 0xD800, 0xDC00, 0xDBFF, 0 };
    static const uint16_t controls[] = { '\n', 0x1B, 0x7F, 0x9B, 0x202E, 0x2028, 0x200B, 0xFEFF, 0xFFFF, 0 };
    static const uint16_t tag[] = { 0xDB40, 0xDC41, 0xD83F, 0xDFFF, 0 }; /* U+E0041, U+1FFFF */

    (void)state;
    assert_utf16(halves, 100, "\\uD800a\\uDC00\\uD800\xf0\x90\x80\x80\\uDBFF");
    assert_utf16(controls, 100, "\\u000A\\u001B\\u007F\\u009B\\u202E\\u2028\\u200B\\uFEFF\\uFFFF");
    assert_utf16(tag, 100, "\\uDB40\\uDC41\\uD83F\\uDFFF");
}

/* A name longer than the text is cut like everything else. */
static void utf16_is_bounded(void **state)
{
    static uint16_t units[2000];
    struct {
        struct ntf_text text;
        char canary[4];
    } t;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(units); i++)
        units[i] = 0x20AC;
    for (int shift = 0; shift < 3; shift++) {
        memset(&t, 0x5A, sizeof t);
        ntf_text_init(&t.text);
        ntf_text_add(&t.text, "%.*s", shift, "ab");
        ntf_text_add_utf16(&t.text, units, NTF_COUNT(units));
        assert_int_equal(t.text.length, NTF_LOG_TEXT_BYTES - 1);
        assert_string_equal(t.text.bytes + NTF_LOG_TEXT_BYTES - 4, "...");
        assert_memory_equal(t.canary, "ZZZZ", sizeof t.canary);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(falls_back, setup),
        cmocka_unit_test_setup(sink_comes_first, setup),
        cmocka_unit_test_setup(file_gets_all, setup),
        cmocka_unit_test_setup(stays_one_line, setup),
        cmocka_unit_test_setup(long_messages_are_cut, setup),
        cmocka_unit_test(text_is_bounded),
        cmocka_unit_test(cut_keeps_characters_whole),
        cmocka_unit_test(utf16_is_readable),
        cmocka_unit_test(utf16_hides_nothing),
        cmocka_unit_test(utf16_is_bounded),
    };
    (void)argc;
    (void)argv;
    return ntf_test_run("base-log", tests, NTF_COUNT(tests), NULL, NULL);
}
