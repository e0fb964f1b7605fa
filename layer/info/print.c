/* SPDX-License-Identifier: Apache-2.0 */
#include "info/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STEP 2        /* columns a level */
#define WIDEST 34     /* a longer title moves its own value only */

static void indent(unsigned columns)
{
    printf("%*s", (int)columns, "");
}

/* ---- JSON (RFC 8259) ---- */

static void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text); /* the report has no control characters */
    }
    putchar('"');
}

static void print_value(const struct info_node *node, unsigned columns);

static void print_key(const char *key, const char **between, unsigned columns)
{
    printf("%s\n", *between);
    *between = ",";
    indent(columns);
    if (key) {
        print_string(key);
        fputs(": ", stdout);
    }
}

static bool has_notes(const struct info_node *node)
{
    for (const struct info_node *child = node->first; child; child = child->next)
        if (child->kind == INFO_NOTE)
            return true;
    return false;
}

static void print_notes(const struct info_node *node, unsigned columns)
{
    const char *between = "";

    putchar('[');
    for (const struct info_node *child = node->first; child; child = child->next)
        if (child->kind == INFO_NOTE) {
            print_key(NULL, &between, columns + STEP);
            print_string(child->text);
        }
    putchar('\n');
    indent(columns);
    putchar(']');
}

static void print_children(const struct info_node *node, unsigned columns)
{
    const bool list = node->kind == INFO_LIST;
    const char *between = "";

    putchar(list ? '[' : '{');
    for (const struct info_node *child = node->first; child; child = child->next)
        if (child->kind != INFO_NOTE && (list || child->key)) {
            print_key(list ? NULL : child->key, &between, columns + STEP);
            print_value(child, columns + STEP);
        }
    if (!list && has_notes(node)) {
        print_key("notes", &between, columns + STEP);
        print_notes(node, columns + STEP);
    }
    if (*between) {
        putchar('\n');
        indent(columns);
    }
    putchar(list ? ']' : '}');
}

static void print_value(const struct info_node *node, unsigned columns)
{
    switch (node->kind) {
    case INFO_OBJECT:
    case INFO_LIST: print_children(node, columns); break;
    case INFO_NUMBER: printf("%" PRIu64, node->number); break;
    case INFO_FLAG: fputs(node->number ? "true" : "false", stdout); break;
    default: print_string(node->text); break;
    }
}

void info_print_json(const struct info_node *root)
{
    print_value(root, 0);
    putchar('\n');
}

/* ---- text ---- */

static bool is_line(const struct info_node *node)
{
    return node->title && (node->kind == INFO_TEXT || node->kind == INFO_NUMBER || node->kind == INFO_FLAG);
}

/* Letters, not bytes: in UTF-8 each has one byte that is no continuation. */
static unsigned width(const char *text)
{
    unsigned letters = 0;

    for (; *text; text++)
        letters += ((unsigned char)*text & 0xC0) != 0x80;
    return letters;
}

static unsigned widest_title(const struct info_node *parent)
{
    unsigned widest = 0;

    for (const struct info_node *child = parent->first; child; child = child->next)
        if (is_line(child) && width(child->title) > widest && width(child->title) <= WIDEST)
            widest = width(child->title);
    return widest;
}

static void print_line(const struct info_node *node, unsigned columns, unsigned widest)
{
    const unsigned letters = width(node->title);

    indent(columns);
    if (strcmp(node->title, "-") == 0)
        fputs("- ", stdout);
    else
        printf("%s%*s  ", node->title, letters < widest ? (int)(widest - letters) : 0, "");
    if (node->kind == INFO_TEXT)
        puts(node->text);
    else if (node->kind == INFO_NUMBER)
        printf("%" PRIu64 "\n", node->number);
    else
        puts(node->number ? "yes" : "no");
}

static void print_inside(const struct info_node *parent, unsigned columns)
{
    const unsigned widest = widest_title(parent);

    for (const struct info_node *child = parent->first; child; child = child->next) {
        if (is_line(child)) {
            print_line(child, columns, widest);
        } else if (child->kind == INFO_NOTE) {
            indent(columns);
            puts(child->text);
        } else if (child->first && child->title) {
            const bool headed = child->title[0] != '\0';

            if (headed) {
                indent(columns);
                puts(child->title);
            }
            print_inside(child, columns + (headed ? STEP : 0));
        }
    }
}

void info_print_part(const struct info_node *part)
{
    if (part->kind == INFO_NOTE) {
        puts(part->text);
        return;
    }
    if (is_line(part)) {
        print_line(part, 0, 0);
        return;
    }
    if (!part->title || !part->first)
        return;
    printf("\n%s\n", part->title);
    for (unsigned i = width(part->title); i > 0; i--)
        putchar('=');
    putchar('\n');
    print_inside(part, 0);
}
