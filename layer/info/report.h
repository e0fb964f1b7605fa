/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ntfence-info has found out, as a tree: built once, printed as text for people or as JSON for programs.
 *
 * Every node has a key, its name in JSON, and a title, its name in the text; one that has no key is not in the JSON,
 * one that has no title is not in the text. A note is a sentence: a line of the text, and in JSON an element of the
 * array "notes" of the object that it stands in.
 *
 * Thread rules: one thread builds. The watchdog may print at any time meanwhile: every change is made under one lock.
 * What cannot be allocated ends the program, with a word on stderr.
 */
#ifndef NTF_INFO_REPORT_H
#define NTF_INFO_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/os/compiler.h"

enum info_kind { INFO_OBJECT, INFO_LIST, INFO_TEXT, INFO_NUMBER, INFO_FLAG, INFO_NOTE };

struct info_node {
    enum info_kind kind;
    const char *key;        /* static text or NULL */
    char *title;            /* NULL: not in the text */
    char *text;             /* of INFO_TEXT and INFO_NOTE: valid UTF-8 */
    uint64_t number;        /* of INFO_NUMBER; of INFO_FLAG 0 or 1 */
    struct info_node *first, *last, *next;
};

/* The root, an object. */
struct info_node *info_report(void);

struct info_node *info_object(struct info_node *parent, const char *key, const char *title);
struct info_node *info_list(struct info_node *parent, const char *key, const char *title);
/* An object in a list, under this heading. */
NTF_PRINTF(2, 3)
struct info_node *info_entry(struct info_node *list, const char *format, ...);
NTF_PRINTF(4, 5)
void info_text(struct info_node *parent, const char *key, const char *title, const char *format, ...);
void info_number(struct info_node *parent, const char *key, const char *title, uint64_t number);
void info_flag(struct info_node *parent, const char *key, const char *title, bool flag);
NTF_PRINTF(2, 3)
void info_note(struct info_node *parent, const char *format, ...);
/* A string in a list. */
NTF_PRINTF(2, 3)
void info_element(struct info_node *list, const char *format, ...);

/* Something that was promised does not work: one of the sentences at the end, and status 1. */
NTF_PRINTF(1, 2)
void info_problem(const char *format, ...);
unsigned info_problems(void);

/* What the program is doing, for the watchdog to name. */
NTF_PRINTF(1, 2)
void info_doing(const char *format, ...);

/* With JSON, nothing is printed before info_finish. As text, a part is printed as soon as it is complete, so that what
 * is known is seen even if a driver then ends the process. */
void info_print_as_json(bool json);
void info_part_done(void);
/* Adds "problems" and "passed", prints what has not been printed, and returns the exit status. */
int info_finish(bool passed);

/* Starts the thread that ends the program after so many seconds: it prints what there is, says what the program was
 * doing, and the status is 1. */
void info_watchdog_start(unsigned seconds);

#endif /* NTF_INFO_REPORT_H */
