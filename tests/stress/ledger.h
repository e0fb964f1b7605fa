// SPDX-License-Identifier: Apache-2.0
/*
 * The ledger: what the test itself has done to each payload, so that every answer about a payload
 * can be judged while others go on changing it. It lies in memory that all processes see.
 *
 * Whoever signals or resets a payload enters it before and after (…_begin, …_end). Whoever asks for
 * a state takes a note before (ledger_look) and judges after (ledger_known): was the payload
 * signalled, or unsignalled, during all of the time in between? Then only one answer is right. In
 * all other cases either answer is: some order of what went on at once explains it.
 *
 *   value    the number only rises. issued: no signal above it has begun. delivered: a signal of
 *            it has ended. A fence that waits for t is signalled if delivered >= t before the
 *            question, unsignalled if issued < t after it.
 *   binary   A reset that began while no signal was under way leaves the payload unsignalled until
 *            the next signal begins: it publishes the count of signals with which that holds (dark).
 *            With signals and resets in each other's place: lit.
 *
 * Holders wait without end for a binary payload: it is not reset meanwhile, lest somebody signals
 * and resets it before the wait has even begun. All other questions meet resets at any time.
 *
 * Debts: an actor that waits without end makes another one owe it the signal. Debtors have higher
 * numbers than those who wait for them, so that no circle of waits can come about.
 */
#ifndef NTF_TEST_STRESS_LEDGER_H
#define NTF_TEST_STRESS_LEDGER_H

#include <stdio.h>

#include "base/atomic.h"

enum { PAYLOADS = 64, ACTORS = 8, ACTORS_MAX = 16 };

// Payloads of every kind, evenly: two of three kinds count.
enum kind { KIND_BINARY, KIND_NATIVE, KIND_MONITORED };
static inline enum kind kind_of(unsigned payload)
{
    return payload % 4 < 2 ? KIND_BINARY : payload % 4 == 2 ? KIND_NATIVE : KIND_MONITORED;
}
static inline bool is_binary(unsigned payload)
{
    return kind_of(payload) == KIND_BINARY;
}

struct account {
    ntf_au64 signals_begun, signals_ended, resets_begun, resets_ended;
    ntf_au64 dark; // 1 + the count of signals begun with which the payload is unsignalled
    ntf_au64 lit;  // 1 + the count of resets begun with which it is signalled
    ntf_au32 holders;
    ntf_au32 pad;
    ntf_au64 issued, delivered, wanted; // of a value payload
};

enum work {
    WORK_IDLE,
    WORK_IMPORT,
    WORK_EXPORT,
    WORK_SUBMIT,
    WORK_SETTLE,
    WORK_STATUS,
    WORK_WAIT,
    WORK_WAIT_FOREVER,
    WORK_RESET,
    WORK_DESTROY,
    WORK_PAY,
    WORK_END,
    WORKS
};
extern const char *const work_names[WORKS];

struct actor_account {
    ntf_au64 owed;     // a bit for each payload that it has to signal
    ntf_au64 since_ns; // in what it does now
    ntf_au32 work, payload;
    ntf_au64 done[WORKS];
    // Answers: how many were given, and how many of them only one answer was right for.
    ntf_au64 answers, judged, forever, timeouts, resets_put_off;
};

struct ledger {
    struct account payloads[PAYLOADS];
    struct actor_account actors[ACTORS_MAX];
    ntf_au32 actor_count, finished, wrong, stop;
};

void ledger_open(struct ledger *ledger, unsigned actors);

// What one side has noted before it began.
struct signal_note {
    uint64_t resets; // UINT64_MAX: some were under way
    uint64_t lo, hi; // of a value payload: the target is not known better
};
struct signal_note ledger_signal_begin(struct account *account, bool binary, uint64_t lo, uint64_t hi);
void ledger_signal_end(struct account *account, bool binary, const struct signal_note *note);
uint64_t ledger_reset_begin(struct account *account);
void ledger_reset_end(struct account *account, uint64_t note);

// False: somebody waits for it without end, or it is being reset.
bool ledger_try_exclude(struct account *account);
void ledger_readmit(struct account *account);
void ledger_hold(struct account *account);
void ledger_let_go(struct account *account);

enum known { KNOWN_NOT, KNOWN_DARK, KNOWN_LIT };
struct look {
    uint64_t dark, lit, delivered;
};
struct look ledger_look(struct account *account);
enum known ledger_known(struct account *account, const struct look *look, bool binary, uint64_t lo, uint64_t hi);

void ledger_raise(ntf_au64 *number, uint64_t least);
// Where everybody is; for a watchdog.
void ledger_print(struct ledger *ledger, FILE *file);
void ledger_print_sums(struct ledger *ledger, const char *title, double seconds);

#endif
