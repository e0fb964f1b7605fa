// SPDX-License-Identifier: Apache-2.0
#include "ledger.h"

#include <inttypes.h>
#include <string.h>

#include "base/os/os.h"

const char *const work_names[WORKS] = {"idle", "import",           "export", "submit",  "settle", "status",
                                       "wait", "wait without end", "reset",  "destroy", "pay",    "end"};

#define EXCLUDED UINT32_C(0x80000000)

void ledger_open(struct ledger *ledger, unsigned actors)
{
    memset(ledger, 0, sizeof *ledger);
    ntf_init(&ledger->actor_count, actors);
    // Unsignalled from the beginning, until the first signal.
    for (unsigned i = 0; i < PAYLOADS; i++)
        ntf_init(&ledger->payloads[i].dark, 1);
}

void ledger_raise(ntf_au64 *number, uint64_t least)
{
    uint64_t found = ntf_load(number, NTF_SEQ_CST);
    while (found < least && !ntf_cas(number, &found, least, NTF_SEQ_CST))
        ;
}

// The count of those that have begun, if all of them have ended: read in this order, no other lies between the two.
static uint64_t quiet_count(ntf_au64 *begun, ntf_au64 *ended)
{
    const uint64_t before = ntf_load(ended, NTF_SEQ_CST);
    return ntf_load(begun, NTF_SEQ_CST) == before ? before : UINT64_MAX;
}

struct signal_note ledger_signal_begin(struct account *account, bool binary, uint64_t lo, uint64_t hi)
{
    struct signal_note note = {.lo = lo, .hi = hi};
    if (binary) {
        note.resets = quiet_count(&account->resets_begun, &account->resets_ended);
        ntf_fetch_add(&account->signals_begun, 1, NTF_SEQ_CST);
    } else {
        ledger_raise(&account->issued, hi);
    }
    return note;
}

void ledger_signal_end(struct account *account, bool binary, const struct signal_note *note)
{
    if (!binary) {
        ledger_raise(&account->delivered, note->lo);
        return;
    }
    ntf_fetch_add(&account->signals_ended, 1, NTF_SEQ_CST);
    if (note->resets != UINT64_MAX)
        ledger_raise(&account->lit, note->resets + 1);
}

uint64_t ledger_reset_begin(struct account *account)
{
    const uint64_t note = quiet_count(&account->signals_begun, &account->signals_ended);
    ntf_fetch_add(&account->resets_begun, 1, NTF_SEQ_CST);
    return note;
}

void ledger_reset_end(struct account *account, uint64_t note)
{
    ntf_fetch_add(&account->resets_ended, 1, NTF_SEQ_CST);
    if (note != UINT64_MAX)
        ledger_raise(&account->dark, note + 1);
}

bool ledger_try_exclude(struct account *account)
{
    uint32_t nobody = 0;
    return ntf_cas(&account->holders, &nobody, EXCLUDED, NTF_SEQ_CST);
}

void ledger_readmit(struct account *account)
{
    ntf_store(&account->holders, 0, NTF_SEQ_CST);
}

void ledger_hold(struct account *account)
{
    uint32_t found = 0;
    // A reset is short and waits for nobody.
    while (found == EXCLUDED || !ntf_cas(&account->holders, &found, found + 1, NTF_SEQ_CST))
        if (found == EXCLUDED)
            found = ntf_load(&account->holders, NTF_SEQ_CST);
}

void ledger_let_go(struct account *account)
{
    ntf_fetch_sub(&account->holders, 1, NTF_SEQ_CST);
}

struct look ledger_look(struct account *account)
{
    return (struct look){.dark = ntf_load(&account->dark, NTF_SEQ_CST),
                         .lit = ntf_load(&account->lit, NTF_SEQ_CST),
                         .delivered = ntf_load(&account->delivered, NTF_SEQ_CST)};
}

enum known ledger_known(struct account *account, const struct look *look, bool binary, uint64_t lo, uint64_t hi)
{
    if (!binary) {
        if (look->delivered >= hi)
            return KNOWN_LIT;
        return ntf_load(&account->issued, NTF_SEQ_CST) < lo ? KNOWN_DARK : KNOWN_NOT;
    }
    if (look->lit && ntf_load(&account->resets_begun, NTF_SEQ_CST) == look->lit - 1)
        return KNOWN_LIT;
    if (look->dark && ntf_load(&account->signals_begun, NTF_SEQ_CST) == look->dark - 1)
        return KNOWN_DARK;
    return KNOWN_NOT;
}

void ledger_print(struct ledger *ledger, FILE *file)
{
    const uint64_t now_ns = ntf_os_now_ns();
    const uint32_t count = ntf_load(&ledger->actor_count, NTF_RELAXED);
    for (uint32_t i = 0; i < count; i++) {
        struct actor_account *actor = &ledger->actors[i];
        const uint32_t p = ntf_load(&actor->payload, NTF_RELAXED);
        struct account *a = &ledger->payloads[p % PAYLOADS];
        fprintf(file, "actor %" PRIu32 ": %s, payload %" PRIu32 ", for %.3f s; owes %016" PRIx64, i,
                work_names[ntf_load(&actor->work, NTF_RELAXED)], p,
                (double)(now_ns - ntf_load(&actor->since_ns, NTF_RELAXED)) / 1e9, ntf_load(&actor->owed, NTF_RELAXED));
        fprintf(file, "; signals %" PRIu64 "/%" PRIu64 ", resets %" PRIu64 "/%" PRIu64 ", holders %" PRIx32,
                ntf_load(&a->signals_begun, NTF_RELAXED), ntf_load(&a->signals_ended, NTF_RELAXED),
                ntf_load(&a->resets_begun, NTF_RELAXED), ntf_load(&a->resets_ended, NTF_RELAXED),
                ntf_load(&a->holders, NTF_RELAXED));
        fprintf(file, ", issued %" PRIu64 ", delivered %" PRIu64 ", wanted %" PRIu64 "\n",
                ntf_load(&a->issued, NTF_RELAXED), ntf_load(&a->delivered, NTF_RELAXED),
                ntf_load(&a->wanted, NTF_RELAXED));
    }
}

void ledger_print_sums(struct ledger *ledger, const char *title, double seconds)
{
    struct {
        uint64_t done[WORKS], answers, judged, forever, timeouts, put_off;
    } sum = {0};
    const uint32_t count = ntf_load(&ledger->actor_count, NTF_RELAXED);
    for (uint32_t i = 0; i < count; i++) {
        struct actor_account *actor = &ledger->actors[i];
        for (unsigned w = 0; w < WORKS; w++)
            sum.done[w] += ntf_load(&actor->done[w], NTF_RELAXED);
        sum.answers += ntf_load(&actor->answers, NTF_RELAXED);
        sum.judged += ntf_load(&actor->judged, NTF_RELAXED);
        sum.forever += ntf_load(&actor->forever, NTF_RELAXED);
        sum.timeouts += ntf_load(&actor->timeouts, NTF_RELAXED);
        sum.put_off += ntf_load(&actor->resets_put_off, NTF_RELAXED);
    }
    printf("%s, %.1f s:", title, seconds);
    for (unsigned w = WORK_IMPORT; w < WORK_END; w++)
        printf(" %s %" PRIu64 ";", work_names[w], sum.done[w]);
    printf(" answers %" PRIu64 ", with one right answer only %" PRIu64 "; waits without end %" PRIu64
           ", all ended; timeouts %" PRIu64 "; resets put off %" PRIu64 "\n",
           sum.answers, sum.judged, sum.forever, sum.timeouts, sum.put_off);
}
