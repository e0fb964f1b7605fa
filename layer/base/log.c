/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/os/os.h"

#define LAST (NTF_LOG_TEXT_BYTES - 1) /* index of the terminator of a full text; a text of this length takes no more */
#define LINE_BYTES (NTF_LOG_TEXT_BYTES + 128)

/* ---- texts ---- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Ends a text that had no room for all of it. Dots fill the place of a character that would be cut in half, so
 * that a cut text is always exactly full: what comes later finds no room and can't run on behind the dots. */
static void cut(struct ntf_text *text)
{
    uint32_t end = LAST - 3;

    while (end > 0 && is_continuation(text->bytes[end]))
        end--;
    memset(text->bytes + end, '.', LAST - end);
    text->length = LAST;
    text->bytes[LAST] = '\0';
}

/* One message is one line, whatever an argument brings: controls, also the two-byte ones (U+0080 to U+009F, among
 * them a newline and the start of terminal sequences), become question marks. */
static void flatten(char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 || c == 0x7F) {
            bytes[i] = '?';
        } else if (c == 0xC2 && i + 1 < length && (unsigned char)bytes[i + 1] < 0xA0
                   && is_continuation(bytes[i + 1])) {
            bytes[i] = bytes[i + 1] = '?';
        }
    }
}

void ntf_text_init(struct ntf_text *text)
{
    text->length = 0;
    text->bytes[0] = '\0';
}

NTF_PRINTF(2, 0)
static void add_formatted(struct ntf_text *text, const char *format, va_list arguments)
{
    const size_t room = LAST - text->length;
    const int wanted = vsnprintf(text->bytes + text->length, room + 1, format, arguments);

    if (wanted < 0) {
        text->bytes[text->length] = '\0'; /* the C library refused the format or an argument */
        return;
    }
    flatten(text->bytes + text->length, (size_t)wanted < room ? (size_t)wanted : room);
    if ((size_t)wanted > room)
        cut(text);
    else
        text->length += (uint32_t)wanted;
}

void ntf_text_add(struct ntf_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_formatted(text, format, arguments);
    va_end(arguments);
}

/* ---- UTF-16 ---- */

/* Not printable: controls, marks that steer direction or join without being seen, halves of pairs, separators of
 * lines, and what is no character at all. */
static bool is_printable(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x061C)
        return false;
    if ((c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F))
        return false;
    if ((c >= 0xD800 && c <= 0xDFFF) || (c >= 0xFDD0 && c <= 0xFDEF) || c == 0xFEFF)
        return false;
    return c < 0xE0000 && (c & 0xFFFE) != 0xFFFE;
}

static uint32_t encode_utf8(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* Reads one character and says how many units it took. An unpaired half stands for itself, and is not printable. */
static uint32_t decode_utf16(const uint16_t *units, uint32_t count, uint32_t *c)
{
    const uint32_t first = units[0];

    *c = first;
    if (first < 0xD800 || first > 0xDBFF || count < 2 || units[1] < 0xDC00 || units[1] > 0xDFFF)
        return 1;
    *c = 0x10000 + ((first - 0xD800) << 10) + (units[1] - 0xDC00u);
    return 2;
}

void ntf_text_add_utf16(struct ntf_text *text, const uint16_t *units, uint32_t max_units)
{
    uint32_t at = 0;

    while (at < max_units && units[at] != 0) {
        uint32_t c;
        const uint32_t used = decode_utf16(units + at, max_units - at, &c);

        if (is_printable(c)) {
            char bytes[4];
            const uint32_t length = encode_utf8(c, bytes);
            if (length > LAST - text->length) {
                cut(text);
                return;
            }
            memcpy(text->bytes + text->length, bytes, length);
            text->length += length;
            text->bytes[text->length] = '\0';
        } else {
            for (uint32_t i = 0; i < used; i++)
                ntf_text_add(text, "\\u%04X", (unsigned)units[at + i]);
        }
        at += used;
    }
}

/* ---- the log ---- */

static const char *severity_name(enum ntf_severity severity)
{
    switch (severity) {
    case NTF_LOG_INFO: return "info";
    case NTF_LOG_WARNING: return "warning";
    case NTF_LOG_ERROR: return "error";
    }
    return "message";
}

void ntf_log_init(struct ntf_log *log)
{
    memset(log, 0, sizeof *log);
    log->fallback = NTF_LOG_WARNING;
}

void ntf_log_write(struct ntf_log *log, enum ntf_severity severity, const char *code, const char *format, ...)
{
    struct ntf_text text;
    char line[LINE_BYTES];
    va_list arguments;
    bool taken;

    ntf_text_init(&text);
    va_start(arguments, format);
    add_formatted(&text, format, arguments);
    va_end(arguments);

    taken = log->sink && log->sink(log->context, severity, code, text.bytes);
    if ((taken || severity < log->fallback) && log->path[0] == '\0')
        return; /* nobody else wants it */

    (void)snprintf(line, sizeof line, "ntfence: %s: %s: %s", severity_name(severity), code, text.bytes);
    if (!taken && severity >= log->fallback)
        ntf_os_say(line);
    if (log->path[0] != '\0')
        ntf_os_append_line(log->path, line);
}
