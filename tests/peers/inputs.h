/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad input, the part on objects: handles and names that an application may give, and what each has
 * to be answered, by the ladder (objects.c) and by the layer (layer.c).
 *
 * Bad input, case by case (what is elsewhere is not repeated here):
 *   truncated, unsealed (each seal), hugetlb, wrong size, read-only, SEC_RESERVE, file-backed,
 * image: here (inputs_*.c); by the D3DKMT calls: soft/strangers_posix.c foreign_descriptors,
 * read_only; soft/win32/memory.c other_sections_are_refused another major, unknown kind, magic,
 * size in the header: here (inputs.c); by the D3DKMT calls: the same test of strangers_posix.c; the
 * header alone: soft/page.c check_judges_the_header handles of other classes: kmt/strangers.c
 * live_strangers; layer/bad.c event, file, foreign_memory names malformed, over-long: here;
 * layer/bad.c malformed_name, unknown_name; kmt/names.c; soft/names.c odd_names; soft/win32/names.c
 * bad_paths_are_refused names of another kind, squatted: here; by the D3DKMT calls:
 * soft/strangers_posix.c silent_servers, lying_servers; soft/win32/names.c
 * strangers_labels_are_judged too few rights: here; soft/win32/memory.c too_few_rights_are_refused
 *   allocations and system calls that fail: another suite's
 */
#ifndef NTF_TEST_PEERS_INPUTS_H
#define NTF_TEST_PEERS_INPUTS_H

#include "base/result.h"
#include "kmt/d3dkmt.h"
#include "kmt/ntstatus.h"
#include "kmt/soft/page.h"

/* The answers: of the ladder the outcome, the steps, and of the last of them status and a part of
 * its text; of the layer the reason. */
struct answer {
    enum ntf_result result;
    const char *steps;
    ntf_status status;
    const char *detail;
    const char *reason;
};
#define STEPS_HANDLE "handle|soft: class"
#define STEPS_NAME "name lookup: soft"
#define STEPS_NAMED STEPS_NAME "|" STEPS_HANDLE
extern const struct answer answer_foreign, answer_denied, answer_malformed, answer_unknown,
    answer_foreign_name, answer_named_stranger, answer_named_denied, answer_denied_name;

struct given {
    ntf_handle handle; /* NULL: the name is meant */
    char16_t name[600];
    void *more; /* of whoever made it */
};

struct input {
    const char *what;
    const struct answer *answer;
    const char *detail; /* if the answer has none of its own */
    /* False: this system cannot make it. */
    bool (*make)(struct given *given, int argument);
    void (*drop)(struct given *given); /* NULL: the handle is closed, if there is one */
    int argument;
};

/* All of them: those of every system, then those of this one. */
unsigned inputs_count(void);
const struct input *inputs_get(unsigned i);

/* inputs_<system>.c */
extern const struct input inputs_os[];
extern const unsigned inputs_os_count;
/* A handle as ours are, and its page: to be spoiled. */
ntf_handle inputs_page(struct ntf_page **page);
void inputs_unmap(struct ntf_page *page);
void inputs_close(ntf_handle handle);
bool inputs_live(ntf_handle handle);

/* A bare name nobody else has. */
void inputs_name(struct given *given);

#endif /* NTF_TEST_PEERS_INPUTS_H */
