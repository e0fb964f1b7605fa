/* SPDX-License-Identifier: Apache-2.0 */
#include "info/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/os/os.h"
#include "info/print.h"

#define TEXT_BYTES 2048

static struct {
    struct ntf_lock lock; /* protects all that follows, and the tree */
    struct info_node root;
    struct info_node *printed; /* the last part that was; NULL: none */
    struct info_node *problems;
    char doing[256];
    unsigned problem_count;
    bool json, ending;
} report;

/* ---- building ---- */

static void *need(void *memory)
{
    if (!memory) {
        ntf_os_say("ntfence-info: out of memory");
        _Exit(1);
    }
    return memory;
}

/* The length of the UTF-8 character at s, or 0 if there is none: drivers and variables may hold anything. */
static unsigned character(const unsigned char *s)
{
    const unsigned length = s[0] < 0x80 ? 1 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3
                            : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : 0;

    for (unsigned i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] >= 0x90))
        return 0;
    return length;
}

/* A copy in which everything is printable UTF-8 on one line. */
static char *clean(const char *text)
{
    char *copy = need(malloc(strlen(text) + 1));
    size_t n = 0;

    while (*text) {
        const unsigned length = character((const unsigned char *)text);
        const bool plain = length > 1 || (length == 1 && (unsigned char)*text >= 0x20 && *text != 0x7F);

        if (plain)
            memcpy(copy + n, text, length);
        else
            copy[n] = *text == '\n' || *text == '\t' ? ' ' : '?';
        n += plain ? length : 1;
        text += length ? length : 1;
    }
    copy[n] = '\0';
    return copy;
}

static struct info_node *make(enum info_kind kind, const char *key, const char *title)
{
    struct info_node *node = need(calloc(1, sizeof *node));

    node->kind = kind;
    node->key = key;
    node->title = title ? clean(title) : NULL;
    return node;
}

static struct info_node *hang(struct info_node *parent, struct info_node *node)
{
    ntf_lock_take(&report.lock);
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    ntf_lock_drop(&report.lock);
    return node;
}

NTF_PRINTF(1, 0)
static char *format_text(const char *format, va_list arguments)
{
    char buffer[TEXT_BYTES];

    (void)vsnprintf(buffer, sizeof buffer, format, arguments);
    return clean(buffer);
}

struct info_node *info_report(void)
{
    return &report.root; /* zero is an empty object */
}

struct info_node *info_object(struct info_node *parent, const char *key, const char *title)
{
    return hang(parent, make(INFO_OBJECT, key, title));
}

struct info_node *info_list(struct info_node *parent, const char *key, const char *title)
{
    return hang(parent, make(INFO_LIST, key, title));
}

struct info_node *info_entry(struct info_node *list, const char *format, ...)
{
    struct info_node *node = make(INFO_OBJECT, NULL, NULL);
    va_list arguments;

    va_start(arguments, format);
    node->title = format_text(format, arguments);
    va_end(arguments);
    return hang(list, node);
}

void info_text(struct info_node *parent, const char *key, const char *title, const char *format, ...)
{
    struct info_node *node = make(INFO_TEXT, key, title);
    va_list arguments;

    va_start(arguments, format);
    node->text = format_text(format, arguments);
    va_end(arguments);
    (void)hang(parent, node);
}

void info_number(struct info_node *parent, const char *key, const char *title, uint64_t number)
{
    struct info_node *node = make(INFO_NUMBER, key, title);

    node->number = number;
    (void)hang(parent, node);
}

void info_flag(struct info_node *parent, const char *key, const char *title, bool flag)
{
    struct info_node *node = make(INFO_FLAG, key, title);

    node->number = flag;
    (void)hang(parent, node);
}

void info_note(struct info_node *parent, const char *format, ...)
{
    struct info_node *node = make(INFO_NOTE, NULL, NULL);
    va_list arguments;

    va_start(arguments, format);
    node->text = format_text(format, arguments);
    va_end(arguments);
    (void)hang(parent, node);
}

void info_element(struct info_node *list, const char *format, ...)
{
    struct info_node *node = make(INFO_TEXT, NULL, "-");
    va_list arguments;

    va_start(arguments, format);
    node->text = format_text(format, arguments);
    va_end(arguments);
    (void)hang(list, node);
}

/* ---- problems, and what goes on ---- */

void info_problem(const char *format, ...)
{
    struct info_node *node = make(INFO_TEXT, NULL, "-");
    va_list arguments;

    va_start(arguments, format);
    node->text = format_text(format, arguments);
    va_end(arguments);
    if (!report.problems)
        report.problems = make(INFO_LIST, "problems", "What does not work");
    (void)hang(report.problems, node);
    ntf_lock_take(&report.lock);
    report.problem_count++;
    ntf_lock_drop(&report.lock);
}

unsigned info_problems(void)
{
    unsigned count;

    ntf_lock_take(&report.lock);
    count = report.problem_count;
    ntf_lock_drop(&report.lock);
    return count;
}

void info_doing(const char *format, ...)
{
    va_list arguments;

    ntf_lock_take(&report.lock);
    va_start(arguments, format);
    (void)vsnprintf(report.doing, sizeof report.doing, format, arguments);
    va_end(arguments);
    ntf_lock_drop(&report.lock);
}

/* ---- printing ---- */

void info_print_as_json(bool json)
{
    report.json = json;
}

static void print_parts_locked(void)
{
    struct info_node *part = report.printed ? report.printed->next : report.root.first;

    for (; part && !report.json; part = part->next) {
        info_print_part(part);
        report.printed = part;
    }
    (void)fflush(stdout);
}

void info_part_done(void)
{
    ntf_lock_take(&report.lock);
    print_parts_locked();
    ntf_lock_drop(&report.lock);
}

/* An empty list says in JSON that there are none. */
static void finish(bool passed)
{
    struct info_node *problems = report.problems;

    if (!problems)
        problems = make(INFO_LIST, "problems", NULL);
    info_flag(&report.root, "passed", NULL, passed);
    (void)hang(&report.root, problems);
}

/* The main thread and the watchdog may both come to the end: the first one tells it. */
static bool claim_end(void)
{
    bool first;

    ntf_lock_take(&report.lock);
    first = !report.ending;
    report.ending = true;
    ntf_lock_drop(&report.lock);
    return first;
}

static void tell_end(bool passed)
{
    finish(passed);
    ntf_lock_take(&report.lock);
    print_parts_locked();
    if (report.json)
        info_print_json(&report.root);
    (void)fflush(stdout);
    ntf_lock_drop(&report.lock);
}

static void park_until(uint64_t deadline_ns)
{
    ntf_au32 nobody;

    ntf_init(&nobody, (uint32_t)0);
    while (!ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
        (void)ntf_os_park(&nobody, 0, deadline_ns);
}

int info_finish(bool passed)
{
    if (!claim_end())
        park_until(NTF_FOREVER); /* the watchdog is about to end the process */
    passed = passed && info_problems() == 0;
    tell_end(passed);
    return passed ? 0 : 1;
}

/* ---- the watchdog ---- */

/* The main thread is in a call that does not return, or soon will be: it is not waited for. */
static void end_now(unsigned seconds)
{
    char doing[sizeof report.doing];

    if (!claim_end())
        return;
    ntf_lock_take(&report.lock);
    (void)snprintf(doing, sizeof doing, "%s", report.doing);
    ntf_lock_drop(&report.lock);
    info_problem("ended after %u s, in the middle of: %s; what follows this was not looked at", seconds, doing);
    info_text(&report.root, "ended_during", NULL, "%s", doing);
    tell_end(false);
    _Exit(1);
}

static void watch(void *context)
{
    const unsigned seconds = *(const unsigned *)context;

    park_until(ntf_deadline_after(ntf_os_now_ns(), seconds * UINT64_C(1000000000)));
    end_now(seconds);
}

void info_watchdog_start(unsigned seconds)
{
    static unsigned kept;
    struct ntf_thread *thread;

    kept = seconds;
    if (ntf_thread_start(&thread, "ntf-watchdog", watch, &kept) == NTF_OK)
        ntf_thread_detach(thread);
    else
        info_note(info_report(), "no watchdog: a call that hangs will not be ended");
}
