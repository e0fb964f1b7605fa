// SPDX-License-Identifier: Apache-2.0
// The actors of one process, their devices, and the payloads.
#ifndef NTF_TEST_STRESS_CREW_H
#define NTF_TEST_STRESS_CREW_H

#include "actor.h"

// A thread has this long for one step, be the machine ever so busy; then all say where they are.
enum { STUCK_SECONDS = 60 };

// With the instance that is open: two devices. kernel: this process makes the payloads and signals the monitored ones.
void crew_open(struct crew *crew, struct ledger *ledger, bool kernel);
void crew_close(struct crew *crew);
// All but the handles, which the caller has given on.
void crew_make_payloads(struct crew *crew);
void crew_close_payloads(struct crew *crew);
// The actors with these numbers, until all of all processes have finished. False: one is stuck; this has been said.
bool crew_run(struct crew *crew, unsigned first, unsigned count);
// All handles of all devices agree about every payload, and go on doing so through a signal and a reset of each.
void crew_check_end(struct crew *crew);
// The same, seen from another process: a line of '0' and '1', one for each payload.
void crew_states(struct crew *crew, char states[PAYLOADS + 1]);

#endif
